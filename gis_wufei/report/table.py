"""A table of results: machine names inside, headers with units outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from gis_wufei.plan import Plan, StreamPlan
from gis_wufei.report.lineage import state_of
from gis_wufei.report.measures import SCALE, TEN_THOUSAND, YUAN, Measure, header, measure_of
from gis_wufei.text import say

MU_PER_HA = 15.0


@dataclass(frozen=True)
class Table:
    """One table of results.

    ``frame`` has machine names (ASCII, unit in the name) as columns and words of people in ``lang``
    as values. ``columns`` are headers of columns that no catalogue knows (streams). ``figures``
    names the columns whose unit is told by the row's ``figure_id`` instead. ``synthetic`` is the
    joint state of the layers behind the table, "" where none is.
    """

    id: str
    lang: str
    frame: pd.DataFrame
    synthetic: str
    columns: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    money: str = YUAN

    @property
    def title(self) -> str:
        """The table's name in its language."""
        return say(f"table.{self.id}", self.lang)

    @property
    def headers(self) -> list[str]:
        """Names of the columns with their units."""
        return [self.columns.get(c) or header(c, self.lang, self.money) for c in self.frame.columns]

    def measure(self, column: str) -> Measure:
        """The measure that a column's name tells."""
        return measure_of(column)

    def measures(self, column: str) -> list[Measure]:
        """The measure of every cell of a column."""
        if column in self.figures:
            return [measure_of(figure) for figure in self.frame["figure_id"]]
        return [measure_of(column)] * len(self.frame)

    def labelled(self) -> pd.DataFrame:
        """The table with headers for people."""
        return self.frame.set_axis(self.headers, axis=1)

    def in_ten_thousands(self) -> Table:
        """The same table with amounts of money in ten thousands of yuan."""
        frame = self.frame.copy()
        for column in frame.columns:
            scale = [SCALE[TEN_THOUSAND] if measure.money else 1.0 for measure in self.measures(column)]
            if any(part != 1.0 for part in scale):
                pairs = zip(frame[column], scale, strict=True)
                frame[column] = [value / part if part != 1.0 else value for value, part in pairs]
        if self.figures:
            frame["unit"] = [measure_of(key).unit_text(self.lang, TEN_THOUSAND) for key in frame["figure_id"]]
        return replace(self, frame=frame, money=TEN_THOUSAND)


def by_stream(name: str, plan: Plan, lang: str, rows: Callable[[StreamPlan], pd.DataFrame]) -> Table:
    """The rows of all streams below each other, each with its stream."""
    parts = []
    for key, stream in plan.streams.items():
        frame = rows(stream).reset_index(drop=True)
        frame.insert(0, "stream_id", key)
        frame.insert(1, "stream", stream.spec.label.in_lang(lang))
        parts.append(frame)
    filled = [part for part in parts if len(part)]
    return Table(name, lang, pd.concat(filled, ignore_index=True) if filled else parts[0], state_of(plan))


def words(states: Iterable[str], lang: str) -> list[str]:
    """What is said of data in each state: synthetic, real ..."""
    return [say(f"synthetic.{state}", lang) for state in states]


def yes(flags: Iterable[bool], lang: str) -> list[str]:
    """Yes or no for each flag."""
    return [say("yes" if flag else "no", lang) for flag in flags]
