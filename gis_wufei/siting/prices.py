r"""A floor under all sitings by prices: each place offers a price to be served, each site takes what pays.

Without the rows "every place in full", which count with a price l_i instead, the problem falls apart
into one knapsack for every site and size (fractional, so that it is a sort):

.. math::
    L(l) = \sum_i l_i + \min_y \sum_{jk} v_{jk} y_{jk}, \quad
    v_{jk} = f_{jk} - \max \{\sum_i (l_i - c_{ij}) x_i : b_{jk} \le \sum_i q_i x_i \le u_{jk}, 0 \le x \le 1\}

No plan costs less than L(l), whatever the prices; the best prices give the value of the relaxation in
``model``, at a hundredth of its time on a county (900 places, 120 sites, 4 sizes). Beasley 1993, EJOR
65(3), https://doi.org/10.1016/0377-2217(93)90118-7. Prices move along the places served too little or
twice (subgradient): Held, Wolfe and Crowder 1974, https://doi.org/10.1007/BF01580223.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf

import numpy as np

from gis_wufei.siting.problem import TOLERANCE, Bools, Floats, Ints, SitingProblem

INERTIA = 0.6
"""Part of the last direction that is kept: without it prices zigzag."""

GRAINS = 200
"""Into which the load is cut to ask whether the sites chosen can hold it."""

PATIENCE, SHORTER, SHORTEST = 30, 1.5, 0.0005
"""Steps without a better floor before they become shorter, by how much, and when to stop."""


@dataclass(frozen=True)
class Floor:
    """What prices prove."""

    bound: float
    """No plan costs less; inf = there is none."""
    prices: Floats
    """float[n]"""
    earned: Floats
    """float[m, k], yuan of opening site j at size k less what places pay beyond its serving them; inf = never."""


class _Fill:
    """Sites filled in the order of what places pay for each tonne; rows are sites, columns places."""

    def __init__(self, value: Floats, load: Floats, fits: Bools | None = None) -> None:
        self.value = value if fits is None else np.where(fits, value, 0.0)
        self.load = load if fits is None else np.where(fits, load, 0.0)
        self.values = np.cumsum(self.value, axis=1)
        self.loads = np.cumsum(self.load, axis=1)
        pays = self.value > 0
        last = np.where(pays.any(axis=1), value.shape[1] - 1 - pays[:, ::-1].argmax(axis=1), 0)
        self.wanted = np.where(pays.any(axis=1), self.loads[np.arange(len(last)), last], 0.0)

    def worth(self, room: Floats, least: Floats) -> tuple[Floats, Bools]:
        """What the best load of each site is worth, and whether places can fill it as far as it must be."""
        total = self.loads[:, -1]
        # Up to what pays or fits; below the least throughput also what does not pay.
        filled = np.minimum(np.maximum(self.wanted, np.minimum(least, total)), room)
        past = (self.loads <= filled[:, None]).sum(axis=1)
        row, here, before = np.arange(len(past)), np.minimum(past, self.loads.shape[1] - 1), np.maximum(past, 1) - 1
        loads, values = (
            np.where(past > 0, self.loads[row, before], 0.0),
            np.where(past > 0, self.values[row, before], 0.0),
        )
        load = self.load[row, here]
        part = np.where((past <= here) & (load > 0), (filled - loads) / np.where(load > 0, load, 1.0), 0.0)
        return values + part * self.value[row, here], total >= least * (1 - TOLERANCE)

    def parts(self, site: int, room: float, least: float) -> Floats:
        """The part of each place that the best load of a site takes."""
        load, before = self.load[site], self.loads[site] - self.load[site]
        filled = min(max(self.wanted[site], min(least, self.loads[site, -1])), room)
        part = np.clip((filled - before) / np.where(load > 0, load, 1.0), 0.0, 1.0)
        return np.asarray(np.where(load > 0, part, self.value[site] > 0))


class Prices:
    """The relaxation of one problem; sites that may serve a place lie in lists, one row a site."""

    def __init__(self, problem: SitingProblem) -> None:
        self.problem = problem
        allowed = problem.allowed
        m, width = len(problem.site_ids), max(1, int(allowed.sum(axis=0).max(initial=0)))
        self.served = problem.in_reach.astype(np.float64)
        self.place = np.zeros((m, width), dtype=np.int64)
        self.cost = np.full((m, width), inf)
        self.load = np.zeros((m, width))
        for j in range(m):
            here = np.flatnonzero(allowed[:, j])
            self.place[j, : len(here)] = here
            self.cost[j, : len(here)] = problem.serve_cost[here, j]
            self.load[j, : len(here)] = problem.load[here]
        self.real = np.isfinite(self.cost)
        self.tiny = 1e-12 * max(float(problem.load.mean()) if len(problem.load) else 0.0, 1e-12)
        self.divisor = np.maximum(self.load, self.tiny)

    def start(self) -> Floats:
        """Prices to begin with: the nearest site and a fair share of the cheapest capacity."""
        problem = self.problem
        usable = problem.possible & (problem.capacity > 0)
        capacity = np.minimum(np.where(usable, problem.capacity, 1.0), max(float(problem.load.sum()), self.tiny))
        unit = float((problem.open_cost[usable] / capacity[usable]).min(initial=inf))
        nearest = np.where(problem.allowed, problem.serve_cost, inf).min(axis=1, initial=inf)
        return np.where(problem.in_reach, nearest, 0.0) + problem.load * (unit if unit < inf else 0.0)

    def at(self, prices: Floats) -> tuple[Floor, Floats]:
        """The floor at given prices, and what is unmet of each place (negative: served more than once)."""
        problem = self.problem
        value = np.where(self.real, prices[self.place] - self.cost, -1.0)
        order = np.argsort(-value / self.divisor, axis=1)
        value = np.take_along_axis(value, order, axis=1)
        load = np.take_along_axis(self.load, order, axis=1)
        # A place without load is taken when it pays and never forced upon a site.
        value = np.where((load > 0) | (value > 0), value, 0.0)
        all_in = _Fill(value, load)
        earned = np.full(problem.open_cost.shape, inf)
        fills: list[_Fill] = []
        for k in range(problem.open_cost.shape[1]):
            room, least = problem.capacity[:, k], problem.min_throughput[:, k]
            too_large = load > room[:, None] if problem.single_source else None
            fills.append(all_in if too_large is None or not too_large.any() else _Fill(value, load, ~too_large))
            worth, enough = fills[k].worth(room, least)
            can = enough & problem.possible[:, k]
            earned[can, k] = problem.open_cost[can, k] - worth[can]
        opened = self._choose(earned.min(axis=1))
        if opened is None:
            return Floor(inf, prices, earned), np.zeros_like(prices)
        chosen = np.stack([opened, earned[opened].argmin(axis=1)], axis=1)
        chosen = self._room_enough(earned, chosen)
        unmet = self.served.copy()
        for j, k in chosen.tolist():
            part = fills[k].parts(j, problem.capacity[j, k], problem.min_throughput[j, k])
            unmet -= np.bincount(self.place[j, order[j]], part, len(unmet))
        cost = float(earned[chosen[:, 0], chosen[:, 1]].sum())
        return Floor(float(self.served @ prices) + cost, prices, earned), unmet

    def _choose(self, cost: Floats) -> Ints | None:
        """Sites to open at these costs (negative: they earn) within the limits; None when none suit."""
        problem = self.problem
        kept = np.flatnonzero(problem.keep)
        free = np.flatnonzero(~problem.keep & np.isfinite(cost))
        free = free[np.argsort(cost[free], kind="stable")]
        room = len(free) if problem.max_open is None else problem.max_open - len(kept)
        if room < 0 or len(kept) + len(free) < problem.min_open or not np.isfinite(cost[kept]).all():
            return None
        earning = int((cost[free] < 0).sum())
        return np.concatenate([kept, free[: min(max(earning, problem.min_open - len(kept)), room)]])

    def _room_enough(self, earned: Floats, chosen: Ints) -> Ints:
        """Sites and sizes, int[o, 2], that together hold all load; those ``chosen`` where they do, or cost more.

        A covering knapsack in whole sites, which no relaxation of the whole program sees: with few
        sites to open it is what lifts the floor. Capacities are rounded up to a ``GRAINS``-th of the
        load, and a site may count at two of its sizes: both only lower the floor.
        """
        problem = self.problem
        load = float(problem.load @ self.served)
        capacity = np.minimum(problem.capacity, load)
        if capacity[chosen[:, 0], chosen[:, 1]].sum() >= load * (1 - TOLERANCE) or load == 0:
            return chosen
        kept = problem.keep[chosen[:, 0]]
        must = chosen[kept]
        need = load - float(capacity[problem.keep].max(axis=1, initial=0.0).sum())
        site, rung = np.nonzero(np.isfinite(earned) & ~problem.keep[:, None])
        if need <= 0 or not len(site):
            return chosen
        weight = np.ceil(capacity[site, rung] / need * GRAINS - TOLERANCE).clip(0, GRAINS).astype(np.int64)
        cost = np.full(GRAINS + 1, inf)  # by the grains still to find
        cost[GRAINS] = 0.0
        steps: list[tuple[Ints, Ints]] = []
        for w in np.unique(weight).tolist():
            items = np.flatnonzero(weight == w)
            items = items[np.argsort(earned[site[items], rung[items]], kind="stable")]
            earning = int((earned[site[items], rung[items]] < 0).sum())
            most = max(-(-GRAINS // w) if w else 0, earning)
            items = items[:most]
            price = np.concatenate([[0.0], np.cumsum(earned[site[items], rung[items]])])
            # Taking ``count`` of this weight leads from ``left`` grains to find to max(left - count * w, 0).
            count = np.arange(len(price))
            to = np.maximum(np.arange(GRAINS + 1)[:, None] - count * w, 0)
            total = cost[:, None] + price
            less = np.full(GRAINS + 1, inf)
            np.minimum.at(less, to.ravel(), total.ravel())
            source = np.full((GRAINS + 1, 2), -1)
            hit = np.argwhere(np.isfinite(total) & (total <= less[to]))
            source[to[hit[:, 0], hit[:, 1]]] = hit
            steps.append((source, items))
            cost = less
        if not np.isfinite(cost[0]):
            return chosen
        left, found = 0, []
        for source, items in reversed(steps):
            left, count_ = source[left].tolist()
            found.append(items[:count_])
        taken = np.concatenate(found)
        other = np.concatenate([must, np.stack([site[taken], rung[taken]], axis=1)])
        dearer = earned[other[:, 0], other[:, 1]].sum() > earned[chosen[:, 0], chosen[:, 1]].sum()
        return other if dearer else chosen

    def climb(self, prices: Floats, cost: float, steps: int, enough: float, until: float) -> Floor:
        """Raise the floor by at most so many ``steps``; stop when it is ``enough``.

        ``cost`` is that of a plan, or a guess: it sets the length of the steps. ``until`` is a
        reading of ``time.perf_counter``.
        """
        best, unmet = self.at(prices)
        now, theta, stale = best, 1.0, 0
        direction = np.zeros_like(prices)
        for _ in range(steps):
            if best.bound >= enough or not unmet.any() or time.perf_counter() > until:
                break
            direction = unmet + INERTIA * direction
            if direction @ unmet <= 0:
                direction = unmet
            goal = max(cost, best.bound + 1e-3 * abs(best.bound))
            step = theta * (goal - now.bound) / float(direction @ unmet)
            now, unmet = self.at(np.maximum(now.prices + step * direction, 0.0))
            stale = 0 if now.bound > best.bound + 1e-5 * abs(best.bound) else stale + 1
            best = now if now.bound > best.bound else best
            if stale >= PATIENCE:
                theta, stale, direction = theta / SHORTER, 0, np.zeros_like(prices)
                if theta < SHORTEST:
                    break
                now, unmet = self.at(best.prices)
        return best
