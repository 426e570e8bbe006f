"""Two costs at once: all ways between two points of which no other is better in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gis_wufei.errors import ProblemError
from gis_wufei.network.chains import Chain, along_one_edge, as_paths, cost_of, root_way, stretches
from gis_wufei.network.engine.fan import FAR, Fan, fan_of
from gis_wufei.network.graph import Floats, Ints
from gis_wufei.network.nearest import entry_costs
from gis_wufei.network.network import DURATION, Network
from gis_wufei.network.paths import Path
from gis_wufei.network.trips import Spots, Trips
from gis_wufei.network.weights import CEILING

MOST_LABELS = 20_000_000
"""Ways begun before the exact search gives up, about a gigabyte of memory."""


@dataclass(frozen=True, eq=False)
class Front:
    """The ways between two points, the cheapest in the first cost first; each is less of the second."""

    costs: tuple[str, str]
    paths: tuple[Path, ...]
    values: Floats
    """float[n, 2], both costs of each way, on the road alone."""
    exact: bool
    """True: these are all. False: only those that are least for some price of one cost in the other (the
    corners of the front's hull); the search for all was given up."""

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def knee(self) -> int:
        """Position of the way farthest from the straight line between the two ends of the front; -1 = no way.

        Both costs scaled to 0-1 between the ends (Das, 1999, doi:10.1007/BF01195985): beyond it, less
        of one cost is bought with much more of the other.
        """
        if not len(self.values):
            return -1
        span = self.values.max(axis=0) - self.values.min(axis=0)
        scaled = (self.values - self.values.min(axis=0)) / np.where(span > 0, span, 1.0)
        return int(scaled.sum(axis=1).argmin())


def front(
    trips: Trips,
    pair: Sequence[int],
    costs: tuple[str, str] = (DURATION, "exposure"),
    max_longer: float | None = None,
    most_labels: int = MOST_LABELS,
) -> Front:
    """The exact Pareto front between two points; no way is left out, and none is dominated.

    Parameters
    ----------
    trips
        The prepared network; turn bans hold.
    pair
        Origin and destination, points of the snap.
    costs
        Two of ``duration_s``, ``distance_m`` and the names of ``Network.extra``. The straight access legs
        are the same for all ways and not in ``values``.
    max_longer
        Ways whose first cost is more than so many times the least are not wanted; default: all.
    most_labels
        Where the exact search gives up and the corners of the hull are told instead (``Front.exact``).
    """
    origin, destination = (int(point) for point in pair)
    if max_longer is not None and not max_longer >= 1:
        raise ProblemError(f"front: max_longer must be 1 at least, not {max_longer}")
    _finite(trips.network, costs)
    if costs[0] == costs[1]:
        raise ProblemError(f"front: two different costs are needed, not {costs[0]} twice")
    search = _Search.of(trips, origin, destination, costs)
    xy = trips.snap.xy
    if bool((xy[origin] == xy[destination]).all()):
        nothing = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
        return Front(costs, tuple(as_paths(trips, (origin, destination), [nothing])), np.zeros((1, 2)), True)
    labels = search.exact(max_longer, most_labels)
    chains = search.supported(max_longer) if labels is None else labels
    ways = [stretches(trips, chain, search.spots) for chain in chains]
    ways += along_one_edge(search.spots, origin, destination)
    values = np.array([[cost_of(trips, way, name) for name in costs] for way in ways]).reshape(-1, 2)
    kept = _undominated(values, search.unit, max_longer)
    found = as_paths(trips, (origin, destination), [ways[k] for k in kept])
    return Front(costs, tuple(found), values[kept], labels is not None)


def _finite(network: Network, costs: tuple[str, str]) -> None:
    for name in costs:
        for value, seconds in zip(network.cost(name), network.cost(DURATION), strict=True):
            if np.isinf(value[np.isfinite(seconds)]).any():
                raise ProblemError(f"front: {name} is not finite on an edge that may be driven; close it instead")


def _undominated(values: Floats, unit: tuple[float, float], max_longer: float | None) -> Ints:
    """The ways that are not as good as another in both costs, in the order of the first."""
    order = np.lexsort((values[:, 1], values[:, 0]))
    kept: list[int] = []
    for k in order.tolist():
        if kept and values[k, 1] >= values[kept[-1], 1] - unit[1] / 2:
            continue
        if kept and max_longer is not None and values[k, 0] > max_longer * values[order[0], 0] + unit[0]:
            break
        if kept and values[k, 0] <= values[kept[-1], 0] + 2 * unit[0]:  # equal, but for rounding, and less of the other
            kept.pop()
        kept.append(k)
    return np.array(kept, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _Search:
    """Arcs and entries of one pair with both costs in whole units."""

    network: Network
    costs: tuple[str, str]
    begin: Ints
    to: Ints
    arc: Ints
    first: Ints
    second: Ints
    source: tuple[Ints, Ints, Ints]
    target: tuple[Ints, Ints, Ints]
    source_label: Ints
    target_label: Ints
    unit: tuple[float, float]
    trips: Trips

    @classmethod
    def of(cls, trips: Trips, origin: int, destination: int, costs: tuple[str, str]) -> _Search:
        network, arcs = trips.network, trips.network.arcs
        both = (costs, (costs[1], costs[0]))
        weighings = [network.weighing(*order) for order in both]
        able = np.flatnonzero(weighings[0].arc < CEILING)
        slots = able[np.argsort(arcs.tail[able], kind="stable")]
        first, second = ((w.arc[slots] >> np.uint64(w.units.shift)).astype(np.int64) for w in weighings)
        ends = []
        for side, point in enumerate((origin, destination)):
            told = [trips.ends(order)[:2][side].take(np.array([point])) for order in both]
            cost = [entry_costs(end, w.units.shift)[0] for end, w in zip(told, weighings, strict=True)]
            ends.append(((told[0].node, cost[0], cost[1]), told[0].label))
        return cls(
            network=network,
            costs=costs,
            begin=np.searchsorted(arcs.tail[slots], np.arange(arcs.nodes + 1)).astype(np.int64),
            to=arcs.head[slots].astype(np.int64),
            arc=slots,
            first=first,
            second=second,
            source=ends[0][0],
            target=ends[1][0],
            source_label=ends[0][1],
            target_label=ends[1][1],
            unit=(weighings[0].units.first, weighings[1].units.first),
            trips=trips,
        )

    @property
    def spots(self) -> Spots:
        """Where points stand inside edges."""
        return self.trips.ends(self.costs)[2]

    def exact(self, max_longer: float | None, most_labels: int) -> list[Chain] | None:
        """All ways of the front that leave the edge; None where there are too many to search."""
        from gis_wufei.network.engine.grow import grow
        from gis_wufei.network.engine.pareto import pareto

        node, *cost = self.target
        least = []
        for order, mine in ((self.costs, cost[0]), ((self.costs[1], self.costs[0]), cost[1])):
            fan = fan_of(self.network, order, backward=True)
            nothing = np.zeros(len(node), np.int64)
            least.append(grow(fan, node, mine, nothing, nothing).cost)
        best = int((least[0][self.source[0]] + self.source[1]).min(initial=FAR))
        if best >= FAR:
            return []
        most = FAR - 1 if max_longer is None else int(max_longer * best + 0.5)
        found = pareto(
            self.begin, self.to, self.first, self.second, least[0], least[1],
            self.source, self.target, most, FAR, most_labels,
        )  # fmt: skip
        if not found.whole:
            return None
        return [self._chain(found.parent, found.slot, int(label)) for label in found.solutions]

    def _chain(self, parent: Ints, slot: Ints, label: int) -> Chain:
        end = int(self.target_label[-2 - slot[label]])
        arcs: list[int] = []
        label = int(parent[label])
        while slot[label] >= 0:
            arcs.append(int(self.arc[slot[label]]))
            label = int(parent[label])
        return Chain(int(self.source_label[-2 - slot[label]]), tuple(arcs[::-1]), end)

    def supported(self, max_longer: float | None) -> list[Chain]:
        """The corners of the front's hull, by searches for weighted sums (Aneja and Nair, 1979)."""
        ends = [self._least(1, 0), self._least(0, 1)]
        if ends[0] is None or ends[1] is None:
            return []
        found = {end[1:]: end[0] for end in ends if end is not None}
        work = [(ends[0][1:], ends[1][1:])]
        while work:
            low, high = work.pop()
            price = (low[1] - high[1], high[0] - low[0])
            if price[0] <= 0 or price[1] <= 0:
                continue
            more = self._least(*price)
            if more is None:
                continue
            chain, *value = more
            if price[0] * value[0] + price[1] * value[1] < price[0] * low[0] + price[1] * low[1]:
                found[value[0], value[1]] = chain
                work += [(low, (value[0], value[1])), ((value[0], value[1]), high)]
        limit = FAR if max_longer is None else max_longer * ends[0][1]
        return [found[value] for value in sorted(found) if value[0] <= limit]

    def _least(self, one: int, two: int) -> tuple[Chain, int, int] | None:
        """The least way where a unit of the first cost counts ``one`` and of the second ``two``, and its costs."""
        from gis_wufei.network.engine.grow import grow

        weight = one * self.first.astype(np.float64) + two * self.second
        scale = max(float(weight.max(initial=0.0)) / 2**30, 1e-300)
        cost = np.rint(weight / scale).astype(np.uint32)
        tie = self.second if two == 0 else self.first
        fan = Fan(self.begin, self.to.astype(np.int32), cost, tie.astype(np.uint32), self.arc.astype(np.int32),
                  max(int(np.log2(max(float(cost.mean()), 1.0))), 0), int(cost.max(initial=0)))  # fmt: skip
        (begin, *leave), (end, *arrive) = self.source, self.target
        start, stop = (np.rint((one * a.astype(np.float64) + two * b) / scale).astype(np.int64)
                       for a, b in (leave, arrive))  # fmt: skip
        ties = (leave[1], arrive[1]) if two == 0 else (leave[0], arrive[0])
        forest = grow(fan, begin, start, ties[0], np.zeros(len(begin), np.int64))
        met = forest.cost[end]
        if not (met < FAR).any():
            return None
        last = int(np.lexsort((forest.along[end] + ties[1], np.where(met < FAR, met + stop, FAR)))[0])
        entry, slots, _ = root_way(fan, forest.by, int(end[last]))
        chain = Chain(int(self.source_label[entry]), tuple(self.arc[slots].tolist()), int(self.target_label[last]))
        first, second = (
            int(leave[k][entry]) + int(side[slots].sum()) + int(arrive[k][last])
            for k, side in enumerate((self.first, self.second))
        )
        return chain, first, second
