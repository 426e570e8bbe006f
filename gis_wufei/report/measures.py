"""What a column's name says: its unit, its number format and its header in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from gis_wufei.text import say

YUAN, TEN_THOUSAND = "yuan", "yuan10k"
SCALE = {YUAN: 1.0, TEN_THOUSAND: 1e4}


@dataclass(frozen=True)
class Measure:
    """A unit (key ``measure.<unit>`` of the catalogue; empty: none) and how many decimals are shown."""

    unit: str = ""
    decimals: int = 0
    money: bool = False

    @property
    def percent(self) -> bool:
        """Whether a share of 1 is shown as a percentage."""
        return self.unit == "percent"

    def unit_text(self, lang: str, money: str = YUAN) -> str:
        """The unit in words, "" for a count or a share; money in yuan or in ten thousands of yuan."""
        if not self.unit or self.percent:
            return ""
        return say(f"measure.{self.unit}", lang, money=say(f"money.{money}", lang))

    def decimals_in(self, money: str = YUAN) -> int:
        """Decimals shown, for money in yuan or in ten thousands of yuan."""
        return 2 if self.money and money == TEN_THOUSAND else self.decimals

    def excel(self, money: str = YUAN) -> str:
        """Number format of a spreadsheet cell."""
        decimals = self.decimals_in(money)
        return "#,##0" + ("." + "0" * decimals if decimals else "") + ("%" if self.percent else "")

    def shown(self, value: float, money: str = YUAN) -> str:
        """A number as people read it; not-a-number is a dash."""
        if value != value:
            return "–"
        if self.percent:
            return f"{100 * value:,.{self.decimals}f} %"
        return f"{value:,.{self.decimals_in(money)}f}"


COUNT = Measure()

# By the tail of a column's name, before _low, _default and _high; the longest tail that fits decides.
MEASURES = {
    "yuan_per_year": Measure("yuan_per_year", 0, money=True),
    "yuan_per_cycle": Measure("yuan_per_cycle", 0, money=True),
    "yuan_per_t": Measure("yuan_per_t", 1),
    "t_per_year": Measure("t_per_year", 1),
    "t_per_day": Measure("t_per_day", 3),
    "km_per_year": Measure("km_per_year"),
    "hours_per_year": Measure("hours_per_year", 1),
    "days_per_year": Measure("days_per_year", 1),
    "trips_per_year": Measure("trips_per_year"),
    "cycles_per_year": Measure("cycles_per_year", 2),
    "t": Measure("t", 3),
    "km": Measure("km", 2),
    "m": Measure("m", 1),
    "deg": Measure("deg", 6),
    "minutes": Measure("min", 1),
    "hours": Measure("h", 1),
    "distance_m": Measure("m"),
    "ha": Measure("ha", 1),
    "mu": Measure("mu"),
    "capacity": Measure("", 1),
    "load": Measure("", 2),
    "share": Measure("percent", 1),
    "gap": Measure("percent", 2),
    "score": Measure("", 2),
    "suitability": Measure("", 3),
    "suitability_rank": Measure("", 0),
}


@cache
def measure_of(column: str) -> Measure:
    """The measure that a column's name tells; a count where it tells none."""
    for level in ("_low", "_default", "_high"):
        column = column.removesuffix(level)
    fits = [tail for tail in MEASURES if column == tail or column.endswith(f"_{tail}")]
    return MEASURES[max(fits, key=len)] if fits else COUNT


def header(column: str, lang: str, money: str = YUAN) -> str:
    """A column's name with its unit: ``产生量（吨/年）``, ``waste (t/a)``."""
    return with_unit(say(f"column.{column}", lang), measure_of(column).unit_text(lang, money), lang)


def with_unit(label: str, unit: str, lang: str) -> str:
    """A label with its unit in brackets."""
    if not unit:
        return label
    return f"{label}（{unit}）" if lang == "zh" else f"{label} ({unit})"
