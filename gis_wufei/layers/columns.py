"""Attributes held against the contract of a role: each column in its own type, every bad row told."""

from __future__ import annotations

import re
from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.errors import Fault
from gis_wufei.layers.cells import clean, each, key_of, translated
from gis_wufei.layers.dates import read_date
from gis_wufei.layers.keys import check_codes, check_ids
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.numbers import outliers, read_numbers
from gis_wufei.layers.periods import doubt_periods
from gis_wufei.layers.spec import Column, Role
from gis_wufei.layers.tell import as_text, missing_role_column, remark, rows
from gis_wufei.layers.units import parse_unit, words
from gis_wufei.text import Text, text


def check_columns(
    frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault], notes: Notes
) -> gpd.GeoDataFrame:
    """Every column of a role held against its contract; returns the frame with each in its own type."""
    frame = clean(frame, notes)
    for column, contract in role.columns.items():
        frame = check_column(frame, column, contract, role, where, faults, notes)
    check_ids(frame, role, where, faults, notes)
    doubt_periods(frame, role, notes, {fault.field for fault in faults})
    return frame


def check_column(
    frame: gpd.GeoDataFrame,
    column: str,
    contract: Column,
    role: Role,
    where: str,
    faults: list[Fault],
    notes: Notes,
) -> gpd.GeoDataFrame:
    """Hold one column against its contract; returns the frame with the column in its own type."""
    if column not in frame:
        told = any(column in str(f.facts.get("columns", "")) or f.facts.get("column") == column for f in faults)
        if contract.required and not told:
            faults.append(missing_role_column(where, column, contract.aliases, notes.columns or frame.columns))
        return frame
    raw = frame[column]
    blank = raw.isna().to_numpy()
    if raw.dtype.kind not in "iufb":
        names = column == role.id or contract.refers is not None
        nothing = frozenset({"", *words()["nothing"], *words()["errors"]} if names else {""})
        blank = blank | each(raw, lambda cell: str(cell).strip().casefold() in nothing).fillna(True).to_numpy(bool)
        if contract.kind == "number" and contract.empty:
            # GDAL, and so QGIS, writes a number without a value into a shapefile as a row of asterisks.
            stars = each(raw, lambda cell: isinstance(cell, str) and re.fullmatch(r"\*{2,}", cell) is not None)
            starred = stars.fillna(False).to_numpy(bool)
            if starred.any():
                notes.warned.append(remark("R-LAYER-STARS", frame, starred, column))
                blank = blank | starred
    values: pd.Series | None
    if contract.kind == "number":
        values = _number(frame, column, contract, blank, where, faults, notes)
    elif contract.kind == "flag":
        values = _flag(frame, column, blank, where, faults)
    elif contract.kind == "date":
        values = _date(frame, column, blank, notes)
    else:
        values = _text(frame, column, contract, role, blank, where, faults, notes)
    if blank.any() and not contract.empty:
        said = column if each(raw[blank], lambda cell: str(cell).strip() or None).notna().any() else None
        empty = rows(frame.assign(**{column: raw.where(raw.notna(), "")}), _mask(blank, frame), said)
        faults.append(Fault("E-LAYER-008", f"{where} {column}", {"rows": empty}, field=column))
    elif blank.any() and contract.blank is not None:
        notes.warned.append(remark("R-LAYER-BLANK", frame, blank, column, values=False, then=contract.blank))
    return frame.drop(columns=column) if values is None else frame.assign(**{column: values})


def _mask(flags: NDArray[np.bool_], frame: pd.DataFrame) -> pd.Series:
    return pd.Series(flags, index=frame.index)


def _number(
    frame: gpd.GeoDataFrame,
    column: str,
    contract: Column,
    blank: NDArray[np.bool_],
    where: str,
    faults: list[Fault],
    notes: Notes,
) -> pd.Series:
    share = parse_unit(contract.unit or "") == parse_unit("1")
    read = read_numbers(frame[column], blank, share)
    values, wrong = read.found, dict(read.bad)
    for code, mended in (("R-LAYER-NUMBERS", read.mended), ("R-LAYER-PERCENT", read.percent)):
        if mended.any():
            one = int(np.flatnonzero(mended)[0])
            pair = f"{as_text(frame[column].iloc[one])} → {values[one]:g}"
            notes.repaired.append(remark(code, frame, mended, column, pairs=pair))
    if column in notes.factors:
        values = _converted(frame, column, contract, values, notes)
    for bound, key, beyond in ((contract.min, "cell.low", np.less), (contract.max, "cell.high", np.greater)):
        if bound is not None:
            wrong |= dict.fromkeys(map(int, np.flatnonzero(beyond(values, bound))), key)
    if wrong:
        bad = np.zeros(len(frame), dtype=bool)
        bad[list(wrong)] = True
        low, high = ("∞" if end is None else f"{end:g}" for end in (contract.min, contract.max))
        limits = f"[{low.replace('∞', '-∞')}, {high}]"
        facts = {"rows": rows(frame, _mask(bad, frame), column), "limits": limits, "why": _why(wrong)}
        faults.append(Fault("E-LAYER-009", f"{where} {column}", facts, field=column))
    if not wrong:
        _doubt(frame, column, contract, values, notes)
    return pd.Series(values, index=frame.index)


def _converted(
    frame: gpd.GeoDataFrame, column: str, contract: Column, values: NDArray[np.float64], notes: Notes
) -> NDArray[np.float64]:
    """Numbers in our unit, as the study or the role asks; a small unit is a whole part of ours: it divides exactly."""
    unit, factor = notes.factors[column]
    new = values * factor if factor > 1 else values / round(1 / factor)
    told = np.isfinite(values)
    if told.any():
        one = int(np.flatnonzero(told)[0])
        pair = f"{values[one]:g} → {new[one]:g}"
        notes.repaired.append(
            remark("R-LAYER-CONVERTED", frame, told, column, found=unit, wanted=contract.unit, pairs=pair)
        )
    return new


def _why(wrong: dict[int, str]) -> Text:
    """What is wrong, with how often."""
    counts = Counter(wrong.values()).most_common()
    zh = "，".join(f"{text(key).zh} {count}" for key, count in counts)
    en = ", ".join(f"{text(key).en}: {count}" for key, count in counts)
    return Text(zh=zh, en=en)


def _doubt(frame: gpd.GeoDataFrame, column: str, contract: Column, values: NDArray[np.float64], notes: Notes) -> None:
    """Values that may be in another unit, or that no such thing has."""
    far = outliers(values)
    if far.any():
        middle = f"{10 ** np.median(np.log10(values[np.isfinite(values) & (values > 0)])):g}"
        notes.warned.append(remark("R-LAYER-OUTLIER", frame, far, column, shown=True, middle=middle))
    if contract.typical is not None:
        low, high = contract.typical
        odd = ((values < low) | (values > high)) & (values != 0) & ~far
        if odd.any():
            notes.warned.append(remark("R-LAYER-RANGE", frame, odd, column, shown=True, limits=f"{low:g}–{high:g}"))


def _flag(
    frame: gpd.GeoDataFrame, column: str, blank: NDArray[np.bool_], where: str, faults: list[Fault]
) -> pd.Series | None:
    if blank.all():  # a column without any value says nothing
        return None
    yes, no = ({key_of(word) for word in words()[name]} for name in ("yes", "no"))
    keys = each(frame[column], key_of).to_numpy()
    bad = ~(blank | np.isin(keys.astype(str), [*yes, *no]))
    if bad.any():
        facts = {"rows": rows(frame, _mask(bad, frame), column), "allowed": "true, false"}
        faults.append(Fault("E-LAYER-011", f"{where} {column}", facts, field=column))
    told = pd.Series(np.isin(keys.astype(str), [*yes]), index=frame.index)
    return told.astype("boolean").mask(_mask(blank, frame)) if blank.any() else told  # blank is neither yes nor no


def _date(frame: gpd.GeoDataFrame, column: str, blank: NDArray[np.bool_], notes: Notes) -> pd.Series:
    """Dates of one reading in the ISO kind; others stay as text and are doubted, since no plan counts with them."""
    raw = frame[column].where(~_mask(blank, frame), None)
    read = each(raw, read_date)
    unread = read.isna().to_numpy() & ~blank
    if unread.any():
        notes.warned.append(remark("R-LAYER-DATE", frame, unread, column, shown=True))
    return read.where(read.notna(), each(raw, as_text))


def _text(
    frame: gpd.GeoDataFrame,
    column: str,
    contract: Column,
    role: Role,
    blank: NDArray[np.bool_],
    where: str,
    faults: list[Fault],
    notes: Notes,
) -> pd.Series:
    values = each(frame[column], as_text).mask(_mask(blank, frame), None)
    if column == role.id or contract.refers:
        values = check_codes(frame, column, contract, values, where, faults, notes)
    if contract.synonyms or contract.choices:
        values = translated(frame, column, contract, values, notes)
    if contract.choices:
        bad = ~(blank | values.isin(contract.choices).to_numpy())
        if bad.any():
            facts = {"rows": rows(frame, _mask(bad, frame), column), "allowed": ", ".join(contract.choices)}
            faults.append(Fault("E-LAYER-011", f"{where} {column}", facts, field=column))
    return values
