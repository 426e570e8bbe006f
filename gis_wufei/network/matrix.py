"""Distances and durations between places, and the reason where there is no way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis_wufei.network.engine import Engine, default_engine
from gis_wufei.network.graph import Floats, Ints, runs
from gis_wufei.network.network import DISTANCE, DURATION
from gis_wufei.network.trips import COSTS, Spots, Trips
from gis_wufei.network.weights import CEILING, Packed

REASONS = ("", "off_network", "no_road", "one_way", "beyond_limit")
"""Why there is no trip: not at all; a point too far from any road; no road between the pieces; only
against a one-way or a banned turn; longer than the limit."""

OFF, NO_ROAD, ONE_WAY, BEYOND = range(1, 5)

BLOCK_CELLS = 2_000_000
"""Cells (origins x destinations) computed at once; bounds the memory beside the result to about 100 MB."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class ODMatrix:
    """From each of M origins to each of D destinations along the fastest path.

    Directed: the way back has its own cell. ``distance_m`` is measured along the fastest path, of
    equally fast ones the shortest; both columns hold the straight access legs at both ends. inf = no
    trip, see ``reason``. Durations and distances are sums of whole units (``distance_unit_m``; see
    ``weights.Units``: some billionth of the longest way), plus the access legs.
    """

    distance_m: Floats
    duration_s: Floats
    why: NDArray[np.int8]
    """int8[M, D], position in ``REASONS``."""
    origins: Ints
    destinations: Ints
    """int[M], int[D], the points of the snap."""
    origin_access_m: Floats
    destination_access_m: Floats
    """float[M], float[D], straight distance to the nearest road, also of points that are off it."""
    limit_s: float | None
    distance_unit_m: float = 0.0
    along: Mapping[str, Floats] = field(default_factory=dict)
    """float[M, D] of each further cost that was asked for, on the road alone, along the same least paths."""

    def reason(self, origin: int, destination: int) -> str:
        """Code of why the cell is inf (one of ``REASONS``); empty where there is a trip."""
        return REASONS[int(self.why[origin, destination])]

    def reasons(self) -> dict[str, int]:
        """How many cells lack a trip, by reason."""
        counts = np.bincount(self.why.ravel(), minlength=len(REASONS))
        return {name: int(n) for name, n in zip(REASONS[1:], counts[1:], strict=True) if n}


def od_matrix(
    trips: Trips,
    origins: ArrayLike | None = None,
    destinations: ArrayLike | None = None,
    limit_s: float | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
    minimise: str = DURATION,
    along: Sequence[str] = (),
) -> ODMatrix:
    """Fastest trips between points of the snap, or cheapest, or least exposed.

    Parameters
    ----------
    trips
        The prepared network, ``prepare(network, snap)``.
    origins, destinations
        Positions of points in the snap; default: all.
    limit_s
        Longest trip of interest, access legs included; longer ones become inf.
    progress
        Called with (origins done, origins in all).
    engine
        What searches; default: the embedded one.
    minimise
        What the way has least of: ``duration_s``, ``distance_m`` or a name of ``Network.extra``.
    along
        Names of ``Network.extra`` to add up along the way.

    Notes
    -----
    A point to itself, or to one with the same coordinates, is 0 m and 0 s. Of ways that have equally
    little of what is minimised, each cost is told for the one that has least of it.
    """
    rows, cols = _chosen(trips, origins), _chosen(trips, destinations)
    wanted = (DURATION, DISTANCE, *along, *(() if minimise in COSTS or minimise in along else (minimise,)))
    found = {name: np.empty((len(rows), len(cols))) for name in wanted}
    why = np.zeros((len(rows), len(cols)), np.int8)
    # One search tells what is minimised and one cost more; each further cost takes another.
    others = [name for name in wanted if name != minimise]
    for nth, other in enumerate(others):
        unit = trips.weighing((minimise, other)).units
        for block, packed in blocks(trips, rows, cols, (minimise, other), engine, progress if nth == 0 else None):
            found[minimise][block], found[other][block] = unit.unpack(packed)
    distance, duration = found.pop(DISTANCE), found.pop(DURATION)
    for begin in range(0, len(rows), max(1, BLOCK_CELLS // max(len(cols), 1))):
        block = slice(begin, begin + max(1, BLOCK_CELLS // max(len(cols), 1)))
        _finish(trips, rows[block], cols, limit_s, distance[block], duration[block], why[block])
    for more in found.values():
        more[why > 0] = np.inf
        more[(why == 0) & (duration == 0) & (distance == 0)] = 0.0
    access = trips.snap.access_m
    costs = (minimise, DISTANCE) if minimise != DISTANCE else (DISTANCE, DURATION)
    told = trips.weighing(costs).units
    metres = told.first if minimise == DISTANCE else told.second
    return ODMatrix(distance, duration, why, rows, cols, access[rows], access[cols], limit_s, metres, found)


def _chosen(trips: Trips, points: ArrayLike | None) -> Ints:
    every = np.arange(len(trips.snap.edge))
    return every if points is None else np.asarray(points, dtype=np.int64).reshape(-1)


def blocks(
    trips: Trips,
    rows: Ints,
    cols: Ints,
    costs: tuple[str, str],
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[slice, Packed]]:
    """Packed least costs on the road, without access legs, a block of origins at a time."""
    engine = engine or default_engine()
    sources, targets, spots = trips.ends(costs)
    high = max(1, BLOCK_CELLS // max(len(cols), 1))
    if len(rows) > len(cols):  # searched from the destinations, and for all origins at once it is cheapest
        high = max(high, min(len(rows), 16 * high))
    ends = targets.take(cols)
    for begin in range(0, len(rows), high):
        block = slice(begin, min(begin + high, len(rows)))
        out = np.empty((block.stop - begin, len(cols)), np.uint64)
        engine.table(trips.network, costs, sources.take(rows[block]), ends, out)
        _same_edge(spots, rows[block], cols, out)
        yield block, out
        if progress is not None:
            progress(block.stop, len(rows))


def _same_edge(spots: Spots, rows: Ints, cols: Ints, out: Packed) -> None:
    """Trips that never leave the edge on which they begin."""
    from gis_wufei.network.engine.along import along

    row, col = spots_of(spots, rows), spots_of(spots, cols)
    if not np.isin(spots.edge[row[1]], spots.edge[col[1]]).any():
        return
    for before in spots.before:
        there, here = before[row[1]] < CEILING, before[col[1]] < CEILING
        along(
            row[0][there], spots.edge[row[1]][there], before[row[1]][there],
            col[0][here], spots.edge[col[1]][here], before[col[1]][here], out,
        )  # fmt: skip


def spots_of(spots: Spots, points: Ints) -> tuple[Ints, Ints]:
    """Position among the points, and the spot, of every spot of every chosen point."""
    order = np.argsort(spots.point, kind="stable")
    begin = np.searchsorted(spots.point[order], points, side="left")
    count = np.searchsorted(spots.point[order], points, side="right") - begin
    return np.repeat(np.arange(len(points)), count), order[runs(begin, count)]


def _finish(
    trips: Trips,
    rows: Ints,
    cols: Ints,
    limit_s: float | None,
    distance: Floats,
    duration: Floats,
    why: NDArray[np.int8],
) -> None:
    """Add the access legs, tell why a cell has no trip, and cut at the limit; in place."""
    access_m, access_s = trips.snap.access_m, trips.access_s
    none = np.isinf(duration)
    if none.any():
        weak = trips.piece("weak")
        why[none] = ONE_WAY
        why[none & (weak[rows][:, None] != weak[cols][None, :])] = NO_ROAD
    distance += access_m[rows, None]
    distance += access_m[None, cols]
    duration += access_s[rows, None]
    duration += access_s[None, cols]
    if limit_s is not None:
        why[(why == 0) & (duration > limit_s)] = BEYOND
    off = trips.snap.edge < 0
    why[off[rows]] = OFF
    why[:, off[cols]] = OFF
    shut = why > 0
    distance[shut] = duration[shut] = np.inf
    place = trips.snap.place
    same = np.flatnonzero(np.isin(place[rows], place[cols]))
    if len(same):
        row, col = np.nonzero(place[rows[same]][:, None] == place[cols][None, :])
        distance[same[row], col] = duration[same[row], col] = 0.0
        why[same[row], col] = 0
