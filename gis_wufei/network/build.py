"""From drawn lines to a network: roads meet where they share a vertex, and nowhere else."""

from __future__ import annotations

from collections.abc import Collection, Hashable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gis_wufei.errors import Fault, InputError, ProblemError
from gis_wufei.network.graph import Flags, Floats, Ints, Network
from gis_wufei.network.profile import RoadProfile

NODE_GRID_M = 0.01
"""Vertices that round to the same centimetre are one. Wider gaps are the layer's to mend; a bridge
and the road below it share no vertex and so stay apart."""

LINE_TYPES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
ONEWAY = ("no", "forward", "backward")

Closed = Collection[Hashable] | pd.Series


def build_network(lines: gpd.GeoDataFrame, profile: RoadProfile, closed: Closed = ()) -> Network:
    """Cut the lines of a road layer at their junctions.

    A junction is a vertex shared by two lines, or used twice by one, or the end of a line; the
    vertices between are shape only. A closed lane that hangs on one junction is cut once more in
    its middle, so that it stays a street one can live on.

    Parameters
    ----------
    lines
        LineString or MultiLineString in a projected system in metres; column ``class``, optional
        ``oneway`` (no, forward, backward against the drawing direction; missing = no); all other
        columns (name, road_id, bridge ...) are kept in ``Network.roads``.
    profile
        Speeds and banned classes of the vehicle.
    closed
        Roads out of use: index labels of ``lines``, or a boolean Series on its index.

    Raises
    ------
    InputError
        Classes without a speed (E-NET-001), all of them.
    ProblemError
        What reading a layer has already made sure of: a system in metres, known values of
        ``oneway``; or a closed row that is not in the layer.
    """
    code, classes = pd.factorize(lines["class"], sort=True)
    oneway = lines["oneway"].fillna("no") if "oneway" in lines else pd.Series("no", index=lines.index)
    shut = _labels(closed)
    _refuse(lines, profile, code, classes, oneway, shut)

    geometry = lines.geometry.to_numpy()
    broken = _not_a_line(geometry)
    banned = np.isin(code, [k for k, name in enumerate(classes) if name in profile.banned_classes])
    out = np.asarray(lines.index.isin(shut))
    keep = np.flatnonzero(~(broken | out | banned))

    parts, row_of_part = shapely.get_parts(geometry[keep], return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    vertex, place = _weld(xy)
    moved = (np.diff(vertex, prepend=-1) != 0) | (np.diff(part, prepend=-1) != 0)
    vertex, part = vertex[moved], part[moved]
    long = np.bincount(part, minlength=len(parts)) > 1
    vertex, part = vertex[long[part]], part[long[part]]

    start, end = _cut(vertex, part)
    node, ends = np.unique(np.concatenate([vertex[start], vertex[end]]), return_inverse=True)
    tail, head = ends.reshape(2, -1)
    size = end - start + 1
    offset = np.concatenate([[0], np.cumsum(size)])
    shape = place[vertex[np.arange(offset[-1]) + np.repeat(start - offset[:-1], size)]]
    length = _lengths(shape, offset)
    row = keep[row_of_part[part[start]]]
    speed = np.array([profile.speed_m_per_s(c) if c in profile.speeds_kmh else np.nan for c in classes])
    way = oneway.to_numpy()[row]
    forward, backward = way != "backward", way != "forward"
    weak, strong = _components(len(node), tail, head, forward, backward)
    return Network(
        crs=lines.crs,
        profile=profile,
        node_xy=place[node],
        tail=tail,
        head=head,
        length_m=length,
        duration_s=length / speed[code[row]],
        forward=forward,
        backward=backward,
        class_code=code[row],
        classes=tuple(classes),
        row=row,
        roads=pd.DataFrame(lines.drop(columns=lines.geometry.name)),
        xy=shape,
        offset=offset,
        weak=weak,
        strong=strong,
        ignored={
            "no_line": int(broken.sum()),
            "closed": int((out & ~broken).sum()),
            "banned": int((banned & ~broken & ~out).sum()),
            "zero_length": int((~long).sum()),
        },
    )


def _labels(closed: Closed) -> list[Hashable]:
    if isinstance(closed, pd.Series):
        return list(closed.index[closed.fillna(False).astype(bool)])
    return list(closed)


def _refuse(
    lines: gpd.GeoDataFrame,
    profile: RoadProfile,
    code: Ints,
    classes: pd.Index,
    oneway: pd.Series,
    shut: list[Hashable],
) -> None:
    """Raise what the caller should have seen to, then every unknown class of the layer at once."""
    crs = lines.crs
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_conversion_factor != 1:
        raise ProblemError(f"roads: a projected system in metres is needed, not {crs and crs.name}")
    wrong = sorted({str(value) for value in oneway.unique()} - set(ONEWAY))
    if wrong:
        raise ProblemError(f"roads: oneway must be one of {', '.join(ONEWAY)}, not {', '.join(wrong)}")
    strangers = [str(label) for label in shut if label not in lines.index]
    if strangers:
        raise ProblemError(f"roads: closed rows that are not in the layer: {', '.join(strangers)}")
    known = sorted({*profile.speeds_kmh, *profile.banned_classes})
    unknown = sorted(set(classes) - set(known)) + (["(empty)"] if (code < 0).any() else [])
    if unknown:
        facts: dict[str, object] = {
            "classes": ", ".join(unknown),
            "known": ", ".join(known),
            "rows": int((~lines["class"].isin(known)).sum()),
        }
        raise InputError([Fault("E-NET-001", "roads", facts)])


def _not_a_line(geometry: np.ndarray) -> Flags:
    """Rows without a usable line: missing, empty, another type, or a coordinate that is no number."""
    broken = ~np.isin(shapely.get_type_id(geometry), LINE_TYPES) | shapely.is_empty(geometry)
    xy, row = shapely.get_coordinates(geometry, return_index=True)
    broken[row[~np.isfinite(xy).all(axis=1)]] = True
    return np.asarray(broken, dtype=bool)


def _weld(xy: Floats) -> tuple[Ints, Floats]:
    """Vertex id of each coordinate and the place of each id (the first coordinate that had it)."""
    cell = np.rint(xy / NODE_GRID_M).astype(np.int64)
    cell -= cell.min(axis=0, initial=np.iinfo(np.int64).max)
    # One integer for both axes sorts ten times faster than pairs do; 2**63 cells of a centimetre
    # hold a square of 30,000 km.
    key = cell[:, 0] * (cell[:, 1].max(initial=0) + 1) + cell[:, 1]
    _, first, vertex = np.unique(key, return_index=True, return_inverse=True)
    return vertex, xy[first]


def _cut(vertex: Ints, part: Ints) -> tuple[Ints, Ints]:
    """First and last position of every stretch between two junctions."""
    is_node = np.bincount(vertex)[vertex] > 1
    is_node |= (np.diff(part, prepend=-1) != 0) | (np.diff(part, append=-1) != 0)
    start, end = _stretches(part, is_node)
    loop = vertex[start] == vertex[end]
    is_node[(start[loop] + end[loop]) // 2] = True
    return _stretches(part, is_node)


def _stretches(part: Ints, is_node: Flags) -> tuple[Ints, Ints]:
    at = np.flatnonzero(is_node)
    start, end = at[:-1], at[1:]
    same = part[start] == part[end]
    return start[same], end[same]


def _lengths(xy: Floats, offset: Ints) -> Floats:
    """Length of each polyline of a ragged array."""
    step = np.hypot(*np.diff(xy, axis=0, append=xy[-1:]).T)
    step[offset[1:] - 1] = 0.0  # from the last vertex of a line to the first of the next
    return np.add.reduceat(step, offset[:-1]) if len(step) else np.zeros(0)


def _components(nodes: int, tail: Ints, head: Ints, forward: Flags, backward: Flags) -> tuple[Ints, Ints]:
    origin = np.concatenate([tail[forward], head[backward]])
    target = np.concatenate([head[forward], tail[backward]])
    graph = csr_matrix((np.ones(len(origin)), (origin, target)), shape=(nodes, nodes))
    weak = connected_components(graph, directed=True, connection="weak")[1]
    strong = connected_components(graph, directed=True, connection="strong")[1]
    return weak.astype(np.int64), strong.astype(np.int64)
