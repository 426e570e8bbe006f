"""Text out of cells: what cannot be seen is stripped, what arrives broken is doubted, words become ours."""

from __future__ import annotations

import re
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Column
from gis_wufei.layers.tell import as_text, remark
from gis_wufei.layers.units import halfwidth

# Control signs but for tab and line ends, and signs that turn the direction of what follows or have no width.
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
# GBK or UTF-8 read as something else (锟斤拷, replacement signs, Ã¤, å¼ , ÕÅ¼Ò), and text lost to question marks.
BROKEN = re.compile(
    "锟斤拷|烫烫烫|屯屯屯|\ufffd|[\u00c2\u00c3][\u0080-\u00bf]|â€|\\?{3,}"
    "|[\u00e2-\u00ef][\u0080-\u00bf\u0152-\u0178\u2018-\u2122]{2}"
    "|[\u00b0-\u00f7][\u00a1-\u00fe][\u00b0-\u00f7][\u00a1-\u00fe]"
)
_AS_UTF8 = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){2}")
MOST_NAME = 200
"""Longest label (characters) that a map or a table still shows."""


def each(raw: pd.Series, read: Callable[[object], object]) -> pd.Series:
    """A series read value by value, each different value once."""
    code, cells = distinct(raw)
    table = np.empty(len(cells) + 1, dtype=object)
    table[:-1] = [read(cell) for cell in cells]
    return pd.Series(table[code], raw.index, dtype=object)


def distinct(raw: pd.Series) -> tuple[NDArray[np.intp], list[object]]:
    """The different values of a series and, for each row, which it has (-1: none)."""
    code, cells = pd.factorize(raw, use_na_sentinel=True)
    return code, list(np.asarray(cells, dtype=object))


def is_text(raw: pd.Series) -> bool:
    """Whether a column may hold text."""
    return raw.dtype == object or isinstance(raw.dtype, pd.StringDtype)


def _maybe_broken(blob: str) -> bool:
    """Whether any of many texts may be broken; most tables hold none, and this costs one look."""
    if blob.isascii():
        return "???" in blob
    return BROKEN.search(blob) is not None or _AS_UTF8.search(blob.encode("gb18030", "replace")) is not None


def is_broken(told: str) -> bool:
    """Whether a text shows the signs of having been read in the wrong encoding before it came here."""
    if told.isascii():
        return "???" in told
    if BROKEN.search(told):
        return True
    try:  # UTF-8 shown as GBK: turning it back gives Chinese, which real Chinese hardly ever does
        back = told.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return False
    return sum("\u4e00" <= sign <= "\u9fff" for sign in back) >= 2


def clean(frame: gpd.GeoDataFrame, notes: Notes) -> gpd.GeoDataFrame:
    """Every text of a frame without hidden signs, labels no longer than a page shows; broken text is doubted."""
    changed: dict[str, pd.Series] = {}
    told = any(one.code == "R-LAYER-BROKENTEXT" for one in notes.warned)  # by the reader, of the file as it is
    for column in frame.columns:
        raw = frame[column]
        if column in ("row", "geometry") or not is_text(raw):
            continue
        code, cells = distinct(raw)
        texts = [cell if isinstance(cell, str) else "" for cell in cells]
        blob = "\n".join(texts)
        if not told and _maybe_broken(blob):
            broken = [is_broken(cell) for cell in texts]
            if any(broken):
                notes.warned.append(remark("R-LAYER-BROKEN", frame, _hit(code, broken), column))
        hidden = HIDDEN.search(blob) is not None
        long = column == "name" and any(len(cell) > MOST_NAME for cell in texts)
        if not (hidden or long):
            continue
        table = cells
        if hidden:
            mask = _hit(code, [bool(HIDDEN.search(cell)) for cell in texts])
            notes.repaired.append(remark("R-LAYER-CONTROL", frame, mask, column))
            table = [HIDDEN.sub("", cell) if isinstance(cell, str) else cell for cell in table]
        if long:
            mask = _hit(code, [len(cell) > MOST_NAME for cell in texts])
            notes.repaired.append(remark("R-LAYER-LONG", frame, mask, column, values=False, most=MOST_NAME))
            table = [
                cell[: MOST_NAME - 1] + "…" if isinstance(cell, str) and len(cell) > MOST_NAME else cell
                for cell in table
            ]
        changed[column] = pd.Series(np.array([*table, None], dtype=object)[code], frame.index, dtype=object)
    return frame.assign(**changed) if changed else frame


def _hit(code: NDArray[np.intp], flags: list[bool]) -> NDArray[np.bool_]:
    return np.array([*flags, False])[code]


def key_of(cell: object) -> str:
    """A word for comparing: without case, width and blanks."""
    return "".join(halfwidth(as_text(cell)).split()).casefold()


def translated(frame: gpd.GeoDataFrame, column: str, contract: Column, values: pd.Series, notes: Notes) -> pd.Series:
    """Words of the file in ours, where the contract knows exactly one meaning; what was changed is told."""
    code, cells = distinct(values)
    known = {key_of(own): own for own in (*contract.synonyms, *contract.choices)}
    known |= {key_of(word): own for own, told in contract.synonyms.items() for word in told}
    keys = [key_of(cell) for cell in cells]
    for alphabet in contract.alphabets:
        if next(iter(alphabet)) in keys and set(keys) <= set(alphabet):
            known = dict(alphabet)
    mapped = [known.get(key, cell) for key, cell in zip(keys, cells, strict=True)]
    changed = [str(new) != str(old) for new, old in zip(mapped, cells, strict=True)]
    if not any(changed):
        return values
    pairs = ", ".join(
        sorted({f"{old} → {new}" for old, new, told in zip(cells, mapped, changed, strict=True) if told})[:8]
    )
    notes.repaired.append(remark("R-LAYER-WORDS", frame, _hit(code, changed), column, pairs=pairs))
    return pd.Series(np.array([*mapped, None], dtype=object)[code], values.index, dtype=object)
