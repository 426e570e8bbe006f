"""A sheet of a workbook, cell by cell as text; what Excel hides, merges or never computed is known beforehand."""

from __future__ import annotations

import re
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import openpyxl
from openpyxl.utils import column_index_from_string, get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from gis_wufei.errors import Fault, InputError, Rows, listed
from gis_wufei.layers.archive import opened_zip
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.tell import SHOWN_IDS
from gis_wufei.layers.xmlfile import look_through
from gis_wufei.text import text

CELL = re.compile(r"([A-Z]{1,3})(\d+)$")
MOST_XML = 400 << 20  # bytes of a sheet unpacked
MOST_CELLS = 20_000_000
TOP = 40  # rows of a sheet by which it is chosen
OLE = b"\xd0\xcf\x11\xe0"  # an old .xls, or a workbook under a password


@dataclass
class Sheet:
    """Rows of cells as text; columns from 0, rows as Excel counts them (from 1) in ``merged``, ``hidden``."""

    rows: list[list[str]]
    encoding: str
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # first column and row, last column and row
    hidden: set[int] = field(default_factory=set)
    uncomputed: dict[tuple[int, int], None] = field(default_factory=dict)  # row, column
    dates: dict[int, list[int]] = field(default_factory=dict)  # by column the rows whose cell is a date


MOST_EXACT = 10**15  # a spreadsheet keeps 15 digits of a number


def read_sheet(
    path: Path, sheet: str | None, where: str, notes: Notes, suits: Callable[[list[list[str]]], bool]
) -> Sheet:
    """One sheet of a workbook; hidden sheets are told, and count only if named.

    Parameters
    ----------
    suits
        Whether a sheet that begins with these rows may be meant: of several, one alone is taken and told.

    Raises
    ------
    InputError
        No workbook, one of Excel 97 or under a password, damaged, unpacking to far too much, several
        sheets and none named.
    """
    with _opened(path, where) as book:
        chosen = _chosen(book, sheet, where, notes, suits)
        part = getattr(book[chosen], "_worksheet_path", "")  # the only way to the sheet's own XML
        found = _marks(path, str(part).lstrip("/"), where, _recalculated(path, where))
        found.rows = _cells(book[chosen], where, dates=found.dates)
    notes.format = "XLSX"
    return found


def sheet_names(path: Path, where: str) -> tuple[str, ...]:
    """Names of the sheets that are shown and hold anything, in the order of the workbook.

    Raises
    ------
    InputError
        No workbook, one of Excel 97 or under a password, damaged, unpacking to far too much.
    """
    with _opened(path, where) as book:
        return tuple(s.title for s in book.worksheets if s.sheet_state == "visible" and _any(s))


@contextmanager
def _opened(path: Path, where: str) -> Iterator[openpyxl.Workbook]:
    """The workbook, made sure of before it is read; what fails while it is read is damage of the file."""
    with path.open("rb") as stream:
        if stream.read(4) == OLE:
            raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.old_excel")})])
    with opened_zip(path, where) as archive:
        _bounded(archive, where)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks on formats and validations it does not draw
            with closing(openpyxl.load_workbook(path, read_only=True, data_only=True)) as book:
                yield book
    except InputError:
        raise
    except (
        BadZipFile, InvalidFileException, KeyError, OSError, SyntaxError, TypeError, ValueError, IndexError,
        AttributeError, EOFError, ParseError, zlib.error, NotImplementedError, OverflowError,
    ) as error:  # fmt: skip
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error


def _bounded(archive: ZipFile, where: str) -> None:
    """No part unpacks to more than a sheet of a county holds, and none declares entities."""
    for member in archive.infolist():
        if member.filename.endswith(".xml") and member.file_size > MOST_XML:
            facts = {"size": f"{member.file_size:,}", "limit": f"{MOST_XML:,}"}
            raise InputError([Fault("E-LAYER-113", where, facts)])
    names = set(archive.namelist())
    if "[Content_Types].xml" not in names or not any(name.endswith("workbook.xml") for name in names):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
    try:
        for name in sorted(names):
            if name.endswith(("workbook.xml", "sharedStrings.xml", "styles.xml", ".rels", "[Content_Types].xml")):
                with archive.open(name) as stream:
                    look_through(stream, where)  # type: ignore[arg-type]
    except InputError:
        raise
    except Exception as error:  # a part that does not unpack
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error


def _chosen(
    book: openpyxl.Workbook, sheet: str | None, where: str, notes: Notes, suits: Callable[[list[list[str]]], bool]
) -> str:
    shown = [s.title for s in book.worksheets if s.sheet_state == "visible"]
    hidden = [s.title for s in book.worksheets if s.sheet_state != "visible"]
    if hidden:
        notes.warned.append(Remark("R-LAYER-HIDDENSHEETS", len(hidden), tuple(hidden[:SHOWN_IDS])))
    if sheet is not None:
        if sheet not in (*shown, *hidden):
            raise InputError([Fault("E-LAYER-015", where, {"layer": sheet, "layers": listed((*shown, *hidden))})])
        return sheet
    filled = [title for title in shown if _any(book[title])]
    if len(filled) > 1:
        suited = [title for title in filled if suits(_cells(book[title], where, TOP))]
        if len(suited) == 1:
            facts = {"layer": suited[0], "of": listed(filled)}
            notes.guessed.append(Remark("R-LAYER-CHOSEN", len(filled), facts=facts))
            return str(suited[0])
        filled = suited or filled
    if len(filled) > 1 or (not filled and len(shown) > 1):
        raise InputError([Fault("E-LAYER-014", where, {"layers": listed(filled or shown)})])
    if not (filled or shown):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.nothing")})])
    return str((filled or shown)[0])


def _any(sheet: openpyxl.worksheet._read_only.ReadOnlyWorksheet) -> bool:
    """Whether a sheet holds anything: the blank ones that Excel adds are no choice."""
    rows = sheet.iter_rows(values_only=True, max_row=1000)
    return any(cell is not None for row in rows for cell in row)


def _cells(
    sheet: openpyxl.worksheet._read_only.ReadOnlyWorksheet,
    where: str,
    most: int | None = None,
    dates: dict[int, list[int]] | None = None,
) -> list[list[str]]:
    """The cells of a sheet (of its first ``most`` rows) as text, blank ends cut off; ``dates`` is filled in."""
    rows: list[list[str]] = []
    total = 0
    sheet.reset_dimensions()  # as stated they may be a million times what is there
    for number, row in enumerate(sheet.iter_rows(values_only=True, max_row=most), 1):
        told = [_text(cell) for cell in row]
        for column, cell in enumerate(row if dates is not None else ()):
            if isinstance(cell, date | time):
                dates.setdefault(column, []).append(number)  # type: ignore[union-attr]
        while told and not told[-1].strip():
            told.pop()
        total += 1 + len(row)
        if total > MOST_CELLS:
            raise InputError([Fault("E-LAYER-113", where, {"size": f"> {MOST_CELLS:,}", "limit": f"{MOST_CELLS:,}"})])
        rows.append(told)
    while rows and not rows[-1]:
        rows.pop()
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def _text(cell: object) -> str:
    """A cell as the text that a person would type for it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float) and MOST_EXACT <= abs(cell) < float("inf"):
        return f"{float(cell):.14E}"  # its last digits are lost: never write out what was invented
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _recalculated(path: Path, where: str) -> bool:
    """Whether the program that wrote the workbook left all formulas to be computed when it is opened."""
    told: list[bool] = []

    def start(name: str, attributes: dict[str, str], _: int) -> None:
        if name == "calcPr":
            told.append(attributes.get("fullCalcOnLoad") in ("1", "true"))

    with ZipFile(path) as archive, archive.open("xl/workbook.xml") as stream:
        look_through(stream, where, start)  # type: ignore[arg-type]
    return any(told)


def _marks(path: Path, part: str, where: str, recalculated: bool) -> Sheet:
    """What a sheet's XML says of rows and cells beyond their values."""
    sheet = Sheet([], "xlsx")
    row, column, kind, formula = 0, 0, "", False
    zeros: dict[tuple[int, int], None] = {}
    others = 0
    value = ""

    def start(name: str, attributes: dict[str, str], _: int) -> None:
        nonlocal row, column, kind, formula, value
        if name == "row":
            row = int(attributes["r"]) if attributes.get("r", "").isdecimal() else row + 1
            column = 0
            if attributes.get("hidden") in ("1", "true"):
                sheet.hidden.add(row)
        elif name == "c":
            at = CELL.match(attributes.get("r", ""))
            column = column_index_from_string(at[1]) if at else column + 1
            kind, formula, value = attributes.get("t", "n"), False, ""
        elif name == "f":
            formula = True
        elif name == "mergeCell":
            left, top, right, bottom = range_boundaries(attributes["ref"])
            sheet.merged.append((left - 1, top, right - 1, bottom))

    def end(name: str, inside: str) -> None:
        nonlocal value, others
        if name == "v":
            value = inside
        elif name == "c" and formula:
            if not value and kind != "str":
                sheet.uncomputed[row, column - 1] = None
            elif value == "0":
                zeros[row, column - 1] = None
            else:
                others += 1

    with ZipFile(path) as archive, archive.open(part) as stream:
        look_through(stream, where, start, end)  # type: ignore[arg-type]
    if recalculated and not others:
        sheet.uncomputed |= zeros  # a place holder, not a result
    return sheet


def formulas(sheet: Sheet, names: list[str], first: int, numbers: set[int], where: str) -> list[Fault]:
    """Faults of cells whose formula was never computed, column by column.

    Parameters
    ----------
    first
        The sheet's row above the first data row; data rows are counted from there.
    numbers
        Data rows that are used.
    """
    faults = []
    for at in sorted({column for _, column in sheet.uncomputed}):
        rows = [row - first for row, column in sheet.uncomputed if column == at and row - first in numbers]
        if rows:
            faults.append(_told("E-LAYER-105", names, at, rows, [], where))
    return faults


def dated(sheet: Sheet, names: list[str], keys: set[str], first: int, numbers: set[int], where: str) -> list[Fault]:
    """Faults of ids that the spreadsheet turned into dates (3-2 into the second of March); as ``formulas``."""
    faults = []
    for at, name in enumerate(names):
        rows = [row - first for row in sheet.dates.get(at, ()) if row - first in numbers] if name in keys else []
        if rows:
            cells = [sheet.rows[row + first - 1][at] for row in rows]
            faults.append(_told("E-LAYER-107", names, at, rows, cells, where))
    return faults


def _told(code: str, names: list[str], at: int, rows: list[int], cells: list[str], where: str) -> Fault:
    name = names[at] if at < len(names) and names[at] else get_column_letter(at + 1)
    first = [f"{row} ('{cell}')" for row, cell in zip(rows, cells, strict=True)] if cells else map(str, rows)
    more = f", +{len(rows) - SHOWN_IDS}" if len(rows) > SHOWN_IDS else ""
    told = Rows(", ".join([*first][:SHOWN_IDS]) + more, rows, cells, column=name)
    return Fault(code, f"{where} {name}", {"rows": told}, field=name)
