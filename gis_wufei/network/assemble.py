"""Polylines with numbered vertices become a road graph: cut at their junctions, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pyproj import CRS

from gis_wufei.network.graph import MENDED, Flags, Floats, Ints, RoadGraph, runs, segments_length


def assemble(
    crs: CRS,
    place: Floats,
    vertex: Ints,
    part: Ints,
    row_of_part: Ints,
    roads: pd.DataFrame,
    ignored: Mapping[str, int] | None = None,
    mended: pd.DataFrame | None = None,
) -> RoadGraph:
    """Cut lines at their junctions.

    A junction is a vertex shared by two lines, or used twice by one, or the end of a line; the
    vertices between are shape only. A closed lane that hangs on one junction is cut once more in
    its middle, so that it stays a street one can live on.

    Parameters
    ----------
    crs
        A projected system in metres.
    place
        float[V, 2], where each vertex number lies.
    vertex
        int[P], vertex number along the lines, line after line.
    part
        int[P], ascending: which line a vertex belongs to. Lines of a single vertex are dropped.
    row_of_part
        int[L], row of ``roads`` of each line.
    roads
        Attributes; columns ``class`` and optional ``oneway`` (no, forward, backward against the
        drawing; missing = no).
    ignored, mended
        What happened on the way here, see ``RoadGraph``.
    """
    moved = (np.diff(vertex, prepend=-1) != 0) | (np.diff(part, prepend=-1) != 0)
    vertex, part = vertex[moved], part[moved]
    long = np.bincount(part, minlength=len(row_of_part)) > 1
    vertex, part = vertex[long[part]], part[long[part]]

    start, end = _cut(vertex, part)
    node, ends = np.unique(np.concatenate([vertex[start], vertex[end]]), return_inverse=True)
    tail, head = ends.reshape(2, -1)
    size = end - start + 1
    offset = np.concatenate([[0], np.cumsum(size)])
    xy = place[vertex[runs(start, size)]]
    row = row_of_part[part[start]]
    code, classes = pd.factorize(roads["class"], sort=True)
    way = roads["oneway"].fillna("no").to_numpy()[row] if "oneway" in roads else np.full(len(row), "no")
    left_out = dict(ignored or {})
    left_out["zero_length"] = left_out.get("zero_length", 0) + int((~long).sum())
    return RoadGraph(
        crs=crs,
        node_xy=place[node],
        tail=tail.astype(np.int64),
        head=head.astype(np.int64),
        length_m=segments_length(xy, offset),
        forward=np.asarray(way != "backward", dtype=bool),
        backward=np.asarray(way != "forward", dtype=bool),
        class_code=code[row].astype(np.int64),
        classes=tuple(classes),
        row=row,
        roads=roads,
        xy=xy,
        offset=offset.astype(np.int64),
        ignored=left_out,
        mended=pd.DataFrame(MENDED) if mended is None else mended,
    )


def _cut(vertex: Ints, part: Ints) -> tuple[Ints, Ints]:
    """First and last position of every stretch between two junctions."""
    is_node = np.bincount(vertex)[vertex] > 1 if len(vertex) else np.zeros(0, bool)
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
