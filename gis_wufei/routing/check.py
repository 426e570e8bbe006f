"""The judge of a route plan: everything recomputed from the problem alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from gis_wufei.routing.problem import (
    FLEET,
    REASONS,
    TOLERANCE,
    TOO_LONG,
    UNREACHABLE,
    RoutePlan,
    RoutingProblem,
    Trip,
    VehicleDay,
)


def check(problem: RoutingProblem, plan: RoutePlan) -> list[str]:
    """Faults of a plan, one sentence each; empty when it does what the problem asks.

    Loads collected or told unserved with a true reason; trips within the capacity; shifts, with
    service and an unloading at the end of *every* trip, within the shift; no truck twice a day;
    workdays and trucks respected; lengths, durations, tonnes and cost equal to the matrices'; the
    bound not above the cost.
    """
    n = len(problem.stop_ids)
    trips = [trip for day in plan.vehicle_days for trip in day.trips]
    if any(not 1 <= stop <= n for trip in trips for stop in trip.stops):
        return ["a trip visits a stop that the problem does not have"]
    if any(len(trip.stops) != len(trip.load_t) for trip in trips):
        return ["a trip has not one load for each of its stops"]
    return [
        *_trips(problem, trips),
        *_vehicle_days(problem, plan),
        *_loads(problem, plan, trips),
        *_totals(problem, plan),
    ]


def _trips(problem: RoutingProblem, trips: list[Trip]) -> Iterator[str]:
    for trip in sorted(set(trips), key=lambda trip: (trip.stops, trip.load_t)):
        name = "trip over " + ", ".join(problem.stop_ids[stop - 1] for stop in trip.stops)
        if len(set(trip.stops)) != len(trip.stops) or not trip.stops:
            yield f"{name} is empty or visits a stop twice"
        if any(not load > 0 for load in trip.load_t):
            yield f"{name} visits a stop for nothing"
        if not _at_most(math.fsum(trip.load_t), problem.capacity_t):
            yield f"{name} carries {math.fsum(trip.load_t):.6g} t of {problem.capacity_t:.6g} t"
        if problem.max_trip_stops is not None and len(trip.stops) > problem.max_trip_stops:
            yield f"{name} has {len(trip.stops)} stops of {problem.max_trip_stops}"


def _measure(problem: RoutingProblem, day: VehicleDay) -> tuple[float, float]:
    """Seconds and metres of a vehicle-day."""
    frm = [at for trip in day.trips for at in (0, *trip.stops)]
    to = [at for trip in day.trips for at in (*trip.stops, 0)]
    stops = [stop - 1 for trip in day.trips for stop in trip.stops]
    seconds = problem.duration_s[frm, to].sum() + problem.service_s[stops].sum() + problem.unload_s * len(day.trips)
    return float(seconds), float(problem.distance_m[frm, to].sum())


def _vehicle_days(problem: RoutingProblem, plan: RoutePlan) -> Iterator[str]:
    for (date, truck), times in sorted(Counter((day.day, day.truck) for day in plan.vehicle_days).items()):
        if times > 1:
            yield f"truck {truck} works {times} shifts on day {date}"
        if not 1 <= date <= problem.workdays:
            yield f"day {date} is none of the {problem.workdays} workdays"
        if not 1 <= truck <= (problem.trucks if problem.trucks is not None else truck):
            yield f"truck {truck} is none of the {problem.trucks} trucks"
    for day in plan.vehicle_days:
        name = f"vehicle-day {day.day}/{day.truck}"
        seconds, metres = _measure(problem, day)
        if not day.trips:
            yield f"{name} has no trip"
        if not math.isfinite(seconds + metres):
            yield f"{name} drives where there is no way"
            continue
        if not _at_most(seconds, problem.shift_s):
            yield f"{name} lasts {seconds:.6g} s of {problem.shift_s:.6g} s"
        if not _equal(day.duration_s, seconds):
            yield f"{name} says {day.duration_s:.6g} s and lasts {seconds:.6g} s"
        if not _equal(day.distance_m, metres):
            yield f"{name} says {day.distance_m:.6g} m and drives {metres:.6g} m"


def _loads(problem: RoutingProblem, plan: RoutePlan, trips: list[Trip]) -> Iterator[str]:
    known = {stop_id: i for i, stop_id in enumerate(problem.stop_ids)}
    cleared = np.zeros(len(known))
    for trip in trips:
        for stop, load in zip(trip.stops, trip.load_t, strict=True):
            cleared[stop - 1] += load
    for left in plan.unserved:
        if left.stop_id not in known or left.reason not in REASONS or not left.load_t > 0:
            yield f"unserved {left.stop_id} ({left.reason}, {left.load_t} t) is not an entry that makes sense"
            continue
        at = known[left.stop_id]
        cleared[at] += left.load_t
        there = problem.duration_s[0, at + 1] + problem.distance_m[0, at + 1]
        back = problem.duration_s[at + 1, 0] + problem.distance_m[at + 1, 0]
        hours = problem.duration_s[0, at + 1] + problem.duration_s[at + 1, 0] + problem.service_s[at] + problem.unload_s
        true = {
            UNREACHABLE: bool(np.isinf(there + back)),
            TOO_LONG: bool(np.isfinite(there + back)) and hours > problem.shift_s,
            FLEET: problem.trucks is not None and len(plan.vehicle_days) == problem.trucks * problem.workdays,
        }
        if not true[left.reason]:
            yield f"unserved {left.stop_id}: {left.reason} is not true"
    for stop_id, load, found in zip(problem.stop_ids, problem.load_t, cleared, strict=True):
        if not _equal(found, load):
            yield f"{stop_id}: {found:.6g} t collected or told unserved, of {load:.6g} t"


def _totals(problem: RoutingProblem, plan: RoutePlan) -> Iterator[str]:
    measured = [_measure(problem, day) for day in plan.vehicle_days]
    seconds = math.fsum(duration for duration, _ in measured)
    metres = math.fsum(distance for _, distance in measured)
    tonnes = math.fsum(load for day in plan.vehicle_days for trip in day.trips for load in trip.load_t)
    cost = problem.yuan_per_vehicle_day * len(measured)
    cost += problem.yuan_per_km * metres / 1000 + problem.yuan_per_h * seconds / 3600
    for name, told, true in (
        ("duration_s", plan.duration_s, seconds),
        ("distance_m", plan.distance_m, metres),
        ("tonnes", plan.tonnes, tonnes),
        ("cost_yuan", plan.cost_yuan, cost),
        ("gap", plan.gap, (cost - plan.bound) / cost if cost else 0.0),
    ):
        if not _equal(told, true):
            yield f"{name} is told as {told:.9g} and is {true:.9g}"
    if not (plan.bound >= 0 and _at_most(plan.bound, cost)):
        yield f"bound {plan.bound:.9g} is not between 0 and the cost {cost:.9g}"
    if (plan.status == "infeasible") != any(left.reason == FLEET for left in plan.unserved):
        yield f"status {plan.status} does not agree with the unserved stops"


def _at_most(value: float, limit: float) -> bool:
    return value <= limit + TOLERANCE * max(1.0, abs(limit))


def _equal(value: float, other: float) -> bool:
    return _at_most(value, other) and _at_most(other, value)
