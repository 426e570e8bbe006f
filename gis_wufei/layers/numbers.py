"""Numbers out of cells: what has exactly one reading is read, all else is told with what is wrong about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.layers.units import halfwidth, parse_unit, words

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:[ '’]\d{3})+(?:\.\d+)?")
_RANGE = re.compile(r"[+-]?[\d.,]+\s*\D{0,4}\s*(?:-|~|–|—|至|到|to|\.\.+)\s*[\d.,]+\D*")
_LEADING = re.compile(r"([+-]?[\d.,]+)\s*(\D+)")


@dataclass(frozen=True)
class Numbers:
    """One column of numbers.

    ``found`` is NaN where a cell is blank or bad; ``mended`` marks cells that were written in an
    unusual way; ``bad`` holds, by position, the key of what is wrong (``cell.…`` in the texts).
    """

    found: NDArray[np.float64]
    mended: NDArray[np.bool_]
    percent: NDArray[np.bool_]
    bad: dict[int, str]


def read_numbers(raw: pd.Series, blank: NDArray[np.bool_], share: bool = False) -> Numbers:
    """The numbers of a column; only a ``share`` may be written in per cent."""
    nothing = np.zeros(len(raw), dtype=bool)
    if raw.dtype.kind in "iuf":
        values = raw.to_numpy(float, na_value=np.nan)
        endless = np.isinf(values)
        bad = dict.fromkeys(map(int, np.flatnonzero(endless)), "cell.endless")
        return Numbers(np.where(endless, np.nan, values), nothing, nothing, bad)
    code, found = pd.factorize(raw.where(~pd.Series(blank, raw.index)), use_na_sentinel=True)
    cells = np.asarray(found, dtype=object)
    read = [_read(cell, share) for cell in cells]
    table = np.array([one[0] for one in read] + [np.nan])
    mends = np.array([one[1] == "mended" for one in read] + [False])
    shares = np.array([one[1] == "percent" for one in read] + [False])
    wrong = [one[1] if (one[1] or "").startswith("cell.") else None for one in read] + [None]
    bad = {}
    if any(wrong):
        hit = np.array([key is not None for key in wrong])[code]
        bad = {int(i): str(wrong[code[i]]) for i in np.flatnonzero(hit)}
    return Numbers(table[code], mends[code], shares[code], bad)


def _read(cell: object, share: bool) -> tuple[float, str | None]:
    """The number of one cell and ``None``, ``mended`` or ``percent``; or NaN and the key of what is wrong."""
    if isinstance(cell, bool | np.bool_):
        return np.nan, "cell.word"
    if isinstance(cell, int | float | np.number):
        return (float(cell), None) if np.isfinite(float(cell)) else (np.nan, "cell.endless")
    told = str(cell).strip()
    if _NUMBER.fullmatch(told) and told.isascii():
        return _finite(told, None)
    plain = re.sub(r"[\u200b\u2060\ufeff\u00ad]", "", halfwidth(told)).replace("\u2212", "-").strip().lstrip("'’‘`")
    if _NUMBER.fullmatch(plain):
        return _finite(plain, "mended")
    if _GROUPED.fullmatch(plain):
        return _finite(re.sub(r"[, '’]", "", plain), "mended")
    if re.fullmatch(r"[+-]?\d+( \d+)*(\.\d+)?", plain) is None and _NUMBER.fullmatch(plain.replace(" ", "")):
        return _finite(plain.replace(" ", ""), "mended")  # blanks beside the sign or point, never between digits
    if share and plain.endswith("%") and _NUMBER.fullmatch(plain[:-1].strip()):
        value, state = _finite(plain[:-1].strip(), "percent")
        return value / 100, state
    return np.nan, _trouble(plain)


def _finite(told: str, state: str | None) -> tuple[float, str | None]:
    value = float(told)
    return (value, state) if np.isfinite(value) else (np.nan, "cell.endless")


def _trouble(cell: str) -> str:
    """What is wrong with a cell that is no number."""
    low = cell.casefold()
    if low in words()["nothing"] or not re.sub(r"[-—–―_/.\s]", "", low):
        return "cell.nothing"
    if low.startswith("#") or low in words()["errors"]:
        return "cell.error"
    if low.lstrip("+-") in ("inf", "infinity", "∞"):
        return "cell.endless"
    if low.startswith("="):
        return "cell.formula"
    if _RANGE.fullmatch(low):
        return "cell.range"
    if re.search(r"\d", low) and any(word in low for word in words()["about"]):
        return "cell.about"
    if low.endswith(("%", "‰")):
        return "cell.percent"
    leading = _LEADING.fullmatch(low)
    if leading and parse_unit(leading[2].strip()) is not None:
        return "cell.unit"
    if re.fullmatch(r"[+-]?\d+,\d+", low):
        return "cell.comma"
    if re.fullmatch(r"[+-]?[\d., ]+", low):
        return "cell.marks"
    return "cell.unit" if leading else "cell.word"


def outliers(values: NDArray[np.float64], least: int = 5) -> NDArray[np.bool_]:
    """Values about three orders of magnitude above the median of those over zero, or below it: kg for t."""
    positive = np.isfinite(values) & (values > 0)
    far = np.zeros(len(values), dtype=bool)
    if positive.sum() < least:
        return far
    order = np.log10(values[positive])
    order -= np.median(order)
    far[positive] = (order >= 2.5) | (order <= -3.0)  # small ones are common, where a few large ones make the mean
    return far
