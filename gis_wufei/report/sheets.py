"""Tables as files: CSV for machines and Excel, XLSX for readers; text from files stays text in both."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import xlsxwriter

from gis_wufei.plan import Plan
from gis_wufei.report.grounds import about
from gis_wufei.report.table import Table
from gis_wufei.report.tables import all_tables
from gis_wufei.text import say

CSV_FOLDER, XLSX_FILE = "tables", "tables.xlsx"
SIGNIFICANT = "%.10g"  # of a number in CSV
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NARROW, WIDE = 6, 60  # characters
FIRST_ROW = 2  # of the data: a line that says what the data is, the headers, the rows
FROZEN_COLUMNS = 3
SHORT = 255  # longer text in a cell of the text format is shown as ##### by some versions of Excel
LONGEST = 32_000  # a cell of a workbook holds no more


def write_csv(plan: Plan, folder: Path, lang: str) -> None:
    """Every table as ``tables/<id>.csv``: UTF-8 with a mark for Excel, headers with units, money in yuan.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    (folder / CSV_FOLDER).mkdir()
    for name, table in all_tables(plan, lang).items():
        frame = table.labelled()
        frame = frame.map(inert).set_axis([inert(str(header)) for header in frame.columns], axis=1)
        # pandas' own format reaches columns of numbers only.
        frame = frame.apply(lambda column: column.map(_short) if column.dtype == object else column)
        frame.to_csv(
            folder / CSV_FOLDER / f"{name}.csv",
            index=False,
            encoding="utf-8-sig",
            float_format=SIGNIFICANT,
            lineterminator="\r\n",
        )


def write_xlsx(plan: Plan, folder: Path, lang: str) -> None:
    """All tables in one workbook, a sheet each after a page that explains them; money in ten thousands of yuan."""
    day = plan.study.spec.date
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    made = io.BytesIO()  # written at once: of a full disk the library's own half-open archive would complain twice
    with xlsxwriter.Workbook(made, options) as book:
        # A fixed day: two runs of one study give the same bytes.
        book.set_properties({"title": _clean(plan.study.spec.title.in_lang(lang)), "created": datetime(*_ymd(day))})
        styles = _Styles(book)
        tables = all_tables(plan, lang)
        _about_sheet(book, styles, plan, tables, lang)
        for table in tables.values():
            _sheet(book, styles, table.in_ten_thousands(), plan)
    (folder / XLSX_FILE).write_bytes(made.getvalue())


class _Styles:
    """The cell formats of a workbook, each made once."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        self.head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF2"}
        )
        self.note = book.add_format({"italic": True, "font_color": "#7A3E00"})
        self.strong = book.add_format({"bold": True, "valign": "top"})
        self.wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self.text = book.add_format({"num_format": "@", "valign": "top"})
        self.plain = book.add_format({"valign": "top"})
        self._numbers: dict[str, Any] = {}

    def number(self, pattern: str) -> Any:
        """The format of a number."""
        if pattern not in self._numbers:
            self._numbers[pattern] = self.book.add_format({"num_format": pattern, "valign": "top"})
        return self._numbers[pattern]


def _about_sheet(
    book: xlsxwriter.Workbook, styles: _Styles, plan: Plan, tables: Mapping[str, Table], lang: str
) -> None:
    sheet = book.add_worksheet(say("table.about", lang))
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    lines = about(plan, lang)
    for row, (label, value) in enumerate(lines):
        sheet.write_string(row, 0, _clean(label), styles.strong)
        sheet.write_string(row, 1, _clean(value), styles.wrap)
    start = len(lines) + 1
    sheet.write_string(start, 0, say("report.sheets", lang), styles.strong)
    for row, table in enumerate(tables.values(), start + 1):
        sheet.write_string(row, 0, table.title)
        sheet.write_string(row, 1, say(f"about.{table.id}", lang), styles.wrap)


def _sheet(book: xlsxwriter.Workbook, styles: _Styles, table: Table, plan: Plan) -> None:
    sheet = book.add_worksheet(table.title)
    sheet.write_string(0, 0, _clean(_banner(table, plan)), styles.note)
    sheet.freeze_panes(FIRST_ROW, min(FROZEN_COLUMNS, len(table.headers) - 1))
    for at, (name, header) in enumerate(zip(table.frame.columns, table.headers, strict=True)):
        sheet.write_string(FIRST_ROW - 1, at, _clean(header), styles.head)
        widest = _width(header) * 0.6
        for row, (value, measure) in enumerate(
            zip(table.frame[name], table.measures(name), strict=True), start=FIRST_ROW
        ):
            if isinstance(value, str):
                text = _clean(value)
                text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
                sheet.write_string(row, at, text, styles.text if len(text) <= SHORT else styles.plain)
                widest = max(widest, _width(text))
            elif value is not None and math.isfinite(value):
                sheet.write_number(row, at, float(value), styles.number(_pattern(name, table, value, measure)))
                widest = max(widest, len(measure.shown(float(value), table.money)) + 1)
        sheet.set_column(at, at, min(max(widest + 1, NARROW), WIDE))
    if len(table.frame):
        sheet.autofilter(FIRST_ROW - 1, 0, FIRST_ROW - 1 + len(table.frame), len(table.headers) - 1)


def _pattern(name: str, table: Table, value: float, measure: Any) -> str:
    """The cell's number format; a column without a unit of its own shows what it holds."""
    if name in table.figures or measure.unit or float(value).is_integer():
        return str(measure.excel(table.money))
    return "#,##0.00####"


def _banner(table: Table, plan: Plan) -> str:
    """What stands above a sheet: its name, what its data is, and the study's notice."""
    parts = [table.title]
    if table.synthetic:
        state = say(f"synthetic.{table.synthetic}", table.lang)
        parts.append(say("report.synthetic_line", table.lang, state=state))
    if plan.study.spec.notice is not None:
        parts.append(plan.study.spec.notice.in_lang(table.lang))
    return " · ".join(parts)


def _ymd(day: Any) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _width(text: str) -> float:
    """Width in Latin characters; a Chinese one is as wide as two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text[:WIDE])


def _clean(text: str) -> str:
    """Text that a file can hold: no half characters, no control characters but line ends."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter >= " " or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in whole)


def _short(value: Any) -> Any:
    """A number among texts, as short as those in a column of numbers."""
    return SIGNIFICANT % value if isinstance(value, float) and math.isfinite(value) else value


def inert(value: Any) -> Any:
    """A cell of a CSV that no spreadsheet takes for a formula."""
    if not isinstance(value, str):
        return value
    text = _clean(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
