"""The smallest change of all weights together that makes another site win."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from gis_wufei.errors import ProblemError
from gis_wufei.suitability.pairwise import Floats


def least_changes(values: Floats, weights: Floats, site_ids: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """For each site the smallest change of all weights together that makes it the winner of the weighted sum.

    A small linear program a site: min sum|w' - w| subject to w' >= 0, sum w' = 1 and the site's score being at
    least that of every other. Half of ``change`` is the weight that moves from some criteria to others.

    Returns
    -------
    pandas.DataFrame
        Index ``site_id``; columns change (sum of the absolute changes, 0 for the winner, nan where no weights
        make the site win) and the weights that do, a column a criterion.

    Raises
    ------
    ProblemError
        The program was not solved.
    """
    count, size = values.shape
    rows = []
    for i in range(count):
        ahead = np.delete(values, i, axis=0) - values[i]  # w' . (v_k - v_i) <= 0
        # w' = weights + plus - minus
        left = np.hstack([ahead, -ahead])
        found = linprog(
            np.ones(2 * size),
            A_ub=left if count > 1 else None,
            b_ub=-(ahead @ weights) if count > 1 else None,
            A_eq=np.concatenate([np.ones(size), -np.ones(size)])[None, :],
            b_eq=[0.0],
            bounds=[(0, None)] * size + [(0, weight) for weight in weights],
            method="highs",
        )
        if found.status == 2:
            rows.append([np.nan] * (size + 1))
        elif found.status == 0:
            there = weights + found.x[:size] - found.x[size:]
            rows.append([float(np.abs(there - weights).sum()), *there])
        else:
            raise ProblemError(f"least_changes: {found.message}")
    return pd.DataFrame(rows, columns=["change", *names], index=pd.Index(site_ids, name="site_id"))
