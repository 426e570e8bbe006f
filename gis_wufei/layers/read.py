"""The one door for layers: a file becomes a checked frame with a certificate, or a list of faults."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_wufei.crs import WGS84, crs_label
from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers.certificate import Certificate, Layer, Remark
from gis_wufei.layers.columns import check_column, check_ids
from gis_wufei.layers.container import SIDE_FILES, VECTORS, read_vector
from gis_wufei.layers.shapes import check_geometry, project
from gis_wufei.layers.spec import LayerSpec, Role, roles
from gis_wufei.layers.table import TABLES, read_table
from gis_wufei.layers.tell import LONLAT, SHOWN_IDS, as_text, hint, missing_column


def open_layer(name: str, spec: LayerSpec, folder: Path, crs: CRS | None = None) -> Layer:
    """Read one layer of a study and hold it against its role.

    Parameters
    ----------
    name
        The layer's key in the study file.
    spec
        Path, role and the mapping of names.
    folder
        The study's folder; the path is relative to it and must stay inside.
    crs
        Metric system to project to; ``None`` keeps the file's own.

    Raises
    ------
    InputError
        With every fault found in the file.
    """
    path = resolve(name, spec, folder)
    role = roles()[spec.role]
    where = spec.path
    frame, encoding = _read(path, spec, where)
    rows_read = len(frame)
    frame = _rename(frame, spec, role, where)
    frame, remarks = _wanted(frame, spec, where)
    faults: list[Fault] = []
    for column, contract in role.columns.items():
        frame = check_column(frame, column, contract, where, faults)
    check_ids(frame, role, where, faults)
    frame, repaired, dropped = check_geometry(frame, role, where, faults)
    if faults:
        raise InputError(faults)
    if frame.empty:
        raise InputError([Fault("E-LAYER-007", where, {"role": spec.role})])
    found = CRS(frame.crs)
    certificate = Certificate(
        path=path,
        layer=spec.layer,
        sha256=_sha256(path),
        encoding=encoding,
        crs=crs_label(found),
        rows_read=rows_read,
        rows_kept=len(frame),
        repaired=tuple(repaired),
        warned=(*remarks, *dropped),
        synthetic=_synthetic(frame),
        sources=tuple(sorted({str(s) for s in frame["source"].dropna()})) if "source" in frame else (),
    )
    layer = Layer(name, spec.role, spec.label or role.label, frame.reset_index(drop=True), certificate)
    return layer if crs is None else project(layer, crs)


def resolve(name: str, spec: LayerSpec, folder: Path) -> Path:
    """The file a layer names, once the path policy has let it through.

    Nothing is opened. The path is relative, stays in the folder (links followed) and names a plain
    file; ``allow_outside`` lifts the first two, never the ban on URLs and virtual file systems.
    """
    raw = spec.path
    refused = InputError([Fault("E-LAYER-002", f"layers.{name}.path", {"path": raw})])
    if (
        "://" in raw
        or raw.startswith(("/vsi", "\\\\"))
        or any(unicodedata.category(c)[0] in "CZ" and c != " " for c in raw)
    ):
        raise refused
    if not spec.allow_outside and (PurePosixPath(raw).is_absolute() or PureWindowsPath(raw).drive):
        raise refused
    try:
        path = (folder / raw).resolve()
        inside, exists = path.is_relative_to(folder.resolve()), path.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name too long
        raise refused from error
    if not spec.allow_outside and not inside:
        raise refused
    if not exists:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError([Fault("E-LAYER-001", raw, {"path": raw, "hint": hint(path.name, beside)})])
    return path


def _read(path: Path, spec: LayerSpec, where: str) -> tuple[gpd.GeoDataFrame, str]:
    """The file as a frame with its own column names, ``row`` first (from 1)."""
    suffix = path.suffix.lower()
    if suffix in TABLES:
        frame, encoding = _placed(*read_table(path, spec.layer, where), spec, where)
    elif suffix in VECTORS:
        frame, encoding = read_vector(path, spec.layer, where)
        frame.index = pd.RangeIndex(1, len(frame) + 1)
        frame = _kept_aside(frame, ("row",))
    else:
        allowed = ", ".join(sorted(TABLES | set(VECTORS)))
        raise InputError([Fault("E-LAYER-022", where, {"found": suffix or "-", "allowed": allowed})])
    declared = _declared(spec, where) if spec.crs else None
    stated = WGS84 if frame.crs is None and suffix in TABLES else frame.crs
    if stated is None and declared is None:
        raise InputError([Fault("E-LAYER-004", where, {})])
    if suffix in TABLES:
        frame = frame.set_crs(declared or stated)
    elif stated is None:
        frame = frame.set_crs(declared)
    elif declared is not None and not declared.equals(CRS(stated), ignore_axis_order=True):
        facts = {"stated": crs_label(CRS(stated)), "declared": crs_label(declared)}
        raise InputError([Fault("E-LAYER-023", where, facts)])
    frame.insert(0, "row", frame.index)
    return frame, encoding


def _placed(table: pd.DataFrame, encoding: str, spec: LayerSpec, where: str) -> tuple[gpd.GeoDataFrame, str]:
    """A list as points, from its columns ``lon`` and ``lat`` (or as ``fields`` names them)."""
    lon, lat = spec.fields.get("lon", "lon"), spec.fields.get("lat", "lat")
    missing = [missing_column(where, column, table) for column in (lon, lat) if column not in table]
    if missing:
        raise InputError(missing)
    x, y = (pd.to_numeric(table[column], errors="coerce").to_numpy(float) for column in (lon, lat))
    pairs = zip(table[lon], table[lat], strict=True)
    told = pd.Series([", ".join(filter(None, pair)) or None for pair in pairs], table.index, dtype=object)
    points = gpd.points_from_xy(x, y)
    points[~(np.isfinite(x) & np.isfinite(y))] = None
    rest = _kept_aside(table.drop(columns=[lon, lat]), ("row", "geometry", LONLAT))
    return gpd.GeoDataFrame(rest.assign(**{LONLAT: told}), geometry=points), encoding


def _kept_aside(frame: pd.DataFrame, taken: Iterable[str]) -> pd.DataFrame:
    """A file's column whose name is taken stays under another one."""
    return frame.rename(columns={name: f"{name} (file)" for name in taken})


def _declared(spec: LayerSpec, where: str) -> CRS:
    try:
        return CRS.from_user_input(spec.crs)
    except CRSError as error:
        raise InputError([Fault("E-LAYER-016", where, {"crs": spec.crs})]) from error


def _rename(frame: gpd.GeoDataFrame, spec: LayerSpec, role: Role, where: str) -> gpd.GeoDataFrame:
    """Give columns and values our names, as the study maps them; a column they replace stays aside."""
    mapped = {own: theirs for own, theirs in spec.fields.items() if own not in ("lon", "lat")}
    missing = [missing_column(where, column, frame) for column in mapped.values() if column not in frame]
    if missing:
        raise InputError(missing)
    taken = {own: frame[theirs] for own, theirs in mapped.items()}
    replaced = [own for own in taken if own in frame and own not in mapped.values()]
    moved = {theirs for theirs in mapped.values() if theirs in taken or theirs not in role.columns}
    frame = _kept_aside(frame, replaced).drop(columns=sorted(moved))
    frame = frame.assign(**taken)
    for column, mapping in spec.values.items():  # noqa: PD011 - a field of ours, not pandas'
        if column not in frame:
            raise InputError([missing_column(where, column, frame)])
        known = frame[column].map(as_text)
        frame = frame.assign(**{column: known.map(mapping).where(known.isin(list(mapping)), frame[column])})
    return frame


def _wanted(frame: gpd.GeoDataFrame, spec: LayerSpec, where: str) -> tuple[gpd.GeoDataFrame, list[Remark]]:
    """The rows that ``where`` keeps; a value that no row has is remarked, no row at all is a fault."""
    remarks = []
    if frame.empty:
        raise InputError([Fault("E-LAYER-007", where, {"role": spec.role})])
    for column, wanted in spec.where.items():
        if column not in frame:
            raise InputError([missing_column(where, column, frame)])
        values = frame[column].map(as_text)
        absent = [value for value in wanted if value not in set(values)]
        if absent:
            remarks.append(Remark("R-LAYER-WHERE", len(absent), tuple(absent[:SHOWN_IDS])))
        kept = frame[values.isin(wanted)]
        if kept.empty:
            facts = {"column": column, "wanted": ", ".join(wanted), "have": listed(set(values))}
            raise InputError([Fault("E-LAYER-024", where, facts)])
        frame = kept
    return frame, remarks


def _synthetic(frame: gpd.GeoDataFrame) -> str:
    if "synthetic" not in frame:
        return "unknown"
    return "all" if frame["synthetic"].all() else "some" if frame["synthetic"].any() else "none"


def _sha256(path: Path) -> str:
    """Hash of the file; of a shapefile that of its parts, one after another."""
    parts = [path, *(path.with_suffix(side) for side in (*SIDE_FILES, ".prj", ".cpg"))]
    digest = hashlib.sha256()
    for part in parts if path.suffix.lower() == ".shp" else [path]:
        if part.is_file():
            digest.update(part.read_bytes())
    return digest.hexdigest()
