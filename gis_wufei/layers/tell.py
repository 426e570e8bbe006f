"""How faults name the rows, columns and values they mean."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import pandas as pd

from gis_wufei.errors import Fault, closest, listed
from gis_wufei.text import Text, text

SHOWN_IDS = 5
LONLAT = "lon, lat"  # the two cells of a table's row until its geometry is checked


def as_text(value: object) -> str:
    """A cell as text; an identifier read as 1500.0 was a number with gaps, its text is the integer."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def rows(frame: gpd.GeoDataFrame, mask: pd.Series, column: str | None = None) -> str:
    """The first rows a mask names, with their value: ``14 ('x'), 15 ('y'), +3``."""
    hit = frame[mask]
    shown = [
        str(row) if column is None else f"{row} ('{as_text(value)[:40]}')"
        for row, value in zip(hit["row"][:SHOWN_IDS], hit[column or "row"][:SHOWN_IDS], strict=True)
    ]
    more = len(hit) - len(shown)
    return ", ".join(shown) + (f", +{more}" if more > 0 else "")


def first(frame: gpd.GeoDataFrame, mask: pd.Series) -> tuple[str, ...]:
    return tuple(str(row) for row in frame.loc[mask, "row"][:SHOWN_IDS])


def missing_column(where: str, column: str, frame: pd.DataFrame) -> Fault:
    """The fault of a table that lacks a column, with the columns it has."""
    have = [str(c) for c in frame.columns if c not in ("geometry", "row", LONLAT)]
    return Fault("E-LAYER-005", where, {"column": column, "have": listed(have), "hint": hint(column, have)})


def hint(name: str, known: Iterable[str]) -> Text:
    near = closest(name, known)
    words = text("hint.closest")
    return Text(zh=words.zh.format(name=near), en=words.en.format(name=near)) if near else Text(zh="", en="")
