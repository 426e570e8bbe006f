"""Rows of a list that are no rows of data: totals and notes. They are never counted, and always told."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gis_wufei.errors import Rows
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.coordinates import is_coordinate
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.tell import SHOWN_IDS
from gis_wufei.layers.units import halfwidth

TOTAL = re.compile(
    r"(?:合计|总计|小计|共计|总和|汇总|累计|合计数|subtotals?|totals?|grandtotal|sum)[:：。]?", re.IGNORECASE
)
SUBTOTAL = re.compile(r".{1,20}(?:合计|小计|总计)[:：]?")
NOTE = re.compile(
    r"(?:注\s*\d*|备注|说明|附注|(?:填表|制表|审核|复核|填报|统计|单位负责)\w{0,3}|数据来源|资料来源|notes?|source)\s*[:：.、\d]",
    re.IGNORECASE,
)
MAYBE = re.compile(r"[计总汇]|total|sum|ｔ", re.IGNORECASE)  # of most rows one look is enough
Body = Mapping[int, list[str]]


def without_totals(body: Body, names: list[str], notes: Notes) -> dict[int, list[str]]:
    """The rows that are data.

    A row is a total if its first words say so (合计, 小计, Total …) and it has no coordinates of its own;
    one that has them (an enterprise named Total) stays, and is told. Notes below the list have one cell.

    Parameters
    ----------
    body
        Cells by row number (from 1 below the header); blank rows are already left out.
    """
    places = [at for at, name in enumerate(names) if is_coordinate(name)]
    totals, doubtful, kept = [], [], {}
    for row, cells in body.items():
        if not _says_total(cells):
            kept[row] = cells
        elif places and all(at < len(cells) and cells[at].strip() for at in places):
            kept[row] = cells
            doubtful.append(row)
        else:
            totals.append(row)
    below = []
    for row in reversed(list(kept)):
        told = [cell.strip() for cell in kept[row] if cell.strip()]
        if len(names) < 3 or len(told) != 1 or not (NOTE.match(told[0]) or len(told[0]) > 40):
            break
        below.append(row)
        del kept[row]
    for book, code, rows in (
        (notes.dropped, "R-LAYER-TOTAL", totals),
        (notes.warned, "R-LAYER-TOTALLIKE", doubtful),
        (notes.dropped, "R-LAYER-NOTE", sorted(below)),
    ):
        if rows:
            book.append(Remark(code, len(rows), tuple(map(str, rows[:SHOWN_IDS])), rows=tuple(rows)))
    return kept


def _says_total(cells: list[str]) -> bool:
    if not MAYBE.search(" ".join(cells)):
        return False
    told = [re.sub(r"\s+", "", halfwidth(cell)) for cell in cells if cell.strip()]
    words = [cell for cell in told[:3] if not re.fullmatch(r"[-+\d.,%]+", cell)]
    return bool(words) and (
        any(TOTAL.fullmatch(word) for word in words[:2]) or (SUBTOTAL.fullmatch(words[0]) is not None)
    )


def row_list(rows: list[int]) -> Rows:
    """Rows for a sentence: the first few and the number of others."""
    more = f", +{len(rows) - SHOWN_IDS}" if len(rows) > SHOWN_IDS else ""
    return Rows(", ".join(map(str, rows[:SHOWN_IDS])) + more, rows)
