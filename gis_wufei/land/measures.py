"""How near a place is to what a rule speaks of: the true distance to the true shape, or the raster's number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import GEOD, transformer
from gis_wufei.land.features import Features, features_of, selection
from gis_wufei.land.rasters import highest
from gis_wufei.land.rules import BoundRule
from gis_wufei.layers import Layers

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ROUNDING_M = 0.001
"""A place so much closer than it may be stands at the distance: the rounding of coordinates."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One rule at N places."""

    touched: Flags
    """bool[n]"""
    unknown: Flags
    """bool[n], where a raster holds no number and the rule takes that for unknown."""
    found: Floats
    """float[n]: distance (m) to the nearest feature, 0 inside it; of a raster its largest number. nan: none."""
    nearest: NDArray[np.object_]
    """Name of that feature; empty where there is none."""
    layer: NDArray[np.object_]
    """Name of its layer."""


class Places:
    """N places (points or parcels) beside the layers of a study; what is measured once serves every rule.

    Parameters
    ----------
    shapes
        Places in the system of the layers, in metres.
    layers
        The layers of the study.
    """

    def __init__(self, shapes: gpd.GeoSeries, layers: Layers) -> None:
        self.shapes = np.asarray(shapes.to_numpy(), dtype=object)
        self.crs = CRS(layers.area.crs)
        self.layers = layers
        self._features: dict[object, Features | None] = {}
        self._nearest: dict[object, tuple[Floats, NDArray[np.intp]]] = {}

    def __len__(self) -> int:
        return len(self.shapes)

    def measure(self, bound: BoundRule) -> Measured | None:
        """A rule at every place; ``None`` where no layer of its role tells what it chooses by."""
        return MEASURES[bound.rule.operator](self, bound)

    def closer(self, bound: BoundRule) -> Measured | None:
        """Touched where a part of the place is closer than the distance (0: where it meets a feature)."""
        found = self._found(bound)
        if found is None:
            return None
        metres, which = self._metres(bound, found)
        touched = metres == 0 if bound.distance_m <= 0 else metres < bound.distance_m - ROUNDING_M
        return self._measured(touched, metres, which, found)

    def outside(self, bound: BoundRule) -> Measured | None:
        """Touched where a part of the place lies in no feature."""
        found = self._found(bound)
        if found is None:
            return None
        metres, which = self._metres(bound, found)
        ground = shapely.buffer(found.ground, ROUNDING_M)
        shapely.prepare(ground)
        return self._measured(~shapely.covers(ground, self.shapes), metres, which, found)

    def above(self, bound: BoundRule) -> Measured | None:
        """Touched where a cell of the raster under the place is above the threshold."""
        telling = [layer for layer in self.layers.of_role(bound.rule.role) if layer.raster is not None]
        if not telling:
            return None
        most, blank = np.full(len(self), np.nan), np.ones(len(self), bool)
        name = np.full(len(self), "", dtype=object)
        for layer in telling:
            assert layer.raster is not None
            numbers, bare = highest(layer.raster, self.shapes, self.crs)
            higher = ~np.isnan(numbers) & ~(numbers <= most)
            most[higher], name[higher] = numbers[higher], layer.name
            blank &= bare
        with np.errstate(invalid="ignore"):
            touched = most > bound.required
        if bound.rule.no_data == "exclude":
            touched = touched | blank
        unknown = blank & ~touched & (bound.rule.no_data == "unknown")
        return Measured(touched, unknown, most, np.full(len(self), "", dtype=object), name)

    def _found(self, bound: BoundRule) -> Features | None:
        key = selection(bound.rule)
        if key not in self._features:
            self._features[key] = features_of(bound.rule, self.layers)
        return self._features[key]

    def _metres(self, bound: BoundRule, found: Features) -> tuple[Floats, NDArray[np.intp]]:
        """float[n], metres on the ellipsoid to the nearest feature (inf: there is none), and int[n], which (-1)."""
        key = selection(bound.rule)
        if key not in self._nearest:
            self._nearest[key] = nearest(self.shapes, found, self.crs)
        return self._nearest[key]

    def _measured(self, touched: Flags, metres: Floats, which: NDArray[np.intp], found: Features) -> Measured:
        there = which >= 0
        name, layer = (np.full(len(self), "", dtype=object) for _ in range(2))
        name[there], layer[there] = found.names[which[there]], found.layers[which[there]]
        unknown = np.zeros(len(self), bool)
        return Measured(np.asarray(touched, bool), unknown, np.where(there, metres, np.nan), name, layer)


def nearest(shapes: NDArray[np.object_], found: Features, crs: CRS) -> tuple[Floats, NDArray[np.intp]]:
    """Distance of each shape to the nearest feature: float[n] metres on the ellipsoid, int[n] which; inf and -1.

    The shortest line is found on the map and measured on the ellipsoid: a map stretches lengths by up
    to 0.14 %, four metres in three kilometres.
    """
    metres, which = np.full(len(shapes), np.inf), np.full(len(shapes), -1, dtype=np.intp)
    if not len(found):
        return metres, which
    place, feature = found.tree.query(shapes)
    meet = shapely.intersects(found.shapes[feature], shapes[place])
    place, feature = place[meet], feature[meet]
    order = np.lexsort((feature, place))[::-1]  # of several features the first is told
    metres[place[order]], which[place[order]] = 0.0, feature[order]
    apart = np.flatnonzero(which < 0)
    if not len(apart):
        return metres, which
    (at, piece), planar = found.pieces.tree.query_nearest(shapes[apart], all_matches=False, return_distance=True)
    lines = shapely.shortest_line(shapes[apart[at]], found.pieces.shapes[piece])
    ends = shapely.get_coordinates(lines)
    lon, lat = transformer(crs, crs.geodetic_crs).transform(ends[:, 0], ends[:, 1])
    earth = crs.get_geod() or GEOD
    true = earth.inv(lon[::2], lat[::2], lon[1::2], lat[1::2])[2]
    # What does not meet is not inside, however near.
    metres[apart[at]] = np.where(planar > 0, np.maximum(true, np.finfo(np.float64).tiny), np.finfo(np.float64).tiny)
    which[apart[at]] = found.pieces.owner[piece]
    return metres, which


# An operator: one method that measures it, and one method of Masks (eligibility.py) that marks its cells.
MEASURES: dict[str, Callable[[Places, BoundRule], Measured | None]] = {
    "closer": Places.closer,
    "outside": Places.outside,
    "above": Places.above,
}
