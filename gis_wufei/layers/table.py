"""Lists with coordinates in columns: CSV of a spreadsheet or a sheet of a workbook, cell by cell as text."""

from __future__ import annotations

import csv
import warnings
from io import StringIO
from pathlib import Path
from zipfile import BadZipFile

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from gis_wufei.errors import Fault, InputError, listed
from gis_wufei.text import text

TABLES = frozenset({".csv", ".xlsx"})
DELIMITERS = (",", ";", "\t")


def read_table(path: Path, sheet: str | None, where: str) -> tuple[pd.DataFrame, str]:
    """Every cell as text (``None`` where blank), and the encoding that was found.

    Raises
    ------
    InputError
        Not a table, unreadable bytes, a row with more or fewer cells than the header, two columns
        with one name, several sheets and none named.
    """
    if path.suffix.lower() == ".xlsx":
        rows, encoding = _sheet(path, sheet, where), "xlsx"
    else:
        rows, encoding = _csv(path, where)
    header, *body = rows or [[]]
    names = [name.strip() for name in header]
    while names and not names[-1] and all(not "".join(row[len(names) - 1 :]).strip() for row in body):
        names.pop()  # a spreadsheet's empty columns on the right
    faults = [
        Fault("E-LAYER-020", where, {"column": name or "-"})
        for name in dict.fromkeys(names)
        if not name or names.count(name) > 1
    ]
    ragged = [
        number
        for number, row in enumerate(body, 1)
        if any(row) and (len(row) < len(names) or any(cell.strip() for cell in row[len(names) :]))
    ]
    if ragged:
        shown = ", ".join(map(str, ragged[:5])) + (f", +{len(ragged) - 5}" if len(ragged) > 5 else "")
        faults.append(Fault("E-LAYER-021", where, {"rows": shown, "cells": len(names)}))
    if faults:
        raise InputError(faults)
    kept = {number: row for number, row in enumerate(body, 1) if any(cell.strip() for cell in row)}
    cells = [[cell.strip() or None for cell in row[: len(names)]] for row in kept.values()]
    # The index is the row as a spreadsheet shows it below its header: blank rows count.
    return pd.DataFrame(cells, columns=names, index=list(kept), dtype=object), encoding


def _csv(path: Path, where: str) -> tuple[list[list[str]], str]:
    raw = path.read_bytes()
    encodings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            content = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        first = content.partition("\n")[0]
        delimiter = max(DELIMITERS, key=first.count)
        try:
            rows = list(csv.reader(StringIO(content, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as error:
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.quotes")})]) from error
        return rows, encoding.removesuffix("-sig")
    raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.encoding")})])


def _sheet(path: Path, sheet: str | None, where: str) -> list[list[str]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks on formats and validations it does not draw
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                if sheet is None and len(book.sheetnames) > 1:
                    raise InputError([Fault("E-LAYER-014", where, {"layers": listed(book.sheetnames)})])
                if sheet is not None and sheet not in book.sheetnames:
                    facts = {"layer": sheet, "layers": listed(book.sheetnames)}
                    raise InputError([Fault("E-LAYER-015", where, facts)])
                cells = book[sheet or book.sheetnames[0]].iter_rows(values_only=True)
                rows = [["" if cell is None else str(cell) for cell in row] for row in cells]
            finally:
                book.close()
    except (BadZipFile, InvalidFileException, KeyError, OSError, SyntaxError, TypeError) as error:
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]
