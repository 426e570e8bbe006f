"""Turn restrictions of OpenStreetMap as bans on arcs of the road graph, and why some could not be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise, product

import numpy as np

from gis_wufei.network.graph import Ints, RoadGraph, TurnBans
from gis_wufei.network.osm_ways import RESTRICTION, Restriction, Ways

KIND = re.compile(r"^(no|only)_(left_turn|right_turn|straight_on|u_turn|entry|exit)$")
HOURS = ("day_on", "day_off", "hour_on", "hour_off")
"""The old way to say when a restriction holds."""

Arc = tuple[int, bool]
"""An edge, and whether it is driven as it was drawn."""
Trip = tuple[Arc, ...]


class _LostError(Exception):
    """A restriction that cannot be resolved; its text is the cause."""


def turn_bans(
    graph: RoadGraph,
    ways: Ways,
    ids: Ints,
    vertex: Ints,
    part: Ints,
    way_of_part: Ints,
    same: Mapping[int, int],
) -> tuple[TurnBans, dict[str, int]]:
    """The restrictions of an extract in terms of a graph that was assembled of its ways.

    A way is cut into several edges: what is meant is the edge at the via node. ``only_`` restrictions
    become bans of all other ways on, the way back included; with via ways they hold at every
    junction from the end of the ``from`` way to the beginning of the ``to`` way.

    Parameters
    ----------
    graph
        Made by ``assemble`` of the next three.
    ways
        Holds the restrictions.
    ids
        int[V]: id of the node with each vertex number.
    vertex, part
        int[P]: vertex number and line, as they went into ``assemble``.
    way_of_part
        int[L]: OpenStreetMap's id of each line.
    same
        Nodes that are one with another at the same place: their ids, and the id in use.

    Returns
    -------
    TurnBans, dict
        The bans, and restrictions left out by cause: ``restriction_conditional`` (holds at hours
        or weights only), ``restriction_unknown`` (no such kind), ``restriction_members`` (a part is
        missing, outside the extract or no road), ``restriction_apart`` (its parts do not meet),
        ``restriction_ambiguous`` (two readings), ``restriction_void`` (the signs forbid it anyway).
    """
    told, lost = _Told(), Counter[str]()
    if ways.restrictions:
        streets = _Streets(
            graph, *_ends(graph, ids[vertex], vertex, part, way_of_part), _named(ways.restrictions), same
        )
        for restriction in ways.restrictions:
            _read(restriction, streets, told, lost)
    return told.bans(), {f"{RESTRICTION}_{cause}": count for cause, count in sorted(lost.items())}


@dataclass
class _Told:
    """The bans as they are found."""

    trips: list[Trip] = field(default_factory=list)
    exempt: list[frozenset[str]] = field(default_factory=list)
    only_for: list[frozenset[str]] = field(default_factory=list)
    source: list[str] = field(default_factory=list)

    def bans(self) -> TurnBans:
        arcs = [arc for trip in self.trips for arc in trip]
        return TurnBans(
            offset=np.concatenate([[0], np.cumsum([len(trip) for trip in self.trips])]).astype(np.int64),
            edge=np.array([edge for edge, _ in arcs], np.int64),
            forward=np.array([forward for _, forward in arcs], bool),
            exempt=tuple(self.exempt),
            only_for=tuple(self.only_for),
            source=tuple(self.source),
        )


def _read(restriction: Restriction, streets: _Streets, told: _Told, lost: Counter[str]) -> None:
    tags = restriction.tags
    exempt = frozenset(word.strip() for word in tags.get("except", "").split(";") if word.strip())
    for key in sorted(key for key in tags if key == RESTRICTION or key.startswith(f"{RESTRICTION}:")):
        vehicle = key.removeprefix(RESTRICTION).removeprefix(":") or tags["type"].removeprefix(RESTRICTION).lstrip(":")
        kind = KIND.match(tags[key])
        if vehicle.endswith("conditional") or any(hour in tags for hour in HOURS):
            lost["conditional"] += 1
            continue
        if kind is None:
            lost["unknown"] += 1
            continue
        try:
            trips = _trips(restriction, kind[1] == "only", kind[2] == "u_turn", streets)
        except _LostError as cause:
            lost[str(cause)] += 1
            continue
        for trip in trips:
            told.trips.append(trip)
            told.exempt.append(exempt)
            told.only_for.append(frozenset({vehicle} if vehicle else ()))
            told.source.append(f"relation {restriction.relation}")


def _trips(restriction: Restriction, only: bool, u_turn: bool, streets: _Streets) -> list[Trip]:
    """The banned sequences of arcs."""
    members = restriction.members
    come = [at for role, kind, at in members if role == "from" and kind == "w"]
    go = [at for role, kind, at in members if role == "to" and kind == "w"]
    via = [(kind, at) for role, kind, at in members if role == "via"]
    by_node = len(via) == 1 and via[0][0] == "n"
    by_ways = bool(via) and all(kind == "w" for kind, _ in via)
    if not come or not go or not (by_node or by_ways) or (only and (len(come) > 1 or len(go) > 1)):
        raise _LostError("members")
    if not all(at in streets.pieces for at in [*come, *go, *(at for kind, at in via if kind == "w")]):
        raise _LostError("members")
    found: list[Trip] = []
    for first, last in product(come, go):
        if by_node:
            node = streets.same.get(via[0][1], via[0][1])
            if u_turn and not only and first == last:
                found += [(arc, (arc[0], not arc[1])) for arc in streets.into(first, node)]
                continue
            trips: list[Trip] = [(a, b) for a in streets.into(first, node) for b in streets.out_of(last, node)]
        else:
            trips = streets.through(first, [at for _, at in via], last)
        if len(trips) > 1:
            raise _LostError("ambiguous")
        found += trips
    found = [trip for trip in found if streets.may(trip)] if not only else found
    if not found:
        raise _LostError("void")
    return list(streets.others(found[0])) if only else found


@dataclass(frozen=True, eq=False)
class _Streets:
    """The edges of the ways that restrictions name, by OpenStreetMap's ids."""

    graph: RoadGraph
    way: Ints
    tail: Ints
    head: Ints
    """int[E]: id of the way of each edge and of the nodes at its ends."""
    named: Ints
    same: Mapping[int, int]

    @cached_property
    def pieces(self) -> dict[int, list[int]]:
        """Edges of each way, in the order of its drawing."""
        found: dict[int, list[int]] = {}
        for edge in np.flatnonzero(np.isin(self.way, self.named)):
            found.setdefault(int(self.way[edge]), []).append(int(edge))
        return found

    @cached_property
    def _leaving(self) -> tuple[Ints, Ints]:
        """Arcs (2 edge + way) in the order of the nodes that they leave, and where each node's begin."""
        graph = self.graph
        start = np.stack([graph.tail, graph.head], axis=1).ravel()
        return np.argsort(start, kind="stable"), np.searchsorted(np.sort(start), np.arange(len(graph.node_xy) + 1))

    def may(self, trip: Sequence[Arc]) -> bool:
        """Whether the signs let one drive all these arcs."""
        return all(bool(self.graph.forward[e] if forward else self.graph.backward[e]) for e, forward in trip)

    def into(self, way: int, node: int) -> list[Arc]:
        """Arcs of a way that arrive at a node."""
        return self._at(way, node, arriving=True)

    def out_of(self, way: int, node: int) -> list[Arc]:
        """Arcs of a way that leave a node."""
        return self._at(way, node, arriving=False)

    def _at(self, way: int, node: int, arriving: bool) -> list[Arc]:
        there = [(e, True) for e in self.pieces[way] if (self.head if arriving else self.tail)[e] == node]
        there += [(e, False) for e in self.pieces[way] if (self.tail if arriving else self.head)[e] == node]
        if not there:
            raise _LostError("apart")
        open_arcs = [arc for arc in there if self.may([arc])]
        if not open_arcs:
            raise _LostError("void")
        return open_arcs

    def through(self, first: int, via: list[int], last: int) -> list[Trip]:
        """Every way from one way to another along whole ways between them."""
        found: list[Trip] = []
        for order in {tuple(via), tuple(reversed(via))}:
            for node in self._ends_of(order[0]):
                middle = self._along(order, node)
                if middle is None or not self._touches(first, node) or not self._touches(last, middle[1]):
                    continue
                come, go = self.into(first, node), self.out_of(last, middle[1])
                found += [(a, *middle[0], b) for a in come for b in go]
        if not found:
            raise _LostError("apart")
        return [trip for trip in found if self.may(trip)]

    def _touches(self, way: int, node: int) -> bool:
        return any(node in (self.tail[e], self.head[e]) for e in self.pieces[way])

    def _ends_of(self, way: int) -> list[int]:
        edges = self.pieces[way]
        return sorted({int(self.tail[edges[0]]), int(self.head[edges[-1]])})

    def _along(self, order: Sequence[int], node: int) -> tuple[list[Arc], int] | None:
        """Arcs along whole ways from a node, and the node where they end."""
        arcs: list[Arc] = []
        for way in order:
            edges = self.pieces[way]
            if any(self.head[a] != self.tail[b] for a, b in pairwise(edges)):
                return None
            if node == self.tail[edges[0]]:
                arcs += [(e, True) for e in edges]
                node = int(self.head[edges[-1]])
            elif node == self.head[edges[-1]]:
                arcs += [(e, False) for e in reversed(edges)]
                node = int(self.tail[edges[0]])
            else:
                return None
        return arcs, node

    def others(self, trip: Trip) -> Iterator[Trip]:
        """Every way to leave a trip before its end."""
        graph = self.graph
        order, first = self._leaving
        for at in range(len(trip) - 1):
            edge, forward = trip[at]
            node = int((graph.head if forward else graph.tail)[edge])
            for arc in order[first[node] : first[node + 1]]:
                other = (int(arc) // 2, int(arc) % 2 == 0)
                if other != trip[at + 1] and self.may([other]):
                    yield (*trip[: at + 1], other)


def _named(restrictions: Sequence[Restriction]) -> Ints:
    ids = {at for restriction in restrictions for _, kind, at in restriction.members if kind == "w"}
    return np.array(sorted(ids), np.int64)


def _ends(graph: RoadGraph, node: Ints, vertex: Ints, part: Ints, way_of_part: Ints) -> tuple[Ints, Ints, Ints]:
    """Of each edge: id of its way, and of the nodes at its tail and head."""
    # As in `assemble`: a vertex drawn twice in a row is one, a line of one vertex is none.
    moved = (np.diff(vertex, prepend=-1) != 0) | (np.diff(part, prepend=-1) != 0)
    node, part = node[moved], part[moved]
    steps = np.bincount(part, minlength=len(way_of_part)) - 1
    long = steps[part] > 0
    node, lines, steps = node[long], np.flatnonzero(steps > 0), steps[steps > 0]
    # Edges follow each other along the lines: an edge begins as many steps in as those before it had.
    size = np.diff(graph.offset) - 1
    before = np.cumsum(size) - size
    line = np.searchsorted(np.cumsum(steps), before, side="right")
    start = before + line
    return way_of_part[lines[line]], node[start], node[start + size]
