"""Places that a command is asked about: a list or layer of a file, a layer of the study, or two pairs of degrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rich.console import Console

from gis_wufei.cli.answer import WARNING, tell
from gis_wufei.cli.check import file_spec
from gis_wufei.cli.roads import Roads, open_stating
from gis_wufei.crs import WGS84, transformer
from gis_wufei.errors import Fault, InputError, listed, nearest, visible
from gis_wufei.layers import open_layer, roles
from gis_wufei.layers.path import no_path, refused
from gis_wufei.layers.shapes import project
from gis_wufei.layers.tell import as_text, missing_column, rows
from gis_wufei.network import Trips, prepare, snap
from gis_wufei.plan.walk import LEAST_PART
from gis_wufei.text import say

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_LISTED = 20
PLAIN_KEYS = ("id", "code", "key", "gid")
POINT = 0
BOTH_ENDS = "LON LAT LON LAT / --from ID --to ID --points FILE"


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
    if (why := no_path(path, Path.cwd())) is not None:
        raise refused(path, option, why)
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
        raise InputError([Fault("E-ROAD-011", "LON LAT LON LAT", {"wanted": BOTH_ENDS})])
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


def open_ends(
    roads: Roads,
    degrees: Sequence[float],
    begin: str | None,
    end: str | None,
    path: str | None,
    key: str | None,
    crs: str | None,
) -> tuple[Points, tuple[int, int]]:
    """Origin and destination, as degrees or as keys of a list, and their positions among the places read."""
    by_key = (begin, end, path)
    if all(one is None for one in by_key):
        return typed_points(degrees, roads), (0, 1)
    if degrees or begin is None or end is None or path is None:
        raise InputError([Fault("E-ROAD-011", "--from, --to, --points", {"wanted": BOTH_ENDS})])
    points = open_points(path, roads, key, crs, "--points")
    return points, (points.at([begin], "--from")[0], points.at([end], "--to")[0])


@dataclass(frozen=True)
class People:
    """Places and how many live there."""

    points: Points
    count: Floats


def open_people(path: str | None, column: str | None, roads: Roads, crs: str | None) -> People | None:
    """Where people live, where that is asked for."""
    if path is None and column is None:
        return None
    if path is None or column is None:
        raise InputError([Fault("E-ROAD-011", "--places, --people", {"wanted": "--places FILE --people COLUMN"})])
    points = open_points(path, roads, None, crs, "--places")
    return People(points, points.amounts(column, "--people"))


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
        raise InputError([Fault("E-ROAD-006", option, {"column": key, "rows": rows(frame, bad, key)})])
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


def _word(cell: object) -> str:
    return "" if cell is None or cell is pd.NA or cell != cell else as_text(cell)


def prepared(roads: Roads, *groups: Points) -> tuple[Trips, list[Ints]]:
    """The network ready for all places together, and the points of each group.

    As in a run, no place is joined to a stray piece of road.
    """
    xy = np.concatenate([group.xy for group in groups])
    trips = prepare(roads.network, snap(roads.network, xy, least_share=LEAST_PART))
    ends = np.cumsum([0, *(len(group) for group in groups)])
    return trips, [np.arange(begin, end) for begin, end in pairwise(ends)]


def places_json(roads: Roads, trips: Trips, points: Points, at: Ints) -> list[dict[str, Any]]:
    """Each place with where it lies and how far its road is."""
    return [
        {
            "id": key,
            "name": name,
            "lon": round(float(lon), 7),
            "lat": round(float(lat), 7),
            "access_m": float(metres) if np.isfinite(metres := trips.snap.access_m[one]) else None,
            "on_road": bool(trips.snap.edge[one] >= 0),
        }
        for key, name, (lon, lat), one in zip(points.ids, points.names, points.lonlat(roads), at, strict=True)
    ]


def print_off_road(console: Console, roads: Roads, trips: Trips, points: Points, at: Ints, lang: str) -> None:
    """Places too far from any road, each with its distance."""
    if points.inner:
        tell(console, say("road.inner", lang, count=points.inner), WARNING)
    off = np.flatnonzero(trips.snap.edge[at] < 0)
    if not len(off):
        return
    metres = trips.snap.access_m[at[off]]
    shown = [
        f"{visible(points.ids[k])} ({say('direction.metres', lang, count=f'{m:,.0f}')})" if np.isfinite(m) else
        visible(points.ids[k])
        for k, m in zip(off[:MOST_LISTED], metres, strict=False)
    ]  # fmt: skip
    more = f", +{len(off) - MOST_LISTED}" if len(off) > MOST_LISTED else ""
    facts = {"count": len(off), "limit": roads.network.profile.max_snap_m, "places": ", ".join(shown) + more}
    tell(console, say("road.off", lang, **facts), WARNING)
