"""Rows of a list that are no rows of data: totals, notes and signatures. They are never counted, and always told."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

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
MAYBE = re.compile(r"[计总汇]|total|sum|ｔ", re.IGNORECASE)  # of most rows one look is enough
# What stands below a list, blanks taken out: who made it, who signed, when, and notes.
_WHO = (
    "填表|制表|填报|编制|统计|审核|复核|审批|审定|校核|核对|主管|经办|承办|联系|调查|录入|报送|上报|技术|分管|单位|部门"
)
_WHAT = "单位|部门|机构|领导|负责人|责任人|联系人|日期|时间|电话|签字|签名|签章|盖章|公章|印章"
LABEL = re.compile(
    rf"(?:注\d*|备注|说明|附注|(?:数据|资料)来源|(?:{_WHO})?(?:{_WHAT})+|(?:{_WHO})(?:人|员|者)?"
    r"|notes?\d*|remarks?|source|date|(?:prepared|made|compiled|checked|reviewed|approved|signed)(?:by)?"
    r"|signature|stamp|contact|phone|tel)(?:\([^()]{1,8}\))?(?P<end>[:.、\d]|$)",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"\(?(?:\d{1,2}|[一二三四五六七八九十]{1,2})[)、.](?!\d)\D")
DAY = re.compile(r"\d{0,4}年\d{0,2}月(?:\d{0,2}日)?|\d{4}([-./])\d{1,2}(?:\1\d{1,2})?")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
SEPARATORS = ",;\t|，；"
LONG = 40  # letters of a sentence
Body = Mapping[int, list[str]]


def without_totals(body: Body, names: list[str], notes: Notes) -> dict[int, list[str]]:
    """The rows that are data.

    A row is a total if its first words say so (合计, 小计, Total …) and it has no coordinates of its own;
    one that has them (an enterprise named Total) stays, and is told. Below the list stand notes in one
    cell, and signatures and dates in one or several.

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
        if len(names) < 3 or not _is_foot(kept[row], len(names), places):
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


def unsplit(cells: list[str], width: int) -> bool:
    """Whether a row's only cell holds the cells of a whole row: another separator, or quotes around the line."""
    told = [cell for cell in cells if cell and not cell.isspace()]
    if len(told) != 1 or width < 3 or max(map(told[0].count, SEPARATORS)) < width - 1:
        return False
    apart = ([part.strip() for part in told[0].split(sign)] for sign in SEPARATORS)
    return any(len(parts) >= width and any(map(NUMBER.fullmatch, parts)) for parts in apart)


def _is_foot(cells: list[str], width: int, places: Collection[int]) -> bool:
    """Whether a row is a note, or every cell of it names who signs, is a date, or follows such a name."""
    if places and all(at < len(cells) and NUMBER.fullmatch(cells[at].strip()) for at in places):
        return False
    told = [cell for raw in cells if (cell := re.sub(r"\s+", "", halfwidth(raw)))]
    if len(told) == 1 and (NUMBERED.match(told[0]) or len(told[0]) > LONG) and not unsplit(cells, width):
        return True
    named = False  # whether the cell before is a name without what it names: 制表人 | 张三
    for cell in told:
        label = LABEL.match(cell)
        if not (label or named or DAY.fullmatch(cell)):
            return False
        named = label is not None and label.end() == len(cell)
    return bool(told)


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
