"""Several ways between two points that are really different: for the driver to choose, or when the first is shut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gis_wufei.errors import ProblemError
from gis_wufei.network.chains import Chain, Stretches, along_one_edge, as_paths, cost_of, edge_cost, root_way, stretches
from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.engine.fan import FAR, Fan, fan_of
from gis_wufei.network.graph import Floats, Ints
from gis_wufei.network.nearest import entry_costs
from gis_wufei.network.paths import Path
from gis_wufei.network.trips import COSTS, Trips
from gis_wufei.network.weights import CEILING

LEAST_DETOUR = 0.25
"""A way is locally least: no stretch as long as this share of the fastest way could be driven faster
(alpha of Abraham and others, 2013)."""
TRIES = 100
"""Candidates looked at for each way wanted."""


@dataclass(frozen=True, eq=False)
class Alternative:
    """One way among several."""

    path: Path
    shared: float
    """Share (0-1) of its cost on the road that it drives on edges of the ways before it."""
    longer: float
    """Its cost on the road over that of the best, 1 or more."""


@dataclass(frozen=True, eq=False)
class _Tree:
    fan: Fan
    ends: Ends
    cost: Ints
    by: Ints


def alternatives(
    trips: Trips,
    pairs: ArrayLike,
    k: int = 3,
    max_longer: float = 1.4,
    max_shared: float = 0.6,
    costs: tuple[str, str] = COSTS,
) -> list[list[Alternative]]:
    """Up to k ways for each pair of points, the best first; none where there is no way.

    Parameters
    ----------
    trips
        The prepared network.
    pairs
        int[P, 2], or one pair: origin and destination, points of the snap.
    k
        How many, the best one included. There may be fewer: what is not really different is not told.
    max_longer
        Largest cost over that of the best.
    max_shared
        Largest share of a way's cost on edges of the ways before it.
    costs
        What is minimised, and what decides among equals.

    Notes
    -----
    Single-via ways: the least way to some place, and on from it. Candidates are the plateaus, stretches on
    which the least ways from the origin and to the destination agree (Cambridge Vehicle Information, 2005),
    be it inside a single edge; ranked by 2 x cost + cost shared with the best - cost of the plateau.
    Admitted is, after Abraham, Delling, Goldberg and Werneck (2013, doi:10.1145/2444016.2444019), what
    shares little, is not much longer, passes no junction twice, and between the junctions around the
    middle of the plateau, up to ``LEAST_DETOUR`` of the best cost to either side, is itself a least way
    (their T-test). Turn bans hold.
    """
    pair = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if k < 1 or not max_longer >= 1 or not 0 <= max_shared <= 1:
        raise ProblemError(f"alternatives: k >= 1, max_longer >= 1 and max_shared from 0 to 1 are needed, not "
                           f"{k}, {max_longer} and {max_shared}")  # fmt: skip
    return [_of_pair(trips, (int(o), int(d)), k, max_longer, max_shared, costs) for o, d in pair]


def _of_pair(
    trips: Trips, pair: tuple[int, int], k: int, max_longer: float, max_shared: float, costs: tuple[str, str]
) -> list[Alternative]:
    leaving, arriving, spots = trips.ends(costs)
    shift = trips.weighing(costs).units.shift
    if bool((trips.snap.xy[pair[0]] == trips.snap.xy[pair[1]]).all()):
        return [Alternative(as_paths(trips, pair, [(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))])[0], 0.0, 1.0)]
    there = _tree(trips, costs, leaving.take(np.array([pair[0]])), False, shift)
    ends = arriving.take(np.array([pair[1]]))
    least = int((there.cost[ends.node] + entry_costs(ends, shift)[0]).min(initial=FAR))
    back = _tree(trips, costs, ends, True, shift, int(max_longer * least) if least < FAR else FAR - 1)
    total = np.where((there.cost < FAR) & (back.cost < FAR), there.cost + back.cost, FAR)
    best_via = int(total.argmin()) if len(total) else -1
    ways: list[Stretches] = []
    if best_via >= 0 and total[best_via] < FAR:
        ways.append(stretches(trips, _Way.by(there, back, _node(best_via, total), 0).chain, spots))
    direct = along_one_edge(spots, *pair)
    if direct:  # on one edge, the way round the block is no alternative
        ways = [min([*ways, *direct], key=lambda way: cost_of(trips, way, costs[0]))]
    if not ways:
        return []
    shared, longer = [0.0], [1.0]
    if not direct:
        found = _others(trips, costs, there, back, total, best_via, ways[0], k, max_longer, max_shared)
        for way, share, more in found:
            ways.append(way)
            shared.append(share)
            longer.append(more)
    told = zip(as_paths(trips, pair, ways), shared, longer, strict=True)
    return [Alternative(path, share, more) for path, share, more in told]


def _tree(trips: Trips, costs: tuple[str, str], ends: Ends, backward: bool, shift: int, limit: int = FAR - 1) -> _Tree:
    from gis_wufei.network.engine.grow import grow

    fan = fan_of(trips.network, costs, backward)
    cost, along = entry_costs(ends, shift)
    forest = grow(fan, ends.node, cost, along, np.zeros(len(cost), np.int64), limit)
    return _Tree(fan, ends, forest.cost, forest.by.astype(np.int64))


def _way(tree: _Tree, node: int) -> tuple[int, list[int], list[int]]:
    return root_way(tree.fan, tree.by, node)


def _others(
    trips: Trips,
    costs: tuple[str, str],
    there: _Tree,
    back: _Tree,
    total: Ints,
    best_via: int,
    fastest: Stretches,
    k: int,
    max_longer: float,
    max_shared: float,
) -> list[tuple[Stretches, float, float]]:
    """The ways beside the fastest, the better first, each with its shared share and its cost over the best."""
    spots = trips.ends(costs)[2]
    best = int(total[best_via])
    on_best = np.zeros(len(total), bool)
    on_best[_way(there, best_via)[2]] = on_best[_way(back, best_via)[2]] = True
    limit = int(max_longer * best)
    vias = _vias(*_plateaus(there, back, total, limit), _inside(trips, costs, there, back, limit))
    shared = _until(there, on_best)[vias.begin] + _until(back, on_best)[vias.end]
    rank = np.lexsort((vias.slot, vias.begin, 2 * vias.total + np.minimum(shared, vias.total) - vias.length))
    rank = rank[~(on_best[vias.begin[rank]] & on_best[vias.end[rank]] & (vias.slot[rank] < 0))]
    driven = [fastest]
    found: list[tuple[Stretches, float, float]] = []
    for at in rank[: TRIES * k].tolist():
        if len(found) + 1 >= k:
            break
        way = _Way.by(there, back, vias, at)
        line = stretches(trips, way.chain, spots)
        share = _share(trips, line, driven, costs[0])
        if share <= max_shared and _admissible(trips, there.fan, way, float(vias.middle[at]), best):
            found.append((line, share, float(vias.total[at] / best) if best else 1.0))
            driven.append(line)
    return sorted(found, key=lambda told: told[2])


@dataclass(frozen=True, eq=False)
class _Vias:
    """What the candidates go by: from node ``begin`` to node ``end`` on both trees, or along one arc between them."""

    begin: Ints
    end: Ints
    slot: Ints
    """Slot of the forward fan of that arc; -1 = nodes on both trees."""
    total: Ints
    """Cost of the whole way."""
    middle: Floats
    length: Floats
    """Where on the way the middle of the plateau lies, and its length, in cost."""


def _node(node: int, total: Ints) -> _Vias:
    one, none = np.array([node]), np.zeros(1)
    return _Vias(one, one, np.array([-1]), total[one], none, none)


def _vias(begin: Ints, end: Ints, first: Ints, last: Ints, total: Ints, arcs: _Vias) -> _Vias:
    return _Vias(
        begin=np.concatenate([begin, arcs.begin]),
        end=np.concatenate([end, arcs.end]),
        slot=np.concatenate([np.full(len(begin), -1), arcs.slot]),
        total=np.concatenate([total, arcs.total]),
        middle=np.concatenate([(first + last) / 2, arcs.middle]),
        length=np.concatenate([(last - first).astype(np.float64), arcs.length]),
    )


def _inside(trips: Trips, costs: tuple[str, str], there: _Tree, back: _Tree, limit: int) -> _Vias:
    """Arcs on neither tree: a place inside one may still be on a least way from the origin and to the destination."""
    weighing, shift = trips.weighing(costs), np.uint64(trips.weighing(costs).units.shift)
    fan = there.fan
    tail = fan.origin.astype(np.int64)
    cost = fan.cost.astype(np.int64)
    able = (there.cost[tail] < FAR) & (back.cost[fan.to] < FAR)
    total = np.where(able, there.cost[tail] + cost + back.cost[fan.to], FAR)
    grown = np.zeros(len(tail), bool)
    grown[there.by[there.by >= 0]] = True
    onward = np.full(trips.network.arcs.nodes, -1)
    onward[back.by >= 0] = back.fan.arc[back.by[back.by >= 0]]
    slot = np.flatnonzero((total <= limit) & ~grown & (onward[tail] != fan.arc))
    tail, head, cost, total = tail[slot], fan.to[slot].astype(np.int64), cost[slot].astype(np.float64), total[slot]
    arc = trips.network.arcs.arc[fan.arc[slot]]
    packed = np.where(arc % 2 == 1, weighing.forward[arc // 2], weighing.backward[arc // 2])
    two_way = packed < CEILING
    other = np.where(two_way, packed >> shift, np.uint64(0)).astype(np.float64)
    both = np.maximum(cost + other, 1.0)
    # Up to where one comes from its begin, and from where one goes on by its end; the other end is farther.
    top, floor = np.ones(len(slot)), np.zeros(len(slot))
    from_head, to_tail = two_way & (there.cost[head] < FAR), two_way & (back.cost[tail] < FAR)
    top[from_head] = ((there.cost[head] - there.cost[tail] + other) / both)[from_head]
    floor[to_tail] = ((cost + back.cost[head] - back.cost[tail]) / both)[to_tail]
    top, floor = np.clip(top, 0.0, 1.0), np.clip(floor, 0.0, 1.0)
    middle, length = there.cost[tail] + cost * (top + floor) / 2, cost * (top - floor)
    real = length > 0
    return _Vias(tail[real], head[real], slot[real], total[real], middle[real], length[real])


def _plateaus(there: _Tree, back: _Tree, total: Ints, limit: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """First and last node of each stretch on which both trees agree (a single node is one, too), where they lie
    on the way, and how long that is."""
    near = np.flatnonzero(total <= limit)
    by = there.by[near]
    grown = np.flatnonzero(by >= 0)
    slot = by[grown]
    before = there.fan.origin[slot]
    onward = back.by[before]
    agreed = (onward >= 0) & (total[before] <= limit)
    agreed &= back.fan.arc[np.maximum(onward, 0)] == there.fan.arc[slot] if len(back.fan.arc) else False
    size = len(total)
    previous, following = np.full(size, -1), np.full(size, -1)
    previous[near[grown[agreed]]] = before[agreed]
    following[before[agreed]] = near[grown[agreed]]
    begin = near[previous[near] < 0]
    end = begin.copy()
    while True:  # all at once, as many rounds as the longest has arcs
        more = np.flatnonzero(following[end] >= 0)
        if not len(more):
            return begin, end, there.cost[begin], there.cost[end], total[begin]
        end[more] = following[end[more]]


def _until(tree: _Tree, on_best: np.ndarray) -> Ints:
    """int[G]: cost up to which the way to each node runs along the best one."""
    size = len(tree.cost)
    up = np.arange(size)
    grown = np.flatnonzero((tree.by >= 0) & ~on_best)
    up[grown] = tree.fan.origin[tree.by[grown]]
    while True:  # pointer doubling: each node jumps to where its way leaves the best one, or began
        further = up[up]
        if (further == up).all():
            break
        up = further
    return np.where(on_best[up], tree.cost[up], 0)


@dataclass(frozen=True, eq=False)
class _Way:
    """A candidate: its nodes, and the cost from the origin to each."""

    chain: Chain
    nodes: list[int]
    run: list[int]

    @classmethod
    def by(cls, there: _Tree, back: _Tree, vias: _Vias, at: int) -> _Way:
        slot, end, total = int(vias.slot[at]), int(vias.end[at]), int(vias.total[at])
        first, ahead, nodes = _way(there, end if slot < 0 else int(vias.begin[at]))
        last, behind, after = _way(back, end)
        more = after[::-1] if slot >= 0 else after[-2::-1]
        run = [int(there.cost[node]) for node in nodes] + [total - int(back.cost[node]) for node in more]
        arcs = [*there.fan.arc[ahead].tolist(), *([] if slot < 0 else [int(there.fan.arc[slot])])]
        arcs += back.fan.arc[behind[::-1]].tolist()
        return cls(Chain(int(there.ends.label[first]), tuple(arcs), int(back.ends.label[last])), nodes + more, run)


def _admissible(trips: Trips, fan: Fan, way: _Way, middle: float, best: int) -> bool:
    """Whether a way passes no junction twice and is locally least around the middle of its plateau."""
    from gis_wufei.network.engine.grow import grow

    places = trips.network.arcs.place[way.nodes]
    if len(np.unique(places)) < len(places):
        return False
    reach = LEAST_DETOUR * best
    low = int(np.searchsorted(way.run, middle - reach, side="left"))
    high = int(np.searchsorted(way.run, middle + reach, side="right")) - 1
    if low >= high:
        return True
    span, zero = way.run[high] - way.run[low], np.zeros(1, np.int64)
    around = grow(fan, np.array([way.nodes[low]]), zero, zero, zero, limit=span)
    return int(around.cost[way.nodes[high]]) >= span


def _share(trips: Trips, way: Stretches, before: list[Stretches], cost: str) -> float:
    """Share of a way's cost on stretches of edges, either way, that the others drive."""
    whole = cost_of(trips, way, cost)
    if whole <= 0:
        return 1.0
    edge, start, stop = way
    low, high = np.minimum(start, stop), np.maximum(start, stop)
    common = np.zeros(len(edge))
    for other, begin, end in before:
        floor, top = np.minimum(begin, end), np.maximum(begin, end)
        at = {int(e): n for n, e in enumerate(other)}
        for n, e in enumerate(edge.tolist()):
            if e in at:
                both = min(high[n], top[at[e]]) - max(low[n], floor[at[e]])
                common[n] = max(common[n], both)
    there, back = edge_cost(trips, cost)
    each: Floats = np.where(start < stop, there[edge], np.where(start > stop, back[edge], 0.0))
    return float((common * each).sum() / whole)
