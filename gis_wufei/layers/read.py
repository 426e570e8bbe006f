"""The one door for layers: a file becomes a checked frame with a certificate, or a list of faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

import geopandas as gpd
from pyproj import CRS

from gis_wufei.errors import OS_REASONS, Fault, InputError, WufeiError, listed, os_reason
from gis_wufei.layers.certificate import Certificate, Layer, Remark
from gis_wufei.layers.columns import check_columns
from gis_wufei.layers.coordinates import kept_aside
from gis_wufei.layers.datum import settle
from gis_wufei.layers.headers import name_columns
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.path import resolve
from gis_wufei.layers.raster import RASTERS
from gis_wufei.layers.shapes import check_geometry, project
from gis_wufei.layers.source import read_grid, read_source
from gis_wufei.layers.spec import COORDINATES, LayerSpec, Role, roles
from gis_wufei.layers.tell import LONLAT, SHOWN_IDS, as_text, missing_column
from gis_wufei.text import text


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
    with unforeseen(spec.path):
        layer = _read(name, spec, folder, notes)
        return layer if crs is None else project(layer, crs)


@contextmanager
def unforeseen(where: str) -> Iterator[None]:
    """What a library chokes on in a way nobody foresaw is refused like any damage, never a traceback."""
    try:
        yield
    except WufeiError:
        raise
    except PermissionError as error:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.unreadable")})]) from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OS_REASONS["reason.os.space"]:  # for private copies
            raise InputError([Fault("E-OUT-002", gettempdir(), {"reason": os_reason(error)})]) from error
        raise InputError([Fault("E-LAYER-099", where, {"kind": type(error).__name__})]) from error


def _read(name: str, spec: LayerSpec, folder: Path, notes: Notes) -> Layer:
    notes.path = path = resolve(name, spec, folder)
    role = roles()[spec.role]
    where = spec.path
    raster, grid, suffix = None, "raster" in role.geometry, path.suffix.lower()
    if suffix != ".zip" and (suffix in RASTERS) != grid:
        facts = {"found": suffix.lstrip(".") or "-", "wanted": "/".join(role.geometry)}
        raise InputError([Fault("E-LAYER-121", where, facts)])
    if grid:
        frame, raster = read_grid(path, spec, role, where, notes)
    else:
        frame = read_source(path, spec, where, notes, lambda other: resolve(name, other, folder))
    notes.rows_read, notes.table = len(frame), frame
    notes.columns = tuple(str(column) for column in frame.columns if column not in ("row", "geometry", LONLAT))
    named: list[Fault] = []
    notes.table = frame = _rename(frame, spec, role, where, named, notes)
    frame, remarks = _wanted(frame, spec, where)
    notes.warned += remarks
    if notes.webmap:
        spec = spec.model_copy(update={"crs": notes.webmap})
    settled = settle(frame, spec, where, implied=notes.implied_crs, broken=notes.broken_crs)
    frame, faults = settled.frame, [*named, *settled.faults]
    notes.settle(settled)
    notes.table = frame = check_columns(frame, role, where, faults, notes)
    if raster:  # its one row is its outline
        whole = {"rows": text("raster.rows")}
        faults = [replace(one, facts={**one.facts, **whole}) if "rows" in one.facts else one for one in faults]
    else:
        frame = check_geometry(frame, role, where, faults, notes)
    if faults:
        raise InputError(faults)
    if frame.empty:
        raise InputError([Fault("E-LAYER-007", where, {"role": spec.role})])
    notes.table, notes.rows_kept = frame, len(frame)
    label = spec.label or role.label
    return Layer(name, spec.role, label, frame.reset_index(drop=True), notes.certificate(), raster)


def examine(name: str, spec: LayerSpec, folder: Path) -> Certificate:
    """The certificate of a layer whether it is accepted or not; a refused one holds its faults."""
    notes = Notes(name, spec)
    try:
        return open_layer(name, spec, folder, notes=notes).certificate
    except InputError as error:
        faults = list(error.faults)
    try:
        return notes.certificate(faults)
    except Exception:  # so broken that it cannot even be described
        notes.table = notes.crs = None
        return notes.certificate(faults)


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
