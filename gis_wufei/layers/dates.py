"""Dates out of cells: one reading gives a date of the ISO kind, two or none leave the text as it is."""

from __future__ import annotations

import re
from datetime import date, datetime

from gis_wufei.layers.units import halfwidth

_YMD = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*(?:[-/.月]\s*(\d{1,2})\s*日?)?月?(?:[ tT].*)?")
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DMY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_YEAR = re.compile(r"(\d{4})年?")
YEARS = range(1900, 2101)


def read_date(cell: object) -> str | None:
    """The date as ``2024``, ``2024-05`` or ``2024-05-06``; ``None`` if it is impossible or has two readings."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    told = halfwidth(str(cell)).strip()
    if (match := _YEAR.fullmatch(told)) is not None:
        return match[1] if int(match[1]) in YEARS else None
    if (match := _YMD.fullmatch(told) or _PACKED.fullmatch(told)) is not None:
        return _real(int(match[1]), int(match[2]), int(match[3]) if match[3] else None)
    if (match := _DMY.fullmatch(told)) is not None:
        one, other = int(match[1]), int(match[2])
        if one == other or one > 12:  # 25/12/2024: the greater can only be the day
            return _real(int(match[3]), other, one)
        return _real(int(match[3]), one, other) if other > 12 else None
    return None


def _real(year: int, month: int, day: int | None) -> str | None:
    try:
        found = date(year, month, day or 1)
    except ValueError:
        return None
    if year not in YEARS:
        return None
    return found.isoformat() if day else found.isoformat()[:7]
