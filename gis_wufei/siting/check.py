"""The judge of a siting: everything recomputed from the problem alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gis_wufei.siting.problem import CLOSED, NO_PLAN, NO_SITE, TOLERANCE, SitingProblem, SitingResult


def check(problem: SitingProblem, result: SitingResult) -> list[str]:
    """Faults of a result, one sentence each; empty when it does what the problem asks.

    Every place served in full or told unserved with a true reason, only by open sites that may
    serve it, from one site if so asked; sites at possible sizes, within capacity and above their
    least throughput; those to keep open; the number of sites within its limits; objective, bound
    and gap true.
    """
    n, m = problem.serve_cost.shape
    if result.size.shape != (m,) or result.share.shape != (n, m):
        return [f"size {result.size.shape} and share {result.share.shape} do not fit {n} places, {m} sites"]
    if not np.issubdtype(result.size.dtype, np.integer) or not np.isfinite(result.share).all():
        return ["size holds other than whole numbers or share NaN or inf"]
    if not ((result.size >= CLOSED) & (result.size < problem.open_cost.shape[1])).all():
        return ["a size is not on the ladder"]
    if result.status not in ("optimal", "feasible"):
        return list(_no_plan(problem, result))
    return [*_places(problem, result), *_sites(problem, result), *_figures(problem, result)]


def _no_plan(problem: SitingProblem, result: SitingResult) -> Iterator[str]:
    if (result.size != CLOSED).any() or result.share.any() or result.objective is not None:
        yield f"status {result.status} with a plan"
    if (result.status == "infeasible") != bool(result.explanation):
        yield f"status {result.status} with {len(result.explanation)} explanations"
    yield from _told(problem, result)
    if {left.place_id for left in result.unserved} != set(problem.place_ids):
        yield "without a plan every place is unserved"


def _told(problem: SitingProblem, result: SitingResult) -> Iterator[str]:
    in_reach = dict(zip(problem.place_ids, problem.in_reach, strict=True))
    if len({left.place_id for left in result.unserved}) < len(result.unserved):
        yield "a place is told unserved twice"
    planned = result.status in ("optimal", "feasible")
    for left in result.unserved:
        if left.place_id not in in_reach:
            yield f"unserved {left.place_id} is no place"
        elif left.reason != (NO_SITE if not in_reach[left.place_id] else None if planned else NO_PLAN):
            yield f"unserved {left.place_id}: {left.reason} is not true"


def _places(problem: SitingProblem, result: SitingResult) -> Iterator[str]:
    yield from _told(problem, result)
    told = {left.place_id for left in result.unserved}
    opened = result.size != CLOSED
    for place_id, share, allowed in zip(problem.place_ids, result.share, problem.allowed, strict=True):
        if (share < 0).any() or (share > 1 + TOLERANCE).any():
            yield f"{place_id}: a share is not between 0 and 1"
        if (share > 0)[~allowed].any():
            yield f"{place_id} is served from a site that may not serve it"
        if (share > 0)[~opened].any():
            yield f"{place_id} is served from a closed site"
        if place_id in told and (share > 0).any():
            yield f"{place_id} is served and told unserved"
        if place_id not in told and abs(share.sum() - 1) > TOLERANCE:
            yield f"{place_id}: {share.sum():.6g} of it is served"
        if problem.single_source and (share > 0).sum() > 1:
            yield f"{place_id} is served from {(share > 0).sum()} sites"


def _sites(problem: SitingProblem, result: SitingResult) -> Iterator[str]:
    load = problem.load @ result.share
    for j, (site_id, size) in enumerate(zip(problem.site_ids, result.size, strict=True)):
        if size == CLOSED:
            if problem.keep[j]:
                yield f"{site_id} must be kept and is closed"
            continue
        if not problem.possible[j, size]:
            yield f"{site_id} cannot be opened at size {size}"
        if load[j] > problem.capacity[j, size] * (1 + TOLERANCE):
            yield f"{site_id} takes {load[j]:.6g} of {problem.capacity[j, size]:.6g}"
        if load[j] < problem.min_throughput[j, size] * (1 - TOLERANCE):
            yield f"{site_id} takes {load[j]:.6g}, less than {problem.min_throughput[j, size]:.6g}"
    count = int((result.size != CLOSED).sum())
    if count < problem.min_open or (problem.max_open is not None and count > problem.max_open):
        yield f"{count} sites are open, not {problem.min_open} to {problem.max_open}"


def _figures(problem: SitingProblem, result: SitingResult) -> Iterator[str]:
    if result.objective is None or result.bound is None or result.gap is None:
        yield "a plan without objective, bound and gap"
        return
    cost = problem.cost(result.size, result.share)
    if not abs(result.objective - cost) <= TOLERANCE * max(1.0, abs(cost)):
        yield f"objective is told as {result.objective:.9g} and is {cost:.9g}"
    if not 0 <= result.bound <= result.objective:
        yield f"bound {result.bound:.9g} is not between 0 and the objective {result.objective:.9g}"
    gap = (result.objective - result.bound) / result.objective if result.objective else 0.0
    if not abs(result.gap - gap) <= TOLERANCE:
        yield f"gap is told as {result.gap:.6g} and is {gap:.6g}"
    if result.explanation:
        yield "a plan with an explanation why there is none"
