"""Why nothing fits: how much load has no place, and which limit, waived alone, would give it one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

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


def room(problem: SitingProblem) -> float:
    """Load that fits into the sites that may be open together, each at its largest."""
    largest = _largest(problem)
    may = np.sort(largest[~problem.keep])[::-1]
    if problem.max_open is not None:
        may = may[: max(0, problem.max_open - int(problem.keep.sum()))]
    return float(largest[problem.keep].sum() + may.sum())


def explain(problem: SitingProblem, spec: SolveSpec) -> tuple[Fact, ...]:
    """The facts of an infeasible problem (see ``Fact``), within the time of one search."""
    seconds = spec.time_limit_s / (1 + len(WAIVED))
    in_reach = problem.in_reach
    load = float(problem.load[in_reach].sum())
    capacity = room(problem)
    short = _short(problem, spec, seconds)
    if short is None:  # not even a plan that serves nobody
        short = _Short(load, True, np.where(in_reach, 1.0, 0.0))
    limits = tuple(
        name for name, waive in WAIVED.items() if _binds(name, problem) and _fits(waive(problem), spec, seconds)
    )
    places = [problem.place_ids[i] for i in np.flatnonzero(short.left > TOLERANCE)]
    scarce = float(_largest(problem).sum()) < load * (1 - TOLERANCE)
    return (
        Fact(
            "capacity" if scarce else "other",
            {
                "load": load,
                "capacity": capacity,
                "short": max(short.load, load - capacity),
                "exact": short.exact,
                "places": len(places),
                "place_ids": tuple(places),
                "limits": limits,
                "limit": ", ".join(limits) or "-",
                **_counted(problem),
            },
        ),
    )


def _counted(problem: SitingProblem) -> dict[str, object]:
    """How many sites are wanted and there, and the places too large for every site that may serve them whole."""
    largest = np.where(problem.possible, problem.capacity, 0.0).max(axis=1, initial=0.0)
    room_of = np.where(problem.allowed, largest, 0.0).max(axis=1, initial=0.0)
    large = np.flatnonzero(problem.in_reach & (problem.load > room_of * (1 + TOLERANCE)))
    large = large[np.argsort(-problem.load[large], kind="stable")] if problem.single_source else large[:0]
    return {
        "openable": int(problem.possible.any(axis=1).sum()),
        "keep": int(problem.keep.sum()),
        "min_open": problem.min_open,
        "max_open": problem.max_open,
        "large_ids": tuple(problem.place_ids[i] for i in large),
        "large_load": float(problem.load[large].max(initial=0.0)),
        "large_room": float(room_of[large].max(initial=0.0)),
    }


def _binds(name: str, problem: SitingProblem) -> bool:
    """Whether the problem has the limit at all."""
    return {
        "max_open": problem.max_open is not None,
        "min_open": problem.min_open > 0,
        "min_throughput": bool(problem.min_throughput.any()),
        "capacity": True,
        "single_source": problem.single_source,
    }[name]


def _fits(problem: SitingProblem, spec: SolveSpec, seconds: float) -> bool:
    """Whether a plan is found that serves all; any will do."""
    if _contradictory(problem):
        return False
    if not problem.in_reach.any() and not problem.keep.any() and not problem.min_open:
        return True
    found = Model(problem).run(mip_gap=inf, max_nodes=spec.max_nodes, seconds=seconds, seed=spec.seed)
    return found.values is not None


def _contradictory(problem: SitingProblem) -> bool:
    """Whether no number of open sites is within the limits."""
    openable = int(problem.possible.any(axis=1).sum())
    most = len(problem.site_ids) if problem.max_open is None else problem.max_open
    return openable < problem.min_open or bool(problem.keep.sum() > most)


def _short(problem: SitingProblem, spec: SolveSpec, seconds: float) -> _Short | None:
    """The least load that stays behind when it may; None when the sites' own limits contradict each other."""
    if _contradictory(problem):
        return None
    model = Model(problem, elastic=True)
    found = model.run(max_nodes=spec.max_nodes, seconds=seconds, seed=spec.seed)
    if found.values is None:
        everyone = np.where(problem.in_reach, 1.0, 0.0)
        return None if found.stopped_by == "infeasible" else _Short(found.bound, False, everyone)
    left = model.left(found.values)
    total = float(problem.load @ left)
    return _Short(min(found.bound, total) if found.stopped_by != "gap" else total, found.stopped_by == "gap", left)
