"""Coordinate systems: one metric system a study, every transformer made here (x is east)."""

from __future__ import annotations

from functools import cache

import numpy as np
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


def metric_crs(west: float, south: float, east: float, north: float) -> CRS:
    """The working system for an area given by its WGS 84 bounds (degrees).

    In China: the CGCS2000 six-degree Gauss-Krueger zone whose area of use contains the area (a
    county that straddles two three-degree zones still fits one). Elsewhere: the UTM zone of the
    centre on WGS 84. EPSG's own areas of use decide, through PROJ's database.
    """
    box = AreaOfInterest(west, south, east, north)
    fits = query_crs_info("EPSG", PJType.PROJECTED_CRS, box, contains=True)
    national = sorted(int(info.code) for info in fits if int(info.code) in CGCS2000_SIX_DEGREE)
    if national:
        return CRS.from_epsg(national[0])
    zone = int((west + east) / 2 + 180) // 6 % 60 + 1
    return CRS.from_epsg((32600 if south + north >= 0 else 32700) + zone)


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
