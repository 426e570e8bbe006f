"""The nearest place on the nearest of many lines: segments in square cells, searched ring by ring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_wufei.network.graph import Floats, Ints


@dataclass(frozen=True, eq=False)
class SegmentGrid:
    """Segments of polylines by the cells that their boxes touch."""

    origin: Floats
    """float[2], lower left corner of the first cell."""
    cell_m: float
    shape: tuple[int, int]
    """Columns and rows."""
    first: Ints
    """int[columns * rows + 1]"""
    segment: NDArray[np.int32]
    """Vertex at which each segment begins, cell by cell."""


def build(xy: Floats, offset: Ints) -> SegmentGrid:
    """A grid with about one segment a cell.

    Parameters
    ----------
    xy, offset
        Polylines: line e has the vertices ``xy[offset[e]:offset[e + 1]]``.
    """
    begins = np.ones(len(xy), dtype=bool)
    begins[offset[1:] - 1] = False
    segment = np.flatnonzero(begins).astype(np.int32)
    if not len(segment):
        return SegmentGrid(np.zeros(2), 1.0, (1, 1), np.zeros(2, np.int64), segment)
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = np.maximum(high - low, 1.0)
    longest = np.abs(xy[segment + 1] - xy[segment]).max(axis=1)
    # Small enough for few segments a cell, and no smaller than a usual segment, which would lie in many.
    cell = max(float(np.sqrt(span[0] * span[1] / len(segment))), float(np.median(longest)), float(span.max()) / 4000)
    columns, rows = (int(n) for n in np.floor(span / cell) + 1)
    first, filled = _fill(xy, segment, low, cell, columns, rows)
    return SegmentGrid(low, cell, (columns, rows), first, filled)


def nearest(grid: SegmentGrid, xy: Floats, points: Floats, allowed: NDArray[np.bool_]) -> tuple[Ints, Floats, Floats]:
    """Nearest allowed segment of each point.

    Parameters
    ----------
    points
        float[n, 2]
    allowed
        bool[P], by the vertex at which a segment begins.

    Returns
    -------
    int[n], the vertex at which the segment begins (-1 = none is allowed; of equally near ones the
    lowest); float[n], distance; float[n], place on the segment, 0 to 1.
    """
    found: tuple[Ints, Floats, Floats] = _nearest(
        xy, points, grid.origin, grid.cell_m, grid.shape[0], grid.shape[1], grid.first, grid.segment, allowed
    )
    return found


@njit(cache=True)
def _fill(xy, segment, low, cell, columns, rows):  # type: ignore[no-untyped-def]
    first = np.zeros(columns * rows + 1, np.int64)
    for turn in range(2):
        if turn == 1:
            for c in range(columns * rows):
                first[c + 1] += first[c]
            filled = np.empty(first[columns * rows], np.int32)
            at = first[:-1].copy()
        else:
            filled = np.empty(0, np.int32)
            at = first
        for k in range(len(segment)):
            v = segment[k]
            c0 = int((min(xy[v, 0], xy[v + 1, 0]) - low[0]) / cell)
            c1 = int((max(xy[v, 0], xy[v + 1, 0]) - low[0]) / cell)
            r0 = int((min(xy[v, 1], xy[v + 1, 1]) - low[1]) / cell)
            r1 = int((max(xy[v, 1], xy[v + 1, 1]) - low[1]) / cell)
            for r in range(r0, r1 + 1):
                for c in range(c0, c1 + 1):
                    if c1 > c0 and r1 > r0 and not _touches(xy, v, low[0] + c * cell, low[1] + r * cell, cell):
                        continue
                    if turn == 0:
                        first[r * columns + c + 1] += 1
                    else:
                        filled[at[r * columns + c]] = v
                        at[r * columns + c] += 1
    return first, filled


@njit(inline="always")
def _touches(xy, v, x, y, cell):  # type: ignore[no-untyped-def]
    """Whether the line through a segment passes a cell that its box touches: corners on both sides of it.

    A cell a hair too many costs nothing, one too few would lose a road; so the test leaves a margin.
    """
    dx = xy[v + 1, 0] - xy[v, 0]
    dy = xy[v + 1, 1] - xy[v, 1]
    mid = dx * (y + 0.5 * cell - xy[v, 1]) - dy * (x + 0.5 * cell - xy[v, 0])
    return abs(mid) <= 0.5000001 * cell * (abs(dx) + abs(dy))


@njit(cache=True)
def _nearest(xy, points, low, cell, columns, rows, first, filled, allowed):  # type: ignore[no-untyped-def]
    n = len(points)
    segment = np.full(n, -1, np.int64)
    distance = np.full(n, np.inf)
    place = np.zeros(n)
    for i in range(n):
        px = points[i, 0]
        py = points[i, 1]
        c = int(np.floor((px - low[0]) / cell))
        r = int(np.floor((py - low[1]) / cell))
        best = np.inf
        # Rings around the point's cell, which may lie outside the grid; a ring k cells out is no
        # nearer than the point is to the rim of the rings before it.
        margin = min(
            min(px - (low[0] + c * cell), low[0] + (c + 1) * cell - px),
            min(py - (low[1] + r * cell), low[1] + (r + 1) * cell - py),
        )
        ring = max(0, max(max(-c, c - columns + 1), max(-r, r - rows + 1)))
        last = max(max(c, columns - 1 - c), max(r, rows - 1 - r))
        while ring <= last:
            floor = max(0.0, margin + (ring - 1) * cell) if ring > 0 else 0.0
            if floor * floor > best:
                break
            for rr in range(max(r - ring, 0), min(r + ring, rows - 1) + 1):
                step = 1 if rr == r - ring or rr == r + ring or ring == 0 else 2 * ring
                cc = c - ring
                while cc <= c + ring:
                    if 0 <= cc < columns:
                        for k in range(first[rr * columns + cc], first[rr * columns + cc + 1]):
                            v = filled[k]
                            if not allowed[v]:
                                continue
                            ax = xy[v, 0]
                            ay = xy[v, 1]
                            dx = xy[v + 1, 0] - ax
                            dy = xy[v + 1, 1] - ay
                            length2 = dx * dx + dy * dy
                            t = 0.0
                            if length2 > 0.0:
                                t = ((px - ax) * dx + (py - ay) * dy) / length2
                                t = min(1.0, max(0.0, t))
                            ex = px - (ax + t * dx)
                            ey = py - (ay + t * dy)
                            d = ex * ex + ey * ey
                            if d < best or (d == best and v < segment[i]):
                                best = d
                                segment[i] = v
                                place[i] = t
                    cc += step
            ring += 1
        distance[i] = np.sqrt(best)
    return segment, distance, place
