"""Invalid polygons made valid, if that changes next to nothing; lines and points are always valid."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.errors import Fault
from gis_wufei.layers.measure import areas_ha, lines_of
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.tell import remark, rows
from gis_wufei.text import Text, text

MOST_CHANGE = 0.01  # of a polygon's area, by a repair
PLACE = re.compile(r"\[(\S+) (\S+?)(?: \S+)?\]")
REASONS = {
    "Holes are nested": "invalid.nested",
    "Nested shells": "invalid.parts",
    "Duplicate Rings": "invalid.twice",
    "Interior is disconnected": "invalid.apart",
}


def repaired(frame: gpd.GeoDataFrame, where: str, faults: list[Fault], notes: Notes) -> gpd.GeoDataFrame:
    """The frame with valid polygons; one that a repair would change noticeably, or rob of a part, is a fault."""
    invalid = ~shapely.is_valid(frame.geometry.to_numpy())
    if not invalid.any():
        return frame
    broken = frame.geometry.to_numpy()[invalid]
    fixed = shapely.make_valid(broken, method="structure", keep_collapsed=False)
    before, after = shapely.area(broken), shapely.area(fixed)
    changed = (np.abs(after - before) > MOST_CHANGE * np.maximum(before, after)) | shapely.is_empty(fixed)
    robbed = ~changed & _robbed(broken)
    found = causes(broken, fixed)
    for cause in sorted(set(found[changed])):
        told = changed & (found == cause)
        facts = {"rows": rows(frame, _among(frame, invalid, told)), "why": text(cause), "at": _place(broken[told][0])}
        faults.append(Fault("E-LAYER-017", where, facts, field="geometry"))
    if robbed.any():
        named = rows(frame, _among(frame, invalid, robbed))
        faults.append(Fault("E-LAYER-076", where, {"rows": named}, field="geometry"))
    mended = _among(frame, invalid, ~(changed | robbed)).to_numpy()
    if mended.any():
        kept = ~(changed | robbed)
        ha = areas_ha(fixed[kept], frame.crs)
        old, new = float((ha * before[kept] / after[kept]).sum()), float(ha.sum())
        told = remark("R-LAYER-VALID", frame, mended, before=old, after=new, unit="ha", why=counted(found[kept]))
        notes.repaired.append(replace(told, facts={**told.facts, "old": f"{old:.6g}", "new": f"{new:.6g}"}))
    shapes = frame.geometry.to_numpy().copy()
    shapes[invalid] = fixed
    return frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs))


def without_repeats(frame: gpd.GeoDataFrame, notes: Notes) -> gpd.GeoDataFrame:
    """Lines and rings without the vertices that repeat the one before; a ring's closing vertex repeats none."""
    shapes = frame.geometry.to_numpy()
    lines, owner = lines_of(shapes)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    again = (xy[1:] == xy[:-1]).all(axis=1) & (line[1:] == line[:-1])
    if not again.any():
        return frame
    count = np.bincount(owner[line[1:][again]], minlength=len(frame))
    told = count > 0
    shapes = shapes.copy()
    shapes[told] = shapely.remove_repeated_points(shapes[told], 0.0)
    notes.repaired.append(remark("R-LAYER-REPEATED", frame, told, vertices=int(count.sum())))
    return frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs))


def causes(broken: NDArray[np.object_], fixed: NDArray[np.object_]) -> NDArray[np.object_]:
    """What is wrong with each invalid area, as a key of the catalogue."""
    reasons = shapely.is_valid_reason(broken)
    told = [_cause(*each) for each in zip(broken, fixed, reasons, strict=True)]
    return np.array(told, dtype=object)


def _cause(shape: shapely.Geometry, fixed: shapely.Geometry, reason: str) -> str:
    parts = shapely.get_parts(shape)
    shells = shapely.polygons(shapely.get_exterior_ring(parts))
    if reason.startswith("Too few points"):
        return "invalid.few"
    if not (shapely.area(shapely.make_valid(shells)) > 0).any():
        return "invalid.flat"
    if reason.startswith("Hole lies outside"):
        holes = shapely.polygons(shapely.get_rings(parts[0])[1:]) if len(parts) == 1 else shells[:0]
        eaten = len(holes) and bool(shapely.covers(holes, shells[0]).any())
        return "invalid.swallowed" if eaten else "invalid.outside"
    for start, key in REASONS.items():
        if reason.startswith(start):
            return key
    if len(parts) > 1 and shapely.is_valid(parts).all():
        return "invalid.parts"
    rings = shapely.polygons(shapely.get_rings(parts))
    if shapely.is_valid(rings).all():
        alone = len(rings) == 2 and bool(shapely.covers(rings[1], rings[0]))
        return "invalid.swallowed" if alone else "invalid.hole"
    if any(map(_turns_back, rings)):
        return "invalid.spike"
    touching = reason.startswith("Ring Self") and np.isclose(shapely.area(shape), shapely.area(fixed), rtol=1e-9)
    return "invalid.touch" if touching else "invalid.cross"


def _turns_back(ring: shapely.Geometry) -> bool:
    """Whether a ring runs out and back upon itself somewhere."""
    xy = shapely.get_coordinates(shapely.remove_repeated_points(ring, 0.0))
    out = np.diff(xy, axis=0)
    back = np.roll(out, -1, axis=0)
    turn = out[:, 0] * back[:, 1] - out[:, 1] * back[:, 0]
    along = (out * back).sum(axis=1)
    return bool(((along < 0) & (np.abs(turn) <= 1e-9 * np.abs(along))).any())


def counted(keys: Iterable[str]) -> Text:
    """Causes as words, each with how often."""
    counts = Counter(keys).most_common()
    each = [(text(key), count) for key, count in counts]
    zh = "，".join(f"{words.zh} {count}" for words, count in each)
    return Text(zh=zh, en=", ".join(f"{words.en}: {count}" for words, count in each))


def _place(shape: shapely.Geometry) -> str:
    """Where a shape is invalid, as the library names the place; its first vertex where it names none."""
    named = PLACE.search(shapely.is_valid_reason(shape))
    x, y = map(float, named.groups()) if named else shapely.get_coordinates(shape)[0]
    return f"{x:.10g}, {y:.10g}"


def _among(frame: gpd.GeoDataFrame, invalid: NDArray[np.bool_], told: NDArray[np.bool_]) -> pd.Series:
    mask = np.zeros(len(frame), dtype=bool)
    mask[np.flatnonzero(invalid)[told]] = True
    return pd.Series(mask, index=frame.index)


def _robbed(broken: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which shapes of several parts have one without any area, which a repair leaves out."""
    parts, owner = shapely.get_parts(broken, return_index=True)
    outer = shapely.polygons(shapely.get_exterior_ring(parts))
    gone = np.zeros(len(broken), dtype=bool)
    sick = ~shapely.is_valid(outer)
    lost = shapely.is_empty(shapely.make_valid(outer[sick], method="structure", keep_collapsed=False))
    gone[owner[np.flatnonzero(sick)[lost]]] = True
    return gone
