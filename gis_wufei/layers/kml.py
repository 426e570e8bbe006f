"""KML of map programs and GPX of receivers: XML looked through first, links told and never followed."""

from __future__ import annotations

import re
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import pandas as pd

from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.coordinates import MODERN
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.ogr import read_ogr, unreadable_shapes
from gis_wufei.layers.spec import Role
from gis_wufei.layers.webmap import webmap
from gis_wufei.layers.xmlfile import look_through, xml_text
from gis_wufei.text import text

# Columns that the driver adds for display; without a value of the planner's they are not his.
OWN = (
    "id", "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon",
    "snippet", "description",
)  # fmt: skip
IDLE = {"", "-1", "-1.0", "0", "0.0", "1", "1.0", "clampToGround"}
GPX_KINDS = {"point": ("waypoints",), "line": ("tracks", "routes")}
OVITAL = re.compile(r"<OvCoordType>([^<]*)</OvCoordType>")  # CGCS2000, WGS84, GCJ-02 …
OVITALS = {".ovkml", ".ovkmz"}
LINKS = ("NetworkLink", "GroundOverlay", "ScreenOverlay", "PhotoOverlay")
SHAPES = {"Point", "LineString", "Polygon", "MultiGeometry", "LinearRing", "Track", "MultiTrack", "Model"}
# Names of data: the driver writes "_" for each letter that is not ASCII, and mixes columns up by it.
NAMED = re.compile(r"""(<(?:\w+:)?(?:Data|SimpleData|SimpleField)\b[^<>]*?\bname\s*=\s*)(["'])(.*?)\2""", re.DOTALL)


def read_kml(path: Path, layer: str | None, where: str, notes: Notes) -> gpd.GeoDataFrame:
    """The placemarks of one folder of a KML file (also of Ovital's ``.ovkml``, which is the same).

    Raises
    ------
    InputError
        Not KML, entities, several folders with placemarks and none named, shapes that cannot be read.
    """
    names: dict[str, str] = {}

    def short(found: re.Match[str]) -> str:
        key = names.setdefault(unescape(found[3]).strip(), f"d{len(names) + 1}d")
        return f"{found[1]}{found[2]}{key}{found[2]}"

    with ExitStack() as stack:
        content = xml_text(path, where, notes)
        _ovital(content, path, where, notes)
        source = _private(NAMED.sub(short, content), path, ".kml", stack)
        with_shape: list[bool] = []
        counted = _placemarks(source, where, with_shape)
        links = sum(counted[name] for name in LINKS)
        if links:
            notes.warned.append(Remark("R-LAYER-LINKS", links))
        encoding = notes.encoding
        frame = read_ogr(str(source), ("LIBKML",), layer, where, notes, wanted=("*",))
    notes.format, notes.encoding = "KML", encoding
    if layer is None and len(frame) != len(with_shape):
        facts = {"rows": "-", "count": len(with_shape), "read": len(frame)}
        raise InputError([Fault("E-LAYER-112", where, facts)])
    if layer is None:
        lost = pd.Series(with_shape).to_numpy(bool) & frame.geometry.isna().to_numpy()
        if lost.any():
            raise InputError([unreadable_shapes(where, lost.nonzero()[0] + 1)])
    frame = frame.drop(columns=[name for name in OWN if name in frame and _idle(frame[name])])
    taken = set(frame.columns)
    back = {key: name if name not in taken else f"{name} (data)" for name, key in names.items() if key in taken}
    return frame.rename(columns=back)


def _ovital(content: str, path: Path, where: str, notes: Notes) -> None:
    """The datum that Ovital notes at each placemark; without a note its files are as often shifted as not.

    Raises
    ------
    InputError
        Placemarks on several datums, or on another one than the study declares.
    """
    stated = {webmap(word) or word.strip() or "-" for word in OVITAL.findall(content)}
    if len(stated) > 1:
        raise InputError([Fault("E-LAYER-052", where, {"datums": ", ".join(sorted(stated))})])
    datum = next(iter(stated), "")
    declared = notes.spec.crs
    if webmap(datum) is not None:
        if declared is not None and webmap(declared) != datum and not notes.spec.override_crs:
            raise InputError([Fault("E-LAYER-023", where, {"stated": datum, "declared": declared})])
        notes.webmap = datum if declared is None else ""
    elif MODERN.search(datum):
        if webmap(declared) is not None and not notes.spec.override_crs:
            raise InputError([Fault("E-LAYER-023", where, {"stated": datum, "declared": declared})])
    elif declared is None and OVITALS & {file.suffix.lower() for file in (path, notes.path or path)}:
        notes.warned.append(Remark("R-LAYER-OVITAL", 1))


def _placemarks(source: Path, where: str, with_shape: list[bool]) -> dict[str, int]:
    """How often each element stands in a KML file, and which placemarks have a shape."""
    at: list[int] = []

    def start(name: str, _: dict[str, str], depth: int) -> None:
        if name == "Placemark":
            with_shape.append(False)
            at[:] = [depth]
        elif at and depth == at[0] + 1 and name in SHAPES:
            with_shape[-1] = True

    with source.open("rb") as stream:
        counted = look_through(stream, where, start)
    if not counted["kml"] and not counted["Placemark"]:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
    return counted


def read_gpx(path: Path, layer: str | None, where: str, notes: Notes, role: Role) -> gpd.GeoDataFrame:
    """Waypoints or tracks of a receiver, whichever suits the role.

    Raises
    ------
    InputError
        Not GPX, entities, both tracks and routes and none named.
    """
    with ExitStack() as stack:
        source = _private(xml_text(path, where, notes), path, ".gpx", stack)
        with source.open("rb") as stream:
            counted = look_through(stream, where)
        if not counted["gpx"]:
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
        wanted = tuple(name for kind in role.geometry for name in GPX_KINDS.get(kind, ()))
        encoding = notes.encoding
        frame = read_ogr(str(source), ("GPX",), layer, where, notes, wanted=wanted or ("*",))
    notes.encoding = encoding
    kinds = {"waypoints": "wpt", "tracks": "trk", "routes": "rte"}
    if layer is None and len(frame) not in {counted[kind] for kind in kinds.values()}:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})])
    empty = [name for name in frame.columns if name != "geometry" and frame[name].isna().all()]
    return frame.drop(columns=empty)


def _private(content: str, path: Path, suffix: str, stack: ExitStack) -> Path:
    """The text in UTF-8 under the file's own name: where a file has no folders, its name is the layer's."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="wufei-")))
    target = folder / f"{path.stem[:60]}{suffix}"
    target.write_text(content, encoding="utf-8", newline="")
    return target


def _idle(column: pd.Series) -> bool:
    """Whether a column of the driver's holds its own default throughout."""
    known = column.dropna()
    return not len(known) or set(known.astype(str)) <= IDLE
