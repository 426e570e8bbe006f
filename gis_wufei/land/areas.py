"""Ground in each cell of a grid in square metres of the ellipsoid, cut off at the boundary of the area of interest.

A cell that the boundary crosses counts with the part of it that lies inside. So the cells sum to the
area of the boundary on the ellipsoid, its edges straight on the study's map.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import transformer
from gis_wufei.land.grid import Grid

Floats = NDArray[np.float64]

NODES = 12
"""Nodes a side at which the scale of the map is taken: it varies so smoothly that this is exact to 1e-11."""

SPECK = 1e-9
"""Part of a cell below which coverage is rounding."""


@dataclass(frozen=True, eq=False)
class CellAreas:
    """Square metres of ground by cell, made a block of rows at a time.

    ``scale`` holds Chebyshev coefficients of m2 of ground per m2 of map, by row and column;
    ``edges`` the boundary cut at every line between cells, sorted by row.
    """

    grid: Grid
    scale: Floats
    edges: _Edges

    def rows(self, first: int, last: int) -> Floats:
        """float[last - first, columns], m2 of ground of the area of interest in the cells of some rows."""
        rows, columns = self.grid.shape
        shape = (last - first, columns)
        part, east, south = self.edges.cover(first, last, columns)
        down, across = _means(rows, first, last), _means(columns, 0, columns)
        # Not by the library of matrix products: its own threads would fight with those of the ledger.
        ground = np.einsum("rk,ck->rc", np.einsum("rk,kl->rl", down, self.scale), across) * part
        # Where a cell is cut the scale is that of the middle of its part, not of the cell.
        cut = np.flatnonzero((part > 0) & (part < 1))
        row, column = np.unravel_index(cut, shape)
        slope_east = self._slope(rows, columns, row + first, column, axis=1)
        slope_south = self._slope(rows, columns, row + first, column, axis=0)
        ground.flat[cut] += slope_east * east.flat[cut] + slope_south * south.flat[cut]
        return np.asarray(ground * self.grid.cell_m**2)

    def _slope(self, rows: int, columns: int, row: NDArray[np.intp], column: NDArray[np.intp], axis: int) -> Floats:
        """Change of the scale from one cell to the next, along rows (1) or down columns (0)."""
        count = (rows, columns)[axis]
        slope = chebyshev.chebder(self.scale, axis=axis) * (2 / count)
        down, across = 2 * (row + 0.5) / rows - 1, 2 * (column + 0.5) / columns - 1
        return np.asarray(chebyshev.chebval2d(down, across, slope))

    @cached_property
    def total_m2(self) -> float:
        """Square metres of the whole area of interest."""
        rows = self.grid.shape[0]
        return float(sum(self.rows(first, min(first + 256, rows)).sum() for first in range(0, rows, 256)))


@dataclass(frozen=True, eq=False)
class _Edges:
    """Pieces of the boundary, each within one cell: its row and column, and ends from the cell's middle (cells)."""

    row: NDArray[np.intp]
    column: NDArray[np.intp]
    u: Floats  # float[n, 2], east of the middle
    v: Floats  # float[n, 2], south of it

    def cover(self, first: int, last: int, columns: int) -> tuple[Floats, Floats, Floats]:
        """Part of each cell inside, and its moments east and south of the middle (cells, cells x cells).

        By the theorem of Green: each piece of boundary shuts in what lies east of it; the part of its
        own cell at once, all cells farther east by a running sum along the row.
        """
        here = slice(*np.searchsorted(self.row, (first, last)))
        row, column, u, v = self.row[here] - first, self.column[here], self.u[here], self.v[here]
        west = column < 0
        row, column = row[column < columns], column[column < columns]
        keep = self.column[here] < columns
        u, v, west = u[keep], v[keep], west[keep]
        dv = v[:, 1] - v[:, 0]
        u_mean, v_mean = u.mean(axis=1), v.mean(axis=1)
        uu = (u[:, 0] ** 2 + u[:, 0] * u[:, 1] + u[:, 1] ** 2) / 3
        uv = (2 * u[:, 0] * v[:, 0] + u[:, 0] * v[:, 1] + u[:, 1] * v[:, 0] + 2 * u[:, 1] * v[:, 1]) / 6
        own = np.where(west, dv, dv * (0.5 - u_mean))
        own_v = np.where(west, dv * v_mean, dv * (v_mean / 2 - uv))
        at = row * (columns + 1) + np.maximum(column, 0)
        size = (last - first) * (columns + 1)

        def laid(here_: Floats, east_of_it: Floats) -> Floats:
            laid_ = np.bincount(at, here_, size) + np.bincount(at + 1, np.where(west, 0.0, east_of_it), size)[:size]
            return np.asarray(laid_.reshape(last - first, columns + 1)[:, :columns])

        part = laid(own, dv - own).cumsum(axis=1)
        south = laid(own_v, dv * v_mean - own_v).cumsum(axis=1)
        east = laid(np.where(west, 0.0, dv * (0.25 - uu) / 2), np.zeros_like(dv))
        part[np.abs(part) < SPECK] = 0.0
        part[np.abs(part - 1) < SPECK] = 1.0
        return part, east, south


def cell_areas(grid: Grid, area: gpd.GeoDataFrame) -> CellAreas:
    """Areas of a grid's cells within an area of interest in the grid's system."""
    return CellAreas(grid, _scale(grid), _edges(grid, shapely.union_all(area.geometry.to_numpy())))


def authalic_m(crs: CRS, lat_deg: Floats) -> Floats:
    """Northing (m) of the cylindrical equal-area map of a system's ellipsoid.

    Snyder, Map Projections: A Working Manual (1987), formulas 3-12 and 10-15 with the equator as standard parallel.
    """
    ellipsoid = crs.ellipsoid
    if ellipsoid is None:
        raise ValueError("a system without an ellipsoid has no ground")
    flat = 1 / ellipsoid.inverse_flattening if ellipsoid.inverse_flattening else 0.0
    ee = flat * (2 - flat)
    e, sine = np.sqrt(ee), np.sin(np.radians(lat_deg))
    if e == 0:
        return np.asarray(ellipsoid.semi_major_metre * sine)
    q = (1 - ee) * (sine / (1 - ee * sine**2) + np.arctanh(e * sine) / e)
    return np.asarray(ellipsoid.semi_major_metre * q / 2)


def _scale(grid: Grid) -> Floats:
    """Coefficients of the scale: the Jacobian of the map to an equal-area one, by spectral differentiation."""
    geographic = grid.crs.geodetic_crs
    ellipsoid = grid.crs.ellipsoid
    if geographic is None or ellipsoid is None:
        raise ValueError("the grid's system has no ellipsoid")
    rows, columns = grid.shape
    node = chebyshev.chebpts1(NODES)
    v, u = np.meshgrid((node + 1) / 2 * rows, (node + 1) / 2 * columns, indexing="ij")
    x, y = grid.transform.c + u * grid.cell_m, grid.transform.f - v * grid.cell_m
    lon, lat = (np.asarray(one) for one in transformer(grid.crs, geographic).transform(x, y))
    east = ellipsoid.semi_major_metre * np.radians(lon - lon.mean())
    north = authalic_m(grid.crs, lat)
    inverse = np.linalg.inv(chebyshev.chebvander(node, NODES - 1))

    def slopes(values: Floats) -> tuple[Floats, Floats]:
        fitted = inverse @ (values - values.mean()) @ inverse.T
        down = chebyshev.chebgrid2d(node, node, chebyshev.chebder(fitted, axis=0)) * 2 / (rows * grid.cell_m)
        across = chebyshev.chebgrid2d(node, node, chebyshev.chebder(fitted, axis=1)) * 2 / (columns * grid.cell_m)
        return np.asarray(down, np.float64), np.asarray(across, np.float64)

    east_down, east_across = slopes(east)
    north_down, north_across = slopes(north)
    return np.asarray(inverse @ (east_down * north_across - east_across * north_down) @ inverse.T)


def _means(count: int, first: int, last: int) -> Floats:
    """float[last - first, NODES], mean of each Chebyshev polynomial over each of some cells of a line of ``count``."""
    border = 2 * np.arange(first, last + 1) / count - 1
    whole = chebyshev.chebval(border, chebyshev.chebint(np.eye(NODES), axis=0))
    return np.asarray(np.diff(whole, axis=1).T * (count / 2))


def _edges(grid: Grid, area: shapely.Geometry) -> _Edges:
    """The boundary in cells, every ring with the inside to its left or right alike, cut where it crosses a line."""
    rings, owner = shapely.get_rings(shapely.get_parts(np.array([area], dtype=object)), return_index=True)
    hole = np.r_[False, owner[1:] == owner[:-1]]  # the first ring of a polygon is its shell
    ends: list[tuple[Floats, Floats]] = []
    for ring, is_hole in zip(rings, hole, strict=True):
        xy = shapely.get_coordinates(ring)
        at = np.stack([(xy[:, 0] - grid.transform.c), (grid.transform.f - xy[:, 1])], axis=1) / grid.cell_m
        turned = bool(shapely.is_ccw(ring)) != bool(is_hole)
        at = at if turned else at[::-1]
        ends.append((at[:-1], at[1:]))
    begin, end = (np.concatenate(part) for part in zip(*ends, strict=True))
    return _cut(begin, end)


def _cut(begin: Floats, end: Floats) -> _Edges:
    """Segments (column, row) cut at every whole column and row."""
    number = np.arange(len(begin))
    segment, along = [number, number], [np.zeros(len(begin)), np.ones(len(begin))]
    for axis in (0, 1):
        a, b = begin[:, axis], end[:, axis]
        first, last = np.floor(np.minimum(a, b)) + 1, np.ceil(np.maximum(a, b)) - 1
        count = np.maximum(last - first + 1, 0).astype(np.intp)
        which = np.repeat(number, count)
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        segment.append(which)
        along.append((first[which] + step - a[which]) / (b - a)[which])
    which, t = np.concatenate(segment), np.concatenate(along)
    order = np.lexsort((t, which))
    which, t = which[order], np.clip(t[order], 0.0, 1.0)
    point = begin[which] + t[:, None] * (end - begin)[which]
    point[t == 1.0] = end[which[t == 1.0]]  # so that rings close exactly
    same = (which[1:] == which[:-1]) & (t[1:] > t[:-1])
    a, b = point[:-1][same], point[1:][same]
    column, row = np.floor((a + b) / 2).astype(np.intp).T
    order = np.argsort(row, kind="stable")
    a, b, column, row = a[order], b[order], column[order], row[order]
    u = np.stack([a[:, 0], b[:, 0]], axis=1) - (column + 0.5)[:, None]
    v = np.stack([a[:, 1], b[:, 1]], axis=1) - (row + 0.5)[:, None]
    return _Edges(row, column, u, v)
