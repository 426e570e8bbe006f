"""What a file that we hand back may hold, and a layer as a GeoPackage of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from gis_wufei.errors import visible
from gis_wufei.layers.allow import gdal_settings
from gis_wufei.layers.tell import as_text

# A fixed day, so that two runs give the same bytes; no waiting for the disk, since results are moved in whole.
SETTINGS = {"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z", "OGR_SQLITE_SYNCHRONOUS": "OFF"}
INTERNAL = ("row",)  # our count of the file's rows
ASIDE = " (file)"  # what reading added to a column of the file whose name was taken
TAKEN = ("fid", "geom", "geometry", "ogc_fid")  # a GeoPackage's own columns


@dataclass(frozen=True)
class HandBack:
    """What was written: the files, each column's name in the file by its own, and what the format lost."""

    files: tuple[Path, ...]
    names: dict[str, str]
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True)
class Loss:
    """Something a format could not keep: catalogue key, column, count of cells, first rows."""

    code: str
    column: str
    count: int
    rows: tuple[int, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)


@contextmanager
def fixed_date() -> Iterator[None]:
    """GDAL stamps what it writes with one day instead of the clock's; its settings before are restored."""
    with gdal_settings(SETTINGS):
        yield


def own_columns(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The frame with the columns its file had: our row numbers go, and names set aside for them come back."""
    frame = frame.drop(columns=[name for name in INTERNAL if name in frame])
    back = {f"{name}{ASIDE}": name for name in INTERNAL if f"{name}{ASIDE}" in frame}
    return frame.rename(columns=back)


def write_gpkg_layer(frame: gpd.GeoDataFrame, path: Path, name: str) -> HandBack:
    """Write a frame as the one layer ``name`` of a new GeoPackage 1.2; equal frames give equal bytes.

    Names that the format keeps for itself, or that differ only in case, get a number; single and
    multiple shapes of one kind become multiple ones, which every reader takes.
    """
    frame = own_columns(frame)
    names = _apart([str(column) for column in frame.columns if column != frame.geometry.name])
    ready = _writable(frame).rename(columns=names)
    kinds = set(frame.geom_type.dropna())
    multi = {kind for kind in kinds if kind.startswith("Multi")}
    one_kind = len({kind.removeprefix("Multi") for kind in kinds}) == 1
    kind = f"Multi{kinds.pop().removeprefix('Multi')}" if one_kind and multi else kinds.pop() if one_kind else "Unknown"
    with fixed_date():
        pyogrio.write_dataframe(
            ready,
            path,
            layer=visible(name),
            driver="GPKG",
            geometry_type=kind,
            promote_to_multi=bool(one_kind and multi),
            dataset_options={"VERSION": "1.2"},
            layer_options={"FID": "fid", "GEOMETRY_NAME": "geom"},
        )
    return HandBack((path,), names)


def rows_of(path: Path) -> dict[str, int]:
    """Rows of each layer of a file just written, counted anew: a driver's success on a full disk means nothing."""
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    return {name: int(pyogrio.read_info(path, layer=name, force_feature_count=True)["features"]) for name in names}


def _apart(columns: list[str]) -> dict[str, str]:
    """A name for each column that differs from all others whatever the case of its letters."""
    taken, names = set(TAKEN), dict[str, str]()
    for column in columns:
        plain = visible(column).strip() or "column"
        name, number = plain, 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.casefold())
        names[column] = name
    return names


def _writable(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Columns of types that a file has: text is text, what is mixed becomes text, half characters are marked."""
    told: dict[str, Any] = {}
    for column in frame.columns.drop(frame.geometry.name):
        cells = frame[column]
        if pd.api.types.is_string_dtype(cells.dtype) or cells.dtype == object:
            told[column] = pd.Series([text_cell(cell) for cell in cells], frame.index, dtype=object)
        elif isinstance(cells.dtype, pd.CategoricalDtype):
            told[column] = pd.Series([text_cell(cell) for cell in cells.astype(object)], frame.index, dtype=object)
    return frame.assign(**told)


def text_cell(cell: Any) -> str | None:
    """A cell as text that a file can hold; ``None`` where it has no value."""
    if cell is None or (not isinstance(cell, str) and pd.api.types.is_scalar(cell) and pd.isna(cell)):
        return None
    told = cell.isoformat() if isinstance(cell, date) else as_text(cell) if isinstance(cell, float) else str(cell)
    return told.encode("utf-8", "replace").decode("utf-8")
