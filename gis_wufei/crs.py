"""Coordinate systems: one metric system a study, every transformer made here (x is east)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType

WGS84 = CRS.from_epsg(4326)
GEOD = Geod(ellps="GRS80")

MOST_TURNED_DEG = 45.0
"""Grid north may differ so much from true north; beyond, x is not east."""

# CGCS2000 six-degree Gauss-Krueger zones without zone prefix, central meridians 75E to 135E.
CGCS2000_SIX_DEGREE = range(4502, 4513)


@cache
def transformer(source: CRS, target: CRS) -> Transformer:
    """Transformer between two systems, x east and y north on both sides."""
    return Transformer.from_crs(source, target, always_xy=True)


@cache
def china() -> shapely.MultiPolygon:
    """China's outline in degrees, simplified to 0.02 degrees: it chooses a system and is never drawn."""
    told = json.loads(files("gis_wufei").joinpath("china_outline.json").read_text(encoding="utf-8"))
    outline = shapely.MultiPolygon([shapely.Polygon(ring) for ring in told["polygons"]])
    shapely.prepare(outline)
    return outline


def in_china(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which places (degrees) lie within China's outline; a place that is not finite does not."""
    sound = np.isfinite(lon) & np.isfinite(lat)
    return np.asarray(sound & shapely.contains_xy(china(), np.where(sound, lon, 0), np.where(sound, lat, 0)))


def metric_crs(west: float, south: float, east: float, north: float) -> CRS:
    """The working system for an area given by its WGS 84 bounds (degrees); ``area_crs`` for its shape."""
    return area_crs(shapely.box(west, south, east, north))


def area_crs(area: shapely.Geometry) -> CRS:
    """The working system for an area in degrees.

    In China, where at least half of the area lies within the national outline: the CGCS2000
    six-degree Gauss-Krueger zone whose area of use contains the bounds (a county that straddles two
    three-degree zones still fits one). EPSG's areas of use are boxes that reach far into the
    neighbours, so they choose the zone only. Elsewhere: the UTM zone of the centre on WGS 84.
    """
    west, south, east, north = map(float, area.bounds)
    if _mostly_in_china(area):
        box = AreaOfInterest(west, south, east, north)
        fits = query_crs_info("EPSG", PJType.PROJECTED_CRS, box, contains=True)
        national = sorted(int(info.code) for info in fits if int(info.code) in CGCS2000_SIX_DEGREE)
        if national:
            return CRS.from_epsg(national[0])
    zone = int((west + east) / 2 + 180) // 6 % 60 + 1
    return CRS.from_epsg((32600 if south + north >= 0 else 32700) + zone)


def _mostly_in_china(area: shapely.Geometry) -> bool:
    if not area.intersects(china().envelope):
        return False
    whole = shapely.area(area)
    if not whole > 0:
        return bool(china().intersects(area))
    return bool(shapely.area(shapely.intersection(china(), shapely.make_valid(area))) >= whole / 2)


def is_metric(crs: CRS) -> bool:
    """Whether a system is projected and both its axes count metres."""
    return crs.is_projected and all(axis.unit_conversion_factor == 1.0 for axis in crs.axis_info)


def length_error(crs: CRS, west: float, south: float, east: float, north: float) -> float:
    """Largest share by which a system makes lengths too long or too short within WGS 84 bounds (degrees).

    Taken in the direction where it is worst (the axes of Tissot's ellipse), at the corners, the
    middles of the sides and the centre; ``inf`` where the system has no scale or x is not east. In
    its own zone a UTM or a six-degree Gauss-Krueger system stays below 0.0014.
    """
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.linspace(west, east, 3), np.linspace(south, north, 3)))
    scale = Proj(crs).get_factors(lon, lat)
    off = np.abs([np.subtract(scale.tissot_semimajor, 1), np.subtract(scale.tissot_semiminor, 1)])
    turned = np.abs(scale.meridian_convergence) > MOST_TURNED_DEG
    return float(off.max()) if np.isfinite(off).all() and not np.any(turned) else float("inf")


def crs_label(crs: CRS) -> str:
    """Authority code and name, for reports ("EPSG:4508 CGCS2000 / Gauss-Kruger CM 111E")."""
    code = crs.to_authority()
    return f"{':'.join(code)} {crs.name}" if code else crs.name


def horizontal(crs: CRS) -> CRS:
    """The map part of a system: of a compound one the first, of a bound one the source."""
    while crs.is_bound or crs.is_compound:
        inner = crs.source_crs if crs.is_bound else crs.sub_crs_list[0]
        if inner is None:
            return crs
        crs = inner
    return crs


def meridian(crs: CRS) -> tuple[float, float, float] | None:
    """Central meridian (degrees), false easting (m) and scale of a transverse Mercator system; else ``None``."""
    operation = horizontal(crs).coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return None
    told = {param.name: param.value for param in operation.params}
    names = ("Longitude of natural origin", "False easting", "Scale factor at natural origin")
    if any(name not in told for name in names):
        return None
    lon, east, scale = (float(told[name]) for name in names)
    return lon, east, scale


def zone_prefix(crs: CRS) -> int | None:
    """Zone number before the eastings of a Gauss-Krueger system (0: none); ``None`` for all other systems."""
    told = meridian(crs)
    if told is None or not is_metric(crs) or told[1] % 1_000_000 != 500_000:
        return None
    return int(told[1] // 1_000_000)


def prefixed_zone(prefix: int) -> int | None:
    """EPSG code of the CGCS2000 zone that a number before the easting means: 13-23 six, 25-45 three degrees."""
    if 13 <= prefix <= 23:
        return 4491 + prefix - 13
    if 25 <= prefix <= 45:
        return 4513 + prefix - 25
    return None


def three_degree_zone(central_meridian: int) -> int:
    """EPSG code of the CGCS2000 three-degree zone without prefix on a meridian from 75 to 135 E."""
    return 4534 + central_meridian // 3 - 25


def six_degree_zone(central_meridian: int) -> int:
    """EPSG code of the CGCS2000 six-degree zone without prefix on a meridian from 75 to 135 E."""
    return 4502 + (central_meridian - 75) // 6
