"""In which order junctions are contracted: dead ends and chains first, then by cuts through the map, coarsest last.

Nested dissection with inertial flow cuts: Schild and Sommer (2015), "On Balanced Separators in Road
Networks", doi:10.1007/978-3-319-20086-6_22; the flow is Dinic's (1970). The order depends on nothing
but which junctions are joined and where they lie.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gis_wufei.network.graph import Floats, Ints

LEAF = 8
"""Regions of so few nodes are not cut further."""
SHARE = 0.3
"""Share of a region's nodes at either end that a cut must leave on its side."""


def nested_dissection(tail: Ints, head: Ints, xy: Floats) -> Ints:
    """int[G], nodes in the order of contraction.

    Parameters
    ----------
    tail, head
        int[A], which nodes are joined; ways do not matter.
    xy
        float[G, 2], where they lie.
    """
    size = len(xy)
    pairs = np.unique(np.concatenate([tail * size + head, head * size + tail]))
    a, b = pairs // size, pairs % size
    a, b = a[a != b], b[a != b].astype(np.int32)
    first = np.searchsorted(a, np.arange(size + 1)).astype(np.int64)
    early, core, ptr, ind = _peel(first, b.copy())
    x, y = xy[core].T
    held = np.stack([np.argsort(key, kind="stable") for key in (x, y, x + y, x - y)]).astype(np.int32)
    late = _dissect(core, ptr, ind, held, LEAF, SHARE)
    return np.concatenate([early, late]).astype(np.int64)


@njit(cache=True)
def _peel(first, to):  # type: ignore[no-untyped-def]
    """Contract nodes of one or two neighbours, round by round, no two neighbours in a round.

    Rounds keep the elimination tree shallow: a road with a hundred side lanes is halved each time
    instead of being eaten from one end. Returns the nodes in order, the nodes left, and the graph
    among them (numbered from 0).
    """
    size = len(first) - 1
    degree = np.empty(size, np.int32)
    gone = np.zeros(size, np.uint8)
    stamp = np.full(size, -1, np.int32)
    early = np.empty(size, np.int32)
    done = 0
    queue = np.empty(size, np.int32)
    waiting = 0
    for v in range(size):
        degree[v] = first[v + 1] - first[v]
        if degree[v] <= 2:
            queue[waiting] = v
            waiting += 1
    queued = np.zeros(size, np.uint8)
    turn = 0
    while waiting > 0:
        later = np.empty(size if waiting > size // 4 else 4 * waiting + 16, np.int32)
        kept = 0
        for k in range(waiting):
            queued[queue[k]] = 0
        for k in range(waiting):
            v = queue[k]
            if gone[v] == 1 or degree[v] > 2:
                continue
            if stamp[v] == turn:  # a neighbour went in this round
                if queued[v] == 0:
                    queued[v] = 1
                    later[kept] = v
                    kept += 1
                continue
            gone[v] = 1
            early[done] = v
            done += 1
            at = first[v]
            if degree[v] == 1:
                u = to[at]
                _drop(first, to, degree, u, v)
                stamp[u] = turn
                if degree[u] <= 2 and queued[u] == 0:
                    queued[u] = 1
                    later[kept] = u
                    kept += 1
            elif degree[v] == 2:
                u = to[at]
                w = to[at + 1]
                joined = False
                for p in range(first[u], first[u] + degree[u]):
                    if to[p] == w:
                        joined = True
                        break
                if joined:
                    _drop(first, to, degree, u, v)
                    _drop(first, to, degree, w, v)
                else:
                    for p in range(first[u], first[u] + degree[u]):
                        if to[p] == v:
                            to[p] = w
                            break
                    for p in range(first[w], first[w] + degree[w]):
                        if to[p] == v:
                            to[p] = u
                            break
                stamp[u] = turn
                stamp[w] = turn
                if degree[u] <= 2 and queued[u] == 0:
                    queued[u] = 1
                    later[kept] = u
                    kept += 1
                if degree[w] <= 2 and queued[w] == 0:
                    queued[w] = 1
                    later[kept] = w
                    kept += 1
        queue = later
        waiting = kept
        turn += 1
    number = np.full(size, -1, np.int32)
    core = np.empty(size - done, np.int32)
    left = 0
    for v in range(size):
        if gone[v] == 0:
            number[v] = left
            core[left] = v
            left += 1
    ptr = np.zeros(left + 1, np.int64)
    for k in range(left):
        ptr[k + 1] = ptr[k] + degree[core[k]]
    ind = np.empty(ptr[left], np.int32)
    for k in range(left):
        for p in range(degree[core[k]]):
            ind[ptr[k] + p] = number[to[first[core[k]] + p]]
    return early[:done], core, ptr, ind


@njit(cache=True)
def _drop(first, to, degree, u, v):  # type: ignore[no-untyped-def]
    """Take v out of the neighbours of u."""
    last = first[u] + degree[u] - 1
    for p in range(first[u], last + 1):
        if to[p] == v:
            to[p] = to[last]
            break
    degree[u] -= 1


@njit(cache=True)
def _dissect(core, ptr, ind, held, leaf, share):  # type: ignore[no-untyped-def]
    """Nodes of the core from the inside of the smallest regions to the coarsest cut.

    ``held``, int32[4, n], lists the nodes along four directions. A region is a stretch of it: sorted once
    by the caller, it stays sorted when it is split, for a split keeps the order within either side.
    """
    size = len(core)
    order = np.empty(size, np.int32)
    rank = size
    local = np.full(size, -1, np.int32)
    goes = np.zeros(size, np.uint8)
    along = np.empty(size, np.int32)
    spare = np.empty(size, np.int32)
    begins = np.empty(2 * size + 4, np.int64)
    ends = np.empty(2 * size + 4, np.int64)
    begins[0] = 0
    ends[0] = size
    depth = 1
    while depth > 0:
        depth -= 1
        low = begins[depth]
        m = ends[depth] - low
        if m <= leaf:
            for i in range(m):
                rank -= 1
                order[rank] = core[held[0, low + i]]
            continue
        nodes = held[0, low : low + m].copy()
        for i in range(m):
            local[nodes[i]] = i
        lp = np.zeros(m + 1, np.int64)
        for i in range(m):
            n = 0
            for p in range(ptr[nodes[i]], ptr[nodes[i] + 1]):
                if local[ind[p]] >= 0:
                    n += 1
            lp[i + 1] = lp[i] + n
        li = np.empty(lp[m], np.int32)
        for i in range(m):
            q = lp[i]
            for p in range(ptr[nodes[i]], ptr[nodes[i] + 1]):
                if local[ind[p]] >= 0:
                    li[q] = local[ind[p]]
                    q += 1
        rev = np.empty(lp[m], np.int64)
        for i in range(m):
            for p in range(lp[i], lp[i + 1]):
                j = li[p]
                for r in range(lp[j], lp[j + 1]):
                    if li[r] == i:
                        rev[p] = r
                        break
        k0 = np.int64(max(1, int(m * share)))
        best = np.int64(1 << 30)
        side = np.zeros(m, np.uint8)
        for turn in range(4):
            for i in range(m):
                along[i] = local[held[turn, low + i]]
            flow, found = _cut(lp, li, rev, along, k0, best)
            if flow < best:
                best = flow
                side = found
        # The separator: the end nodes of the cut on the side that has fewer of them.
        edge = np.zeros(m, np.uint8)
        ones = 0
        zeros = 0
        for i in range(m):
            for p in range(lp[i], lp[i + 1]):
                if side[li[p]] != side[i]:
                    edge[i] = 1
                    break
            if edge[i] == 1:
                if side[i] == 1:
                    ones += 1
                else:
                    zeros += 1
        taken = 1 if ones <= zeros else 0
        n1 = 0
        n0 = 0
        for i in range(m):
            v = nodes[i]
            local[v] = -1
            if edge[i] == 1 and side[i] == taken:
                rank -= 1
                order[rank] = core[v]
                goes[v] = 2
            else:
                goes[v] = side[i]
                n1 += side[i]
                n0 += 1 - side[i]
        for turn in range(4):
            at1 = low
            at0 = 0
            for i in range(m):
                v = held[turn, low + i]
                if goes[v] == 1:
                    held[turn, at1] = v
                    at1 += 1
                elif goes[v] == 0:
                    spare[at0] = v
                    at0 += 1
            for i in range(at0):
                held[turn, at1 + i] = spare[i]
        begins[depth] = low
        ends[depth] = low + n1
        begins[depth + 1] = low + n1
        ends[depth + 1] = low + n1 + n0
        depth += 2
    return order


@njit(cache=True)
def _cut(lp, li, rev, along, k0, cap):  # type: ignore[no-untyped-def]
    """Least cut between the first and the last ``k0`` nodes along a direction, each edge counting once.

    Returns its size, or ``cap`` once it is known to be no smaller, and the side of each node.
    """
    m = len(lp) - 1
    role = np.zeros(m, np.uint8)
    for i in range(k0):
        role[along[i]] = 1
        role[along[m - 1 - i]] = 2
    flow_on = np.zeros(len(li), np.int8)
    level = np.empty(m, np.int32)
    now = np.empty(m, np.int64)
    queue = np.empty(m, np.int32)
    trail = np.empty(m + 1, np.int64)
    flow = 0
    side = np.zeros(m, np.uint8)
    while True:
        for i in range(m):
            level[i] = -1
            now[i] = lp[i]
        qt = 0
        for i in range(k0):
            queue[qt] = along[i]
            level[along[i]] = 0
            qt += 1
        qh = 0
        end = 1 << 30
        while qh < qt:
            a = queue[qh]
            qh += 1
            if level[a] >= end:
                break
            for p in range(lp[a], lp[a + 1]):
                b = li[p]
                if level[b] < 0 and flow_on[p] < 1:
                    level[b] = level[a] + 1
                    if role[b] == 2:
                        end = level[b]
                    else:
                        queue[qt] = b
                        qt += 1
        if end == 1 << 30:
            for i in range(m):
                side[i] = 1 if level[i] >= 0 else 0
            return flow, side
        for i in range(k0):  # blocking flow: depth first along rising levels
            root = along[i]
            while True:
                depth = 0
                a = root
                reached = False
                while True:
                    if role[a] == 2:
                        reached = True
                        break
                    moved = False
                    while now[a] < lp[a + 1]:
                        p = now[a]
                        b = li[p]
                        if flow_on[p] < 1 and level[b] == level[a] + 1 and level[b] <= end:
                            trail[depth] = p
                            depth += 1
                            a = b
                            moved = True
                            break
                        now[a] += 1
                    if not moved:
                        if depth == 0:
                            break
                        depth -= 1
                        a = li[rev[trail[depth]]]
                        now[a] += 1
                if not reached:
                    break
                for d in range(depth):
                    p = trail[d]
                    flow_on[p] += 1
                    flow_on[rev[p]] -= 1
                flow += 1
                if flow >= cap:
                    return flow, side
