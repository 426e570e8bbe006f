"""Which pieces of which edges lie within a cost of a place, for many places and several limits."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.engine.fan import Fan
from gis_wufei.network.graph import Floats, Ints

Pieces = tuple[Ints, NDArray[np.int32], Floats, Floats, NDArray[np.int16]]


def cover(
    fan: Fan,
    arc: Ints,
    edges: int,
    backward: bool,
    sources: Ends,
    source_cost: Ints,
    spot_first: Ints,
    spot_edge: Ints,
    spot_share: Floats,
    spot_costs: Floats,
    limits: Floats,
) -> Pieces:
    """Reached pieces of edges, each with the band of limits it lies in.

    Parameters
    ----------
    fan
        Arcs from the places, or backward to them.
    arc
        Arc id, ``2 * edge + way``, of each slot of the fan.
    edges
        E, edges of the graph.
    backward
        The fan is backward.
    sources, source_cost
        Where each of M places enters the graph, and at what cost.
    spot_first, spot_edge, spot_share
        Where each place stands inside edges: place i has the spots ``spot_first[i]:spot_first[i + 1]``.
    spot_costs
        float[K, 2], of each spot: cost of its whole edge downward (to share 0) and upward, in the way in
        which the place is left (or, backward, reached); inf = closed.
    limits
        float[M, B], ascending in each row: the limits of each place; negative = nothing is reached.

    Returns
    -------
    first
        int[M + 1]: the pieces of place i are ``first[i]:first[i + 1]``.
    edge, start, stop, band
        Of each piece: the edge, from which share of it to which (start < stop, as drawn), and the
        position of the least limit that it lies within.
    """
    shift = fan.shift
    most = float(limits.max(initial=0.0)) if limits.size else 0.0
    buckets = (int(most) >> shift) + 2
    while buckets > 1 << 20:
        shift += 1
        buckets = (int(most) >> shift) + 2
    found: Pieces = _cover(
        fan.first, fan.to, fan.cost, arc, edges, 1 if backward else 0, sources.first, sources.node, source_cost,
        spot_first, spot_edge, spot_share, spot_costs, limits, shift, buckets,
    )  # fmt: skip
    return found


@njit(cache=True)
def _cover(  # type: ignore[no-untyped-def]
    first,
    to,
    cost,
    arc,
    edges,
    turned,
    s_first,
    s_node,
    s_cost,
    k_first,
    k_edge,
    k_share,
    k_costs,
    limits,
    shift,
    buckets,
):
    size = len(first) - 1
    closed = np.inf
    none = np.int64(1) << np.int64(62)
    best = np.full(size, none, np.int64)
    fresh = np.zeros(size, np.bool_)
    met = np.empty(size, np.int32)
    head = np.full(buckets, -1, np.int32)
    item = np.empty(1024, np.int32)
    rest = np.empty(1024, np.int32)
    # Of each edge: cost at its begin and the whole way from there, and the same at its end.
    low = np.full((edges, 2), closed)
    high = np.full((edges, 2), closed)
    listed = np.zeros(edges, np.bool_)
    touched = np.empty(edges, np.int32)
    out_edge = np.empty(4096, np.int32)
    out_start = np.empty(4096, np.float64)
    out_stop = np.empty(4096, np.float64)
    out_band = np.empty(4096, np.int16)
    count = 0
    rows = len(s_first) - 1
    bands = limits.shape[1]
    begin = np.zeros(rows + 1, np.int64)
    for row in range(rows):
        top = limits[row, bands - 1]
        if top < 0:
            begin[row + 1] = count
            continue
        limit = np.int64(np.floor(top))
        found = 0
        free = np.int32(-1)
        used = 0
        pending = 0
        for s in range(s_first[row], s_first[row + 1]):
            a = s_node[s]
            if s_cost[s] <= limit and s_cost[s] < best[a]:
                if best[a] == none:
                    met[found] = a
                    found += 1
                best[a] = s_cost[s]
                fresh[a] = True
                if used == len(item):
                    item = np.concatenate((item, np.empty(used, np.int32)))
                    rest = np.concatenate((rest, np.empty(used, np.int32)))
                slot = s_cost[s] >> shift
                item[used] = a
                rest[used] = head[slot]
                head[slot] = used
                used += 1
                pending += 1
        now = 0
        while pending > 0:
            while head[now] >= 0:
                e = head[now]
                head[now] = rest[e]
                rest[e] = free
                free = e
                pending -= 1
                a = item[e]
                if not fresh[a] or (best[a] >> shift) != now:
                    continue
                fresh[a] = False
                c = best[a]
                for p in range(first[a], first[a + 1]):
                    b = to[p]
                    way = c + np.int64(cost[p])
                    if way > limit or way >= best[b]:
                        continue
                    if best[b] == none:
                        met[found] = b
                        found += 1
                    best[b] = way
                    fresh[b] = True
                    goal = way >> shift
                    if free >= 0:
                        e = free
                        free = rest[e]
                    else:
                        if used == len(item):
                            item = np.concatenate((item, np.empty(used, np.int32)))
                            rest = np.concatenate((rest, np.empty(used, np.int32)))
                        e = np.int32(used)
                        used += 1
                    item[e] = b
                    rest[e] = head[goal]
                    head[goal] = e
                    pending += 1
            now += 1

        n = 0
        for k in range(found):
            a = met[k]
            c = np.float64(best[a])
            for p in range(first[a], first[a + 1]):
                e = arc[p] >> 1
                if not listed[e]:
                    listed[e] = True
                    touched[n] = e
                    n += 1
                if (arc[p] & 1) == turned:
                    if c < low[e, 0]:
                        low[e, 0] = c
                        low[e, 1] = cost[p]
                elif c < high[e, 0]:
                    high[e, 0] = c
                    high[e, 1] = cost[p]
        for k in range(k_first[row], k_first[row + 1]):
            e = k_edge[k]
            if not listed[e]:
                listed[e] = True
                touched[n] = e
                n += 1
        for k in range(n):
            if count + 4 * bands + 8 > len(out_edge):
                more = len(out_edge)
                out_edge = np.concatenate((out_edge, np.empty(more, np.int32)))
                out_start = np.concatenate((out_start, np.empty(more, np.float64)))
                out_stop = np.concatenate((out_stop, np.empty(more, np.float64)))
                out_band = np.concatenate((out_band, np.empty(more, np.int16)))
            e = touched[k]
            own = -1
            for j in range(k_first[row], k_first[row + 1]):
                if k_edge[j] == e:
                    own = j
            mark = count
            c0, w0 = low[e, 0], low[e, 1]
            c1, w1 = high[e, 0], high[e, 1]
            if own < 0:
                count = _pieces(out_start, out_stop, out_band, count, 0.0, 1.0, c0, w0, c1, w1, limits[row])
            else:
                # The place itself parts its edge. Where it cannot be left (or reached) that way, others pass it.
                share, down, up = k_share[own], k_costs[own, 0], k_costs[own, 1]
                here, way = (0.0, down) if np.isfinite(down) else (c1 + (1 - share) * w1 if c1 < closed else closed, w1)
                count = _pieces(out_start, out_stop, out_band, count, 0.0, share, c0, w0, here, way, limits[row])
                here, way = (0.0, up) if np.isfinite(up) else (c0 + share * w0 if c0 < closed else closed, w0)
                count = _pieces(out_start, out_stop, out_band, count, share, 1.0, here, way, c1, w1, limits[row])
            for j in range(mark, count):
                out_edge[j] = e
            listed[e] = False
            low[e, 0] = closed
            high[e, 0] = closed
        for k in range(found):
            best[met[k]] = none
        begin[row + 1] = count
    return begin, out_edge[:count].copy(), out_start[:count].copy(), out_stop[:count].copy(), out_band[:count].copy()


@njit(cache=True)
def _pieces(start, stop, band, n, lo, hi, c0, w0, c1, w1, limits):  # type: ignore[no-untyped-def]
    """Pieces of the stretch from lo to hi, its ends reached at the costs c0 and c1; w0, w1: over the whole edge."""
    if np.isfinite(c0):
        if not np.isfinite(c1):
            meet = hi
        elif w0 + w1 > 0:
            meet = min(max((c1 - c0 + lo * w0 + hi * w1) / (w0 + w1), lo), hi)
        else:
            meet = hi if c0 <= c1 else lo
    elif np.isfinite(c1):
        meet = lo
    else:
        return n
    bands = len(limits)
    at = lo
    last = -1
    if np.isfinite(c0):
        for k in range(bands):
            if at >= meet:
                break
            if limits[k] < c0:
                continue
            end = meet if w0 <= 0 else min(meet, lo + (limits[k] - c0) / w0)
            if end > at:
                start[n] = at
                stop[n] = end
                band[n] = k
                last = n
                n += 1
                at = end
    joins = last >= 0 and at >= meet
    at = hi
    if np.isfinite(c1):
        for k in range(bands):
            if at <= meet:
                break
            if limits[k] < c1:
                continue
            end = meet if w1 <= 0 else max(meet, hi - (limits[k] - c1) / w1)
            if end < at:
                if joins and end <= meet and band[last] == k:
                    stop[last] = at  # both sides meet in one band
                else:
                    start[n] = end
                    stop[n] = at
                    band[n] = k
                    n += 1
                at = end
    return n
