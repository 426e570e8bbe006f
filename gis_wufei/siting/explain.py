"""Why nothing fits: how much load has no place, and which limit, waived alone, would give it one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gis_wufei.siting.model import Model
from gis_wufei.siting.problem import TOLERANCE, Fact, Floats, SitingProblem, SolveSpec


def _largest(problem: SitingProblem) -> Floats:
    """Capacity of each site at its largest, float[m]; never more than all load."""
    total = float(problem.load.sum())
    return np.asarray(np.where(problem.possible, np.minimum(problem.capacity, total), 0.0).max(axis=1, initial=0.0))


WAIVED: dict[str, Callable[[SitingProblem], SitingProblem]] = {
    "max_open": lambda p: replace(p, max_open=None),
    "min_open": lambda p: replace(p, min_open=0),
    "min_throughput": lambda p: replace(p, min_throughput=np.zeros(())),
    "capacity": lambda p: replace(p, capacity=np.full(p.capacity.shape, np.inf)),
    "single_source": lambda p: replace(p, single_source=False),
}
"""Every limit with the problem that lacks it."""


@dataclass(frozen=True)
class _Short:
    load: float  # nobody can leave less behind
    exact: bool
    left: Floats  # of each place, in a plan that leaves as little as was found


def explain(problem: SitingProblem, spec: SolveSpec) -> tuple[Fact, ...]:
    """The facts of an infeasible problem (see ``Fact``)."""
    in_reach = problem.in_reach
    load = float(problem.load[in_reach].sum())
    largest = np.sort(_largest(problem))[::-1]
    must = float(_largest(problem)[problem.keep].sum())
    may = np.sort(_largest(problem)[~problem.keep])[::-1]
    if problem.max_open is not None:
        may = may[: max(0, problem.max_open - int(problem.keep.sum()))]
    capacity = must + float(may.sum())
    short = _short(problem, spec)
    if short is None:  # not even a plan that serves nobody
        short = _Short(load, True, np.where(in_reach, 1.0, 0.0))
    limits = tuple(name for name, waive in WAIVED.items() if _binds(name, problem) and _fits(waive(problem), spec))
    places = [problem.place_ids[i] for i in np.flatnonzero(short.left > TOLERANCE)]
    scarce = float(largest.sum()) < load * (1 - TOLERANCE)
    return (
        Fact(
            "capacity" if scarce else "other",
            {
                "load": load,
                "capacity": capacity,
                "short": short.load,
                "exact": short.exact,
                "places": len(places),
                "place_ids": tuple(places),
                "limits": limits,
                "limit": ", ".join(limits) or "-",
            },
        ),
    )


def _binds(name: str, problem: SitingProblem) -> bool:
    """Whether the problem has the limit at all."""
    return {
        "max_open": problem.max_open is not None,
        "min_open": problem.min_open > 0,
        "min_throughput": bool(problem.min_throughput.any()),
        "capacity": True,
        "single_source": problem.single_source,
    }[name]


def _fits(problem: SitingProblem, spec: SolveSpec) -> bool:
    short = _short(problem, spec)
    return short is not None and not (short.left > TOLERANCE).any()


def _short(problem: SitingProblem, spec: SolveSpec) -> _Short | None:
    """The least load that stays behind when it may; None when the sites' own limits contradict each other."""
    openable = int(problem.possible.any(axis=1).sum())
    most = len(problem.site_ids) if problem.max_open is None else problem.max_open
    if openable < problem.min_open or problem.keep.sum() > most:
        return None
    model = Model(problem, elastic=True)
    found = model.run(max_nodes=spec.max_nodes, seconds=spec.time_limit_s, seed=spec.seed)
    if found.values is None:
        return None if found.stopped_by == "infeasible" else _Short(found.bound, False, np.ones(len(problem.load)))
    left = model.left(found.values)
    total = float(problem.load @ left)
    return _Short(min(found.bound, total) if found.stopped_by != "gap" else total, found.stopped_by == "gap", left)
