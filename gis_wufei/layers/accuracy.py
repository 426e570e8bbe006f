"""How well a file's datum is known against WGS 84 and CGCS2000: a shift of nothing is no transformation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.transformer import AreaOfInterest, TransformerGroup

from gis_wufei.crs import WGS84, crs_label, horizontal, transformer
from gis_wufei.errors import Fault
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.fits import bounds_of

# China's old datums lie tens to hundreds of metres off, by parameters that each survey office keeps for itself.
OLD = ("beijing 1954", "beijing_1954", "new beijing", "xian 1980", "xian_1980", "beijing54", "xian80")
SAME = ("world geodetic system 1984", "china 2000", "china geodetic coordinate system 2000", "wgs_1984", "wgs 84")
ROUGH_M = 5.0  # a stated accuracy that is worse is told
PRECISE_M = 2.0  # of an old datum: PROJ knows a few basins so well, elsewhere tens of metres at best


def datum_name(crs: CRS) -> str:
    """Name of the datum as its system gives it; empty where there is none."""
    base = horizontal(crs).geodetic_crs
    return base.datum.name if base is not None and base.datum is not None else ""


def modern(crs: CRS) -> bool:
    """Whether the datum is WGS 84 or CGCS2000, which are one within a decimetre."""
    name = datum_name(crs).casefold().removeprefix("d_").removeprefix("unknown based on ")
    return not crs.is_bound and any(name.startswith(same) for same in SAME)


def judge_datum(crs: CRS, boxes: NDArray[np.float64], where: str, faults: list[Fault], warned: list[Remark]) -> None:
    """Refuse a datum whose place on the globe is unknown, and tell a rough one with PROJ's accuracy.

    Parameters
    ----------
    crs
        The layer's system; a bound one brings its own parameters (``+towgs84``).
    boxes
        Bounds of its rows in that system.
    where
        The file, for faults.
    faults, warned
        Taken further.
    """
    if modern(crs):
        return
    name = datum_name(crs)
    old = any(word in name.casefold() for word in OLD)
    if crs.is_bound:
        if any(_parameters(crs)):
            warned.append(Remark("R-LAYER-PARAMETERS", 1, facts={"datum": name}))
            return
        old = old or not _young_ellipsoid(crs)  # seven zeros are no parameters
    best = _accuracy(crs, boxes, whole=old)
    if old and not crs.is_bound and best is not None and best <= PRECISE_M:
        warned.append(Remark("R-LAYER-DATUM", 1, facts={"datum": name, "accuracy": f"{best:g}"}))
        return
    if old:
        faults.append(Fault("E-LAYER-046", where, {"crs": crs_label(crs), "datum": name}))
        return
    if best is None and not _young_ellipsoid(crs):
        faults.append(Fault("E-LAYER-046", where, {"crs": crs_label(crs), "datum": name}))
    elif best is None:
        warned.append(Remark("R-LAYER-NODATUM", 1, facts={"datum": name}))
    elif best > ROUGH_M:
        warned.append(Remark("R-LAYER-DATUM", 1, facts={"datum": name, "accuracy": f"{best:g}"}))


def _parameters(crs: CRS) -> list[float]:
    operation = crs.coordinate_operation
    if operation is None:
        return []
    return [float(value) for value in operation.towgs84]


def _young_ellipsoid(crs: CRS) -> bool:
    """Whether the ellipsoid is that of satellite geodesy (GRS 80, WGS 84), whose datums differ by metres at most."""
    ellipsoid = crs.ellipsoid
    return (
        ellipsoid is not None
        and abs(ellipsoid.semi_major_metre - 6_378_137.0) < 0.01
        and (abs(ellipsoid.inverse_flattening - 298.2572) < 0.001)
    )


def _accuracy(crs: CRS, boxes: NDArray[np.float64], whole: bool = False) -> float | None:
    """Best accuracy (m) of a transformation to WGS 84 that PROJ knows for the place; ``None`` if it knows none.

    With ``whole`` only of those that are meant for all of the place.
    """
    bounds, area = bounds_of(boxes), None
    base = horizontal(crs).geodetic_crs
    if bounds is not None and base is not None:
        west, south, east, north = transformer(horizontal(crs), base).transform_bounds(*bounds, densify_pts=3)
        if np.isfinite([west, south, east, north]).all():
            area = AreaOfInterest(west, south, east, north)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # grids that are not here: the accuracy told is of what is
        group = TransformerGroup(horizontal(crs), WGS84, always_xy=True, area_of_interest=area)
    usable = [one for one in group.transformers if not whole or _holds(one.area_of_use, area)]
    known = [float(one.accuracy) for one in usable if one.accuracy is not None and one.accuracy >= 0]
    return min(known) if known else None


def _holds(use: Any, area: AreaOfInterest | None) -> bool:
    """Whether an area of use holds all of a place; a place that is not known lies nowhere."""
    return (
        use is not None
        and area is not None
        and use.west <= area.west_lon_degree
        and area.east_lon_degree <= use.east
        and use.south <= area.south_lat_degree
        and area.north_lat_degree <= use.north
    )
