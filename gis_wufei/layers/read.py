"""The one door for layers: a file becomes a checked frame with a certificate, or a list of faults."""

from __future__ import annotations

import hashlib
from difflib import get_close_matches
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_wufei.crs import WGS84, crs_label
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.certificate import Certificate, Layer, Remark
from gis_wufei.layers.spec import Column, LayerSpec, Role, roles

TABLES = {".csv": "csv", ".xlsx": "xlsx"}
VECTORS = {".gpkg", ".geojson", ".json", ".shp", ".fgb"}
KINDS = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon"}
TRUE_WORDS = {"true", "1", "yes", "y", "t", "是"}
FALSE_WORDS = {"false", "0", "no", "n", "f", "否"}
SHOWN_IDS = 5


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
    where = f"{spec.path}"
    frame, encoding = _read(path, spec, where)
    rows_read = len(frame)
    frame = _rename(frame, spec, where)
    frame.insert(0, "row", np.arange(1, rows_read + 1))
    for column, wanted in spec.where.items():
        if column not in frame:
            raise InputError([_missing_column(where, column, frame)])
        frame = frame[frame[column].astype(str).isin(wanted)]
    faults: list[Fault] = []
    if frame.empty:
        raise InputError([Fault("E-LAYER-007", where, {"role": spec.role})])
    frame, remarks = _check_geometry(frame, role, where, faults)
    for column, contract in role.columns.items():
        frame = _check_column(frame, column, contract, where, faults)
    _check_ids(frame, role, where, faults)
    if faults:
        raise InputError(faults)
    found = frame.crs
    frame = frame.to_crs(crs) if crs is not None else frame
    if not np.isfinite(frame.total_bounds).all():
        raise InputError([Fault("E-LAYER-012", where, {"crs": crs_label(CRS(found)), "rows": "?"})])
    certificate = Certificate(
        path=path,
        layer=spec.layer,
        sha256=_sha256(path),
        encoding=encoding,
        crs=crs_label(CRS(found)),
        rows_read=rows_read,
        rows_kept=len(frame),
        repaired=tuple(remarks),
        synthetic=_synthetic(frame),
        sources=tuple(sorted({str(s) for s in frame["source"].dropna()})) if "source" in frame else (),
    )
    return Layer(name, spec.role, spec.label or role.label, frame.reset_index(drop=True), certificate)


def resolve(name: str, spec: LayerSpec, folder: Path) -> Path:
    """The file a layer names, once the path policy has let it through."""
    raw = spec.path
    if "://" in raw or raw.startswith(("/vsi", "\\\\")) or any(ord(c) < 32 for c in raw):
        raise InputError([Fault("E-LAYER-002", f"layers.{name}.path", {"path": raw})])
    path = (folder / raw).resolve()
    if not spec.allow_outside and not path.is_relative_to(folder.resolve()):
        raise InputError([Fault("E-LAYER-002", f"layers.{name}.path", {"path": raw})])
    if not path.is_file():
        near = get_close_matches(path.name, [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else [])
        raise InputError([Fault("E-LAYER-001", raw, {"hint": near[0] if near else "-"})])
    return path


def _read(path: Path, spec: LayerSpec, where: str) -> tuple[gpd.GeoDataFrame, str]:
    suffix = path.suffix.lower()
    if suffix in TABLES:
        return _read_table(path, spec, where)
    if suffix not in VECTORS:
        allowed = ", ".join(sorted(VECTORS | set(TABLES)))
        raise InputError([Fault("E-LAYER-003", where, {"reason": f"{suffix or '?'}; {allowed}"})])
    try:
        names = [str(n) for n in pyogrio.list_layers(path)[:, 0]]
        if spec.layer is None and len(names) > 1:
            raise InputError([Fault("E-LAYER-014", where, {"layers": ", ".join(names)})])
        if spec.layer is not None and spec.layer not in names:
            raise InputError([Fault("E-LAYER-015", where, {"layer": spec.layer, "layers": ", ".join(names)})])
        frame = pyogrio.read_dataframe(path, layer=spec.layer or names[0])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError([Fault("E-LAYER-003", where, {"reason": str(error).splitlines()[0]})]) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError([Fault("E-LAYER-006", where, {"found": "-", "wanted": "geometry"})])
    if frame.crs is None:
        frame = frame.set_crs(_declared(spec, where))
    return frame, "utf-8"


def _read_table(path: Path, spec: LayerSpec, where: str) -> tuple[gpd.GeoDataFrame, str]:
    """A CSV or XLSX list with coordinates in columns ``lon`` and ``lat`` (or as ``fields`` names them)."""
    encoding = "utf-8"
    try:
        if path.suffix.lower() == ".xlsx":
            table = pd.read_excel(path, sheet_name=spec.layer or 0, dtype=str, keep_default_na=False)
        else:
            raw = path.read_bytes()
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text, encoding = raw.decode("gb18030"), "gb18030"
            from io import StringIO

            table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False, skipinitialspace=True)
    except (ValueError, UnicodeDecodeError, OSError, KeyError) as error:
        raise InputError([Fault("E-LAYER-003", where, {"reason": str(error).splitlines()[0]})]) from error
    table = table.map(lambda cell: cell.strip() if isinstance(cell, str) else cell).replace("", None)
    lon, lat = spec.fields.get("lon", "lon"), spec.fields.get("lat", "lat")
    missing = [_missing_column(where, column, table) for column in (lon, lat) if column not in table]
    if missing:
        raise InputError(missing)
    x, y = pd.to_numeric(table[lon], errors="coerce"), pd.to_numeric(table[lat], errors="coerce")
    geometry = gpd.points_from_xy(x, y)
    crs = _declared(spec, where) if spec.crs else WGS84
    frame = gpd.GeoDataFrame(table.drop(columns=[lon, lat]), geometry=geometry, crs=crs)
    bad = ~(np.isfinite(x.to_numpy(float)) & np.isfinite(y.to_numpy(float)))
    frame.loc[bad, "geometry"] = None
    return frame, encoding


def _declared(spec: LayerSpec, where: str) -> CRS:
    if spec.crs is None:
        raise InputError([Fault("E-LAYER-004", where, {})])
    try:
        return CRS.from_user_input(spec.crs)
    except CRSError as error:
        raise InputError([Fault("E-LAYER-016", where, {"crs": spec.crs})]) from error


def _rename(frame: gpd.GeoDataFrame, spec: LayerSpec, where: str) -> gpd.GeoDataFrame:
    """Give columns and values our names, as the study maps them."""
    ours = {theirs: own for own, theirs in spec.fields.items() if own not in ("lon", "lat")}
    missing = [_missing_column(where, column, frame) for column in ours if column not in frame]
    if missing:
        raise InputError(missing)
    frame = frame.drop(columns=[own for own in ours.values() if own in frame and own not in ours])
    frame = frame.rename(columns=ours)
    for column, mapping in spec.values.items():  # noqa: PD011 - a field of ours, not pandas'
        if column in frame:
            known = frame[column].astype(str)
            frame[column] = known.map(mapping).where(known.isin(mapping), frame[column])
    return frame


def _missing_column(where: str, column: str, frame: pd.DataFrame) -> Fault:
    have = [str(c) for c in frame.columns if c not in ("geometry", "row")]
    near = get_close_matches(column, have, n=1, cutoff=0.5)
    facts = {"column": column, "have": ", ".join(have) or "-", "hint": near[0] if near else "-"}
    return Fault("E-LAYER-005", where, facts)


def _check_geometry(
    frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault]
) -> tuple[gpd.GeoDataFrame, list[Remark]]:
    empty = frame.geometry.isna() | frame.geometry.is_empty
    if empty.any():
        faults.append(Fault("E-LAYER-008", f"{where} geometry", {"rows": _rows(frame, empty)}))
        frame = frame[~empty]
    bounds = frame.geometry.bounds.to_numpy()
    wild = ~np.isfinite(bounds).all(axis=1)
    if frame.crs is not None and frame.crs.is_geographic:
        wild |= (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) | (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)
    if wild.any():
        rows = _rows(frame, pd.Series(wild, index=frame.index))
        faults.append(Fault("E-LAYER-012", where, {"rows": rows, "crs": crs_label(CRS(frame.crs))}))
        frame = frame[~wild]
    frame = frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()), crs=frame.crs)
    kinds = pd.Series(shapely.get_type_id(frame.geometry.to_numpy())).map(KINDS).to_numpy()
    wrong = ~np.isin(kinds.astype(object), role.geometry)
    if wrong.any():
        found = ", ".join(sorted({str(k) for k in kinds[wrong]}))
        facts = {"found": found, "wanted": "/".join(role.geometry), "rows": _rows(frame, pd.Series(wrong, frame.index))}
        faults.append(Fault("E-LAYER-006", where, facts))
        return frame[~wrong], []
    invalid = ~frame.geometry.is_valid
    if not invalid.any():
        return frame, []
    fixed = shapely.make_valid(frame.geometry[invalid].to_numpy(), method="structure")
    before, after = shapely.area(frame.geometry[invalid].to_numpy()), shapely.area(fixed)
    lost = np.abs(after - before) > 0.01 * np.maximum(before, after)
    if lost.any():
        rows = ", ".join(str(r) for r in frame.loc[invalid, "row"][lost][:SHOWN_IDS])
        faults.append(Fault("E-LAYER-017", where, {"rows": rows}))
    frame = frame.copy()
    frame.loc[invalid, "geometry"] = fixed
    return frame, [Remark("R-LAYER-VALID", int(invalid.sum()), _first(frame, invalid))]


def _check_column(
    frame: gpd.GeoDataFrame, column: str, contract: Column, where: str, faults: list[Fault]
) -> gpd.GeoDataFrame:
    """Hold one column against its contract; returns the frame with the column in its own type."""
    if column not in frame:
        if contract.required:
            faults.append(_missing_column(where, column, frame))
        return frame
    place = f"{where} {column}"
    raw = frame[column]
    blank = raw.isna() | (raw.astype(str).str.strip() == "")
    values: pd.Series
    bad = pd.Series(False, index=frame.index)
    if contract.kind == "number":
        values = pd.to_numeric(raw.where(~blank), errors="coerce").astype(float)
        bad = (values.isna() & ~blank) | np.isinf(values)
        if contract.min is not None:
            bad |= values < contract.min
        if contract.max is not None:
            bad |= values > contract.max
        if bad.any():
            limits = f"[{contract.min if contract.min is not None else '-∞'}, {contract.max or '∞'}]"
            facts = {"rows": _rows(frame, bad, column), "limits": limits}
            faults.append(Fault("E-LAYER-009", place, facts))
    elif contract.kind == "flag":
        words = raw.astype(str).str.strip().str.lower()
        bad = ~(blank | words.isin(TRUE_WORDS | FALSE_WORDS))
        if bad.any():
            faults.append(Fault("E-LAYER-011", place, {"rows": _rows(frame, bad, column), "allowed": "true, false"}))
        values = words.isin(TRUE_WORDS)
    else:
        # An identifier read as 1500.0 was a number with gaps; its text is the integer.
        values = raw.map(_as_text).where(~blank, None)
        if contract.allowed:
            bad = ~blank & ~values.isin(contract.allowed)
            if bad.any():
                facts = {"rows": _rows(frame, bad, column), "allowed": ", ".join(contract.allowed)}
                faults.append(Fault("E-LAYER-011", place, facts))
    if blank.any() and not contract.empty:
        faults.append(Fault("E-LAYER-008", place, {"rows": _rows(frame, blank)}))
    return frame.assign(**{column: values})


def _as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _check_ids(frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault]) -> None:
    if role.id is None or role.id not in frame:
        return
    twice = frame[role.id].notna() & frame[role.id].duplicated(keep=False)
    if twice.any():
        faults.append(Fault("E-LAYER-010", f"{where} {role.id}", {"rows": _rows(frame, twice, role.id)}))


def _rows(frame: gpd.GeoDataFrame, mask: pd.Series, column: str | None = None) -> str:
    """The first rows a mask names, with their value: ``14 ('x'), 15 ('y'), +3``."""
    hit = frame[mask]
    shown = [
        str(row) if column is None else f"{row} ({value!r})"
        for row, value in zip(hit["row"][:SHOWN_IDS], hit[column or "row"][:SHOWN_IDS], strict=True)
    ]
    more = len(hit) - len(shown)
    return ", ".join(shown) + (f", +{more}" if more > 0 else "")


def _first(frame: gpd.GeoDataFrame, mask: pd.Series) -> tuple[str, ...]:
    return tuple(str(row) for row in frame.loc[mask, "row"][:SHOWN_IDS])


def _synthetic(frame: gpd.GeoDataFrame) -> str:
    if "synthetic" not in frame:
        return "unknown"
    return "all" if frame["synthetic"].all() else "some" if frame["synthetic"].any() else "none"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
