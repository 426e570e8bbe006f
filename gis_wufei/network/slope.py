"""Grades along the roads from a height raster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import transformer
from gis_wufei.errors import ProblemError
from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph

PIECE_M = 30.0
"""Longest piece of road with one grade."""
SMOOTH_M = 100.0
"""Heights along a road are a mean over so much of it: a height raster is rougher than a road."""
MOST_GRADE = 0.20
"""Steeper pieces are an artefact of the raster (a cutting, a hillside): no public road for trucks is."""
LEAST_PULL_M = 0.01
STRUCTURES = ("bridge", "tunnel")


@dataclass(frozen=True, eq=False)
class Slopes:
    """Grades of E edges in S pieces, as drawn."""

    offset: Ints
    """int[E + 1]: pieces of edge e are ``offset[e]:offset[e + 1]``."""
    share: Floats
    """float[S], share of the edge's length; sums to 1 over an edge."""
    grade: Floats
    """float[S], rise over run as drawn; against the drawing it is the negative."""
    node_m: Floats
    """float[N], height of the junctions (m), smoothed; nan where there is none on the whole piece of road."""
    unknown: int
    """Edges with an end where the raster has no height: they take what their neighbours tell, else they are level."""

    @property
    def rise_m_per_m(self) -> Floats:
        """float[E], grade from end to end."""
        return np.add.reduceat(self.grade * self.share, self.offset[:-1]) if len(self.share) else np.zeros(0)


def slope_of(graph: RoadGraph, raster: Path | str, piece_m: float = PIECE_M, smooth_m: float = SMOOTH_M) -> Slopes:
    """Grades of every edge, sampled along its line.

    Heights are read between the four cells around (bilinear) at least every ``piece_m``, averaged over
    ``smooth_m`` along the edge with its ends held, so that edges meet at one height; junctions are
    smoothed along the roads just so. Bridges and tunnels (columns ``bridge``, ``tunnel``) take the
    straight grade between the ends of the whole structure. Grades beyond 20 % are cut.

    Parameters
    ----------
    graph
        The roads.
    raster
        Heights in metres, any system; the first band.

    Raises
    ------
    ProblemError
        A raster without a system.
    """
    pieces = np.maximum(1, np.ceil(graph.length_m / piece_m - 1e-9)).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(pieces + 1)])
    edge = np.repeat(np.arange(len(pieces)), pieces + 1)
    nth = np.arange(first[-1]) - first[edge]
    share = nth / pieces[edge]
    xy = _along(graph, edge, share)
    heights = _heights(Path(raster), np.concatenate([graph.node_xy, xy]), graph.crs)
    node_m, z = heights[: len(graph.node_xy)], heights[len(graph.node_xy) :]
    built = _built(graph)
    blank = np.isnan(node_m)
    unknown = int((blank[graph.tail] | blank[graph.head]).sum())
    node_m = _node_heights(graph, node_m, built, smooth_m)
    a, b = node_m[graph.tail], node_m[graph.head]
    straight = a[edge] + (b - a)[edge] * share
    # What the ground does between the ends, beside the straight line between them: nothing at the ends.
    off = z - (z[first[:-1]][edge] * (1 - share) + z[first[1:] - 1][edge] * share) if len(z) else z
    bump = _smoothed(off, first, graph.length_m / pieces, smooth_m)
    level = straight + np.where(built[edge] | ~np.isfinite(bump), 0.0, bump)
    inner = np.diff(edge, append=-1) == 0
    step = (graph.length_m / pieces)[edge][inner]
    grade = (np.roll(level, -1) - level)[inner] / np.maximum(step, 1e-9)
    grade = np.clip(np.where(np.isfinite(grade), grade, 0.0), -MOST_GRADE, MOST_GRADE)
    offset = np.concatenate([[0], np.cumsum(pieces)])
    return Slopes(offset, 1.0 / np.repeat(pieces, pieces), grade, node_m, unknown)


def _along(graph: RoadGraph, edge: Ints, share: Floats) -> Floats:
    """Places at shares of the edges' lengths."""
    step = np.hypot(*np.diff(graph.xy, axis=0, append=graph.xy[-1:]).T)
    step[graph.offset[1:] - 1] = 1.0  # a metre between edges, so that no two places share a mark
    mark = np.concatenate([[0.0], np.cumsum(step)[:-1]])
    at = mark[graph.offset[edge]] + share * graph.length_m[edge]
    return np.stack([np.interp(at, mark, graph.xy[:, axis]) for axis in (0, 1)], axis=1)


def _built(graph: RoadGraph) -> Flags:
    """bool[E]: the edge is on a bridge or in a tunnel."""
    built = np.zeros(len(graph.tail), bool)
    for name in STRUCTURES:
        if name in graph.roads:
            told = graph.roads[name].astype(object)
            yes = np.array([value not in (None, "", "no", False, 0) and value == value for value in told], bool)
            built |= yes[graph.row]
    return built


def _node_heights(graph: RoadGraph, raster_m: Floats, built: Flags, smooth_m: float) -> Floats:
    """Heights of the junctions, smoothed along the roads; nan where no road leads to a known one.

    They minimise ``sum m (z - z_raster)^2 + (smooth_m / 2)^2 sum dz^2 / length``, m being half the length
    of road at a junction: short edges cannot be steep by the raster's noise. A junction within a bridge
    or tunnel, or without a height, has no m: it takes the straight line between its neighbours.
    """
    from scipy.sparse import csr_matrix, diags_array
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import cg

    size = len(raster_m)
    tail, head, length = graph.tail, graph.head, graph.length_m
    ground = graph.degree == 1  # an end of a bridge that no other road meets stands on the ground, too
    for end in (tail, head):
        ground[end[~built]] = True
    mass = np.bincount(tail, length / 2, minlength=size) + np.bincount(head, length / 2, minlength=size)
    mass = np.where(ground & np.isfinite(raster_m), mass, 0.0)
    pull = max(smooth_m / 2, LEAST_PULL_M) ** 2 / length
    links = csr_matrix((np.r_[pull, pull], (np.r_[tail, head], np.r_[head, tail])), shape=(size, size))
    part = connected_components(links, directed=False)[1]
    held = np.flatnonzero((np.bincount(part, mass) > 0)[part]) if size else np.zeros(0, np.int64)
    heights = np.full(size, np.nan)
    if not len(held):
        return heights
    links = links[held][:, held]
    weight = mass[held] + np.asarray(links.sum(axis=1)).ravel()
    known = np.where(mass[held] > 0, np.nan_to_num(raster_m[held]), 0.0)
    base = float(np.average(known, weights=mass[held]))
    matrix = diags_array(weight) - links
    start = np.where(mass[held] > 0, known - base, 0.0)
    found, _ = cg(
        matrix, mass[held] * (known - base), x0=start, rtol=1e-10, maxiter=2000, M=diags_array(1.0 / weight).tocsr()
    )
    heights[held] = found + base
    return heights


def _smoothed(off: Floats, first: Ints, step_m: Floats, smooth_m: float) -> Floats:
    """Running mean over ``smooth_m`` within each edge; it narrows towards the ends, which stay as they are."""
    if not len(off):
        return off
    edge = np.repeat(np.arange(len(first) - 1), np.diff(first))
    at = np.arange(len(off))
    reach = np.floor(smooth_m / 2 / np.maximum(step_m, 1e-9)).astype(np.int64)[edge]
    reach = np.minimum(reach, np.minimum(at - first[edge], first[edge + 1] - 1 - at))
    total = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(off), off, 0.0))])
    bad = np.concatenate([[0], np.cumsum(~np.isfinite(off))])
    low, high = at - reach, at + reach + 1
    mean = (total[high] - total[low]) / (high - low)
    return np.where(bad[high] - bad[low] > 0, np.nan, mean)


def _heights(path: Path, xy: Floats, crs: CRS) -> Floats:
    """Height at each place, between the four cells around; nan outside and where one of them is empty."""
    import rasterio
    from rasterio.windows import Window

    with rasterio.open(path) as source:
        if source.crs is None:
            raise ProblemError(f"slope_of: {path.name} has no coordinate system")
        to = transformer(crs, CRS.from_user_input(source.crs.to_wkt()))
        x, y = to.transform(xy[:, 0], xy[:, 1])
        column, row = _cells(source.transform, np.asarray(x), np.asarray(y))
        sound = np.isfinite(column) & np.isfinite(row)
        sound &= (column >= 0) & (column <= source.width - 1) & (row >= 0) & (row <= source.height - 1)
        height = np.full(len(xy), np.nan)
        if not sound.any():
            return height
        c0, r0 = int(column[sound].min()), int(row[sound].min())
        c1, r1 = int(np.ceil(column[sound].max())), int(np.ceil(row[sound].max()))
        window = Window(c0, r0, c1 - c0 + 1, r1 - r0 + 1)
        band: NDArray[np.float64] = source.read(1, window=window, masked=True).astype(np.float64).filled(np.nan)
    c, r = column[sound] - c0, row[sound] - r0
    ci = np.minimum(c.astype(np.int64), max(band.shape[1] - 2, 0))
    ri = np.minimum(r.astype(np.int64), max(band.shape[0] - 2, 0))
    cj, rj = np.minimum(ci + 1, band.shape[1] - 1), np.minimum(ri + 1, band.shape[0] - 1)
    u, v = c - ci, r - ri
    upper = band[ri, ci] * (1 - u) + np.where(u > 0, band[ri, cj] * u, 0.0)
    lower = band[rj, ci] * (1 - u) + np.where(u > 0, band[rj, cj] * u, 0.0)
    height[sound] = upper * (1 - v) + np.where(v > 0, lower * v, 0.0)
    return height


def _cells(transform: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Column and row of places, counted from the centre of the first cell."""
    back = ~transform
    return back.a * x + back.b * y + back.c - 0.5, back.d * x + back.e * y + back.f - 0.5
