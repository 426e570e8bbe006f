"""Drawn lines as numbered vertices and the straight pieces between them: what gaps and crossings are looked for in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from gis_wufei.network.graph import Flags, Floats, Ints

NODE_GRID_M = 0.01
"""Vertices that round to the same centimetre are one."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """L lines of P vertices in all at V places, and their U different straight pieces between two vertices."""

    place: Floats
    """float[V, 2], metres."""
    vertex: Ints
    """int[P], place number along the lines, line after line, none twice in a row."""
    part: Ints
    """int[P], ascending: the line of each."""
    grade: Ints
    """int[L], lines that may meet have the same: level, bridge and tunnel together as one number."""

    @cached_property
    def at(self) -> Ints:
        """int[S], positions p where a piece runs from vertex p to vertex p + 1."""
        return np.flatnonzero(self.part[:-1] == self.part[1:])

    @cached_property
    def _pieces(self) -> tuple[Ints, Ints, Ints]:
        a, b = self.vertex[self.at], self.vertex[self.at + 1]
        key = np.minimum(a, b) * len(self.place) + np.maximum(a, b)
        return np.unique(key, return_index=True, return_inverse=True)

    @property
    def piece(self) -> Ints:
        """int[S], number of the piece at each position of ``at``; copies of a road share their pieces."""
        return self._pieces[2]

    @cached_property
    def low(self) -> Ints:
        """int[U]"""
        return self._pieces[0] // max(len(self.place), 1)

    @cached_property
    def high(self) -> Ints:
        """int[U], greater than ``low``."""
        return self._pieces[0] % max(len(self.place), 1)

    @cached_property
    def part_of(self) -> Ints:
        """int[U], the first line that has the piece."""
        return self.part[self.at[self._pieces[1]]]

    @cached_property
    def length_m(self) -> Floats:
        """float[U]"""
        return np.asarray(np.hypot(*(self.place[self.high] - self.place[self.low]).T))

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The boxes of the pieces, a centimetre wider on all sides."""
        a, b = self.place[self.low], self.place[self.high]
        least, most = np.minimum(a, b) - NODE_GRID_M, np.maximum(a, b) + NODE_GRID_M
        return shapely.STRtree(boxes(least, most))

    @cached_property
    def degree(self) -> Ints:
        """int[V], different pieces that end at each place."""
        return np.bincount(np.concatenate([self.low, self.high]), minlength=len(self.place))

    @cached_property
    def end_part(self) -> Ints:
        """int[V], the first line that begins or ends at each place; -1 = none does."""
        ends = (np.diff(self.part, prepend=-1) != 0) | (np.diff(self.part, append=-1) != 0)
        part = np.full(len(self.place), -1)
        at = np.flatnonzero(ends)[::-1]
        part[self.vertex[at]] = self.part[at]
        return part

    @cached_property
    def adjacency(self) -> csr_matrix:
        """float[V, V], lengths of the pieces, both ways."""
        row, col = np.concatenate([self.low, self.high]), np.concatenate([self.high, self.low])
        return csr_matrix((np.tile(self.length_m, 2), (row, col)), shape=(len(self.place),) * 2)


def weld(xy: Floats) -> tuple[Ints, Floats]:
    """Number of each coordinate and the place of each number (the first coordinate that had it)."""
    cell = np.rint(xy / NODE_GRID_M).astype(np.int64)
    cell -= cell.min(axis=0, initial=np.iinfo(np.int64).max)
    # One integer for both axes sorts ten times faster than pairs do; 2**63 cells of a centimetre
    # hold a square of 30,000 km.
    key = cell[:, 0] * (cell[:, 1].max(initial=0) + 1) + cell[:, 1]
    _, first, vertex = np.unique(key, return_index=True, return_inverse=True)
    return vertex, xy[first]


def boxes(least: Floats, most: Floats) -> NDArray[np.object_]:
    """Geometries with these boxes, for searches by box alone: a diagonal is made ten times faster than a polygon."""
    diagonals: NDArray[np.object_] = shapely.linestrings(np.stack([least, most], axis=1))
    return diagonals


def compact(vertex: Ints, part: Ints) -> Flags:
    """Positions to keep so that no line has the same vertex twice in a row."""
    return np.asarray((np.diff(vertex, prepend=-1) != 0) | (np.diff(part, prepend=-1) != 0))


class Nearby:
    """Ways along the drawing from each of K places, as far as a limit: who is reached, and how far it is."""

    def __init__(self, drawing: Drawing, source: Ints, limit_m: Floats) -> None:
        self._size = len(drawing.place)
        self._key, self._far = _balls(drawing.adjacency, source, limit_m)

    def distance(self, source: Ints, vertex: Ints) -> Floats:
        """Metres along the drawing from source number k to a vertex; inf = beyond the limit."""
        if not len(self._key):
            return np.full(len(source), np.inf)
        key = source * self._size + vertex
        at = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
        return np.where(self._key[at] == key, self._far[at], np.inf)


def _balls(graph: csr_matrix, source: Ints, limit_m: Floats) -> tuple[Ints, Floats]:
    """Label-correcting search from all sources at once: each round moves all frontiers by one piece.

    Balls of some tens of metres hold a few vertices each; whole arrays a round beat a heap for each source.
    """
    size = graph.shape[0]
    first, near, weight = graph.indptr.astype(np.int64), graph.indices.astype(np.int64), graph.data
    key = np.arange(len(source)) * size + source
    far: NDArray[np.float64] = np.zeros(len(source))
    front, gone = key, far
    while len(front):
        who, here = np.divmod(front, size)
        count = first[here + 1] - first[here]
        arc = np.arange(count.sum()) + np.repeat(first[here] - (np.cumsum(count) - count), count)
        who = np.repeat(who, count)
        reach, metres = who * size + near[arc], np.repeat(gone, count) + weight[arc]
        within = metres <= limit_m[who]
        reach, metres = reach[within], metres[within]
        order = np.lexsort((metres, reach))
        order = order[np.diff(reach[order], prepend=-1) != 0]
        reach, metres = reach[order], metres[order]
        at = np.searchsorted(key, reach)
        known = key[np.minimum(at, len(key) - 1)] == reach
        better = ~known
        better[known] = metres[known] < far[at[known]] - 1e-9
        far[at[known & better]] = metres[known & better]
        new = ~known
        key, far = np.insert(key, at[new], reach[new]), np.insert(far, at[new], metres[new])
        front, gone = reach[better], metres[better]
    return key, far
