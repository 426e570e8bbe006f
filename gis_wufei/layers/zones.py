"""Gauss-Krueger zones: the number before an easting held against the system that wants it or not."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import (
    WGS84,
    crs_label,
    horizontal,
    meridian,
    prefixed_zone,
    six_degree_zone,
    three_degree_zone,
    transformer,
    zone_prefix,
)
from gis_wufei.errors import Fault
from gis_wufei.layers.accuracy import datum_name
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.fits import EASTINGS, Fit, bounds_of, known, prefixes_of, told
from gis_wufei.layers.settled import Settled, middle
from gis_wufei.layers.tell import rows
from gis_wufei.text import Text, text

BEYOND_DEG = 18.0, 10.0  # so far east or west, north or south of its area of use a system has no place for a county
CHINA_LAT = 16.7, 53.6  # of CGCS2000
FAR_DEG = 1.5  # beyond a system's area of use (half a three-degree zone): the zone is doubted


def zone_fits(where: str, boxes: NDArray[np.float64], sound: NDArray[np.bool_], out: Settled) -> bool:
    """Whether the eastings carry the zone number that the system wants."""
    frame, system = out.frame, CRS(out.frame.crs)
    told_zone = meridian(system)
    if told_zone is None:
        return True
    wanted = zone_prefix(system) or 0
    east = (boxes[:, 0] + boxes[:, 2]) / 2
    have = np.where(sound, prefixes_of(east), wanted)
    bare = sound & (EASTINGS[0] <= east) & (east <= EASTINGS[1])
    wrong = sound & (((have != 0) & (have != wanted)) | (bare & (wanted != 0)))
    if not wrong.any():
        return True
    found = sorted({int(zone) for zone in have[wrong]})
    likely = [_with_zone(zone, system) for zone in found]
    facts = {
        "rows": rows(frame, pd.Series(wrong, index=frame.index)),
        "x": middle(boxes[wrong][0])[0],
        "found": _zone_words(found),
        "wanted": _zone_words([wanted]),
        "crs": crs_label(system),
        "fits": _one_of([fit.line() for fit in likely if fit is not None]),
    }
    out.faults.append(Fault("E-LAYER-043" if wanted and found != [0] else "E-LAYER-042", where, facts))
    return False


def _with_zone(zone: int, system: CRS) -> Fit | None:
    """The likely system of eastings with this zone number; without one, that of the same meridian."""
    if zone:
        return Fit(f"EPSG:{prefixed_zone(zone)}")
    told_zone = meridian(system)
    if told_zone is None or told_zone[0] % 3 or not 75 <= told_zone[0] <= 135:
        return None
    lon, code = int(told_zone[0]), system.to_epsg() or 0
    return Fit(f"EPSG:{six_degree_zone(lon) if 4491 <= code <= 4501 else three_degree_zone(lon)}")


def _zone_words(zones: list[int]) -> Text:
    numbers = ", ".join(str(zone) for zone in zones if zone)
    words = text("fits.zone") if numbers else text("fits.no_zone")
    return Text(zh=words.zh.format(zone=numbers), en=words.en.format(zone=numbers))


def _one_of(lines: list[str]) -> Text:
    return Text(zh=" ／ ".join(lines), en=" / ".join(lines)) if lines else text("fits.none")


def off_ground(system: CRS, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Rows (boxes in ``system``) of which no corner has a place on the globe, or none near where the system is used.

    Six zones of margin: what lies a few zones off is doubted (``doubt_zone``), never refused.
    """
    flat = horizontal(system)
    off = np.zeros(len(boxes), dtype=bool)
    sound = np.isfinite(boxes).all(axis=1)
    if not flat.is_projected or not sound.any():
        return off
    west, south, east, north = _use(system)
    to_deg, here = transformer(flat, WGS84), boxes[sound]
    there = np.zeros(len(here), dtype=bool)
    for x, y in ((here[:, 0], here[:, 1]), (here[:, 2], here[:, 3])):
        lon, lat = to_deg.transform(x, y)
        # The way round the globe from the middle of the use: a zone at 179 degrees has neighbours at -179.
        finite = np.isfinite(lon) & np.isfinite(lat)
        lon, lat = np.where(finite, lon, 0), np.where(finite, lat, 0)
        away = np.abs((lon - (west + east) / 2 + 180) % 360 - 180) - (east - west) / 2
        beyond = np.maximum(south - lat, lat - north)
        there |= finite & (away <= BEYOND_DEG[0]) & (beyond <= BEYOND_DEG[1])
    off[sound] = ~there
    return off


def _use(system: CRS) -> tuple[float, float, float, float]:
    """West, south, east, north of a system's area of use; without one as its meridian and datum tell."""
    use, zone = system.area_of_use or horizontal(system).area_of_use, meridian(system)
    if use is not None:
        return use.west, use.south, use.east + (360.0 if use.east < use.west else 0.0), use.north
    south, north = CHINA_LAT if "2000" in datum_name(system) and "hina" in datum_name(system) else (-90.0, 90.0)
    return (zone[0] - 1.5, south, zone[0] + 1.5, north) if zone else (-180.0, south, 180.0, north)


def on_ground(where: str, boxes: NDArray[np.float64], sound: NDArray[np.bool_], out: Settled) -> bool:
    """Whether the numbers have a place where the system is used; a few rows that have none are told by the shapes."""
    frame, system = out.frame, CRS(out.frame.crs)
    wrong = sound & off_ground(system, boxes)
    if wrong.sum() * 2 <= sound.sum():
        return True
    bounds = bounds_of(boxes[wrong])
    x, y = middle(boxes[wrong][0])
    facts = {"rows": rows(frame, pd.Series(wrong, index=frame.index)), "x": x, "y": y, "crs": crs_label(system)}
    fault = Fault("E-LAYER-040", where, {**facts, "fits": told(bounds)}) if known(bounds) else None
    out.faults.append(fault or Fault("E-LAYER-053", where, facts))
    return False


def doubt_zone(system: CRS, boxes: NDArray[np.float64], out: Settled) -> None:
    """A layer a whole half zone beyond its system's area of use: legal, but rather a wrong zone."""
    use, bounds = system.area_of_use, bounds_of(boxes)
    if use is None or bounds is None or not horizontal(system).is_projected or use.west > use.east:
        return
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    lon, lat = transformer(system, WGS84).transform(x, y)
    beyond = max(use.west - lon, lon - use.east, use.south - lat, lat - use.north)
    if np.isfinite(beyond) and beyond > FAR_DEG:
        facts = {"crs": crs_label(system), "place": f"{lon:.2f}°, {lat:.2f}°", "use": f"{use.west:g}–{use.east:g}°"}
        out.warned.append(Remark("R-LAYER-ZONE", len(out.frame), facts=facts))
