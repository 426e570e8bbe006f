"""Siting of facilities for places that make waste: arrays in, a plan with a proven bound out.

>>> import numpy as np
>>> problem = SitingProblem(
...     place_ids=("north", "south", "far"), site_ids=("hill", "plain"),
...     load=np.array([2, 3, 1]), serve_cost=np.array([[10, 40], [30, 20], [np.inf, np.inf]]),
...     open_cost=np.array([[50, 80], [60, np.inf]]), capacity=np.array([[3, 6], [4, 0]]),
...     keep=np.array([False, False]),
... )
>>> result = solve_siting(problem)
>>> result.size.tolist(), result.objective, result.unserved[0].place_id, check(problem, result)
([1, -1], 120.0, 'far', [])
"""

from __future__ import annotations

from collections.abc import Callable

from gis_wufei.siting import milp
from gis_wufei.siting.check import check
from gis_wufei.siting.problem import (
    CLOSED,
    NO_PLAN,
    NO_SITE,
    REASONS,
    Fact,
    SitingProblem,
    SitingResult,
    SolverError,
    SolveSpec,
    Unserved,
)

__all__ = [
    "CLOSED",
    "NO_PLAN",
    "NO_SITE",
    "REASONS",
    "SOLVERS",
    "Fact",
    "SitingProblem",
    "SitingResult",
    "SolveSpec",
    "SolverError",
    "Unserved",
    "check",
    "solve_siting",
]


def solve_siting(problem: SitingProblem, spec: SolveSpec | None = None) -> SitingResult:
    """Choose sites, their sizes and who they serve; an infeasible problem is an answer, with reasons.

    Raises
    ------
    SolverError
        When the solver fails or contradicts itself.
    """
    spec = spec or SolveSpec()
    return SOLVERS[spec.method](problem, spec)


SOLVERS: dict[str, Callable[[SitingProblem, SolveSpec], SitingResult]] = {"milp": milp.solve}
