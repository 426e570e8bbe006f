"""Plain Dijkstra (1959) over the arcs: what a place reaches in time, and which facility is nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.graph import Ints

CLOSED = np.uint32(2**31 - 1)


@dataclass(frozen=True, eq=False)
class Star:
    """The arcs by the node that they leave (or, backward, that they reach)."""

    first: Ints
    """int[G + 1]"""
    to: NDArray[np.int32]
    ms: NDArray[np.uint32]
    """int32[A], uint32[A]: the other end, and the milliseconds."""


def star(nodes: int, tail: Ints, head: Ints, ms: NDArray[np.uint32], backward: bool = False) -> Star:
    """Arcs ready for a search from a node, or backward to a node; closed ones are left out."""
    able = np.flatnonzero(ms < CLOSED)
    here, there = (head[able], tail[able]) if backward else (tail[able], head[able])
    order = np.argsort(here, kind="stable")
    first = np.searchsorted(here[order], np.arange(nodes + 1)).astype(np.int64)
    return Star(first, there[order].astype(np.int32), ms[able][order])


def reach(arcs: Star, sources: Ends, limit_ms: int) -> tuple[Ints, NDArray[np.int32], NDArray[np.uint32]]:
    """What lies within the limit of each source.

    Returns int[M + 1], and the nodes and their milliseconds of source i at ``first[i]:first[i + 1]``,
    in the order in which they are met.
    """
    limit = np.uint64(min(int(limit_ms), int(CLOSED) - 1))
    found: tuple[Ints, NDArray[np.int32], NDArray[np.uint32]] = _reach(
        arcs.first, arcs.to, arcs.ms, sources.first, sources.node, sources.weight.astype(np.uint32), limit
    )
    return found


def nearest(arcs: Star, sources: Ends) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Milliseconds to each node from the source that is nearest to it, and which; CLOSED and -1 = none.

    Of two equally near sources one wins, the same in every run.
    """
    owner = np.repeat(np.arange(len(sources), dtype=np.int32), np.diff(sources.first))
    found: tuple[NDArray[np.uint32], NDArray[np.int32]] = _nearest(
        arcs.first, arcs.to, arcs.ms, sources.node, sources.weight.astype(np.uint32), owner
    )
    return found


@njit(inline="always")
def _push(heap, size, key):  # type: ignore[no-untyped-def]
    i = size
    while i > 0:
        p = (i - 1) >> 2
        if heap[p] <= key:
            break
        heap[i] = heap[p]
        i = p
    heap[i] = key
    return size + 1


@njit(inline="always")
def _pop(heap, size):  # type: ignore[no-untyped-def]
    top = heap[0]
    size -= 1
    key = heap[size]
    i = 0
    while True:
        c = (i << 2) + 1
        if c >= size:
            break
        m = c
        if c + 1 < size and heap[c + 1] < heap[m]:
            m = c + 1
        if c + 2 < size and heap[c + 2] < heap[m]:
            m = c + 2
        if c + 3 < size and heap[c + 3] < heap[m]:
            m = c + 3
        if heap[m] >= key:
            break
        heap[i] = heap[m]
        i = m
    heap[i] = key
    return top, size


@njit(cache=True)
def _reach(first, to, ms, s_first, s_node, s_ms, limit):  # type: ignore[no-untyped-def]
    size = len(first) - 1
    least = np.full(size, CLOSED, np.uint32)
    heap = np.empty(len(to) + len(s_node) + 2, np.uint64)
    rows = len(s_first) - 1
    begin = np.zeros(rows + 1, np.int64)
    nodes = np.empty(1024, np.int32)
    times = np.empty(1024, np.uint32)
    count = 0
    for row in range(rows):
        held = 0
        for e in range(s_first[row], s_first[row + 1]):
            if s_ms[e] <= limit and s_ms[e] < least[s_node[e]]:
                least[s_node[e]] = s_ms[e]
                held = _push(heap, held, np.uint64(s_ms[e]) << np.uint64(32) | np.uint64(s_node[e]))
        mark = count
        while held > 0:
            top, held = _pop(heap, held)
            a = np.int64(top & np.uint64(0xFFFFFFFF))
            d = top >> np.uint64(32)
            if d > least[a]:
                continue
            if count == len(nodes):
                more_nodes = np.empty(2 * count, np.int32)
                more_times = np.empty(2 * count, np.uint32)
                for k in range(count):
                    more_nodes[k] = nodes[k]
                    more_times[k] = times[k]
                nodes = more_nodes
                times = more_times
            nodes[count] = a
            times[count] = d
            count += 1
            for p in range(first[a], first[a + 1]):
                way = d + np.uint64(ms[p])
                if way <= limit and way < least[to[p]]:
                    least[to[p]] = way
                    held = _push(heap, held, way << np.uint64(32) | np.uint64(to[p]))
        for k in range(mark, count):
            least[nodes[k]] = CLOSED
        begin[row + 1] = count
    return begin, nodes[:count].copy(), times[:count].copy()


@njit(cache=True)
def _nearest(first, to, ms, s_node, s_ms, s_owner):  # type: ignore[no-untyped-def]
    size = len(first) - 1
    least = np.full(size, CLOSED, np.uint32)
    owner = np.full(size, -1, np.int32)
    heap = np.empty(len(to) + len(s_node) + 2, np.uint64)
    held = 0
    for e in range(len(s_node)):
        a = s_node[e]
        if s_ms[e] < least[a]:
            least[a] = s_ms[e]
            owner[a] = s_owner[e]
            held = _push(heap, held, np.uint64(s_ms[e]) << np.uint64(32) | np.uint64(a))
    while held > 0:
        top, held = _pop(heap, held)
        a = np.int64(top & np.uint64(0xFFFFFFFF))
        d = top >> np.uint64(32)
        if d > least[a]:
            continue
        for p in range(first[a], first[a + 1]):
            b = to[p]
            way = d + np.uint64(ms[p])
            if way < least[b]:
                least[b] = way
                owner[b] = owner[a]
                held = _push(heap, held, way << np.uint64(32) | np.uint64(b))
    return least, owner
