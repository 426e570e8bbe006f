"""Codes: digits that a spreadsheet ate, zeros that it lost, ids that stand twice or only look alike."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_wufei.errors import Fault
from gis_wufei.layers.cells import each, key_of
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Column, Role
from gis_wufei.layers.tell import remark, rows
from gis_wufei.layers.units import halfwidth

_SCIENTIFIC = re.compile(r"(\d+)(?:\.(\d+))?[eE]\+(\d{1,2})")
_POINT_ZERO = re.compile(r"\d+\.0+")
NATIONAL = re.compile(r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])\d{7,}")
"""A code of an administrative place begins with its province: 15 0621 001 001 is a village of Inner Mongolia."""
EXACT = 2**53
"""Up to here a floating number holds every integer; a spreadsheet keeps 15 digits of a longer code."""
LOOKALIKE = str.maketrans("oil", "011")
FOREIGN = str.maketrans("авекмнорстухіјѕёԁԛԝαβεζηικμνορτυχ", "abekmh0pctyx1jsedqwabezh1kmn0ptyx")
"""Cyrillic and Greek letters that, small or as capitals, look like a Latin one: Р is no P, and Η no H."""


def check_codes(
    frame: gpd.GeoDataFrame,
    column: str,
    contract: Column,
    values: pd.Series,
    where: str,
    faults: list[Fault],
    notes: Notes,
) -> pd.Series:
    """Codes as text: digits that a spreadsheet only showed otherwise come back, lost ones are a fault."""
    if frame[column].dtype.kind == "f":
        lost = frame[column].abs().to_numpy(float) > EXACT
        if lost.any():
            faults.append(_lost(frame, column, lost, where))
        else:
            _lengths(frame, column, contract, values, notes)
        return values
    blob = "\n".join(values.dropna().astype(str))
    if blob.isascii() and "+" not in blob and ".0" not in blob:  # as nearly every list: nothing to write out
        _lengths(frame, column, contract, values, notes)
        return values
    mended = each(values, lambda code: written_out(str(code)))
    lost = (mended.isna() & values.notna()).to_numpy()
    if lost.any():
        faults.append(_lost(frame, column, lost, where))
    changed = (mended.notna() & (mended != values)).to_numpy()
    if changed.any():
        one = int(np.flatnonzero(changed)[0])
        pairs = f"{values.iloc[one]} → {mended.iloc[one]}"
        notes.repaired.append(remark("R-LAYER-DIGITS", frame, changed, column, pairs=pairs))
    values = mended.where(mended.notna(), values)
    wide = each(values, lambda code: halfwidth(str(code)))
    changed = (values.notna() & (wide != values)).to_numpy()
    if changed.any() and wide.nunique() == values.nunique():  # still as many codes: nothing ran together
        one = int(np.flatnonzero(changed)[0])
        pairs = f"{values.iloc[one]} → {wide.iloc[one]}"
        notes.repaired.append(remark("R-LAYER-WIDTH", frame, changed, column, pairs=pairs))
        values = wide
    _lengths(frame, column, contract, values, notes)
    return values


def _lost(frame: gpd.GeoDataFrame, column: str, lost: np.ndarray, where: str) -> Fault:
    facts = {"rows": rows(frame, pd.Series(lost, index=frame.index), column)}
    return Fault("E-LAYER-074", f"{where} {column}", facts, field=column)


def written_out(code: str) -> str | None:
    """A code written out; ``None`` where 1.50622E+11 no longer tells its last digits."""
    match = _SCIENTIFIC.fullmatch(code)
    if match is None:
        return code.partition(".")[0] if _POINT_ZERO.fullmatch(code) else code
    digits = match[1] + (match[2] or "")
    zeros = int(match[3]) - len(match[2] or "")
    return digits if zeros == 0 else None


def loose(code: str) -> str:
    """A code as a person reads it, for joining: without case, width, blanks, a text mark and zeros at the left.

    A number that a spreadsheet only showed otherwise (1.5062E+11, 1506.0) is written out; one that lost digits is not.
    """
    told = halfwidth(code).strip().lstrip("'").strip()
    return key_of(written_out(told) or told).lstrip("0") or "0"


def _lengths(frame: gpd.GeoDataFrame, column: str, contract: Column, values: pd.Series, notes: Notes) -> None:
    """Codes of digits that are shorter or longer than nearly all others: a zero may have been lost."""
    told = values[values.notna()].astype(str)
    digits = told[told.str.fullmatch(r"\d+")]
    size = digits.str.len()
    if contract.digits and len(digits) and len(digits) == len(told) and not size.isin(contract.digits).any():
        city = digits.str[:4]
        one_city = (city == city.iloc[0]).all() and digits.str.fullmatch(NATIONAL).all()
        if (size == size.iloc[0]).all() and one_city:  # cut alike; ids of another kind share no city
            found, wanted = int(size.iloc[0]), " / ".join(map(str, contract.digits))
            every = values.notna()
            told_of = remark("R-LAYER-LENGTH", frame, every, column, shown=True, digits=found, wanted=wanted)
            notes.warned.append(told_of)
    if len(digits) < 3 or len(digits) < 0.8 * len(told):
        return
    known = size[size.isin(contract.digits)]
    # A third of them in the length of such codes says what all should be; else nearly all must share a length.
    common, least = (int(known.mode().iloc[0]), 0.3) if len(known) else (int(size.mode().iloc[0]), 0.6)
    padded = digits.str.startswith("0").any()
    if (size == common).mean() < least or not (padded or len(known)):
        return
    odd = pd.Series(False, index=frame.index)
    odd[size.index[size != common]] = True
    if contract.digits and not padded:
        odd &= ~values.astype(str).str.len().isin(contract.digits)
    if odd.any():
        notes.warned.append(remark("R-LAYER-UNEVEN", frame, odd, column, shown=True, digits=common))


def check_ids(frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault], notes: Notes) -> None:
    """Ids are unique; those that differ only to a machine are doubted."""
    if role.id is None or role.id not in frame:
        return
    ids = frame[role.id]
    twice = ids.notna() & ids.duplicated(keep=False)
    if twice.any():
        faults.append(Fault("E-LAYER-010", f"{where} {role.id}", {"rows": rows(frame, twice, role.id)}, field=role.id))
    looks = _looks(ids)
    alike = looks.notna() & looks.duplicated(keep=False) & ~twice
    if alike.any():
        notes.warned.append(remark("R-LAYER-ALIKE", frame, alike, role.id, shown=True))


def _looks(ids: pd.Series) -> pd.Series:
    """How ids look to a person: without case, width and blanks, 0 like O, 1 like l and I, Cyrillic like Latin."""
    told = ids.dropna().astype(str)
    blob = "\n".join(told)
    if blob.isascii() and blob.count("\n") == len(told) - 1:  # all at once; each by itself costs a second
        plain = blob.casefold().translate(LOOKALIKE | {ord(sign): None for sign in " \t"})
        return pd.Series(plain.split("\n"), index=told.index, dtype=object).reindex(ids.index)
    return each(ids, lambda code: key_of(code).translate(LOOKALIKE | FOREIGN))
