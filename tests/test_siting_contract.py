"""What every siting must keep: equal to all possible plans on small cases, lawful under change, published optima.

Small cases: up to 4 places, 3 sites, 2 sizes, whole numbers, with forbidden pairs, impossible sizes,
unlimited capacity, sites to keep, limits on their number and least throughputs. All plans are tried:
every choice of sizes with every assignment, or with a transport problem where places may be divided.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from gis_wufei.siting import CLOSED, SitingProblem, SolveSpec, check, milp, solve_siting

INF = np.inf
EXACT = SolveSpec(mip_gap=0)


def random_problem(seed):
    rng = np.random.default_rng(seed)
    n, m, k = int(rng.integers(0, 5)), int(rng.integers(0, 4)), int(rng.integers(1, 3))
    serve_cost = rng.integers(0, 40, (n, m)) * 1.0
    serve_cost[rng.random((n, m)) < 0.2] = INF
    open_cost = rng.integers(0, 50, (m, k)) * 1.0
    open_cost[rng.random((m, k)) < 0.2] = INF
    capacity = rng.integers(0, 12, (m, k)) * 1.0
    capacity[rng.random((m, k)) < 0.15] = INF
    options = {}
    if rng.random() < 0.3:
        options["min_open"] = int(rng.integers(0, 3))
    if rng.random() < 0.4:
        options["max_open"] = int(rng.integers(options.get("min_open", 0), 4))
    if rng.random() < 0.3:
        options["min_throughput"] = np.minimum(rng.integers(0, 5, (m, k)), capacity) * 1.0
    return SitingProblem(
        place_ids=tuple(f"p{i}" for i in range(n)),
        site_ids=tuple(f"s{j}" for j in range(m)),
        load=rng.integers(0, 6, n) * 1.0,
        serve_cost=serve_cost,
        open_cost=open_cost,
        capacity=capacity,
        keep=(rng.random(m) < 0.25) & np.isfinite(open_cost).any(axis=1),
        single_source=bool(rng.random() < 0.6),
        **options,
    )


def cheapest(problem):
    """Least cost over every choice of sizes; inf if no plan serves all places in reach."""
    places = np.flatnonzero(problem.in_reach)
    choices = [
        [*([] if problem.keep[j] else [CLOSED]), *np.flatnonzero(problem.possible[j])]
        for j in range(len(problem.site_ids))
    ]
    best = INF
    for sizes in product(*choices):
        sites = [j for j, size in enumerate(sizes) if size != CLOSED]
        if problem.min_open <= len(sites) <= (len(sizes) if problem.max_open is None else problem.max_open):
            chosen = sites, [sizes[j] for j in sites]
            opening = problem.open_cost[chosen].sum()
            best = min(best, opening + serving(problem, places, sites, problem.capacity[chosen], chosen))
    return best


def serving(problem, places, sites, capacity, chosen):
    """Least cost of serving the places from these sites."""
    cost, load, least = problem.serve_cost[np.ix_(places, sites)], problem.load[places], problem.min_throughput[chosen]
    if not sites or not len(places):
        return 0.0 if not len(places) and (least == 0).all() else INF
    if problem.single_source:
        best = INF
        for to in product(range(len(sites)), repeat=len(places)):
            taken = np.bincount(to, load, len(sites))
            if (taken <= capacity).all() and (taken >= least).all():
                best = min(best, cost[range(len(places)), to].sum())
        return best
    takes = np.hstack([q * np.eye(len(sites)) for q in load])
    finite = np.isfinite(capacity)
    allowed = np.isfinite(cost).ravel()
    found = linprog(
        np.where(allowed, cost.ravel(), 0),
        np.vstack([takes[finite], -takes]),
        np.concatenate([capacity[finite], -least]),
        np.kron(np.eye(len(places)), np.ones(len(sites))),
        np.ones(len(places)),
        bounds=[(0, 1 if may else 0) for may in allowed],
    )
    return found.fun if found.status == 0 else INF


def close(value):
    return pytest.approx(value, rel=1e-6, abs=1e-6)


# --- against all possible plans ---


@pytest.mark.parametrize("seeds", [range(start, start + 100) for start in range(0, 500, 100)], ids=str)
def test_small_problems_are_solved_to_the_best_of_all_plans(seeds):
    for seed in seeds:
        problem = random_problem(seed)
        best, result = cheapest(problem), solve_siting(problem, EXACT)
        assert check(problem, result) == [], seed
        if best == INF:
            assert result.status == "infeasible", seed
        else:
            assert result.status == "optimal" and result.objective == close(best), seed
            assert result.bound == close(best), seed


@pytest.mark.parametrize("seeds", [range(start, start + 100) for start in range(500, 800, 100)], ids=str)
def test_prices_never_prove_too_much_and_their_plans_are_plans(seeds, monkeypatch):
    monkeypatch.setattr(milp, "LARGE", 0)
    equal = []
    for seed in seeds:
        problem = random_problem(seed)
        best, result = cheapest(problem), solve_siting(problem, EXACT)
        assert check(problem, result) == [], seed
        assert (result.status == "infeasible") == (best == INF), seed
        if best < INF:
            assert result.objective >= best - 1e-6 and result.bound <= best * (1 + 1e-6) + 1e-6, seed
            equal.append(result.objective == close(best))
    assert np.mean(equal) > 0.95


@pytest.mark.parametrize("nodes", [0, 1])
def test_a_small_budget_never_claims_what_is_not_so(nodes):
    for seed in range(800, 950):
        problem = random_problem(seed)
        best, result = cheapest(problem), solve_siting(problem, SolveSpec(mip_gap=0, max_nodes=nodes))
        assert check(problem, result) == [], seed
        assert result.status != "infeasible" or best == INF, seed
        assert result.bound is None or result.bound <= best * (1 + 1e-6) + 1e-6, seed
        assert result.status != "optimal" or result.objective == close(best), seed
        assert (result.stopped_by == "gap") == (result.status == "optimal"), seed


def test_the_reasons_why_there_is_no_plan_are_true():
    waived = {
        "max_open": {"max_open": None},
        "min_open": {"min_open": 0},
        "min_throughput": {"min_throughput": np.zeros(())},
        "single_source": {"single_source": False},
    }
    seen = set()
    for seed in range(1000, 1250):
        problem = random_problem(seed)
        if cheapest(problem) < INF:
            continue
        (fact,) = solve_siting(problem, EXACT).explanation
        told = fact.facts
        assert told["load"] == problem.load[problem.in_reach].sum(), seed
        for name, change in waived.items():
            assert (name in told["limits"]) == (cheapest(replace(problem, **change)) < INF), (seed, name)
        unlimited = replace(problem, capacity=np.full(problem.capacity.shape, INF))
        assert ("capacity" in told["limits"]) == (cheapest(unlimited) < INF), seed
        assert told["exact"] and told["short"] == close(least_left(problem)), seed
        largest = np.where(problem.possible, problem.capacity, 0).max(axis=1, initial=0)
        assert (fact.code == "capacity") == (largest.sum() < told["load"]), seed
        seen |= set(told["limits"])
    assert seen >= {"max_open", "min_open", "capacity", "single_source"}


def least_left(problem):
    """Least load left behind: a site more, dear for each tonne, takes what does not fit; all if that is no plan."""
    whole = np.isfinite(problem.open_cost)
    n, m, k = len(problem.place_ids), *problem.open_cost.shape
    in_reach = problem.in_reach[:, None]
    bare = replace(
        problem,
        site_ids=(*problem.site_ids, "behind"),
        serve_cost=np.hstack(
            [
                np.where(np.isfinite(problem.serve_cost), 0, INF),
                np.where(in_reach, problem.load[:, None], INF),
            ]
        ),
        open_cost=np.vstack([np.where(whole, 0, INF), np.zeros((1, k))]),
        capacity=np.vstack([problem.capacity, np.full((1, k), INF)]),
        keep=np.append(problem.keep, True),
        min_open=problem.min_open + 1,
        max_open=None if problem.max_open is None else problem.max_open + 1,
        min_throughput=np.vstack([problem.min_throughput, np.zeros((1, k))]),
    )
    assert bare.serve_cost.shape == (n, m + 1)
    left = cheapest(bare)
    return left if left < INF else problem.load[problem.in_reach].sum()


# --- laws ---


def test_permuting_places_sites_and_sizes_changes_no_cost():
    for seed in range(1300, 1340):
        problem = random_problem(seed)
        rng = np.random.default_rng(seed)
        n, m = problem.serve_cost.shape
        place, site, size = rng.permutation(n), rng.permutation(m), rng.permutation(problem.open_cost.shape[1])
        turned = replace(
            problem,
            place_ids=tuple(problem.place_ids[i] for i in place),
            site_ids=tuple(problem.site_ids[j] for j in site),
            load=problem.load[place],
            serve_cost=problem.serve_cost[place][:, site],
            open_cost=problem.open_cost[site][:, size],
            capacity=problem.capacity[site][:, size],
            min_throughput=problem.min_throughput[site][:, size],
            keep=problem.keep[site],
        )
        one, other = solve_siting(problem, EXACT), solve_siting(turned, EXACT)
        assert other.status == one.status and check(turned, other) == []
        assert (other.objective is None) == (one.objective is None)
        assert one.objective is None or other.objective == close(one.objective)
        assert {left.place_id for left in other.unserved} == {left.place_id for left in one.unserved}


def test_more_capacity_and_fewer_limits_never_cost_more():
    for seed in range(1400, 1460):
        problem = random_problem(seed)
        cost = cost_of(problem)
        for easier in (
            replace(problem, capacity=problem.capacity * 1.5 + 1),
            replace(problem, single_source=False),
            replace(problem, max_open=None),
            replace(problem, min_open=0),
            replace(problem, min_throughput=problem.min_throughput / 2),
            replace(problem, keep=np.zeros_like(problem.keep)),
        ):
            assert cost_of(easier) <= cost + 1e-6, seed


def cost_of(problem):
    objective = solve_siting(problem, EXACT).objective
    return INF if objective is None else objective


@pytest.mark.parametrize("large", [0, 10**9])
def test_the_same_seed_gives_the_same_plan(large, monkeypatch):
    monkeypatch.setattr(milp, "LARGE", large)
    rng = np.random.default_rng(5)
    place, site = rng.uniform(0, 30, (25, 2)), rng.uniform(0, 30, (8, 2))
    load = rng.uniform(1, 3, 25)
    problem = SitingProblem(
        place_ids=tuple(f"p{i}" for i in range(25)),
        site_ids=tuple(f"s{j}" for j in range(8)),
        load=load,
        serve_cost=np.hypot(*(place[:, None] - site[None]).transpose(2, 0, 1)) * load[:, None],
        open_cost=np.tile([60.0, 100], (8, 1)),
        capacity=np.tile([15.0, 30], (8, 1)),
        keep=np.zeros(8, dtype=bool),
    )
    one, other = (solve_siting(problem, SolveSpec(seed=7)) for _ in range(2))
    assert one.size.tolist() == other.size.tolist() and (one.share == other.share).all()
    assert (one.objective, one.bound, one.status) == (other.objective, other.bound, other.status)


# --- published instances ---

INSTANCES = Path(__file__).parents[2] / "shared" / "instances"
published = pytest.mark.skipif(not INSTANCES.is_dir(), reason="the public instances are not beside the repository")


def numbers(family, name):
    path = INSTANCES / family / name
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return iter(float(word) for word in text.split())


def best_known(family, instance):
    with (INSTANCES / family / "bks.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["instance"] == instance]
    assert row["proven"] == "yes"
    return float(row["bks"])


def take(words, *shape):
    return np.array([next(words) for _ in range(int(np.prod(shape)))]).reshape(shape)


def instance(load, serve, opening, capacity, **options):
    n, m = serve.shape
    return SitingProblem(
        place_ids=tuple(f"p{i}" for i in range(n)),
        site_ids=tuple(f"s{j}" for j in range(m)),
        load=load,
        serve_cost=serve,
        open_cost=np.broadcast_to(opening, (m,))[:, None],
        capacity=np.broadcast_to(capacity, (m,))[:, None],
        keep=np.zeros(m, dtype=bool),
        **options,
    )


@published
@pytest.mark.parametrize("name", ["cap81", "cap84", "cap91", "cap94", "cap101", "cap104"])
def test_published_siting_with_divided_places(name):
    words = numbers("cflp", f"{name}.txt")
    m, n = int(next(words)), int(next(words))
    capacity, opening = take(words, m, 2).T
    clients = take(words, n, m + 1)
    problem = instance(clients[:, 0], clients[:, 1:], opening, capacity, single_source=False)
    result = solve_siting(problem, EXACT)
    assert check(problem, result) == [] and result.status == "optimal"
    assert result.objective == pytest.approx(best_known("cflp", name), abs=1e-2)


@published
@pytest.mark.parametrize("name", ["cap101", "cap104"])
def test_published_siting_without_capacities(name):
    words = numbers("cflp", f"{name}.txt")
    m, n = int(next(words)), int(next(words))
    opening = take(words, m, 2)[:, 1]
    clients = take(words, n, m + 1)
    with (INSTANCES / "cflp" / "bks.csv").open(encoding="utf-8", newline="") as file:
        (best,) = [float(row["ufl_bks"]) for row in csv.DictReader(file) if row["instance"] == name]
    problem = instance(clients[:, 0], clients[:, 1:], opening, INF, single_source=False)
    assert solve_siting(problem, EXACT).objective == pytest.approx(best, abs=1e-2)


@published
@pytest.mark.parametrize("name", ["holmberg_p13", "holmberg_p14"])
def test_published_siting_with_undivided_places(name):
    words = numbers("sscflp", name)
    m, n = int(next(words)), int(next(words))
    capacity, opening, load = take(words, m), take(words, m), take(words, n)
    problem = instance(load, take(words, n, m), opening, capacity)
    result = solve_siting(problem, SolveSpec(mip_gap=0.002))
    assert check(problem, result) == [] and result.status == "optimal"
    best = best_known("sscflp", name)
    assert best - 1e-6 <= result.objective <= best * 1.0021 and result.bound <= best + 1e-6


@published
def test_published_capacitated_p_median():
    words = numbers("cpmp", "pmedcap02.txt")
    best = best_known("cpmp", "pmedcap02")
    n, p, capacity = int(next(words)), int(next(words)), next(words)
    if n != 50:  # the file may begin with number and best known value
        n, p, capacity = int(p), int(capacity), next(words)
    rows = take(words, n, 4)
    way = np.floor(np.hypot(*(rows[:, None, 1:3] - rows[None, :, 1:3]).transpose(2, 0, 1)))
    problem = instance(rows[:, 3], way, 0.0, capacity, min_open=p, max_open=p)
    result = solve_siting(problem, SolveSpec(mip_gap=0.005))
    assert check(problem, result) == []
    assert best <= result.objective <= best * 1.0051 and result.bound <= best


@published
def test_published_p_median():
    words = numbers("p-median", "pmed2.txt")
    n, edges, p = (int(next(words)) for _ in range(3))
    way = np.full((n, n), INF)
    np.fill_diagonal(way, 0)
    for _ in range(edges):
        a, b, cost = int(next(words)) - 1, int(next(words)) - 1, next(words)
        way[a, b] = way[b, a] = cost
    for via in range(n):
        way = np.minimum(way, way[:, via, None] + way[None, via])
    problem = instance(np.ones(n), way, 0.0, INF, min_open=p, max_open=p)
    result = solve_siting(problem, EXACT)
    assert check(problem, result) == [] and result.status == "optimal"
    assert result.objective == best_known("p-median", "pmed2")
