"""One quantity in two columns, by the day and by the year: stated in neither, or at odds with itself."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np

from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Role
from gis_wufei.layers.tell import SHOWN_IDS, remark
from gis_wufei.layers.units import parse_unit
from gis_wufei.text import text

DAYS = (180.0, 400.0)  # a year's part of a day's: from half a year's work to every day, rounded


def doubt_periods(frame: gpd.GeoDataFrame, role: Role, notes: Notes, faulty: Collection[str | None]) -> None:
    """Note rows that state the quantity in no column while others of their kind do, and those whose two disagree.

    Columns of a role that share their short names are one quantity (处理能力 by the day and by the year).

    Parameters
    ----------
    faulty
        Columns that are refused already; of them nothing more is said.
    """
    quantities: dict[tuple[str, ...], list[str]] = {}
    for own, column in role.columns.items():
        if column.short and column.kind == "number" and own in frame and own not in faulty:
            quantities.setdefault(column.short, []).append(own)
    for names in quantities.values():
        told = frame[names].notna().any(axis=1)
        kinds = [own for own, column in role.columns.items() if column.codes and own in frame]
        alike = told.groupby([frame[own] for own in kinds]).transform("any") if kinds else told.any()
        both = " / ".join(names)
        if (gap := ~told & alike).any():
            then = text("blank.capacity")
            notes.warned.append(remark("R-LAYER-BLANK", frame, gap, both, values=False, then=then))
        by = {unit.period: own for own in names if (unit := parse_unit(role.columns[own].unit or ""))}
        if {"d", "a"} <= set(by):
            _at_odds(frame, by["d"], by["a"], both, notes)


def _at_odds(frame: gpd.GeoDataFrame, day: str, year: str, column: str, notes: Notes) -> None:
    days, years = (frame[own].to_numpy(float) for own in (day, year))
    odd = np.isfinite(days) & np.isfinite(years) & ((years < days * DAYS[0]) | (years > days * DAYS[1]))
    if odd.any():
        hit = frame[odd]
        cells = [f"{one:g} / {other:g}" for one, other in zip(hit[day], hit[year], strict=True)]
        rows = tuple(map(int, hit["row"]))
        ids = tuple(f"{row} ('{cell}')" for row, cell in zip(rows[:SHOWN_IDS], cells, strict=False))
        facts = {"column": column, "limits": f"{DAYS[0]:g}–{DAYS[1]:g}"}
        notes.warned.append(Remark("R-LAYER-ATODDS", len(hit), ids, facts, field=day, rows=rows, values=tuple(cells)))
