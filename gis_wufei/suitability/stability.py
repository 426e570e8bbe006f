"""How far the weight of one criterion may move before another site wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from gis_wufei.suitability.methods import MethodSpec, OwaMethod, TopsisMethod, squared_distances
from gis_wufei.suitability.pairwise import Floats
from gis_wufei.suitability.ranks import TIE, winner

STEPS = 400
"""Steps in which a smooth curve is searched for crossings (quantifier OWA only; all else is exact)."""


def weight_intervals(method: MethodSpec, values: Floats, weights: Floats, names: Sequence[str]) -> pd.DataFrame:
    """For each criterion the weights within which the winner stays, the others scaled in proportion.

    Exact for WLC (every lead is linear in the weight), for OWA with order weights (linear between the
    weights at which a cumulated share meets a knot) and for TOPSIS (the comparison of two closenesses is
    quadratic in ``(w / (1 - w))^2``). For OWA by a quantifier crossings are searched in steps of 1/400 and
    refined; two within one step may be missed.

    Parameters
    ----------
    values
        float[n, m], 0 to 1, without nan.
    weights
        float[m], sum 1.
    names
        The criteria.

    Returns
    -------
    pandas.DataFrame
        Index ``criterion``; columns weight, low, high (between them, ends included, the winner keeps
        its place or shares it), room (the smaller of the ways to an end at which another site takes over; inf
        where none does), next_low and next_high (position of the site that takes over below and above; -1: none).
    """
    best = winner(method.scores(values, weights))
    rows = []
    for j in range(len(names)):
        line = _line(method, values, weights, j)
        low, below, high, above = 0.0, -1, 1.0, -1
        for other in range(len(values)):
            if other == best:
                continue
            down, up = _ends(line, best, other)
            if down is not None and (down > low + TIE or below < 0):
                low, below = down, other
            if up is not None and (up < high - TIE or above < 0):
                high, above = up, other
        ways = [weights[j] - low] * (below >= 0) + [high - weights[j]] * (above >= 0)
        rows.append((weights[j], low, high, max(min(ways, default=np.inf), 0.0), below, above))
    columns = ["weight", "low", "high", "room", "next_low", "next_high"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(names, name="criterion"))


def moved(weights: Floats, j: int, t: Floats) -> Floats:
    """float[k, m]: weights with the j-th at each of ``t``, the others scaled so that all sum to 1.

    Where the others are all 0 they share the rest alike.
    """
    t = np.atleast_1d(np.asarray(t, float))
    others = np.delete(weights, j)
    rest = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / max(len(others), 1))
    found = np.insert(np.outer(1 - t, rest), j, 0.0, axis=1)
    found[:, j] = t
    return found


@dataclass(frozen=True, eq=False)
class _Line:
    """The weights that one criterion's weight ``t`` runs through, and two sites compared along them."""

    method: MethodSpec
    values: Floats
    weights: Floats
    j: int
    squares: tuple[Floats, Floats]  # TOPSIS only: to the best and from the worst, parts of t^2 and (1 - t)^2

    def lead(self, best: int, other: int, t: Floats) -> Floats:
        """How far ``best`` is ahead of ``other`` with the weight at each of ``t``."""
        if isinstance(self.method, TopsisMethod):
            return self._close(best, t) - self._close(other, t)
        pair = self.values[[best, other]]
        return np.array([float(np.subtract(*self.method.scores(pair, w))) for w in moved(self.weights, self.j, t)])

    def _close(self, at: int, t: Floats) -> Floats:
        there, rest = t**2, (1 - t) ** 2
        plus, minus = (np.sqrt(part[at, 0] * there + part[at, 1] * rest) for part in self.squares)
        return np.asarray(np.divide(minus, plus + minus, out=np.full(len(t), 0.5), where=plus + minus > 1e-15))

    def marks(self, best: int, other: int) -> Floats:
        """Weights between which the lead crosses zero at most once, and where it does not."""
        found = [0.0, float(self.weights[self.j]), 1.0]
        if isinstance(self.method, TopsisMethod):
            found += self._roots(best, other)
        elif isinstance(self.method, OwaMethod) and self.method.alpha is not None:
            found += np.linspace(0.0, 1.0, STEPS + 1).tolist()
        elif isinstance(self.method, OwaMethod):
            found += self._knots(best) + self._knots(other)
        marks = np.unique(np.clip(np.array(found), 0.0, 1.0))
        return marks if isinstance(self.method, TopsisMethod) else self._with_crossings(best, other, marks)

    def _with_crossings(self, best: int, other: int, marks: Floats) -> Floats:
        smooth = isinstance(self.method, OwaMethod) and self.method.alpha is not None
        leads = self.lead(best, other, marks)
        found = []
        for at in np.flatnonzero((leads[:-1] > 0) != (leads[1:] > 0)).tolist():
            a, b, from_, to = marks[at], marks[at + 1], leads[at], leads[at + 1]
            if smooth and from_ * to < 0:
                found.append(float(brentq(lambda t: float(self.lead(best, other, np.array([t]))[0]), a, b)))
            else:
                found.append(float(a + (b - a) * from_ / (from_ - to)))
        return np.unique(np.concatenate([marks, found]))

    def _knots(self, site: int) -> list[float]:
        """Weights at which a cumulated share of the ordered criteria meets a knot k / m of the order weights."""
        size = self.values.shape[1]
        order = np.argsort(-self.values[site], kind="stable")
        start, end = (np.cumsum(w[order]) for w in moved(self.weights, self.j, np.array([0.0, 1.0])))
        found: list[float] = []
        for a, b in zip(start.tolist(), end.tolist(), strict=True):
            if abs(b - a) > 1e-12:
                found.extend(t for k in range(size + 1) if 0 <= (t := (k / size - a) / (b - a)) <= 1)
        return found

    def _roots(self, best: int, other: int) -> list[float]:
        """Where two closenesses are equal: d-_1^2 d+_2^2 = d-_2^2 d+_1^2, quadratic in s = (t / (1 - t))^2."""
        to_best, from_worst = self.squares
        (a1, b1), (c1, d1) = to_best[best], from_worst[best]
        (a2, b2), (c2, d2) = to_best[other], from_worst[other]
        roots = np.roots([c1 * a2 - c2 * a1, c1 * b2 + d1 * a2 - c2 * b1 - d2 * a1, d1 * b2 - d2 * b1])
        real = roots[np.abs(roots.imag) < 1e-9].real
        ratio = np.sqrt(real[real >= 0])
        return [float(t) for t in ratio / (1 + ratio)]


def _line(method: MethodSpec, values: Floats, weights: Floats, j: int) -> _Line:
    if not isinstance(method, TopsisMethod):
        return _Line(method, values, weights, j, (values, values))
    rest = moved(weights, j, np.array([0.0]))[0] ** 2
    to_best, from_worst = (np.stack([part[:, j], part @ rest], axis=1) for part in squared_distances(values))
    return _Line(method, values, weights, j, (to_best, from_worst))


def _ends(line: _Line, best: int, other: int) -> tuple[float | None, float | None]:
    """The nearest weights below and above at which ``other`` overtakes ``best``; ``None`` where it never does."""
    now = float(line.weights[line.j])
    grid = line.marks(best, other)
    middle = (grid[:-1] + grid[1:]) / 2
    behind = line.lead(best, other, middle) < -TIE
    # Between neighbouring marks the order does not change: the first stretch that is lost is the end.
    up = np.flatnonzero(behind & (middle > now))
    down = np.flatnonzero(behind & (middle < now))
    return (float(grid[down[-1] + 1]) if len(down) else None), (float(grid[up[0]]) if len(up) else None)
