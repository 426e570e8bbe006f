"""Siting to a proven bound: relax, leave out what the relaxation rules out, search the rest.

The relaxation gives a floor under all plans and, for each whole-numbered column, the least extra cost
of using it (its reduced cost). A plan that costs at most ``extra`` yuan above the floor uses no column
dearer than that. So the search may leave those out, and its bound, capped at floor + extra, holds
for all plans.

Beyond ``LARGE`` the relaxation alone takes minutes. There prices give the floor and descents the plan:
a true gap of a few per cent within a minute, where the search found no plan in two.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from gis_wufei.siting.descent import Descent
from gis_wufei.siting.explain import explain, room
from gis_wufei.siting.model import SOLVER, Answer, Model
from gis_wufei.siting.prices import Prices
from gis_wufei.siting.problem import (
    CLOSED,
    NO_PLAN,
    NO_SITE,
    TOLERANCE,
    Bools,
    Floats,
    Ints,
    SitingProblem,
    SitingResult,
    SolverError,
    SolveSpec,
    Unserved,
)

NEAR = 0.004
"""Part of the floor by which the first search looks above it: half the sizes, the same plan as with all."""

ASSIGN_NODES = 200
"""Search nodes for assigning undivided places to given sites."""

LARGE = 60_000
"""Pairs of place and size beyond which prices find the floor; a program's relaxation takes minutes there."""

WIDE, FEW_NODES = 5_000, 20
"""Pairs beyond which a search node takes a second: those that are easy are proven in so many nodes, the others
are better served by prices and descents."""

FIRST_STEPS, STEPS, KICKS = 200, 2000, 8
"""Of a large problem: changes of prices before there is a plan and after; descents from a disturbed plan."""

DUST = 1e-7
"""A share below is rounding of the solver, not a delivery."""


@dataclass(frozen=True)
class _Plan:
    cost: float
    size: Ints
    share: Floats


def solve(problem: SitingProblem, spec: SolveSpec) -> SitingResult:
    """Open sites and assign places at least yearly cost, with a proven bound.

    Raises
    ------
    SolverError
        When the solver fails or its bound contradicts its plan.
    """
    search = _Search(problem, spec)
    search.run()
    plan, bound = search.best, search.bound
    in_reach = problem.in_reach
    infeasible = search.stopped_by == "infeasible" and plan is None
    explanation = explain(problem, spec) if infeasible else ()
    if plan is None:
        n, m = problem.serve_cost.shape
        size, share = np.full(m, CLOSED, dtype=np.int64), np.zeros((n, m))
        told = [Unserved(i, NO_PLAN if near else NO_SITE) for i, near in zip(problem.place_ids, in_reach, strict=True)]
    else:
        if bound > plan.cost + TOLERANCE * max(1.0, plan.cost):
            raise SolverError(f"the bound {bound:.9g} exceeds the cost {plan.cost:.9g} of a plan")
        bound, size, share = min(bound, plan.cost), plan.size, plan.share
        told = [Unserved(i, NO_SITE) for i, near in zip(problem.place_ids, in_reach, strict=True) if not near]
    size.setflags(write=False)
    share.setflags(write=False)
    return SitingResult(
        status=("infeasible" if infeasible else "timeout")
        if plan is None
        else ("optimal" if search.done() else "feasible"),
        size=size,
        share=share,
        unserved=tuple(told),
        objective=None if plan is None else plan.cost,
        bound=None if infeasible else bound,
        gap=None if plan is None else ((plan.cost - bound) / plan.cost if plan.cost else 0.0),
        runtime_s=search.spent(),
        solver=SOLVER,
        stopped_by="gap" if search.done() else search.stopped_by,
        explanation=explanation,
    )


class _Search:
    """One solve: the best plan and bound so far, and what is left of the budget."""

    def __init__(self, problem: SitingProblem, spec: SolveSpec) -> None:
        self.problem, self.spec = problem, spec
        self.began, self.nodes = time.perf_counter(), spec.max_nodes
        self.best: _Plan | None = None
        self.bound = 0.0
        self.stopped_by: Literal["gap", "nodes", "seconds", "infeasible"] = "gap"

    def spent(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.began

    def done(self) -> bool:
        """Whether the best plan is proven to be within the wanted gap."""
        allowed = self.spec.mip_gap + TOLERANCE
        return self.best is not None and self.best.cost - self.bound <= allowed * max(self.best.cost, TOLERANCE)

    def run(self) -> None:
        """Relax; search with places divisible; assign undivided ones; search what may be better still."""
        problem, spec = self.problem, self.spec
        most = inf if problem.max_open is None else problem.max_open
        openable = int(problem.possible.any(axis=1).sum())
        scarce = room(problem) < problem.load[problem.in_reach].sum() * (1 - TOLERANCE)
        if openable < problem.min_open or problem.keep.sum() > most or scarce:
            self.stopped_by = "infeasible"
            return
        if not openable:
            self.offer(np.full(len(problem.site_ids), CLOSED, dtype=np.int64), np.zeros(problem.serve_cost.shape))
            return
        everything = Model(problem)
        if everything.x_count > LARGE and self.large():
            return
        floor = everything.run(whole=False, seconds=spec.time_limit_s - self.spent(), seed=spec.seed)
        self.stopped_by, self.bound = floor.stopped_by, floor.bound
        if floor.values is None:
            return
        # Places divisible: the bound holds for undivided ones, too, and the sites suit them nearly always.
        wide = everything.x_count > WIDE
        nodes = FEW_NODES if wide else None
        size = self.search(everything, floor, max(NEAR, spec.mip_gap) * floor.bound, divisible=True, nodes=nodes)
        if size is None and self.stopped_by == "infeasible":
            size = self.search(everything, floor, inf, divisible=True, nodes=nodes)
        if size is None and (self.stopped_by == "infeasible" or not wide):
            return
        if size is not None and problem.single_source:
            self.assign(size)
        if self.done() or (wide and self.large()):
            return
        if size is None:
            return
        # A search that was not granted proves nothing, whatever the last one found.
        if self.spent() >= spec.time_limit_s or self.nodes <= 0:
            self.stopped_by = "nodes" if self.nodes <= 0 else "seconds"
            return
        self.search(everything, floor, max(self.wanted() - floor.bound, 0.0), divisible=not problem.single_source)

    def large(self) -> bool:
        """Prices for the floor, descents for the plan; False when they find no plan that serves all."""
        problem, spec = self.problem, self.spec
        prices, descent = Prices(problem), Descent(problem)
        until = self.began + spec.time_limit_s
        start = prices.start()
        floor = prices.climb(start, 1.2 * prices.at(start)[0].bound, FIRST_STEPS, inf, until)
        starts = [*descent.starts(floor), *([] if self.best is None else [self.best.size])]
        for size in starts:
            self.descend(descent, size, until)
        if self.best is None:
            return False
        floor = prices.climb(floor.prices, self.best.cost, STEPS, self.wanted(), until)
        self.bound, self.stopped_by = max(self.bound, floor.bound), "nodes"
        rng = np.random.default_rng(spec.seed)
        for _ in range(min(KICKS, self.nodes)):
            if self.done() or self.spent() > spec.time_limit_s:
                break
            self.descend(descent, descent.kicked(self.best.size, rng), until)
        if problem.single_source and not self.done() and self.spent() < spec.time_limit_s:
            self.assign(self.best.size)
        self.stopped_by = "seconds" if self.spent() > spec.time_limit_s else "nodes"
        return True

    def wanted(self) -> float:
        """The bound that proves the best plan."""
        return inf if self.best is None else self.best.cost * (1 - self.spec.mip_gap)

    def descend(self, descent: Descent, size: Ints, until: float) -> None:
        """Offer the plan to which a descent leads, if it serves all."""
        _, size, at = descent.run(size, until)
        share = descent.share(size, at) if self.problem.single_source else self.transported(size)
        if share is not None:
            self.offer(size, share)

    def search(
        self, everything: Model, floor: Answer, extra: float, divisible: bool, nodes: int | None = None
    ) -> Ints | None:
        """Search all plans up to ``extra`` yuan above the floor; sizes of the best found, if any."""
        model, extra = self.near(everything, floor, extra, divisible)
        start = None if self.best is None else model.values(self.best.size, self.best.share)
        found = self.call(model, whole_pairs=not divisible, start=start, nodes=nodes)
        reached = inf if found.stopped_by == "infeasible" else found.bound
        if min(reached, floor.bound + extra) < inf:
            self.bound = max(self.bound, min(reached, floor.bound + extra))
        if found.values is None:
            return None
        size, share = model.plan(found.values)
        if divisible == (not self.problem.single_source):
            self.offer(size, share)
        return size

    def near(self, everything: Model, floor: Answer, extra: float, divisible: bool) -> tuple[Model, float]:
        """The columns that a plan up to ``extra`` above the floor may use; inf when those are all."""
        assert floor.reduced_cost is not None
        shape = self.problem.open_cost.shape
        usable = floor.reduced_cost <= extra * (1 + TOLERANCE) + TOLERANCE * floor.bound
        sizes = np.zeros(shape, dtype=np.bool_)
        sizes[everything.site, everything.rung] = usable[: everything.y_count]
        # A fraction of a divisible place costs but a fraction of its reduced cost: no pair is ruled out.
        pairs = np.zeros((len(self.problem.place_ids), *shape), dtype=np.bool_)
        of_pairs = usable[everything.y_count :] | divisible
        pairs[everything.pair_place, everything.pair_site, everything.pair_rung] = of_pairs
        if self.best is not None:
            opened = np.flatnonzero(self.best.size != CLOSED)
            sizes[opened, self.best.size[opened]] = True
            place, site = np.nonzero(self.best.share)
            pairs[place, site, self.best.size[site]] = True
        if sizes[everything.site, everything.rung].all() and of_pairs.all():
            return everything, inf
        return Model(self.problem, sizes, pairs), extra

    def assign(self, size: Ints) -> None:
        """Undivided places to sites of these sizes; where they do not fit, to the same sites at any size."""
        opened = np.flatnonzero(size != CLOSED)
        sizes = np.zeros(self.problem.open_cost.shape, dtype=np.bool_)
        sizes[opened, size[opened]] = True
        for offered in (sizes, self.problem.possible & sizes.any(axis=1, keepdims=True)):
            model = Model(self.problem, offered)
            found = self.call(model, whole_pairs=True, gap=self.spec.mip_gap / 5, nodes=ASSIGN_NODES)
            if found.values is not None:
                self.offer(*model.plan(found.values))
                return

    def call(
        self,
        model: Model,
        whole_pairs: bool,
        start: Floats | None = None,
        gap: float | None = None,
        nodes: int | None = None,
    ) -> Answer:
        """One run within what is left of the budget."""
        found = model.run(
            whole_pairs=whole_pairs,
            start=start,
            mip_gap=self.spec.mip_gap if gap is None else gap,
            max_nodes=self.nodes if nodes is None else min(nodes, self.nodes),
            seconds=self.spec.time_limit_s - self.spent(),
            seed=self.spec.seed,
        )
        self.nodes = max(0, self.nodes - found.nodes)
        self.stopped_by = found.stopped_by
        return found

    def offer(self, size: Ints, share: Floats) -> None:
        """Clean a plan of the solver's rounding, cheapen it where that is free, keep it if it is the best."""
        share = self.polished(size, share)
        size = self.cheapest(size, share)
        cost = self.problem.cost(size, share)
        if self.best is None or cost < self.best.cost:
            self.best = _Plan(cost, size, share)

    def polished(self, size: Ints, share: Floats) -> Floats:
        """Whole shares, or the cheapest ones for these sizes; every place sums to 1."""
        if self.problem.single_source:
            whole = np.zeros_like(share)
            served = np.flatnonzero(share.any(axis=1))
            if len(served):
                whole[served, share[served].argmax(axis=1)] = 1.0
            return whole
        best = self.transported(size)
        share = share if best is None else best
        share = np.where(share > DUST, share, 0.0)
        total = share.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(share, total, out=np.zeros_like(share), where=total > 0))

    def transported(self, size: Ints) -> Floats | None:
        """The cheapest shares of divisible places for these sizes; None when they do not fit."""
        opened = np.flatnonzero(size != CLOSED)
        sizes: Bools = np.zeros(self.problem.open_cost.shape, dtype=np.bool_)
        sizes[opened, size[opened]] = True
        if not len(opened):
            return None
        model = Model(self.problem, sizes, forced=True)
        found = model.run(whole=False)
        if found.values is None:
            return None
        return model.plan(np.concatenate([np.ones(model.y_count), found.values[model.y_count :]]))[1]

    def cheapest(self, size: Ints, share: Floats) -> Ints:
        """For each open site the cheapest size that suits its load; an idle one closes if it may."""
        problem, size = self.problem, size.copy()
        taken = problem.load @ share
        for j in np.flatnonzero(size != CLOSED):
            idle = not problem.keep[j] and not share[:, j].any()
            if idle and (size != CLOSED).sum() > problem.min_open:
                size[j] = CLOSED
                continue
            suits = (problem.capacity[j] * (1 + DUST) >= taken[j]) & (
                problem.min_throughput[j] <= taken[j] * (1 + DUST)
            )
            suits[size[j]] = True
            size[j] = int(np.where(suits, problem.open_cost[j], inf).argmin())
        return size
