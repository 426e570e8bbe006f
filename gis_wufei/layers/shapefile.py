"""A layer as a shapefile: names of ten bytes with their dictionary, Chinese in GBK, and every loss told."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from gis_wufei.layers.notes import KINDS
from gis_wufei.layers.outgoing import HandBack, Loss, fixed_date, own_columns, text_cell
from gis_wufei.layers.spec import Role
from gis_wufei.text import say

NAME_BYTES, TEXT_BYTES = 10, 254  # of the format
CPG = {"gbk": "GBK", "utf-8": "UTF-8"}
STAMP = "2000-01-01"  # the table's day of change: none of the clock's
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
SHOWN_ROWS = 5
EXACT_INTEGER = 2**53


def write_shapefile(frame: gpd.GeoDataFrame, path: Path, role: Role | None = None) -> HandBack:
    """Write a frame as ``path`` (.shp) with its side files, its dictionary ``<stem>.fields.csv`` and a list of losses.

    Text is GBK; where a letter is not in GBK the whole set is UTF-8, since no letter may be lost, and
    that is told. A shapefile holds one kind of shape: of several kinds each goes into a set of its own
    (``<stem>_point.shp`` …). Text longer than 254 bytes is cut between two letters and told with its rows.
    """
    numbers = frame["row"].to_numpy() if "row" in frame else range(1, len(frame) + 1)
    frame = own_columns(frame).set_axis(list(numbers), axis=0)
    losses: list[Loss] = []
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    cells = {column: _column(frame[column]) for column in columns}
    encoding, strange = _encoding(columns, cells.values())
    if strange:
        losses.append(Loss("loss.letters", "", strange))
    names = short_names(columns, encoding)
    for column in columns:
        cells[column], lost = _fitted(cells[column], column, encoding)
        losses += lost
    table = gpd.GeoDataFrame(
        pd.DataFrame({names[column]: cells[column] for column in columns}, index=frame.index),
        geometry=frame.geometry.to_numpy(),
        crs=frame.crs,
    )
    files: list[Path] = []
    kinds = [KINDS[kind] for kind in shapely.get_type_id(frame.geometry.to_numpy())]
    for kind in sorted(set(kinds)):
        target = path if len(set(kinds)) == 1 else path.with_name(f"{path.stem}_{kind}.shp")
        part = table[[found == kind for found in kinds]]
        files += _write(part, target, encoding)
    if len(set(kinds)) > 1:
        losses.append(Loss("loss.kinds", "", len(set(kinds))))
    files.append(_csv(path.with_name(f"{path.stem}.fields.csv"), _dictionary(columns, names, frame, role)))
    if losses:
        files.append(_csv(path.with_name(f"{path.stem}.losses.csv"), _told(losses)))
    return HandBack(tuple(files), names, tuple(losses))


def short_names(columns: Iterable[str], encoding: str = "gbk") -> dict[str, str]:
    """A name of at most ten bytes for each column, unlike all others whatever the case of its letters."""
    taken, names = set[str](), dict[str, str]()
    for column in columns:
        plain = re.sub(r"\W", "_", column, flags=re.UNICODE).strip("_")
        if not plain.isascii() and (encoding != "gbk" or not _fits(plain, encoding)):
            # Cut names beyond ASCII break readers of UTF-8 tables; five Chinese letters of GBK do not.
            plain = _cut(plain, encoding, NAME_BYTES) if encoding == "gbk" else re.sub(r"[^A-Za-z0-9_]", "", plain)
        plain = plain or f"F{len(names) + 1}"
        plain = f"F{plain}" if plain[0].isdigit() else plain
        name, number = _cut(plain, encoding, NAME_BYTES), 0
        while name.casefold() in taken:
            number += 1
            tail = f"_{number}"
            name = _cut(plain, encoding, NAME_BYTES - len(tail)) + tail
        taken.add(name.casefold())
        names[column] = name
    return names


def _fits(words: str, encoding: str) -> bool:
    try:
        return len(words.encode(encoding)) <= NAME_BYTES
    except UnicodeEncodeError:
        return False


def _cut(words: str, encoding: str, most: int) -> str:
    """The longest beginning of a text that fits into so many bytes, never half a letter."""
    raw = words.encode(encoding, "ignore")
    return raw[:most].decode(encoding, "ignore")


def _column(cells: pd.Series) -> pd.Series:
    """Numbers stay numbers; flags become 1 and 0; all else is text."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        return cells.astype("Int32").astype(object).map(lambda value: None if value is pd.NA else int(value))
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells
    words = (text_cell(cell) for cell in cells)
    told = [None if word is None else word.replace("\0", "\N{REPLACEMENT CHARACTER}") for word in words]
    return pd.Series(told, cells.index, dtype=object)


def _encoding(columns: Iterable[str], cells: Iterable[pd.Series]) -> tuple[str, int]:
    """GBK if it has every letter, else UTF-8; and the count of texts that GBK cannot hold."""
    strange = 0
    for words in (*columns, *(word for column in cells for word in column if isinstance(word, str))):
        try:
            words.encode("gbk")
        except UnicodeEncodeError:
            strange += 1
    return ("utf-8" if strange else "gbk"), strange


def _fitted(cells: pd.Series, column: str, encoding: str) -> tuple[pd.Series, list[Loss]]:
    """The cells as a table of this format can hold them, and what that lost."""
    losses = []
    if pd.api.types.is_numeric_dtype(cells.dtype):
        wide = cells.notna() & (cells.abs() > EXACT_INTEGER)
        if wide.any():
            losses.append(_loss("loss.digits", column, wide))
        return cells, losses
    if not cells.map(lambda cell: isinstance(cell, str) or cell is None).all():  # flags
        return cells, losses
    blank = cells.map(lambda cell: cell == "")
    if blank.any():
        losses.append(_loss("loss.blank", column, blank))
    long = cells.map(lambda cell: isinstance(cell, str) and len(cell.encode(encoding)) > TEXT_BYTES)
    if long.any():
        losses.append(_loss("loss.cut", column, long, {"bytes": TEXT_BYTES}))
        cells = cells.where(~long, cells.map(lambda cell: _cut(cell or "", encoding, TEXT_BYTES)))
    return cells, losses


def _loss(code: str, column: str, hit: pd.Series, facts: Mapping[str, object] | None = None) -> Loss:
    rows = tuple(int(row) for row in hit.index[hit.to_numpy()][:SHOWN_ROWS])
    return Loss(code, column, int(hit.sum()), rows, dict(facts or {}))


def _write(table: gpd.GeoDataFrame, path: Path, encoding: str) -> list[Path]:
    kinds = set(table.geom_type)
    kind = kinds.pop() if len(kinds) == 1 else f"Multi{next(iter(kinds)).removeprefix('Multi')}"
    with fixed_date():
        pyogrio.write_dataframe(
            table,
            path,
            driver="ESRI Shapefile",
            encoding=CPG[encoding],
            geometry_type=kind,
            promote_to_multi=kind.startswith("Multi"),
            layer_options={"DBF_DATE_LAST_UPDATE": STAMP},
        )
    path.with_suffix(".cpg").write_text(CPG[encoding], encoding="ascii")
    return [file for end in (".shp", ".shx", ".dbf", ".prj", ".cpg") if (file := path.with_suffix(end)).is_file()]


def _dictionary(
    columns: Iterable[str], names: Mapping[str, str], frame: gpd.GeoDataFrame, role: Role | None
) -> list[tuple[object, ...]]:
    known = role.columns if role is not None else {}
    lines: list[tuple[object, ...]] = [("name", "column", "zh", "en", "type")]
    for column in columns:
        label = known[column].label if column in known else None
        kind = "number" if pd.api.types.is_numeric_dtype(frame[column].dtype) else "text"
        zh, en = (label.zh, label.en) if label else ("", "")
        lines.append((names[column], column, zh, en, kind))
    return lines


def _told(losses: Iterable[Loss]) -> list[tuple[object, ...]]:
    lines: list[tuple[object, ...]] = [("column", "count", "rows", "zh", "en")]
    for loss in losses:
        more = loss.count - len(loss.rows) if loss.rows else 0
        rows = ", ".join(map(str, loss.rows)) + (f", +{more}" if more > 0 else "")
        told = [say(loss.code, lang, count=loss.count, **loss.facts) for lang in ("zh", "en")]
        lines.append((loss.column, loss.count, rows, *told))
    return lines


def _csv(path: Path, lines: Iterable[tuple[object, ...]]) -> Path:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for line in lines:
        writer.writerow([f"'{cell}" if str(cell).startswith(FORMULA_STARTS) else cell for cell in line])
    path.write_text(out.getvalue(), encoding="utf-8-sig", newline="")
    return path
