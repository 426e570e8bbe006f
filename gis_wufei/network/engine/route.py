"""The ways themselves: the arcs of each least path, unfolded from the hierarchy."""

from __future__ import annotations

import numpy as np
from numba import njit

from gis_wufei.network.engine.ends import Ends, Routes
from gis_wufei.network.engine.hierarchy import Hierarchy, Metric


def unfold(hierarchy: Hierarchy, metric: Metric, sources: Ends, targets: Ends) -> Routes:
    """Least path from source p to target p, for each p.

    ``metric`` was made with ``with_paths``. Pairs that follow one another with the same source
    share its climb, so callers sort by source.
    """
    kind = metric.rise.weight.dtype
    rise, fall = metric.rise, metric.fall
    weight, first, arc, entry, leave = _unfold(
        sources.first,
        hierarchy.rank[sources.node],
        sources.weight.astype(kind),
        targets.first,
        hierarchy.rank[targets.node],
        targets.weight.astype(kind),
        hierarchy.parent,
        (rise.first, rise.to, rise.weight, rise.slot),
        (fall.first, fall.to, fall.weight, fall.slot),
        metric.rise_by,
        metric.fall_by,
        kind.type(metric.ceiling),
    )
    return Routes(weight, first, arc, entry, leave)


@njit(cache=True)
def _climb(nodes, weights, begin, end, climb, parent, reach, by, entry, ceiling):  # type: ignore[no-untyped-def]
    """Least weights from the entries of a point to everything above them."""
    up, to, weight, slot = climb
    for e in range(begin, end):
        if weights[e] < reach[nodes[e]]:
            reach[nodes[e]] = weights[e]
            by[nodes[e]] = -1
            entry[nodes[e]] = e
    for e in range(begin, end):
        a = nodes[e]
        while a >= 0:
            d = reach[a]
            if d != ceiling:
                for p in range(up[a], up[a + 1]):
                    way = d + weight[p]
                    b = to[p]
                    if way < reach[b]:
                        reach[b] = way
                        by[b] = slot[p]
                        entry[b] = a
            a = parent[a]


@njit(cache=True)
def _clear(nodes, begin, end, parent, reach, ceiling):  # type: ignore[no-untyped-def]
    for e in range(begin, end):
        a = nodes[e]
        while a >= 0:
            reach[a] = ceiling
            a = parent[a]


@njit(cache=True)
def _unfold(  # type: ignore[no-untyped-def]
    s_first, s_node, s_weight, t_first, t_node, t_weight,
    parent, rise, fall, rise_by, fall_by, ceiling,
):  # fmt: skip
    size = len(parent)
    pairs = len(s_first) - 1
    up_reach = np.full(size, ceiling, rise[2].dtype)
    up_by = np.full(size, -1, np.int64)
    up_from = np.full(size, -1, np.int64)  # the node below; at a start, the entry
    down_reach = np.full(size, ceiling, rise[2].dtype)
    down_by = np.full(size, -1, np.int64)
    down_from = np.full(size, -1, np.int64)
    weight = np.full(pairs, ceiling, rise[2].dtype)
    first = np.zeros(pairs + 1, np.int64)
    entry = np.full(pairs, -1, np.int64)
    leave = np.full(pairs, -1, np.int64)
    arc = np.empty(64 * pairs + 1024, np.int64)
    count = 0
    slots = np.empty(1024, np.int64)
    ways = np.empty(1024, np.uint8)
    chain = np.empty(size + 1, np.int64)
    last = -1
    for p in range(pairs):
        same = last >= 0 and s_first[p + 1] - s_first[p] == s_first[last + 1] - s_first[last]
        if same:
            for k in range(s_first[p + 1] - s_first[p]):
                a = s_first[p] + k
                b = s_first[last] + k
                if s_node[a] != s_node[b] or s_weight[a] != s_weight[b]:
                    same = False
                    break
        if not same:
            if last >= 0:
                _clear(s_node, s_first[last], s_first[last + 1], parent, up_reach, ceiling)
            _climb(s_node, s_weight, s_first[p], s_first[p + 1], rise, parent, up_reach, up_by, up_from, ceiling)
            last = p
        _climb(t_node, t_weight, t_first[p], t_first[p + 1], fall, parent, down_reach, down_by, down_from, ceiling)
        best = ceiling
        meet = -1
        for e in range(t_first[p], t_first[p + 1]):
            a = t_node[e]
            while a >= 0:
                if up_reach[a] != ceiling and down_reach[a] != ceiling:
                    way = up_reach[a] + down_reach[a]
                    if way < best:
                        best = way
                        meet = a
                a = parent[a]
        weight[p] = best
        if meet >= 0:
            n = 0
            a = meet
            while up_by[a] >= 0:
                chain[n] = a
                n += 1
                a = up_from[a]
            entry[p] = up_from[a] - s_first[last] + s_first[p]
            # The stack is emptied from its end: first what lies nearest to the target.
            depth = 0
            a = meet
            m = n
            while down_by[a] >= 0:
                chain[m] = a
                m += 1
                a = down_from[a]
            leave[p] = down_from[a]
            while len(slots) < m + 64:
                slots, ways = _room(slots, ways)
            for k in range(m - 1, n - 1, -1):
                slots[depth] = down_by[chain[k]]
                ways[depth] = 0
                depth += 1
            for k in range(n):
                slots[depth] = up_by[chain[k]]
                ways[depth] = 1
                depth += 1
            while depth > 0:
                depth -= 1
                rising = ways[depth]
                by = rise_by[slots[depth]] if rising == 1 else fall_by[slots[depth]]
                if by < 0:
                    if count == len(arc):
                        more = np.empty(2 * len(arc), np.int64)
                        for k in range(count):
                            more[k] = arc[k]
                        arc = more
                    arc[count] = -1 - by
                    count += 1
                    continue
                if depth + 2 > len(slots):
                    slots, ways = _room(slots, ways)
                low = by >> 32
                high = by & 0xFFFFFFFF
                slots[depth] = high if rising == 1 else low
                ways[depth] = 1
                slots[depth + 1] = low if rising == 1 else high
                ways[depth + 1] = 0
                depth += 2
        first[p + 1] = count
        _clear(t_node, t_first[p], t_first[p + 1], parent, down_reach, ceiling)
    return weight, first, arc[:count], entry, leave


@njit(cache=True)
def _room(slots, ways):  # type: ignore[no-untyped-def]
    n = len(slots)
    more_slots = np.empty(2 * n, np.int64)
    more_ways = np.empty(2 * n, np.uint8)
    for k in range(n):
        more_slots[k] = slots[k]
        more_ways[k] = ways[k]
    return more_slots, more_ways
