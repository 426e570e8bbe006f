"""Ranks out of scores, with ties told as ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gis_wufei.suitability.pairwise import Floats

TIE = 1e-9
"""Scores that differ by less are the same: what is left of rounding decides nothing."""


def ranks(scores: Floats) -> NDArray[np.int64]:
    """Rank of each score, 1 the highest; ties share the better rank (1, 1, 3); 0 for a score that is nan.

    ``scores`` is float[n] or float[k, n] with a ranking a row. A chain of scores each within ``TIE`` of the
    one before counts as one tie.
    """
    if np.ndim(scores) == 1:
        return np.asarray(ranks(scores[None, :])[0])
    order = np.argsort(-scores, axis=1, kind="stable")  # nan comes last
    falling = np.take_along_axis(scores, order, axis=1)
    fresh = np.ones(scores.shape, bool)
    fresh[:, 1:] = ~(falling[:, :-1] - falling[:, 1:] < TIE)
    place = np.arange(1, scores.shape[1] + 1)
    shared = np.maximum.accumulate(np.where(fresh, place, 0), axis=1)
    shared = np.where(np.isnan(falling), 0, shared)
    found = np.empty(scores.shape, np.int64)
    np.put_along_axis(found, order, shared, axis=1)
    return found


def winner(scores: Floats) -> int:
    """Position of the highest score; among ties the first; -1 where no score is known."""
    if not np.isfinite(scores).any():
        return -1
    return int(np.flatnonzero(scores >= np.nanmax(scores) - TIE)[0])
