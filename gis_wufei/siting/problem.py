"""What a siting is asked and what it answers: the problem, its plan, and nothing of how it is solved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import fsum
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gis_wufei.errors import ProblemError, WufeiError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CLOSED = -1
"""The size of a site that is not in service."""

NO_SITE, NO_PLAN = "no_site_in_reach", "no_plan"
REASONS = (NO_SITE, NO_PLAN)
"""Why a place is not served: no site that can be opened may serve it; there is no plan at all."""

TOLERANCE = 1e-6
"""Relative rounding error granted to sums of loads, shares and yuan."""


class SolverError(WufeiError, RuntimeError):
    """A solver returned what cannot be true (a bound above the cost of a plan)."""


class SolveSpec(BaseModel):
    """How hard to search. Unless the time runs out, the same input gives the same plan on every machine."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["milp"] = "milp"
    mip_gap: float = Field(
        default=0.005, ge=0, lt=1, description="A plan counts as optimal when proven to cost so little too much."
    )
    max_nodes: int = Field(default=20_000, ge=0, description="Nodes of the search tree; the budget of the search.")
    time_limit_s: float = Field(default=600, gt=0, description="A guard; plans may differ where it strikes.")
    seed: int = Field(default=0, ge=0, lt=2**31)


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """n places, m sites and a ladder of k sizes: which sites to open, how large, and who goes where.

    Every place is served in full from open sites that may serve it, no site above its capacity nor
    below its least throughput, at the least sum of yearly costs of serving and opening. A place
    that no site may serve (its row of ``serve_cost`` is inf wherever a size is possible) is left
    out and told.

    Raises
    ------
    ProblemError
        When shapes differ, an id repeats, a number is NaN or negative, a load or a least throughput
        is infinite, a site to keep has no possible size, or ``min_open`` exceeds ``max_open``; the
        text tells all faults.
    """

    place_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    load: Floats
    """float[n], what a place takes of a site's capacity, in the unit of ``capacity``."""
    serve_cost: Floats
    """float[n, m], yuan a year for serving all of place i from site j; inf = not allowed."""
    open_cost: Floats
    """float[m, k], yuan a year for site j at size k; inf = that size is impossible there."""
    capacity: Floats
    """float[m, k]; inf = no limit."""
    keep: Bools
    """bool[m], existing sites: must be open."""
    single_source: bool = True
    """Each place is served from one site only."""
    min_open: int = 0
    max_open: int | None = None
    """Open sites, those to keep included; None = any number."""
    min_throughput: Floats = field(default_factory=lambda: np.zeros(()))
    """float[m, k], least load of a site opened at that size; one number holds for all."""

    def __post_init__(self) -> None:
        shape = (len(self.site_ids), *np.shape(self.open_cost)[1:])
        for name in ("load", "serve_cost", "open_cost", "capacity", "min_throughput", "keep"):
            array = np.array(getattr(self, name), dtype=np.bool_ if name == "keep" else np.float64)
            if name == "min_throughput" and array.ndim == 0:
                array = np.full(shape, array)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "place_ids", tuple(self.place_ids))
        object.__setattr__(self, "site_ids", tuple(self.site_ids))
        faults = list(_faults(self))
        if faults:
            raise ProblemError("siting problem: " + "; ".join(faults))

    @property
    def possible(self) -> Bools:
        """Whether site j can be opened at size k, bool[m, k]."""
        return np.isfinite(self.open_cost)

    @property
    def allowed(self) -> Bools:
        """Whether site j may serve place i and can be opened at all, bool[n, m]."""
        return np.asarray(np.isfinite(self.serve_cost) & self.possible.any(axis=1))

    @property
    def in_reach(self) -> Bools:
        """Whether any site may serve place i, bool[n]."""
        return np.asarray(self.allowed.any(axis=1))

    def cost(self, size: Ints, share: Floats) -> float:
        """Yuan a year of sites at ``size`` (int[m]) that serve ``share`` (float[n, m]) of the places."""
        place, site = np.nonzero(share)
        opened = np.flatnonzero(size != CLOSED)
        serving = share[place, site] * self.serve_cost[place, site]
        return fsum(serving) + fsum(self.open_cost[opened, size[opened]])


def _faults(problem: SitingProblem) -> Iterator[str]:
    n, m = len(problem.place_ids), len(problem.site_ids)
    ladder = (m, problem.open_cost.shape[1] if problem.open_cost.ndim == 2 else 1)
    for name, count in (("place_ids", n), ("site_ids", m)):
        if len(set(getattr(problem, name))) < count:
            yield f"{name} repeat"
    shapes = {
        "load": (n,),
        "serve_cost": (n, m),
        "open_cost": ladder,
        "capacity": ladder,
        "min_throughput": ladder,
        "keep": (m,),
    }
    for name, shape in shapes.items():
        array = getattr(problem, name)
        if array.shape != shape:
            yield f"{name} has shape {array.shape}, not {shape}"
        elif name != "keep" and (np.isnan(array).any() or (array < 0).any()):
            yield f"{name} holds NaN or a negative number"
        elif name in ("load", "min_throughput") and np.isinf(array).any():
            yield f"{name} holds inf"
    if problem.open_cost.shape == ladder and problem.keep.shape == (m,):
        for site in np.flatnonzero(problem.keep & ~problem.possible.any(axis=1)):
            yield f"site {problem.site_ids[site]} must be kept but has no possible size"
    if problem.min_open < 0 or (problem.max_open is not None and problem.max_open < problem.min_open):
        yield f"min_open {problem.min_open} and max_open {problem.max_open} leave no number of sites"


class Unserved(NamedTuple):
    """A place that no site serves, and why (one of ``REASONS``)."""

    place_id: str
    reason: str


@dataclass(frozen=True)
class Fact:
    """Why there is no plan, as numbers and ids for somebody else's sentence.

    ``code`` is ``capacity`` when the sites cannot take the load even if all that may open are open
    at their largest, else ``other``. ``facts``, loads in the unit of ``capacity``:

    - ``load``: of all places in reach of a site; ``capacity``: of the sites that may open, at their largest;
    - ``short``: load that cannot be placed at least; ``exact``: whether less than that is proven impossible
      *and* a plan exists that leaves no more;
    - ``place_ids``, ``places``: the places (and their number) that such a plan leaves, in part or in full;
    - ``limits``: each of ``max_open, min_open, min_throughput, capacity, single_source`` which, were it
      alone waived, would let all be served; ``limit``: the same as one text, "-" if none alone is enough.
    - ``openable``, ``keep``: sites that may be opened, and those that must be; ``min_open``, ``max_open``: as wanted;
    - ``large_ids``: places that are too large for every site that may serve them whole, the largest first, of
      ``large_load``; ``large_room`` is the largest such site.
    """

    code: Literal["capacity", "other"]
    facts: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class SitingResult:
    """The sites in service and who goes where, with the proof how good that is.

    Without a plan (``infeasible``, ``timeout``) all sites are closed, all shares 0, all places unserved.
    """

    status: Literal["optimal", "feasible", "infeasible", "timeout"]
    """optimal = gap within the wanted one; feasible = a limit struck before; timeout = and no plan was found."""
    size: Ints
    """int[m], position on the ladder of sizes; -1 = closed."""
    share: Floats
    """float[n, m], fraction of place i served from site j."""
    unserved: tuple[Unserved, ...]
    objective: float | None
    """yuan a year, recomputed from the plan; None without a plan."""
    bound: float | None
    """yuan a year, proven: no plan costs less; None when nothing is known or there is no plan."""
    gap: float | None
    """(objective - bound) / objective; 0 when nothing costs anything."""
    runtime_s: float
    solver: str
    """Name and version."""
    stopped_by: Literal["gap", "nodes", "seconds", "infeasible"]
    explanation: tuple[Fact, ...] = ()
