"""The plain engine: scipy's Dijkstra, where numba has no wheel, and as the judge of the embedded one in the tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from gis_wufei.network.engine.ends import Ends, Routes
from gis_wufei.network.graph import Floats, Ints
from gis_wufei.network.network import Network
from gis_wufei.network.weights import CEILING, Packed


class Plain:
    """Two searches a source: the least first cost, then the least second among the ways that have it.

    Both are whole numbers below 2**53, so floats hold them exactly and the sums are those of the
    embedded engine to the last digit.
    """

    name = "plain"

    def table(
        self,
        network: Network,
        costs: tuple[str, str],
        sources: Ends,
        targets: Ends,
        out: NDArray[np.unsignedinteger],
    ) -> None:
        """Least packed cost from each source to each target into ``out``, uint64[M, N]."""
        owner = np.repeat(np.arange(len(targets)), np.diff(targets.first))
        for row, packed, _ in _searches(network, costs, sources):
            out[row] = CEILING
            way = packed[targets.node]
            np.minimum.at(out[row], owner, np.where(way < CEILING, way + targets.weight, np.uint64(CEILING)))

    def routes(self, network: Network, costs: tuple[str, str], sources: Ends, targets: Ends) -> Routes:
        """Arcs of the least way from source p to target p."""
        pairs = len(sources)
        weight = np.full(pairs, CEILING, np.uint64)
        entry, leave = np.full(pairs, -1), np.full(pairs, -1)
        found: list[list[int]] = []
        for p, packed, toward in _searches(network, costs, sources):
            found.append([])
            mine = np.arange(targets.first[p], targets.first[p + 1])
            way = packed[targets.node[mine]]
            way = np.where(way < CEILING, way + targets.weight[mine], np.uint64(CEILING))
            if not len(mine) or way.min() >= CEILING:
                continue
            weight[p], leave[p] = way.min(), mine[np.argmin(way)]
            node = int(targets.node[leave[p]])
            while toward[node] >= 0:
                found[-1].append(int(toward[node]))
                node = int(network.arcs.tail[toward[node]])
            found[-1].reverse()
            entry[p] = -1 - toward[node]
        first = np.concatenate([[0], np.cumsum([len(arcs) for arcs in found])]).astype(np.int64)
        arc = np.array([a for arcs in found for a in arcs], dtype=np.int64)
        return Routes(weight, first, arc, entry, leave)


def _searches(network: Network, costs: tuple[str, str], sources: Ends) -> Iterator[tuple[int, Packed, Ints]]:
    """For each source: packed cost of each node, and the arc that it is reached by, or -1 - its entry."""
    arcs, weighing = network.arcs, network.weighing(costs[0], costs[1])
    shift, mask = np.uint64(weighing.units.shift), np.uint64((1 << weighing.units.shift) - 1)
    size = arcs.nodes
    able = np.flatnonzero((weighing.arc < CEILING) & (arcs.tail != arcs.head))
    order = np.lexsort((weighing.arc[able], arcs.head[able], arcs.tail[able]))
    able = able[order]
    able = able[np.append(True, np.diff(arcs.tail[able] * size + arcs.head[able]) != 0)] if len(able) else able
    tail, head = arcs.tail[able], arcs.head[able]
    high, low = _split(weighing.arc[able], shift, mask)
    for row in range(len(sources)):
        mine = np.arange(sources.first[row], sources.first[row + 1])
        mine = mine[np.lexsort((sources.weight[mine], sources.node[mine]))]
        mine = mine[np.diff(sources.node[mine], prepend=-1) != 0]  # of entries at one node the cheapest
        packed, by = np.full(size, CEILING, np.uint64), np.full(size, np.iinfo(np.int64).min)
        if len(mine):
            start_high, start_low = _split(sources.weight[mine].astype(np.uint64), shift, mask)
            ends = (np.append(tail, np.full(len(mine), size)), np.append(head, sources.node[mine]))
            name = np.append(able, -1 - mine)
            first, second = np.append(high, start_high), np.append(low, start_low)
            least = _dijkstra(ends, first, size)[0]
            with np.errstate(invalid="ignore"):
                tight = np.flatnonzero(least[ends[0]] + first == least[ends[1]])
            ends = (ends[0][tight], ends[1][tight])
            then, before = _dijkstra(ends, second[tight], size)
            met = np.flatnonzero(np.isfinite(then[:size]))
            packed[met] = least[met].astype(np.uint64) << shift | then[met].astype(np.uint64)
            key = ends[0] * (size + 1) + ends[1]
            sort = np.argsort(key)
            by[met] = name[tight][sort][np.searchsorted(key[sort], before[met] * np.int64(size + 1) + met)]
        yield row, packed, by


def _split(packed: Packed, shift: np.uint64, mask: np.uint64) -> tuple[Floats, Floats]:
    return (packed >> shift).astype(np.float64), (packed & mask).astype(np.float64)


def _dijkstra(ends: tuple[Ints, Ints], cost: Floats, size: int) -> tuple[Floats, Ints]:
    """From the extra node ``size``: costs, and the node before each. A stored zero counts as an arc."""
    graph = csr_matrix((cost, ends), shape=(size + 1, size + 1))
    least, before = dijkstra(graph, indices=size, return_predecessors=True)
    return least, before.astype(np.int64)
