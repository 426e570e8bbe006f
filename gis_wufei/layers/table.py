"""Lists in rows and columns: CSV of a spreadsheet or a sheet of a workbook, cell by cell as text."""

from __future__ import annotations

import csv
import re
from collections import Counter
from io import StringIO
from pathlib import Path

import pandas as pd

from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.aliases import claimed, key_columns
from gis_wufei.layers.bytestext import damaged_line
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.coordinates import is_coordinate
from gis_wufei.layers.heading import SOUGHT, find_heading, suits
from gis_wufei.layers.misnamed import spare_columns
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import LayerSpec, Role, roles
from gis_wufei.layers.tally import row_list, unsplit, without_totals
from gis_wufei.layers.tell import SHOWN_IDS
from gis_wufei.layers.workbook import Sheet, dated, formulas, read_sheet
from gis_wufei.text import text

TABLES = frozenset({".csv", ".tsv", ".xlsx"})
DELIMITERS = {
    ",": "separator.comma", ";": "separator.semicolon", "\t": "separator.tab", "|": "separator.bar",
    "，": "separator.widecomma", "；": "separator.widesemicolon",
}  # fmt: skip
SHOWN = {"\t": "\\t"}
MOST_BYTES = 1 << 30
ERRORS = {"#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"}
COMMA = re.compile(r"-?\d{1,12}(,\d+)?")


def read_table(path: Path, spec: LayerSpec, where: str, notes: Notes) -> pd.DataFrame:
    """Every cell as text (``None`` where blank); the index is the row below the header, blank rows counted.

    Raises
    ------
    InputError
        Not a table, unreadable bytes, no header, a row with more or fewer cells than the header, two
        columns with one name, formulas never computed, several sheets and none named.
    """
    role = roles()[spec.role]
    delimiter = ""
    if path.suffix.lower() == ".xlsx":
        sheet = read_sheet(path, spec.layer, where, notes, lambda rows: suits(rows, spec, role))
    else:
        sheet, delimiter = _csv(path, where, notes)
        _header_apart(sheet.rows, delimiter, role, notes)
        notes.format = "CSV"
    notes.encoding = sheet.encoding
    if not any("".join(row).strip() for row in sheet.rows):
        raise InputError([Fault("E-LAYER-007", where, {"role": spec.role})])
    heading = find_heading(sheet.rows, sheet.merged, spec, role, where, notes)
    names, rows = list(heading.names), sheet.rows[heading.body :]
    while names and not names[-1] and all(not "".join(row[len(names) - 1 :]).strip() for row in rows):
        names.pop()  # a spreadsheet's empty columns on the right
    body = {number: row for number, row in enumerate(rows, 1) if "".join(row).strip()}
    body = without_totals(body, names, notes)
    empty = {at for at, name in enumerate(names) if not name and not any(_cell(row, at) for row in body.values())}
    if names and not names[0] and _counts([_cell(row, 0) for row in body.values()]):
        empty.add(0)  # as pandas writes it
    often = Counter(names)
    faults = [
        Fault("E-LAYER-020", where, {"column": name or "-"})
        for name in dict.fromkeys(name for at, name in enumerate(names) if at not in empty)
        if not name or often[name] > 1
    ]
    ragged = [
        number
        for number, row in body.items()
        if (len(row) != len(names) and (len(row) < len(names) or "".join(row[len(names) :]).strip()))
        or unsplit(row, len(names))
    ]
    if ragged:
        faults.append(Fault("E-LAYER-021", where, {"rows": row_list(ragged), "cells": len(names)}))
    faults += formulas(sheet, names, heading.body, set(body), where)
    faults += dated(sheet, names, key_columns(role, names, spec.fields), heading.body, set(body), where)
    if faults:
        raise InputError(faults)
    hidden = [row - heading.body for row in sorted(sheet.hidden) if row - heading.body in body]
    if hidden:
        ids = tuple(map(str, hidden[:SHOWN_IDS]))
        notes.warned.append(Remark("R-LAYER-HIDDENROWS", len(hidden), ids, rows=tuple(hidden)))
    kept = [at for at in range(len(names)) if at not in empty]
    cells = [[row[at].strip() or None for at in kept] for row in body.values()]
    table = pd.DataFrame(cells, columns=[names[at] for at in kept], index=list(body), dtype=object)
    table = table.drop(columns=spare_columns(table, role, where, notes))
    _errors(table, notes)
    return _decimal_commas(table, notes) if delimiter not in ("", ",") else table


def _counts(cells: list[str]) -> bool:
    """Whether cells only count the rows, from 0 or 1."""
    return any(cells == [str(number) for number in range(start, start + len(cells))] for start in (0, 1))


def _cell(row: list[str], at: int) -> str:
    return row[at].strip() if at < len(row) else ""


def _csv(path: Path, where: str, notes: Notes) -> tuple[Sheet, str]:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise InputError([Fault("E-LAYER-113", where, {"size": f"{size:,}", "limit": f"{MOST_BYTES:,}"})])
    raw = path.read_bytes()
    encoding, content = _decoded(raw, where)
    delimiter = _delimiter(content)
    try:
        rows = list(csv.reader(StringIO(content, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.quotes")})]) from error
    usual = {",", "\t"} if path.suffix.lower() == ".tsv" else {","}
    if delimiter not in usual and max(map(len, rows), default=0) > 1:
        book = notes.found if delimiter.isascii() else notes.repaired
        facts = {"name": text(DELIMITERS[delimiter]), "sign": SHOWN.get(delimiter, delimiter)}
        book.append(Remark("R-LAYER-SEPARATOR", len(rows), facts=facts))
    return Sheet(rows, encoding), delimiter


def _header_apart(rows: list[list[str]], delimiter: str, role: Role, notes: Notes) -> None:
    """Take a header apart that has another separator than the rows below it, as one typed in Chinese has."""
    width = Counter(len(row) for row in rows[: 5 * SOUGHT] if any(row)).most_common(1)
    for at, row in enumerate(rows[:SOUGHT]):
        told = [cell for cell in row if cell.strip()]
        for other in DELIMITERS if len(told) == 1 and width[0][0] > 1 else ():
            names = [name.strip() for name in told[0].split(other)]
            known = claimed(role, names) | {name for name in names if is_coordinate(name)}
            if len(names) == width[0][0] and len(known) > 1:
                rows[at] = names
                facts = {
                    "name": text(DELIMITERS[other]), "sign": SHOWN.get(other, other),
                    "other": text(DELIMITERS[delimiter]), "used": SHOWN.get(delimiter, delimiter),
                }  # fmt: skip
                notes.repaired.append(Remark("R-LAYER-HEADSEPARATOR", 1, facts=facts))
                return


def _decoded(raw: bytes, where: str) -> tuple[str, str]:
    """The encoding and the text: UTF-16 by its mark or its zeros, else UTF-8 strictly, else GB18030."""
    encodings: tuple[str, ...] = ("utf-8-sig", "gb18030")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ("utf-16",)
    elif b"\0" in raw[:1000]:
        encodings = ("utf-16-le",) if raw[1:2] == b"\0" else ("utf-16-be",) if raw[:1] == b"\0" else ()
    for encoding in encodings:
        try:
            content = raw.decode(encoding)
        except UnicodeDecodeError as stop:
            line = damaged_line(raw) if encoding == "utf-8-sig" else None
            if line is not None:
                raise InputError([Fault("E-LAYER-114", where, {"line": line})]) from stop
            continue
        if "\0" in content:
            break
        return encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be"), content
    raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.encoding")})])


def _delimiter(content: str) -> str:
    """The separator under which most of the first rows have one and the same number of cells, the more the better."""
    start = content[:200_000]
    best, chosen = (0.0, 0), ","
    for delimiter in DELIMITERS:
        widths: Counter[int] = Counter()
        reader = csv.reader(StringIO(start, newline=""), delimiter=delimiter)
        try:
            for row, _ in zip(reader, range(5 * SOUGHT), strict=False):
                if any(cell.strip() for cell in row):
                    widths[len(row)] += 1
        except csv.Error:
            pass
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        score = (count / widths.total() if width > 1 else 0.0, width)
        if width > 1 and (score > best or (score[0] >= 0.5 and width > best[1] and score[0] >= 0.8 * best[0])):
            best, chosen = score, delimiter
    return chosen


def _errors(table: pd.DataFrame, notes: Notes) -> None:
    """Cells in which the spreadsheet itself could compute nothing; in a column that is used they become faults."""
    for column in table.columns:
        hit = table[column].isin(ERRORS)
        if hit.any():
            rows = tuple(int(row) for row in table.index[hit])
            facts = {"column": column}
            ids = tuple(map(str, rows[:SHOWN_IDS]))
            notes.warned.append(Remark("R-LAYER-ERRORCELLS", len(rows), ids, facts, field=str(column), rows=rows))


def _decimal_commas(table: pd.DataFrame, notes: Notes) -> pd.DataFrame:
    """Decimal commas as points, in columns where they can be nothing else: not all followed by three digits."""
    for column in table.columns:
        told = table[column].dropna().astype(str)
        parts = told.str.partition(",")[2]
        commas = parts != ""
        if not commas.any() or not told.map(lambda cell: COMMA.fullmatch(cell) is not None).all():
            continue
        if (parts[commas].str.len() == 3).all():
            continue  # 1,234 may be one thousand or one and a bit
        table[column] = table[column].map(lambda cell: cell.replace(",", ".") if isinstance(cell, str) else cell)
        facts = {"column": column}
        notes.repaired.append(Remark("R-LAYER-COMMA", int(commas.sum()), facts=facts, field=str(column)))
    return table
