"""How faults name the rows, columns and values they mean."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.errors import Fault, Rows, closest, listed
from gis_wufei.layers.certificate import Remark
from gis_wufei.text import Text, text

SHOWN_IDS = 5
LONLAT = "lon, lat"  # the two cells of a table's row until its geometry is checked


def as_text(value: object) -> str:
    """A cell as text; an identifier read as 1500.0 was a number with gaps, its text is the integer."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def rows(frame: gpd.GeoDataFrame, mask: pd.Series, column: str | None = None) -> Rows:
    """The first rows a mask names, with their value: ``14 ('x'), 15 ('y'), +3``.

    The text remembers all of its rows and cells, so that a fault made with it can be listed row by
    row (``Fault.rows_meant``).
    """
    hit = frame[mask]
    shown = [
        str(row) if column is None else f"{row} ('{as_text(value)[:40]}')"
        for row, value in zip(hit["row"][:SHOWN_IDS], hit[column or "row"][:SHOWN_IDS], strict=True)
    ]
    more = len(hit) - len(shown)
    told = ", ".join(shown) + (f", +{more}" if more > 0 else "")
    cells = () if column is None else map(as_text, hit[column])
    return Rows(told, map(int, hit["row"]), cells, column)


def first(frame: gpd.GeoDataFrame, mask: pd.Series) -> tuple[str, ...]:
    return tuple(str(row) for row in frame.loc[mask, "row"][:SHOWN_IDS])


def remark(
    code: str,
    frame: pd.DataFrame,
    mask: pd.Series | NDArray[np.bool_],
    column: str | None = None,
    *,
    before: float | None = None,
    after: float | None = None,
    unit: str = "",
    values: bool = True,
    shown: bool = False,
    **facts: object,
) -> Remark:
    """A remark on the rows of a mask, with their cells of ``column`` unless ``values`` is off.

    ``shown`` puts the cells of the first rows into the sentence, too: ``14 ('x'), 15 ('y')``.
    """
    hit = frame[np.asarray(mask)]
    numbers = tuple(map(int, hit["row"]))
    cells = tuple(map(as_text, hit[column])) if column is not None and column in hit and values else ()
    told = {"column": column, **facts} if column is not None else facts
    ids = tuple(map(str, numbers[:SHOWN_IDS]))
    if shown and cells:
        ids = tuple(f"{row} ('{cell[:40]}')" for row, cell in zip(ids, cells, strict=False))
    return Remark(code, len(hit), ids, told, before, after, unit, column, numbers, cells)


def missing_column(where: str, column: str, names: Iterable[object]) -> Fault:
    """The fault of a table that lacks a column, with the columns it has (``names``, the file's own)."""
    have = _own(names)
    facts = {"column": column, "have": listed(have), "hint": hint(column, have), "join": Text(zh="", en="")}
    return Fault("E-LAYER-005", where, facts)


def missing_role_column(where: str, column: str, aliases: Iterable[str], names: Iterable[object]) -> Fault:
    """The fault of a required column that goes by none of its names; the closest of the file's is told."""
    fault = missing_column(where, column, names)
    have = _own(names)
    near = next((name for name in (column, *aliases) if closest(name, have)), column)
    return Fault(fault.code, where, {**fault.facts, "hint": hint(near, have)}, field=column)


def _own(names: Iterable[object]) -> list[str]:
    return [str(name) for name in names if name not in ("geometry", "row", LONLAT)]


def hint(name: str, known: Iterable[str]) -> Text:
    near = closest(name, known)
    words = text("hint.closest")
    return Text(zh=words.zh.format(name=near), en=words.en.format(name=near)) if near else Text(zh="", en="")
