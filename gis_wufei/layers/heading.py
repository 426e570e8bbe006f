"""The header of a list: sought below titles, put together out of two rows, its unit row read into the names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.coordinates import is_coordinate
from gis_wufei.layers.headers import claimed
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import LayerSpec, Role
from gis_wufei.layers.units import parse_unit, split_header

SOUGHT = 20  # rows from the top
LONGEST = 255  # letters of a name
NUMBER = re.compile(r"[-+]?[\d,.，]*\d[\d,.]*\s*%?")
NO_UNIT = {"", "-", "—", "/", "无", "单位", "unit", "units"}
DEGREE = {"°", "度", "deg", "degree", "degrees", "十进制度", "dd"}
Merged = list[tuple[int, int, int, int]]


@dataclass(frozen=True)
class Heading:
    """Names of the columns, and the index of the first row below them."""

    names: list[str]
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
        return Heading([cell.strip() for cell in rows[0]] if rows else [], min(1, len(rows)))
    score, heading = best
    if score < 2 and not (score == 1 and heading.body == start + 1):
        plain_first = _two_rows(rows, merged, start) or _one_row(rows, start)
        if sum(bool(name) for name in plain_first.names) < 2 and max(map(len, rows)) > 1:
            raise InputError([_unfound(rows, role, where)])
        heading = plain_first
    above = [row for row in rows[: heading.body - 1] if any(cell.strip() for cell in row)]
    if heading.body - 1 > start and above:
        told = next(cell.strip() for cell in above[0] if cell.strip())
        notes.found.append(Remark("R-LAYER-HEADER", heading.body, facts={"title": told[:60]}))
    return _with_units(rows, heading, notes)


def _one_row(rows: list[list[str]], at: int) -> Heading:
    return Heading([_name(cell) for cell in rows[at]], at + 1)


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
    for column, group in groups.items():
        if names.count(names[column]) > 1:
            names[column] = f"{group} {low[column]}"
    return Heading(names, at + 2)


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
    wanted = [name for name, column in role.columns.items() if column.required] or list(role.columns)
    labels = listed(f"{name} ({role.columns[name].label.zh})" for name in wanted)
    return Fault("E-LAYER-106", where, {"rows": f"1–{min(SOUGHT, len(rows))}", "wanted": labels})


def _with_units(rows: list[list[str]], heading: Heading, notes: Notes) -> Heading:
    """A row of units below the header belongs to the names: 年产生量 over 吨 is 年产生量（吨）."""
    if heading.body >= len(rows):
        return heading
    cells = [cell.strip() for cell in rows[heading.body]]
    bare = [cell.strip("()（）[]【】 ") for cell in cells]
    told = [cell for cell in bare if cell.casefold() not in NO_UNIT]
    if not told or not all(parse_unit(cell) or cell.casefold() in DEGREE for cell in told):
        return heading
    names = list(heading.names)
    for at, unit in enumerate(bare[: len(names)]):
        if unit.casefold() not in NO_UNIT | DEGREE and split_header(names[at])[1] is None and names[at]:
            names[at] = f"{names[at]}（{unit}）" if not is_coordinate(names[at]) else names[at]
    notes.dropped.append(Remark("R-LAYER-UNITROW", 1, tuple(told[:5])))
    return Heading(names, heading.body + 1)
