"""Trips by PyVRP: a search for short rounds, several trips a shift. The only place with integers.

PyVRP 0.14 runs an iterated local search with the operators of hybrid genetic search (Wouda, Lan and
Kool 2024, INFORMS Journal on Computing 36(4), https://doi.org/10.1287/ijoc.2023.0055).
"""

from __future__ import annotations

import warnings
from importlib.metadata import version

import numpy as np
import pyvrp
from pyvrp.exceptions import PenaltyBoundWarning
from pyvrp.stop import MaxIterations, MaxRuntime, MultipleCriteria, StoppingCriterion

from gis_wufei.routing.bound import least_vehicle_days
from gis_wufei.routing.problem import TOLERANCE, Floats, Ints, RouteSpec, RoutingProblem, Search

UNITS = 10**8
"""A shift and a truckload in units of the search (a shift of 8 h: 0.3 ms)."""

DAY_UNITS = 10**11
"""What a vehicle-day with a trip of usual length costs, in units of the search."""

SLACK = 1 + TOLERANCE / 2
"""Given to shift and truckload, so that rounding to units does not forbid what fits exactly."""


def search(problem: RoutingProblem, spec: RouteSpec) -> Search:
    """Serve every stop once at low cost.

    Parameters
    ----------
    problem
        Every load above 0 and at most the capacity; every stop alone fits into a shift. Number of
        trucks and workdays are not looked at.
    """
    n = len(problem.stop_ids)
    # Few stops are settled soon; the plan of 4 stops need not wait for 2000 steps.
    most = min(spec.iterations, 100 + 40 * n)
    clock = [] if spec.max_seconds is None else [MaxRuntime(spec.max_seconds)]
    data = _data(problem, n)
    # Start from each stop alone in a vehicle-day of its own: a plan exists whatever the search finds.
    alone = pyvrp.Solution(data, [[stop] for stop in range(n)])
    result = _run(data, MultipleCriteria([MaxIterations(most), *clock]), spec.seed, alone)
    best, iterations, hurried = result.best, result.num_iterations, result.num_iterations < most
    # Single moves rarely empty a whole vehicle-day, so try once with one less where that may succeed.
    spare = best.num_routes() > least_vehicle_days(problem, problem.load_t)
    if spare and problem.yuan_per_vehicle_day > 0 and not hurried:
        half = (most + 1) // 2
        data = _data(problem, best.num_routes() - 1)
        result = _run(data, MultipleCriteria([MaxIterations(half), *clock]), spec.seed, None)
        iterations, hurried = iterations + result.num_iterations, result.num_iterations < half
        if result.is_feasible() and _cost(result.best) < _cost(best):
            best = result.best
    return Search(
        days=tuple(_trips(route) for route in best.routes()),
        solver=f"pyvrp {version('pyvrp')}",
        iterations=iterations,
        stopped_by="seconds" if hurried else "iterations",
    )


def _run(data: pyvrp.ProblemData, stop: StoppingCriterion, seed: int, start: pyvrp.Solution | None) -> pyvrp.Result:
    with warnings.catch_warnings():
        # PyVRP warns when feasible rounds are rare; whether the plan is one of them is asked afterwards.
        warnings.simplefilter("ignore", PenaltyBoundWarning)
        return pyvrp.solve(
            data,
            stop,
            seed=seed,
            collect_stats=False,
            display=False,
            params=pyvrp.SolveParams(penalty=_Penalty()),
            initial_solution=start,
        )


def _cost(plan: pyvrp.Solution) -> int:
    return plan.distance_cost() + plan.fixed_vehicle_cost()


class _Penalty(pyvrp.PenaltyParams):
    """What overload and overtime cost during the search.

    PyVRP's own start (50 000 a unit, whatever the unit) forbids every detour over infeasible plans,
    and its pace suits 100 000 steps, not 1000: eight random rounds of 18 to 40 stops came out 15 %
    dearer on average. Here a second truckload costs 2 vehicle-days and a second shift 4, and both
    adapt every 20 steps; half or double these figures change plans by tenths of a percent, unless a
    vehicle-day is won or lost.
    """

    def __init__(self) -> None:
        super().__init__(solutions_between_updates=20, target_feasible=0.2)

    def midpoint_penalties(self, data: pyvrp.ProblemData) -> tuple[list[float], float, float]:
        day = DAY_UNITS / UNITS
        return [2 * day] * data.num_load_dimensions, 4 * day, 1.0


def _data(problem: RoutingProblem, vehicles: int) -> pyvrp.ProblemData:
    n = len(problem.stop_ids)
    duration, price = problem.duration_s.copy(), problem.leg_yuan()
    day_yuan = problem.yuan_per_vehicle_day + float(np.mean(price[0, 1:] + price[1:, 0]))
    # The unloading belongs to the way home: so it counts at every return, also at the last one.
    duration[1:, 0] += problem.unload_s
    price[1:, 0] += problem.unload_s * problem.yuan_per_h / 3600
    # A leg that does not exist is one that exceeds the shift; a huge number would blunt the search.
    no_way = np.isinf(price)
    duration[no_way] = 2 * problem.shift_s
    price[no_way] = price[~no_way].max()

    per_second, per_tonne = UNITS / problem.shift_s, UNITS / problem.capacity_t
    per_yuan = DAY_UNITS / day_yuan if day_yuan else 1.0
    durations, prices = _units(duration * per_second), _units(price * per_yuan)
    np.fill_diagonal(durations, 0)
    np.fill_diagonal(prices, 0)
    services = _units(problem.service_s * per_second)
    loads = [_units(problem.load_t * per_tonne)]
    if problem.max_trip_stops is not None:
        # A second load, as much for each stop, empties with the truck and so counts the stops of a trip.
        loads.append(np.full(n, UNITS // problem.max_trip_stops))
    most = int(UNITS * SLACK)
    return pyvrp.ProblemData(
        locations=[pyvrp.Location(0, 0) for _ in range(n + 1)],
        clients=[
            pyvrp.Client(i + 1, pickup=[int(load[i]) for load in loads], service_duration=int(services[i]))
            for i in range(n)
        ],
        depots=[pyvrp.Depot(0)],
        vehicle_types=[
            pyvrp.VehicleType(
                num_available=vehicles,
                capacity=[most] * len(loads),
                fixed_cost=round(problem.yuan_per_vehicle_day * per_yuan),
                shift_duration=most,
                reload_depots=[0],
            )
        ],
        distance_matrices=[prices],  # type: ignore[list-item]  # the stub says ndarray[int]
        duration_matrices=[durations],  # type: ignore[list-item]
    )


def _units(values: Floats) -> Ints:
    return np.rint(values).astype(np.int64)


def _trips(route: pyvrp.Route) -> tuple[tuple[int, ...], ...]:
    trips: dict[int, list[int]] = {}
    for visit in route.schedule():
        if visit.is_client():
            trips.setdefault(visit.trip, []).append(visit.idx + 1)
    return tuple(tuple(stops) for _, stops in sorted(trips.items()))
