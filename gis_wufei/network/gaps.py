"""Ends of lines that stop short of the road they belong to: found, told from true dead ends, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gis_wufei.network.drawing import NODE_GRID_M, Drawing, Nearby, boxes
from gis_wufei.network.graph import Flags, Floats, Ints

LEAST_M, MOST_M = 0.05, 10.0
"""Bounds of any tolerance: below lies the noise of formats, above the distance between two carriageways."""

USUAL_M = 2.5
"""Tolerance where the data tell nothing: a dead end cannot lie nearer to another road than half the widths of both.
Measured on two countries of OSM (5,500 km of roads, 9,000 dead ends): of the ends that lie within 50 m of a road and
more than a short way round from it, 10 a metre of distance lie below 2.5 m, 90 a metre beyond 8 m."""

OPEN_M, FAR_M = 8.0, 50.0
"""From here on dead ends are as frequent at any distance, which tells their rate; same measurement."""

ROUND = 4.0
"""An end is as good as joined where the way round is no more than so many times the gap: a stub beside its own road."""

NEAR = 5.0
"""A near miss is no farther than so many times the tolerance ..."""

NEAR_ROUND_M = 250.0
"""... and has a longer way round than this, or none: a block. (Choice of the design.)"""


BLOCK = 20_000
"""Ends whose surroundings are held at once: some hundred vertices each, about 100 MB."""


@dataclass(frozen=True, eq=False)
class Reach:
    """Pairs of a dangling end and a piece near it that it is not joined to already; nearest first for each end."""

    end: Ints
    """int[K], position in the list of ends."""
    piece: Ints
    gap_m: Floats
    share: Floats
    """float[K], where on the piece its nearest point lies, 0 = its low vertex, 1 = its high one."""
    vertex: Ints
    """int[K], the end of the piece that is nearer."""
    vertex_m: Floats
    round_m: Floats
    """float[K], way round along the drawing; inf = longer than was looked for."""
    inside: Flags
    """bool[K], same level, bridge and tunnel state: the end may be joined to any place of the line."""
    at_vertex: Flags
    """bool[K], the same, or the vertex is the end of a line: it may be joined to the vertex."""


@dataclass(frozen=True, eq=False)
class Joins:
    """Which end goes where."""

    end: Ints
    """int[J], vertex that moves."""
    vertex: Ints
    """int[J], vertex that it becomes; -1 = a new one on ``piece``."""
    piece: Ints
    share: Floats
    gap_m: Floats
    other: Ints
    """int[J], line that it is joined to."""


@dataclass(frozen=True, eq=False)
class NearMisses:
    """Which end (vertex) stops how far from which piece."""

    vertex: Ints
    piece: Ints
    gap_m: Floats


def dangling(drawing: Drawing) -> Ints:
    """Vertices where the drawing ends: a single piece leads there, however often it was drawn."""
    return np.flatnonzero(drawing.degree == 1)


def reach(drawing: Drawing, ends: Ints, radius_m: float, round_m: float) -> Reach:
    """Pieces within ``radius_m`` of each end to which no way leads that is short for the gap.

    ``round_m`` is how far the way round is followed. Lines of another level, bridge or tunnel may be met at
    their ends only.
    """
    at = drawing.place[ends]
    end, piece = drawing.tree.query(boxes(at - radius_m, at + radius_m))
    share, gap = _foot(drawing, at[end], piece)
    near = gap <= radius_m
    order = np.flatnonzero(near)[np.argsort(end[near], kind="stable")]
    end, piece, share, gap = end[order], piece[order], share[order], gap[order]
    to_low = np.hypot(*(at[end] - drawing.place[drawing.low[piece]]).T)
    to_high = np.hypot(*(at[end] - drawing.place[drawing.high[piece]]).T)
    vertex = np.where(to_low <= to_high, drawing.low[piece], drawing.high[piece])
    way = np.empty(len(end))
    for begin in range(0, len(ends), BLOCK):
        block = slice(*np.searchsorted(end, [begin, begin + BLOCK]))
        low, high, part = drawing.low[piece[block]], drawing.high[piece[block]], share[block]
        around = Nearby(drawing, ends[begin : begin + BLOCK], np.full(len(ends[begin : begin + BLOCK]), round_m))
        size = drawing.length_m[piece[block]]
        from_low = around.distance(end[block] - begin, low) + part * size
        way[block] = np.minimum(from_low, around.distance(end[block] - begin, high) + (1 - part) * size)
    same = drawing.grade[drawing.part_of[piece]] == drawing.grade[drawing.end_part[ends[end]]]
    keep = np.flatnonzero((way > ROUND * gap + NODE_GRID_M) & (gap <= radius_m))
    keep = keep[np.lexsort((piece[keep], gap[keep], end[keep]))]
    ends_there = drawing.end_part[vertex] >= 0
    told: tuple[Any, ...] = (end, piece, gap, share, vertex, np.minimum(to_low, to_high), way, same, same | ends_there)
    return Reach(*(column[keep] for column in told))


def _foot(drawing: Drawing, xy: Floats, piece: Ints) -> tuple[Floats, Floats]:
    """Where on its piece the nearest point to each of K places lies (0 = low vertex), and how far it is."""
    a = drawing.place[drawing.low[piece]]
    run = drawing.place[drawing.high[piece]] - a
    share = np.clip(((xy - a) * run).sum(axis=1) / drawing.length_m[piece] ** 2, 0.0, 1.0)
    return share, np.hypot(*(xy - a - share[:, None] * run).T)


def tolerance(gap_m: Floats) -> float:
    """The gap up to which ends are joined, from the distances of dangling ends to what they might belong to.

    Real dead ends are equally frequent at any distance beyond ``OPEN_M`` and hardly occur below ``USUAL_M``
    (their rate is taken to rise evenly between). Errors of drawing come on top, at small distances. So the
    tolerance is ``USUAL_M``, or the largest distance up to ``MOST_M`` at which ends are more than twice as
    frequent as dead ends explain - that is, where an end is more probably an error than a dead end - and then
    half way into the void behind it.

    Notes
    -----
    A change of rate in a mixture of two point processes; twice the expected count and two standard deviations of a
    Poisson count more, in windows that grow by a quarter.
    """
    gap = np.sort(gap_m[np.isfinite(gap_m)])
    rate = (np.count_nonzero((gap > MOST_M) & (gap <= FAR_M)) + 10.0) / (FAR_M - MOST_M)
    edges = [USUAL_M]
    while edges[-1] < MOST_M:
        edges.append(min(edges[-1] * 1.25, MOST_M))
    count = np.diff(np.searchsorted(gap, edges, side="right"))
    expected = rate * np.diff([_dead_ends(edge) for edge in edges])
    best = USUAL_M
    for k in range(len(count)):
        for seen, due in ((count[k], expected[k]), (count[: k + 1].sum(), expected[: k + 1].sum())):
            if seen <= 2 * due + 2 * np.sqrt(due) + 1:
                break
        else:
            best = float(gap[gap <= edges[k + 1]][-1])
    beyond = gap[gap > best]
    void = float(np.sqrt(best * beyond[0])) if len(beyond) else best * 1.1
    return float(np.clip(min(void, best * 1.1), LEAST_M, MOST_M))


def _dead_ends(distance_m: float) -> float:
    """Dead ends up to a distance, in units of their rate in the open: none, then rising evenly, then one a metre."""
    ramp = np.clip(distance_m - USUAL_M, 0.0, OPEN_M - USUAL_M)
    return float(ramp**2 / (2 * (OPEN_M - USUAL_M)) + max(distance_m - OPEN_M, 0.0))


def choose(drawing: Drawing, ends: Ints, near: Reach, tolerance_m: float) -> Joins:
    """Where each end goes: to another dangling end, a vertex, or the inside of a line, within the tolerance.

    Ends of several lines near one another become one. An end goes to the vertex of the nearest line that is within the
    tolerance, unless it touches the line already, else to the nearest point. No end is drawn onto its own
    line's other end where nothing of the line would be left.
    """
    is_end = np.full(len(drawing.place), -1)
    is_end[ends] = np.arange(len(ends))
    touch = near.inside & (near.gap_m <= NODE_GRID_M)
    by_vertex = near.at_vertex & (near.vertex_m <= tolerance_m) & (~touch | (near.vertex_m <= LEAST_M))
    # Of a piece both of whose ends are within the tolerance, the dangling one is meant.
    far_end = drawing.low[near.piece] + drawing.high[near.piece] - near.vertex
    far_m = np.hypot(*(drawing.place[far_end] - drawing.place[ends[near.end]]).T)
    flip = by_vertex & (is_end[near.vertex] < 0) & (is_end[far_end] >= 0) & (far_m <= tolerance_m)
    target = np.where(flip, far_end, near.vertex)

    pair = by_vertex & (is_end[target] >= 0)
    a, b = near.end[pair], is_end[target[pair]]
    group = connected_components(csr_matrix((np.ones(len(a)), (a, b)), shape=(len(ends),) * 2), directed=False)[1]

    anchor = np.flatnonzero(~pair & (by_vertex | (near.inside & (near.gap_m <= tolerance_m))))
    anchor = anchor[~_behind(drawing, ends, near, anchor, a, b, tolerance_m)]
    first = anchor[np.diff(near.end[anchor], prepend=-1) != 0]
    mine = np.full(len(ends), -1)
    mine[near.end[first]] = first
    # A group with a road under it goes there: each end to its own road, the others to the nearest that has one.
    held = np.flatnonzero(mine >= 0)
    held = held[np.lexsort((near.gap_m[mine[held]], group[held]))]
    lead = held[np.diff(group[held], prepend=-1) != 0]
    leader = np.full(len(ends), -1)
    leader[group[lead]] = mine[lead]
    join = np.where(mine >= 0, mine, leader[group])

    size = np.bincount(group, minlength=len(ends))
    loose = np.flatnonzero((join < 0) & (size[group] > 1))
    chief = np.full(len(ends), len(ends))
    np.minimum.at(chief, group[loose], loose)
    loose = loose[chief[group[loose]] != loose]

    who = np.flatnonzero(join >= 0)
    via = join[who]
    to_vertex = by_vertex[via]
    to = chief[group[loose]]
    moved = Joins(
        end=np.concatenate([ends[who], ends[loose]]),
        vertex=np.concatenate([np.where(to_vertex, target[via], -1), ends[to]]),
        piece=np.concatenate([near.piece[via], np.full(len(loose), -1)]),
        share=np.concatenate([near.share[via], np.zeros(len(loose))]),
        gap_m=np.zeros(len(who) + len(loose)),
        other=np.concatenate([drawing.part_of[near.piece[via]], drawing.end_part[ends[to]]]),
    )
    gap = np.hypot(*(joint_xy(drawing, moved) - drawing.place[moved.end]).T)
    return _spare(drawing, Joins(moved.end, moved.vertex, moved.piece, moved.share, gap, moved.other))


def joint_xy(drawing: Drawing, joins: Joins) -> Floats:
    """Where each end goes, float[J, 2]."""
    a, b = drawing.place[drawing.low[joins.piece]], drawing.place[drawing.high[joins.piece]]
    foot = a + joins.share[:, None] * (b - a)
    return np.where((joins.vertex >= 0)[:, None], drawing.place[joins.vertex], foot)


def _behind(drawing: Drawing, ends: Ints, near: Reach, anchor: Ints, a: Ints, b: Ints, tolerance_m: float) -> Flags:
    """Anchors that are only the road behind another dangling end: joining the two ends joins that road, too."""
    behind = np.zeros(len(anchor), bool)
    if not len(a) or not len(anchor):
        return behind
    around = Nearby(drawing, ends, np.where(np.isin(np.arange(len(ends)), b), ROUND * tolerance_m, -1.0))
    order = np.argsort(a, kind="stable")
    a, b = a[order], b[order]
    begin, end = np.searchsorted(a, near.end[anchor]), np.searchsorted(a, near.end[anchor], side="right")
    for k in range(int((end - begin).max(initial=0))):
        have = np.flatnonzero(begin + k < end)
        other = b[begin[have] + k]
        piece = near.piece[anchor[have]]
        way = np.minimum(around.distance(other, drawing.low[piece]), around.distance(other, drawing.high[piece]))
        behind[have[np.isfinite(way)]] = True
    return behind


def _spare(drawing: Drawing, joins: Joins) -> Joins:
    """Without the joins that would leave nothing of a line: of its two ends on one spot the farther stays."""
    final = np.arange(len(drawing.place))
    final[joins.end] = np.where(joins.vertex >= 0, joins.vertex, -1 - joins.piece)
    first = np.flatnonzero(np.diff(drawing.part, prepend=-1) != 0)
    last = np.flatnonzero(np.diff(drawing.part, append=-1) != 0)
    a, b = drawing.vertex[first], drawing.vertex[last]
    moved = np.full(len(drawing.place), -1)
    moved[joins.end] = np.arange(len(joins.end))
    length = np.zeros(len(first))
    step = drawing.length_m[drawing.piece]
    np.add.at(length, drawing.part[drawing.at], step)
    reach_m = np.zeros(len(drawing.place))
    reach_m[joins.end] = joins.gap_m
    short = (a != b) & (final[a] == final[b]) & (length <= ROUND * (reach_m[a] + reach_m[b]))
    drop = np.where(reach_m[a] > reach_m[b], a, b)[short]
    keep = ~np.isin(joins.end, drop)
    return Joins(*(getattr(joins, name)[keep] for name in ("end", "vertex", "piece", "share", "gap_m", "other")))


def near_misses(drawing: Drawing, ends: Ints, near: Reach, tolerance_m: float, joins: Joins) -> NearMisses:
    """Ends that were not joined although a road is near and the way round is long; the nearest road of each."""
    done = np.isin(ends[near.end], np.concatenate([joins.end, joins.vertex]))
    at = np.flatnonzero(~done & (near.gap_m <= NEAR * tolerance_m) & (near.round_m > NEAR_ROUND_M))
    at = at[np.diff(near.end[at], prepend=-1) != 0]
    return NearMisses(ends[near.end[at]], near.piece[at], near.gap_m[at])


def still_missed(drawing: Drawing, missed: NearMisses, becomes: Ints, mended: Drawing) -> NearMisses:
    """Those whose way round is long in the mended drawing, too."""
    around = Nearby(mended, becomes[missed.vertex], np.full(len(missed.vertex), NEAR_ROUND_M))
    source = np.arange(len(missed.vertex))
    ways = [around.distance(source, becomes[end[missed.piece]]) for end in (drawing.low, drawing.high)]
    keep = ~np.isfinite(np.minimum(*ways))
    return NearMisses(missed.vertex[keep], missed.piece[keep], missed.gap_m[keep])
