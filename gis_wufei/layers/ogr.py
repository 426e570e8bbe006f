"""One layer of a file through GDAL: the driver checked, the features counted, unreadable shapes named."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gis_wufei.errors import Fault, InputError, Rows, listed
from gis_wufei.layers.allow import offline
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.tell import SHOWN_IDS
from gis_wufei.text import text

NESTED = (list, dict, np.ndarray)


def read_ogr(
    source: str,
    drivers: tuple[str, ...],
    layer: str | None,
    where: str,
    notes: Notes,
    encoding: str | None = None,
    wanted: tuple[str, ...] = (),
    counted: bool = True,
    alone: bool = False,
    **options: str,
) -> gpd.GeoDataFrame:
    """The frame of one layer.

    Parameters
    ----------
    source
        Path, with a driver's prefix where one exists.
    drivers
        Names of the drivers that may have opened it.
    wanted
        Of formats that always hold the same layers (GPX): those that suit the role. Layers without
        features do not count there.
    counted
        Whether the driver's count of features is that of the rows (it counts deleted ones of a shapefile).
    alone
        Whether the prefix names the driver and the format has one layer; each look before the reading
        would read the whole text once more.
    options
        Further settings of GDAL for this reading.

    Raises
    ------
    InputError
        Another driver, damage, several layers or none, no geometry.
    """
    try:
        with warnings.catch_warnings(), offline(**options):
            warnings.simplefilter("ignore")
            chosen: str | None = None
            info: dict[str, Any] = {"driver": drivers[0], "features": -1}
            if layer is not None or not alone:
                chosen = _layer(source, layer, where, notes, wanted)
                info = pyogrio.read_info(source, layer=chosen, encoding=encoding)
            if info["driver"] not in drivers:
                raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.content")})])
            frame = pyogrio.read_dataframe(source, layer=chosen, encoding=encoding, on_invalid="ignore")
            if counted and 0 <= info["features"] != len(frame):
                raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})])
            if not isinstance(frame, gpd.GeoDataFrame):
                raise InputError([no_shapes(where)])
            if frame.geometry.isna().any():
                frame = _shapes(frame, source, chosen, where, notes)
    except InputError:
        raise
    except Exception as error:  # whatever a library makes of damaged bytes, it is damage
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.damaged")})]) from error
    notes.format = info["driver"]
    notes.encoding = encoding or "utf-8"
    return _plain(frame)


def _layer(source: str, layer: str | None, where: str, notes: Notes, wanted: tuple[str, ...]) -> str:
    found = pyogrio.list_layers(source)
    if not len(found):
        raise InputError([Fault("E-LAYER-003", where, {"reason": text("reason.nothing")})])
    every = [str(name) for name, _ in found]
    maps = [str(name) for name, geometry in found if geometry is not None]
    if layer is not None and layer not in every:
        raise InputError([Fault("E-LAYER-015", where, {"layer": layer, "layers": listed(maps)})])
    if layer is None and wanted:
        held = {n: pyogrio.read_info(source, layer=n, force_feature_count=True)["features"] for n in maps}
        maps = [name for name in maps if held[name] > 0] or maps[:1]
        suited = [name for name in maps if name in wanted]
        if len(maps) > 1 and len(suited) == 1:
            notes.guessed.append(Remark("R-LAYER-CHOSEN", len(maps), facts={"layer": suited[0], "of": listed(maps)}))
        maps = suited or maps
    if layer is None and len(maps) > 1:
        raise InputError([Fault("E-LAYER-014", where, {"layers": listed(maps)})])
    if not maps or (layer is not None and layer not in maps):
        raise InputError([no_shapes(where)])
    return layer or maps[0]


def _shapes(frame: gpd.GeoDataFrame, source: str, layer: str | None, where: str, notes: Notes) -> gpd.GeoDataFrame:
    """Shapes that the library would drop: an open ring is closed and told, one of too few points is a fault."""
    raw = pyogrio.raw.read(source, layer=layer, columns=[])[2]
    lost = frame.geometry.isna().to_numpy() & np.array([cell is not None for cell in raw])
    if not lost.any():
        return frame
    mended = shapely.from_wkb(np.asarray(raw, dtype=object)[lost], on_invalid="fix")
    numbers = np.flatnonzero(lost) + 1
    dead = shapely.is_missing(mended) | shapely.is_empty(mended)
    if dead.any():
        raise InputError([unreadable_shapes(where, numbers[dead])])
    shapes = frame.geometry.to_numpy().copy()
    shapes[lost] = mended
    first = tuple(map(str, numbers[:SHOWN_IDS]))
    notes.repaired.append(Remark("R-LAYER-OPENRING", len(numbers), first, rows=tuple(map(int, numbers))))
    return frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs))


def no_shapes(where: str) -> Fault:
    """The fault of a table that should be a layer."""
    return Fault("E-LAYER-121", where, {"found": text("found.table"), "wanted": text("found.shapes")})


def unreadable_shapes(where: str, numbers: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Fault:
    """The fault of rows whose shape is there but is none."""
    return Fault("E-LAYER-109", f"{where} geometry", {"rows": row_text(map(int, numbers))})


def row_text(numbers: Iterable[int]) -> Rows:
    """The first row numbers and how many more, as a text that remembers all of them."""
    every = tuple(dict.fromkeys(numbers))
    more = len(every) - SHOWN_IDS
    return Rows((", ".join(map(str, every[:SHOWN_IDS])) or "-") + (f", +{more}" if more > 0 else ""), every)


def _plain(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cells that hold lists or mappings (of JSON) as their text; a frame holds plain values."""
    for column in frame.columns:
        if frame[column].dtype == object and any(isinstance(cell, NESTED) for cell in frame[column]):
            told = [_json(cell) if isinstance(cell, NESTED) else cell for cell in frame[column]]
            frame[column] = pd.Series(told, frame.index, dtype=object)
    return frame


def _json(cell: list[object] | dict[str, object] | np.ndarray[Any, Any]) -> str:
    plain = cell.tolist() if isinstance(cell, np.ndarray) else cell
    return json.dumps(plain, ensure_ascii=False, default=str)
