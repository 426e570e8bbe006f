"""The one lattice of cells that all masks of a study share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import rasterize
from scipy.ndimage import distance_transform_edt

Mask = NDArray[np.bool_]

OVERLOOKED = 0.01
"""Part of a cell by which a shape may reach into it and leave it unmarked (GDAL's all_touched)."""


@dataclass(frozen=True)
class Grid:
    """Square cells over the area of interest and the reach of its rules.

    ``inside`` marks the cells whose centre lies in the area; row 0 is the north edge.
    """

    crs: CRS
    transform: Affine
    cell_m: float
    inside: Mask

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.inside.shape
        return rows, columns

    @property
    def cell_ha(self) -> float:
        """Area of one cell in hectares, in the plane of the study's system."""
        return self.cell_m**2 / 10_000

    def area_ha(self, mask: Mask) -> float:
        """Hectares of the area of interest that ``mask`` covers."""
        return float(np.count_nonzero(mask & self.inside)) * self.cell_ha

    def burn(self, shapes: Iterable[shapely.Geometry]) -> Mask:
        """Every cell that a shape touches: errs by a cell at most, on the side of exclusion.

        A cell into which the shape reaches by less than ``OVERLOOKED`` may stay unmarked.
        """
        shapes = [shape for shape in shapes if not shape.is_empty]
        if not shapes:
            return np.zeros(self.shape, bool)
        burned = rasterize(shapes, self.shape, transform=self.transform, all_touched=True, dtype="uint8").astype(bool)
        # GDAL skips edges that run along a cell's border: a field as wide as a cell would leave no mark.
        drawn = np.array(shapes, dtype=object)
        long = shapely.length(drawn) > self.cell_m / 2
        drawn[long] = shapely.segmentize(drawn[long], self.cell_m / 2)
        row, column = self.cells(*shapely.get_coordinates(drawn).T)
        here = (row >= 0) & (row < self.shape[0]) & (column >= 0) & (column < self.shape[1])
        burned[row[here], column[here]] = True
        return np.asarray(burned, bool)

    def distance_m(self, mask: Mask) -> NDArray[np.float64]:
        """Least possible distance from each cell's centre to the shapes burned in ``mask``.

        Euclidean between centres, less half a cell's diagonal, since a shape may run anywhere
        through the cells it touches (and a little beyond: ``OVERLOOKED``). Infinite where nothing was burned.
        """
        if not mask.any():
            return np.full(self.shape, np.inf)
        centres = distance_transform_edt(~mask) * self.cell_m
        return np.asarray(np.maximum(centres - self.cell_m * np.sqrt(0.5) * (1 + 2 * OVERLOOKED), 0.0))

    def cells(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of each point (metres in the grid's system)."""
        column = np.floor((np.asarray(x) - self.transform.c) / self.cell_m)
        row = np.floor((self.transform.f - np.asarray(y)) / self.cell_m)
        return row.astype(np.intp), column.astype(np.intp)

    def centres(
        self, row: NDArray[np.intp], column: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """East and north of the cells' centres (metres)."""
        x = self.transform.c + (np.asarray(column, np.float64) + 0.5) * self.cell_m
        y = self.transform.f - (np.asarray(row, np.float64) + 0.5) * self.cell_m
        return x, y


def make_grid(area: gpd.GeoDataFrame, cell_m: float, reach_m: float = 0.0) -> Grid:
    """Grid over an area in a metric system, snapped to multiples of the cell and padded by the reach."""
    west, south, east, north = area.total_bounds
    left = np.floor((west - reach_m) / cell_m) * cell_m
    top = np.ceil((north + reach_m) / cell_m) * cell_m
    columns = int(np.ceil((east + reach_m - left) / cell_m))
    rows = int(np.ceil((top - (south - reach_m)) / cell_m))
    transform = Affine(cell_m, 0.0, left, 0.0, -cell_m, top)
    inside = rasterize(area.geometry, (rows, columns), transform=transform, dtype="uint8").astype(bool)
    return Grid(CRS(area.crs), transform, cell_m, inside)
