"""The rounds between places and the site that serves them, drawn on the road."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_wufei.demand import Demand
from gis_wufei.errors import CheckFailedError
from gis_wufei.network import Trips, od_matrix, paths
from gis_wufei.plan.cost import TruckCost
from gis_wufei.plan.model import Collection
from gis_wufei.routing import RoutePlan, RoutingProblem, check, solve_routing
from gis_wufei.study import CollectionSpec

TRIP_COLUMNS = ["site_id", "day", "truck", "trip", "stops", "t", "km", "minutes"]
UNSERVED_COLUMNS = ["place_id", "name", "township", "t_per_year", "reason", "detail"]


@dataclass(frozen=True)
class Rounds:
    """The rounds of one site: position of its points in the prepared network, problem and plan."""

    site_id: str
    points: tuple[int, ...]  # the site first, then its places
    problem: RoutingProblem
    plan: RoutePlan


def cycles_per_year(spec: CollectionSpec) -> float:
    """How often the cycle is driven in a year."""
    return spec.cycles_per_year or 365 / spec.cycle_days


def collect(
    demand: Demand,
    sites: gpd.GeoDataFrame,
    assignments: pd.DataFrame,
    trips: Trips,
    spec: CollectionSpec,
    truck: TruckCost,
    seed: int,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Collection:
    """Plan and draw the rounds of every opened site.

    Points of ``trips``: the places in the order of ``demand``, then the sites in their order. The
    load of a visit is that of the busiest month, so that the trucks suffice in every month; a
    campaign (``cycles_per_year`` given) clears the year's tonnes.
    """
    place_at = {place: i for i, place in enumerate(demand.places.index)}
    site_at = {site: len(place_at) + j for j, site in enumerate(sites.index)}
    groups = list(assignments.groupby("site_id", sort=True))
    rounds: list[Rounds] = []
    for done, (site_id, group) in enumerate(groups):
        points = (site_at[site_id], *(place_at[place] for place in group["place_id"]))
        problem = _problem(demand, group, points, trips, spec, truck)
        plan = solve_routing(problem, spec.solve.model_copy(update={"seed": seed}))
        faults = check(problem, plan)
        if faults:
            raise CheckFailedError(f"routing of {site_id}", faults)
        rounds.append(Rounds(str(site_id), points, problem, plan))
        step(done + 1, len(groups))
    return Collection(
        trips=_trip_table(rounds),
        lines=_trip_lines(rounds, trips, sites),
        sites=_site_table(rounds, spec),
        stops=_stop_table(rounds),
        cycles_per_year=cycles_per_year(spec),
        unserved=_unserved(rounds, demand, assignments),
    )


def _problem(
    demand: Demand,
    group: pd.DataFrame,
    points: tuple[int, ...],
    trips: Trips,
    spec: CollectionSpec,
    truck: TruckCost,
) -> RoutingProblem:
    places = demand.places.loc[group["place_id"]]
    share = group["share"].to_numpy()
    if spec.cycles_per_year is None:
        load = places["peak_t_per_day"].to_numpy() * share * spec.cycle_days
    else:
        load = places["t_per_year"].to_numpy() * share / spec.cycles_per_year
    matrix = od_matrix(trips, points, points)
    # Loading takes its time by the tonne; a stop larger than the truck is loaded truck by truck.
    minutes = spec.stop_min + spec.load_min_per_t * np.minimum(load, truck.payload_t)
    return RoutingProblem(
        stop_ids=tuple(group["place_id"]),
        load_t=load,
        service_s=minutes * 60,
        distance_m=matrix.distance_m,
        duration_s=matrix.duration_s,
        capacity_t=truck.payload_t,
        shift_s=spec.shift_h * 3600,
        unload_s=spec.unload_min * 60,
        yuan_per_vehicle_day=truck.yuan_per_day,
        yuan_per_km=truck.yuan_per_km,
        yuan_per_h=0.0,  # the crew is paid by the day
        workdays=spec.workdays,
        trucks=None,
    )


def _legs(stops: tuple[int, ...]) -> list[tuple[int, int]]:
    way = (0, *stops, 0)
    return list(pairwise(way))


def _trip_table(rounds: list[Rounds]) -> pd.DataFrame:
    rows = []
    for item in rounds:
        problem = item.problem
        for day in item.plan.vehicle_days:
            for number, trip in enumerate(day.trips, 1):
                legs = _legs(trip.stops)
                metres = sum(problem.distance_m[leg] for leg in legs)
                seconds = sum(problem.duration_s[leg] for leg in legs) + problem.unload_s
                seconds += sum(problem.service_s[stop - 1] for stop in trip.stops)
                names = " > ".join(problem.stop_ids[stop - 1] for stop in trip.stops)
                load = float(sum(trip.load_t))
                rows.append((item.site_id, day.day, day.truck, number, names, load, metres / 1000, seconds / 60))
    return pd.DataFrame(rows, columns=TRIP_COLUMNS)


def _trip_lines(rounds: list[Rounds], trips: Trips, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Each distinct trip once, on the road, with how often it is driven in a cycle."""
    pairs = sorted(
        {
            (item.points[a], item.points[b])
            for item in rounds
            for day in item.plan.vehicle_days
            for trip in day.trips
            for a, b in _legs(trip.stops)
        }
    )
    way = dict(zip(pairs, paths(trips, pairs), strict=True)) if pairs else {}
    rows, shapes = [], []
    for item in rounds:
        times: dict[tuple[int, ...], list[float]] = {}
        for day in item.plan.vehicle_days:
            for trip in day.trips:
                times.setdefault(trip.stops, []).append(float(sum(trip.load_t)))
        for stops, loads in sorted(times.items()):
            legs = [way[item.points[a], item.points[b]] for a, b in _legs(stops)]
            points = np.concatenate([leg.xy for leg in legs if leg is not None])
            shapes.append(shapely.linestrings(points))
            names = " > ".join(item.problem.stop_ids[stop - 1] for stop in stops)
            km = sum(leg.distance_m for leg in legs if leg is not None) / 1000
            rows.append((item.site_id, names, len(stops), float(np.sum(loads)), km, len(loads)))
    columns = ["site_id", "stops", "stop_count", "t", "km", "times"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=shapes, crs=sites.crs)


def _site_table(rounds: list[Rounds], spec: CollectionSpec) -> pd.DataFrame:
    rows = {
        item.site_id: {
            "vehicle_days": len(item.plan.vehicle_days),
            "trucks": len({day.truck for day in item.plan.vehicle_days}),
            "trips": sum(len(day.trips) for day in item.plan.vehicle_days),
            "km": item.plan.distance_m / 1000,
            "hours": item.plan.duration_s / 3600,
            "t": item.plan.tonnes,
            "yuan_per_cycle": item.plan.cost_yuan,
            "bound_yuan": item.plan.bound,
            "status": item.plan.status,
        }
        for item in rounds
    }
    columns = ["vehicle_days", "trucks", "trips", "km", "hours", "t", "yuan_per_cycle", "bound_yuan", "status"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("site_id")


def _stop_table(rounds: list[Rounds]) -> pd.DataFrame:
    rows = [
        (stop, item.site_id, float(load), item.problem.capacity_t, ceil(load / item.problem.capacity_t - 1e-9), hours)
        for item in rounds
        for stop, load, hours in zip(
            item.problem.stop_ids, item.problem.load_t, item.problem.alone_s() / 3600, strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["place_id", "site_id", "t", "payload_t", "loads", "hours"])


def _unserved(rounds: list[Rounds], demand: Demand, assignments: pd.DataFrame) -> pd.DataFrame:
    share = assignments.set_index(["place_id", "site_id"])["t_per_year"]
    rows = []
    for item in rounds:
        for left in item.plan.unserved:
            place = demand.places.loc[left.stop_id]
            tonnes = float(share.loc[(left.stop_id, item.site_id)])
            rows.append(
                (left.stop_id, place["name"], place["township"], tonnes, f"unserved.{left.reason}", item.site_id)
            )
    return pd.DataFrame(rows, columns=UNSERVED_COLUMNS)
