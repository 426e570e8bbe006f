"""The header of a list: sought below titles, put together out of two rows, its unit row read into the names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.aliases import claimed, columns_named
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.coordinates import is_coordinate
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import LayerSpec, Role
from gis_wufei.layers.units import parse_unit, split_header

SOUGHT = 20  # rows from the top
LONGEST = 255  # letters of a name
YEAR = re.compile(r"(?:19|20)\d\d")
NUMBER = re.compile(r"[-+]?[\d,.，]*\d[\d,.]*\s*%?")
NO_UNIT = {"", "-", "—", "/", "无", "单位", "unit", "units"}
DEGREE = {
    "°", "度", "deg", "degree", "degrees", "十进制度", "dd", "度分秒", "度.分秒", "度-分-秒", "°′″", "°'\"", "dms",
}  # fmt: skip
Merged = list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class Heading:
    """Names of the columns, the index of their first row, and that of the first row below them."""

    names: list[str]
    top: int
    body: int


def find_heading(
    rows: list[list[str]], merged: Merged, spec: LayerSpec, role: Role, where: str, notes: Notes
) -> Heading:
    """The header row, or the two rows that make it.

    Parameters
    ----------
    rows
        All rows of cells.
    merged
        Merged ranges of a sheet (first column, first row from 1, last column, last row).

    Raises
    ------
    InputError
        No row looks like a header; says in which rows it was sought.
    """
    if spec.header_row is not None:
        if spec.header_row > len(rows):
            raise InputError([_unfound(rows, role, where)])
        heading = _two_rows(rows, merged, spec.header_row - 1) or _one_row(rows, spec.header_row - 1)
        return _with_units(rows, heading, notes)
    best: tuple[int, Heading] | None = None
    for at in range(min(SOUGHT, len(rows))):
        for maybe in (_one_row(rows, at), _two_rows(rows, merged, at)):
            score = -1 if maybe is None else _score(maybe.names, spec, role)
            if maybe is not None and (best is None or score > best[0]):
                best = score, maybe
    start = next((at for at, row in enumerate(rows[:SOUGHT]) if any(cell.strip() for cell in row)), None)
    if best is None or start is None:
        return Heading([cell.strip() for cell in rows[0]] if rows else [], 0, min(1, len(rows)))
    score, heading = best
    if score == 0 and (data := _no_names(rows, start)):
        facts = {"row": start + 1, "cells": ", ".join(data), "wanted": _wanted(role)}
        raise InputError([Fault("E-LAYER-140", where, facts)])
    if score < 2 and not (score == 1 and heading.body == start + 1):
        plain_first = _two_rows(rows, merged, start) or _one_row(rows, start)
        if sum(bool(name) for name in plain_first.names) < 2 and max(map(len, rows)) > 1:
            raise InputError([_unfound(rows, role, where)])
        heading = plain_first
    title = next((cell.strip() for row in rows[: heading.top] for cell in row if cell.strip()), None)
    if title is not None:
        notes.found.append(Remark("R-LAYER-HEADER", heading.top + 1, facts={"title": title[:60]}))
    if heading.body - heading.top == 2:
        notes.found.append(Remark("R-LAYER-TWOROWS", heading.body, facts={"first": heading.top + 1}))
    return _with_units(rows, heading, notes)


def suits(rows: list[list[str]], spec: LayerSpec, role: Role) -> bool:
    """Whether one of the first rows names every column that the role requires, or where it requires none, a place."""
    wanted = {own for own, column in role.columns.items() if column.required}
    for at in range(min(SOUGHT, len(rows))):
        for maybe in (_one_row(rows, at), _two_rows(rows, [], at)):
            names = [name for name in maybe.names if name] if maybe else []
            there = columns_named(role, names) | {own for own, theirs in spec.fields.items() if theirs in names}
            if wanted <= there and (wanted or any(map(is_coordinate, names))):
                return True
    return False


def _no_names(rows: list[list[str]], start: int) -> list[str]:
    """Cells of the first row that are numbers above numbers, if it has some that are no years: then it is data."""
    first = rows[start]
    below = next((row for row in rows[start + 1 :] if any(cell.strip() for cell in row)), first)
    told = [cell.strip() for cell in first]
    numbers = [at for at, cell in enumerate(told) if NUMBER.fullmatch(cell) and not YEAR.fullmatch(cell)]
    if len(first) < 2 or not any(at < len(below) and NUMBER.fullmatch(below[at].strip()) for at in numbers):
        return []
    return [cell[:20] for cell in told if cell][:5]


def _one_row(rows: list[list[str]], at: int) -> Heading:
    return Heading([_name(cell) for cell in rows[at]], at, at + 1)


def _two_rows(rows: list[list[str]], merged: Merged, at: int) -> Heading | None:
    """Names out of a row of groups above a row of columns: each column's own, else the group's."""
    if at + 1 >= len(rows):
        return None
    top, low = [_name(cell) for cell in rows[at]], [_name(cell) for cell in rows[at + 1]]
    width = max(len(top), len(low))
    top, low = top + [""] * (width - len(top)), low + [""] * (width - len(low))
    if not any(top) or not any(low) or any(NUMBER.fullmatch(cell) for cell in low if cell):
        return None
    groups = _groups(top, low, merged, at + 1)
    if not groups:
        return None
    # A column under its own name has nothing below it; a group has a name for each of its columns.
    for column, (above, below) in enumerate(zip(top, low, strict=True)):
        if column in groups:
            if not below:
                return None
        elif above and below:
            return None
    names = [below or above for above, below in zip(top, low, strict=True)]
    if names == low:
        return None  # what stands above adds nothing: a title
    for column, group in groups.items():
        if names.count(names[column]) > 1:
            names[column] = f"{group} {low[column]}"
    return Heading(names, at, at + 2)


def _groups(top: list[str], low: list[str], merged: Merged, row: int) -> dict[int, str]:
    """Columns that stand under a name which spans several."""
    groups: dict[int, str] = {}
    for left, first, right, last in merged:
        if first == last == row and right > left and left < len(top) and top[left]:
            groups.update(dict.fromkeys(range(left, min(right + 1, len(top))), top[left]))
    if merged:
        return groups
    for column, name in enumerate(top):  # a list without merged cells: a name, then blanks that are filled below
        if name and low[column] and column + 1 < len(top) and not top[column + 1] and low[column + 1]:
            groups[column] = name
            for right in range(column + 1, len(top)):
                if top[right] or not low[right]:
                    break
                groups[right] = name
    return groups


def _name(cell: str) -> str:
    return "".join(part.strip() for part in cell.splitlines()).strip("\ufeff")[:LONGEST]


def _score(names: list[str], spec: LayerSpec, role: Role) -> int:
    """How many of a row's cells are names that the study, the role or a list of places knows."""
    told = [name for name in dict.fromkeys(names) if name and len(name) < 60]
    asked = {*spec.fields.values(), *spec.where, *((spec.join.key,) if spec.join else ())}
    known = set(claimed(role, told)) | {name for name in told if name in asked or is_coordinate(name)}
    return len(known)


def _unfound(rows: list[list[str]], role: Role, where: str) -> Fault:
    return Fault("E-LAYER-106", where, {"rows": f"1–{min(SOUGHT, len(rows))}", "wanted": _wanted(role)})


def _wanted(role: Role) -> str:
    """Names that a header of the role may hold."""
    names = [name for name, column in role.columns.items() if column.required] or list(role.columns)
    return ", ".join([*(f"{name} ({role.columns[name].label.zh})" for name in names), "lon", "lat"])


def _at_odds(told: str, below: str) -> bool:
    """Whether a header's unit and the one below it are two: 年产生量（吨） over kg."""
    one, other = parse_unit(told), parse_unit(below)
    if one is None or other is None:
        return False
    periods = {one.period, other.period} - {""}
    return (one.kind, one.factor) != (other.kind, other.factor) or len(periods) > 1


def _with_units(rows: list[list[str]], heading: Heading, notes: Notes) -> Heading:
    """A row of units below the header belongs to the names: 年产生量 over 吨 is 年产生量（吨）."""
    if heading.body >= len(rows):
        return heading
    cells = [cell.strip() for cell in rows[heading.body]]
    bare = [cell.strip("()（）[]【】 ") for cell in cells]
    stated = [cell for cell in bare if cell.casefold() not in NO_UNIT]
    if not stated or not all(parse_unit(cell) or cell.casefold() in DEGREE for cell in stated):
        return heading
    names = list(heading.names)
    for at, unit in enumerate(bare[: len(names)]):
        if unit.casefold() in NO_UNIT | DEGREE or not names[at] or is_coordinate(names[at]):
            continue
        told = split_header(names[at])[1]
        if told is None or _at_odds(told, unit):
            names[at] = f"{names[at]}（{unit}）"
    notes.dropped.append(Remark("R-LAYER-UNITROW", 1, tuple(stated[:5])))
    return Heading(names, heading.top, heading.body + 1)
