"""Places that a command is asked about: a list or layer of a file, a layer of the study, or two pairs of degrees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.cli.check import REMOTE, file_spec
from gis_wufei.cli.roads import Roads, open_stating
from gis_wufei.crs import WGS84, transformer
from gis_wufei.errors import Fault, InputError, Rows, listed, nearest, visible
from gis_wufei.layers import open_layer, roles
from gis_wufei.layers.shapes import project
from gis_wufei.layers.tell import as_text, missing_column, rows

Floats = NDArray[np.float64]
PLAIN_KEYS = ("id", "code", "key", "gid")
POINT = 0


@dataclass(frozen=True)
class Points:
    """Places with a key each, in the system of the roads."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    """Empty text where a place has none."""
    xy: Floats
    """float[n, 2]"""
    frame: gpd.GeoDataFrame
    """As it was read."""
    file: Path | None = None
    inner: int = 0
    """Lines and areas that a point inside stands for."""

    def __len__(self) -> int:
        return len(self.ids)

    def lonlat(self, roads: Roads) -> Floats:
        """float[n, 2], degrees."""
        to = transformer(roads.network.crs, WGS84)
        return np.stack(to.transform(self.xy[:, 0], self.xy[:, 1]), axis=1).reshape(-1, 2)

    def at(self, ids: Sequence[str], option: str) -> list[int]:
        """Positions of places by their keys."""
        known = {key: at for at, key in enumerate(self.ids)}
        absent = [key for key in ids if key not in known]
        if absent:
            told = [{"name": visible(key), "hint": nearest(key, known), "known": listed(known)} for key in absent]
            raise InputError([Fault("E-ROAD-007", option, facts) for facts in told])
        return [known[key] for key in ids]

    def amounts(self, column: str, option: str) -> Floats:
        """float[n], a column of numbers that are not negative."""
        if column not in self.frame:
            raise InputError([missing_column(option, column, self.frame)])
        cells = pd.to_numeric(self.frame[column], errors="coerce")
        bad = ~(np.isfinite(cells.astype(float)) & (cells >= 0))
        if bad.any():
            raise InputError([Fault("E-ROAD-008", option, {"column": column, "rows": rows(self.frame, bad, column)})])
        return np.asarray(cells, dtype=np.float64)


def open_points(path: str, roads: Roads, key: str | None, crs: str | None, option: str) -> Points:
    """Places of a layer of the study (by its name) or of any file that the door for layers lets in.

    Raises
    ------
    InputError
        Every fault of the file, or a key that is missing, empty or not its own for each place.
    """
    if REMOTE.match(path):
        raise InputError([Fault("E-LAYER-002", option, {"path": path})])
    specs = roads.study.spec.layers if roads.study is not None else {}
    if roads.study is not None and path in specs:
        layer = open_layer(path, specs[path], roads.study.folder)
        own = roles()[layer.role].id
        file = None
    else:
        spec, folder = file_spec(path, "context", None, crs, (), ())
        layer, own, file = open_stating(spec, folder), None, Path(path)
    frame = project(layer, roads.network.crs).frame
    shapes = frame.geometry.to_numpy()
    inner = shapely.get_type_id(shapes) != POINT
    shapes = np.where(inner, shapely.point_on_surface(shapes), shapes)
    ids = _keys(frame, key, own, option)
    names = [_word(cell) for cell in frame["name"]] if "name" in frame else [""] * len(frame)
    return Points(ids, tuple(names), shapely.get_coordinates(shapes), frame, file, int(inner.sum()))


def typed_points(degrees: Sequence[float], roads: Roads) -> Points:
    """Origin and destination as longitude and latitude."""
    if len(degrees) != 4:
        raise InputError([Fault("E-ROAD-011", "LON LAT LON LAT", {"wanted": "LON LAT LON LAT, --from/--to/--points"})])
    lonlat = np.asarray(degrees, dtype=np.float64).reshape(2, 2)
    wrong = ~(np.abs(lonlat[:, 0]) <= 180) | ~(np.abs(lonlat[:, 1]) <= 90)
    if wrong.any():
        told = "; ".join(f"{lon:g} {lat:g}" for lon, lat in lonlat[wrong])
        raise InputError([Fault("E-ROAD-005", "LON LAT", {"found": told})])
    to = transformer(WGS84, roads.network.crs)
    xy = np.stack(to.transform(lonlat[:, 0], lonlat[:, 1]), axis=1)
    if not np.isfinite(xy).all():
        raise InputError([Fault("E-ROAD-005", "LON LAT", {"found": " ".join(f"{one:g}" for one in degrees)})])
    ids = tuple(f"{lon:g},{lat:g}" for lon, lat in lonlat)
    frame = gpd.GeoDataFrame(geometry=shapely.points(xy), crs=roads.network.crs)
    return Points(ids, ("", ""), xy, frame)


def _keys(frame: gpd.GeoDataFrame, key: str | None, own: str | None, option: str) -> tuple[str, ...]:
    """A key for each place: the column named, else one that is called like a key, else the row of the file."""
    if key is None:
        named = own if own is not None and own in frame else _like_a_key(frame)
        return tuple(as_text(cell) for cell in frame[named or "row"])
    if key not in frame:
        raise InputError([missing_column(option, key, frame)])
    cells = frame[key]
    words = cells.map(_word)
    bad = (words == "") | words.duplicated(keep=False)
    if bad.any():
        raise InputError([Fault("E-ROAD-006", option, {"column": key, "rows": _rows(frame, bad, key)})])
    return tuple(words)


def _like_a_key(frame: gpd.GeoDataFrame) -> str | None:
    """The first column that any role would call its id, with a value of its own in every row."""
    known = {name.casefold() for name in PLAIN_KEYS}
    for role in roles().values():
        if role.id is not None:
            known |= {role.id.casefold(), *(alias.casefold() for alias in role.columns[role.id].aliases)}
    for column in map(str, frame.columns):
        if column.casefold() in known:
            words = frame[column].map(_word)
            if (words != "").all() and words.is_unique:
                return column
    return None


def _rows(frame: gpd.GeoDataFrame, bad: pd.Series, key: str) -> Rows:
    return rows(frame, bad, key)


def _word(cell: object) -> str:
    return "" if cell is None or cell is pd.NA or cell != cell else as_text(cell)


def spoken(ids: Iterable[str]) -> list[str]:
    """Keys out of a file as a terminal may show them."""
    return [visible(key) for key in ids]
