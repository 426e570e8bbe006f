"""What may be wrong with a road network: pieces, traps, dead ends, loops, parallels, detours - as rows with a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra

from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph

NEAR_PAIR_M = 500.0
"""Pairs of nodes closer than this tell nothing: a block's corner doubles their way. (Choice of the design.)"""


@dataclass(frozen=True, eq=False)
class Ways:
    """Which edges may be driven which way: those of a graph, or what a vehicle finds open of it."""

    graph: RoadGraph
    forward: Flags
    backward: Flags

    @property
    def open(self) -> Flags:
        """bool[E]"""
        return self.forward | self.backward

    def directed(self, length: bool = False) -> csr_matrix:
        """float[N, N], an arc for each open way; its least length where asked for (scipy adds parallels up)."""
        graph, there, back = self.graph, self.forward, self.backward
        tail = np.concatenate([graph.tail[there], graph.head[back]])
        head = np.concatenate([graph.head[there], graph.tail[back]])
        metres = np.concatenate([graph.length_m[there], graph.length_m[back]])
        order = np.lexsort((metres, head, tail))
        first = (np.diff(tail[order], prepend=-1) != 0) | (np.diff(head[order], prepend=-1) != 0)
        keep = order[first]
        data = metres[keep] if length else np.ones(len(keep))
        return csr_matrix((data, (tail[keep], head[keep])), shape=(len(graph.node_xy),) * 2)


def piece_of(ways: Ways) -> tuple[Ints, Floats]:
    """Number of the piece of each open edge (0 = the longest; -1 = closed), and the length of each piece."""
    node = connected_components(ways.directed(), directed=True, connection="weak")[1]
    on = ways.open
    edge = np.where(on, node[ways.graph.tail], -1)
    length = np.bincount(edge[on], ways.graph.length_m[on], minlength=int(node.max(initial=-1)) + 1)
    rank = np.empty(len(length), np.int64)
    order = np.argsort(-length, kind="stable")
    rank[order] = np.arange(len(order))
    piece = np.where(on, rank[edge] if len(rank) else -1, -1)
    told: Floats = np.sort(length[length > 0])[::-1].astype(np.float64)
    return piece.astype(np.int64), told


def traps(ways: Ways) -> pd.DataFrame:
    """Edges that one can drive into and not come back from to the main part of their piece, or the reverse.

    Columns edge, kind (``trap_in``: entered but not left; ``trap_out``: left but not entered; ``cut_off``: neither)
    and group (edges of one trap hang together). The main part of a piece is the one, where every node can reach
    every other, with the most length.
    """
    graph, on = ways.graph, ways.open
    there = ways.directed()
    weak = connected_components(there, directed=True, connection="weak")[1]
    strong = connected_components(there, directed=True, connection="strong")[1]
    inside = on & (strong[graph.tail] == strong[graph.head])
    length = np.bincount(strong[graph.tail[inside]], graph.length_m[inside], minlength=int(strong.max(initial=-1)) + 1)
    piece = np.zeros(len(length), np.int64)
    piece[strong] = weak
    order = np.lexsort((-length, piece))
    mains = order[np.diff(piece[order], prepend=-1) != 0]
    main = np.isin(strong, mains)
    reached, reaches = _from(there, main), _from(there.T.tocsr(), main)

    kind = np.full(len(graph.tail), "", dtype=object)
    loose = np.flatnonzero(on & ~(main[graph.tail] & main[graph.head]))
    a, b = graph.tail[loose], graph.head[loose]
    can_enter = np.where(ways.forward[loose], reached[a], False) | np.where(ways.backward[loose], reached[b], False)
    can_leave = np.where(ways.forward[loose], reaches[b], False) | np.where(ways.backward[loose], reaches[a], False)
    kind[loose] = np.select([can_enter & can_leave, can_enter, can_leave], ["", "trap_in", "trap_out"], "cut_off")
    edge = np.flatnonzero(kind != "")
    # Edges of a kind that meet outside the main part belong to one trap.
    size = len(graph.node_xy)
    group = np.zeros(len(edge), np.int64)
    for name in ("trap_in", "trap_out", "cut_off"):
        mine = np.flatnonzero(kind[edge] == name)
        ends = np.stack([graph.tail[edge[mine]], graph.head[edge[mine]]])
        ends = np.where(main[ends], size + np.arange(len(mine)), ends)  # the main part does not tie traps together
        both = csr_matrix((np.ones(len(mine)), (ends[0], ends[1])), shape=(size + len(mine),) * 2)
        label = connected_components(both, directed=False)[1]
        group[mine] = label[np.where(ends[0] < size, ends[0], ends[1])]
    return pd.DataFrame({"edge": edge, "kind": kind[edge], "group": group})


def _from(there: csr_matrix, start: Flags) -> Flags:
    """Nodes that can be reached from any of the start nodes."""
    size = there.shape[0]
    begin = np.flatnonzero(start)
    rows = np.concatenate([there.indptr, [there.nnz + len(begin)]])
    joined = csr_matrix(
        (np.ones(there.nnz + len(begin)), np.concatenate([there.indices, begin]), rows), (size + 1,) * 2
    )
    seen = np.zeros(size + 1, bool)
    seen[breadth_first_order(joined, size, return_predecessors=False)] = True
    return seen[:size]


def dead_ends(ways: Ways) -> tuple[Ints, Ints]:
    """Nodes at the end of a single open edge, and that edge."""
    graph, on = ways.graph, np.flatnonzero(ways.open)
    ends = np.concatenate([graph.tail[on], graph.head[on]])
    degree = np.bincount(ends, minlength=len(graph.node_xy))
    order = np.flatnonzero(degree[ends] == 1)
    return ends[order], np.tile(on, 2)[order]


def parallels(ways: Ways) -> tuple[Ints, Ints]:
    """Open edges beside another between the same two nodes, and edges of loops that hang on one junction.

    A loop was cut in its middle when the graph was made: two edges whose one common node has no other. Copies
    of a road, one for each way (``RoadGraph.twins``), are neither.
    """
    graph, on = ways.graph, ways.open
    low, high = np.minimum(graph.tail, graph.head), np.maximum(graph.tail, graph.head)
    key = low * max(len(graph.node_xy), 1) + high
    _, code, count = np.unique(np.where(on, key, -1), return_inverse=True, return_counts=True)
    several = on & (count[code] > 1) & (graph.twins < 0)
    degree = np.bincount(np.concatenate([graph.tail[on], graph.head[on]]), minlength=len(graph.node_xy))
    loop = several & (np.minimum(degree[graph.tail], degree[graph.head]) == 2)
    return np.flatnonzero(several & ~loop), np.flatnonzero(loop)


def detours(ways: Ways, sample: int, seed: int) -> Floats:
    """Way over straight line for random pairs of nodes of the longest piece with a way between them.

    About ``sample`` pairs: as many origins as destinations, each with each; pairs within ``NEAR_PAIR_M`` left out.
    """
    piece, length = piece_of(ways)
    if not len(length):
        return np.zeros(0)
    graph = ways.graph
    nodes = np.unique(np.concatenate([graph.tail[piece == 0], graph.head[piece == 0]]))
    rng = np.random.default_rng(seed)
    side = min(int(np.ceil(sample**0.5)), len(nodes))
    origin, target = (rng.choice(nodes, side, replace=False) for _ in range(2))
    way = dijkstra(ways.directed(length=True), indices=origin)[:, target]
    straight = np.hypot(*(graph.node_xy[origin][:, None] - graph.node_xy[target][None]).transpose(2, 0, 1))
    told = np.isfinite(way) & (straight >= NEAR_PAIR_M)
    return np.asarray(way[told] / straight[told])
