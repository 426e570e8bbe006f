"""Which of a file's headers may be which column of a role: by its name, an alias, its unit, or a name that was cut."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from gis_wufei.layers.spec import Column, Role
from gis_wufei.layers.units import parse_unit, plain, split_header, words

CUT_BYTES = 10
"""Shapefiles keep ten bytes of a column's name; a character that does not fit whole is lost with them."""


@dataclass(frozen=True)
class Fit:
    """One column of the file that may be one of ours: under which name, whether cut, and its unit's text."""

    header: str
    name: str
    cut: bool
    unit: str | None


def claimed(role: Role, headers: Collection[str]) -> set[str]:
    """Which of a file's headers the role may claim, by name, alias or beginning (to find a table's header row)."""
    free = [str(header) for header in headers]
    known = {one.header for own, column in role.columns.items() for one in fitting(own, column, free)}
    return known | (set(free) & set(role.columns))


def columns_named(role: Role, headers: Collection[str]) -> set[str]:
    """Which of the role's columns a file's headers name."""
    free = [str(header) for header in headers]
    return {own for own, column in role.columns.items() if own in free or fitting(own, column, free)}


def key_columns(role: Role, headers: Collection[str], fields: Mapping[str, str]) -> set[str]:
    """Which of a file's headers hold ids of the role, or those of another: what joins and counts by name."""
    free = [str(header) for header in headers]
    keys: set[str] = set()
    for own, column in role.columns.items():
        if own == role.id or column.refers:
            fits = {one.header: one.name for one in fitting(own, column, free)}
            telling = {header for header, name in fits.items() if name not in words()["vague"]}
            keys |= {fields[own]} if own in fields else {own} if own in free else telling or set(fits)
    return keys


def fitting(own: str, column: Column, headers: Collection[str], dbf: bool = False) -> list[Fit]:
    """The headers that may be this column: those that fit whole, else those that fit its beginning."""
    names = {plain(name) for name in (own, *column.aliases, *column.short)}
    stem, ours = apart(own)
    whole, measured, cut = [], [], []
    for header in headers:
        base, unit = split_header(header)
        base = base if plain(base) in names else split_header(base)[0]  # 年产生量（吨） with kg in the row below
        if plain(header) in names:  # 村（社区） with its own brackets, too
            whole.append(Fit(header, plain(header), False, None))
        elif plain(base) in names:
            whole.append(Fit(header, plain(base), False, unit))
        elif ours and apart(header)[1] and plain(apart(header)[0]) == plain(stem):  # kg_per_year for t_per_year
            measured.append(Fit(header, plain(own), False, apart(header)[1]))
        elif (tail := _unmarked_unit(names, header)) is not None:  # 日处理能力吨
            whole.append(Fit(header, *tail))
        elif ours and _within_unit(own, stem, header):
            cut.append(Fit(header, plain(own), True, None))
        elif _maybe_cut(header, dbf):
            begun = [name for name in (own, *column.aliases) if _begins(name, header)]
            if begun:
                cut.append(Fit(header, plain(begun[0]), True, None))
    return whole or measured or cut


def _unmarked_unit(names: Collection[str], header: str) -> tuple[str, bool, str] | None:
    """A Chinese name with its unit right behind it: which, that it is whole, and the unit."""
    told = plain(header)
    if told.isascii():
        return None
    begun = [name for name in names if told.startswith(name) and parse_unit(told[len(name) :]) is not None]
    return (best := max(begun, key=len), False, told[len(best) :]) if begun else None


def _within_unit(own: str, stem: str, header: str) -> bool:
    """Whether a name ends within the unit of ours: capacity_t_per says neither by the day nor by the year."""
    return bool(stem) and header.casefold().startswith(f"{stem}_") and _begins(own, header)


def apart(name: str) -> tuple[str, str | None]:
    """A name as ``split_header`` has it; one that is a unit by a period, as ``t_per_year``, is all unit."""
    base, unit = split_header(name)
    whole = parse_unit(name) if unit is None else None
    return ("", name) if whole is not None and whole.period else (base, unit)


def _maybe_cut(header: str, dbf: bool) -> bool:
    """Whether a name is as long as one that a shapefile cut; three signs of Chinese only if it is one."""
    if header.isascii():
        return len(header) == CUT_BYTES
    gbk, utf8 = (len(header.encode(encoding, "replace")) for encoding in ("gb18030", "utf-8"))
    return CUT_BYTES - 1 <= gbk <= CUT_BYTES or (dbf and CUT_BYTES - 2 <= utf8 <= CUT_BYTES)


def _begins(name: str, header: str) -> bool:
    return len(name) > len(header) and name.casefold().startswith(header.casefold())


def same_cells(one: pd.Series, other: pd.Series) -> bool:
    return one.astype(str).equals(other.astype(str))
