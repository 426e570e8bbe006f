"""Files of a GIS: opened by the driver that their name promises, by content, and never changed."""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import CRSError

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.text import text

# Suffix: the only driver that may open it, and the bytes with which its files begin.
VECTORS = {
    ".gpkg": ("GPKG", b"SQLite format 3\0"),
    ".geojson": ("GeoJSON", b""),
    ".json": ("GeoJSON", b""),
    ".shp": ("ESRI Shapefile", b"\x00\x00\x27\x0a"),
    ".fgb": ("FlatGeobuf", b"fgb"),
}
# A coordinate system that is to be fetched from elsewhere; nothing outside the file is followed.
CRS_LINK = re.compile(rb'"crs"\s*:\s*\{[^{}]*(\{[^{}]*\})?[^{}]*"type"\s*:\s*"(link|url)"', re.IGNORECASE)
# Should a file hide such a link from the pattern, GDAL's own requests lead nowhere.
NO_NETWORK = {"GDAL_HTTP_PROXY": "127.0.0.1:9", "GDAL_HTTP_CONNECTTIMEOUT": "1", "GDAL_HTTP_MAX_RETRY": "0"}
SIDE_FILES = (".shx", ".dbf")  # without them a shapefile is not whole
SQLITE_WAL = b"\2\2"  # read and write version in the header: opening such a file makes files beside it
NO_CODE_PAGE = (b"\0", b"\x57")  # of a shapefile's table: not stated, or "ANSI" whatever that was


def read_vector(path: Path, layer: str | None, where: str) -> tuple[gpd.GeoDataFrame, str]:
    """The frame and the encoding of one layer of a vector file.

    Raises
    ------
    InputError
        Content that is not what the suffix says, damage, a missing side file, several layers or
        none, no geometry.
    """
    driver, magic = VECTORS[path.suffix.lower()]
    with path.open("rb") as stream:
        head = stream.read(100)
    if not head.startswith(magic):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
    if driver == "ESRI Shapefile":
        lacking = [side for side in SIDE_FILES if _side(path, side) is None]
        if lacking:
            raise InputError([Fault("E-LAYER-019", where, {"files": ", ".join(path.stem + side for side in lacking)})])
        for part in (path, _side(path, ".shx")):
            if part is None or part.stat().st_size < 2 * int.from_bytes(part.read_bytes()[24:28], "big"):
                raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})])
        return _read(str(path), driver, layer, where, _dbf_encoding(path))
    if driver == "GeoJSON":
        if CRS_LINK.search(path.read_bytes()):
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.link")})])
        # With the driver named, a description that points elsewhere (VRT, GDALG) is no GeoJSON.
        return _read(f"GEOJSON:{path}", driver, layer, where, None)
    if head[18:20] == SQLITE_WAL or path.with_name(path.name + "-wal").exists():
        with tempfile.TemporaryDirectory(prefix="wufei-") as private:
            for file in (path, path.with_name(path.name + "-wal")):
                if file.exists():
                    shutil.copyfile(file, Path(private) / file.name)
            return _read(str(Path(private) / path.name), driver, layer, where, None)
    return _read(str(path), driver, layer, where, None)


def _read(
    source: str, driver: str, layer: str | None, where: str, encoding: str | None
) -> tuple[gpd.GeoDataFrame, str]:
    try:
        with warnings.catch_warnings(), _offline():
            warnings.simplefilter("ignore")
            found = pyogrio.list_layers(source)
            if not len(found):
                raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.nothing")})])
            maps = [str(name) for name, geometry in found if geometry is not None]
            if layer is not None and layer not in [str(name) for name, _ in found]:
                raise InputError([Fault("E-LAYER-015", where, {"layer": layer, "layers": listed(maps)})])
            if layer is None and len(maps) > 1:
                raise InputError([Fault("E-LAYER-014", where, {"layers": listed(maps)})])
            if not maps or (layer is not None and layer not in maps):
                raise InputError([Fault("E-LAYER-006", where, {"found": "-", "wanted": "geometry", "rows": "-"})])
            info = pyogrio.read_info(source, layer=layer or maps[0], encoding=encoding)
            if info["driver"] != driver:
                raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
            frame = pyogrio.read_dataframe(source, layer=layer or maps[0], encoding=encoding)
            if 0 <= info["features"] != len(frame):
                raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})])
    except InputError:
        raise
    except (DataSourceError, DataLayerError, CRSError, UnicodeDecodeError, ValueError) as error:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
    return frame, encoding or "utf-8"


@contextmanager
def _offline() -> Iterator[None]:
    before = {name: pyogrio.get_gdal_config_option(name) for name in NO_NETWORK}
    pyogrio.set_gdal_config_options(NO_NETWORK)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _side(path: Path, suffix: str) -> Path | None:
    return next((file for end in (suffix, suffix.upper()) if (file := path.with_suffix(end)).is_file()), None)


def _dbf_encoding(path: Path) -> str | None:
    """The encoding that the attributes' bytes fit; GDAL's own guess shows GBK as Latin letters."""
    table = _side(path, ".dbf")
    if table is None or _side(path, ".cpg") is not None:
        return None
    raw = table.read_bytes()
    if raw[29:30] not in NO_CODE_PAGE:
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            raw[32:].decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return None
