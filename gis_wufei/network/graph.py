"""The road network as plain tables: nodes, edges and their polylines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.network.profile import RoadProfile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class NetworkReport:
    """What the network is made of and where it may be broken."""

    nodes: int
    edges: int
    length_km: float
    km_by_class: dict[str, float]
    components: int
    """Pieces with no road between them."""
    share_in_largest: float
    """Share of the length (0-1) in the largest piece."""
    share_mutually_reachable: float
    """Share of the length (0-1) in the largest part where every node can reach every other."""
    dead_ends: int
    """Nodes at the end of a single edge; many mean gaps in the layer."""
    ignored: dict[str, int]
    """Rows or parts left out, by cause: no_line, closed, banned, zero_length."""


@dataclass(frozen=True, eq=False)
class Network:
    """Roads between junctions, for one profile.

    N nodes, E edges, R rows of the road layer, P vertices of all edges together. An edge runs from
    ``tail`` to ``head`` as it was drawn; ``forward`` and ``backward`` say which ways may be driven,
    at least one. Parallel edges are kept; no edge begins and ends at the same node.
    """

    crs: CRS
    profile: RoadProfile
    node_xy: Floats
    """float[N, 2], metres, x east."""
    tail: Ints
    head: Ints
    length_m: Floats
    duration_s: Floats
    """float[E], end to end at the speed of the class; the same both ways."""
    forward: Flags
    backward: Flags
    class_code: Ints
    """int[E], position in ``classes``."""
    classes: tuple[str, ...]
    row: Ints
    """int[E], position of the row in ``roads`` from which the edge was cut."""
    roads: pd.DataFrame
    """The attributes of the road layer, index and order as given."""
    xy: Floats
    """float[P, 2], vertices of edge e at ``xy[offset[e]:offset[e + 1]]``."""
    offset: Ints
    weak: Ints
    """int[N], piece of the network, one-ways disregarded."""
    strong: Ints
    """int[N], part within which every node can reach every other."""
    ignored: dict[str, int]

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """The polyline of every edge, shapely LineString[E]."""
        edge = np.repeat(np.arange(len(self.tail)), np.diff(self.offset))
        lines: NDArray[np.object_] = shapely.linestrings(self.xy, indices=edge)
        return lines

    @cached_property
    def part_share(self) -> Floats:
        """float[E]: share of all length in the part, where every node can reach every other, of an edge.

        0 for an edge between two such parts: what drives there may not come back.
        """
        part = np.where(self.strong[self.tail] == self.strong[self.head], self.strong[self.tail], -1)
        length = np.bincount(part + 1, self.length_m, minlength=1)
        length[0] = 0.0
        return np.asarray(length[part + 1] / max(float(self.length_m.sum()), 1e-9))

    @property
    def in_main_part(self) -> Flags:
        """bool[E]: the edge lies in the longest part where every node can reach every other."""
        return np.asarray((self.part_share > 0) & (self.part_share == self.part_share.max(initial=0.0)))

    def report(self) -> NetworkReport:
        """Counts and lengths for the reader of the plan."""
        total = float(self.length_m.sum())
        km = np.bincount(self.class_code, self.length_m, minlength=len(self.classes)) / 1000
        weak = self.weak[self.tail]
        largest = self.length_m[weak == _longest(weak, self.length_m)].sum()
        degree = np.bincount(np.concatenate([self.tail, self.head]), minlength=len(self.node_xy))
        return NetworkReport(
            nodes=len(self.node_xy),
            edges=len(self.tail),
            length_km=total / 1000,
            km_by_class={name: float(k) for name, k in zip(self.classes, km, strict=True) if k},
            components=len(np.unique(self.weak)),
            share_in_largest=float(largest / total) if total else 0.0,
            share_mutually_reachable=float(self.length_m[self.in_main_part].sum() / total) if total else 0.0,
            dead_ends=int((degree == 1).sum()),
            ignored=dict(self.ignored),
        )


def _longest(part: Ints, length_m: Floats) -> int:
    """The part (label >= 0) with the greatest length; -1 where there is none."""
    inside = part >= 0
    return int(np.argmax(np.bincount(part[inside], length_m[inside]))) if inside.any() else -1
