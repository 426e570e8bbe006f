"""Where the numbers of a file lie: the stated and the declared system reconciled, or the faults told."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_wufei.crs import WGS84, crs_label, horizontal, transformer
from gis_wufei.errors import Fault
from gis_wufei.layers.accuracy import judge_datum, modern
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.exchange import exchanged
from gis_wufei.layers.fits import MERCATOR, bounds_of, told
from gis_wufei.layers.settled import Settled, middle
from gis_wufei.layers.spec import LayerSpec
from gis_wufei.layers.tell import first, rows
from gis_wufei.layers.undo import undo
from gis_wufei.layers.webmap import webmap
from gis_wufei.layers.zones import doubt_zone, on_ground, zone_fits

AGREE_M = 0.5  # two systems that put the layer within half a metre of the same place are one
NO_SYSTEM = ("Undefined Cartesian SRS", "Undefined geographic SRS", "Unknown engineering CRS")
METRES_PER_DEG = 111_000
NO_PLACE = 1e12  # beyond it no system has a place
# Names that planners write; a projected system needs its code, since the name does not tell the zone.
NAMES = {
    "cgcs2000": "EPSG:4490",
    "国家2000": "EPSG:4490",
    "2000国家大地坐标系": "EPSG:4490",
    "wgs84": "EPSG:4326",
    "西安80": "EPSG:4610",
    "xian80": "EPSG:4610",
    "xian1980": "EPSG:4610",
    "北京54": "EPSG:4214",
    "beijing54": "EPSG:4214",
    "beijing1954": "EPSG:4214",
}


def settle(
    frame: gpd.GeoDataFrame, spec: LayerSpec, where: str, implied: bool = False, broken: bool = False
) -> Settled:
    """Decide the system of a layer, or tell why it cannot be decided.

    Parameters
    ----------
    frame
        As read, with its column ``row``; its system is the one that the file states, x is east.
    spec
        With the declared ``crs``, ``override_crs`` and ``swap_axes``.
    where
        The file, for faults.
    implied
        Whether the stated system is only that of the format (a list of degrees, GeoJSON without a
        word on it) and therefore yields to a declared one.
    broken
        Whether the file states a system in words that cannot be read (a cut .prj).
    """
    out = Settled(frame)
    boxes = shapely.bounds(frame.geometry.to_numpy())
    boxes[~(np.abs(boxes) < NO_PLACE)] = np.nan  # told later with its rows, whatever the system
    stated = None if frame.crs is None or _undefined(CRS(frame.crs)) else CRS(frame.crs)
    if stated is None:
        out.frame = frame.set_crs(None, allow_override=True)
    datum = webmap(spec.crs)
    system = _system(stated, spec, datum, where, implied, broken, boxes, out)
    if system is None:
        out.frame = out.frame.set_crs(None, allow_override=True)
        return out
    out.frame = out.frame.set_crs(system, allow_override=True)
    boxes = _axes(spec, where, boxes, out)
    if not _possible(where, implied and not spec.crs, boxes, out):
        out.frame = out.frame.set_crs(None, allow_override=True)
        return out
    judge_datum(system, boxes, where, out.faults, out.warned)
    if datum is not None and not out.faults:
        undo(datum, where, out)
    elif not out.faults:
        doubt_zone(system, boxes, out)
    return out


# --- which system ------------------------------------------------------------------------------


def _undefined(crs: CRS) -> bool:
    """GeoPackage and others have names for "no system"; they are no local system."""
    return crs.name in NO_SYSTEM


def _system(
    stated: CRS | None,
    spec: LayerSpec,
    datum: str | None,
    where: str,
    implied: bool,
    broken: bool,
    boxes: NDArray[np.float64],
    out: Settled,
) -> CRS | None:
    declared = None
    if spec.override_crs and not spec.crs:
        out.faults.append(Fault("E-LAYER-050", where, {}))
    if datum is None and spec.crs:
        declared = _declared(spec.crs, where, out.faults)
        if declared is None:
            return None
    if datum is not None and stated is None:
        return WGS84  # degrees of the online map, to be undone
    system = stated or declared
    if system is None:
        fits = {"fits": told(bounds_of(boxes))}
        out.faults.append(Fault("E-LAYER-045", where, fits) if broken else Fault("E-LAYER-004", where, fits))
        return None
    if stated is not None and declared is not None and implied:
        system = declared  # the file itself states nothing; whether the numbers fit is asked below
    elif stated is not None and declared is not None and not _agree(stated, declared, boxes):
        if not spec.override_crs:
            facts = {"stated": crs_label(stated), "declared": crs_label(declared)}
            out.faults.append(Fault("E-LAYER-023", where, facts))
            return None
        system = declared
        named = {"stated": crs_label(stated), "declared": crs_label(declared)}
        out.repaired.append(Remark("R-LAYER-OVERRIDE", len(out.frame), facts=named))
    if not (system.is_geographic or system.is_projected or horizontal(system).is_projected):
        code = "E-LAYER-044" if horizontal(system).type_name == "Engineering CRS" else "E-LAYER-048"
        out.faults.append(Fault(code, where, {"crs": crs_label(system), "fits": told(bounds_of(boxes))}))
        return None
    return system


def _are_degrees(boxes: NDArray[np.float64]) -> bool:
    """Whether the numbers are as small as degrees: such a list is no list of metres, whatever is declared."""
    bounds = bounds_of(boxes)
    return bounds is not None and max(map(abs, bounds)) <= 180


def _declared(crs: str, where: str, faults: list[Fault]) -> CRS | None:
    plain = "".join(c for c in crs.casefold() if c not in " -_")
    try:
        return CRS.from_user_input(NAMES.get(plain) or (int(plain) if plain.isascii() and plain.isdecimal() else crs))
    except CRSError:
        faults.append(Fault("E-LAYER-016", where, {"crs": crs}))
        return None


def _agree(one: CRS, other: CRS, boxes: NDArray[np.float64]) -> bool:
    """Whether two systems are the same where the layer lies; WGS 84 and CGCS2000 count as one datum."""
    if one.equals(other, ignore_axis_order=True):
        return True
    if not (modern(one) and modern(other)):
        return False
    bounds = bounds_of(boxes)
    if bounds is None:
        return False
    x, y = np.array(bounds[::2]), np.array(bounds[1::2])
    there, here = (np.array(transformer(crs, WGS84).transform(x, y)) for crs in (one, other))
    if not (np.isfinite(there).all() and np.isfinite(here).all()):
        return False
    return bool(np.abs(there - here).max() <= AGREE_M / METRES_PER_DEG)


# --- numbers against the system ------------------------------------------------------------------


def _axes(spec: LayerSpec, where: str, boxes: NDArray[np.float64], out: Settled) -> NDArray[np.float64]:
    """Rows with x and y exchanged: put right when asked for, else a fault with the rows."""
    frame, system = out.frame, CRS(out.frame.crs)
    found = exchanged(system, boxes)
    if spec.swap_axes and not found.any():
        found = np.asarray(np.isfinite(boxes).all(axis=1))  # nothing in the numbers speaks against it
        if exchanged(system, boxes[:, [1, 0, 3, 2]])[found].any():
            out.faults.append(Fault("E-LAYER-049", where, {"crs": crs_label(system)}))
            return boxes
    if not found.any():
        return boxes
    mask = pd.Series(found, index=frame.index)
    if spec.swap_axes:
        out.repaired.append(Remark("R-LAYER-SWAPPED", int(found.sum()), first(frame, mask), rows=_rows(frame, found)))
    else:
        x, y = middle(boxes[found][0])
        facts = {"rows": rows(frame, mask), "x": x, "y": y, "crs": crs_label(system)}
        out.faults.append(Fault("E-LAYER-041", where, facts))
    shapes = frame.geometry.to_numpy().copy()
    shapes[found] = shapely.transform(shapes[found], lambda xy: xy[:, ::-1])
    out.frame = frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=system))
    boxes = boxes.copy()
    boxes[found] = boxes[found][:, [1, 0, 3, 2]]
    return boxes


def _possible(where: str, implied: bool, boxes: NDArray[np.float64], out: Settled) -> bool:
    """Whether the numbers can be in the system at all; if not, the fault names those they fit."""
    frame, system = out.frame, CRS(out.frame.crs)
    sound = np.isfinite(boxes).all(axis=1) & ~(boxes == 0).all(axis=1)
    if not sound.any():
        return True
    flat = horizontal(system)
    largest_x, largest_y = np.abs(boxes[:, [0, 2]]).max(axis=1), np.abs(boxes[:, [1, 3]]).max(axis=1)
    if flat.is_geographic:
        wrong = sound & ((largest_x > 1000) | (largest_y > 1000))  # what is only just beyond is a wild row
        if wrong.sum() * 2 <= sound.sum():
            return True
    else:
        wrong = sound & (largest_x <= 180) & (largest_y <= 90)
        if not wrong.any() and _is_mercator(flat):
            wrong = sound & ((largest_x > MERCATOR) | (largest_y > MERCATOR))
    if implied and wrong.any() and wrong[sound].all():  # then the file says nothing of its system
        out.faults.append(Fault("E-LAYER-004", where, {"fits": told(bounds_of(boxes))}))
        return False
    if not wrong.any():
        return zone_fits(where, boxes, sound, out) and on_ground(where, boxes, sound, out)
    x, y = middle(boxes[wrong][0])
    facts = {
        "rows": rows(frame, pd.Series(wrong, index=frame.index)),
        "x": x,
        "y": y,
        "crs": crs_label(system),
        "fits": told(bounds_of(boxes[wrong])),
    }
    out.faults.append(Fault("E-LAYER-040", where, facts))
    return False


def _is_mercator(crs: CRS) -> bool:
    operation = crs.coordinate_operation
    return operation is not None and "Pseudo" in operation.method_name


def _rows(frame: gpd.GeoDataFrame, mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(map(int, frame["row"].to_numpy()[mask]))
