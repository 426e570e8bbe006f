"""The network made ready for a set of points: one graph for matrices and paths alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from gis_wufei.network.graph import Flags, Floats, Ints, Network
from gis_wufei.network.snap import Snap

TIE_S_PER_M = 1e-9
"""Among equally fast ways the shorter one: so much is added to the weight of a metre while searching,
and taken off again. Without it, searching from either side could tell two distances for one trip."""

BLOCK_CELLS = 4_000_000
"""Tree cells (origins x nodes) held at once; bounds the memory of a search to about 100 MB."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Trips:
    """A network whose edges are split where n snapped points lie (G graph nodes, A arcs).

    The first N graph nodes are those of the network. Arcs are sorted by origin, then target; of
    parallel arcs only the fastest is kept, for scipy would add their weights up.
    """

    network: Network
    snap: Snap
    node: Ints
    """int[n], graph node of each point; -1 = off the network."""
    graph: csr_matrix
    """float[G, G], seconds (with the tie-break) of the arc from row to column."""
    key: Ints
    """int[A], origin * G + target, ascending."""
    edge: Ints
    start: Floats
    stop: Floats
    """float[A], fractions of the edge in the way of travel; start > stop = against the drawing."""
    length_m: Floats
    weak: Ints
    strong: Ints
    """int[G], pieces and mutually reachable parts, as in the network."""

    @property
    def size(self) -> int:
        """Number of graph nodes, G."""
        return int(self.graph.shape[0])

    @property
    def access_s(self) -> Floats:
        """float[n], time on the straight line between each point and its road."""
        return self.snap.access_m * self.network.profile.access_s_per_m


def prepare(network: Network, snap: Snap) -> Trips:
    """Split the edges at the snapped points and lay out the arcs; once for matrix and paths."""
    node, edge, fraction, place = _places(network, snap)
    size = len(network.node_xy) + int(node.max(initial=-1) + 1)
    every = np.arange(len(network.tail))
    on = np.concatenate([every, every, edge])
    at = np.concatenate([np.zeros(len(every)), np.ones(len(every)), fraction])
    who = np.concatenate([network.tail, network.head, len(network.node_xy) + node])
    order = np.lexsort((at, on))
    on, at, who = on[order], at[order], who[order]
    a = np.flatnonzero(on[:-1] == on[1:])
    b = a + 1
    go, back = network.forward[on[a]], network.backward[on[a]]
    origin = np.concatenate([who[a[go]], who[b[back]]])
    target = np.concatenate([who[b[go]], who[a[back]]])
    start = np.concatenate([at[a[go]], at[b[back]]])
    stop = np.concatenate([at[b[go]], at[a[back]]])
    along = np.concatenate([on[a[go]], on[a[back]]])

    share = np.abs(stop - start)
    length = share * network.length_m[along]
    weight = share * network.duration_s[along] + TIE_S_PER_M * length
    key = origin * size + target
    order = np.lexsort((weight, key))
    order = order[np.diff(key[order], prepend=-1) != 0]
    first = np.concatenate([[0], np.cumsum(np.bincount(origin[order], minlength=size))])
    graph = csr_matrix((weight[order], target[order], first), shape=(size, size))
    return Trips(
        network=network,
        snap=snap,
        node=place,
        graph=graph,
        key=key[order],
        edge=along[order],
        start=start[order],
        stop=stop[order],
        length_m=length[order],
        weak=connected_components(graph, connection="weak")[1].astype(np.int64),
        strong=connected_components(graph, connection="strong")[1].astype(np.int64),
    )


def _places(network: Network, snap: Snap) -> tuple[Ints, Ints, Floats, Ints]:
    """Where edges are split, and the graph node of each point.

    Returns the splits as (new node counted from 0, edge, fraction), and for each point its graph
    node. Points at the same place share a node; a point at an end of its edge is the junction.
    """
    place = np.full(len(snap.edge), -1)
    place[snap.fraction == 0] = network.tail[snap.edge[snap.fraction == 0]]
    place[snap.fraction == 1] = network.head[snap.edge[snap.fraction == 1]]
    inner = np.flatnonzero((snap.edge >= 0) & (place < 0))
    pairs = np.stack([snap.edge[inner], snap.fraction[inner]], axis=1)
    pairs, node = np.unique(pairs, axis=0, return_inverse=True)
    place[inner] = len(network.node_xy) + node
    edge, fraction = pairs[:, 0].astype(np.int64), pairs[:, 1]

    # A road drawn twice (say, once for each way) is one place to stand on: split all its copies.
    # Copies share every vertex, so noding left them as straight pieces between the same nodes.
    low, high = np.minimum(network.tail, network.head), np.maximum(network.tail, network.head)
    street = np.where(np.diff(network.offset) == 2, low * len(network.node_xy) + high, -1)
    order = np.argsort(street, kind="stable")
    begin = np.searchsorted(street, street[edge], side="left", sorter=order)
    end = np.searchsorted(street, street[edge], side="right", sorter=order)
    copies = np.where(street[edge] < 0, 1, end - begin)
    split = np.repeat(np.arange(len(edge)), copies)
    nth = np.arange(len(split)) - np.repeat(np.cumsum(copies) - copies, copies)
    bent = street[edge[split]] < 0
    copy = np.where(bent, edge[split], order[np.where(bent, 0, begin[split] + nth)])
    same_way = network.tail[copy] == network.tail[edge[split]]
    return split, copy, np.where(same_way, fraction[split], 1.0 - fraction[split]), place


def trees(
    trips: Trips, roots: Ints, to_root: bool = False, limit_s: float = np.inf
) -> Iterator[tuple[slice, Floats, NDArray[np.int32]]]:
    """Fastest ways between each root and all graph nodes, in blocks of roots.

    Yields the slice of ``roots``, the weights float[B, G] (inf = no way) and the next node towards
    the root int[B, G] (negative = none). With ``to_root`` the ways lead to the root, else from it.
    """
    graph = trips.graph.T.tocsr() if to_root else trips.graph
    rows = max(1, BLOCK_CELLS // max(trips.size, 1))
    for begin in range(0, len(roots), rows):
        block = slice(begin, begin + rows)
        # A hair above the limit, for the weights carry the tie-break; callers cut exactly.
        weight, toward = dijkstra(
            graph, indices=roots[block], return_predecessors=True, limit=limit_s * (1 + 1e-6) + 1e-6
        )
        yield block, weight, toward


def arcs_between(trips: Trips, origin: NDArray[np.integer[Any]], target: NDArray[np.integer[Any]]) -> Ints:
    """Position of the arc from each origin node to its neighbour target."""
    return np.searchsorted(trips.key, origin.astype(np.int64) * trips.size + target)


def tree_lengths(trips: Trips, toward: NDArray[np.int32], to_root: bool) -> Floats:
    """Length in metres of the tree path between each node and its root, float[B, G] (root and unreached: 0).

    Pointer doubling: each round every node adds the length of the node it points at and then points
    twice as far, so a path of 1000 arcs takes ten rounds, each on whole arrays.
    """
    rows, size = toward.shape
    here = np.broadcast_to(np.arange(size), toward.shape)
    has: Flags = toward >= 0
    child, parent = here[has], toward[has]
    arc = arcs_between(trips, child, parent) if to_root else arcs_between(trips, parent, child)
    length = np.zeros(rows * size)
    length[has.ravel()] = trips.length_m[arc]
    up = (np.where(has, toward, here) + np.arange(rows)[:, None] * size).ravel()
    while True:
        length += length[up]
        further = up[up]
        if np.array_equal(further, up):
            return length.reshape(rows, size)
        up = further
