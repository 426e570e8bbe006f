"""A matrix of pairwise judgements: how many times one criterion matters as much as another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_wufei.errors import Fault, InputError, visible
from gis_wufei.layers.units import halfwidth

Floats = NDArray[np.float64]

MOST = 9.0
"""End of the scale of judgements: 1 equal … 9 extreme, and their reciprocals (Saaty 1977, J. Math. Psych. 15:234)."""
ROUNDING = 0.05
"""Two halves may miss each other by so much: 0.33 written for 1/3 against 3 misses by 0.01, 0.14 for 1/7 by 0.02."""

_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
_FRACTION = re.compile(r"(\d+(?:\.\d+)?)\s*[/:\u2044]\s*(\d+(?:\.\d+)?)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}( .*)?")


@dataclass(frozen=True, eq=False)
class PairwiseMatrix:
    """Judgements on n criteria: ``ratios[i, j]`` says how many times ``names[i]`` matters as much as ``names[j]``.

    float[n, n], positive, reciprocal (``ratios[j, i] == 1 / ratios[i, j]``), ones on the diagonal.
    """

    names: tuple[str, ...]
    ratios: Floats

    def __post_init__(self) -> None:
        values = np.array(self.ratios, float)
        values.setflags(write=False)
        object.__setattr__(self, "ratios", values)

    def judged(self, first: str, second: str) -> float:
        """How many times ``first`` matters as much as ``second``."""
        return float(self.ratios[self.names.index(first), self.names.index(second)])

    def with_judgement(self, first: str, second: str, value: float) -> PairwiseMatrix:
        """The matrix with one judgement (and its reciprocal) replaced."""
        values = self.ratios.copy()
        i, j = self.names.index(first), self.names.index(second)
        values[i, j], values[j, i] = value, 1.0 / value
        return PairwiseMatrix(self.names, values)

    def sorted_as(self, names: Sequence[str]) -> PairwiseMatrix:
        """The same judgements with the criteria in another order."""
        at = [self.names.index(name) for name in names]
        return PairwiseMatrix(tuple(names), self.ratios[np.ix_(at, at)])


def pairwise(
    rows: Sequence[Sequence[object]],
    names: Sequence[str] | None = None,
    where: str = "matrix",
    cells: Mapping[tuple[int, int], str] | None = None,
) -> PairwiseMatrix:
    """A matrix from rows as people write them.

    Cells are numbers or texts such as ``3``, ``1/3``, ``１／３``, ``1:3``; a blank (``None`` or ``""``) is
    filled with the reciprocal from the other half, so that one triangle is enough. Where both halves
    are filled they must be reciprocals of each other up to rounding (5 %); the exact one is then the
    half that is at least 1.

    Parameters
    ----------
    rows
        n rows of n cells.
    names
        The n criteria; default 1, 2, …
    where
        The place as a person would name it, for the faults.
    cells
        Name of the cell (row, column) for the faults, such as ``!C4``, put behind ``where``;
        default row and column from 1.

    Raises
    ------
    InputError
        Every fault: no square, unreadable cell, not positive, beyond 1/9 … 9, a diagonal other than 1,
        halves that disagree, a pair that nobody judged.
    """
    size = len(rows)
    told = tuple(names) if names is not None else tuple(str(i + 1) for i in range(size))
    faults: list[Fault] = []
    if any(len(row) != size for row in rows) or len(told) != size or not size:
        lengths = ", ".join(str(len(row)) for row in rows) or "-"
        raise InputError([Fault("E-AHP-SQUARE", where, {"rows": size, "cells": lengths, "names": len(told)})])

    def at(i: int, j: int) -> str:
        return f"{where}{cells[i, j]}" if cells and (i, j) in cells else f"{where} ({i + 1}, {j + 1})"

    values = np.full((size, size), np.nan)
    unread = np.zeros((size, size), bool)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            value, fault = judgement(cell)
            values[i, j] = np.nan if value is None else value
            if fault is not None:
                faults.append(Fault(fault, at(i, j), {"cell": _shown(cell)}))
                unread[i, j] = True
    for i in range(size):
        if not unread[i, i] and np.isfinite(values[i, i]) and abs(values[i, i] - 1) > 1e-9:
            faults.append(Fault("E-AHP-DIAGONAL", at(i, i), {"cell": f"{values[i, i]:g}", "name": told[i]}))
        values[i, i] = 1.0
        for j in range(i + 1, size):
            if unread[i, j] or unread[j, i]:
                continue
            upper, lower = values[i, j], values[j, i]
            if np.isnan(upper) and np.isnan(lower):
                faults.append(Fault("E-AHP-MISSING", at(i, j), {"first": told[i], "second": told[j]}))
            elif np.isnan(upper):
                values[i, j] = 1.0 / lower
            elif np.isnan(lower):
                values[j, i] = 1.0 / upper
            elif abs(upper * lower - 1.0) > ROUNDING:
                facts = {"upper": f"{upper:g}", "lower": f"{lower:g}", "other": at(j, i), "mend": written(1 / upper)}
                faults.append(Fault("E-AHP-RECIPROCAL", at(i, j), facts))
            elif upper >= lower:
                values[j, i] = 1.0 / upper
            else:
                values[i, j] = 1.0 / lower
    if faults:
        raise InputError(faults)
    return PairwiseMatrix(told, values)


def judgement(cell: object) -> tuple[float | None, str | None]:
    """The number of a cell (``None`` for a blank) and the code of what is wrong with it."""
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None, None
    if isinstance(cell, bool):
        return None, "E-AHP-CELL"
    if isinstance(cell, int | float | np.number):
        return _on_scale(float(cell))
    plain = halfwidth(str(cell)).strip().replace("\u2215", "/").replace("\u00f7", "/")
    if not plain:
        return None, None
    if _DATE.fullmatch(plain):  # a spreadsheet made a date of 1/3: January 3rd or March 1st, nobody knows
        return None, "E-AHP-DATE"
    fraction = _FRACTION.fullmatch(plain)
    if fraction:
        top, bottom = float(fraction[1]), float(fraction[2])
        return _on_scale(top / bottom if bottom else np.inf)
    return _on_scale(float(plain)) if _NUMBER.fullmatch(plain) else (None, "E-AHP-CELL")


def _on_scale(value: float) -> tuple[float | None, str | None]:
    # 0.11 is how 1/9 is typed.
    inside = np.isfinite(value) and (1 - ROUNDING) / MOST <= value <= MOST * (1 + 1e-9)
    return (value, None) if inside else (None, "E-AHP-SCALE")


def _shown(cell: object) -> str:
    words = visible(str(cell))
    return words if len(words) <= 40 else words[:37] + "..."


def written(value: float) -> str:
    """A judgement as an expert writes it: 5, 1/3, 2.5."""
    if value >= 1:
        return f"{value:.3g}"
    return f"1/{1 / value:.3g}"
