"""All tables of a plan: the list that files, sheets and the terminal draw from."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from gis_wufei.plan import Plan
from gis_wufei.report.conformity import conformity
from gis_wufei.report.grounds import layers, ledger, numbers, warnings
from gis_wufei.report.measures import with_unit
from gis_wufei.report.results import (
    assignments,
    hauls,
    months,
    places,
    rounds,
    sites,
    summary,
    trips,
    unserved,
)
from gis_wufei.report.table import Table
from gis_wufei.report.townships import townships

# A new table: one function, one entry here, its words in texts.yaml.
TABLES: dict[str, Callable[[Plan, str], Table]] = {
    "summary": summary,
    "sites": sites,
    "assignments": assignments,
    "places": places,
    "months": months,
    "townships": townships,
    "trips": trips,
    "rounds": rounds,
    "hauls": hauls,
    "unserved": unserved,
    "ledger": ledger,
    "conformity": conformity,
    "numbers": numbers,
    "layers": layers,
    "warnings": warnings,
}


def all_tables(plan: Plan, lang: str) -> dict[str, Table]:
    """Every table by its id, in the order of the sheets."""
    return {name: make(plan, lang) for name, make in TABLES.items()}


def summary_table(plan: Plan, lang: str) -> pd.DataFrame:
    """The summary as text for a terminal: figures with units, money in ten thousands of yuan."""
    table = summary(plan, lang).in_ten_thousands()
    frame = table.frame
    named = zip(frame["figure"], frame["unit"], strict=True)
    shown = {table.headers[1]: [with_unit(figure, unit, lang) for figure, unit in named]}
    for stream in table.figures:
        cells = zip(frame[stream], table.measures(stream), strict=True)
        shown[table.columns[stream]] = [
            cell if isinstance(cell, str) else measure.shown(cell, table.money) for cell, measure in cells
        ]
    return pd.DataFrame(shown)
