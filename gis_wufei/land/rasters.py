"""Where a raster is above a threshold or holds no number: on the cells of a grid, and within single shapes."""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.errors import WindowError
from rasterio.features import geometry_mask
from rasterio.windows import Window

from gis_wufei.crs import transformer
from gis_wufei.land.grid import Grid, Mask
from gis_wufei.layers.raster import Raster


def cells_above(raster: Raster, grid: Grid, threshold: float) -> tuple[Mask, Mask]:
    """Cells of the grid that a raster's cell above the threshold touches, and those of which it tells nothing.

    A cell is marked where any part of it is: so no place in an unmarked cell is above the threshold.
    """
    above, told = np.zeros(grid.shape, bool), np.zeros(grid.shape, bool)
    blank = np.zeros(grid.shape, bool)
    with raster.opened() as source:
        crs, place = CRS.from_user_input(source.crs.to_wkt()), source.transform
    for window, numbers, there in raster.windows():
        edges = _edges(crs, place, window, grid)
        if edges is None:
            continue
        _mark(above, edges, there & (numbers > threshold))
        _mark(blank, edges, ~there)
        _mark(told, edges, np.ones(there.shape, bool))
    return above, blank | ~told


def _edges(crs: CRS, place: Affine, window: Window, grid: Grid) -> NDArray[np.intp] | None:
    """int[4, rows, columns]: first and last row, first and last column of the grid under each cell of a window."""
    column = np.arange(window.width + 1) + window.col_off
    row = np.arange(window.height + 1) + window.row_off
    x, y = place.c + place.a * column, place.f + place.e * row
    x, y = np.broadcast_to(x, (len(y), len(x))), np.broadcast_to(y[:, None], (len(y), len(x)))
    if not crs.equals(grid.crs):
        x, y = transformer(crs, grid.crs).transform(x, y)
    across = (np.asarray(x) - grid.transform.c) / grid.cell_m
    down = (grid.transform.f - np.asarray(y)) / grid.cell_m
    if not (np.isfinite(across).all() and np.isfinite(down).all()):
        return None
    rows, columns = grid.shape
    if down.max() < 0 or down.min() > rows or across.max() < 0 or across.min() > columns:
        return None
    least_down, most_down = _extremes(down)
    least_across, most_across = _extremes(across)
    return np.stack([np.floor(one).astype(np.intp) for one in (least_down, most_down, least_across, most_across)])


def _extremes(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and most of the four corners of each cell; a corner on a border belongs to the cell before it."""
    four = (corners[:-1, :-1], corners[:-1, 1:], corners[1:, :-1], corners[1:, 1:])
    least, most = np.minimum.reduce(four), np.maximum.reduce(four)
    return least + 1e-9, np.maximum(most - 1e-9, least)


def _mark(mask: Mask, edges: NDArray[np.intp], chosen: Mask) -> None:
    """Mark every cell of the grid from the first to the last row and column under the chosen cells."""
    top, bottom, left, right = edges[:, chosen]
    if not len(top):
        return
    for down in range(int((bottom - top).max()) + 1):
        for across in range(int((right - left).max()) + 1):
            row, column = np.minimum(top + down, bottom), np.minimum(left + across, right)
            here = (row >= 0) & (row < mask.shape[0]) & (column >= 0) & (column < mask.shape[1])
            mask[row[here], column[here]] = True


def highest(raster: Raster, shapes: NDArray[np.object_], crs: CRS) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """float[n], the largest number of the raster's cells that each shape touches, nan where it meets none.

    bool[n]: a part of the shape lies where the raster holds no number.
    """
    most, blank = np.full(len(shapes), np.nan), np.zeros(len(shapes), bool)
    with raster.opened() as source:
        own = CRS.from_user_input(source.crs.to_wkt())
        if not own.equals(crs):
            to = transformer(crs, own)
            shapes = shapely.transform(shapes, lambda xy: np.stack(to.transform(xy[:, 0], xy[:, 1]), axis=1))
        whole, corner = Window(0, 0, source.width, source.height), source.transform
        for at, shape in enumerate(shapes):
            west, south, east, north = shapely.bounds(shape)
            left, right = (west - corner.c) / corner.a, (east - corner.c) / corner.a
            top, bottom = (north - corner.f) / corner.e, (south - corner.f) / corner.e
            first, above = int(np.floor(left)), int(np.floor(top))
            wanted = Window(first, above, int(np.floor(right)) - first + 1, int(np.floor(bottom)) - above + 1)
            try:
                window = wanted.intersection(whole)
            except WindowError:
                blank[at] = True
                continue
            numbers = source.read(raster.band, window=window)
            x, y = corner.c + window.col_off * corner.a, corner.f + window.row_off * corner.e
            place = Affine(corner.a, 0.0, x, 0.0, corner.e, y)
            touched = ~geometry_mask([shape], numbers.shape, place, all_touched=True)
            if shapely.get_dimensions(shape) == 0:
                touched[:] = True
            there = raster.holds(numbers)
            blank[at] = bool((touched & ~there).any()) or (window.width, window.height) != (wanted.width, wanted.height)
            known = numbers[touched & there]
            most[at] = float(known.max()) if known.size else np.nan
    return most, blank
