"""Where points enter or leave the graph, with what lies before or behind; and the ways found between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_wufei.network.graph import Ints, runs


@dataclass(frozen=True, eq=False)
class Ends:
    """M points; point i has the entries ``first[i]:first[i + 1]``, none where it is off the network."""

    first: Ints
    """int[M + 1]"""
    node: Ints
    """int[K], node of the arcs."""
    weight: NDArray[np.unsignedinteger]
    """uint[K], from the point to the node, or from the node to the point."""
    label: Ints
    """int[K], what the maker calls the entry: twice the spot plus the way of travel; -1 = a junction."""

    def __len__(self) -> int:
        return len(self.first) - 1

    def take(self, which: Ints) -> Ends:
        """The chosen points in that order; repeats allowed."""
        count = np.diff(self.first)[which]
        first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        entry = runs(self.first[which], count)
        return Ends(first, self.node[entry], self.weight[entry], self.label[entry])


@dataclass(frozen=True, eq=False)
class Routes:
    """Least paths of P pairs."""

    weight: NDArray[np.unsignedinteger]
    """uint[P]; the metric's ceiling where there is no way."""
    first: Ints
    """int[P + 1]: the arcs of path p are ``arc[first[p]:first[p + 1]]``."""
    arc: Ints
    """int[K], positions of arcs, in the order of travel."""
    entry: Ints
    leave: Ints
    """int[P], the entry of the source, and of the target, that the path uses; -1 = no way."""


def at_nodes(node: Ints, kind: type[np.unsignedinteger] = np.uint32) -> Ends:
    """Points that are nodes."""
    return Ends(
        np.arange(len(node) + 1), np.asarray(node, dtype=np.int64), np.zeros(len(node), kind), np.full(len(node), -1)
    )
