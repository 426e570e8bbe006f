"""Rows whose x and y are exchanged, as far as the numbers show it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import horizontal, in_china, is_metric, meridian
from gis_wufei.layers.fits import EASTINGS, NORTHINGS, prefixes_of

APART_DEG = 5.0  # a row so far from the rest, and among them once exchanged
FAR_M, NEAR_M = 1_500_000.0, 450_000.0  # from the false easting: no easting in use; one that is
Boxes = NDArray[np.float64]
Mask = NDArray[np.bool_]


def exchanged(crs: CRS, boxes: Boxes) -> Mask:
    """The rows (boxes in ``crs``, x east) that hold y, x instead of x, y.

    Only what the numbers show: a latitude beyond 90 degrees, a place that is in China or among the other
    rows once exchanged and is neither before, a northing in the place of an easting. A layer that is
    sound either way (degrees around (20, 30), say) is left alone; its place tells (``gather``).
    """
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    sound = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    if not sound.any():
        return np.asarray(sound)
    flat = horizontal(crs)
    if flat.is_geographic:
        return np.asarray(sound & _degrees(x, y, sound))
    return np.asarray(sound & _metres(flat, x, y))


def _degrees(x: Boxes, y: Boxes, sound: Mask) -> Mask:
    certain = (np.abs(y) > 90) & (np.abs(y) <= 180) & (np.abs(x) <= 90)
    here, there = in_china(x, y), in_china(y, x)
    known = sound & ~certain
    found = certain | (there & ~here & ((y > 81) | here[known].any() | certain.any() | _all_at_sea(x, y, there, known)))
    rest = known & ~found
    if rest.sum() >= 3:
        middle = np.median(x[rest]), np.median(y[rest])
        spread = np.percentile(np.maximum(np.abs(x[rest] - middle[0]), np.abs(y[rest] - middle[1])), 50)
        apart = np.maximum(np.abs(x - middle[0]), np.abs(y - middle[1]))
        turned = np.maximum(np.abs(y - middle[0]), np.abs(x - middle[1]))
        found |= rest & (apart > max(APART_DEG, 10 * spread)) & (turned < max(1.0, 3 * spread))
    return np.asarray(found)


def _all_at_sea(x: Boxes, y: Boxes, there: Mask, known: Mask) -> bool:
    """Whether every row is in western China once exchanged, and lies in the Arctic Ocean (73-81 N) as it stands."""
    return bool(there[known].all() and (y[known] >= 73).all() and (x[known] >= 18).all())


def _metres(crs: CRS, x: Boxes, y: Boxes) -> Mask:
    zone = meridian(crs)
    if zone is None or not is_metric(crs):
        return np.zeros(len(x), dtype=bool)
    east = zone[1]
    # With a zone number the easting is larger than any northing; without one smaller than China's.
    far, near = (np.abs(x - east) > FAR_M) & (x >= NORTHINGS[0]), np.abs(y - east) < NEAR_M
    numbered = prefixes_of(y) > 0
    bare = (EASTINGS[0] <= y) & (y <= EASTINGS[1])
    northing = (NORTHINGS[0] <= x) & (x <= NORTHINGS[1])
    return np.asarray((far & near) | (northing & (numbered | bare)))
