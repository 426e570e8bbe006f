"""Files of a GIS: opened by the reader that their name promises, by content, and never changed."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.archive import choose, datasets, opened_zip, unpacked
from gis_wufei.layers.cad import read_dxf
from gis_wufei.layers.content import recognised
from gis_wufei.layers.geojson import read_geojson
from gis_wufei.layers.geopackage import read_geopackage
from gis_wufei.layers.kml import read_gpx, read_kml
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.ogr import read_ogr
from gis_wufei.layers.path import FOLDERS
from gis_wufei.layers.shp import read_shapefile
from gis_wufei.layers.spec import LayerSpec, roles
from gis_wufei.text import text

TEXTS = frozenset({".geojson", ".json", ".kml", ".ovkml", ".gpx", ".dxf"})
VECTORS = TEXTS | {".gpkg", ".shp", ".fgb", ".gdb"}
PACKED = frozenset({".zip", ".kmz", ".ovkmz"})
MOST_BYTES = 4 << 30  # of a file that is read whole
MOST_TEXT = 1 << 30  # of one that is text, and held several times


def read_vector(path: Path, spec: LayerSpec, where: str, notes: Notes) -> gpd.GeoDataFrame:
    """The frame of one layer of a vector file; its index counts rows from 1 where rows keep their numbers.

    Raises
    ------
    InputError
        Content that is not what the suffix says, damage, a missing side file, several layers or
        none, no geometry, a size beyond all sense.
    """
    suffix, layer, role = path.suffix.lower(), spec.layer, roles()[spec.role]
    if suffix in FOLDERS:
        return _geodatabase(path, layer, where, notes)
    size, limit = path.stat().st_size, MOST_TEXT if suffix in TEXTS else MOST_BYTES
    if size > limit:
        raise InputError([Fault("E-LAYER-113", where, {"size": f"{size:,}", "limit": f"{limit:,}"})])
    match suffix:
        case ".shp":
            return read_shapefile(path, layer, where, notes)
        case ".gpkg":
            return read_geopackage(path, layer, where, notes)
        case ".geojson" | ".json":
            return read_geojson(path, layer, where, notes)
        case ".kml" | ".ovkml":
            return read_kml(path, layer, where, notes)
        case ".gpx":
            return read_gpx(path, layer, where, notes, role)
        case ".dxf":
            return read_dxf(path, spec, where, notes, role)
        case _:
            return read_ogr(str(path), ("FlatGeobuf",), layer, where, notes)


def _geodatabase(path: Path, layer: str | None, where: str, notes: Notes) -> gpd.GeoDataFrame:
    if not path.is_dir():
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
    parts = list(path.iterdir())
    if any(part.is_symlink() for part in parts):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.outside")})])
    if not any(part.suffix.lower() == ".gdbtable" for part in parts):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
    lacking = [part.stem + ".gdbtablx" for part in parts if part.suffix.lower() == ".gdbtable" and not _indexed(part)]
    if lacking:  # GDAL would guess at the rows, deleted ones among them
        raise InputError([Fault("E-LAYER-054", where, {"files": ", ".join(sorted(lacking))})])
    return read_ogr(str(path), ("OpenFileGDB",), layer, where, notes)


def _indexed(table: Path) -> bool:
    """Whether the file beside a table that tells where its rows begin is there."""
    return any(table.with_suffix(end).is_file() for end in (".gdbtablx", ".GDBTABLX"))


def unpack(path: Path, spec: LayerSpec, where: str, folder: Path, kinds: frozenset[str]) -> tuple[Path, LayerSpec, str]:
    """The one dataset of an archive in a private folder.

    Returns its path, what to read of it (a ``layer:`` that named a member is used up) and its name in
    the archive.
    """
    wanted = (".kml", ".ovkml") if path.suffix.lower() != ".zip" else tuple(sorted(kinds))
    recognised(path, where)
    with opened_zip(path, where) as archive:
        name, used = choose(archive, wanted, spec.layer, where)
        inside = unpacked(archive, name, datasets(archive, wanted)[name], folder, where)
    return inside, spec.model_copy(update={"layer": None}) if used else spec, name
