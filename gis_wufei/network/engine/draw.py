"""The lines of many paths at once: polylines of edges, whole or cut, put end to end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from gis_wufei.network.graph import Floats, Ints


def draw(
    first: Ints,
    edge: Ints,
    start: Floats,
    stop: Floats,
    xy: Floats,
    offset: Ints,
    before: Floats,
    after: Floats,
    near_m: float,
) -> tuple[Floats, Ints]:
    """Vertices of P paths.

    Parameters
    ----------
    first
        int[P + 1]: the stretches of path p are ``first[p]:first[p + 1]``.
    edge, start, stop
        int[K], float[K], float[K]: each stretch, from one share of the edge to another in the way of travel.
    xy, offset
        Polylines of the edges.
    before, after
        float[P, 2, 2], places to draw before and behind the stretches.
    near_m
        Vertices this close to the one before are left out, but for the last.

    Returns
    -------
    float[V, 2] and int[P + 1]: the vertices of path p are ``xy[offset[p]:offset[p + 1]]``, two at least.
    """
    drawn, begin = _draw(first, edge, start, stop, xy, offset, before, after, near_m * near_m)
    return drawn.copy(), begin  # the room that was not needed is given back


def stretches(
    rank: Ints, first: Ints, arc: Ints, lead: tuple[Any, ...], rear: tuple[Any, ...]
) -> tuple[Ints, Ints, Floats, Floats]:
    """Stretches of P paths: a piece of the first edge, whole edges, a piece of the last.

    Parameters
    ----------
    rank
        int[P], the route of path p; -1 = none but its lead.
    first, arc
        The arc ids of route r are ``arc[first[r]:first[r + 1]]``.
    lead, rear
        Edge (-1 = none), and shares from which to which, of each path.

    Returns
    -------
    int[P + 1], and edge, start and stop of each stretch.
    """
    found: tuple[Ints, Ints, Floats, Floats] = _stretches(rank, first, arc, *lead, *rear)
    return found


@njit(cache=True)
def _stretches(rank, first, arc, l_edge, l_start, l_stop, r_edge, r_start, r_stop):  # type: ignore[no-untyped-def]
    paths = len(rank)
    begin = np.zeros(paths + 1, np.int64)
    for p in range(paths):
        n = (l_edge[p] >= 0) + (r_edge[p] >= 0)
        if rank[p] >= 0:
            n += first[rank[p] + 1] - first[rank[p]]
        begin[p + 1] = begin[p] + n
    edge = np.empty(begin[paths], np.int64)
    start = np.empty(begin[paths])
    stop = np.empty(begin[paths])
    for p in range(paths):
        k = begin[p]
        if l_edge[p] >= 0:
            edge[k] = l_edge[p]
            start[k] = l_start[p]
            stop[k] = l_stop[p]
            k += 1
        if rank[p] >= 0:
            for a in range(first[rank[p]], first[rank[p] + 1]):
                edge[k] = arc[a] >> 1
                start[k] = arc[a] & 1
                stop[k] = 1 - (arc[a] & 1)
                k += 1
        if r_edge[p] >= 0:
            edge[k] = r_edge[p]
            start[k] = r_start[p]
            stop[k] = r_stop[p]
    return begin, edge, start, stop


@njit(cache=True)
def _draw(first, edge, start, stop, xy, offset, before, after, near2):  # type: ignore[no-untyped-def]
    paths = len(first) - 1
    room = 0
    for k in range(len(edge)):
        room += offset[edge[k] + 1] - offset[edge[k]] + 2
    out = np.empty((room + 4 * paths, 2))
    begin = np.zeros(paths + 1, np.int64)
    n = np.int64(0)
    for p in range(paths):
        head = n
        for k in range(2):
            n = _add(out, n, head, before[p, k, 0], before[p, k, 1], near2)
        for s in range(first[p], first[p + 1]):
            a = offset[edge[s]]
            b = offset[edge[s] + 1]
            if start[s] == 0.0 and stop[s] == 1.0:
                for v in range(a, b):
                    n = _add(out, n, head, xy[v, 0], xy[v, 1], near2)
            elif start[s] == 1.0 and stop[s] == 0.0:
                for v in range(b - 1, a - 1, -1):
                    n = _add(out, n, head, xy[v, 0], xy[v, 1], near2)
            else:
                n = _piece(out, n, head, xy, a, b, start[s], stop[s], near2)
        for k in range(2):
            n = _add(out, n, head, after[p, k, 0], after[p, k, 1], near2)
        if n == head + 1:
            out[n, 0] = out[head, 0]
            out[n, 1] = out[head, 1]
            n += 1
        out[n - 1, 0] = after[p, 1, 0]
        out[n - 1, 1] = after[p, 1, 1]
        begin[p + 1] = n
    return out[:n], begin


@njit(cache=True)
def _add(out, n, head, x, y, near2):  # type: ignore[no-untyped-def]
    if n > head:
        dx = x - out[n - 1, 0]
        dy = y - out[n - 1, 1]
        if dx * dx + dy * dy <= near2:
            return n
    out[n, 0] = x
    out[n, 1] = y
    return n + 1


@njit(cache=True)
def _piece(out, n, head, xy, a, b, start, stop, near2):  # type: ignore[no-untyped-def]
    """Part of a polyline, in either way of travel."""
    total = 0.0
    for v in range(a, b - 1):
        total += np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
    low = min(start, stop) * total
    high = max(start, stop) * total
    mark = n
    back = start > stop
    floor = n if back else head  # drawn against the way of travel, its first vertex meets nothing yet
    run = 0.0
    fresh = True
    for v in range(a, b - 1):
        step = np.hypot(xy[v + 1, 0] - xy[v, 0], xy[v + 1, 1] - xy[v, 1])
        if step > 0.0:
            if fresh and run + step >= low:
                t = (low - run) / step
                n = _add(
                    out,
                    n,
                    floor,
                    xy[v, 0] + t * (xy[v + 1, 0] - xy[v, 0]),
                    xy[v, 1] + t * (xy[v + 1, 1] - xy[v, 1]),
                    near2,
                )
                fresh = False
            if not fresh:
                if run + step >= high:
                    t = (high - run) / step
                    n = _add(
                        out,
                        n,
                        floor,
                        xy[v, 0] + t * (xy[v + 1, 0] - xy[v, 0]),
                        xy[v, 1] + t * (xy[v + 1, 1] - xy[v, 1]),
                        near2,
                    )
                    break
                n = _add(out, n, floor, xy[v + 1, 0], xy[v + 1, 1], near2)
        run += step
    if back:
        i = mark
        j = n - 1
        while i < j:
            for k in range(2):
                swap = out[i, k]
                out[i, k] = out[j, k]
                out[j, k] = swap
            i += 1
            j -= 1
        if mark > head and (out[mark, 0] - out[mark - 1, 0]) ** 2 + (out[mark, 1] - out[mark - 1, 1]) ** 2 <= near2:
            for v in range(mark, n - 1):
                for k in range(2):
                    out[v, k] = out[v + 1, k]
            n -= 1
    return n
