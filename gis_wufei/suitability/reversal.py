"""Whether the order of two sites hangs on which others are compared with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from gis_wufei.suitability.pairwise import Floats
from gis_wufei.suitability.ranks import TIE, ranks, winner

Scorer = Callable[[Floats], Floats]
COLUMNS = ["change", "site_id", "pairs", "example", "winner_before", "winner_after"]


def rank_reversals(
    score: Scorer, values: Floats, site_ids: Sequence[str], added: Floats | None = None, names: Sequence[str] = ()
) -> pd.DataFrame:
    """The order with each site dropped in turn, and with each further site added.

    A method with fixed value functions (WLC, OWA) never turns the order of two sites; TOPSIS and priorities
    that are made to sum to 1 over the sites may (Belton & Gear 1983, Omega 11:228).

    Parameters
    ----------
    score
        From values float[k, m] to scores float[k].
    values
        float[n, m].
    site_ids
        The n sites.
    added
        float[a, m]: sites to add one at a time; ``names`` are theirs.

    Returns
    -------
    pandas.DataFrame
        A row a change that turns at least one pair: change (drop | add), site_id, pairs (turned), example
        (``A > B``, the order before), winner_before and winner_after among the sites in both.
    """
    before = score(values)
    rows: list[dict[str, object]] = []
    every = range(len(values))
    for out in every if len(values) > 2 else ():
        kept = [at for at in every if at != out]
        rows += _compared("drop", site_ids[out], before[kept], score(values[kept]), [site_ids[k] for k in kept])
    for n, extra in enumerate(added if added is not None else ()):
        after = score(np.vstack([values, extra]))[:-1]
        rows += _compared("add", names[n] if n < len(names) else f"added-{n + 1}", before, after, site_ids)
    return pd.DataFrame(rows, columns=COLUMNS)


def _compared(
    change: str, site: str, before: Floats, after: Floats, site_ids: Sequence[str]
) -> list[dict[str, object]]:
    known = np.flatnonzero(np.isfinite(before) & np.isfinite(after))
    was, now = _sides(before[known]), _sides(after[known])
    first, second = np.nonzero((was > 0) & (now < 0))
    if not len(first):
        return []
    names = [site_ids[k] for k in known.tolist()]
    # The example that a reader cares about most: the pair that stood highest.
    place = ranks(before[known])
    top = int(np.lexsort((place[second], place[first]))[0])
    row = {
        "change": change,
        "site_id": site,
        "pairs": len(first),
        "example": f"{names[first[top]]} > {names[second[top]]}",
        "winner_before": names[winner(before[known])],
        "winner_after": names[winner(after[known])],
    }
    return [row]


def _sides(scores: Floats) -> Floats:
    """1 where the row's site is ahead of the column's, -1 where it is behind, 0 for a tie."""
    gap = scores[:, None] - scores[None, :]
    return np.where(np.abs(gap) < TIE, 0.0, np.sign(gap))
