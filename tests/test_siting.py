"""Siting by pencil, before the judge, and honest about what it does not know.

The pencil case, yuan a year, two sites that may be small or large:

    place   load   hill  plain          site    small        large
    north      2     10     40          hill    50 for 3 t   80 for 6 t
    south      3     30     20          plain   60 for 4 t   -
    far        1      -      -

Hill large alone: 80 + 10 + 30 = 120. Both small: 50 + 60 + 10 + 20 = 140. Plain alone takes 4 t of 5 t.
So hill large serves both, and nobody may serve far.
Divided places gain nothing: hill small takes at most 3 t of 5 t, so that both must be open: above 140.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from gis_wufei.errors import ProblemError, WufeiError
from gis_wufei.siting import (
    CLOSED,
    SOLVERS,
    Fact,
    SitingProblem,
    SolverError,
    SolveSpec,
    Unserved,
    check,
    milp,
    solve_siting,
)
from gis_wufei.siting.model import Answer, Model

INF = np.inf
EXACT = SolveSpec(mip_gap=0)


def siting(load, serve, opening, capacity, **options):
    """A problem of places p0, p1, .. and sites s0, s1, ..; a flat list of sites means one size."""
    serve, opening, capacity = (np.array(part, dtype=float) for part in (serve, opening, capacity))
    if opening.ndim == 1:
        opening, capacity = opening[:, None], capacity[:, None]
    given = {
        "place_ids": tuple(f"p{i}" for i in range(len(load))),
        "site_ids": tuple(f"s{j}" for j in range(serve.shape[1])),
        "load": np.array(load, dtype=float),
        "serve_cost": serve,
        "open_cost": opening,
        "capacity": capacity,
        "keep": np.zeros(serve.shape[1], dtype=bool),
    }
    return SitingProblem(**(given | options))


PENCIL = siting(
    [2, 3, 1],
    [[10, 40], [30, 20], [INF, INF]],
    [[50, 80], [60, INF]],
    [[3, 6], [4, 0]],
    place_ids=("north", "south", "far"),
    site_ids=("hill", "plain"),
)


def solved(problem, **spec):
    result = solve_siting(problem, SolveSpec(**{"mip_gap": 0, **spec}))
    assert check(problem, result) == []
    return result


def facts(problem, **spec):
    result = solved(problem, **spec)
    assert result.status == "infeasible"
    (fact,) = result.explanation
    return fact


# --- by pencil ---


def test_one_large_site_serves_both_places_and_the_far_one_is_told():
    for single_source in (True, False):
        result = solved(replace(PENCIL, single_source=single_source))
        assert (result.status, result.stopped_by) == ("optimal", "gap")
        assert result.size.tolist() == [1, CLOSED] and result.objective == 120
        assert result.share.tolist() == [[1, 0], [1, 0], [0, 0]]
        assert result.unserved == (Unserved("far", "no_site_in_reach"),)
        assert result.bound == pytest.approx(120) and result.gap == pytest.approx(0, abs=1e-9)


def test_a_site_to_keep_is_open_though_it_costs():
    # Plain is open: south goes there (60 + 20), north to hill small (50 + 10).
    result = solved(replace(PENCIL, keep=np.array([False, True])))
    assert result.size.tolist() == [0, 0] and result.objective == 140


def test_the_number_of_sites_is_kept_from_below_and_from_above():
    assert solved(replace(PENCIL, min_open=2)).objective == 140
    cheap = replace(PENCIL, open_cost=np.array([[1.0, 80], [1, INF]]))
    assert solved(cheap).objective == 1 + 1 + 10 + 20
    assert solved(replace(cheap, max_open=1)).objective == 120


def test_a_divided_place_fills_what_is_left_where_an_undivided_one_needs_a_larger_site():
    # 2 t and 2 t; two sites of 3 t and 1 t. Divided: one and a half at s0, the half of p0 at s1.
    problem = siting([2, 2], [[0, 0], [0, 8]], [10, 10], [3, 1], single_source=False)
    result = solved(problem)
    assert result.objective == pytest.approx(20) and result.share.sum(axis=0) == pytest.approx([1.5, 0.5])
    assert facts(replace(problem, single_source=True)).facts["limit"] == "capacity, single_source"


def test_a_least_throughput_sends_a_place_to_the_dearer_site():
    # Both must be open; s1 must take 2 t, so p1 goes there for 9 instead of 1.
    problem = siting([2, 2], [[1, 9], [1, 9]], [5, 5], [9, 9], min_open=2, min_throughput=np.array([[0.0], [2]]))
    assert solved(problem).objective == 5 + 5 + 1 + 9
    assert solved(replace(problem, min_throughput=np.zeros(()))).objective == 5 + 5 + 1 + 1


def test_one_number_is_the_least_throughput_of_every_site():
    problem = siting([2, 2], [[1, 9], [9, 1]], [5, 5], [9, 9], min_throughput=3.0)
    assert solved(problem).objective == 5 + 1 + 9


def test_of_the_sizes_that_hold_the_load_the_cheapest_is_taken():
    problem = siting([2], [[1]], [[9, 5, 7]], [[3, 2, 4]])
    assert solved(problem).size.tolist() == [1]


def test_loads_that_fill_a_site_exactly_fit():
    assert solved(siting([0.1, 0.2, 0.7], [[1]] * 3, [1], [1.0])).objective == 4


def test_a_place_without_load_is_served_too():
    result = solved(siting([0, 3], [[1, 5], [9, 2]], [10, 1], [3, 3]))
    assert result.share.sum(axis=1).tolist() == [1, 1] and result.objective == 8


def test_without_limit_a_site_takes_all():
    assert solved(siting([5, 7], [[1, 9], [1, 9]], [4, 4], [INF, INF])).objective == 6


def test_nothing_to_serve_costs_nothing_but_what_must_stay_open():
    for problem in (
        siting([], np.zeros((0, 0)), [], []),
        siting([], np.zeros((0, 2)), [3, 4], [1, 1]),
        siting([1, 2], np.zeros((2, 0)), np.zeros((0, 1)), np.zeros((0, 1))),
        siting([1, 2], [[INF], [INF]], [3], [9]),
        siting([1, 2], [[1], [1]], [INF], [9]),
    ):
        for single_source in (True, False):
            result = solved(replace(problem, single_source=single_source))
            assert (result.status, result.objective, result.bound, result.gap) == ("optimal", 0, 0, 0)
            assert len(result.unserved) == len(problem.place_ids)
    kept = siting([], np.zeros((0, 2)), [3, 4], [1, 1], keep=np.array([False, True]))
    assert solved(kept).objective == 4


# --- nothing fits: why ---


def test_too_little_capacity_is_told_with_what_has_no_place():
    # 2 t and 3 t; the sites hold 1 t and 3 t at most: 4 t of 5 t, undivided 3 t, so that 2 t stay.
    problem = siting([2, 3], [[1, 1], [1, 1]], [1, 1], [1, 3])
    told = facts(problem)
    assert told.code == "capacity"
    assert {key: told.facts[key] for key in ("load", "capacity", "exact", "places", "place_ids", "limits")} == {
        "load": 5,
        "capacity": 4,
        "exact": True,
        "places": 1,
        "place_ids": ("p0",),
        "limits": ("capacity",),
    }
    assert told.facts["short"] == pytest.approx(2)
    assert facts(replace(problem, single_source=False)).facts["short"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ({"max_open": 1}, "max_open, capacity"),  # 4 t at most in one site; two hold 5 t
        ({"max_open": 1, "keep": np.array([True, True, False])}, "max_open"),
        ({"max_open": 0}, "max_open"),
        ({"min_open": 4}, "min_open"),
        ({"min_throughput": np.full((3, 1), 4.5)}, "min_throughput, capacity"),
        ({"capacity": np.full((3, 1), 2.5)}, "capacity, single_source"),
    ],
)
def test_the_limits_that_alone_forbid_a_plan_are_named(options, limit):
    problem = siting([2, 3], [[1] * 3] * 2, [1] * 3, [4] * 3)
    told = facts(replace(problem, **options))
    assert told.code == "other" and told.facts["limit"] == limit


def test_scarce_capacity_is_proven_at_once_however_large_the_problem():
    # 3000 places of 1 t in reach of 100 sites of 20 t.
    problem = siting(np.ones(3000), np.ones((3000, 100)), np.ones(100), np.full(100, 20.0))
    result = solved(problem, time_limit_s=1)
    assert result.status == "infeasible"
    told = result.explanation[0].facts
    assert (told["load"], told["capacity"]) == (3000, 2000) and told["short"] >= 1000 - 1e-6


def test_where_two_limits_forbid_a_plan_none_alone_is_named():
    # One place of 5 t in sites of 4 t, and one place that needs the second of at most one site.
    problem = siting([5, 1], [[1, INF], [INF, 1]], [1, 1], [4, 4], max_open=1)
    told = facts(problem)
    assert told.facts["limits"] == () and told.facts["limit"] == "-"
    assert told.facts["short"] == pytest.approx(5) and told.facts["place_ids"] == ("p0",)


# --- honest about limits ---


def county(seed, n=24, m=8, sizes=2, **options):
    """Places and sites on a square, costs by distance, a ladder of sizes with economies of scale."""
    rng = np.random.default_rng(seed)
    place, site = rng.uniform(0, 40, (n, 2)), rng.uniform(0, 40, (m, 2))
    way = np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1))
    load = rng.lognormal(0, 0.8, n)
    steps = np.array([1.0, 2.0, 5.0, 10.0])[:sizes]
    capacity = np.tile(load.sum() / 4 * steps, (m, 1))
    opening = np.tile(200 * steps**0.7, (m, 1))
    serve = np.where(way < 30, way * load[:, None] * 3, INF)
    return siting(load, serve, opening, capacity, **options)


def test_a_gap_that_is_asked_for_is_proven():
    problem = county(1, single_source=False)
    best = solved(problem).objective
    rough = solved(problem, mip_gap=0.05)
    assert rough.status == "optimal" and rough.gap <= 0.05 + 1e-6
    assert rough.bound <= best + 1e-6 and best <= rough.objective <= best * 1.06


@pytest.mark.parametrize("nodes", [0, 1, 3])
def test_few_nodes_leave_a_true_bound_and_say_that_they_ended(nodes):
    problem = county(2, single_source=False)
    best = solved(problem).objective
    result = solved(problem, max_nodes=nodes)
    assert result.bound <= best + 1e-6
    assert (result.status, result.stopped_by) in {("optimal", "gap"), ("feasible", "nodes"), ("timeout", "nodes")}
    if result.objective is not None:
        assert result.objective >= best - 1e-6
        assert result.status == "optimal" or result.gap > 1e-6


def test_a_moment_is_a_timeout_and_claims_nothing():
    result = solved(county(3, 200, 24), time_limit_s=1e-6)
    assert (result.status, result.stopped_by) == ("timeout", "seconds")
    assert result.objective is None and result.explanation == () and result.bound >= 0
    assert {left.reason for left in result.unserved} == {"no_plan"}


def test_a_search_that_was_not_granted_is_no_proof_of_infeasibility():
    # Divided, 2 + 2 + 2 t fit into s0 + s1 (3 t each) for 2; undivided, only into the dear s2. The
    # sites of the divided plan do not suit, and no node is left to look for others.
    problem = siting([2, 2, 2], [[0, 0, 0]] * 3, [1, 1, 90], [3, 3, 6])
    assert solved(problem).objective == 90
    for nodes in (0, 1):
        result = solved(problem, max_nodes=nodes)
        assert result.status != "infeasible"


def test_a_small_sum_is_solved_as_exactly_as_a_large_one():
    for unit in (1e-4, 1.0, 1e7):
        problem = replace(PENCIL, serve_cost=PENCIL.serve_cost * unit, open_cost=PENCIL.open_cost * unit)
        assert solved(problem).objective == pytest.approx(120 * unit)


# --- a large problem: prices and descents ---


def test_prices_and_descents_find_a_plan_near_the_best_with_a_true_bound(monkeypatch):
    for single_source in (True, False):
        problem = county(4, 16, single_source=single_source)
        best = solved(problem)
        monkeypatch.setattr(milp, "LARGE", 0)
        result = solved(problem)
        monkeypatch.undo()
        assert best.objective - 1e-6 <= result.objective <= best.objective * 1.05
        assert best.objective * 0.9 <= result.bound <= best.objective + 1e-6
        assert (result.status, result.stopped_by) in {("optimal", "gap"), ("feasible", "nodes")}


def test_prices_prove_a_plan_where_they_can(monkeypatch):
    monkeypatch.setattr(milp, "LARGE", 0)
    result = solved(county(5, sizes=1), mip_gap=0.1)
    assert (result.status, result.stopped_by) == ("optimal", "gap") and result.gap <= 0.1 + 1e-6


def test_where_descents_find_no_plan_the_program_proves_that_there_is_none(monkeypatch):
    monkeypatch.setattr(milp, "LARGE", 0)
    assert facts(county(6, max_open=1), time_limit_s=6).facts["limits"] == ("max_open", "capacity")


# --- laws ---


def test_the_problem_is_a_copy_and_stays_as_it_is():
    load = np.array([2.0, 3, 1])
    problem = replace(PENCIL, load=load)
    load[0] = 99
    assert problem.load[0] == 2
    before = {name: getattr(problem, name).copy() for name in ("load", "serve_cost", "open_cost", "capacity", "keep")}
    result = solved(problem)
    assert all((getattr(problem, name) == value).all() for name, value in before.items())
    for array in (problem.load, problem.serve_cost, result.size, result.share):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_solver_names_itself_and_its_time():
    result = solved(PENCIL)
    assert result.solver.startswith("highs 1.") and 0 < result.runtime_s < 60
    assert set(SOLVERS) == {"milp"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"place_ids": ("a", "a", "b")}, "place_ids repeat"),
        ({"site_ids": ("a", "a")}, "site_ids repeat"),
        ({"load": np.array([1, np.nan, 1])}, "load holds NaN"),
        ({"load": np.array([1, INF, 1])}, "load holds inf"),
        ({"load": np.ones(2)}, r"load has shape \(2,\), not \(3,\)"),
        ({"serve_cost": -np.ones((3, 2))}, "serve_cost holds NaN or a negative"),
        ({"open_cost": np.full((2, 2), np.nan)}, "open_cost holds NaN"),
        ({"open_cost": np.ones(2)}, "open_cost has shape"),
        ({"capacity": np.ones((2, 3))}, "capacity has shape"),
        ({"min_throughput": np.full((2, 2), INF)}, "min_throughput holds inf"),
        ({"keep": np.ones(3, bool)}, "keep has shape"),
        ({"open_cost": np.full((2, 2), INF), "keep": np.array([True, False])}, "hill must be kept but has no"),
        ({"min_open": 3, "max_open": 2}, "leave no number of sites"),
        ({"min_open": -1}, "leave no number of sites"),
    ],
)
def test_nonsense_is_refused(change, told):
    with pytest.raises(ProblemError, match=told):
        replace(PENCIL, **change)


def test_all_faults_of_a_problem_are_told_at_once():
    with pytest.raises(ProblemError) as told:
        replace(PENCIL, load=np.array([-1.0, 1, 1]), site_ids=("a", "a"), capacity=np.full((2, 2), np.nan), min_open=-1)
    for fault in ("load holds", "site_ids repeat", "capacity holds", "min_open -1"):
        assert fault in str(told.value)


def test_the_spec_refuses_what_it_does_not_know():
    for wrong in ({"mip_gap": -0.1}, {"mip_gap": 1}, {"max_nodes": -1}, {"time_limit_s": 0}, {"seed": -1}, {"gap": 1}):
        with pytest.raises(ValidationError):
            SolveSpec(**wrong)


# --- a solver that contradicts itself ---


def tampered_run(monkeypatch, change):
    run = Model.run

    def lying(self, *args, **options):
        return change(run(self, *args, **options))

    monkeypatch.setattr(Model, "run", lying)


def test_a_bound_above_the_cost_of_a_plan_is_an_error(monkeypatch):
    tampered_run(monkeypatch, lambda answer: replace(answer, bound=answer.bound + 50))
    with pytest.raises(SolverError, match="exceeds the cost"):
        solve_siting(PENCIL, EXACT)


def test_a_plan_cheaper_than_the_bound_is_an_error(monkeypatch):
    def nothing(answer):
        return answer if answer.values is None else replace(answer, values=np.zeros_like(answer.values))

    tampered_run(monkeypatch, nothing)
    with pytest.raises(SolverError, match="exceeds the cost 0 of a plan"):
        solve_siting(PENCIL, EXACT)


def test_an_option_or_an_end_that_the_solver_should_not_have_is_an_error(monkeypatch):
    with pytest.raises(SolverError, match="random_seed"):
        Model(PENCIL).run(seed=-5)


def test_a_solver_error_is_one_of_ours():
    assert issubclass(SolverError, WufeiError) and issubclass(SolverError, RuntimeError)
    assert Answer(None, 0.0, 0, "seconds").reduced_cost is None


# --- the judge ---

GOOD = solve_siting(PENCIL, EXACT)
FIT = siting([2, 3], [[1, 1], [1, 1]], [1, 1], [1, 3])
NO = solve_siting(FIT, EXACT)


def moved(share=((1, 0), (1, 0), (0, 0)), size=(1, CLOSED), **changes):
    """The pencil plan with other shares, sizes or figures; the cost is told as it is."""
    share, size = np.array(share, dtype=float), np.array(size)
    known = (
        np.isfinite(PENCIL.serve_cost[share > 0]).all()
        and np.isfinite([PENCIL.open_cost[j, k] for j, k in enumerate(size) if k != CLOSED]).all()
    )
    cost = PENCIL.cost(size, share) if known else 120.0
    figures = {"objective": cost, "bound": min(120.0, cost), "gap": (cost - min(120.0, cost)) / cost}
    return replace(GOOD, share=share, size=size, **(figures | changes))


FALSE_PLANS = {
    "a place half served": ("0.5 of it is served", {}, moved([[1, 0], [0.5, 0], [0, 0]])),
    "a place served twice": ("2 of it is served", {}, moved([[1, 1], [1, 0], [0, 0]], (1, 0))),
    "a negative share": ("not between 0 and 1", {}, moved([[1, 0], [2, -1], [0, 0]], (1, 0))),
    "a closed site that serves": ("from a closed site", {}, moved([[1, 0], [0, 1], [0, 0]])),
    "a site that may not serve": ("may not serve it", {}, moved([[1, 0], [1, 0], [1, 0]], unserved=())),
    "a place served and told unserved": ("served and told", {}, moved([[1, 0], [1, 0], [1, 0]])),
    "a place divided": ("from 2 sites", {}, moved([[1, 0], [0.5, 0.5], [0, 0]], (1, 0))),
    "too much load": ("hill takes 5 of 3", {}, moved(size=(0, CLOSED))),
    "too little load": ("less than 5.5", {"min_throughput": 5.5}, moved()),
    "a size that is impossible": ("cannot be opened", {}, moved([[1, 0], [0, 1], [0, 0]], (1, 1))),
    "a size beyond the ladder": ("not on the ladder", {}, replace(GOOD, size=np.array([2, CLOSED]))),
    "a size that is no number": ("whole numbers", {}, replace(GOOD, size=np.array([1.0, -1]))),
    "a share that is no number": ("NaN or inf", {}, replace(GOOD, share=np.full((3, 2), np.nan))),
    "another shape": ("do not fit", {}, replace(GOOD, size=np.array([1]))),
    "a kept site closed": ("must be kept", {"keep": np.array([False, True])}, moved()),
    "too few sites": ("1 sites are open, not 2", {"min_open": 2}, moved()),
    "too many sites": ("2 sites are open", {"max_open": 1}, moved([[1, 0], [0, 1], [0, 0]], (0, 0))),
    "a place left out": ("0 of it is served", {}, moved([[1, 0], [0, 0], [0, 0]])),
    "a false excuse": (
        "is not true",
        {},
        moved([[1, 0], [0, 0], [0, 0]], unserved=(Unserved("south", "no_site_in_reach"), GOOD.unserved[0])),
    ),
    "a place told twice": ("told unserved twice", {}, replace(GOOD, unserved=GOOD.unserved * 2)),
    "a stranger": ("is no place", {}, replace(GOOD, unserved=(*GOOD.unserved, Unserved("moon", "no_site_in_reach")))),
    "a wrong objective": ("objective is told", {}, replace(GOOD, objective=119.0)),
    "a bound above the objective": ("not between 0 and", {}, replace(GOOD, bound=121.0, gap=-1 / 120)),
    "a negative bound": ("not between 0 and", {}, replace(GOOD, bound=-1.0, gap=121 / 120)),
    "a wrong gap": ("gap is told", {}, replace(GOOD, bound=60.0)),
    "no objective": ("without objective", {}, replace(GOOD, objective=None)),
    "a plan with an excuse": ("explanation", {}, replace(GOOD, explanation=(Fact("other", {}),))),
}


@pytest.mark.parametrize("name", FALSE_PLANS)
def test_the_judge_finds(name):
    complaint, options, result = FALSE_PLANS[name]
    assert check(PENCIL, GOOD) == [] and check(PENCIL, moved()) == []
    assert any(complaint in fault for fault in check(replace(PENCIL, **options), result)), name


@pytest.mark.parametrize(
    ("complaint", "changes"),
    [
        ("with a plan", {"size": np.array([0, CLOSED])}),
        ("with a plan", {"objective": 3.0}),
        ("0 explanations", {"explanation": ()}),
        ("1 explanations", {"status": "timeout"}),
        ("every place is unserved", {"unserved": NO.unserved[:1]}),
        ("is not true", {"unserved": tuple(left._replace(reason="no_site_in_reach") for left in NO.unserved)}),
    ],
)
def test_the_judge_finds_a_false_answer_that_there_is_no_plan(complaint, changes):
    assert check(FIT, NO) == []
    assert any(complaint in fault for fault in check(FIT, replace(NO, **changes)))
