"""An extract of OpenStreetMap becomes a road graph: ways meet at shared nodes, relations ban turns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import WGS84, in_china, metric_crs, transformer
from gis_wufei.network.assemble import assemble
from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph
from gis_wufei.network.osm_turns import turn_bans
from gis_wufei.network.osm_ways import PER_DEGREE, Ways, read_ways
from gis_wufei.network.still import joined, told_apart, welded
from gis_wufei.network.tags import LIMITS, ONEWAY, ROUND, least, road_words, route_letter

PARSED = {"highway", "oneway", "junction", "bridge", "tunnel", "layer", "lanes", *LIMITS}
SMALL = re.compile(r"-?\d{1,2}", re.ASCII)
Box = tuple[float, float, float, float]


def read_osm(path: Path | str, crs: CRS | str | int | None = None, box: Box | None = None) -> RoadGraph:
    """The roads of a local extract (.osm.pbf, .osm, .osm.gz, .osm.bz2).

    Ways meet where they share a node, by its id: a bridge shares none with the road below, whatever
    the coordinates. Coordinates are projected once, lengths are those in the plane of ``crs``.

    Parameters
    ----------
    path
        The extract.
    crs
        A projected system in metres; default: the working system of the area (``metric_crs``).
    box
        West, south, east, north in degrees: whole ways that touch it are kept; default: all.

    Returns
    -------
    RoadGraph
        ``roads`` has a row for each way (index ``osm_id``; a way that runs out of the extract has
        one for each piece), with the columns ``class``, ``oneway``, ``name``, ``ref``, ``bridge``,
        ``tunnel``, ``layer``, the limits as numbers with their unit (``maxspeed_kmh``, ``maxweight_t``,
        ``maxheight_m`` ...) and OpenStreetMap's own words of the rest. Private roads are kept: the
        profile says who may enter. ``ignored`` counts what was left out, restrictions by cause;
        ``mended`` tells where two nodes lay at one place on the ground (``same_place``) and became one.

    Raises
    ------
    MissingExtraError
        pyosmium is not installed.
    InputError
        Not an extract, or damaged (E-FETCH-004).
    """
    ways = read_ways(Path(path))
    rows = np.arange(len(ways.way)) if box is None else np.flatnonzero(_touching(ways, box))
    start = np.concatenate([[0], np.cumsum(ways.size)])
    if box is not None:
        at = _ranges(start[rows], ways.size[rows])
        node, place = ways.node[at], ways.place[at]
    else:
        node, place = ways.node, ways.place
    size = ways.size[rows]
    ids, first, vertex = np.unique(node, return_index=True, return_inverse=True)
    part = np.repeat(np.arange(len(rows)), size)
    lonlat = place[first] / PER_DEGREE
    metric = _system(crs, lonlat)
    xy = np.stack(transformer(WGS84, metric).transform(lonlat[:, 0], lonlat[:, 1]), axis=1).reshape(-1, 2)

    start = np.concatenate([[0], np.cumsum(size)])
    roads = _table(ways, rows, place, start)
    plain = ~(roads["bridge"] | roads["tunnel"] | (roads["layer"] != 0)).to_numpy(bool)
    moved, torn = welded(vertex, part, np.ascontiguousarray(place[first]).view(np.int64).ravel(), plain)
    moved = joined(moved, part, xy)
    same = {int(ids[a]): int(ids[b]) for a, b in zip(vertex[moved != vertex], moved[moved != vertex], strict=True)}

    graph = assemble(metric, xy, moved, part, np.arange(len(rows)), roads, ways.left_out, told_apart(xy[torn]))
    turns, lost = turn_bans(graph, ways, ids, moved, part, ways.way[rows], same)
    return replace(graph, turns=turns, ignored={**graph.ignored, **lost})


def _system(crs: CRS | str | int | None, lonlat: Floats) -> CRS:
    if crs is not None:
        return CRS.from_user_input(crs)
    if not len(lonlat):
        return CRS.from_epsg(32631)
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    return metric_crs(west, south, east, north)


def _ranges(start: Ints, size: Ints) -> Ints:
    """Positions of stretches, one after the other."""
    offset = np.concatenate([[0], np.cumsum(size)])
    return np.asarray(np.arange(offset[-1]) + np.repeat(start - offset[:-1], size), np.int64)


def _touching(ways: Ways, box: Box) -> Flags:
    """bool[W]: a way has a point in the box."""
    way = np.repeat(np.arange(len(ways.way)), ways.size)
    lines = shapely.linestrings(ways.place / PER_DEGREE, indices=way)
    return np.asarray(shapely.intersects(lines, shapely.box(*box)), dtype=bool)


def _table(ways: Ways, rows: Ints, place: NDArray[np.int32], start: Ints) -> pd.DataFrame:
    """The attributes of the ways; words of OpenStreetMap are categories, for a county repeats a handful."""
    words = {key: column[rows] for key, column in ways.words.items()}
    table: dict[str, object] = {
        "class": _classes(words, place, start),
        "oneway": _oneways(words, len(rows)),
        "highway": words.get("highway", pd.Categorical([])),
        "bridge": _flags(words.get("bridge"), len(rows)),
        "tunnel": _flags(words.get("tunnel"), len(rows)),
        "layer": np.nan_to_num(_numbers(words.get("layer"), len(rows))).astype(np.int8),
    }
    if "lanes" in words:
        table["lanes"] = _numbers(words["lanes"], len(rows))
    for key, (name, read) in LIMITS.items():
        if key in words:
            column = words[key]
            values = np.array([*(least(word, read) for word in column.categories), np.nan], np.float64)
            table[name] = values[column.codes]
    table |= {key: column for key, column in words.items() if key not in PARSED}
    return pd.DataFrame(table, index=pd.Index(ways.way[rows], name="osm_id"))


def _classes(words: dict[str, pd.Categorical], place: NDArray[np.int32], start: Ints) -> NDArray[np.object_]:
    """Our class of every way; in China the route number decides, elsewhere the highway alone."""
    if "highway" not in words:
        return np.zeros(0, object)
    highway, told = words["highway"], road_words()
    named: NDArray[np.object_]
    named = np.array([told.classes.get(word) for word in highway.categories], object)[highway.codes]
    if "ref" not in words:
        return named
    ref = np.asarray(words["ref"], dtype=object)
    numbered = [
        (at, letter)
        for at in np.flatnonzero(words["ref"].codes >= 0)
        if (letter := route_letter(highway.categories[highway.codes[at]], ref[at])) is not None
    ]
    lines = [shapely.LineString(place[start[at] : start[at + 1]] / PER_DEGREE) for at, _ in numbered]
    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True)).reshape(-1, 2)
    here = in_china(middle[:, 0], middle[:, 1])
    for (at, letter), inside in zip(numbered, here, strict=True):
        if inside:
            named[at] = told.refs[letter]
    return named


def _oneways(words: dict[str, pd.Categorical], size: int) -> NDArray[np.object_]:
    """As ``tags.oneway``, for all ways at once."""
    way: NDArray[np.object_] = np.full(size, "no", object)
    if "highway" in words:
        way[_among(words["highway"], lambda word: word.startswith("motorway"))] = "forward"
    if "junction" in words:
        way[_among(words["junction"], lambda word: word in ROUND)] = "forward"
    if "oneway" in words:
        column = words["oneway"]
        stated = np.array([*(ONEWAY.get(word, "no") for word in column.categories), None], object)[column.codes]
        way = np.where(column.codes >= 0, stated, way)
    return way


def _among(column: pd.Categorical, holds: Callable[[str], bool]) -> Flags:
    return np.asarray(np.array([*(holds(word) for word in column.categories), False])[column.codes], bool)


def _flags(column: pd.Categorical | None, size: int) -> Flags:
    return np.zeros(size, bool) if column is None else _among(column, lambda word: word != "no")


def _numbers(column: pd.Categorical | None, size: int) -> Floats:
    """Whole numbers from -99 to 99, nan where there is none."""
    if column is None:
        return np.full(size, np.nan)
    small = [float(word) if SMALL.fullmatch(word) else np.nan for word in column.categories]
    return np.asarray(np.array([*small, np.nan], np.float64)[column.codes], np.float64)
