"""From drawn lines to a road graph: vertices welded, gaps closed, copies dropped, bridges kept apart, all told."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.errors import ProblemError
from gis_wufei.network import joints
from gis_wufei.network.assemble import assemble
from gis_wufei.network.copies import drop_copies
from gis_wufei.network.crossings import find_crossings
from gis_wufei.network.drawing import Drawing, compact, weld
from gis_wufei.network.gaps import (
    FAR_M,
    MOST_M,
    NEAR_ROUND_M,
    choose,
    dangling,
    near_misses,
    reach,
    still_missed,
    tolerance,
)
from gis_wufei.network.graph import MENDED, Flags, Floats, Ints, RoadGraph
from gis_wufei.network.oneway import CLOSED, read_oneway

LINE_TYPES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)

LEVELS = ("level", "layer")
STRUCTURES = ("bridge", "tunnel")
FALSE = ("", "0", "no", "n", "false", "f", "nan", "none", "<na>", "否", "无")

AGREE = ("class", "oneway", "maxweight", "maxheight", "maxwidth", "maxaxleload", "hgv", "access", "surface", "maxspeed")
"""Copies of a road are one where they agree in these columns (and in level, bridge and tunnel)."""


def read_lines(
    lines: gpd.GeoDataFrame,
    tolerance_m: float | None = None,
    crossings: Literal["keep", "split"] = "keep",
) -> RoadGraph:
    """A road graph from any line layer.

    Roads meet where they share a vertex (same centimetre), where a line ends on another, and where an end
    stops short of another line by no more than the tolerance and no short way round leads there. What was
    done and what looks wrong stands in ``RoadGraph.mended``, one row each:

    ===============  ==========================================================================
    gap_closed       an end was moved by ``size_m`` to another end, a vertex, or onto a line
    near_miss        an end stops ``size_m`` short of a road, beyond the tolerance; left as it is
    crossing         two lines of one level cross or touch without a common vertex; left as it is
    crossing_split   the same, made a junction because ``crossings="split"`` was asked for
    bridge           two lines of different level, bridge or tunnel state cross: no junction
    duplicate        ``size_m`` of a line lie on another line with the same attributes; dropped
    ===============  ==========================================================================

    Parameters
    ----------
    lines
        LineString or MultiLineString in a projected system in metres; column ``class``, optional ``oneway``
        in any spelling (see ``read_oneway``), ``level`` or ``layer`` (a number), ``bridge`` and ``tunnel``
        (yes or no); all other columns are kept in ``RoadGraph.roads``.
    tolerance_m
        Largest gap that is closed; None = from the data (see ``gaps.tolerance``), at most 10 m, and none where
        every road has an ``osm_id``: in OpenStreetMap roads meet in a vertex or not at all; 0 = none.
    crossings
        What to do where lines of one level cross without a common vertex: keep them apart, or split both.

    Raises
    ------
    InputError
        Spellings of ``oneway`` that are unknown or have two readings (E-NET-002), all of them.
    ProblemError
        No system in metres, no column ``class``, or a tolerance that is no length.
    """
    _refuse(lines, tolerance_m, crossings)
    roads = pd.DataFrame(lines.drop(columns=lines.geometry.name))
    roads["oneway"] = read_oneway(roads)
    geometry = lines.geometry.to_numpy()
    broken, closed = _not_a_line(geometry), (roads["oneway"] == CLOSED).to_numpy()
    keep = np.flatnonzero(~broken & ~closed)
    parts, at = shapely.get_parts(geometry[keep], return_index=True)
    drawing, row_of_line, short = _draw(parts, keep[at], _grades(roads))

    ends = dangling(drawing)
    near = reach(drawing, ends, FAR_M, NEAR_ROUND_M)
    if tolerance_m is None and "osm_id" in roads and roads["osm_id"].notna().all():
        tolerance_m = 0.0
    if tolerance_m is None:
        nearest = np.full(len(ends), np.inf)
        far = np.where(near.inside, near.gap_m, np.where(near.at_vertex, near.vertex_m, np.inf))
        np.minimum.at(nearest, near.end, far)
        tolerance_m = tolerance(nearest)
    joins = choose(drawing, ends, near, tolerance_m)
    missed = near_misses(drawing, ends, near, tolerance_m, joins)
    place, becomes, closed_gaps = joints.of_gaps(drawing, joins)
    cross = find_crossings(drawing, place[becomes], becomes)
    touch = cross.line_ends & cross.same_grade
    split = touch | (cross.same_grade & (crossings == "split"))
    place, splits = joints.of_crossings(place, becomes, cross, split)

    vertex, part = joints.insert(drawing, becomes[drawing.vertex], closed_gaps, splits)
    same, place = weld(place)  # a foot and a crossing may be one spot
    vertex, becomes = same[vertex], same[becomes]
    still = compact(vertex, part)
    vertex, part = vertex[still], part[still]
    missed = still_missed(drawing, missed, becomes, Drawing(place, vertex, part, drawing.grade))
    alike = _alike(roads, drawing.grade, row_of_line)
    vertex, part, row, copies = drop_copies(place, vertex, part, row_of_line, *alike)

    label = roads.index[row_of_line]
    ends_of, part_of = drawing.end_part, drawing.part_of
    kind = np.select(
        [cross.line_ends & ~touch, ~cross.same_grade, split], ["near_miss", "bridge", "crossing_split"], "crossing"
    )
    xy, size = cross.xy[~touch], np.where(kind == "near_miss", 0.0, np.nan)[~touch]
    piece, other = cross.piece[~touch], cross.other[~touch]
    mid = copies[["x", "y"]].to_numpy()
    mended = [
        _rows("gap_closed", drawing.place[joins.end], joins.gap_m, label[ends_of[joins.end]], label[joins.other]),
        _rows(
            "near_miss",
            drawing.place[missed.vertex],
            missed.gap_m,
            label[ends_of[missed.vertex]],
            label[part_of[missed.piece]],
        ),
        _rows(kind[~touch], xy, size, label[part_of[piece]], label[part_of[other]]),
        _rows("duplicate", mid, copies["size_m"], roads.index[copies["row"]], roads.index[copies["other"]]),
    ]
    ignored = {"no_line": int(broken.sum()), "closed_both_ways": int((closed & ~broken).sum()), "zero_length": short}
    ignored["duplicate"] = int(copies["whole"].sum())
    report = pd.concat(mended, ignore_index=True)
    graph = assemble(lines.crs, place, vertex, part, row, roads, ignored=ignored, mended=report)
    return replace(graph, tolerance_m=float(tolerance_m))


def _refuse(lines: gpd.GeoDataFrame, tolerance_m: float | None, crossings: str) -> None:
    crs = lines.crs
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_conversion_factor != 1:
        raise ProblemError(f"roads: a projected system in metres is needed, not {crs and crs.name}")
    if "class" not in lines:
        raise ProblemError("roads: a column class is needed")
    if crossings not in ("keep", "split"):
        raise ProblemError(f"roads: crossings must be keep or split, not {crossings}")
    if tolerance_m is not None and not 0 <= tolerance_m <= MOST_M:
        raise ProblemError(f"roads: tolerance_m must lie between 0 and {MOST_M:g}, not {tolerance_m}")


def _not_a_line(geometry: NDArray[np.object_]) -> Flags:
    """Rows without a usable line: missing, empty, another type, or a coordinate that is no number."""
    broken = ~np.isin(shapely.get_type_id(geometry), LINE_TYPES) | shapely.is_empty(geometry)
    xy, row = shapely.get_coordinates(geometry, return_index=True)
    broken[row[~np.isfinite(xy).all(axis=1)]] = True
    return np.asarray(broken, dtype=bool)


def _draw(parts: NDArray[np.object_], row: Ints, grade_of_row: Ints) -> tuple[Drawing, Ints, int]:
    """The drawing, the row of each of its lines, and how many lines were shorter than a centimetre."""
    xy, part = shapely.get_coordinates(parts, return_index=True)
    vertex, place = weld(xy)
    moved = compact(vertex, part)
    vertex, part = vertex[moved], part[moved]
    long = np.bincount(part, minlength=len(parts)) > 1
    keep = long[part]
    part = (np.cumsum(long) - 1)[part[keep]]
    return Drawing(place, vertex[keep], part, grade_of_row[row[long]]), row[long], int((~long).sum())


def _grades(roads: pd.DataFrame) -> Ints:
    """int[R]: rows with the same number may meet: same level, both or neither a bridge, a tunnel."""
    grade = np.zeros(len(roads), np.int64)
    for name in LEVELS:
        if name in roads:
            level = pd.to_numeric(roads[name], errors="coerce").fillna(0).clip(-31, 31)
            grade = grade * 64 + np.rint(level).to_numpy(int)
    for name in STRUCTURES:
        if name in roads:
            word = _text(roads[name]).str.strip().str.casefold()
            grade = grade * 2 + (~word.isin(FALSE)).to_numpy(int)
    return grade


def _text(cells: pd.Series) -> pd.Series:
    """Cells as words, a missing one as none."""
    return cells.astype(object).where(cells.notna(), "").map(str)


def _alike(roads: pd.DataFrame, grade: Ints, row: Ints) -> tuple[Ints, Ints]:
    """For each line the number of its attributes that count, as drawn and turned round."""
    columns = [name for name in AGREE if name in roads and name != "oneway"]
    cells = pd.DataFrame({name: _text(roads[name]) for name in columns}, index=roads.index).iloc[row]
    code = pd.factorize(pd.MultiIndex.from_frame(cells.assign(_grade=grade)))[0]
    way = roads["oneway"].map({"no": 0, "forward": 1, "backward": 2}).to_numpy()[row].astype(np.int64)
    turned = np.array([0, 2, 1])[way]
    return code * 3 + way, code * 3 + turned


def _rows(kind: object, xy: Floats, size_m: object, row: object, other: object) -> pd.DataFrame:
    """Rows of ``RoadGraph.mended``."""
    told = {"kind": kind, "x": xy[:, 0], "y": xy[:, 1], "size_m": np.asarray(size_m, dtype=np.float64)}
    frame = pd.DataFrame(told, columns=list(MENDED))
    frame["row"], frame["other_row"] = np.asarray(row, dtype=object), np.asarray(other, dtype=object)
    return frame
