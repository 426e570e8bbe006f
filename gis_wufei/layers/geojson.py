"""GeoJSON: text that says what it is, so it can be counted before anything is dropped in silence."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers.bytestext import damaged_line
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.ogr import read_ogr, row_text, unreadable_shapes
from gis_wufei.text import text

# A coordinate system that is to be fetched from elsewhere; nothing outside the file is followed.
CRS_LINK = re.compile(rb'"crs"\s*:\s*\{(?:[^{}]*\{[^{}]*\})?[^{}]*?"type"\s*:\s*"(link|url)"', re.IGNORECASE)
SHAPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
SHAPED, BARE = object(), object()  # what is kept of a feature with a shape, and of one without


@dataclass
class Census:
    """What a file's text holds: items, those with a shape, and keys that stand twice in one object (by feature)."""

    items: int = 0
    no_features: list[int] = field(default_factory=list)
    with_shape: list[bool] = field(default_factory=list)
    twice: dict[str, list[int]] = field(default_factory=dict)


def read_geojson(path: Path, layer: str | None, where: str, notes: Notes) -> gpd.GeoDataFrame:
    """The frame of a GeoJSON file, every feature accounted for.

    Raises
    ------
    InputError
        Not GeoJSON, cut, nested too deep, a system by link, members that are no features, shapes
        that cannot be read, one name twice.
    """
    raw = path.read_bytes()
    if CRS_LINK.search(raw):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.link")})])
    encoding, content = _utf8(raw, where)
    census = _census(content, where)
    with ExitStack() as stack:
        source = path
        if content is not raw:
            source = Path(stack.enter_context(TemporaryDirectory(prefix="wufei-"))) / f"{path.stem[:40]}.geojson"
            source.write_bytes(content)
        # With the driver named, a description that points elsewhere (VRT, GDALG) is no GeoJSON.
        frame = read_ogr(f"GEOJSON:{source}", ("GeoJSON",), layer, where, notes, alone=True)
    if encoding != "utf-8":
        notes.repaired.append(Remark("R-LAYER-ENCODING", 1, facts={"stated": "utf-8", "found": encoding}))
    notes.encoding = encoding
    notes.implied_crs = b'"crs"' not in content
    _accounted(census, frame, where)
    return frame


def _utf8(raw: bytes, where: str) -> tuple[str, bytes]:
    """The encoding, and the text in UTF-8 without a mark (the very bytes where that is what they are)."""
    if raw[:3] == b"\xef\xbb\xbf":
        raw = raw[3:]
    elif raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return "utf-16", raw.decode("utf-16").encode()
        except UnicodeError as error:
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.encoding")})]) from error
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as stop:
        line = damaged_line(raw)
        if line is not None:
            raise InputError([Fault("E-LAYER-114", where, {"line": line})]) from stop
        try:
            return "gb18030", raw.decode("gb18030").encode()
        except UnicodeDecodeError as error:
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.encoding")})]) from error
    return "utf-8", raw


def _census(content: bytes, where: str) -> Census:
    census = Census()
    passed = 0

    def pairs(items: list[tuple[str, Any]]) -> Any:
        """Of each object only what is counted, so that a large file does not fill the memory."""
        nonlocal passed
        made = dict(items)
        kind = made.get("type")
        if len(made) < len(items):
            for name, count in Counter(name for name, _ in items).items():
                if count > 1:
                    census.twice.setdefault(name, []).append(0 if kind == "FeatureCollection" else passed + 1)
        if kind == "Feature":
            passed += 1
            return BARE if made.get("geometry") is None else SHAPED
        return {"type": kind} if "coordinates" in made else made

    try:
        told = json.loads(content, object_pairs_hook=pairs)
    except RecursionError as error:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.depth")})]) from error
    except (ValueError, UnicodeError) as error:
        lines = passed == 1 and getattr(error, "msg", "") == "Extra data"
        reason = text("reason.lines" if lines else "reason.damaged")
        raise InputError([Fault("E-LAYER-003", where, {"reason": reason})]) from error
    kind = told.get("type") if isinstance(told, dict) else None
    if kind == "FeatureCollection" and isinstance(told.get("features"), list):
        items = told["features"]
    elif told in (SHAPED, BARE):
        items = [told]
    elif kind in SHAPES:
        items = [SHAPED]
    else:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.geojson")})])
    census.items = len(items)
    for number, item in enumerate(items, 1):
        if item is SHAPED or item is BARE:
            census.with_shape.append(item is SHAPED)
        else:
            census.no_features.append(number)
    return census


def _accounted(census: Census, frame: gpd.GeoDataFrame, where: str) -> None:
    faults = [
        Fault("E-LAYER-120", where, {"column": name, "rows": row_text(row for row in numbers if row)})
        for name, numbers in census.twice.items()
    ]
    if census.no_features:
        facts = {"rows": listed(map(str, census.no_features[:16])), "count": census.items, "read": len(frame)}
        faults.append(Fault("E-LAYER-112", where, facts))
    elif len(frame) != len(census.with_shape):
        faults.append(Fault("E-LAYER-003", where, {"reason": text("reason.damaged")}))
    else:
        lost = frame.geometry.isna().to_numpy() & np.array(census.with_shape, dtype=bool)
        if lost.any():
            faults.append(unreadable_shapes(where, np.flatnonzero(lost) + 1))
    if faults:
        raise InputError(faults)
