"""The network made ready for a set of points: where each enters and leaves it, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, cast

import numpy as np

from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph, runs
from gis_wufei.network.network import DISTANCE, DURATION, Network
from gis_wufei.network.snap import Snap
from gis_wufei.network.weights import CEILING, Packed, Weighing

Kerb = Literal["either", "right", "left"]

COSTS = (DURATION, DISTANCE)
"""What is minimised and what is counted along, unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Spots:
    """Where points stand inside edges, K of them; a road drawn twice gives a point two spots."""

    point: Ints
    edge: Ints
    share: Floats
    """float[K], place on the edge, above 0 and below 1."""
    before: tuple[Packed, Packed]
    behind: tuple[Packed, Packed]
    """uint64[K] each, as drawn and against: packed cost from the edge's begin, and to its end."""


@dataclass(frozen=True, eq=False)
class Trips:
    """A network and n points snapped to it. The edges stay whole: a point is a place on one."""

    network: Network
    snap: Snap
    kerb: Kerb = "either"
    made: dict[object, object] = field(default_factory=dict, repr=False, init=False)
    """Memory: the ends of the points for each pair of costs."""

    @property
    def access_s(self) -> Floats:
        """float[n], time on the straight line between each point and its road."""
        return self.snap.access_m * self.network.profile.access_s_per_m

    def weighing(self, costs: tuple[str, str] = COSTS) -> Weighing:
        """The packed costs of the network."""
        return self.network.weighing(*costs)

    def ends(self, costs: tuple[str, str] = COSTS) -> tuple[Ends, Ends, Spots]:
        """Where the points enter the graph, where they leave it, and where they stand inside edges."""
        key = ("ends", *costs)
        if key not in self.made:
            self.made[key] = _ends(self.network, self.snap, self.weighing(costs), self.kerb)
        return cast(tuple[Ends, Ends, Spots], self.made[key])

    def piece(self, label: str) -> Ints:
        """int[n], piece of the network (``weak``) or part with ways back (``strong``) of each point; -1 = off."""
        labels: Ints = getattr(self.network, label)
        edge = self.snap.edge
        found = np.full(len(edge), -1)
        found[edge >= 0] = labels[self.network.graph.tail[edge[edge >= 0]]]
        inside = (edge >= 0) & (self.snap.fraction > 0) & (self.snap.fraction < 1)
        stuck = np.flatnonzero(inside & ~self.network.open[np.where(inside, edge, 0)]) if inside.any() else edge[:0]
        found[stuck] = -2 - np.arange(len(stuck))  # on a road out of use: a piece of its own
        return found


def prepare(network: Network, snap: Snap, kerb: Kerb = "either") -> Trips:
    """Points on their roads, ready for matrices, paths and areas alike.

    With ``kerb`` a vehicle stops only where the point lies on that side of it, and goes on the way it
    came: no crossing on foot, no turn in front of the house. On a road that is open one way only, and at
    a junction, either side will do.
    """
    return Trips(network, snap, kerb)


def _ends(network: Network, snap: Snap, weighing: Weighing, kerb: Kerb) -> tuple[Ends, Ends, Spots]:
    graph, arcs = network.graph, network.arcs
    count = len(snap.edge)
    place = np.full(count, -1)
    place[snap.fraction == 0] = graph.tail[snap.edge[snap.fraction == 0]]
    place[snap.fraction == 1] = graph.head[snap.edge[snap.fraction == 1]]
    at_node = np.flatnonzero(place >= 0)
    inside = np.flatnonzero((snap.edge >= 0) & (place < 0))
    spots = _at_kerb(graph, snap, _spots(network, inside, snap.edge[inside], snap.fraction[inside], weighing), kerb)

    # A junction is left from, whatever one came by; it is reached in any of its states.
    into, into_node = [at_node], [place[at_node]]
    states = arcs.states
    if states:
        for point in at_node:
            more = states.get(int(place[point]), [])
            into.append(np.full(len(more), point))
            into_node.append(np.array(more, dtype=np.int64))
    nothing = np.zeros(len(at_node), np.uint64)
    out_of: list[tuple[Ints, Ints, Packed, Ints]] = [(at_node, place[at_node], nothing, np.full(len(at_node), -1))]
    there = np.concatenate(into)
    into_of = [(there, np.concatenate(into_node), np.zeros(len(there), np.uint64), np.full(len(there), -1))]
    for against in (0, 1):
        arc = 2 * spots.edge + against
        begin, end = _span(arcs.first, arc)
        able = (end > begin) & (spots.before[against] < CEILING)
        label = 2 * np.flatnonzero(able) + against
        # The first copy of an arc is that of the plain junction.
        out_of.append((spots.point[able], arcs.head[begin[able]], spots.behind[against][able], label))
        copies = (end - begin)[able]
        which = runs(begin[able], copies)
        cost = np.repeat(spots.before[against][able], copies)
        into_of.append((np.repeat(spots.point[able], copies), arcs.tail[which], cost, np.repeat(label, copies)))
    return _gather(count, out_of), _gather(count, into_of), spots


def _span(first: Ints, arc: Ints) -> tuple[Ints, Ints]:
    """Begin and end of the copies of each arc id; ids beyond the last have none."""
    top = len(first) - 2
    known = arc <= top
    low = np.where(known, arc, 0)
    return np.where(known, first[low], 0), np.where(known, first[np.minimum(low + 1, top + 1)], 0)


def _spots(network: Network, point: Ints, edge: Ints, share: Floats, weighing: Weighing) -> Spots:
    """The spots of points inside edges, on the edge itself and on all that lie on it."""
    graph = network.graph
    group = graph.twins[edge]
    twin = np.flatnonzero(group >= 0)
    if len(twin):
        members = np.flatnonzero(graph.twins >= 0)
        members = members[np.argsort(graph.twins[members], kind="stable")]
        begin = np.searchsorted(graph.twins[members], group[twin], side="left")
        copies = np.searchsorted(graph.twins[members], group[twin], side="right") - begin
        owner = np.repeat(twin, copies)
        lies = members[runs(begin, copies)]
        turned = graph.tail[lies] != graph.tail[edge[owner]]
        single: Flags = group < 0
        point = np.concatenate([point[single], point[owner]])
        share = np.concatenate([share[single], np.where(turned, 1.0 - share[owner], share[owner])])
        edge = np.concatenate([edge[single], lies])
    ahead, against = weighing.part(edge, share, False), weighing.part(edge, 1.0 - share, True)
    return Spots(point, edge, share, (ahead[0], against[0]), (ahead[1], against[1]))


def _at_kerb(graph: RoadGraph, snap: Snap, spots: Spots, kerb: Kerb) -> Spots:
    """Close the way of travel in which the point lies on the wrong side, where the other way is open."""
    if kerb == "either":
        return spots
    turned = graph.tail[spots.edge] != graph.tail[snap.edge[spots.point]]  # a copy drawn the other way
    side = np.where(turned & (spots.edge != snap.edge[spots.point]), -1, 1) * snap.side[spots.point]
    wrong = (side < 0, side > 0) if kerb == "right" else (side > 0, side < 0)
    open_way = [before < CEILING for before in spots.before]
    # Of a road drawn once for each way the point has a spot on both; one of them is on its side.
    ways = [np.bincount(spots.point, o & ~w, minlength=len(snap.edge)) for o, w in zip(open_way, wrong, strict=True)]
    shut = [w & ((ways[0] + ways[1])[spots.point] > 0) for w in wrong]
    closed = np.uint64(CEILING)
    (ahead, against), (after, afore) = spots.before, spots.behind
    before = (np.where(shut[0], closed, ahead), np.where(shut[1], closed, against))
    behind = (np.where(shut[0], closed, after), np.where(shut[1], closed, afore))
    return replace(spots, before=before, behind=behind)


def _gather(count: int, entries: list[tuple[Ints, Ints, Packed, Ints]]) -> Ends:
    point, node, cost, label = (np.concatenate(column) for column in zip(*entries, strict=True))
    order = np.argsort(point, kind="stable")
    first = np.searchsorted(point[order], np.arange(count + 1)).astype(np.int64)
    return Ends(first, node[order], cost[order], label[order])
