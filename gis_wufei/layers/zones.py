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
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.fits import EASTINGS, Fit, bounds_of, prefixes_of
from gis_wufei.layers.settled import Settled, middle
from gis_wufei.layers.tell import rows
from gis_wufei.text import Text, text

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
