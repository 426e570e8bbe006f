"""The arcs by the node they leave, both costs in whole units, for searches that need no hierarchy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from gis_wufei.network.graph import Ints

if TYPE_CHECKING:
    from gis_wufei.network.network import Network

Costs = NDArray[np.uint32]
FAR = 2**62
"""Cost of a node that a search does not reach."""
TOO_LONG = 2**31 - 1
"""Units of the minimised cost that no arc of a least path has, see ``weights.units``."""


@dataclass(frozen=True, eq=False)
class Fan:
    """The arcs that leave each node, or, backward, those that reach it; closed ones are left out."""

    first: Ints
    """int[G + 1]: the arcs of node g are the slots ``first[g]:first[g + 1]``."""
    to: NDArray[np.int32]
    """int32[S], the other end."""
    cost: Costs
    along: Costs
    """uint32[S], what is minimised and what is counted along, in the units of ``Network.weighing``."""
    arc: NDArray[np.int32]
    """int32[S], position among the arcs of the network."""
    shift: int
    """Arcs within ``2 ** shift`` units of cost are searched together."""
    longest: int
    """Units of cost of the longest arc."""

    @cached_property
    def origin(self) -> NDArray[np.int32]:
        """int32[S], the node that each slot belongs to."""
        return np.repeat(np.arange(len(self.first) - 1, dtype=np.int32), np.diff(self.first))


def fan_of(network: Network, costs: tuple[str, str], backward: bool = False) -> Fan:
    """The arcs ready for a search from a node, or backward to a node; made once for a network."""
    key = ("fan", *costs, backward)
    if key not in network.made:
        weighing, arcs = network.weighing(*costs), network.arcs
        high = weighing.arc >> np.uint64(weighing.units.shift)
        low = weighing.arc & np.uint64((1 << weighing.units.shift) - 1)
        able = np.flatnonzero(high < TOO_LONG)
        here, there = (arcs.head, arcs.tail) if backward else (arcs.tail, arcs.head)
        order = able[np.argsort(here[able], kind="stable")]
        first = np.searchsorted(here[order], np.arange(arcs.nodes + 1)).astype(np.int64)
        cost = high[order].astype(np.uint32)
        mean = float(cost.mean()) if len(cost) else 1.0
        network.made[key] = Fan(
            first=first,
            to=there[order].astype(np.int32),
            cost=cost,
            along=low[order].astype(np.uint32),
            arc=order.astype(np.int32),
            shift=max(int(np.log2(max(mean, 1.0))), 0),
            longest=int(cost.max(initial=0)),
        )
    return cast(Fan, network.made[key])
