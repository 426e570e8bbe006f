"""The road graph as plain tables: junctions, edges and their polylines; what any vehicle finds on the ground."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class TurnBans:
    """Ways through the graph that may not be driven, K of them.

    Ban k forbids driving the arcs ``offset[k]:offset[k + 1]`` one after the other: two arcs at a
    junction, more where the ban runs over a street between two junctions. An arc is an edge and a
    way of travel. A "only that way" sign is told as the bans of all other ways.
    """

    offset: Ints
    """int[K + 1]"""
    edge: Ints
    forward: Flags
    """Of each arc: the edge, and whether it is driven as it was drawn."""
    exempt: tuple[frozenset[str], ...] = ()
    """Of each ban: the vehicle words (hgv, bus, goods ...) that it does not hold for; () = nobody is exempt."""
    only_for: tuple[frozenset[str], ...] = ()
    """Of each ban: the vehicle words that it holds for alone; an empty set = everybody."""
    source: tuple[str, ...] = ()
    """Of each ban: what told it, e.g. ``relation 1234``."""

    def __len__(self) -> int:
        return len(self.offset) - 1


def no_turn_bans() -> TurnBans:
    """Every turn allowed."""
    return TurnBans(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """Roads between junctions, the same for all vehicles.

    N nodes, E edges, R rows of the road layer, P vertices of all edges together. An edge runs from
    ``tail`` to ``head`` as it was drawn; ``forward`` and ``backward`` say which ways the sign allows,
    at least one. Parallel edges are kept; no edge begins and ends at the same node, none has no length.
    """

    crs: CRS
    node_xy: Floats
    """float[N, 2], metres, x east."""
    tail: Ints
    head: Ints
    length_m: Floats
    """float[E], in the plane of ``crs``."""
    forward: Flags
    backward: Flags
    class_code: Ints
    """int[E], position in ``classes``; -1 = none."""
    classes: tuple[str, ...]
    row: Ints
    """int[E], position of the row in ``roads`` from which the edge was cut."""
    roads: pd.DataFrame
    """The attributes of the road layer, index and order as given."""
    xy: Floats
    """float[P, 2], vertices of edge e at ``xy[offset[e]:offset[e + 1]]``."""
    offset: Ints
    turns: TurnBans = field(default_factory=no_turn_bans)
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Rows or parts left out, by cause: no_line, zero_length, duplicate ..."""
    mended: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(MENDED))
    """What was changed or looks wrong on the way from lines to graph: one row each, see ``MENDED``."""
    tolerance_m: float = 0.0
    """Largest gap between ends of lines that was closed."""
    prepared: dict[str, object] = field(default_factory=dict, repr=False, init=False)
    """Memory of the engine: what was computed from the graph alone is computed once."""

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """The polyline of every edge, shapely LineString[E]."""
        edge = np.repeat(np.arange(len(self.tail)), np.diff(self.offset))
        lines: NDArray[np.object_] = shapely.linestrings(self.xy, indices=edge)
        return lines

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the topology, the signs and the turn bans: equal graphs share a prepared hierarchy."""
        told = hashlib.sha256()
        for array in (self.node_xy, self.tail, self.head, self.forward, self.backward):
            told.update(np.ascontiguousarray(array).tobytes())
        for array in (self.turns.offset, self.turns.edge, self.turns.forward):
            told.update(np.ascontiguousarray(array).tobytes())
        return told.hexdigest()

    @cached_property
    def twins(self) -> Ints:
        """int[E]: edges that lie on one another (a road drawn once for each way) share a number, others have -1.

        Only straight edges between the same two nodes can be told apart from mere parallels for certain,
        and noding leaves copies of a road as such.
        """
        low, high = np.minimum(self.tail, self.head), np.maximum(self.tail, self.head)
        straight = np.diff(self.offset) == 2
        key = np.where(straight, low * len(self.node_xy) + high, -1)
        _, group, count = np.unique(key, return_inverse=True, return_counts=True)
        return np.where(straight & (count[group] > 1), group, -1)

    @cached_property
    def along(self) -> Floats:
        """float[P], metres from the begin of its edge to each vertex."""
        step = np.append(0.0, np.hypot(*np.diff(self.xy, axis=0).T))
        step[self.offset[:-1]] = 0.0
        run = np.cumsum(step)
        return np.asarray(run - np.repeat(run[self.offset[:-1]], np.diff(self.offset)))

    @cached_property
    def begin_m(self) -> Floats:
        """float[E], metres of all edges before each: with ``along`` one rising line through all vertices."""
        return np.concatenate([[0.0], np.cumsum(self.length_m)[:-1]]) if len(self.length_m) else np.zeros(0)

    @property
    def degree(self) -> Ints:
        """int[N], edge ends at each node."""
        return np.bincount(np.concatenate([self.tail, self.head]), minlength=len(self.node_xy))


MENDED: dict[str, list[object]] = {"kind": [], "x": [], "y": [], "size_m": [], "row": [], "other_row": []}
"""Columns of ``RoadGraph.mended``: what it was (gap_closed, duplicate, near_miss, crossing ...), where (x, y
in the graph's system), how large (metres), and the row labels of the road layer concerned."""


def runs(first: Ints, count: Ints) -> Ints:
    """The positions ``first[k], first[k] + 1, ...``, ``count[k]`` of them, for every k one after the other."""
    before = np.cumsum(count) - count
    return np.asarray(np.arange(int(count.sum())) + np.repeat(first - before, count), dtype=np.int64)


def segments_length(xy: Floats, offset: Ints) -> Floats:
    """Length of each polyline of a ragged array."""
    step = np.hypot(*np.diff(xy, axis=0, append=xy[-1:]).T)
    step[offset[1:] - 1] = 0.0  # from the last vertex of a line to the first of the next
    return np.add.reduceat(step, offset[:-1]) if len(step) else np.zeros(0)
