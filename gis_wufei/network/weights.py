"""Two costs in one number: what is minimised, and what is counted along the way.

The first lies in the high bits and the second in the low ones, so that adding and comparing whole
numbers finds the least first cost and, among equals, the least second: the same answer from either
side, to the last digit, by whatever way the search goes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_wufei.network.graph import Floats

CEILING = 2**63 - 1
"""No way; two of them still fit into 64 bits."""

Packed = NDArray[np.uint64]


@dataclass(frozen=True)
class Units:
    """How the two costs are written as one whole number."""

    shift: int
    """Bits of the second cost."""
    first: float
    second: float
    """What one unit of each is worth, e.g. 0.001 s and 0.01 m: sums are exact in these."""

    def pack(self, first: Floats, second: Floats) -> Packed:
        """Both costs, rounded to their units; not finite = no way."""
        ok = np.isfinite(first)
        high = np.rint(np.where(ok, first, 0.0) / self.first).astype(np.uint64)
        low = np.rint(np.where(ok, second, 0.0) / self.second).astype(np.uint64)
        return np.where(ok, high << np.uint64(self.shift) | low, np.uint64(CEILING))

    def unpack(self, packed: Packed) -> tuple[Floats, Floats]:
        """Both costs; inf where there is no way."""
        none = packed >= CEILING
        first: Floats = (packed >> np.uint64(self.shift)).astype(np.float64) * self.first
        second: Floats = (packed & np.uint64((1 << self.shift) - 1)).astype(np.float64) * self.second
        first[none] = second[none] = np.inf
        return first, second


BITS = 31
"""Of each cost: a least path is told to some billionth of the longest there can be."""


def units(first: float, second: float, nodes: int) -> Units:
    """Units so fine that the longest least path still fits.

    Parameters
    ----------
    first, second
        No least path costs more than that.
    nodes
        Nodes of the graph: a path has fewer edges, and each may be rounded up by half a unit.

    Notes
    -----
    Only least paths must fit. A longer one that does not is a larger number still, so it loses as it should.
    """
    return Units(BITS, *(_round_up(max(bound, 1e-9) / (2**BITS - nodes - 2)) for bound in (first, second)))


def _round_up(unit: float) -> float:
    """The next of 1, 2, 5, 10 ..., so that a precision can be told."""
    decade = 10.0 ** np.floor(np.log10(unit))
    return float(decade * next(step for step in (1, 2, 5, 10, 20) if step * decade >= unit))


@dataclass(frozen=True, eq=False)
class Weighing:
    """The packed costs of each edge and arc, for one pair of costs."""

    units: Units
    forward: Packed
    backward: Packed
    """uint64[E], end to end as drawn and against."""
    arc: Packed
    """uint64[A]"""

    def part(self, edge: NDArray[np.int64], share: Floats, against: bool) -> tuple[Packed, Packed]:
        """Packed cost before and behind a place on an edge, ``share`` of the way along; ceiling where closed."""
        whole = (self.backward if against else self.forward)[edge]
        open_way = whole < CEILING
        whole = np.where(open_way, whole, np.uint64(0))
        shift, mask = np.uint64(self.units.shift), np.uint64((1 << self.units.shift) - 1)
        high = np.rint(share * (whole >> shift)).astype(np.uint64)
        low = np.rint(share * (whole & mask)).astype(np.uint64)
        before = high << shift | low
        closed = np.uint64(CEILING)
        return np.where(open_way, before, closed), np.where(open_way, whole - before, closed)
