"""Many to many in the hierarchy: climb from each source, then sweep down once for many sources together.

Restricted PHAST: Delling, Goldberg and Werneck (2011), "Faster Batched Shortest Paths in Road
Networks", doi:10.4230/OASIcs.ATMOS.2011.52.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.engine.hierarchy import Hierarchy, Metric, Weights

LANES = 16
"""Sources swept down together: as many as the widest registers and the inner cache take."""


def sweep(hierarchy: Hierarchy, metric: Metric, sources: Ends, targets: Ends, out: Weights) -> None:
    """Least weight from each source to each target, ``metric.ceiling`` where there is no way.

    Parameters
    ----------
    sources, targets
        Where they enter and leave the graph.
    out
        uint32[M, N] or uint64[M, N] of the metric's kind; filled row by row, so it may be a file
        in memory. Rows are sources. The work grows with M much more than with N: where there
        are more sources than targets the search runs backward, from the targets.
    """
    backward = len(targets) < len(sources)
    rows, cols = (targets, sources) if backward else (sources, targets)
    climb, fall = (metric.fall, metric.rise) if backward else (metric.rise, metric.fall)
    ceiling = climb.weight.dtype.type(metric.ceiling)
    kind = climb.weight.dtype
    row_node, col_node = hierarchy.rank[rows.node], hierarchy.rank[cols.node]
    local, first, to, down = _below(fall.first, fall.to, fall.weight, hierarchy.parent, col_node)
    # Sources near each other climb the same way: keep their weights in the cache.
    lead = np.full(len(rows), np.iinfo(np.int32).max)
    filled = np.flatnonzero(np.diff(rows.first) > 0)
    lead[filled] = row_node[rows.first[filled]]
    order = np.argsort(lead, kind="stable")
    view = out.T if backward else out
    _sweep(
        order,
        rows.first,
        row_node,
        rows.weight.astype(kind),
        cols.first,
        local[col_node],
        cols.weight.astype(kind),
        climb.first,
        climb.to,
        climb.weight,
        hierarchy.parent,
        local,
        first,
        to,
        down,
        ceiling,
        view,
    )


@njit(cache=True)
def _below(up, to, fall, parent, targets):  # type: ignore[no-untyped-def]
    """The part of the hierarchy above the targets, numbered from the top, with the arcs into each node."""
    size = len(parent)
    chosen = np.zeros(size, np.uint8)
    for t in targets:
        a = t
        while a >= 0 and chosen[a] == 0:
            chosen[a] = 1
            a = parent[a]
    local = np.full(size, -1, np.int32)
    m = 0
    q = 0
    for a in range(size - 1, -1, -1):
        if chosen[a]:
            local[a] = m
            m += 1
            q += up[a + 1] - up[a]
    first = np.zeros(m + 1, np.int64)
    above = np.empty(q, np.int32)
    down = np.empty(q, fall.dtype)
    k = 0
    for a in range(size - 1, -1, -1):
        if chosen[a]:
            for p in range(up[a], up[a + 1]):
                above[k] = local[to[p]]
                down[k] = fall[p]
                k += 1
            first[local[a] + 1] = k
    return local, first, above, down


@njit(cache=True)
def _sweep(  # type: ignore[no-untyped-def]
    order, row_first, row_node, row_weight, col_first, col_local, col_weight,
    up, to, climb, parent, local, first, above, down, ceiling, out,
):  # fmt: skip
    m = len(first) - 1
    table = np.empty((m, LANES), climb.dtype)
    reach = np.full(len(parent), ceiling, climb.dtype)
    least = np.empty(LANES, climb.dtype)
    for begin in range(0, len(order), LANES):
        lanes = min(LANES, len(order) - begin)
        for a in range(m):
            for lane in range(LANES):
                table[a, lane] = ceiling
        for lane in range(lanes):
            row = order[begin + lane]
            # Entries of one source may lie on two branches of the tree: climb the lower one first.
            for e in range(row_first[row], row_first[row + 1]):
                if row_weight[e] < reach[row_node[e]]:
                    reach[row_node[e]] = row_weight[e]
            for e in range(row_first[row], row_first[row + 1]):
                a = row_node[e]
                while a >= 0:
                    d = reach[a]
                    if d != ceiling:
                        for p in range(up[a], up[a + 1]):
                            way = d + climb[p]
                            if way < reach[to[p]]:
                                reach[to[p]] = way
                    a = parent[a]
            for e in range(row_first[row], row_first[row + 1]):
                a = row_node[e]
                while a >= 0:
                    if local[a] >= 0:
                        table[local[a], lane] = reach[a]
                    a = parent[a]
            for e in range(row_first[row], row_first[row + 1]):
                a = row_node[e]
                while a >= 0:
                    reach[a] = ceiling
                    a = parent[a]
        for a in range(m):
            for lane in range(LANES):
                least[lane] = table[a, lane]
            for p in range(first[a], first[a + 1]):
                b = above[p]
                w = down[p]
                for lane in range(LANES):
                    least[lane] = min(least[lane], table[b, lane] + w)
            for lane in range(LANES):
                table[a, lane] = min(least[lane], ceiling)
        for col in range(len(col_first) - 1):
            for lane in range(lanes):
                best = ceiling
                for e in range(col_first[col], col_first[col + 1]):
                    way = table[col_local[e], lane] + col_weight[e]
                    if way < best:
                        best = way
                out[order[begin + lane], col] = best
