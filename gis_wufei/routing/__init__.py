"""Rounds of trucks between stops and the one facility where they unload: arrays in, a plan out.

>>> import numpy as np
>>> way_m = np.array([[0, 3000, 4000], [3000, 0, 5000], [4000, 5000, 0]])
>>> problem = RoutingProblem(
...     stop_ids=("north", "east"), load_t=np.array([2, 2]), service_s=np.array([600, 600]),
...     distance_m=way_m, duration_s=way_m / 10, capacity_t=5, shift_s=8 * 3600, unload_s=900,
...     yuan_per_vehicle_day=500, yuan_per_km=2, yuan_per_h=0, workdays=3,
... )
>>> plan = solve_routing(problem)
>>> plan.distance_m, plan.cost_yuan, check(problem, plan)
(12000.0, 524.0, [])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import fsum

import numpy as np

from gis_wufei.errors import ProblemError
from gis_wufei.routing import hgs
from gis_wufei.routing.bound import lower_bound
from gis_wufei.routing.check import check
from gis_wufei.routing.problem import (
    FLEET,
    REASONS,
    TOO_LONG,
    UNREACHABLE,
    Floats,
    RoutePlan,
    RouteSpec,
    RoutingProblem,
    Search,
    Trip,
    Unserved,
    VehicleDay,
)
from gis_wufei.routing.roster import calendar, fits, pack, truckloads

__all__ = [
    "REASONS",
    "SOLVERS",
    "RoutePlan",
    "RouteSpec",
    "RoutingProblem",
    "Search",
    "Trip",
    "Unserved",
    "VehicleDay",
    "check",
    "lower_bound",
    "solve_routing",
]
Stops = tuple[int, ...]
Shift = list[Trip]
Solver = Callable[[RoutingProblem, RouteSpec], Search]
"""Serves every stop once, given loads above 0 and up to the capacity and stops that fit into a shift."""

SEARCH_FROM = 2  # stops; a lone one needs no search


def solve_routing(problem: RoutingProblem, spec: RouteSpec | None = None, solver: str = "pyvrp") -> RoutePlan:
    """Plan the vehicle-days of one cycle.

    Full truckloads of a stop that exceeds the truck go there and back directly; the search plans
    trips for what remains. All trips are packed into shifts, and the shifts into the calendar. A
    fleet that does not suffice is an answer: status ``infeasible``, with the loads that stay behind.

    Raises
    ------
    ProblemError
        When the solver is not in ``SOLVERS``.
    """
    spec = spec or RouteSpec()
    if solver not in SOLVERS:
        raise ProblemError(f"no routing solver '{solver}'; there are: {', '.join(SOLVERS)}")
    solve = SOLVERS[solver]
    reasons = _out_of_reach(problem)
    load_t = np.array([0 if i in reasons else load for i, load in enumerate(problem.load_t, 1)])

    shifts, search = _shifts(problem, load_t, problem.yuan_per_vehicle_day, solve, spec)
    if problem.trucks is not None and len(shifts) > problem.trucks * problem.workdays:
        # With a day dearer than all the driving found so far, the search saves days first.
        dear = 1 + fsum(_measure(problem, shift)[2] for shift in shifts)
        shifts, search = _shifts(problem, load_t, dear, solve, spec)
        shifts.sort(key=lambda shift: -fsum(load for trip in shift for load in trip.load_t))
        shifts = shifts[: problem.trucks * problem.workdays]
    return _plan(problem, spec, shifts, reasons, search)


def _out_of_reach(problem: RoutingProblem) -> dict[int, str]:
    """Reason for each stop (from 1) with load that no truck can serve."""
    alone_s = problem.alone_s()
    return {
        i: UNREACHABLE if np.isinf(alone) else TOO_LONG
        for i, (alone, load) in enumerate(zip(alone_s, problem.load_t, strict=True), 1)
        if load > 0 and not fits(alone, problem.shift_s)
    }


def _shifts(
    problem: RoutingProblem, load_t: Floats, day_yuan: float, solve: Solver, spec: RouteSpec
) -> tuple[list[Shift], Search | None]:
    """Shifts that clear the loads when a vehicle-day costs ``day_yuan``."""
    direct, rest_t = truckloads(load_t, problem.capacity_t)
    stops = [int(i) + 1 for i in np.flatnonzero(rest_t)]
    search: Search | None = None
    days: list[list[Stops]] = [[(stop,)] for stop in stops]
    if len(stops) >= SEARCH_FROM:
        rest = problem.subset(stops, rest_t[rest_t > 0], day_yuan)
        if len(direct) > len(stops):
            # Truckloads fill the shifts whatever the search leaves open: a day is paid by the hour.
            hour_yuan = problem.yuan_per_h + day_yuan * 3600 / problem.shift_s
            rest = replace(rest, yuan_per_vehicle_day=0.0, yuan_per_h=hour_yuan)
        search = solve(rest, spec)
        days = [[tuple(stops[at - 1] for at in trip) for trip in day] for day in search.days]
    found = [[Trip(trip, tuple(float(rest_t[at - 1]) for at in trip)) for trip in day] for day in days]
    shuttles = [Trip((stop,), (load,)) for stop, load in direct]

    # Shuttles into the room the search left, or everything packed anew: whichever needs fewer shifts.
    added = _packed(problem, shuttles, found)
    anew = _packed(problem, shuttles + [trip for shift in found for trip in shift], [])
    return min(added, anew, key=len), search


def _packed(problem: RoutingProblem, trips: list[Trip], shifts: list[Shift]) -> list[Shift]:
    lasting = {trip: _measure(problem, [trip])[0] for trip in set(trips)}
    used_s = [_measure(problem, shift)[0] for shift in shifts]
    shift_of = pack([lasting[trip] for trip in trips], used_s, problem.shift_s)
    packed = [list(shift) for shift in shifts] + [[] for _ in range(max(shift_of, default=-1) + 1 - len(shifts))]
    for trip, shift in zip(trips, shift_of, strict=True):
        packed[shift].append(trip)
    return packed


def _measure(problem: RoutingProblem, shift: Shift) -> tuple[float, float, float]:
    """Seconds, metres and yuan of a vehicle-day."""
    seconds = metres = 0.0
    for trip, times in Counter(shift).items():
        legs = [0, *trip.stops], [*trip.stops, 0]
        metres += times * fsum(problem.distance_m[legs])
        service_s = fsum(problem.service_s[stop - 1] for stop in trip.stops)
        seconds += times * (fsum(problem.duration_s[legs]) + service_s + problem.unload_s)
    yuan = problem.yuan_per_vehicle_day + problem.yuan_per_km * metres / 1000 + problem.yuan_per_h * seconds / 3600
    return seconds, metres, yuan


def _plan(
    problem: RoutingProblem,
    spec: RouteSpec,
    shifts: list[Shift],
    reasons: dict[int, str],
    search: Search | None,
) -> RoutePlan:
    measured = [_measure(problem, shift) for shift in shifts]
    dates = calendar([seconds for seconds, _, _ in measured], problem.workdays)
    days = [
        VehicleDay(day, truck, tuple(shift), seconds, metres)
        for (day, truck), shift, (seconds, metres, _) in zip(dates, shifts, measured, strict=True)
    ]
    collected_t = np.zeros(len(problem.stop_ids))
    for trip in (trip for shift in shifts for trip in shift):
        for stop, load in zip(trip.stops, trip.load_t, strict=True):
            collected_t[stop - 1] += load
    left_t = problem.load_t - collected_t
    unserved = tuple(
        Unserved(stop_id, reasons.get(i, FLEET), float(left))
        for i, (stop_id, left, load) in enumerate(zip(problem.stop_ids, left_t, problem.load_t, strict=True), 1)
        if left > 1e-9 * load
    )
    cost, bound = fsum(yuan for _, _, yuan in measured), lower_bound(problem, collected_t)
    return RoutePlan(
        vehicle_days=tuple(sorted(days, key=lambda day: (day.day, day.truck))),
        unserved=unserved,
        cost_yuan=cost,
        distance_m=fsum(metres for _, metres, _ in measured),
        duration_s=fsum(seconds for seconds, _, _ in measured),
        tonnes=fsum(collected_t),
        bound=bound,
        gap=(cost - bound) / cost if cost else 0.0,
        status="infeasible" if any(left.reason == FLEET for left in unserved) else "feasible",
        solver=search.solver if search else "none",
        seed=spec.seed,
        iterations=search.iterations if search else 0,
        stopped_by=search.stopped_by if search else "no_search",
    )


SOLVERS: dict[str, Solver] = {"pyvrp": hgs.search}
