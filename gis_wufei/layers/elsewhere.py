"""A layer that lies in another county: the systems in which the same numbers would lie in this one."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from gis_wufei.crs import WGS84, horizontal, meridian, transformer
from gis_wufei.layers.fits import Bounds, Fit, fits, possible
from gis_wufei.text import Text, text

MOST = 4  # systems to name
NEAR_DEG = 4.5  # from a meridian to the middle of the area


def systems_here(frame: gpd.GeoDataFrame, area: gpd.GeoDataFrame) -> Text:
    """What to declare so that the layer would overlap the area; blank words where no system does.

    Only told: a wrong zone and the next county's file look alike.
    """
    crs = CRS(frame.crs)
    here = shapely.box(*area.to_crs(WGS84).total_bounds)
    west, south, east, north = map(float, frame.total_bounds)
    bounds: Bounds = (west, south, east, north)
    turned: Bounds = (south, west, north, east)
    if _overlaps(crs, turned, here):
        return _told(["swap_axes: true"])
    found = []
    for fit in _candidates(crs, bounds, here):
        if CRS.from_user_input(fit.code).equals(crs, ignore_axis_order=True):
            continue
        if _overlaps(CRS.from_user_input(fit.code), turned if fit.swap else bounds, here):
            found.append(fit.line() + " + override_crs: true")
    return _told(list(dict.fromkeys(found))[:MOST])


def _told(lines: list[str]) -> Text:
    if not lines:
        return Text(zh="", en="")
    words, every = text("fits.elsewhere"), " / ".join(lines)
    return Text(zh=words.zh.format(fits=every), en=words.en.format(fits=every))


def _candidates(crs: CRS, bounds: Bounds, here: shapely.Geometry) -> Iterator[Fit]:
    yield from fits(bounds)
    zone = meridian(crs)
    if zone is None:
        return
    if zone[1] >= 1_000_000:
        return
    lon = (here.bounds[0] + here.bounds[2]) / 2  # six digits fit every meridian: those of this area
    for code in possible():
        told = meridian(CRS.from_epsg(code))
        if told is not None and abs(told[0] - lon) <= NEAR_DEG:
            yield Fit(f"EPSG:{code}")
    south = 100 if here.bounds[3] < 0 else 0
    yield Fit(f"EPSG:{32601 + south + int(lon + 180) // 6 % 60}")


def _overlaps(crs: CRS, bounds: Bounds, here: shapely.Geometry) -> bool:
    place = bounds
    if not horizontal(crs).is_geographic:
        place = transformer(crs, WGS84).transform_bounds(*bounds, densify_pts=3)
    return bool(np.isfinite(place).all() and shapely.box(*place).intersects(here))
