"""From values and weights to one score a site: weighted sum, ordered weighted average, closeness to the ideal."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from gis_wufei.errors import ProblemError
from gis_wufei.suitability.order import order_weights, quantifier
from gis_wufei.suitability.pairwise import Floats

Share = Annotated[float, Field(ge=0, le=1)]


class _Method(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class WlcMethod(_Method):
    """Weighted linear combination: the weighted sum of the values; any value may make up for any other."""

    method: Literal["wlc"] = Field(description="Weighted linear combination.")

    def scores(self, values: Floats, weights: Floats) -> Floats:
        """float[n], 0 to 1."""
        return wlc(values, weights)

    def parts(self, values: Floats, weights: Floats) -> Floats:
        """float[n, m]: what each criterion contributes; rows sum to the score."""
        return np.asarray(values * weights)


class OwaMethod(_Method):
    """Ordered weighted average: the attitude to risk decides how far good values make up for bad ones."""

    method: Literal["owa"] = Field(description="Ordered weighted average.")
    order_weights: tuple[Share, ...] | None = Field(
        None, description="Weight of the best, the second best, … value; as many as criteria, sum 1."
    )
    orness: Share | None = Field(
        None, description="Instead: 0 only the worst value counts, 0.5 the mean, 1 only the best."
    )
    trade_off: Share | None = Field(
        None, description="With orness: 1 all values count alike, 0 only one; default: the highest possible."
    )
    alpha: float | None = Field(
        None, ge=0, description="Instead: exponent of the quantifier; 0.5 a few, 1 half (= wlc), 2 most criteria."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [name for name in ("order_weights", "orness", "alpha") if getattr(self, name) is not None]
        if len(ways) != 1:
            raise PydanticCustomError("owa_ways", "one of order_weights, orness, alpha", {"count": len(ways)})
        if self.trade_off is not None and self.orness is None:
            raise PydanticCustomError("owa_ways", "trade_off stands with orness", {"count": len(ways)})
        if self.order_weights is not None and abs(sum(self.order_weights) - 1.0) > 1e-6:
            raise PydanticCustomError("sum_one", "sum {sum}", {"sum": f"{sum(self.order_weights):g}"})
        return self

    def cumulated(self, share: Floats, size: int) -> Floats:
        """How much the best criteria count together that make up ``share`` of the weights."""
        if self.alpha is not None:
            return quantifier(self.alpha, share)
        knots = np.concatenate([[0.0], np.cumsum(self.ordered(size))])
        return np.asarray(np.interp(share, np.linspace(0.0, 1.0, size + 1), knots / knots[-1]))

    def ordered(self, size: int) -> Floats:
        """Order weights for so many criteria of equal weight."""
        if self.order_weights is not None:
            if len(self.order_weights) != size:
                raise ProblemError(f"owa: {len(self.order_weights)} order weights for {size} criteria")
            return np.array(self.order_weights)
        if self.orness is not None:
            return order_weights(size, self.orness, self.trade_off)
        return np.diff(quantifier(self.alpha or 0.0, np.linspace(0.0, 1.0, size + 1)))

    def scores(self, values: Floats, weights: Floats) -> Floats:
        """float[n], 0 to 1."""
        return np.asarray(self.parts(values, weights).sum(axis=1))

    def parts(self, values: Floats, weights: Floats) -> Floats:
        """float[n, m]: what each criterion contributes; rows sum to the score."""
        order = np.argsort(-values, axis=1, kind="stable")
        share = np.cumsum(weights[order], axis=1)
        share /= share[:, -1:]
        counted = np.diff(self.cumulated(share, values.shape[1]), axis=1, prepend=0.0)
        parts = np.empty(values.shape)
        np.put_along_axis(parts, order, counted * np.take_along_axis(values, order, axis=1), axis=1)
        return parts


class TopsisMethod(_Method):
    """TOPSIS: nearest to the best and farthest from the worst values found among the sites themselves."""

    method: Literal["topsis"] = Field(description="Closeness to the ideal among the sites (TOPSIS).")

    def scores(self, values: Floats, weights: Floats) -> Floats:
        """float[n], 0 to 1; depends on which sites are compared."""
        return topsis(values, weights)

    def parts(self, values: Floats, weights: Floats) -> Floats:
        """float[n, m]: the score split by each criterion's part of the squared distance from the worst."""
        _, from_worst = squared_distances(values)
        far = from_worst * weights**2
        total = far.sum(axis=1, keepdims=True)
        split = np.divide(far, total, out=np.zeros_like(far), where=total > 0)
        # A site at the worst in everything scores 0; where all sites are alike there is nothing to split.
        split = np.where(total > 0, split, weights / weights.sum())
        return np.asarray(split * self.scores(values, weights)[:, None])


MethodSpec = Annotated[WlcMethod | OwaMethod | TopsisMethod, Field(discriminator="method")]


def wlc(values: Floats, weights: Floats) -> Floats:
    """Weighted sum of values float[n, m] with weights float[m] that sum to 1."""
    return np.asarray(values @ weights)


def owa(values: Floats, order: Floats, weights: Floats | None = None) -> Floats:
    """Ordered weighted average of values float[n, m].

    ``order[0]`` is the weight of each site's best value (Yager 1988). Criterion weights, if given, stretch
    each rank: the criterion at a rank counts what the piecewise linear function through the cumulated
    order weights gains over its part of the cumulated weights (Torra 1997, WOWA, Int. J. Intell. Syst.
    12:153). Equal order weights make it the weighted sum, equal weights Yager's own.
    """
    weights = np.full(values.shape[1], 1 / values.shape[1]) if weights is None else weights
    return OwaMethod(method="owa", order_weights=tuple(np.asarray(order).tolist())).scores(values, weights)


def topsis(values: Floats, weights: Floats, cost: NDArray[np.bool_] | None = None) -> Floats:
    """Relative closeness to the ideal solution (Hwang & Yoon 1981, Multiple Attribute Decision Making, p. 128).

    Columns are divided by their Euclidean length and weighted; the score is ``d- / (d+ + d-)``, the
    distances to the worst and the best value of each column among the sites. Where all sites are alike
    in everything that counts they all score 0.5.

    Parameters
    ----------
    values
        float[n, m], of any unit.
    weights
        float[m].
    cost
        bool[m]: less is better in these columns; default none.
    """
    to_best, from_worst = squared_distances(values, cost)
    best, worst = np.sqrt(to_best @ weights**2), np.sqrt(from_worst @ weights**2)
    total = best + worst
    return np.asarray(np.divide(worst, total, out=np.full(len(values), 0.5), where=total > 1e-15))


def squared_distances(values: Floats, cost: NDArray[np.bool_] | None = None) -> tuple[Floats, Floats]:
    """float[n, m] each: squared distance to the best and from the worst in every normalised column, unweighted.

    A column of zeros stays zeros: no site differs in it.
    """
    values = np.asarray(values, float)
    length = np.sqrt((values**2).sum(axis=0))
    normal = np.divide(values, length, out=np.zeros_like(values), where=length > 0)
    high, low = normal.max(axis=0), normal.min(axis=0)
    if cost is not None:
        high, low = np.where(cost, low, high), np.where(cost, high, low)
    return np.asarray((normal - high) ** 2), np.asarray((normal - low) ** 2)
