"""The one door for layers: a file becomes a checked frame with a certificate, or a list of faults."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import geopandas as gpd
from pyproj import CRS

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers.certificate import Certificate, Layer, Remark
from gis_wufei.layers.columns import check_columns
from gis_wufei.layers.container import FOLDERS
from gis_wufei.layers.coordinates import kept_aside
from gis_wufei.layers.datum import settle
from gis_wufei.layers.headers import name_columns
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.raster import RASTERS, read_raster
from gis_wufei.layers.shapes import check_geometry, project
from gis_wufei.layers.source import read_source
from gis_wufei.layers.spec import COORDINATES, LayerSpec, Role, roles
from gis_wufei.layers.tell import LONLAT, SHOWN_IDS, as_text, hint, missing_column


def open_layer(name: str, spec: LayerSpec, folder: Path, crs: CRS | None = None, notes: Notes | None = None) -> Layer:
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
    notes
        Filled in as the reading goes, so that they are there even if it ends in faults.

    Raises
    ------
    InputError
        With every fault found in the file.
    """
    notes = notes or Notes(name, spec)
    notes.path = path = resolve(name, spec, folder)
    role = roles()[spec.role]
    where = spec.path
    raster = None
    if (path.suffix.lower() in RASTERS) != ("raster" in role.geometry):
        facts = {"found": path.suffix.lower().lstrip(".") or "-", "wanted": "/".join(role.geometry), "rows": "-"}
        raise InputError([Fault("E-LAYER-006", where, facts)])
    if "raster" in role.geometry:
        frame, raster = read_raster(path, spec, role, where, notes)
    else:
        frame = read_source(path, spec, where, notes, lambda other: resolve(name, other, folder))
    notes.rows_read, notes.table = len(frame), frame
    notes.columns = tuple(str(column) for column in frame.columns if column not in ("row", "geometry", LONLAT))
    named: list[Fault] = []
    notes.table = frame = _rename(frame, spec, role, where, named, notes)
    frame, remarks = _wanted(frame, spec, where)
    notes.warned += remarks
    settled = settle(frame, spec, where, implied=notes.implied_crs, broken=notes.broken_crs)
    frame, faults = settled.frame, [*named, *settled.faults]
    notes.settle(settled)
    notes.silent = "synthetic" in frame and bool((frame["synthetic"].isna() | (frame["synthetic"] == "")).any())
    notes.table = frame = check_columns(frame, role, where, faults, notes)
    frame = frame if raster else check_geometry(frame, role, where, faults, notes)
    if faults:
        raise InputError(faults)
    if frame.empty:
        raise InputError([Fault("E-LAYER-007", where, {"role": spec.role})])
    notes.table, notes.rows_kept = frame, len(frame)
    label = spec.label or role.label
    layer = Layer(name, spec.role, label, frame.reset_index(drop=True), notes.certificate(), raster)
    return layer if crs is None else project(layer, crs)


def examine(name: str, spec: LayerSpec, folder: Path) -> Certificate:
    """The certificate of a layer whether it is accepted or not; a refused one holds its faults."""
    notes = Notes(name, spec)
    try:
        return open_layer(name, spec, folder, notes=notes).certificate
    except InputError as error:
        faults = list(error.faults)
    except Exception as error:
        # Bytes that a library chokes on in a way nobody foresaw: refused like any damage, never a traceback.
        faults = [Fault("E-LAYER-099", spec.path, {"kind": type(error).__name__})]
    try:
        return notes.certificate(faults)
    except Exception:  # so broken that it cannot even be described
        notes.table = notes.crs = None
        return notes.certificate(faults)


def resolve(name: str, spec: LayerSpec, folder: Path) -> Path:
    """The file a layer names, once the path policy has let it through.

    Nothing is opened. The path is relative, stays in the folder (links followed) and names a plain
    file; ``allow_outside`` lifts the first two, never the ban on URLs and virtual file systems.
    """
    raw = spec.path

    def refused() -> InputError:
        return InputError([Fault("E-LAYER-002", f"layers.{name}.path", {"path": raw})])

    if (
        "://" in raw
        or raw.startswith(("/vsi", "\\\\"))
        or any(unicodedata.category(c)[0] in "CZ" and c != " " for c in raw)
    ):
        raise refused()
    if not spec.allow_outside and (PurePosixPath(raw).is_absolute() or PureWindowsPath(raw).drive):
        raise refused()
    try:
        path = (folder / raw).resolve()
        inside = path.is_relative_to(folder.resolve())
        exists = path.is_file() or (path.suffix.lower() in FOLDERS and path.is_dir())
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name too long
        raise refused() from error
    if not spec.allow_outside and not inside:
        raise refused()
    if not exists:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError([Fault("E-LAYER-001", raw, {"path": raw, "hint": hint(path.name, beside)})])
    return path


def _rename(
    frame: gpd.GeoDataFrame, spec: LayerSpec, role: Role, where: str, faults: list[Fault], notes: Notes
) -> gpd.GeoDataFrame:
    """Give columns and values our names, as the study maps them; a column they replace stays aside."""
    mapped = {own: theirs for own, theirs in spec.fields.items() if own not in COORDINATES}
    missing = [missing_column(where, column, frame) for column in mapped.values() if column not in frame]
    if missing:
        raise InputError(missing)
    taken = {own: frame[theirs] for own, theirs in mapped.items()}
    replaced = [own for own in taken if own in frame and own not in mapped.values()]
    moved = {theirs for theirs in mapped.values() if theirs in taken or theirs not in role.columns}
    frame = kept_aside(frame, replaced).drop(columns=sorted(moved))
    frame = frame.assign(**taken)
    frame = name_columns(frame, role, mapped, where, faults, notes, keep=spec.where)
    for column, mapping in spec.values.items():
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
