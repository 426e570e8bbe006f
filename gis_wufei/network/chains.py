"""Ways found arc by arc, outside the engine, made into paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from gis_wufei.network.engine.fan import Fan
from gis_wufei.network.graph import Floats, Ints
from gis_wufei.network.paths import Path, drawn
from gis_wufei.network.trips import COSTS, Spots, Trips
from gis_wufei.network.weights import CEILING

Stretches = tuple[Ints, Floats, Floats]
"""Edge, and from which share of it to which, of each stretch in the order of travel."""


@dataclass(frozen=True)
class Chain:
    """A way from an entry of the origin over arcs to an entry of the destination."""

    begin: int
    """Label of the entry: twice the spot plus the way of travel; -1 = a junction."""
    arcs: tuple[int, ...]
    """Positions among the arcs of the network."""
    end: int


def stretches(trips: Trips, chain: Chain, spots: Spots) -> Stretches:
    """The pieces of edges that a chain drives; empty where it stays at one junction."""
    arc = trips.network.arcs.arc[np.array(chain.arcs, dtype=np.int64)]
    against = (arc % 2).astype(np.float64)
    edge, start, stop = arc // 2, against, 1.0 - against
    if chain.begin >= 0:
        spot, turned = divmod(chain.begin, 2)
        edge, start = np.append(spots.edge[spot], edge), np.append(spots.share[spot], start)
        stop = np.append(1.0 - turned, stop)
    if chain.end >= 0:
        spot, turned = divmod(chain.end, 2)
        edge, start = np.append(edge, spots.edge[spot]), np.append(start, float(turned))
        stop = np.append(stop, spots.share[spot])
    return edge, start, stop


def edge_cost(trips: Trips, name: str) -> tuple[Floats, Floats]:
    """``Network.cost``, asked for once and not for every way."""
    key = ("cost", name)
    if key not in trips.network.made:
        trips.network.made[key] = trips.network.cost(name)
    return cast(tuple[Floats, Floats], trips.network.made[key])


def cost_of(trips: Trips, way: Stretches, name: str) -> float:
    """One cost of a way on the road."""
    edge, start, stop = way
    there, back = edge_cost(trips, name)
    each = np.where(start < stop, there[edge], np.where(start > stop, back[edge], 0.0))  # 0 on no way at all
    return float((np.abs(stop - start) * each).sum())


def as_paths(trips: Trips, pair: tuple[int, int], ways: Sequence[Stretches]) -> list[Path]:
    """The ways of one pair as paths, with their lines, seconds and metres."""
    size = len(ways)
    pairs = np.tile(np.array(pair, dtype=np.int64), (size, 1))
    first = np.concatenate([[0], np.cumsum([len(way[0]) for way in ways])]).astype(np.int64)
    if size:
        edge, start, stop = (np.concatenate(part) for part in zip(*ways, strict=True))
    else:
        edge, start, stop = np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
    xy = trips.snap.xy
    same = np.full(size, bool((xy[pair[0]] == xy[pair[1]]).all()))
    known = {name: np.array([cost_of(trips, way, name) for way in ways]) for name in COSTS}
    found = drawn(trips, pairs, known, np.ones(size, bool), same, first, edge, start, stop)
    return [path for path in found if path is not None]


def root_way(fan: Fan, by: NDArray[np.signedinteger], node: int) -> tuple[int, list[int], list[int]]:
    """How a forest reaches a node: the entry, and the slots and nodes from the entry's node on."""
    slots: list[int] = []
    nodes = [node]
    origin = fan.origin
    slot = int(by[node])
    while slot >= 0:
        slots.append(slot)
        node = int(origin[slot])
        nodes.append(node)
        slot = int(by[node])
    return -2 - slot, slots[::-1], nodes[::-1]


def along_one_edge(spots: Spots, origin: int, destination: int) -> list[Stretches]:
    """The ways between two points that never leave an edge."""
    begin, end = np.flatnonzero(spots.point == origin), np.flatnonzero(spots.point == destination)
    found: list[Stretches] = []
    for s in begin:
        for t in end[spots.edge[end] == spots.edge[s]]:
            here, there = float(spots.share[s]), float(spots.share[t])
            able = [bool(before[s] < CEILING and before[t] < CEILING) for before in spots.before]
            if (able[0] and here <= there) or (able[1] and here >= there):
                found.append((spots.edge[[s]], np.array([here]), np.array([there])))
    return found
