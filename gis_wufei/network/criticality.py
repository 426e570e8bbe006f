"""What hangs on one facility, and on one road: who must go farther without it, and who is cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gis_wufei.errors import ProblemError
from gis_wufei.network.engine.ends import Ends
from gis_wufei.network.engine.fan import fan_of
from gis_wufei.network.graph import Floats, Ints
from gis_wufei.network.nearest import Direction, along_edges, entry_costs, legs, nearest, same_place
from gis_wufei.network.trips import COSTS, Trips

By = Literal["edge", "road"]


@dataclass(frozen=True, eq=False)
class RoadCriticality:
    """What each used road is worth to those who use it."""

    table: pd.DataFrame
    """One row for each edge or road that somebody uses, the worst to lose first. Index: the edge, or the
    row label of the road layer. Columns: name and class of the road where it has them, length_m; places,
    weight (that use it); extra_weight_s (weight x extra seconds, summed); longest_extra_s; on_it,
    on_it_weight (places on the closed road itself); cut_off, cut_off_weight (places left without a way)."""
    cut_off: pd.DataFrame
    """Each road (edge, or row label) and place (point of the snap, for pairs the position of the pair) that
    its closing cuts off."""


def road_criticality(
    trips: Trips,
    places: ArrayLike,
    facilities: ArrayLike,
    weights: ArrayLike | None = None,
    direction: Direction = "to",
    by: By = "edge",
) -> RoadCriticality:
    """Close each road in turn, both ways, and let every place go to its nearest facility anew.

    Parameters
    ----------
    trips
        The prepared network.
    places, facilities
        Points of the snap.
    weights
        float[P], what each place holds (people, tonnes a day); default: 1 each.
    direction
        ``to``: from the places to the facilities; ``from``: from the facilities to the places.
    by
        Close single edges, or whole rows of the road layer.

    Notes
    -----
    Exact: a place may turn to another facility; a facility on the closed road is out, too, and a place
    on it that has no other road is told apart. Only what lies behind the closed road in the tree of
    least ways is searched again, as in the dynamic trees of Ramalingam and Reps (1996,
    doi:10.1006/jagm.1996.0046). Places without a way from the start are passed over.
    """
    where, goal = (np.asarray(some, dtype=np.int64).reshape(-1) for some in (places, facilities))
    held = _weights(weights, len(where))
    closing, label = _closing(trips, by)
    sums = _Sums(len(label))
    sums.add(trips, where, goal, held, direction, closing, where)
    return sums.told(trips, label, by)


def pair_criticality(
    trips: Trips, pairs: ArrayLike, weights: ArrayLike | None = None, by: By = "edge"
) -> RoadCriticality:
    """Close each road in turn, both ways, and let every trip go round.

    Parameters
    ----------
    trips
        The prepared network.
    pairs
        int[P, 2], points of the snap: origin and destination of each trip.
    weights
        float[P], of each trip; default: 1 each.
    by
        Close single edges, or whole rows of the road layer.

    Notes
    -----
    One search for each destination, and the affected parts of it again, see ``road_criticality``.
    """
    pair = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    held = _weights(weights, len(pair))
    closing, label = _closing(trips, by)
    sums = _Sums(len(label))
    for destination in np.unique(pair[:, 1]):
        mine = np.flatnonzero(pair[:, 1] == destination)
        sums.add(trips, pair[mine, 0], np.array([destination]), held[mine], "to", closing, mine)
    return sums.told(trips, label, by)


def _weights(weights: ArrayLike | None, size: int) -> Floats:
    held = np.ones(size) if weights is None else np.asarray(weights, dtype=np.float64).reshape(-1)
    if held.shape != (size,) or not np.isfinite(held).all() or (held < 0).any():
        raise ProblemError(f"criticality: {size} weights are needed, none of them negative")
    return held


def _closing(trips: Trips, by: By) -> tuple[Ints, pd.Index]:
    """What each edge is closed with, and what it is called."""
    graph = trips.network.graph
    if by == "edge":
        return np.arange(len(graph.tail)), pd.RangeIndex(len(graph.tail), name="edge")
    if by == "road":
        return graph.row, graph.roads.index.rename("road")
    raise ProblemError(f"criticality: by must be edge or road, not {by}")


class _Sums:
    """Adds up what each closing costs, one forest after the other."""

    def __init__(self, size: int) -> None:
        self.counts = {name: np.zeros(size, np.int64) for name in ("places", "on_it", "cut_off")}
        names = ("weight", "extra_weight_s", "longest_extra_s", "on_it_weight", "cut_off_weight")
        self.sums = {name: np.zeros(size) for name in names}
        self.cuts: list[tuple[Ints, Ints]] = []

    def add(
        self, trips: Trips, where: Ints, goal: Ints, weight: Floats, direction: Direction, closing: Ints, called: Ints
    ) -> None:
        from gis_wufei.network.engine.detour import Options, detours
        from gis_wufei.network.engine.grow import grow

        network, units = trips.network, trips.weighing().units
        away, back = (fan_of(network, COSTS, backward) for backward in (direction == "to", direction == "from"))
        leaving, arriving, spots = trips.ends()
        near, far = (leaving, arriving) if direction == "to" else (arriving, leaving)
        ends, entry = far.take(goal), near.take(where)
        leg = legs(trips)[0]
        owner = np.repeat(np.arange(len(goal)), np.diff(ends.first))
        cost = entry_costs(ends, units.shift)[0] + leg[goal[owner]]
        nothing = np.zeros(len(cost), np.int64)
        forest = grow(away, ends.node, cost, nothing, owner)

        place, facility, direct, _, shared = along_edges(spots, where, goal, direction, units.shift)
        same = same_place(trips.snap.xy, where, goal)[0]
        owners = np.concatenate([np.repeat(np.arange(len(where)), np.diff(entry.first)), place, same])
        node = np.concatenate([entry.node, np.full(len(place) + len(same), -1)])
        costs = [entry_costs(entry, units.shift)[0], direct + leg[goal[facility]], np.zeros(len(same), np.int64)]
        edge = np.concatenate([_edges(entry, spots.edge), shared, np.full(len(same), -1)])
        order = np.argsort(owners, kind="stable")
        options = Options(
            first=np.searchsorted(owners[order], np.arange(len(where) + 1)).astype(np.int64),
            node=node[order],
            cost=np.concatenate(costs)[order],
            edge=edge[order],
        )
        slots = [closing[network.arcs.arc[fan.arc] >> 1] for fan in (away, back)]
        found = detours(
            away, back, slots[0], slots[1], forest, ends.node, cost, _grouped(closing, _edges(ends, spots.edge)),
            options, _grouped(closing, options.edge), weight, len(self.sums["weight"]),
        )  # fmt: skip
        self.counts["places"] += found.using
        self.counts["on_it"] += found.on_it
        self.counts["cut_off"] += found.cut
        self.sums["weight"] += found.using_weight
        self.sums["extra_weight_s"] += found.extra * units.first
        self.sums["longest_extra_s"] = np.maximum(self.sums["longest_extra_s"], found.longest * units.first)
        self.sums["on_it_weight"] += found.on_it_weight
        self.sums["cut_off_weight"] += found.cut_weight
        self.cuts.append((found.cut_closing, called[found.cut_place]))

    def told(self, trips: Trips, label: pd.Index, by: By) -> RoadCriticality:
        graph = trips.network.graph
        used = np.flatnonzero(self.counts["places"] > 0)
        row = graph.row[used] if by == "edge" else used
        length = graph.length_m if by == "edge" else np.bincount(graph.row, graph.length_m, minlength=len(label))
        columns: dict[str, object] = {
            name: graph.roads[name].to_numpy()[row] for name in ("name", "class") if name in graph.roads
        }
        columns["length_m"] = length[used]
        for name in ("places", "weight", "extra_weight_s", "longest_extra_s"):
            columns[name] = (self.counts | self.sums)[name][used]
        for name in ("on_it", "on_it_weight", "cut_off", "cut_off_weight"):
            columns[name] = (self.counts | self.sums)[name][used]
        table = pd.DataFrame(columns, index=label[used])
        worst = np.lexsort((used, -self.sums["extra_weight_s"][used], -self.sums["cut_off_weight"][used]))
        closing, place = (np.concatenate(part) for part in zip(*self.cuts, strict=True)) if self.cuts else (used, used)
        order = np.lexsort((place, closing))
        cut = pd.DataFrame({label.name: label[closing[order]], "place": place[order]})
        return RoadCriticality(table.iloc[worst], cut)


def _edges(ends: Ends, edge: Ints) -> Ints:
    """Edge of each entry; -1 = a junction."""
    inside = ends.label >= 0
    return np.where(inside, edge[np.where(inside, ends.label, 0) // 2] if len(edge) else -1, -1)


def _grouped(closing: Ints, edge: Ints) -> Ints:
    return np.where(edge >= 0, closing[edge], -1)


def facility_removal(
    trips: Trips,
    places: ArrayLike,
    facilities: ArrayLike,
    weights: ArrayLike | None = None,
    direction: Direction = "to",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the loss of each facility alone means, and to whom.

    Parameters
    ----------
    trips, places, facilities, weights, direction
        As for ``road_criticality``.

    Returns
    -------
    by facility
        Index: point of the snap. Columns places, weight (whose nearest it is), extra_weight_s,
        longest_extra_s, cut_off, cut_off_weight (who has no other).
    by place
        Index: point of the snap. Columns facility, next_facility (points of the snap; -1 = none),
        duration_s, next_duration_s, extra_s (inf = cut off; nan = it has none from the start).
    """
    where, goal = (np.asarray(some, dtype=np.int64).reshape(-1) for some in (places, facilities))
    held = _weights(weights, len(where))
    found = nearest(trips, where, goal, k=2, direction=direction)
    first, second = found.facility[:, 0], found.facility[:, 1]
    has = first >= 0
    extra = np.full(len(where), np.nan)
    extra[has] = found.duration_s[has, 1] - found.duration_s[has, 0]
    size, stays = len(goal), has & (second >= 0)
    lost = has & ~stays
    longest = np.zeros(size)
    np.maximum.at(longest, first[stays], extra[stays])
    table = pd.DataFrame(
        {
            "places": np.bincount(first[has], minlength=size),
            "weight": np.bincount(first[has], held[has], minlength=size),
            "extra_weight_s": np.bincount(first[stays], held[stays] * extra[stays], minlength=size),
            "longest_extra_s": longest,
            "cut_off": np.bincount(first[lost], minlength=size),
            "cut_off_weight": np.bincount(first[lost], held[lost], minlength=size),
        },
        index=pd.Index(goal, name="facility"),
    )
    names = np.append(goal, -1)
    by_place = pd.DataFrame(
        {
            "facility": names[first],
            "next_facility": names[second],
            "duration_s": found.duration_s[:, 0],
            "next_duration_s": found.duration_s[:, 1],
            "extra_s": extra,
        },
        index=pd.Index(where, name="place"),
    )
    return table, by_place


def cut_off(
    before: Trips, after: Trips, places: ArrayLike, facilities: ArrayLike, direction: Direction = "to"
) -> pd.DataFrame:
    """What a change of the network, e.g. a scenario's closures, does to the way to the nearest facility.

    Parameters
    ----------
    before, after
        The same points on the network without and with the change; each may be snapped to its own.
    places, facilities
        Points of the snap.
    direction
        As for ``nearest``.

    Returns
    -------
    Index: point of the snap. Columns facility, new_facility (points; -1 = none), before_s, after_s,
    extra_s (nan = no way before), cut_off (a way before and none after).
    """
    where, goal = (np.asarray(some, dtype=np.int64).reshape(-1) for some in (places, facilities))
    if not np.array_equal(before.snap.xy, after.snap.xy):
        raise ProblemError("cut_off: the points before and after the change are not the same")
    old, new = (nearest(trips, where, goal, direction=direction) for trips in (before, after))
    was, now = old.duration_s[:, 0], new.duration_s[:, 0]
    names, had = np.append(goal, -1), np.isfinite(was)
    extra = np.full(len(where), np.nan)
    extra[had] = now[had] - was[had]
    return pd.DataFrame(
        {
            "facility": names[old.facility[:, 0]],
            "new_facility": names[new.facility[:, 0]],
            "before_s": was,
            "after_s": now,
            "extra_s": extra,
            "cut_off": had & np.isinf(now),
        },
        index=pd.Index(where, name="place"),
    )
