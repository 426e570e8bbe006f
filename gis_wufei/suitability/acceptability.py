"""How often a site has each rank if nobody knows the weights better than the experts do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gis_wufei.errors import ProblemError
from gis_wufei.suitability.methods import MethodSpec
from gis_wufei.suitability.pairwise import Floats
from gis_wufei.suitability.ranks import ranks

SWEEPS = 30
"""Rounds over all pairs of weights before a draw is taken; each draw has its own walk."""


@dataclass(frozen=True, eq=False)
class WeightRegion:
    """The weights that sum to 1 and lie between ``low`` and ``high``, float[m] each."""

    low: Floats
    high: Floats

    def __post_init__(self) -> None:
        if (self.low < 0).any() or (self.high < self.low).any():
            raise ProblemError("WeightRegion: 0 <= low <= high does not hold")
        if self.low.sum() > 1 + 1e-9 or self.high.sum() < 1 - 1e-9:
            raise ProblemError("WeightRegion: no weights in the region sum to 1")


@dataclass(frozen=True, eq=False)
class Acceptability:
    """Shares of draws (Lahdelma, Hokkanen & Salminen 1998, EJOR 106:137; SMAA).

    ``ranks`` has index ``site_id`` and columns 1 … n: the share of draws with this rank (ties share the
    better one); ``central`` the mean weights of the draws in which the site is first, nan where it never is.
    """

    ranks: pd.DataFrame
    central: pd.DataFrame
    draws: int
    seed: int

    @property
    def error(self) -> float:
        """Half the width of the 95 % interval of a share, at its widest."""
        return 0.98 / float(np.sqrt(self.draws))


def all_weights(count: int) -> WeightRegion:
    """Nothing is known: every set of weights."""
    return WeightRegion(np.zeros(count), np.ones(count))


def of_experts(each: Floats) -> WeightRegion:
    """Between the least and the greatest weight that any expert gives; ``each`` is float[experts, m]."""
    return WeightRegion(each.min(axis=0), each.max(axis=0))


def around(weights: Floats, share: float) -> WeightRegion:
    """Each weight up to ``share`` of itself less or more."""
    return WeightRegion(weights * (1 - share), np.minimum(weights * (1 + share), 1.0))


def draw_weights(region: WeightRegion, draws: int, seed: int) -> Floats:
    """float[draws, m]: weights spread evenly over the region, the same for the same seed.

    Each draw walks from the middle of the region: a pair of weights at a time is split anew, evenly
    over what the limits leave it (Gibbs sampling; even over the region in the limit).
    """
    rng = np.random.default_rng(seed)
    low, high = region.low, region.high
    room = float((high - low).sum())
    share = (1.0 - float(low.sum())) / room if room > 0 else 0.0
    weights = np.tile(low + np.clip(share, 0.0, 1.0) * (high - low), (draws, 1))
    free = np.flatnonzero(high - low > 0)
    pairs = [(i, j) for n, i in enumerate(free.tolist()) for j in free[n + 1 :].tolist()]
    for _ in range(SWEEPS if pairs else 0):
        for at in rng.permutation(len(pairs)).tolist():
            i, j = pairs[at]
            both = weights[:, i] + weights[:, j]
            least = np.maximum(low[i], both - high[j])
            most = np.maximum(np.minimum(high[i], both - low[j]), least)
            weights[:, i] = least + rng.random(draws) * (most - least)
            weights[:, j] = both - weights[:, i]
    return weights


def acceptability(
    method: MethodSpec,
    values: Floats,
    region: WeightRegion,
    site_ids: Sequence[str],
    names: Sequence[str],
    draws: int = 10_000,
    seed: int = 1,
) -> Acceptability:
    """Rank acceptability of every site over a region of weights.

    ``values`` is float[n, m] without nan, ``site_ids`` its rows and ``names`` its columns.
    """
    weights = draw_weights(region, draws, seed)
    count = len(values)
    times = np.zeros((count, count))
    first = np.zeros((count, len(names)))
    wins = np.zeros(count)
    for one in weights:
        place = ranks(method.scores(values, one))
        times[np.arange(count), place - 1] += 1
        won = place == 1
        wins += won
        first[won] += one
    index = pd.Index(site_ids, name="site_id")
    central = np.divide(first, wins[:, None], out=np.full_like(first, np.nan), where=wins[:, None] > 0)
    return Acceptability(
        ranks=pd.DataFrame(times / draws, index=index, columns=range(1, count + 1)),
        central=pd.DataFrame(central, index=index, columns=list(names)),
        draws=draws,
        seed=seed,
    )
