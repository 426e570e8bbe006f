"""Points on one and the same edge: the way between them that never leaves it."""

from __future__ import annotations

import numpy as np
from numba import njit

from gis_wufei.network.engine.hierarchy import Weights
from gis_wufei.network.graph import Ints


def along(
    row: Ints, row_edge: Ints, row_cost: Weights, col: Ints, col_edge: Ints, col_cost: Weights, out: Weights
) -> None:
    """Lower ``out[row, col]`` to the way along the edge, for every two spots on one edge.

    Parameters
    ----------
    row, row_edge, row_cost
        Row of ``out``, edge, and packed cost from the begin of the edge, in one way of travel, of each
        spot that trips start from; spots where that way is closed are left out by the caller.
    col, col_edge, col_cost
        The same of each spot that trips end at.
    out
        uint64[M, N]
    """
    order = np.argsort(col_edge, kind="stable")
    _along(row, row_edge, row_cost, col[order], col_edge[order], col_cost[order], out)


@njit(cache=True)
def _along(row, row_edge, row_cost, col, col_edge, col_cost, out):  # type: ignore[no-untyped-def]
    for i in range(len(row)):
        k = np.searchsorted(col_edge, row_edge[i])
        while k < len(col) and col_edge[k] == row_edge[i]:
            if col_cost[k] >= row_cost[i]:
                way = col_cost[k] - row_cost[i]
                if way < out[row[i], col[k]]:
                    out[row[i], col[k]] = way
            k += 1
