"""The one door for layers: a file becomes a checked frame with a certificate, or a list of faults."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_wufei.crs import WGS84, crs_label
from gis_wufei.errors import Fault, InputError, closest, listed
from gis_wufei.layers.certificate import Certificate, Layer, Remark
from gis_wufei.layers.container import SIDE_FILES, VECTORS, read_vector
from gis_wufei.layers.spec import Column, LayerSpec, Role, roles
from gis_wufei.layers.table import TABLES, read_table
from gis_wufei.text import Text, text

KINDS = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon", 7: "collection"}
MULTIPOINT = 4
TRUE_WORDS = {"true", "1", "yes", "y", "t", "是"}
FALSE_WORDS = {"false", "0", "no", "n", "f", "否"}
SHOWN_IDS = 5
MOST_CHANGE = 0.01  # of a polygon's area, by a repair
LONLAT = "lon, lat"  # the two cells of a table's row until its geometry is checked


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
    silent = "synthetic" in frame and bool(_blank(frame["synthetic"]).any())
    for column, contract in role.columns.items():
        frame = _check_column(frame, column, contract, where, faults)
    _check_ids(frame, role, where, faults)
    frame, repaired, dropped = _check_geometry(frame, role, where, faults)
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
        synthetic=_synthetic(frame, silent),
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
        raise InputError([Fault("E-LAYER-001", raw, {"path": raw, "hint": _hint(path.name, beside)})])
    return path


def missing_column(where: str, column: str, frame: pd.DataFrame) -> Fault:
    """The fault of a table that lacks a column, with the columns it has."""
    have = [str(c) for c in frame.columns if c not in ("geometry", "row", LONLAT)]
    return Fault("E-LAYER-005", where, {"column": column, "have": listed(have), "hint": _hint(column, have)})


def as_text(value: object) -> str:
    """A cell as text; an identifier read as 1500.0 was a number with gaps, its text is the integer."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _hint(name: str, known: Iterable[str]) -> Text:
    near = closest(name, known)
    words = text("hint.closest")
    return Text(zh=words.zh.format(name=near), en=words.en.format(name=near)) if near else Text(zh="", en="")


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


def _check_geometry(
    frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault]
) -> tuple[gpd.GeoDataFrame, list[Remark], list[Remark]]:
    """The rows with a sound geometry, what was repaired, and what was dropped; all else is a fault."""
    empty = frame.geometry.isna() | frame.geometry.is_empty
    if LONLAT in frame:
        words = empty & frame[LONLAT].notna()
        if words.any():
            facts = {"rows": _rows(frame, words, LONLAT), "limits": "[-∞, ∞]"}
            faults.append(Fault("E-LAYER-009", f"{where} {LONLAT}", facts))
        blank = empty & ~words
        frame = frame.drop(columns=LONLAT)
    else:
        blank = empty
    if blank.any():
        faults.append(Fault("E-LAYER-008", f"{where} geometry", {"rows": _rows(frame, blank)}))
    frame = frame[~empty]
    wild = _wild(frame)
    if wild.any():
        rows = _rows(frame, pd.Series(wild, index=frame.index))
        faults.append(Fault("E-LAYER-012", where, {"rows": rows, "crs": crs_label(CRS(frame.crs))}))
        frame = frame[~wild]
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    if role.geometry == ("point",):  # a place is one point; alone in a multi-point it is one, too
        single = (shapely.get_type_id(shapes) == MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
        shapes[single] = shapely.get_geometry(shapes[single], 0)
    frame = frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs))
    kinds = np.array([KINDS.get(int(i), "?") for i in shapely.get_type_id(shapes)], dtype=object)
    if role.geometry == ("point",):
        kinds[shapely.get_type_id(shapes) == MULTIPOINT] = "multi-point"
    wrong = ~np.isin(kinds, role.geometry)
    if wrong.any():
        found = ", ".join(sorted(set(kinds[wrong])))
        facts = {"found": found, "wanted": "/".join(role.geometry), "rows": _rows(frame, pd.Series(wrong, frame.index))}
        faults.append(Fault("E-LAYER-006", where, facts))
        frame, kinds = frame[~wrong], kinds[~wrong]
    frame, dropped = _without_nothing(frame, kinds)
    frame, repaired = _repaired(frame, where, faults)
    return frame, repaired, dropped


def _wild(frame: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Rows whose coordinates cannot be: not finite, beyond the globe, or exactly (0, 0)."""
    bounds = frame.geometry.bounds.to_numpy()
    wild = ~np.isfinite(bounds).all(axis=1) | (bounds == 0).all(axis=1)
    if frame.crs.is_geographic:
        wild |= (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) | (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)
    return np.asarray(wild)


def _without_nothing(frame: gpd.GeoDataFrame, kinds: NDArray[np.object_]) -> tuple[gpd.GeoDataFrame, list[Remark]]:
    """Lines of no length (a click too many when digitising) lead nowhere: dropped and told."""
    nothing = pd.Series((kinds == "line") & (shapely.length(frame.geometry.to_numpy()) == 0), index=frame.index)
    if not nothing.any():
        return frame, []
    return frame[~nothing], [Remark("R-LAYER-NOTHING", int(nothing.sum()), _first(frame, nothing))]


def _repaired(frame: gpd.GeoDataFrame, where: str, faults: list[Fault]) -> tuple[gpd.GeoDataFrame, list[Remark]]:
    invalid = ~frame.geometry.is_valid
    if not invalid.any():
        return frame, []
    broken = frame.geometry[invalid].to_numpy()
    fixed = shapely.make_valid(broken, method="structure", keep_collapsed=False)
    before, after = shapely.area(broken), shapely.area(fixed)
    lost = (np.abs(after - before) > MOST_CHANGE * np.maximum(before, after)) | shapely.is_empty(fixed)
    if lost.any():
        rows = pd.Series(False, index=frame.index)
        rows.loc[invalid[invalid].index[lost]] = True
        faults.append(Fault("E-LAYER-017", where, {"rows": _rows(frame, rows)}))
    frame = frame.copy()
    frame.loc[invalid, "geometry"] = fixed
    return frame, [Remark("R-LAYER-VALID", int(invalid.sum()), _first(frame, invalid))]


def project(layer: Layer, crs: CRS) -> Layer:
    """The layer in another system; a row that has no place there is a fault, never dropped."""
    frame = layer.frame.to_crs(crs)
    lost = ~np.isfinite(frame.geometry.bounds.to_numpy()).all(axis=1)
    if lost.any():
        rows = _rows(frame, pd.Series(lost, index=frame.index))
        raise InputError([Fault("E-LAYER-012", layer.certificate.path.name, {"crs": crs_label(crs), "rows": rows})])
    return replace(layer, frame=frame)


def _check_column(
    frame: gpd.GeoDataFrame, column: str, contract: Column, where: str, faults: list[Fault]
) -> gpd.GeoDataFrame:
    """Hold one column against its contract; returns the frame with the column in its own type."""
    if column not in frame:
        if contract.required:
            faults.append(missing_column(where, column, frame))
        return frame
    place = f"{where} {column}"
    raw = frame[column]
    blank = _blank(raw)
    values: pd.Series
    if contract.kind == "number":
        values = pd.to_numeric(raw.where(~blank), errors="coerce").astype(float)
        bad = (values.isna() & ~blank) | np.isinf(values)
        if contract.min is not None:
            bad |= values < contract.min
        if contract.max is not None:
            bad |= values > contract.max
        if bad.any():
            low, high = ("∞" if end is None else f"{end:g}" for end in (contract.min, contract.max))
            facts = {"rows": _rows(frame, bad, column), "limits": f"[{low.replace('∞', '-∞')}, {high}]"}
            faults.append(Fault("E-LAYER-009", place, facts))
    elif contract.kind == "flag":
        if blank.all():  # a column without any value says nothing
            return frame.drop(columns=column)
        words = raw.map(as_text).str.lower()
        bad = ~(blank | words.isin(TRUE_WORDS | FALSE_WORDS))
        if bad.any():
            faults.append(Fault("E-LAYER-011", place, {"rows": _rows(frame, bad, column), "allowed": "true, false"}))
        values = words.isin(TRUE_WORDS)
    else:
        values = raw.map(as_text).where(~blank, None)
        if contract.choices:
            bad = ~blank & ~values.isin(contract.choices)
            if bad.any():
                facts = {"rows": _rows(frame, bad, column), "allowed": ", ".join(contract.choices)}
                faults.append(Fault("E-LAYER-011", place, facts))
    if blank.any() and not contract.empty:
        faults.append(Fault("E-LAYER-008", place, {"rows": _rows(frame, blank)}))
    return frame.assign(**{column: values})


def _blank(raw: pd.Series) -> pd.Series:
    return raw.isna() | (raw.astype(str).str.strip() == "")


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
        str(row) if column is None else f"{row} ('{as_text(value)[:40]}')"
        for row, value in zip(hit["row"][:SHOWN_IDS], hit[column or "row"][:SHOWN_IDS], strict=True)
    ]
    more = len(hit) - len(shown)
    return ", ".join(shown) + (f", +{more}" if more > 0 else "")


def _first(frame: gpd.GeoDataFrame, mask: pd.Series) -> tuple[str, ...]:
    return tuple(str(row) for row in frame.loc[mask, "row"][:SHOWN_IDS])


def _synthetic(frame: gpd.GeoDataFrame, silent: bool) -> str:
    """What the rows say of themselves; where some say nothing (``silent``), the layer is not called real."""
    if "synthetic" not in frame or (silent and not frame["synthetic"].any()):
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
