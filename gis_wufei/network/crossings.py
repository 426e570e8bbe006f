"""Lines that cross or touch without a common vertex: a bridge, or a junction that nobody drew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis_wufei.network.drawing import NODE_GRID_M, Drawing
from gis_wufei.network.graph import Flags, Floats, Ints


@dataclass(frozen=True, eq=False)
class Crossings:
    """K places where two pieces meet without sharing a vertex."""

    piece: Ints
    """int[K]"""
    other: Ints
    share: Floats
    """float[K], place on ``piece``, 0 = its low vertex, 1 = its high one."""
    other_share: Floats
    """float[K], on ``other``; nan where ``vertex`` lies there already."""
    vertex: Ints
    """int[K], a vertex of ``other`` that touches ``piece``; -1 = a proper crossing."""
    xy: Floats
    """float[K, 2]"""
    same_grade: Flags
    """bool[K], same level, bridge and tunnel state."""
    line_ends: Flags
    """bool[K], ``vertex`` is the end of a line."""


def find_crossings(drawing: Drawing, place: Floats, becomes: Ints) -> Crossings:
    """Every crossing and touch of the drawing.

    Parameters
    ----------
    drawing
        As it was drawn.
    place
        float[V, 2], where its vertices lie now that gaps are closed.
    becomes
        int[V], the vertex that each has become, or a number beyond V for a new one: pieces that share one meet already.
    """
    piece, other = _boxes_that_meet(drawing)
    ends = np.stack([drawing.low[piece], drawing.high[piece], drawing.low[other], drawing.high[other]])
    now = becomes[ends]
    apart = (now[:2, None] != now[None, 2:]).all(axis=(0, 1))
    piece, other, ends = piece[apart], other[apart], ends[:, apart]
    a, b, c, d = place[ends]
    run, way = b - a, d - c
    length, across = np.hypot(*run.T), np.hypot(*way.T)
    # Signed distances of the ends of each from the line through the other.
    with np.errstate(divide="ignore", invalid="ignore"):
        off_c, off_d = _cross(run, c - a) / length, _cross(run, d - a) / length
        off_a, off_b = _cross(way, a - c) / across, _cross(way, b - c) / across
        share, other_share = off_a / (off_a - off_b), off_c / (off_c - off_d)
    far = np.minimum.reduce(np.abs([off_a, off_b, off_c, off_d])) > NODE_GRID_M
    proper = np.flatnonzero(far & (off_a * off_b < 0) & (off_c * off_d < 0))
    spot = a[proper] + share[proper, None] * run[proper]
    found = [(piece[proper], other[proper], share[proper], other_share[proper], np.full(len(proper), -1), spot)]
    sides = ((piece, other, a, run, length, (c, off_c), 2), (piece, other, a, run, length, (d, off_d), 3))
    turned = ((other, piece, c, way, across, (a, off_a), 0), (other, piece, c, way, across, (b, off_b), 1))
    for on, by, start, along, size, (tip, off), which in (*sides, *turned):
        with np.errstate(divide="ignore", invalid="ignore"):
            at = ((tip - start) * along).sum(axis=1) / size
        hit = np.flatnonzero((np.abs(off) <= NODE_GRID_M) & (at > NODE_GRID_M) & (at < size - NODE_GRID_M))
        nothing = np.full(len(hit), np.nan)
        found.append((on[hit], by[hit], at[hit] / size[hit], nothing, ends[which, hit], tip[hit]))
    return _told(drawing, found)


def _told(drawing: Drawing, found: list[tuple[Ints, Ints, Floats, Floats, Ints, Floats]]) -> Crossings:
    piece, other, share, other_share, vertex, xy = (np.concatenate(column) for column in zip(*found, strict=True))
    # Two pieces meet at a vertex that touches a third: told once.
    order = np.lexsort((other, piece, vertex))
    first = np.ones(len(order), bool)
    same = (np.diff(vertex[order]) == 0) & (np.diff(piece[order]) == 0) & (vertex[order][1:] >= 0)
    first[1:] = ~same
    keep = np.sort(order[first])
    piece, other, vertex = piece[keep], other[keep], vertex[keep]
    grade = drawing.grade[drawing.part_of]
    same_grade = grade[piece] == grade[other]
    ends = np.zeros(len(keep), bool)
    touching = vertex >= 0
    ends[touching] = drawing.end_part[vertex[touching]] >= 0
    # An end belongs to the line that ends there, not to whichever piece was met first.
    same_grade[ends] = grade[piece[ends]] == drawing.grade[drawing.end_part[vertex[ends]]]
    return Crossings(piece, other, share[keep], other_share[keep], vertex, xy[keep], same_grade, ends)


def _boxes_that_meet(drawing: Drawing) -> tuple[Ints, Ints]:
    """Pairs of pieces whose boxes come within a centimetre, the lower number first."""
    piece, other = drawing.tree.query(drawing.tree.geometries)
    keep = piece < other
    return piece[keep].astype(np.int64), other[keep].astype(np.int64)


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
