"""What comes of a suitability assessment: tables by site, why each site stands where it does, and how firmly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gis_wufei.errors import Fault, ProblemError, unknown_name
from gis_wufei.suitability.acceptability import Acceptability, WeightRegion, acceptability, around, of_experts
from gis_wufei.suitability.changes import least_changes
from gis_wufei.suitability.methods import WlcMethod
from gis_wufei.suitability.pairwise import Floats
from gis_wufei.suitability.panel import GroupWeights
from gis_wufei.suitability.reversal import rank_reversals
from gis_wufei.suitability.spec import SuitabilitySpec
from gis_wufei.suitability.stability import weight_intervals


@dataclass(frozen=True, eq=False)
class Suitability:
    """Sites compared.

    All tables have index ``site_id`` in the order of the sites. ``table``: score (0 to 1, nan for a site
    left out), rank (1 the best, ties share the better rank, NA for a site left out), missing (criteria of
    which nothing was known, whatever was put in their place). ``measured``, ``values`` and ``parts`` have
    a column a criterion: the quantity in its unit, its value 0 to 1, and what it contributes to the
    score; the parts of a site sum to its score.
    """

    spec: SuitabilitySpec
    measured: pd.DataFrame
    values: pd.DataFrame
    weights: pd.Series
    parts: pd.DataFrame
    table: pd.DataFrame
    panel: GroupWeights | None
    doubts: tuple[Fault, ...]

    @property
    def winners(self) -> tuple[str, ...]:
        """The best site, or those that share the first rank; none if no site has a score."""
        return tuple(self.table.index[self.table["rank"].eq(1).fillna(False)])

    def explain(self, site_id: str) -> pd.DataFrame:
        """One site, criterion by criterion.

        Index ``criterion``; columns measured, unit, value, weight, part (sums to the score), lost (what the part
        falls short of that of the best site; negative where it is ahead).
        """
        if site_id not in self.table.index:
            raise ProblemError(str(unknown_name(site_id, self.table.index)))
        first = self.winners[0] if self.winners else site_id
        return pd.DataFrame(
            {
                "measured": self.measured.loc[site_id].astype(object),
                "unit": [one.unit for one in self.spec.criteria.values()],
                "value": self.values.loc[site_id].astype(float),
                "weight": self.weights,
                "part": self.parts.loc[site_id].astype(float),
                "lost": (self.parts.loc[first] - self.parts.loc[site_id]).astype(float),
            },
            index=pd.Index(self.spec.criteria, name="criterion"),
        )

    def intervals(self) -> pd.DataFrame:
        """For each criterion how far its weight may move while the best site stays the best.

        Index ``criterion``; columns weight, low, high, room, next_low, next_high (the sites that take over
        below and above; empty where none does).
        """
        values, sites, weights = self._known()
        found = weight_intervals(self.spec.method, values, weights, list(self.spec.criteria))
        for column in ("next_low", "next_high"):
            found[column] = [sites[at] if at >= 0 else "" for at in found[column]]
        return found

    def least_changes(self) -> pd.DataFrame:
        """For each site the least change of all weights together that makes it the best (weighted sum only)."""
        if not isinstance(self.spec.method, WlcMethod):
            raise ProblemError("least_changes: only for the method wlc, whose scores are linear in the weights")
        values, sites, weights = self._known()
        return least_changes(values, weights, sites, list(self.spec.criteria))

    def reversals(self) -> pd.DataFrame:
        """Pairs of sites whose order turns when another site is dropped; none for wlc and owa."""
        values, sites, weights = self._known()
        return rank_reversals(lambda rows: self.spec.method.scores(rows, weights), values, sites)

    def acceptability(
        self, region: WeightRegion | None = None, draws: int = 10_000, seed: int = 1, share: float = 0.25
    ) -> Acceptability:
        """How often each site has each rank over a region of weights.

        ``region`` defaults to what lies between the experts where there are several; else each weight may
        be ``share`` of itself less or more.
        """
        values, sites, weights = self._known()
        if region is None:
            several = self.panel is not None and len(self.panel.experts) > 1
            each = self.panel.experts[list(self.spec.criteria)].to_numpy() if self.panel is not None else weights
            region = of_experts(each) if several else around(weights, share)
        return acceptability(self.spec.method, values, region, sites, list(self.spec.criteria), draws, seed)

    def _known(self) -> tuple[Floats, Sequence[str], Floats]:
        known = self.table["score"].notna().to_numpy()
        if not known.any():
            raise ProblemError("suitability: no site has a score")
        return self.values.to_numpy()[known], list(self.values.index[known]), self.weights.to_numpy(float)
