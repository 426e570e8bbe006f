"""The tables under the map: the report's own, with the columns that fit on a screen, in both languages."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gis_wufei.maps.shapes import plain_value
from gis_wufei.plan import Plan
from gis_wufei.report import TABLES, Table
from gis_wufei.text import say

Json = dict[str, Any]

SHOWN: dict[str, tuple[str, ...]] = {
    "sites": (
        *("stream", "name", "state", "size", "capacity", "load", "capacity_unit", "t_per_year", "places"),
        *("site_yuan_per_year", "conditions", "conflicts"),
    ),
    "unserved": ("stream", "name", "township", "t_per_year", "reason", "detail", "synthetic"),
    "ledger": (
        *("stream", "rule_id", "rule", "effect", "distance_m", "applied", "touched_ha", "alone_ha"),
        *("status", "superseded", "change", "source"),
    ),
    "numbers": ("number", "value", "low", "high", "unit", "status", "source", "streams"),
    "layers": ("name", "role", "file", "rows_kept", "crs", "synthetic", "repaired", "warned", "source"),
    "warnings": ("scope", "text"),
}


def tables(plan: Plan) -> list[Json]:
    """Every table of the dock, in order."""
    return [_both(TABLES[name](plan, "zh"), TABLES[name](plan, "en"), columns) for name, columns in SHOWN.items()]


def _both(zh: Table, en: Table, columns: tuple[str, ...]) -> Json:
    """One table of the page out of the same table in two languages."""
    zh, en = zh.in_ten_thousands(), en.in_ten_thousands()
    keep = _rows(zh)
    return {
        "id": zh.id,
        "label": {"zh": zh.title, "en": en.title},
        "columns": [_column(zh, en, name) for name in columns],
        "rows": [
            [_cell(a, b) for a, b in zip(left, right, strict=True)]
            for left, right in zip(
                zh.frame.loc[keep, list(columns)].itertuples(index=False, name=None),
                en.frame.loc[keep, list(columns)].itertuples(index=False, name=None),
                strict=True,
            )
        ],
    }


def _rows(table: Table) -> pd.Series:
    """Of the sites only those in service; hundreds of candidates are on the map and in the files."""
    if "opened" in table.frame:
        return table.frame["opened"] == say("yes", table.lang)
    return pd.Series(True, index=table.frame.index)


def _column(zh: Table, en: Table, name: str) -> Json:
    at = list(zh.frame.columns).index(name)
    number = pd.api.types.is_numeric_dtype(zh.frame[name])
    # Cited numbers are of every size and keep the digits of their source.
    digits = None if zh.id == "numbers" or not number else zh.measure(name).decimals_in(zh.money)
    return {
        "label": {"zh": zh.headers[at], "en": en.headers[at]},
        "align": "right" if number else "left",
        "digits": digits,
    }


def _cell(zh: object, en: object) -> object:
    return (
        plain_value(zh) if isinstance(zh, float | int) or zh == en else {"zh": plain_value(zh), "en": plain_value(en)}
    )
