"""A road graph as one vehicle finds it: how long each edge takes, what is closed, where one can come back from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

import numpy as np
from pyproj import CRS
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from gis_wufei.errors import ProblemError
from gis_wufei.network.costs import EdgeCosts
from gis_wufei.network.engine.arcs import Arcs, holding, lay_out
from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph
from gis_wufei.network.profile import RoadProfile
from gis_wufei.network.weights import Weighing, units

DURATION, DISTANCE = "duration_s", "distance_m"
Costs = tuple[Floats, Floats]

MOST_PARTS = 32
"""Parts of a network whose farthest ways are looked up to choose the units of its costs."""


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
    """Rows or parts left out, by cause: no_line, closed, banned, zero_length ..."""


@dataclass(frozen=True, eq=False)
class Network:
    """A road graph for one profile; N nodes and E edges as in the graph, some of them closed."""

    graph: RoadGraph
    profile: RoadProfile
    costs: EdgeCosts
    before: Network | None = None
    """The same without closures, where there are some: places stay on the road where they are at home."""
    extra: Mapping[str, Floats] = field(default_factory=dict)
    """Further costs of each edge, float[E] or float[E, 2] (as drawn, against): people within reach, risk ..."""
    made: dict[object, object] = field(default_factory=dict, repr=False, init=False)
    """Memory of the engine: what was computed for this vehicle is computed once."""

    @property
    def crs(self) -> CRS:
        """The projected system in metres."""
        return self.graph.crs

    @cached_property
    def open(self) -> Flags:
        """bool[E]: the edge may be driven, in one way at least."""
        return np.asarray(np.isfinite(self.costs.forward_s) | np.isfinite(self.costs.backward_s))

    @cached_property
    def arcs(self) -> Arcs:
        """What is searched: the graph with the turn bans that hold for the vehicle."""
        key = f"arcs {self.bans_key}"
        if key not in self.graph.prepared:
            self.graph.prepared[key] = lay_out(self.graph, self._holds(), self._no_return())
        return cast(Arcs, self.graph.prepared[key])

    @cached_property
    def bans_key(self) -> str:
        """Which turn bans hold for the vehicle, as text: networks that agree share one hierarchy."""
        told = hashlib.sha256(np.packbits(self._holds()).tobytes())
        no_return = self._no_return()
        told.update(b"turns anywhere" if no_return is None else no_return.tobytes())
        return told.hexdigest()[:16]

    def _holds(self) -> Flags:
        """bool[K], the turn bans that the vehicle obeys; none where it heeds no signs but class and one-way."""
        return holding(self.graph, self.profile.vehicle) & self.profile.signs

    def _no_return(self) -> Ints | None:
        """Arc ids at whose end the vehicle cannot turn round: all but those that lead to a dead end."""
        if self.profile.u_turns == "anywhere":
            return None
        tail, head, on = self.graph.tail, self.graph.head, self.open
        degree = np.bincount(np.concatenate([tail[on], head[on]]), minlength=len(self.graph.node_xy))
        edge = np.arange(len(tail))
        return np.sort(np.concatenate([2 * edge[degree[head] > 1], 2 * edge[degree[tail] > 1] + 1]))

    @cached_property
    def arc_s(self) -> Floats:
        """float[A], seconds of each arc; inf where the vehicle may not go."""
        edge, against = self.arcs.arc // 2, self.arcs.arc % 2 == 1
        return np.asarray(np.where(against, self.costs.backward_s[edge], self.costs.forward_s[edge]))

    def cost(self, name: str) -> tuple[Floats, Floats]:
        """Cost of each edge, as drawn and against, float[E] each; inf where the vehicle may not go.

        ``duration_s``, ``distance_m``, or one of ``extra``.

        Raises
        ------
        ProblemError
            The name is not known, or a cost is negative or not a number.
        """
        if name == DURATION:
            there, back = self.costs.forward_s, self.costs.backward_s
        elif name == DISTANCE:
            there = back = self.graph.length_m
        elif name in self.extra:
            both = self._extra(name)
            there, back = (both, both) if both.ndim == 1 else (both[:, 0], both[:, 1])
        else:
            known = ", ".join((DURATION, DISTANCE, *self.extra))
            raise ProblemError(f"edge costs: {name} is not among {known}")
        both = np.stack([there, back])
        both[np.isinf([self.costs.forward_s, self.costs.backward_s])] = np.inf
        if np.isnan(both).any() or (both < 0).any():
            raise ProblemError(f"edge costs: {name} has a value that is negative or not a number")
        return both[0], both[1]

    def _extra(self, name: str) -> Floats:
        try:
            both = np.asarray(self.extra[name], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ProblemError(f"edge costs: {name} has values that are no numbers") from error
        edges = len(self.graph.tail)
        if both.shape not in ((edges,), (edges, 2)):
            raise ProblemError(f"edge costs: {name} has the shape {both.shape}, not ({edges},) or ({edges}, 2)")
        return both

    def weighing(self, minimise: str = DURATION, carry: str = DISTANCE) -> Weighing:
        """Both costs of each arc in one number: the first is minimised, the second counted along."""
        key = ("weighing", minimise, carry)
        if key not in self.made:
            first, second = self.cost(minimise), self.cost(carry)
            scale = units(*self._longest(first, second), self.arcs.nodes)
            there, back = scale.pack(first[0], second[0]), scale.pack(first[1], second[1])
            edge, against = self.arcs.arc // 2, self.arcs.arc % 2 == 1
            self.made[key] = Weighing(scale, there, back, np.where(against, back[edge], there[edge]))
        return cast(Weighing, self.made[key])

    def _longest(self, first: Costs, second: Costs) -> tuple[float, float]:
        """No path of least first cost has more than that of either cost.

        A path that meets a part, whose nodes all reach one another, is no longer than the ways to and from
        its middle; a path that meets none of the parts asked drives each arc of what is left of its piece
        at most once. The largest parts are asked first, until what is left bounds no more than they do.
        """
        edge, against = self.arcs.arc // 2, self.arcs.arc % 2 == 1
        cost, along = (np.where(against, c[1][edge], c[0][edge]) for c in (first, second))
        able = np.isfinite(cost)
        if not able.any():
            return 0.0, 0.0
        part = self._pieces("strong")
        there = self.arcs.matrix(cost)
        back = there.T.tocsr()
        left, bound = np.ones(self.arcs.nodes, bool), 0.0
        size = np.bincount(part)
        for label in np.argsort(-size, kind="stable")[:MOST_PARTS]:
            member = part == label
            bound = max(bound, self._across(there, back, member))
            left &= ~member
            rest = self._rest(cost, able, left)
            if rest <= bound or size[label] == 1:
                break
        # A point inside an edge drives a part of it before the first node or behind the last, however long it is.
        bound = max(bound, rest) + 2 * float(cost[able].max())
        cost, along = cost[able], along[able]
        if not (cost > 0).all():
            return bound, float(along.sum())
        return bound, min(float(along.sum()), bound * float((along / cost).max()))

    def _rest(self, cost: Floats, able: Flags, left: Flags) -> float:
        """The dearest piece of the network among the nodes that are left, all arcs of it together."""
        arc = np.flatnonzero(able & left[self.arcs.tail] & left[self.arcs.head])
        if not len(arc):
            return 0.0
        ends, size = (self.arcs.tail[arc], self.arcs.head[arc]), self.arcs.nodes
        graph = csr_matrix((np.ones(len(arc), np.int8), ends), shape=(size, size))
        return float(np.bincount(connected_components(graph, directed=False)[1][ends[0]], cost[arc]).max())

    def _across(self, there: csr_matrix, back: csr_matrix, member: Flags) -> float:
        """Least cost to and from a node in the middle of a part, from and to the farthest node of all together."""
        xy = self.graph.node_xy[self.arcs.place]
        middle = np.flatnonzero(member)[np.argmin(((xy[member] - xy[member].mean(axis=0)) ** 2).sum(axis=1))]
        out, home = dijkstra(there, indices=middle), dijkstra(back, indices=middle)
        return float(out[np.isfinite(out)].max() + home[np.isfinite(home)].max())

    @cached_property
    def weak(self) -> Ints:
        """int[N], piece of the network, one-ways disregarded."""
        return self._pieces("weak")[: len(self.graph.node_xy)]

    @cached_property
    def strong(self) -> Ints:
        """int[N], part within which every node can reach every other; of a junction's states the largest part's."""
        part = self._pieces("strong")
        size = np.bincount(part)[part]
        order = np.argsort(size, kind="stable")  # the largest comes last, and stays
        label = np.empty(len(self.graph.node_xy), np.int64)
        label[self.arcs.place[order]] = part[order]
        return label

    def _pieces(self, connection: str) -> Ints:
        key = ("pieces", connection)
        if key not in self.made:
            there = self.arcs.matrix(self.arc_s)
            if connection == "weak" and self.arcs.nodes > len(self.graph.node_xy):
                entry = there.tocoo()  # a state is its junction: both are one place
                ends = (self.arcs.place[entry.row], self.arcs.place[entry.col])
                there = csr_matrix((np.ones(len(entry.row), np.int8), ends), shape=there.shape)
            self.made[key] = connected_components(there, directed=True, connection=connection)[1].astype(np.int64)
        return cast(Ints, self.made[key])

    @cached_property
    def part_share(self) -> Floats:
        """float[E]: share of all length in the part, where every node can reach every other, of an edge.

        0 for an edge between two such parts: what drives there may not come back. 0 for a closed edge.
        """
        # An edge belongs to a part where one of its arcs runs within it: with states, the junctions at its ends
        # alone would not tell, for every arc ends in a state.
        length, label = np.where(self.open, self.graph.length_m, 0.0), self._pieces("strong")
        within = np.flatnonzero(np.isfinite(self.arc_s) & (label[self.arcs.tail] == label[self.arcs.head]))
        of_arc = label[self.arcs.tail[within]]
        order = np.argsort(np.bincount(label)[of_arc], kind="stable")
        part = np.full(len(length), -1)
        part[self.arcs.arc[within[order]] // 2] = of_arc[order]
        total = np.bincount(part + 1, length, minlength=1)
        total[0] = 0.0
        return np.asarray(total[part + 1] / max(float(length.sum()), 1e-9))

    @property
    def in_main_part(self) -> Flags:
        """bool[E]: the edge lies in the longest part where every node can reach every other."""
        return np.asarray((self.part_share > 0) & (self.part_share == self.part_share.max(initial=0.0)))

    def report(self) -> NetworkReport:
        """Counts and lengths of what is open, for the reader of the plan."""
        graph, on = self.graph, self.open
        length = graph.length_m[on]
        total = float(length.sum())
        km = np.bincount(graph.class_code[on], length, minlength=len(graph.classes)) / 1000
        weak = self.weak[graph.tail[on]]
        degree = np.bincount(np.concatenate([graph.tail[on], graph.head[on]]), minlength=len(graph.node_xy))
        largest = np.bincount(weak, length).max(initial=0.0) if total else 0.0
        return NetworkReport(
            nodes=int((degree > 0).sum()),
            edges=int(on.sum()),
            length_km=total / 1000,
            km_by_class={name: float(k) for name, k in zip(graph.classes, km, strict=True) if k},
            components=len(np.unique(weak)),
            share_in_largest=float(largest / total) if total else 0.0,
            share_mutually_reachable=float(graph.length_m[self.in_main_part].sum() / total) if total else 0.0,
            dead_ends=int((degree == 1).sum()),
            ignored=dict(graph.ignored) | dict(self.costs.closed_rows),
        )
