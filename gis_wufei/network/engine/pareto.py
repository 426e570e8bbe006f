"""All ways between two points of which no other is better in both of two costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from gis_wufei.network.graph import Ints


@dataclass(frozen=True, eq=False)
class Labels:
    """What the search has seen; the solutions are the last labels of the ways, cheapest in the first cost first."""

    solutions: Ints
    parent: Ints
    slot: Ints
    """Of each label: the one before, -1 = the first; and the slot driven, ``-2 - e`` at the first and last
    label, e being the entry of the origin or of the destination."""
    first: Ints
    second: Ints
    whole: bool
    """False: the search was given up, there may be more."""


def pareto(
    begin: Ints,
    to: Ints,
    first: Ints,
    second: Ints,
    least_first: Ints,
    least_second: Ints,
    source: tuple[Ints, Ints, Ints],
    target: tuple[Ints, Ints, Ints],
    most_first: int,
    most_second: int,
    most_labels: int,
) -> Labels:
    """Search by labels of both costs.

    Parameters
    ----------
    begin, to, first, second
        The arcs from node g are ``begin[g]:begin[g + 1]``: the other end and both costs.
    least_first, least_second
        int[G], of each node: least of each cost to the destination; 2**62 = no way.
    source, target
        Node and both costs of each entry.
    most_first
        Ways beyond this first cost are not wanted.
    most_second
        Ways of this second cost or more are not wanted: such a way is known.
    most_labels
        Where the search gives up.

    Notes
    -----
    BOA* of Hernandez and others (2023, doi:10.1016/j.artint.2022.103807): labels are taken in the order
    of both costs so far plus the least to come, so that one number at each node, the least second cost
    seen there, tells whether a label is dominated.
    """
    order = np.argsort(target[0], kind="stable")
    node = target[0][order]
    t_begin = np.searchsorted(node, np.arange(len(begin))).astype(np.int64)
    found = _pareto(
        begin, to, first, second, least_first, least_second, *source,
        t_begin, order, target[1], target[2], most_first, most_second, most_labels,
    )  # fmt: skip
    return Labels(*found)


@njit(inline="always")
def _before(one, two, other, third):  # type: ignore[no-untyped-def]
    return one < other or (one == other and two < third)


@njit(cache=True)
def _grown(array):  # type: ignore[no-untyped-def]
    more = np.empty(2 * len(array), np.int64)
    more[: len(array)] = array
    return more


@njit(cache=True)
def _pareto(  # type: ignore[no-untyped-def]
    begin, to, first, second, h1, h2, s_node, s_first, s_second,
    t_begin, t_entry, t_first, t_second, most_first, most_second, most_labels,
):  # fmt: skip
    size = len(begin) - 1
    far = np.int64(1) << np.int64(62)
    seen = np.full(size + 1, far, np.int64)  # least second cost taken at each node; the last is the destination
    seen[size] = most_second
    room = 1024
    node = np.empty(room, np.int64)
    one = np.empty(room, np.int64)
    two = np.empty(room, np.int64)
    parent = np.empty(room, np.int64)
    slot = np.empty(room, np.int64)
    heap = np.empty(room, np.int64)
    f1 = np.empty(room, np.int64)
    f2 = np.empty(room, np.int64)
    n = 0
    held = 0
    solutions = np.empty(64, np.int64)
    count = 0
    whole = True
    step = -1  # the label whose continuations are made; before all others, the entries of the origin
    while True:
        # Continuations of a label, or the entries of the origin.
        if step < 0:
            arcs = len(s_node)
            ends = 0
        else:
            a = node[step]
            arcs = begin[a + 1] - begin[a]
            ends = t_begin[a + 1] - t_begin[a]
        for k in range(arcs + ends):
            if step < 0:
                b = s_node[k]
                g1 = s_first[k]
                g2 = s_second[k]
                by = -2 - k
                x = h1[b]
                y = h2[b]
            elif k < arcs:
                p = begin[a] + k
                b = to[p]
                g1 = one[step] + first[p]
                g2 = two[step] + second[p]
                by = p
                x = h1[b]
                y = h2[b]
            else:
                e = t_entry[t_begin[a] + k - arcs]
                b = np.int64(size)
                g1 = one[step] + t_first[e]
                g2 = two[step] + t_second[e]
                by = -2 - e
                x = np.int64(0)
                y = np.int64(0)
            if x >= far or y >= far or g1 + x > most_first or g2 + y >= seen[size] or g2 >= seen[b]:
                continue
            if n == len(node):
                node = _grown(node)
                one = _grown(one)
                two = _grown(two)
                parent = _grown(parent)
                slot = _grown(slot)
                heap = _grown(heap)
                f1 = _grown(f1)
                f2 = _grown(f2)
            node[n] = b
            one[n] = g1
            two[n] = g2
            parent[n] = step
            slot[n] = by
            f1[n] = g1 + x
            f2[n] = g2 + y
            i = held
            while i > 0:
                q = (i - 1) >> 1
                if not _before(f1[n], f2[n], f1[heap[q]], f2[heap[q]]):
                    break
                heap[i] = heap[q]
                i = q
            heap[i] = n
            held += 1
            n += 1
        if n > most_labels:
            whole = False
            break
        # The next label that nothing dominates.
        step = -1
        while held > 0:
            top = heap[0]
            held -= 1
            last = heap[held]
            i = 0
            while True:
                c = 2 * i + 1
                if c >= held:
                    break
                if c + 1 < held and _before(f1[heap[c + 1]], f2[heap[c + 1]], f1[heap[c]], f2[heap[c]]):
                    c += 1
                if not _before(f1[heap[c]], f2[heap[c]], f1[last], f2[last]):
                    break
                heap[i] = heap[c]
                i = c
            heap[i] = last
            b = node[top]
            if two[top] >= seen[b] or f2[top] >= seen[size]:
                continue
            seen[b] = two[top]
            if b == size:
                if count == len(solutions):
                    solutions = _grown(solutions)
                solutions[count] = top
                count += 1
                continue
            step = top
            break
        if step < 0:
            break
    return solutions[:count].copy(), parent[:n].copy(), slot[:n].copy(), one[:n].copy(), two[:n].copy(), whole
