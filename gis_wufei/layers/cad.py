"""Drawings of a survey office (DXF): counted pair by pair, letters of their code page, arcs as lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.dbf import HANZI_PAIRS, HIGH
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.ogr import read_ogr
from gis_wufei.layers.spec import LayerSpec, Role
from gis_wufei.layers.tell import SHOWN_IDS
from gis_wufei.text import text

BINARY = b"AutoCAD Binary DXF"
ALL = "entities"  # GDAL's name of all there is in a drawing
CURVES = {"ARC", "CIRCLE", "ELLIPSE", "SPLINE"}
LETTERS = {"TEXT", "MTEXT", "ATTRIB", "ATTDEF", "DIMENSION", "LEADER"}
UNICODE_SINCE = "AC1021"  # from AutoCAD 2007 on a drawing is UTF-8
OWN = ("PaperSpace", "SubClasses", "Linetype", "EntityHandle")


@dataclass
class Drawing:
    """What the pairs of a drawing say: version, code page, entities by kind, curves."""

    version: str = ""
    page: str = ""
    kinds: Counter[str] = field(default_factory=Counter)
    curves: int = 0
    whole: bool = False


def read_dxf(path: Path, spec: LayerSpec, where: str, notes: Notes, role: Role) -> gpd.GeoDataFrame:
    """The entities of a drawing, or those of one of its layers.

    ``where: {Layer: [...]}`` or ``layer:`` chooses among the drawing's layers; ``fields`` may name
    ``Layer`` for a column of ours.

    Raises
    ------
    InputError
        No drawing or a binary one, cut, several layers and none chosen.
    """
    raw = path.read_bytes()
    if raw.startswith(BINARY):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.dxf_binary")})])
    drawing = _scan(raw, where)
    encoding = _encoding(raw, drawing)
    letters = "UTF-8" if raw.isascii() else encoding.upper()
    frame = read_ogr(str(path), ("DXF",), ALL, where, notes, DXF_ENCODING=letters)
    notes.encoding = encoding
    if not isinstance(frame, gpd.GeoDataFrame) or "Layer" not in frame:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.nothing")})])
    frame.index = range(1, len(frame) + 1)
    frame = _without_frames(frame, notes)
    if role.geometry != ("point",):
        frame = _without_letters(frame, notes)
    frame = _chosen(frame, spec, where)
    if drawing.curves:
        notes.repaired.append(Remark("R-LAYER-ARCS", drawing.curves, facts={"share": "1/100 000"}))
    idle = [*OWN, *(["Text"] if "Text" in frame and frame["Text"].isna().all() else [])]
    return frame.drop(columns=[name for name in idle if name in frame and not _named(spec, name)])


def _scan(raw: bytes, where: str) -> Drawing:
    """A drawing is lines in pairs: a number that says what the next line is, and that line."""
    drawing = Drawing()
    lines = raw.splitlines()
    section = last = ""
    known = None
    for code, value in zip(lines[0::2], lines[1::2], strict=False):
        code = code.strip()
        if code == b"0":
            word = value.strip().decode("ascii", "replace")
            known, last = None, word
            if section == "ENTITIES":
                drawing.kinds[word] += 1
            drawing.curves += word in CURVES and section in ("ENTITIES", "BLOCKS")
            section = "" if word == "ENDSEC" else section
            drawing.whole = word == "EOF"
        elif code == b"2" and last == "SECTION":
            section = value.strip().decode("ascii", "replace")
        elif code == b"9":
            known = value.strip()
        elif known == b"$ACADVER" and code == b"1":
            drawing.version = value.strip().decode("ascii", "replace")
        elif known == b"$DWGCODEPAGE" and code == b"3":
            drawing.page = value.strip().decode("ascii", "replace").upper()
        elif code == b"42" and last in ("LWPOLYLINE", "VERTEX") and value.strip().strip(b"-0.") not in (b"", b"E+"):
            drawing.curves += 1
        elif not code.lstrip(b"-").isdigit():
            break
    if not drawing.kinds and not drawing.whole and b"SECTION" not in raw[:1000]:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
    if not drawing.whole:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})])
    return drawing


def _encoding(raw: bytes, drawing: Drawing) -> str:
    """The drawing's letters: a stated code page if the bytes fit it, else UTF-8, else GB18030."""
    if raw.isascii():
        return "utf-8"
    fits = []
    for encoding in ("utf-8", "gb18030"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        fits.append(encoding)
    if "utf-8" in fits:
        return "utf-8"
    pairs = all(HANZI_PAIRS.fullmatch(run) for run in HIGH.findall(raw))
    if "gb18030" in fits and (drawing.page in ("ANSI_936", "GB2312", "GBK", "") or pairs):
        return "gb18030"
    page = drawing.page.replace("ANSI_", "CP")
    return page.lower() if page.startswith("CP") and page[2:].isdigit() else "gb18030"


def _without_frames(frame: gpd.GeoDataFrame, notes: Notes) -> gpd.GeoDataFrame:
    """Frames and titles of the printed sheet lie in a space of their own, not on the ground."""
    if "PaperSpace" not in frame:
        return frame
    paper = pd.to_numeric(frame["PaperSpace"]).fillna(0.0).to_numpy(float) != 0
    if paper.any():
        numbers = tuple(int(n) for n in frame.index[paper])
        notes.dropped.append(Remark("R-LAYER-PAPER", len(numbers), tuple(map(str, numbers[:SHOWN_IDS])), rows=numbers))
    return frame[~paper]


def _without_letters(frame: gpd.GeoDataFrame, notes: Notes) -> gpd.GeoDataFrame:
    """Writing on a drawing stands at points; it is never the line or the area itself."""
    words = frame["Text"].notna() if "Text" in frame else np.zeros(len(frame), bool)
    points = shapely.get_type_id(frame.geometry.to_numpy()) == 0
    letters = np.asarray(words) & points
    if not letters.any():
        return frame
    numbers = tuple(int(n) for n in frame.index[letters])
    notes.dropped.append(Remark("R-LAYER-LETTERS", len(numbers), tuple(map(str, numbers[:SHOWN_IDS])), rows=numbers))
    return frame[~letters]


def _chosen(frame: gpd.GeoDataFrame, spec: LayerSpec, where: str) -> gpd.GeoDataFrame:
    names = list(dict.fromkeys(str(name) for name in frame["Layer"]))
    if spec.layer is not None and spec.layer != ALL:
        if spec.layer not in names:
            raise InputError([Fault("E-LAYER-015", where, {"layer": spec.layer, "layers": listed(names)})])
        return frame[frame["Layer"] == spec.layer]
    if len(names) > 1 and spec.layer is None and not _named(spec, "Layer"):
        raise InputError([Fault("E-LAYER-108", where, {"layers": listed(names), "first": names[0]})])
    return frame


def _named(spec: LayerSpec, column: str) -> bool:
    return column in spec.where or column in spec.fields.values()
