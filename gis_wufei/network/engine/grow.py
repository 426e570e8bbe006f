"""Least ways from the nearest of many sources to every node, searched by buckets instead of a heap.

A node goes into the bucket of its cost; within a bucket the order is free, and a node that gets
cheaper is looked at again: the label-correcting variant of Dial (1969, doi:10.1145/363269.363610) that
Meyer and Sanders (2003, doi:10.1016/S0196-6774(03)00076-2) call delta-stepping. The result is that of Dijkstra.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_wufei.network.engine.fan import FAR, Fan
from gis_wufei.network.graph import Ints

MOST_BUCKETS = 1 << 16


@dataclass(frozen=True, eq=False)
class Forest:
    """Of each node: the least cost to the nearest source, and how it goes there."""

    cost: Ints
    along: Ints
    """int[G], what is minimised and what is counted along; ``FAR`` = no way."""
    owner: NDArray[np.int32]
    """int32[G], the source; of equally near ones the lowest; -1 = none."""
    by: NDArray[np.int32]
    """int32[G], slot of the fan by which the node was reached; ``-2 - s`` = it is the entry s; -1 = no way."""


def grow(fan: Fan, node: Ints, cost: Ints, along: Ints, owner: Ints, limit: int = FAR - 1) -> Forest:
    """Search from S entries at once.

    Parameters
    ----------
    fan
        Arcs from the sources, or backward to them.
    node, cost, along, owner
        Of each entry: where, at what cost, and whose it is. Costs may be more than those of any path.
    limit
        Nodes beyond this cost are not reached.
    """
    low = int(cost.min()) if len(cost) else 0
    spread = max(int(cost.max()) - low if len(cost) else 0, fan.longest)
    shift = fan.shift
    while spread >> shift > MOST_BUCKETS:
        shift += 1
    buckets = (spread >> shift) + 2
    found = _grow(
        fan.first, fan.to, fan.cost, fan.along, node, cost, along, owner.astype(np.int32), limit, shift, buckets, low
    )  # fmt: skip
    return Forest(*found)


@njit(cache=True)
def _grow(first, to, cost, along, s_node, s_cost, s_along, s_owner, limit, shift, buckets, begin):  # type: ignore[no-untyped-def]
    size = len(first) - 1
    best = np.full(size, FAR, np.int64)
    second = np.full(size, FAR, np.int64)
    owner = np.full(size, -1, np.int32)
    by = np.full(size, -1, np.int32)
    fresh = np.zeros(size, np.bool_)
    head = np.full(buckets, -1, np.int32)
    room = len(s_node) + size + 16
    item = np.empty(room, np.int32)
    rest = np.empty(room, np.int32)
    free = np.int32(-1)
    used = 0
    pending = 0
    for s in range(len(s_node)):
        a = s_node[s]
        c = s_cost[s]
        if c > limit:
            continue
        if c > best[a]:
            continue
        if c == best[a] and (s_along[s] > second[a] or (s_along[s] == second[a] and s_owner[s] >= owner[a])):
            continue
        best[a] = c
        second[a] = s_along[s]
        owner[a] = s_owner[s]
        by[a] = -2 - s
        fresh[a] = True
        slot = (c - begin >> shift) % buckets
        item[used] = a
        rest[used] = head[slot]
        head[slot] = used
        used += 1
        pending += 1
    now = np.int64(0)
    while pending > 0:
        slot = now % buckets
        while head[slot] >= 0:
            e = head[slot]
            head[slot] = rest[e]
            rest[e] = free
            free = e
            pending -= 1
            a = item[e]
            if not fresh[a] or (best[a] - begin >> shift) != now:
                continue
            fresh[a] = False
            c = best[a]
            d = second[a]
            o = owner[a]
            for p in range(first[a], first[a + 1]):
                b = to[p]
                way = c + np.int64(cost[p])
                if way > best[b] or way > limit:
                    continue
                road = d + np.int64(along[p])
                if way == best[b] and (road > second[b] or (road == second[b] and o >= owner[b])):
                    continue
                best[b] = way
                second[b] = road
                owner[b] = o
                by[b] = p
                fresh[b] = True
                goal = (way - begin >> shift) % buckets
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
    return best, second, owner, by
