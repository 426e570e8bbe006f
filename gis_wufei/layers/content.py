"""What a file really is, by its first bytes: a name is only a promise."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from gis_wufei.errors import Fault, InputError
from gis_wufei.text import Text, text

HEAD = 1 << 16  # bytes that are looked at
BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
# Kind: how every file of it begins.
BYTES = {
    kind: re.compile(pattern, re.DOTALL)
    for kind, pattern in {
        "gpkg": rb"SQLite format 3\0",
        "shp": rb"\x00\x00\x27\x0a",
        "fgb": rb"fgb[\x00-\x08]",
        "tif": rb"II[*+]\0|MM\0[*+]",
        "ole": rb"\xd0\xcf\x11\xe0",
        "rar": rb"Rar!",
        "7z": rb"7z\xbc\xaf",
        "gzip": rb"\x1f\x8b",
        "bzip2": rb"BZh[1-9]1AY",
        "pdf": rb"%PDF",
        "png": rb"\x89PNG",
        "jpeg": rb"\xff\xd8\xff",
        "dwg": rb"AC10\d\d\0",
        "parquet": rb"PAR1[\x00-\x1f]",
        "program": rb"MZ.{0,400}\0|\x7fELF",
        "pickle": rb"\x80[\x02-\x05]",
        "zeros": rb"\0+\Z",
        "lfs": rb"version https://git-lfs",
        "dxf": rb"\s*0\s*[\r\n]\s*SECTION",
        "topojson": rb"\s*\{\s*\"type\"\s*:\s*\"Topology\"",
    }.items()
}
HIDDEN = re.compile(rb"<!--.*?-->|<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", re.DOTALL)  # may hold what looks like elements
PAGE = re.compile(rb"<!doctype\s+html", re.IGNORECASE)
DECLARED = re.compile(rb"<[?!]|.*?\bxmlns\b", re.DOTALL)
ROOT = re.compile(rb"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
DESCRIBES = re.compile(rb"OGRVRT|VRT|GDAL|OGR|WMS_|WMTS|WFS_", re.IGNORECASE)  # data that lie elsewhere
ROOTS = {b"kml": "kml", b"gpx": "gpx", b"html": "html", b"table": "html"}
STREAMED = re.compile(rb'"gdal_streamed_alg"|"gdal_(vector|raster)')
ESRI = re.compile(rb'"geometryType"\s*:\s*"esri|"spatialReference"\s*:\s*\{\s*"(wkid|latestWkid)"')
GEOJSON = re.compile(rb'"type"\s*:\s*"(Feature|(Multi)?(Point|LineString|Polygon)"|GeometryCollection")')
# Suffix: the kinds its files may be; of the first four nothing else is let through, known or not.
STRICT = {".gpkg": {"gpkg"}, ".shp": {"shp"}, ".fgb": {"fgb"}, ".tif": {"tif"}, ".tiff": {"tif"}}
PACKS = {"zip", "rar", "7z", "gzip", "bzip2"}  # told by who opens archives
XML = {"xml", "markup"}
LISTS = {"text", "json", "markup", "dxf", "empty"}
PROMISED = {
    **STRICT, ".xlsx": {"xlsx", "ole"}, ".zip": PACKS, ".kmz": PACKS, ".ovkmz": PACKS, ".kml": {"kml", *XML},
    ".ovkml": {"kml", *XML}, ".gpx": {"gpx", *XML}, ".geojson": {"geojson", "json"}, ".json": {"geojson", "json"},
    ".dxf": {"dxf", "text"}, ".csv": LISTS, ".tsv": LISTS,
}  # fmt: skip
REAL = {
    "gpkg": ".gpkg", "shp": ".shp", "fgb": ".fgb", "tif": ".tif", "xlsx": ".xlsx", "zip": ".zip", "kml": ".kml",
    "gpx": ".gpx", "geojson": ".geojson", "dxf": ".dxf",
}  # fmt: skip


def recognised(path: Path, where: str) -> None:
    """Refuse a file that is something else than its suffix says, and say what.

    Raises
    ------
    InputError
        E-LAYER-003.
    """
    suffix = path.suffix.lower()
    kind = kind_of(path)
    allowed = PROMISED.get(suffix)
    if kind == "description":  # whatever its name
        raise _fault(where, text("reason.description"))
    if allowed is None and kind in REAL:
        raise _fault(where, _disguise(kind, suffix))
    if allowed is None or kind in allowed or (kind is None and suffix not in STRICT):
        return
    plain = {None: "reason.content", "empty": "reason.empty"}.get(kind)
    raise _fault(where, text(plain) if plain else _disguise(str(kind), suffix))


def kind_of(path: Path) -> str | None:
    """The kind of a file by its content; ``None`` where nothing is known of such bytes."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        return "empty"
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _packed(path)
    kind = next((kind for kind, magic in BYTES.items() if magic.match(head)), None)
    return kind or _text(head)


def _packed(path: Path) -> str | None:
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (BadZipFile, OSError, ValueError, NotImplementedError, EOFError, IndexError):
        return None  # cut: told by who opens it
    if "[Content_Types].xml" in names:
        return "xlsx" if any(name.startswith("xl/") for name in names) else "office"
    return "office" if names and names[0] == "mimetype" else "zip"


def _text(head: bytes) -> str | None:
    encoding = next((encoding for bom, encoding in BOMS.items() if head.startswith(bom)), None)
    if encoding is not None:
        head = head.decode(encoding, "ignore").encode()
    elif b"\0" in head:
        return None  # UTF-16 without a mark, or no text at all
    plain = head.lstrip()
    if plain[:1] == b"<":
        return _markup(plain)
    if plain[:1] in (b"{", b"["):
        if STREAMED.search(plain) and not GEOJSON.search(plain):
            return "description"
        if GEOJSON.search(plain):
            return "geojson"
        return "esrijson" if ESRI.search(plain) else "json"
    return "text"


def _markup(plain: bytes) -> str:
    if PAGE.match(plain):
        return "html"
    root = ROOT.search(HIDDEN.sub(b"", plain))
    if root is not None and DESCRIBES.match(root[1]):
        return "description"
    unnamed = "xml" if DECLARED.match(plain) else "markup"  # a list may begin with "<" all the same
    return unnamed if root is None else ROOTS.get(root[1].lower(), unnamed)


def _disguise(kind: str, suffix: str) -> Text:
    real = REAL.get(kind)
    words, name = text("reason.disguise"), text(f"kind.{kind}")
    mend = text("reason.disguise.rename" if real else "reason.disguise.export")
    return Text(
        zh=words.zh.format(kind=name.zh, suffix=suffix or "-", mend=mend.zh.format(suffix=real)),
        en=words.en.format(kind=name.en, suffix=suffix or "-", mend=mend.en.format(suffix=real)),
    )


def _fault(where: str, reason: Text) -> InputError:
    return InputError([Fault("E-LAYER-003", where, {"reason": reason})])
