"""Distances and durations between places, and the reason where there is no way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import breadth_first_order

from gis_wufei.network.graph import Floats, Ints
from gis_wufei.network.trips import TIE_S_PER_M, Progress, Trips, tree_lengths, trees

REASONS = ("", "off_network", "no_road", "one_way", "beyond_limit")
"""Why there is no trip: not at all; a point too far from any road; no road between the pieces; only
against a one-way; longer than the limit."""

OFF, NO_ROAD, ONE_WAY, BEYOND = range(1, 5)


@dataclass(frozen=True, eq=False)
class ODMatrix:
    """From each of M origins to each of D destinations along the fastest path.

    Directed: the way back has its own cell. ``distance_m`` is measured along the fastest path; both
    columns hold the straight access legs at both ends. inf = no trip, see ``reason``.
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
) -> ODMatrix:
    """Fastest trips between points of the snap.

    Parameters
    ----------
    trips
        The prepared network, ``prepare(network, snap)``.
    origins, destinations
        Positions of points in the snap; default: all.
    limit_s
        Longest trip of interest, access legs included; longer ones become inf.
    progress
        Called with (searches done, searches in all).

    Notes
    -----
    A point to itself, or to one with the same coordinates, is 0 m and 0 s. The search runs from
    the smaller of the two sides, so many villages to few plants cost few searches.
    """
    points = np.arange(len(trips.node))
    rows = points if origins is None else np.asarray(origins, dtype=np.int64).reshape(-1)
    cols = points if destinations is None else np.asarray(destinations, dtype=np.int64).reshape(-1)
    source, row_at = np.unique(trips.node[rows], return_inverse=True)
    target, col_at = np.unique(trips.node[cols], return_inverse=True)
    weight, length = _between(trips, source, target, limit_s, progress)
    cell = np.ix_(row_at, col_at)
    access_m, access_s = trips.snap.access_m, trips.access_s
    distance = length[cell] + access_m[rows, None] + access_m[None, cols]
    duration = weight[cell] - TIE_S_PER_M * length[cell] + access_s[rows, None] + access_s[None, cols]

    why = _why(trips, source, target, weight, limit_s)[cell]
    if limit_s is not None:
        why[(why == 0) & (duration > limit_s)] = BEYOND
    distance[why > 0] = duration[why > 0] = np.inf
    here, there = trips.snap.xy[rows], trips.snap.xy[cols]
    same = (here[:, None, :] == there[None, :, :]).all(axis=2)
    distance[same] = duration[same] = 0.0
    why[same] = 0
    return ODMatrix(distance, duration, why, rows, cols, access_m[rows], access_m[cols], limit_s)


def _between(
    trips: Trips, source: Ints, target: Ints, limit_s: float | None, progress: Progress | None
) -> tuple[Floats, Floats]:
    """Weight (inf = none) and length between distinct graph nodes, float[S, T]; node -1 is nowhere."""
    to_root = len(target) < len(source)
    roots, leaves = (target, source) if to_root else (source, target)
    weight, length = np.full((len(roots), len(leaves)), np.inf), np.zeros((len(roots), len(leaves)))
    real, there = np.flatnonzero(roots >= 0), np.flatnonzero(leaves >= 0)
    for block, cost, toward in trees(trips, roots[real], to_root, np.inf if limit_s is None else limit_s):
        cell = np.ix_(real[block], there)
        weight[cell] = cost[:, leaves[there]]
        length[cell] = tree_lengths(trips, toward, to_root)[:, leaves[there]]
        if progress is not None:
            progress(min(block.stop, len(real)), len(real))
    return (weight.T, length.T) if to_root else (weight, length)


def _why(trips: Trips, source: Ints, target: Ints, weight: Floats, limit_s: float | None) -> NDArray[np.int8]:
    """Reason code for each pair of distinct graph nodes, int8[S, T]."""
    why = np.where(np.isinf(weight), ONE_WAY, 0).astype(np.int8)
    # Node -1 is nowhere: it reads the last label, which stands for no part at all.
    weak, strong = np.append(trips.weak, -1), np.append(trips.strong, -1)
    if limit_s is not None:
        # The search stopped at the limit, so whether a way exists must be asked without it.
        near = strong[source][:, None] == strong[target][None, :]
        why[(why == ONE_WAY) & near] = BEYOND
        for s in np.flatnonzero((why == ONE_WAY).any(axis=1) & (source >= 0)):
            reached = np.zeros(trips.size + 1, dtype=bool)
            reached[breadth_first_order(trips.graph, source[s], return_predecessors=False)] = True
            why[s, (why[s] == ONE_WAY) & reached[target]] = BEYOND
    why[weak[source][:, None] != weak[target][None, :]] = NO_ROAD
    why[source < 0] = OFF
    why[:, target < 0] = OFF
    return why
