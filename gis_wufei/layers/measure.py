"""Lengths and areas for telling: good to a percent in any system, never for a plan's own numbers."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

DEGREE_M = 111_320.0
"""Length of a degree of longitude on the equator; latitude by a percent less."""


def unit_m(crs: CRS | None) -> float:
    """About how many metres one unit of a system is (a degree: one of latitude)."""
    if crs is None:
        return 1.0
    if crs.is_geographic:
        return DEGREE_M
    return float(crs.axis_info[0].unit_conversion_factor) if crs.axis_info else 1.0


def _east_m(bounds: NDArray[np.float64], crs: CRS | None) -> NDArray[np.float64]:
    """Metres of one unit to the east at the middle of each box."""
    scale = np.full(len(bounds), unit_m(crs))
    if crs is not None and crs.is_geographic:
        scale *= np.cos(np.radians((bounds[:, 1] + bounds[:, 3]) / 2))
    return scale


def extents_m(shapes: NDArray[np.object_], crs: CRS | None) -> NDArray[np.float64]:
    """Longer side of each shape's box in metres."""
    bounds = shapely.bounds(shapes)
    wide = (bounds[:, 2] - bounds[:, 0]) * _east_m(bounds, crs)
    high = (bounds[:, 3] - bounds[:, 1]) * unit_m(crs)
    return np.asarray(np.maximum(wide, high))


def areas_ha(shapes: NDArray[np.object_], crs: CRS | None) -> NDArray[np.float64]:
    """Area of each shape in hectares."""
    bounds = shapely.bounds(shapes)
    area = shapely.area(shapes) * _east_m(bounds, crs) * unit_m(crs) / 10_000
    return np.asarray(np.where(np.isfinite(area), area, 0.0))


def lines_of(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Lines and rings of shapes, and whose they are."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    kinds = shapely.get_dimensions(parts)
    rings, ring_owner = shapely.get_rings(parts[kinds == 2], return_index=True)
    lines = np.concatenate([parts[kinds == 1], rings])
    return lines, np.concatenate([owner[kinds == 1], owner[kinds == 2][ring_owner]])


def scale_m(crs: CRS | None, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres of one unit to the east and to the north, about."""
    metres = np.full(2, unit_m(crs))
    if crs is not None and crs.is_geographic:
        metres[0] *= np.cos(np.radians(np.median(xy[:, 1])))
    return metres
