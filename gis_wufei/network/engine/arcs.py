"""What the search walks on: arcs between junctions, and copies of junctions that remember a banned turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph


@dataclass(frozen=True, eq=False)
class Arcs:
    """A arcs between G nodes; the first N nodes are the junctions of the road graph.

    The nodes behind them are states: "at this junction, having come by the first part of a banned
    way". A state has the arcs that one may take from there, so a path through arcs never drives a
    ban, and without bans there are no states. An arc id of the road graph, ``2 * edge + (0 as drawn,
    1 against)``, has one arc here for each node that it may be taken from.
    """

    nodes: int
    """G"""
    place: Ints
    """int[G], the junction where each node lies."""
    tail: Ints
    head: Ints
    arc: Ints
    """int[A], ``2 * edge + way``, ascending."""

    @cached_property
    def first(self) -> Ints:
        """int[2 E + 1]: the arcs of arc id k are ``first[k]:first[k + 1]``."""
        top = int(self.arc[-1]) + 2 if len(self.arc) else 1
        return np.searchsorted(self.arc, np.arange(top + 1)).astype(np.int64)

    @cached_property
    def _order(self) -> tuple[Ints, Ints]:
        """Arcs by tail and head, and where each pair of ends begins among them."""
        key = self.tail * self.nodes + self.head
        order = np.argsort(key, kind="stable")
        return order, np.flatnonzero(np.diff(key[order], prepend=-1) != 0)

    def matrix(self, cost: Floats) -> csr_matrix:
        """Costs float[A] as a sparse G x G matrix; of parallel arcs the least, and none where all are inf."""
        order, begin = self._order
        least = np.minimum.reduceat(cost[order], begin) if len(begin) else np.zeros(0)
        able = np.isfinite(least)
        ends = order[begin[able]]
        first = np.searchsorted(self.tail[ends], np.arange(self.nodes + 1))
        return csr_matrix((least[able], self.head[ends], first), shape=(self.nodes, self.nodes))

    def copies(self, arc: int) -> range:
        """The arcs of an arc id; none where that way is closed by its sign."""
        if arc + 1 >= len(self.first):
            return range(0)
        return range(int(self.first[arc]), int(self.first[arc + 1]))

    @cached_property
    def states(self) -> dict[int, list[int]]:
        """The states at each junction that has some."""
        found: dict[int, list[int]] = {}
        for node in np.flatnonzero(self.place != np.arange(self.nodes)):
            found.setdefault(int(self.place[node]), []).append(int(node))
        return found


def lay_out(graph: RoadGraph, holds: Flags | None = None, no_return: Ints | None = None) -> Arcs:
    """The arcs of a road graph.

    Parameters
    ----------
    graph
        Its signs and turn bans are obeyed.
    holds
        bool[K], which of the bans hold for the vehicle; default: all.
    no_return
        Arc ids at whose end the vehicle cannot turn and drive back; default: it can anywhere.

    Notes
    -----
    The states are those of the automaton of Aho and Corasick (1975, doi:10.1145/360825.360855) over
    the banned arc sequences: each proper beginning of a ban is a state, and from a state one goes on
    to the longest beginning that the way just driven ends with.
    """
    size = len(graph.node_xy)
    edge = np.arange(len(graph.tail))
    arc = np.concatenate([2 * edge[graph.forward], 2 * edge[graph.backward] + 1])
    tail = np.concatenate([graph.tail[graph.forward], graph.head[graph.backward]])
    head = np.concatenate([graph.head[graph.forward], graph.tail[graph.backward]])
    order = np.argsort(arc, kind="stable")
    arc, tail, head = arc[order], tail[order], head[order]
    known = set(arc.tolist()) if len(graph.turns) or no_return is not None else set()
    bans = _bans(graph, holds, known)
    if no_return is not None:
        bans |= {(a, a ^ 1) for a in no_return.tolist() if a in known and a ^ 1 in known}
    if not bans:
        return Arcs(size, np.arange(size), tail, head, arc)

    begun = sorted({ban[:k] for ban in bans for k in range(1, len(ban))})
    state = {begin: size + k for k, begin in enumerate(begun)}
    where = {int(a): k for k, a in enumerate(arc)}
    place = np.concatenate([np.arange(size), [head[where[begin[-1]]] for begin in begun]]).astype(np.int64)
    leaving: dict[int, list[int]] = {int(v): [] for v in place[size:]}
    for k in np.flatnonzero(np.isin(tail, place[size:])).tolist():
        leaving[int(tail[k])].append(k)

    head = head.copy()
    for begin, node in state.items():  # a way begins at any junction with its first arc
        if len(begin) == 1:
            head[where[begin[0]]] = node
    more_tail, more_head, more_arc = [], [], []
    for begin, node in state.items():
        for k in leaving[int(place[node])]:
            way = (*begin, int(arc[k]))
            if any(way[-n:] in bans for n in range(2, len(way) + 1)):
                continue
            longest = next((state[way[-n:]] for n in range(len(way), 0, -1) if way[-n:] in state), None)
            more_tail.append(node)
            more_head.append(int(head[k]) if longest is None else longest)
            more_arc.append(int(arc[k]))
    arc = np.concatenate([arc, more_arc]).astype(np.int64)
    order = np.argsort(arc, kind="stable")
    return Arcs(
        nodes=size + len(begun),
        place=place,
        tail=np.concatenate([tail, more_tail]).astype(np.int64)[order],
        head=np.concatenate([head, more_head]).astype(np.int64)[order],
        arc=arc[order],
    )


def _bans(graph: RoadGraph, holds: Flags | None, open_arcs: set[int]) -> set[tuple[int, ...]]:
    """The banned arc sequences that could be driven at all."""
    turns = graph.turns
    found: set[tuple[int, ...]] = set()
    for k in range(len(turns)):
        if holds is not None and not holds[k]:
            continue
        part = slice(turns.offset[k], turns.offset[k + 1])
        way = tuple(int(a) for a in 2 * turns.edge[part] + (1 - turns.forward[part]))
        if len(way) > 1 and open_arcs.issuperset(way):
            found.add(way)
    return found


def holding(graph: RoadGraph, vehicle: Sequence[str]) -> Flags:
    """bool[K]: which bans hold for a vehicle of these words (hgv, goods, bus ...)."""
    turns, words = graph.turns, set(vehicle)
    exempt = turns.exempt or (frozenset(),) * len(turns)
    only = turns.only_for or (frozenset(),) * len(turns)
    return np.array(
        [not (words & free) and (not bound or bool(words & bound)) for free, bound in zip(exempt, only, strict=True)],
        dtype=bool,
    ).reshape(-1)
