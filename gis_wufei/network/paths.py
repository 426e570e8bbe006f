"""The ways themselves: their lines on the map, their roads and their classes, for tens of thousands of pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from gis_wufei.network.engine import Engine, default_engine
from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.graph import Flags, Floats, Ints
from gis_wufei.network.network import Network
from gis_wufei.network.snap import AT_NODE_M
from gis_wufei.network.trips import COSTS, Spots, Trips
from gis_wufei.network.weights import CEILING, Packed


@dataclass(frozen=True, eq=False)
class Path:
    """The fastest way between two points, access legs included."""

    xy: Floats
    """float[k, 2], k >= 2, from point to point."""
    distance_m: float
    duration_s: float
    access_m: float
    """Straight legs at both ends together, part of ``distance_m``."""
    km_by_class: dict[str, float]
    """Kilometres on each class of road, without the access legs."""
    roads: tuple[str, ...]
    """Names of the roads in the order of travel, unnamed ones left out."""
    edges: Ints
    """int[s], edges of the network in the order of travel (the first and the last perhaps in part)."""
    start: Floats
    stop: Floats
    """float[s], from which share of each edge to which; start > stop = against the drawing."""


@dataclass(frozen=True, eq=False)
class Paths(Sequence["Path | None"]):
    """The ways of P pairs; the item of a pair without a way is None."""

    network: Network
    found: Flags
    """bool[P]"""
    distance_m: Floats
    duration_s: Floats
    """float[P], as in the matrix, access legs included; inf = no way."""
    access_m: Floats
    first: Ints
    """int[P + 1]: the stretches of path p are ``first[p]:first[p + 1]``."""
    edge: Ints
    start: Floats
    stop: Floats
    """Of each stretch: the edge, and from which share of it to which; start > stop = against the drawing."""
    xy: Floats
    offset: Ints
    """float[V, 2], int[P + 1]: the vertices of path p are ``xy[offset[p]:offset[p + 1]]``."""

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, pair: int) -> Path | None: ...
    @overload
    def __getitem__(self, pair: slice) -> list[Path | None]: ...
    def __getitem__(self, pair: int | slice) -> Path | list[Path | None] | None:
        if isinstance(pair, slice):
            return [self._one(p) for p in range(*pair.indices(len(self)))]
        if not -len(self) <= pair < len(self):
            raise IndexError(pair)
        return self._one(pair % len(self))

    def __iter__(self) -> Iterator[Path | None]:
        return (self._one(p) for p in range(len(self)))

    def _one(self, pair: int) -> Path | None:
        if not self.found[pair]:
            return None
        graph = self.network.graph
        part = slice(self.first[pair], self.first[pair + 1])
        edge, start, stop = self.edge[part], self.start[part], self.stop[part]
        length = np.abs(stop - start) * graph.length_m[edge]
        km = np.bincount(graph.class_code[edge], length, minlength=len(graph.classes)) / 1000
        return Path(
            xy=self.xy[self.offset[pair] : self.offset[pair + 1]],
            distance_m=float(self.distance_m[pair]),
            duration_s=float(self.duration_s[pair]),
            access_m=float(self.access_m[pair]),
            km_by_class={name: float(k) for name, k in zip(graph.classes, km, strict=True) if k},
            roads=_names(self.network, edge),
            edges=edge,
            start=start,
            stop=stop,
        )


def paths(trips: Trips, pairs: ArrayLike, costs: tuple[str, str] = COSTS, engine: Engine | None = None) -> Paths:
    """The way of each pair (origin, destination) of points; None where there is none.

    Same trips as ``od_matrix``.

    Parameters
    ----------
    trips
        The prepared network.
    pairs
        int[P, 2], points of the snap.
    costs
        What is minimised, and what decides among equals: ``duration_s``, ``distance_m`` or a name
        of ``Network.extra``.
    engine
        What searches; default: the embedded one.
    """
    from gis_wufei.network.engine.draw import stretches

    pair = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    order = np.lexsort((pair[:, 1], pair[:, 0]))
    back = np.argsort(order)
    origin, destination = pair[order].T
    sources, targets, spots = trips.ends(costs)
    begin, end = sources.take(origin), targets.take(destination)
    routes = (engine or default_engine()).routes(trips.network, costs, begin, end)
    near, leave, arrive = _same_edge(spots, origin, destination)
    stay = near <= routes.weight
    packed = np.where(stay, near, routes.weight)
    same = (trips.snap.xy[origin] == trips.snap.xy[destination]).all(axis=1)
    found = (packed < CEILING) | same

    on_way = (packed < CEILING) & ~stay & ~same
    short = (packed < CEILING) & stay & ~same
    lead = _end_piece(spots, np.where(on_way, _label(begin, routes.entry), -1), leaving=True)
    rear = _end_piece(spots, np.where(on_way, _label(end, routes.leave), -1), leaving=False)
    piece = (spots.edge[leave[short]], spots.share[leave[short]], spots.share[arrive[short]])
    for column, value in zip(lead, piece, strict=True):
        column[short] = value
    rank = np.where(on_way, np.arange(len(pair)), -1)[back]
    begins, ends = tuple(column[back] for column in lead), tuple(column[back] for column in rear)
    first, edge, start, stop = stretches(rank, routes.first, trips.network.arcs.arc[routes.arc], begins, ends)
    known = dict(zip(costs, trips.weighing(costs).units.unpack(packed[back]), strict=True))
    return drawn(trips, pair, known, found[back], same[back], first, edge, start, stop)


def _label(ends: Ends, entry: Ints) -> Ints:
    """Label of the entry that each path uses; -1 = a junction, or no way."""
    return np.append(ends.label, -1)[entry]


def _end_piece(spots: Spots, label: Ints, leaving: bool) -> tuple[Ints, Floats, Floats]:
    """The piece of its first (or last) edge that a path drives: edge or -1, and shares from which to which."""
    against = (label % 2).astype(np.float64)
    spot = np.where(label >= 0, label // 2, len(spots.edge))
    edge, share = np.append(spots.edge, -1)[spot], np.append(spots.share, 0.0)[spot]
    return (edge, share, 1.0 - against) if leaving else (edge, against, share)


def drawn(
    trips: Trips,
    pair: Ints,
    known: Mapping[str, Floats],
    found: Flags,
    same: Flags,
    first: Ints,
    edge: Ints,
    start: Floats,
    stop: Floats,
) -> Paths:
    """The ways of pairs whose stretches are known, and perhaps their costs on the road, with their lines."""
    from gis_wufei.network.engine.draw import draw

    network, snap = trips.network, trips.snap
    origin, destination = pair.T
    both = dict(known)
    for name in COSTS:  # searched for something else: add up what was not counted on the way
        if name not in both:
            there, back = network.cost(name)
            each = np.where(start < stop, there[edge], np.where(start > stop, back[edge], 0.0))
            share = np.abs(stop - start) * each
            total = np.append(0.0, np.cumsum(share))
            both[name] = total[first[1:]] - total[first[:-1]]
    access = snap.access_m[origin] + snap.access_m[destination]
    # Added in the order of the matrix, so that a path is its cell to the last digit.
    distance = np.where(same, 0.0, both["distance_m"] + snap.access_m[origin] + snap.access_m[destination])
    duration = np.where(same, 0.0, both["duration_s"] + trips.access_s[origin] + trips.access_s[destination])
    distance[~found] = duration[~found] = np.inf
    before = np.stack([snap.xy[origin], snap.foot_xy[origin]], axis=1)
    after = np.stack([snap.foot_xy[destination], snap.xy[destination]], axis=1)
    before[same, 1], after[same, 0] = before[same, 0], after[same, 1]
    before[~found] = after[~found] = 0.0
    xy, offset = draw(first, edge, start, stop, network.graph.xy, network.graph.offset, before, after, AT_NODE_M)
    return Paths(
        network=network,
        found=found,
        distance_m=distance,
        duration_s=duration,
        access_m=np.where(same, 0.0, access),
        first=first,
        edge=edge,
        start=start,
        stop=stop,
        xy=xy,
        offset=offset,
    )


def _same_edge(spots: Spots, origin: Ints, destination: Ints) -> tuple[Packed, Ints, Ints]:
    """Least packed cost of staying on one edge, and the spots it runs between; ceiling where that is no way."""
    from gis_wufei.network.matrix import spots_of

    cost = np.full(len(origin), CEILING, np.uint64)
    leave, arrive = np.full(len(origin), -1), np.full(len(origin), -1)
    (row, begin), (col, end) = spots_of(spots, origin), spots_of(spots, destination)
    size = int(spots.edge.max(initial=0)) + 1
    here, there = row * size + spots.edge[begin], col * size + spots.edge[end]
    order = np.argsort(there)
    at = np.searchsorted(there[order], here)
    hit = np.flatnonzero(at < len(order))
    hit = hit[there[order][at[hit]] == here[hit]]
    begin, end, row = begin[hit], end[order][at[hit]], row[hit]
    for before in spots.before:
        able = (before[begin] < CEILING) & (before[end] >= before[begin])
        way = np.where(able, before[end] - before[begin], np.uint64(CEILING))
        better = np.flatnonzero(way < cost[row])
        for k in better.tolist():  # few: a point has one spot, or two where a road was drawn twice
            if way[k] < cost[row[k]]:
                cost[row[k]], leave[row[k]], arrive[row[k]] = way[k], begin[k], end[k]
    return cost, leave, arrive


def _names(network: Network, edges: Ints) -> tuple[str, ...]:
    """Road names in order, repeats in a row told once."""
    roads = network.graph.roads
    if "name" not in roads:
        return ()
    names = roads["name"].iloc[network.graph.row[edges]]
    told: list[str] = []
    for name in names[names.notna() & (names != "")]:
        if not told or told[-1] != name:
            told.append(str(name))
    return tuple(told)
