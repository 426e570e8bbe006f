"""New vertices on old lines: where an end was joined to the inside of a line, or a crossing became a junction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis_wufei.network.crossings import Crossings
from gis_wufei.network.drawing import Drawing, weld
from gis_wufei.network.gaps import Joins, joint_xy
from gis_wufei.network.graph import Flags, Floats, Ints, runs


@dataclass(frozen=True, eq=False)
class Joints:
    """Vertices to be put on pieces, M of them."""

    piece: Ints
    """int[M]"""
    share: Floats
    """float[M], 0 = low vertex of the piece, 1 = its high one."""
    vertex: Ints


def of_gaps(drawing: Drawing, joins: Joins) -> tuple[Floats, Ints, Joints]:
    """Places with the new ones behind them, what each vertex becomes, and the joints of closed gaps."""
    inside = joins.vertex < 0
    fresh, spot = weld(joint_xy(drawing, joins)[inside])
    vertex = len(drawing.place) + fresh
    becomes = np.arange(len(drawing.place))
    becomes[joins.end[~inside]] = joins.vertex[~inside]
    becomes[joins.end[inside]] = vertex
    return np.concatenate([drawing.place, spot]), becomes, Joints(joins.piece[inside], joins.share[inside], vertex)


def of_crossings(place: Floats, becomes: Ints, cross: Crossings, split: Flags) -> tuple[Floats, Joints]:
    """The same for crossings that are made junctions: on both pieces, or on the one that a vertex touches."""
    touch, proper = split & (cross.vertex >= 0), split & (cross.vertex < 0)
    fresh, spot = weld(cross.xy[proper])
    new = len(place) + fresh
    joints = Joints(
        piece=np.concatenate([cross.piece[touch], cross.piece[proper], cross.other[proper]]),
        share=np.concatenate([cross.share[touch], cross.share[proper], cross.other_share[proper]]),
        vertex=np.concatenate([becomes[cross.vertex[touch]], new, new]),
    )
    return np.concatenate([place, spot]), joints


def insert(drawing: Drawing, vertex: Ints, *joints: Joints) -> tuple[Ints, Ints]:
    """Vertices and parts of the lines with the joints on every copy of their piece, in order along it."""
    piece = np.concatenate([joint.piece for joint in joints])
    share = np.concatenate([joint.share for joint in joints])
    added = np.concatenate([joint.vertex for joint in joints])
    order = np.lexsort((share, piece))
    piece, added = piece[order], added[order]
    count = np.bincount(piece, minlength=len(drawing.low))[drawing.piece]
    hit = np.flatnonzero(count)
    count = count[hit]
    first = np.searchsorted(piece, drawing.piece[hit])
    nth = runs(np.zeros_like(count), count)
    onward = drawing.vertex[drawing.at[hit]] == drawing.low[drawing.piece[hit]]
    from_start, from_end = np.repeat(first, count) + nth, np.repeat(first + count - 1, count) - nth
    chosen = added[np.where(np.repeat(onward, count), from_start, from_end)]
    where = np.repeat(drawing.at[hit] + 1, count)
    part = np.repeat(drawing.part[drawing.at[hit]], count)
    return np.insert(vertex, where, chosen), np.insert(drawing.part, where, part)
