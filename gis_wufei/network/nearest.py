"""The nearest facilities of each place, and matrices that hold only the near pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis_wufei.errors import ProblemError
from gis_wufei.network.engine import Engine
from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.engine.fan import FAR, fan_of
from gis_wufei.network.graph import Floats, Ints, runs
from gis_wufei.network.matrix import BLOCK_CELLS, NO_ROAD, OFF, ONE_WAY, REASONS, od_matrix, spots_of
from gis_wufei.network.trips import COSTS, Spots, Trips
from gis_wufei.network.weights import CEILING

Direction = Literal["to", "from"]


@dataclass(frozen=True, eq=False)
class Nearest:
    """The k nearest facilities of each of P places, the nearest first."""

    facility: Ints
    """int[P, k], position among the facilities; -1 = none."""
    duration_s: Floats
    distance_m: Floats
    """float[P, k], as in the matrix, access legs included; inf = none."""
    why: NDArray[np.int8]
    """int8[P], position in ``matrix.REASONS``: why a place has no facility at all."""

    def reason(self, place: int) -> str:
        """Why a place has no facility (one of ``REASONS``); empty where it has one."""
        return REASONS[int(self.why[place])]


def nearest(
    trips: Trips,
    places: ArrayLike,
    facilities: ArrayLike,
    k: int = 1,
    direction: Direction = "to",
    engine: Engine | None = None,
) -> Nearest:
    """The k facilities that each place reaches first, or is reached from first.

    Parameters
    ----------
    trips
        The prepared network.
    places, facilities
        Points of the snap; facilities may be places, too.
    k
        How many; fewer where there are not so many.
    direction
        ``to``: the trip runs from the place to the facility; ``from``: from the facility to the place.
    engine
        What searches where k > 1; one facility is found by a single search from all of them at once.

    Notes
    -----
    Nearest by seconds, then metres, then position of the facility. A facility at the place's very
    coordinates is 0 s and 0 m away.
    """
    where, goal = (np.asarray(some, dtype=np.int64).reshape(-1) for some in (places, facilities))
    if k < 1 or direction not in ("to", "from"):
        raise ProblemError(f"nearest: k >= 1 and a direction (to, from) are needed, not {k} and {direction}")
    found = _one(trips, where, goal, direction) if k == 1 else _several(trips, where, goal, k, direction, engine)
    return Nearest(*found, why=_why(trips, where, goal, found[0][:, 0] < 0))


def _several(
    trips: Trips, where: Ints, goal: Ints, k: int, direction: Direction, engine: Engine | None
) -> tuple[Ints, Floats, Floats]:
    size = (len(where), k)
    facility, duration, distance = np.full(size, -1), np.full(size, np.inf), np.full(size, np.inf)
    high = max(1, BLOCK_CELLS // max(len(goal), 1))
    some = min(k, len(goal))
    for begin in range(0, len(where), high):
        block = slice(begin, begin + high)
        if direction == "to":
            matrix = od_matrix(trips, where[block], goal, engine=engine)
            seconds, metres = matrix.duration_s, matrix.distance_m
        else:
            matrix = od_matrix(trips, goal, where[block], engine=engine)
            seconds, metres = matrix.duration_s.T, matrix.distance_m.T
        best = _least(seconds, metres, some)
        duration[block, :some] = np.take_along_axis(seconds, best, axis=1)
        distance[block, :some] = np.take_along_axis(metres, best, axis=1)
        facility[block, :some] = np.where(np.isfinite(duration[block, :some]), best, -1)
    return facility, duration, distance


def _least(seconds: Floats, metres: Floats, k: int) -> Ints:
    """int[rows, k]: the columns of least seconds, then metres, then position, in that order."""
    if k == 0:
        return np.zeros((len(seconds), 0), np.int64)
    kth = np.partition(seconds, k - 1, axis=1)[:, k - 1 : k]
    row, col = np.nonzero(seconds <= kth)
    order = np.lexsort((col, metres[row, col], seconds[row, col], row))
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    chosen = rank < k
    return col[order][chosen].reshape(len(seconds), k)


def _one(trips: Trips, where: Ints, goal: Ints, direction: Direction) -> tuple[Ints, Floats, Floats]:
    """One search from all facilities together, then the ends of each place are tried."""
    from gis_wufei.network.engine.grow import grow

    units = trips.weighing().units
    leaving, arriving, spots = trips.ends()
    near, far = (leaving, arriving) if direction == "to" else (arriving, leaving)
    ends, entry = far.take(goal), near.take(where)
    leg, leg_m = legs(trips)
    owner = np.repeat(np.arange(len(goal)), np.diff(ends.first))
    cost, along = entry_costs(ends, units.shift)
    fan = fan_of(trips.network, COSTS, backward=direction == "to")
    forest = grow(fan, ends.node, cost + leg[goal[owner]], along + leg_m[goal[owner]], owner)

    # Candidates of each place: by each of its entries, along its own edge, and the very same point.
    mine = np.repeat(np.arange(len(where)), np.diff(entry.first))
    here, here_m = entry_costs(entry, units.shift)
    met = forest.cost[entry.node] < FAR
    by_road = (mine[met], forest.owner[entry.node][met].astype(np.int64),
               here[met] + forest.cost[entry.node][met], here_m[met] + forest.along[entry.node][met])  # fmt: skip
    place, facility, cost, along, _ = along_edges(spots, where, goal, direction, units.shift)
    on_edge = (place, facility, cost + leg[goal[facility]], along + leg_m[goal[facility]])
    same = same_place(trips.snap.xy, where, goal)
    very = (same[0], same[1], np.full(len(same[0]), -1), np.full(len(same[0]), -1))
    place, facility, cost, along = (np.concatenate(part) for part in zip(by_road, on_edge, very, strict=True))
    order = np.lexsort((facility, along, cost, place))
    place, best = np.unique(place[order], return_index=True)
    best = order[best]
    facility, cost, along = facility[best], cost[best], along[best]

    size = (len(where), 1)
    found, seconds, metres = np.full(size, -1), np.full(size, np.inf), np.full(size, np.inf)
    found[place, 0] = facility
    here_at, there_at = where[place], goal[facility]
    access_s, access_m = trips.access_s, trips.snap.access_m
    very_same = cost < 0
    # Legs were counted in whole units to choose; they are told as they are.
    seconds[place, 0] = (cost - leg[there_at]) * units.first + access_s[here_at] + access_s[there_at]
    metres[place, 0] = (along - leg_m[there_at]) * units.second + access_m[here_at] + access_m[there_at]
    seconds[place[very_same], 0] = metres[place[very_same], 0] = 0.0
    return found, seconds, metres


def legs(trips: Trips) -> tuple[Ints, Ints]:
    """int[n] each: the straight legs in the units of both costs; 0 for points off the network."""
    units, on_road = trips.weighing().units, trips.snap.edge >= 0
    both = (trips.access_s / units.first, trips.snap.access_m / units.second)
    seconds, metres = (np.rint(np.where(on_road, leg, 0.0)).astype(np.int64) for leg in both)
    return seconds, metres


def entry_costs(ends: Ends, shift: int) -> tuple[Ints, Ints]:
    """Both costs of each entry, in units."""
    packed = ends.weight.astype(np.uint64)
    low = np.uint64((1 << shift) - 1)
    return (packed >> np.uint64(shift)).astype(np.int64), (packed & low).astype(np.int64)


def along_edges(
    spots: Spots, where: Ints, goal: Ints, direction: Direction, shift: int
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Place, facility, both costs and the edge of every way that never leaves the edge of both."""
    (row, begin), (col, end) = spots_of(spots, where), spots_of(spots, goal)
    order = np.argsort(spots.edge[end], kind="stable")
    col, end = col[order], end[order]
    low = np.searchsorted(spots.edge[end], spots.edge[begin], side="left")
    count = np.searchsorted(spots.edge[end], spots.edge[begin], side="right") - low
    which = runs(low, count)
    row, begin, col, end = np.repeat(row, count), np.repeat(begin, count), col[which], end[which]
    if direction == "from":
        begin, end = end, begin
    found = []
    for before in spots.before:
        able = (before[begin] < CEILING) & (before[end] < CEILING) & (before[end] >= before[begin])
        way = before[end][able] - before[begin][able]
        low_bits = np.uint64((1 << shift) - 1)
        cost, along = (way >> np.uint64(shift)).astype(np.int64), (way & low_bits).astype(np.int64)
        found.append((row[able], col[able], cost, along, spots.edge[begin][able]))
    place, facility, cost, along, edge = (np.concatenate(part) for part in zip(*found, strict=True))
    return place, facility, cost, along, edge


def same_place(xy: Floats, where: Ints, goal: Ints) -> tuple[Ints, Ints]:
    """Places with the coordinates of a facility, and the first such facility."""
    spot = xy[:, 0] + 1j * xy[:, 1]  # one number sorts faster than two
    known, first = np.unique(spot[goal], return_index=True)
    if not len(known):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(known, spot[where]), len(known) - 1)
    hit = np.flatnonzero(known[at] == spot[where])
    return hit, first[at[hit]]


def _why(trips: Trips, where: Ints, goal: Ints, none: NDArray[np.bool_]) -> NDArray[np.int8]:
    weak, off = trips.piece("weak"), trips.snap.edge < 0
    joined = np.isin(weak[where], weak[goal[~off[goal]]])
    why = np.where(joined, ONE_WAY, NO_ROAD)
    why = np.where(off[where] | bool(off[goal].all() and len(goal)), OFF, why)
    return np.where(none, why, 0).astype(np.int8)


@dataclass(frozen=True, eq=False)
class ODPairs:
    """The cells of a matrix that hold a trip of interest, K of them, row by row."""

    origins: Ints
    destinations: Ints
    """int[M], int[D], points of the snap."""
    row: Ints
    col: Ints
    """int[K], position among the origins and the destinations."""
    distance_m: Floats
    duration_s: Floats

    @property
    def origin(self) -> Ints:
        """int[K], point of the snap."""
        return self.origins[self.row]

    @property
    def destination(self) -> Ints:
        """int[K], point of the snap."""
        return self.destinations[self.col]


def od_pairs(
    trips: Trips,
    origins: ArrayLike | None = None,
    destinations: ArrayLike | None = None,
    limit_s: float | None = None,
    nearest_k: int | None = None,
    engine: Engine | None = None,
) -> ODPairs:
    """The matrix as a list of pairs; the whole one is never held.

    Parameters
    ----------
    trips, origins, destinations, engine
        As for ``od_matrix``.
    limit_s
        Longest trip of interest (s), access legs included.
    nearest_k
        Of each origin only so many destinations, the nearest by seconds, then metres, then position.
    """
    every = np.arange(len(trips.snap.edge))
    rows, cols = (
        every if some is None else np.asarray(some, dtype=np.int64).reshape(-1) for some in (origins, destinations)
    )
    if nearest_k is not None and nearest_k < 1:
        raise ProblemError(f"od_pairs: nearest_k must be 1 at least, not {nearest_k}")
    high = max(1, BLOCK_CELLS // max(len(cols), 1))
    found: list[tuple[Ints, Ints, Floats, Floats]] = []
    for begin in range(0, len(rows), high):
        matrix = od_matrix(trips, rows[begin : begin + high], cols, limit_s, engine=engine)
        if nearest_k is not None and nearest_k < len(cols):
            col = _least(matrix.duration_s, matrix.distance_m, nearest_k)
            row = np.repeat(np.arange(len(col)), nearest_k)
            col = col.ravel()
            able = np.isfinite(matrix.duration_s[row, col])
            row, col = row[able], col[able]
            order = np.lexsort((col, row))
            row, col = row[order], col[order]
        else:
            row, col = np.nonzero(np.isfinite(matrix.duration_s))
        found.append((row + begin, col, matrix.distance_m[row, col], matrix.duration_s[row, col]))
    if not found:
        return ODPairs(rows, cols, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
    row, col, distance, duration = (np.concatenate(part) for part in zip(*found, strict=True))
    return ODPairs(rows, cols, row, col, distance, duration)
