"""Order weights: how far good values may make up for bad ones, between the worst (and) and the best (or)."""

from __future__ import annotations

import numpy as np

from gis_wufei.errors import ProblemError
from gis_wufei.suitability.pairwise import Floats


def orness(order: Floats) -> float:
    """1 if only the best value counts, 0 if only the worst, 0.5 for the mean (Yager 1988, IEEE SMC 18:183).

    ``order`` is float[n]: the weight of the highest value first. ANDness is ``1 - orness``.
    """
    size = len(order)
    return float(np.dot(np.arange(size - 1, -1, -1), order) / (size - 1)) if size > 1 else 0.5


def trade_off(order: Floats) -> float:
    """1 if all values count alike, 0 if only one does (Jiang & Eastman 2000, IJGIS 14:173).

    ``1 - sqrt(n * sum((w - 1/n)^2) / (n - 1))``.
    """
    size = len(order)
    if size < 2:
        return 1.0
    return float(1.0 - np.sqrt(size * np.sum((np.asarray(order) - 1 / size) ** 2) / (size - 1)))


def order_weights(size: int, orness_: float, trade_off_: float | None = None) -> Floats:
    """Order weights of n criteria with the orness asked for, and the trade-off asked for.

    Without a trade-off: the highest that the orness leaves, which is the least variance (Fullér & Majlender
    2003, Fuzzy Sets and Systems 136:203). With one: between those weights and the two neighbouring
    ranks that alone have this orness (least trade-off); all mixtures of the two keep the orness.

    Raises
    ------
    ProblemError
        A trade-off that no weights of this orness have; the text tells the range.
    """
    if not 0.0 <= orness_ <= 1.0:
        raise ProblemError(f"order_weights: orness {orness_:g} is not between 0 and 1")
    if size == 1:
        return np.ones(1)
    flat = _least_variance(size, orness_)
    if trade_off_ is None:
        return flat
    sharp = _two_ranks(size, orness_)
    low, high = trade_off_range(size, orness_)
    if not low - 1e-9 <= trade_off_ <= high + 1e-9:
        raise ProblemError(
            f"order_weights: with {size} criteria and orness {orness_:g} the trade-off is between "
            f"{low:.3f} and {high:.3f}, not {trade_off_:g}"
        )
    # Variance along flat + s (sharp - flat) is quadratic in s and least at s = 0.
    wanted = (1.0 - trade_off_) ** 2 * (size - 1) / size
    step, start = sharp - flat, flat - 1 / size
    a, b, c = float(step @ step), 2 * float(step @ start), float(start @ start) - wanted
    if a < 1e-15:
        return flat
    share = (-b + np.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a)
    return np.asarray(flat + float(np.clip(share, 0.0, 1.0)) * step)


def trade_off_range(size: int, orness_: float) -> tuple[float, float]:
    """The least and the highest trade-off that order weights of this orness have."""
    if size < 2:
        return 1.0, 1.0
    return trade_off(_two_ranks(size, orness_)), trade_off(_least_variance(size, orness_))


def quantifier(alpha: float, share: Floats) -> Floats:
    """``share ** alpha``: of the best criteria making up this share of the weights, how much they count together.

    alpha 0 at least one, 0.5 a few, 1 half, 2 most, very large all (Yager 1996, Int. J. Intell. Syst. 11:49;
    Malczewski 2006, Int. J. Appl. Earth Obs. 8:270). The share 0 counts 0, whatever alpha.
    """
    share = np.asarray(share, float)
    return np.where(share <= 0, 0.0, np.power(np.clip(share, 0.0, 1.0), alpha))


def _least_variance(size: int, orness_: float) -> Floats:
    """Weights ``max(0, a + b * rank)``: the optimum has this form, on the first or the last ranks."""
    if orness_ < 0.5:
        return _least_variance(size, 1.0 - orness_)[::-1]
    value = np.arange(size - 1, -1, -1) / (size - 1)
    for used in range(size, 0, -1):
        x = value[:used]
        if used == 1:
            break
        mean, spread = x.mean(), float(((x - x.mean()) ** 2).sum())
        weights = 1 / used + (orness_ - mean) / spread * (x - mean)
        if weights.min() >= -1e-12:
            return np.concatenate([np.maximum(weights, 0.0), np.zeros(size - used)])
    return np.concatenate([[1.0], np.zeros(size - 1)])


def _two_ranks(size: int, orness_: float) -> Floats:
    at = (1.0 - orness_) * (size - 1)
    first = min(int(np.floor(at + 1e-12)), size - 2)
    weights = np.zeros(size)
    weights[first], weights[first + 1] = 1.0 - (at - first), at - first
    return weights
