"""Rounds of trucks: by pencil, against all possible plans, and before the judge.

The pencil case: the facility 0 lies between a west and an east pair of stops on one road,

    2 --4 km-- 1 --6 km-- 0 --6 km-- 3 --4 km-- 4

each stop 2 t, the truck 4 t, 60 km/h (1 km = 60 s), 300 s a stop, 600 s an unloading.
West round: 0-1-2-0 = 6 + 4 + 10 = 20 km, 1200 s driving + 2 x 300 s + 600 s = 2400 s; east alike.
Any mixed pair drives more (1 with 3: 24 km and 2 with 4: 40 km). Two rounds = 40 km and 4800 s.
A shift of 4800 s takes both: one vehicle-day; one of 4799 s does not: two vehicle-days.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import permutations

import numpy as np
import pytest
from pydantic import ValidationError

from gis_wufei.errors import ProblemError
from gis_wufei.routing import (
    SOLVERS,
    RouteSpec,
    RoutingProblem,
    Trip,
    Unserved,
    check,
    lower_bound,
    solve_routing,
)
from gis_wufei.routing.roster import calendar, pack, truckloads

DAY_YUAN, KM_YUAN = 500.0, 2.0


def line(*km, load_t=2.0, **options):
    """Stops on one road, km from the facility (negative: west), 60 km/h."""
    at = np.array([0, *km]) * 1000.0
    way_m = np.abs(at[:, None] - at[None])
    n = len(km)
    given = {
        "stop_ids": tuple(f"s{i}" for i in range(1, n + 1)),
        "load_t": np.broadcast_to(np.array(load_t, dtype=float), (n,)),
        "service_s": np.full(n, 300.0),
        "distance_m": way_m,
        "duration_s": way_m * 0.06,
        "capacity_t": 4.0,
        "shift_s": 4800.0,
        "unload_s": 600.0,
        "yuan_per_vehicle_day": DAY_YUAN,
        "yuan_per_km": KM_YUAN,
        "yuan_per_h": 0.0,
        "workdays": 3,
    }
    return RoutingProblem(**(given | options))


PENCIL = line(-6, -10, 6, 10)


def random_problem(seed, n, **options):
    """Directed matrices without triangle inequality, now and then without a way between two stops."""
    rng = np.random.default_rng(seed)
    way_m = rng.uniform(1000, 20000, (n + 1, n + 1))
    duration_s = way_m * rng.uniform(0.06, 0.15, way_m.shape)
    cut = rng.random(way_m.shape) < 0.1
    cut[0], cut[:, 0] = False, False
    way_m[cut], duration_s[cut] = np.inf, np.inf
    np.fill_diagonal(way_m, 0)
    np.fill_diagonal(duration_s, 0)
    given = {
        "load_t": rng.uniform(0.3, 4, n),
        "service_s": rng.uniform(0, 900, n),
        "shift_s": float(rng.uniform(8000, 16000)),
        "yuan_per_vehicle_day": float(rng.choice([0, 60, 500])),
        "yuan_per_h": float(rng.choice([0, 40])),
    }
    return replace(line(*range(1, n + 1)), distance_m=way_m, duration_s=duration_s, **(given | options))


def cheapest(problem):
    """Least cost of serving each stop once: every trip order, every cut into trips and vehicle-days."""
    n = len(problem.stop_ids)
    most_stops = problem.max_trip_stops or n

    def fronts(pairs):
        """(seconds, metres) that no other pair beats in both."""
        kept = []
        for pair in sorted(pairs):
            if not kept or pair[1] < kept[-1][1] - 1e-9:
                kept.append(pair)
        return kept

    def subsets(stops):
        """Subsets of a frozenset that hold its smallest member."""
        first, *rest = sorted(stops)
        for mask in range(2 ** len(rest)):
            yield frozenset([first, *(s for k, s in enumerate(rest) if mask >> k & 1)])

    @cache
    def trip(stops):
        if problem.load_t[[s - 1 for s in stops]].sum() > problem.capacity_t + 1e-9 or len(stops) > most_stops:
            return []
        pairs = []
        for order in permutations(stops):
            legs = ([0, *order], [*order, 0])
            seconds = problem.duration_s[legs].sum() + problem.service_s[[s - 1 for s in order]].sum()
            pairs.append((seconds + problem.unload_s, problem.distance_m[legs].sum()))
        return fronts(pair for pair in pairs if pair[0] <= problem.shift_s + 1e-6)

    @cache
    def shift(stops):
        if not stops:
            return [(0.0, 0.0)]
        return fronts(
            (a + c, b + d)
            for part in subsets(stops)
            for a, b in trip(part)
            for c, d in shift(stops - part)
            if a + c <= problem.shift_s + 1e-6
        )

    @cache
    def plan(stops):
        if not stops:
            return 0.0
        return min(
            problem.yuan_per_vehicle_day
            + min(problem.yuan_per_km * m / 1000 + problem.yuan_per_h * s / 3600 for s, m in shift(part))
            + plan(stops - part)
            for part in subsets(stops)
            if shift(part)
        )

    return plan(frozenset(range(1, n + 1)))


# --- by pencil ---


def test_four_stops_on_a_road_make_one_round_to_each_side():
    plan = solve_routing(PENCIL)
    assert check(PENCIL, plan) == []
    assert {frozenset(trip.stops) for day in plan.vehicle_days for trip in day.trips} == {
        frozenset({1, 2}),
        frozenset({3, 4}),
    }
    assert (plan.distance_m, plan.duration_s, plan.tonnes) == (40000, 4800, 8)
    assert plan.cost_yuan == 40 * KM_YUAN + DAY_YUAN
    # Bound: half a round trip for each stop (6 + 10 + 6 + 10 km), 2 unloadings, 4 services: 1920 + 1200
    # + 1200 s fit into one shift.
    assert plan.bound == 32 * KM_YUAN + DAY_YUAN
    assert plan.gap == pytest.approx(16 / 580)
    assert plan.status == "feasible" and plan.unserved == ()


def test_the_last_unloading_counts_so_one_second_less_needs_a_second_shift():
    # Without the last unloading the two rounds take 4200 s.
    for shift_s, days in ((4800, 1), (4799, 2), (4201, 2)):
        problem = replace(PENCIL, shift_s=shift_s)
        plan = solve_routing(problem)
        assert len(plan.vehicle_days) == days and check(problem, plan) == []


def test_a_stop_larger_than_a_truck_gets_full_truckloads_and_shares_the_rest():
    # 9 t at 6 km = two full trips (12 km each) and 1 t that rides with the 2 t at 10 km (20 km).
    problem = line(6, 10, load_t=[9.0, 2.0], shift_s=28800)
    plan = solve_routing(problem)
    assert check(problem, plan) == []
    trips = sorted((trip.stops, trip.load_t) for day in plan.vehicle_days for trip in day.trips)
    assert [trip for trip in trips if trip[0] == (1,)] == [((1,), (4.0,))] * 2
    assert len(trips) == 3 and plan.distance_m == 44000 and plan.tonnes == 11


def test_thousands_of_truckloads_fill_the_shifts_that_the_search_left_open():
    # 1000 trips of 720 + 300 + 600 = 1620 s; two fit into 4800 s, and 2 x 1620 s + the last 0.4 t do not.
    problem = line(6, load_t=4000.4, workdays=100)
    plan = solve_routing(problem)
    assert check(problem, plan) == []
    assert len(plan.vehicle_days) == 501 and plan.stopped_by == "no_search"
    assert max(day.truck for day in plan.vehicle_days) == 6  # 501 shifts on 100 days


def test_what_cannot_be_served_is_told_with_its_reason():
    problem = line(6, 10, 50)  # 100 km = 6000 s exceed the shift
    way_m = problem.distance_m.copy()
    way_m[2, 0] = np.inf  # no way back
    problem = replace(problem, distance_m=way_m)
    plan = solve_routing(problem)
    assert check(problem, plan) == []
    assert plan.unserved == (Unserved("s2", "unreachable", 2.0), Unserved("s3", "longer_than_a_shift", 2.0))
    assert plan.status == "feasible" and plan.tonnes == 2


def test_the_unloading_decides_whether_a_lone_stop_fits_into_a_shift():
    # 10 km: 1200 s driving + 300 s + 600 s unloading
    assert solve_routing(line(10, shift_s=2100)).unserved == ()
    assert solve_routing(line(10, shift_s=2099)).unserved[0].reason == "longer_than_a_shift"


def test_a_handful_is_collected_too():
    assert solve_routing(line(6, 10, load_t=1e-9)).unserved == ()


def test_nothing_to_collect_costs_nothing():
    for problem in (line(), line(6, 10, load_t=0.0)):
        plan = solve_routing(problem)
        assert check(problem, plan) == []
        assert (plan.vehicle_days, plan.unserved, plan.cost_yuan, plan.bound, plan.gap) == ((), (), 0, 0, 0)


def test_a_fleet_too_small_collects_what_it_can_and_says_so():
    problem = replace(PENCIL, shift_s=4799, trucks=1, workdays=1)
    plan = solve_routing(problem)
    assert check(problem, plan) == []
    assert plan.status == "infeasible" and plan.tonnes == 4
    assert {left.reason for left in plan.unserved} == {"fleet_too_small"}
    assert sum(left.load_t for left in plan.unserved) == 4
    assert solve_routing(replace(problem, trucks=0)).tonnes == 0


def test_a_short_fleet_saves_days_before_kilometres():
    # The way from 1 to 2 is quick but long: rounds apart cost 2 x 12 km in two shifts, together 12 + 30 km.
    way_m = np.array([[0, 6, 6], [6, 0, 30], [6, 30, 0]]) * 1000.0
    way_s = np.array([[0, 360, 360], [360, 0, 60], [360, 60, 0]])
    free = line(6, 6, load_t=1.0, distance_m=way_m, duration_s=way_s, shift_s=2000, yuan_per_vehicle_day=10.0)
    short = replace(free, trucks=1, workdays=1)
    assert len(solve_routing(free).vehicle_days) == 2
    plan = solve_routing(short)
    assert check(short, plan) == [] and plan.status == "feasible" and plan.distance_m == 42000


# --- against all possible plans ---


@pytest.mark.parametrize("seed", [*range(30), 158])  # 158: a day is saved only by asking for one less
def test_small_problems_are_solved_to_the_optimum_of_all_possible_plans(seed):
    options = {"max_trip_stops": 2} if seed % 3 == 0 else {}
    problem = random_problem(seed, 1 + seed % 5, **options)
    kept = problem.alone_s() <= problem.shift_s
    problem = replace(problem, load_t=np.minimum(problem.load_t * kept, 3.999))
    stops = np.flatnonzero(kept) + 1
    served = problem.subset(stops, problem.load_t[kept], problem.yuan_per_vehicle_day)
    plan = solve_routing(problem)
    assert check(problem, plan) == []
    best = cheapest(served)
    assert plan.cost_yuan == pytest.approx(best)
    assert plan.bound <= best + 1e-6


@pytest.mark.parametrize("seed", range(40))
def test_the_bound_is_never_above_the_cost_even_where_detours_are_shorter(seed):
    problem = random_problem(100 + seed, 8, load_t=np.random.default_rng(seed).uniform(0, 30, 8))
    plan = solve_routing(problem, RouteSpec(iterations=50))
    assert check(problem, plan) == []
    assert plan.bound <= plan.cost_yuan


def test_the_bound_goes_by_the_shortest_way_not_by_the_direct_leg():
    # Stop 2 lies 50 km off by the direct leg and 10 km by way of stop 1.
    way_m = np.array([[0, 6, 50], [6, 0, 4], [50, 4, 0]]) * 1000.0
    problem = line(6, 10, distance_m=way_m, duration_s=way_m / 100)
    assert lower_bound(problem, np.array([0, 4.0])) == 2 * 10 * KM_YUAN + DAY_YUAN


# --- laws ---


def test_the_order_of_stops_changes_no_cost():
    problem, turned = random_problem(7, 9), np.random.default_rng(3).permutation(9)
    other = problem.subset([int(i) + 1 for i in turned], problem.load_t[turned], problem.yuan_per_vehicle_day)
    assert solve_routing(other).cost_yuan == pytest.approx(solve_routing(problem).cost_yuan)


def test_the_same_seed_gives_the_same_plan_and_leaves_the_problem_alone():
    problem = random_problem(8, 12)
    before = problem.load_t.copy(), problem.distance_m.copy()
    spec = RouteSpec(iterations=200, seed=5)
    assert solve_routing(problem, spec) == solve_routing(problem, spec)
    assert (problem.load_t == before[0]).all() and (problem.distance_m == before[1]).all()


def test_a_larger_truck_and_a_longer_shift_never_cost_more():
    costs = [
        solve_routing(replace(PENCIL, capacity_t=capacity, shift_s=shift)).cost_yuan
        for capacity, shift in ((2, 4800), (4, 4800), (4, 9600), (8, 9600))
    ]
    assert costs == sorted(costs, reverse=True)


def test_a_limit_of_stops_is_kept_and_costs():
    problem = replace(PENCIL, max_trip_stops=1)
    plan = solve_routing(problem)
    assert check(problem, plan) == [] and plan.distance_m == 64000


def test_loads_that_fill_the_truck_exactly_ride_together():
    problem = line(6, 6, 6, load_t=[0.1, 0.2, 0.7], capacity_t=1.0)
    assert solve_routing(problem).distance_m == 12000


def test_the_search_tells_why_it_stopped():
    plan = solve_routing(PENCIL, RouteSpec(iterations=20))
    assert (plan.iterations, plan.stopped_by) == (20, "iterations")
    assert plan.solver.startswith("pyvrp 0.")
    hurried = solve_routing(random_problem(1, 30), RouteSpec(iterations=10**6, max_seconds=1e-6))
    assert (hurried.stopped_by, hurried.tonnes > 0) == ("seconds", True)


def test_an_hour_that_costs_makes_every_unloading_cost():
    # Two stops at the gate, 2 t each. Together: one unloading and 20 km; apart: two unloadings and 4 km.
    # The second unloading (1 h) is worth 10 km or 100 km of driving.
    way_m = np.array([[0, 1, 1], [1, 0, 18], [1, 18, 0]]) * 1000.0
    for yuan_per_h, metres in ((20.0, 4000), (200.0, 20000)):
        problem = line(1, 1, distance_m=way_m, duration_s=way_m * 0, unload_s=3600.0, shift_s=28800.0)
        plan = solve_routing(replace(problem, yuan_per_h=yuan_per_h))
        assert plan.distance_m == metres


def test_two_stops_without_a_way_between_them_are_visited_apart():
    # Together 0-1-2-0 would take 2400 s, the shift; apart 1620 s and 2100 s.
    problem = line(6, 10, shift_s=2400.0)
    assert solve_routing(problem).distance_m == 20000
    way_m = problem.distance_m.copy()
    way_m[1, 2] = way_m[2, 1] = np.inf
    problem = replace(problem, distance_m=way_m)
    plan = solve_routing(problem)
    assert check(problem, plan) == [] and len(plan.vehicle_days) == 2 and plan.distance_m == 32000


# --- packing and calendar ---


def test_trips_fill_the_fullest_shift_that_holds_them():
    # 10 h shifts; 7 h and 4 h are used: 6 joins 4, 3 joins 7, then 5 + 5 need one new shift.
    assert pack([3, 6, 5, 5], [7, 4], 10) == [0, 1, 2, 2]


def test_truckloads_and_rest_sum_to_the_load():
    direct, rest = truckloads(np.array([9.0, 4.0, 3.0, 0.3]), 4.0)
    assert direct == [(1, 4.0), (1, 4.0), (2, 4.0)]
    assert rest.tolist() == [1.0, 0.0, 3.0, 0.3]
    assert truckloads(np.array([0.1 + 0.2]), 0.3)[1].tolist() == [0.0]


def test_the_calendar_deals_shifts_over_the_days_and_no_truck_works_twice():
    # 5 shifts on 3 days: the longest one a day, the rest back from the last day.
    assert calendar([9, 8, 7, 6, 5], 3) == [(1, 1), (2, 1), (3, 1), (3, 2), (2, 2)]
    lasting = np.random.default_rng(0).uniform(1, 8, 50)
    dealt = calendar(lasting, 7)
    assert len(set(dealt)) == 50 and max(truck for _, truck in dealt) == 8
    hours = np.bincount([day for day, _ in dealt], weights=lasting)[1:]
    assert len(hours) == 7 and np.ptp(hours) <= lasting.max()


# --- the judge, and nonsense ---


def tampered(plan, **changes):
    """The plan with its first vehicle-day changed."""
    first, *others = plan.vehicle_days
    return replace(plan, vehicle_days=(replace(first, **changes), *others))


def first_trip(plan, **changes):
    trip, *others = plan.vehicle_days[0].trips
    return tampered(plan, trips=(replace(trip, **changes), *others))


def left(plan, reason):
    return replace(plan, unserved=(Unserved("s1", reason, 2.0),))


TAMPERINGS = {
    "a load left out": ("collected or told unserved", lambda p: first_trip(p, load_t=(1.0, 2.0))),
    "a load too much": ("carries", lambda p: first_trip(p, load_t=(3.0, 2.0))),
    "a load of nothing": ("for nothing", lambda p: first_trip(p, load_t=(0.0, 2.0))),
    "a stop twice": ("visits a stop twice", lambda p: first_trip(p, stops=(1, 1))),
    "a stop unknown": ("does not have", lambda p: first_trip(p, stops=(1, 5))),
    "a load without stop": ("one load for each", lambda p: first_trip(p, stops=(1,))),
    "a trip left out": ("says", lambda p: tampered(p, trips=p.vehicle_days[0].trips[:1])),
    "a trip too many": ("lasts", lambda p: tampered(p, trips=p.vehicle_days[0].trips * 2)),
    "no trip": ("no trip", lambda p: tampered(p, trips=())),
    "the last unloading forgotten": ("says 4200 s", lambda p: tampered(p, duration_s=4200.0)),
    "a shorter way": ("m and drives", lambda p: tampered(p, distance_m=39000.0)),
    "a day off": ("none of the 3 workdays", lambda p: tampered(p, day=4)),
    "a truck unknown": ("none of the 1 trucks", lambda p: tampered(p, truck=2)),
    "a truck twice": ("works 2 shifts", lambda p: replace(p, vehicle_days=p.vehicle_days * 2)),
    "a wrong sum of time": ("duration_s is told", lambda p: replace(p, duration_s=1.0)),
    "a wrong sum of way": ("distance_m is told", lambda p: replace(p, distance_m=1.0)),
    "a wrong sum of load": ("tonnes is told", lambda p: replace(p, tonnes=7.0)),
    "a wrong cost": ("cost_yuan is told", lambda p: replace(p, cost_yuan=579.0)),
    "a wrong gap": ("gap is told", lambda p: replace(p, gap=0.0)),
    "a bound too high": ("bound 581", lambda p: replace(p, bound=581.0, gap=-1 / 580)),
    "a wrong status": ("does not agree", lambda p: replace(p, status="infeasible")),
    "a false reason": ("is not true", lambda p: left(p, "unreachable")),
    "a false excuse": (
        "is not true",
        lambda p: left(p, "longer_than_a_shift"),
    ),
    "a truck at rest": (
        "is not true",
        lambda p: left(p, "fleet_too_small"),
    ),
    "an unknown reason": ("makes sense", lambda p: left(p, "rain")),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_judge_finds(name):
    problem = replace(PENCIL, trucks=1)
    plan = solve_routing(problem)
    assert check(problem, plan) == []
    complaint, tamper = TAMPERINGS[name]
    assert any(complaint in fault for fault in check(problem, tamper(plan)))


def test_the_judge_finds_a_leg_without_way_and_a_trip_with_too_many_stops():
    plan = solve_routing(PENCIL)
    cut = PENCIL.distance_m.copy()
    cut[1, 2] = cut[2, 1] = np.inf
    assert any("no way" in fault for fault in check(replace(PENCIL, distance_m=cut), plan))
    assert any("2 stops of 1" in fault for fault in check(replace(PENCIL, max_trip_stops=1), plan))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"stop_ids": ("a", "a", "b", "c")}, "repeat"),
        ({"load_t": np.array([1.0, np.nan, 1, 1])}, "load_t holds NaN"),
        ({"load_t": np.array([1.0, 1])}, "load_t has shape"),
        ({"service_s": np.array([1.0, np.inf, 1, 1])}, "service_s holds inf"),
        ({"distance_m": -np.ones((5, 5))}, "distance_m holds NaN or a negative"),
        ({"duration_s": np.zeros((4, 4))}, "duration_s has shape"),
        (
            {"capacity_t": 0.0, "shift_s": np.nan},
            "capacity_t must be above 0 and finite; shift_s must",
        ),
        ({"yuan_per_km": -1.0}, "yuan_per_km must be 0 or more"),
        ({"workdays": 0}, "workdays must be 1 or more"),
        ({"trucks": -1}, "trucks must be 0 or more"),
        ({"max_trip_stops": 0}, "max_trip_stops must be 1 or more"),
    ],
)
def test_nonsense_is_refused_with_every_fault(change, told):
    with pytest.raises(ProblemError, match=told):
        replace(PENCIL, **change)


def test_the_spec_refuses_what_it_does_not_know():
    for wrong in ({"iterations": 0}, {"seed": -1}, {"max_seconds": 0}, {"speed": 1}):
        with pytest.raises(ValidationError):
            RouteSpec(**wrong)
    with pytest.raises(ProblemError, match="no routing solver 'ants'; there are: pyvrp"):
        solve_routing(PENCIL, solver="ants")
    assert set(SOLVERS) == {"pyvrp"}


def test_a_trip_is_a_value():
    assert Trip((1, 2), (1.0, 2.0)) == Trip((1, 2), (1.0, 2.0))
