"""Priorities out of pairwise judgements, how consistent they are, and which judgement to look at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gis_wufei.errors import ProblemError
from gis_wufei.suitability.pairwise import MOST, Floats, PairwiseMatrix

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
"""Mean consistency index of random matrices of 1 … 15 criteria (Saaty 1980, The Analytic Hierarchy Process, p. 21)."""
LIMIT_CR = 0.10
"""A consistency ratio above it calls for a revision of the judgements (Saaty 1980, p. 21)."""


@dataclass(frozen=True, eq=False)
class Priorities:
    """Weights out of a matrix; they sum to 1.

    ``weights`` is the principal right eigenvector; ``row_mean`` the weights by the geometric mean of
    rows (Crawford & Williams 1985), a check that must tell the same story.
    """

    names: tuple[str, ...]
    weights: Floats
    row_mean: Floats
    lambda_max: float
    ci: float
    cr: float

    @property
    def consistent(self) -> bool:
        """Whether the consistency ratio is at most 0.10."""
        return self.cr <= LIMIT_CR + 1e-12

    def table(self) -> pd.DataFrame:
        """Index ``criterion``; columns weight, row_mean."""
        index = pd.Index(self.names, name="criterion")
        return pd.DataFrame({"weight": self.weights, "row_mean": self.row_mean}, index=index)


@dataclass(frozen=True)
class Mend:
    """A judgement that fits the others least, and what would mend it.

    ``fits`` is the ratio that the other judgements imply; ``value`` the nearest on the scale of 1/9 … 9.
    ``cr`` is the consistency ratio before, ``cr_after`` with ``value`` in its place.
    """

    first: str
    second: str
    judged: float
    fits: float
    value: float
    cr: float
    cr_after: float


def priorities(matrix: PairwiseMatrix) -> Priorities:
    """Principal eigenvector, lambda_max, CI and CR of a matrix (Saaty 1977, 1980).

    ``CI = (lambda_max - n) / (n - 1)``, ``CR = CI / RI(n)``; both are 0 for one or two criteria.

    Raises
    ------
    ProblemError
        More criteria than the table of random indices has: make groups.
    """
    size = len(matrix.names)
    if size > len(RANDOM_INDEX):
        raise ProblemError(f"priorities: {size} criteria, the random index is known up to {len(RANDOM_INDEX)}")
    weights, highest = _principal(matrix.ratios)
    ci = max(highest - size, 0.0) / (size - 1) if size > 2 else 0.0
    if ci < 1e-12:  # what is left of rounding
        ci, highest = 0.0, float(size)
    means = np.exp(np.log(matrix.ratios).mean(axis=1))
    return Priorities(
        names=matrix.names,
        weights=weights,
        row_mean=means / means.sum(),
        lambda_max=highest,
        ci=ci,
        cr=ci / RANDOM_INDEX[size - 1] if size > 2 else 0.0,
    )


def mends(matrix: PairwiseMatrix) -> tuple[Mend, ...]:
    """Every judgement with what would mend it, the one first whose mending leaves the least inconsistency.

    For each pair the judgement is taken out and the ratio that the others imply is found from the
    incomplete matrix (Harker 1987, Math. Modelling 9:353); put in, it makes that pair agree with the rest.
    Equal gains: the one farther from what fits, then the order of the matrix. Empty for consistent
    matrices and for fewer than three criteria.
    """
    before = priorities(matrix)
    size = len(matrix.names)
    if size < 3 or before.cr == 0.0:
        return ()
    found = []
    for i in range(size):
        for j in range(i + 1, size):
            # Either side may be the one above 1: told as the expert sees it, first the one said to matter more.
            first, second = (i, j) if matrix.ratios[i, j] >= 1 else (j, i)
            fits = _implied(matrix.ratios, first, second)
            value = on_scale(fits)
            names = matrix.names[first], matrix.names[second]
            after = priorities(matrix.with_judgement(*names, value)).cr
            judged = float(matrix.ratios[first, second])
            found.append(Mend(*names, judged=judged, fits=fits, value=value, cr=before.cr, cr_after=after))
    return tuple(sorted(found, key=lambda mend: (round(mend.cr_after, 9), -abs(np.log(mend.judged / mend.fits)))))


def aggregate(matrices: Sequence[PairwiseMatrix]) -> PairwiseMatrix:
    """One matrix for a group: the geometric mean of each judgement (Aczel & Saaty 1983, J. Math. Psych. 27:93).

    The order of criteria is that of the first matrix.
    """
    _same_names(matrices)
    names = matrices[0].names
    logs = [np.log(matrix.sorted_as(names).ratios) for matrix in matrices]
    return PairwiseMatrix(names, np.exp(np.mean(logs, axis=0)))


def aggregate_priorities(each: Sequence[Priorities]) -> Floats:
    """One set of weights for a group: the geometric mean of the experts' own weights, made to sum to 1."""
    names = each[0].names
    logs = [np.log([one.weights[one.names.index(name)] for name in names]) for one in each]
    weights = np.exp(np.mean(logs, axis=0))
    return np.asarray(weights / weights.sum())


def on_scale(value: float) -> float:
    """The nearest of 1/9, 1/8, …, 1, 2, …, 9, nearest as a ratio."""
    whole = np.arange(1, int(MOST) + 1)
    steps = np.concatenate([1 / whole[:0:-1], whole])
    return float(steps[np.argmin(np.abs(np.log(steps / value)))])


def _principal(values: Floats) -> tuple[Floats, float]:
    roots, vectors = np.linalg.eig(values)
    at = int(np.argmax(roots.real))
    weights = np.abs(vectors[:, at].real)
    return weights / weights.sum(), float(roots[at].real)


def _implied(values: Floats, i: int, j: int) -> float:
    """Ratio of two criteria by all judgements but their own; two are enough to compare them through a third."""
    rest = values.copy()
    rest[i, j] = rest[j, i] = 0.0
    rest[i, i] = rest[j, j] = 2.0
    weights, _ = _principal(rest)
    return float(weights[i] / weights[j])


def _same_names(matrices: Sequence[PairwiseMatrix]) -> None:
    if not matrices:
        raise ProblemError("aggregate: no matrix")
    if any(set(matrix.names) != set(matrices[0].names) for matrix in matrices):
        raise ProblemError("aggregate: the matrices judge different criteria")
