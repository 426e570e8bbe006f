"""A good plan quickly: open, close, resize or exchange sites as long as that is cheaper."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import inf

import numpy as np

from gis_wufei.siting.prices import Floor
from gis_wufei.siting.problem import CLOSED, Floats, Ints, SitingProblem

ROUNDS = 30
"""Passes in which overfull sites hand places on."""

PARTS = (1 / 12, 1 / 6, 1 / 3)
"""Of all sites, to begin with."""

EXCHANGES = 1000
"""Pairs of sites to exchange in a round: for each site the cheapest ones for its places, eight at least."""


class Descent:
    """Local search over the sizes of all sites; places go to the cheapest site that has room.

    A plan that leaves load behind pays a fine for it, so that the search finds its way to one that
    does not.
    """

    def __init__(self, problem: SitingProblem) -> None:
        self.problem = problem
        self.places = np.flatnonzero(problem.in_reach)
        self.load = problem.load[self.places]
        cost = np.where(problem.allowed, problem.serve_cost, inf)[self.places].T
        real = np.isfinite(cost)
        dear = float(cost[real].max(initial=0.0)) * max(1, len(self.places))
        dear += float(problem.open_cost[problem.possible].sum()) + 1.0
        self.fine = dear / max(float(self.load.min(initial=inf, where=self.load > 0)), 1e-9)
        self.far = dear + self.fine * self.load
        self.cost = np.where(real, cost, self.far)

    def place(self, size: Ints, limit: float = inf) -> tuple[float, Ints]:
        """Cost with fines, and the site of each place in reach, of sites at these sizes; inf if above ``limit``."""
        problem, load = self.problem, self.load
        site = np.flatnonzero(size != CLOSED)
        opening = float(problem.open_cost[site, size[site]].sum())
        short = max(float(load.sum() - problem.capacity[site, size[site]].sum()), 0.0) if len(site) else 0.0
        if opening + self.fine * short >= limit:
            return inf, np.zeros(len(load), dtype=np.int64)
        if not len(site):
            return opening + float(self.far.sum()), np.zeros(len(load), dtype=np.int64)
        cost = self.cost[site]
        at = cost.argmin(axis=0)
        everyone = np.arange(len(load))
        if opening + float(cost[at, everyone].sum()) >= limit:
            return inf, site[at]
        room = problem.capacity[site, size[site]]
        least = problem.min_throughput[site, size[site]]
        taken = np.bincount(at, load, len(site))
        parted = 0.0  # yuan for the parts of divided places that went elsewhere
        for _ in range(ROUNDS):
            moved = False
            for s in np.flatnonzero(taken > room * (1 + 1e-9)):
                members = np.flatnonzero(at == s)
                free = (room - taken)[:, None]
                can = free >= load[members] if problem.single_source else free > 1e-9 * room[:, None]
                other = np.where(can, cost[:, members], inf)
                other[s] = inf
                to = other.argmin(axis=0)
                dearer = (other[to, np.arange(len(members))] - cost[s, members]) / np.maximum(load[members], 1e-12)
                for i in np.argsort(dearer, kind="stable"):
                    if taken[s] <= room[s] * (1 + 1e-9) or not dearer[i] < inf:
                        break
                    place, j = members[i], to[i]
                    part = load[place]
                    if not problem.single_source:
                        part = min(part, taken[s] - room[s], room[j] - taken[j])
                    if part > 0 and taken[j] + part <= room[j] * (1 + 1e-12):
                        moved = True
                        taken[s], taken[j] = taken[s] - part, taken[j] + part
                        if part == load[place]:
                            at[place] = j
                        else:
                            parted += part * float(dearer[i])
            if not moved:
                break
        over = np.maximum(taken - room * (1 + 1e-9), 0.0).sum() + np.maximum(least * (1 - 1e-9) - taken, 0.0).sum()
        return opening + float(cost[at, everyone].sum()) + parted + self.fine * float(over), site[at]

    def starts(self, floor: Floor) -> Iterator[Ints]:
        """Where to begin: the sites that earn most, at their largest: few of them, or many."""
        problem = self.problem
        largest = np.where(problem.possible, problem.capacity, -1.0).argmax(axis=1)
        most = len(largest) if problem.max_open is None else problem.max_open
        can = np.asarray(problem.possible.any(axis=1))
        order = [j for j in np.argsort(floor.earned.min(axis=1), kind="stable") if can[j] and not problem.keep[j]]
        for part in PARTS:
            count = min(max(round(part * can.sum()), problem.min_open, 1), most) - int(problem.keep.sum())
            size = np.where(problem.keep, largest, CLOSED)
            size[order[: max(count, 0)]] = largest[order[: max(count, 0)]]
            yield size

    def kicked(self, size: Ints, rng: np.random.Generator) -> Ints:
        """Two open sites closed, and three (as many as may be open) opened at any size."""
        problem, size = self.problem, size.copy()
        opened = np.flatnonzero((size != CLOSED) & ~problem.keep)
        size[rng.choice(opened, min(2, len(opened)), replace=False)] = CLOSED
        closed = np.flatnonzero((size == CLOSED) & problem.possible.any(axis=1))
        most = len(size) if problem.max_open is None else problem.max_open
        room = most - int((size != CLOSED).sum())
        for j in rng.choice(closed, min(3, room, len(closed)), replace=False):
            size[j] = rng.choice(np.flatnonzero(problem.possible[j]))
        return size

    def share(self, size: Ints, at: Ints) -> Floats | None:
        """The plan with undivided places as shares, float[n, m]; None where a place or a site is not content."""
        problem = self.problem
        opened = size != CLOSED
        site = np.flatnonzero(opened)
        share = np.zeros(problem.serve_cost.shape)
        share[self.places, at] = 1.0
        taken = (problem.load @ share)[site]
        fits = taken <= problem.capacity[site, size[site]] * (1 + 2e-9)
        full = taken >= problem.min_throughput[site, size[site]] * (1 - 2e-9)
        reached = problem.allowed[self.places, at].all() and opened[at].all()
        return share if reached and fits.all() and full.all() else None

    def moves(self, size: Ints, at: Ints) -> Iterator[tuple[tuple[int, int], ...]]:
        """Changes of (site, size): one site alone, or a closed one in place of an open one."""
        problem = self.problem
        opened = np.flatnonzero(size != CLOSED)
        closed = np.flatnonzero((size == CLOSED) & problem.possible.any(axis=1))
        others = {
            int(j): [int(k) for k in np.flatnonzero(problem.possible[j])] + [CLOSED] * (not problem.keep[j])
            for j in (*opened, *closed)
        }
        yield from (((i, k),) for i in opened.tolist() for k in others[i][::-1] if k != size[i])
        yield from (((j, k),) for j in closed.tolist() for k in others[j] if k != CLOSED)
        for i in opened.tolist():
            mine = at == i
            dear = self.cost[np.ix_(closed, mine)].sum(axis=1)
            for j in closed[np.argsort(dear, kind="stable")[: max(8, EXCHANGES // len(opened))]].tolist():
                if not problem.keep[i]:
                    yield from (((i, CLOSED), (j, k)) for k in others[j] if k != CLOSED)

    def run(self, size: Ints, until: float) -> tuple[float, Ints, Ints]:
        """From these sizes to a plan that no move makes cheaper: cost, sizes, site of each place in reach."""
        problem = self.problem
        most = len(size) if problem.max_open is None else problem.max_open
        cost, at = self.place(size)
        better = True
        while better:
            better, was = False, size
            for move in list(self.moves(size, at)):
                if time.perf_counter() > until:
                    return cost, size, at
                # A move was made since: what it closed or opened may be of another mind now.
                if any((size[j] == CLOSED) != (was[j] == CLOSED) for j, _ in move):
                    continue
                other = size.copy()
                for j, k in move:
                    other[j] = k
                if not problem.min_open <= (other != CLOSED).sum() <= most:
                    continue
                less, where = self.place(other, cost)
                if less < cost * (1 - 1e-9):
                    cost, size, at, better = less, other, where, True
        return cost, size, at
