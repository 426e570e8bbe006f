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
    """float[N], height of the junctions (m); nan where the raster has none."""
    unknown: int
    """Edges without heights, taken as level."""

    @property
    def rise_m_per_m(self) -> Floats:
        """float[E], grade from end to end."""
        return np.add.reduceat(self.grade * self.share, self.offset[:-1]) if len(self.share) else np.zeros(0)


def slope_of(graph: RoadGraph, raster: Path | str, piece_m: float = PIECE_M, smooth_m: float = SMOOTH_M) -> Slopes:
    """Grades of every edge, sampled along its line.

    Heights are read between the four cells around (bilinear) at least every ``piece_m``, averaged over
    ``smooth_m`` along the edge with its ends held, so that edges meet at one height. Bridges and
    tunnels (columns ``bridge``, ``tunnel``) take the straight grade between the ends of the whole
    structure. Grades beyond 20 % are cut.

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
    node_m = _spanned(graph, node_m, built)
    a, b = node_m[graph.tail], node_m[graph.head]
    straight = a[edge] + (b - a)[edge] * share
    # What the ground does between the ends, beside the straight line between them: nothing at the ends.
    off = z - (z[first[:-1]][edge] * (1 - share) + z[first[1:] - 1][edge] * share) if len(z) else z
    bump = _smoothed(off, first, graph.length_m / pieces, smooth_m)
    level = straight + np.where(built[edge] | ~np.isfinite(bump), 0.0, bump)
    inner = np.diff(edge, append=-1) == 0
    step = (graph.length_m / pieces)[edge][inner]
    grade = (np.roll(level, -1) - level)[inner] / np.maximum(step, 1e-9)
    lost = ~np.isfinite(grade)
    unknown = len(np.unique(edge[inner][lost]))
    grade = np.clip(np.where(lost, 0.0, grade), -MOST_GRADE, MOST_GRADE)
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


def _spanned(graph: RoadGraph, node_m: Floats, built: Flags) -> Floats:
    """Heights where a junction on a structure takes the straight line between the structure's ends."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import spsolve

    ground = np.zeros(len(node_m), bool)
    for end in (graph.tail, graph.head):
        ground[end[~built]] = True
    # An end of a bridge that no other road meets stands on the ground, too.
    ground |= graph.degree == 1
    on = np.flatnonzero(built)
    if not len(on) or ground.all():
        return node_m
    tail, head = graph.tail[on], graph.head[on]
    size = len(node_m)
    weight = 1.0 / graph.length_m[on]
    links = csr_matrix((np.r_[weight, weight], (np.r_[tail, head], np.r_[head, tail])), shape=(size, size))
    group = connected_components(links, directed=False)[1]
    held = np.zeros(size, bool)
    known = ground & np.isfinite(node_m)
    held[np.unique(group[known])] = True
    free = np.flatnonzero(~ground & held[group])
    if not len(free):
        return node_m
    fixed = np.flatnonzero(known)
    total = np.asarray(links[free][:, np.r_[free, fixed]].sum(axis=1)).ravel()
    matrix = csr_matrix((total, (np.arange(len(free)), np.arange(len(free)))), shape=(len(free),) * 2) - links[free][:, free]
    result = node_m.copy()
    result[free] = np.atleast_1d(spsolve(matrix.tocsc(), links[free][:, fixed] @ node_m[fixed]))
    return result


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
