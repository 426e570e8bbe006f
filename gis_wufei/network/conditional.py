"""OpenStreetMap's conditional signs: ``no @ (Mo-Fr 22:00-06:00); destination @ (weight>7.5)``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from gis_wufei.network.tags import metres, tonnes

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_CLAUSE = re.compile(r"([a-z_]{1,30})\s*@\s*(?:\(([^()]*)\)|([^;()]*))")
_DAYS = re.compile(rf"^(?:(?:{'|'.join(DAYS)})(?:\s*-\s*(?:{'|'.join(DAYS)}))?\s*,?\s*)+")
_TIME = r"([0-2]?\d):([0-5]\d)\s*-\s*([0-2]?\d):([0-5]\d)"
_TIMES = re.compile(rf"^{_TIME}(?:\s*,\s*{_TIME})*$")
_SIZE = re.compile(r"^(weight|weightrating|axleload|height|width|length)\s*(>=|<=|>|<|=)\s*(\S[^<>=]*)$")
MOST = 255  # characters of an OpenStreetMap value


@dataclass(frozen=True)
class Moment:
    """What a condition may ask for: hour of the day and day (``None``: not known), and the vehicle's sizes."""

    hour: float | None = None
    day: str | None = None
    sizes: Mapping[str, float | None] | None = None


@dataclass(frozen=True)
class Said:
    """What a conditional sign says at a moment."""

    word: str | None
    """The word that holds, of the last clause that does; ``None`` = none holds."""
    unread: bool
    """A clause has a condition that is not understood; it is taken not to hold."""


def said(text: str, moment: Moment) -> Said:
    """What a conditional tag says at a moment.

    Hours do not hold where the hour is not known; where the day is not, any day may be the day.
    """
    word, unread = None, False
    clauses = list(_CLAUSE.finditer(text[:MOST].lower()))
    for clause in clauses:
        holds: bool | None = False
        for rule in (clause[2] if clause[2] is not None else clause[3]).split(";"):
            one = _holds(rule, moment)
            holds = True if holds or one else (None if holds is None or one is None else False)
        unread |= holds is None
        word = clause[1] if holds else word
    return Said(word, unread or not clauses)


def _holds(rule: str, moment: Moment) -> bool | None:
    """Whether all parts of a condition hold; ``None`` = one of them is not understood."""
    parts = [_part(part.strip(), moment) for part in re.split(r"\band\b", rule) if part.strip()]
    if not parts or None in parts:
        return None
    return all(parts)


def _part(part: str, moment: Moment) -> bool | None:
    size = _SIZE.match(part)
    if size:
        value = (tonnes if size[1] in ("weight", "weightrating", "axleload") else metres)(size[3])
        own = (moment.sizes or {}).get("weight" if size[1] == "weightrating" else size[1])
        if own is None:
            return False
        return {">": own > value, ">=": own >= value, "<": own < value, "<=": own <= value, "=": own == value}[size[2]]
    days = _DAYS.match(part)
    rest = part[days.end() :].strip() if days else part
    on_day = not days or moment.day is None or moment.day in _days(days[0])
    if days and not rest:
        return on_day and moment.hour is not None
    if not _TIMES.match(rest):
        return None
    spans = re.findall(_TIME, rest)
    if moment.hour is None:
        return False
    return on_day and any(_within(moment.hour, *map(int, span)) for span in spans)


def _days(text: str) -> set[str]:
    found: set[str] = set()
    for span in filter(None, (span.strip() for span in text.split(","))):
        first, _, last = (word.strip() for word in span.partition("-"))
        a, b = DAYS.index(first), DAYS.index(last or first)
        found |= {
            day for (at, day), turn in product(enumerate(DAYS), (0, 7)) if a <= at + turn <= b + (7 if b < a else 0)
        }
    return found


def _within(hour: float, h0: int, m0: int, h1: int, m1: int) -> bool:
    begin, until = h0 + m0 / 60, h1 + m1 / 60
    return begin <= hour < until if begin <= until else hour >= begin or hour < until
