"""The rows that a certificate speaks of, one line each, for whoever mends them at the source."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from gis_wufei.errors import visible
from gis_wufei.layers import Certificate
from gis_wufei.report.sheets import inert

COLUMNS = ("row", "id", "field", "value", "answer", "code", "sentence")
SHOWN = re.compile(r"(?:^|, )(\d+)(?: \('|,|$)")  # row numbers in a text made for people
LONGEST = 500  # letters of a cell
MOST_ROWS = 200_000


def quarantine_table(paper: Certificate, lang: str) -> pd.DataFrame:
    """Row number, id, column, value, answer, code and sentence of every row concerned, faults first."""
    lines = [line for _, line in zip(range(MOST_ROWS), _lines(paper, lang), strict=False)]
    return pd.DataFrame(lines, columns=COLUMNS)


def _lines(paper: Certificate, lang: str) -> Iterator[tuple[int, str, str, str, str, str, str]]:
    for fault in paper.faults:
        meant = fault.rows_meant
        numbers = meant.numbers or _numbers(fault.facts.get("rows"))
        ids = dict(zip(meant.numbers, fault.ids, strict=False))
        cells = meant.values or ("",) * len(numbers)  # noqa: PD011 - cells as text
        sentence = fault.sentence(lang)
        for row, value in zip(numbers, cells, strict=False):
            yield row, ids.get(row) or paper.ids.get(row, ""), meant.column, value, "rejected", fault.code, sentence
    for answer, remark in paper.remarks:
        numbers = remark.rows or tuple(int(i) for i in remark.ids if i.isdecimal() and len(i) < 10)
        cells = remark.values or ("",) * len(numbers)  # noqa: PD011
        sentence = visible(remark.text(lang))
        for row, value in zip(numbers, cells, strict=False):
            yield row, paper.ids.get(row, ""), remark.field or "", value, answer, remark.code, sentence


def _numbers(shown: object) -> tuple[int, ...]:
    """Row numbers of a fault that only tells them in its sentence; the first few, as told."""
    return tuple(int(number) for number in SHOWN.findall(str(shown or "")) if len(number) < 10)


def quarantine_csv(table: pd.DataFrame) -> str:
    """The table as CSV with a mark for Excel; a text that a spreadsheet would run gets an apostrophe."""
    cells = table.map(lambda cell: inert(cell[:LONGEST]) if isinstance(cell, str) else cell)
    return "\ufeff" + str(cells.to_csv(index=False, lineterminator="\r\n"))
