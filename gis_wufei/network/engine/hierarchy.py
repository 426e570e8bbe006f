"""A customizable contraction hierarchy: built once for the topology, given weights for each vehicle.

Dibbelt, Strasser and Wagner (2016), "Customizable Contraction Hierarchies", doi:10.1145/2886843.
Nodes are called by their rank (0 is contracted first). Every join of two nodes has one slot, at its
lower end; a slot carries the weight upward and the weight downward.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_wufei.network.graph import Ints

Weights = NDArray[np.unsignedinteger]
Ranks = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The joins of G nodes after contraction, S slots; the same for all vehicles."""

    rank: Ranks
    """int32[G], rank of each node."""
    up: Ints
    """int[G + 1]: the slots of rank r are ``up[r]:up[r + 1]``."""
    to: Ranks
    """int32[S], upper end of each slot, ascending within a rank."""
    parent: Ranks
    """int32[G], lowest upper neighbour of each rank; -1 = none. All that a search upward can meet lies
    on the way from parent to parent."""
    slot: Ints
    """int[A], slot of each arc; -1 for an arc from a node to itself."""
    rising: NDArray[np.bool_]
    """bool[A], whether the arc leads from the lower to the higher rank."""


@dataclass(frozen=True, eq=False)
class Climb:
    """The joins that a search upward needs, T of S: no other way between the two ends is shorter."""

    first: Ints
    """int[G + 1]: the joins of rank r are ``first[r]:first[r + 1]``."""
    to: Ranks
    weight: Weights
    slot: Ints
    """int32[T], uint[T], int[T]: upper end, weight, slot in the hierarchy."""


@dataclass(frozen=True, eq=False)
class Metric:
    """Weights of one vehicle in the hierarchy; ``ceiling`` = no way."""

    rise: Climb
    """From the lower to the upper ends: for searches from sources."""
    fall: Climb
    """From the upper to the lower ends: for searches backward from targets."""
    rise_by: Ints
    fall_by: Ints
    """int[S], what the least way of a slot is made of: arc a as -1 - a, or the two slots below it, that of
    its lower end in the high 32 bits; empty where no paths were asked for."""
    ceiling: int


def contract(order: Ints, tail: Ints, head: Ints) -> Hierarchy:
    """Join what each node leaves behind when it is contracted in that order.

    Parameters
    ----------
    order
        int[G], nodes from the first to the last contracted.
    tail, head
        int[A], the arcs.
    """
    size = len(order)
    rank = np.empty(size, np.int32)
    rank[order] = np.arange(size, dtype=np.int32)
    a, b = rank[tail], rank[head]
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
    pairs = np.unique((low * size + high)[low != high])
    first = np.searchsorted(pairs // max(size, 1), np.arange(size + 1)).astype(np.int64)
    up, to, parent = _fill(first, (pairs % max(size, 1)).astype(np.int32))
    to = to.copy()
    return Hierarchy(rank, up, to, parent, _slots(up, to, low, high), a < b)


def customize(hierarchy: Hierarchy, weight: Weights, ceiling: int, with_paths: bool = False) -> Metric:
    """Give the hierarchy the weights of one vehicle.

    Parameters
    ----------
    weight
        uint32[A] or uint64[A]; ``ceiling`` or more = closed. Of parallel arcs the least counts.
    ceiling
        2**31 - 1 or 2**63 - 1: so that a sum with it cannot wrap around.
    with_paths
        Remember what each least way is made of.
    """
    rise = np.full(len(hierarchy.to), ceiling, weight.dtype)
    fall = rise.copy()
    rise_by = np.full(len(rise) if with_paths else 0, np.iinfo(np.int64).min)
    fall_by = rise_by.copy()
    _seed(hierarchy.slot, hierarchy.rising, weight, rise, fall, rise_by, fall_by)
    _triangles(hierarchy.up, hierarchy.to, rise, fall, rise_by, fall_by, weight.dtype.type(ceiling))
    least = _perfect(hierarchy.up, hierarchy.to, rise, fall, weight.dtype.type(ceiling))
    climbs = [_lean(hierarchy, way, best, ceiling) for way, best in zip((rise, fall), least, strict=True)]
    return Metric(climbs[0], climbs[1], rise_by, fall_by, ceiling)


def _lean(hierarchy: Hierarchy, way: Weights, best: Weights, ceiling: int) -> Climb:
    """Leave out what a shorter way replaces: "perfect witness search", section 5.3 of the paper."""
    slot = np.flatnonzero((way == best) & (way < ceiling))
    first = np.searchsorted(slot, hierarchy.up).astype(np.int64)
    return Climb(first, hierarchy.to[slot], way[slot], slot)


@njit(cache=True)
def _fill(first, to):  # type: ignore[no-untyped-def]
    """Upper neighbours after contraction: a node's own, and those its children pass on."""
    size = len(first) - 1
    parent = np.full(size, -1, np.int32)
    child = np.full(size, -1, np.int32)
    sibling = np.full(size, -1, np.int32)
    up = np.zeros(size + 1, np.int64)
    room = len(to) * 3 + 64
    out = np.empty(room, np.int32)
    seen = np.full(size, -1, np.int32)
    q = 0
    for a in range(size):
        begin = q
        need = first[a + 1] - first[a]
        c = child[a]
        while c >= 0:
            need += up[c + 1] - up[c]
            c = sibling[c]
        if q + need > room:
            room = max(room + room // 2, q + need)
            more = np.empty(room, np.int32)
            for k in range(q):  # a slice would take numba a second longer to compile
                more[k] = out[k]
            out = more
        for p in range(first[a], first[a + 1]):
            b = to[p]
            if seen[b] != a:
                seen[b] = a
                out[q] = b
                q += 1
        c = child[a]
        while c >= 0:
            for p in range(up[c], up[c + 1]):
                b = out[p]
                if b != a and seen[b] != a:
                    seen[b] = a
                    out[q] = b
                    q += 1
            c = sibling[c]
        for i in range(begin + 1, q):  # few, and nearly sorted: by insertion
            v = out[i]
            j = i - 1
            while j >= begin and out[j] > v:
                out[j + 1] = out[j]
                j -= 1
            out[j + 1] = v
        up[a + 1] = q
        if q > begin:
            parent[a] = out[begin]
            sibling[a] = child[out[begin]]
            child[out[begin]] = a
    return up, out[:q], parent


@njit(cache=True)
def _slots(up, to, low, high):  # type: ignore[no-untyped-def]
    """Slot of each join, by halving."""
    slot = np.empty(len(low), np.int64)
    for k in range(len(low)):
        if low[k] == high[k]:
            slot[k] = -1
            continue
        a = up[low[k]]
        b = up[low[k] + 1]
        while a < b:
            m = (a + b) >> 1
            if to[m] < high[k]:
                a = m + 1
            else:
                b = m
        slot[k] = a
    return slot


@njit(cache=True)
def _seed(slot, rising, weight, rise, fall, rise_by, fall_by):  # type: ignore[no-untyped-def]
    keep = len(rise_by) > 0
    for a in range(len(slot)):
        s = slot[a]
        if s < 0:
            continue
        if rising[a]:
            if weight[a] < rise[s]:
                rise[s] = weight[a]
                if keep:
                    rise_by[s] = -1 - a
        elif weight[a] < fall[s]:
            fall[s] = weight[a]
            if keep:
                fall_by[s] = -1 - a


@njit(cache=True)
def _triangles(up, to, rise, fall, rise_by, fall_by, ceiling):  # type: ignore[no-untyped-def]
    """From the lowest node up: the way between two upper neighbours by way of the node."""
    keep = len(rise_by) > 0
    for a in range(len(up) - 1):
        end = up[a + 1]
        for i in range(up[a], end):
            x = to[i]
            up_x = rise[i]
            down_x = fall[i]
            if up_x == ceiling and down_x == ceiling:
                continue
            p = up[x]
            for j in range(i + 1, end):
                y = to[j]
                while to[p] < y:
                    p += 1
                if down_x != ceiling and rise[j] != ceiling:
                    way = down_x + rise[j]
                    if way < rise[p]:
                        rise[p] = way
                        if keep:
                            rise_by[p] = i << 32 | j
                if up_x != ceiling and fall[j] != ceiling:
                    way = up_x + fall[j]
                    if way < fall[p]:
                        fall[p] = way
                        if keep:
                            fall_by[p] = i << 32 | j


@njit(cache=True)
def _perfect(up, to, rise, fall, ceiling):  # type: ignore[no-untyped-def]
    """Least weight of each slot by way of any nodes, from the highest node down.

    The upper neighbours of a node are all joined, and their joins are final when its turn comes: so
    one step over one of them and a final join is enough.
    """
    least_rise = rise.copy()
    least_fall = fall.copy()
    for a in range(len(up) - 2, -1, -1):
        end = up[a + 1]
        for i in range(up[a], end):
            x = to[i]
            p = up[x]
            for j in range(i + 1, end):
                y = to[j]
                while to[p] < y:
                    p += 1
                # INF + INF stays below 2**64, and so does not wrap to something small.
                least_rise[i] = min(least_rise[i], min(rise[j] + least_fall[p], ceiling))
                least_rise[j] = min(least_rise[j], min(rise[i] + least_rise[p], ceiling))
                least_fall[i] = min(least_fall[i], min(fall[j] + least_rise[p], ceiling))
                least_fall[j] = min(least_fall[j], min(fall[i] + least_fall[p], ceiling))
    return least_rise, least_fall
