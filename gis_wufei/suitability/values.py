"""Value functions: from a measured quantity with its unit to a value between 0 (worst) and 1 (best)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from gis_wufei.suitability.pairwise import Floats

Share = Annotated[float, Field(ge=0, le=1)]
NINE_TO_ONE = float(np.log(9.0))
"""A logistic curve goes from 0.5 to 0.9 over ``ln 9`` of its exponent."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    unit: str = Field("1", min_length=1, description="Unit of the numbers of this function, such as m, deg, person.")

    @property
    def farthest(self) -> float:
        """The greatest measured quantity that still makes a difference; inf if there is none."""
        return float("inf")


class LinearValue(_Value):
    """A straight line between the quantity that is worth nothing and the one that is worth all."""

    shape: Literal["linear"] = Field(description="Straight line, level beyond its ends.")
    zero_at: float = Field(description="Quantity with the value 0.")
    one_at: float = Field(description="Quantity with the value 1; less than zero_at where less is better.")

    @model_validator(mode="after")
    def _two_ends(self) -> Self:
        if self.zero_at == self.one_at:
            raise PydanticCustomError("same_ends", "both {at}", {"at": f"{self.zero_at:g}"})
        return self

    @property
    def farthest(self) -> float:
        """The greater end of the line."""
        return max(self.zero_at, self.one_at)

    def of(self, measured: NDArray[Any]) -> Floats:
        """float[n], 0 to 1; nan where nothing was measured."""
        ends = [(self.zero_at, 0.0), (self.one_at, 1.0)]
        return _interpolated(measured, sorted(ends))


class PiecewiseValue(_Value):
    """Straight lines between points; they rise or fall all the way unless it is said that they need not."""

    shape: Literal["piecewise"] = Field(description="Straight lines between points, level beyond them.")
    points: tuple[tuple[float, ...], ...] = Field(description="Pairs of quantity and value, in order; two at least.")
    monotonic: bool = Field(True, description="false: the value may rise and fall again.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len(self.points) < 2:
            facts = {"field_type": "Tuple", "min_length": 2, "actual_length": len(self.points)}
            raise PydanticKnownError("too_short", facts)
        if any(len(point) != 2 or not 0 <= point[1] <= 1 for point in self.points):
            raise PydanticCustomError("points_form", "pairs of quantity and value", {})
        x, v = np.array(self.points).T
        if (np.diff(x) <= 0).any():
            raise PydanticCustomError("points_order", "quantities do not rise", {})
        if self.monotonic and (np.diff(v) > 0).any() and (np.diff(v) < 0).any():
            raise PydanticCustomError("not_monotonic", "values rise and fall", {})
        return self

    @property
    def farthest(self) -> float:
        """The last point."""
        return self.points[-1][0]

    def of(self, measured: NDArray[Any]) -> Floats:
        """float[n], 0 to 1; nan where nothing was measured."""
        return _interpolated(measured, [(x, v) for x, v in self.points])


class SigmoidValue(_Value):
    """A logistic curve through 0.5 and 0.9."""

    shape: Literal["sigmoid"] = Field(description="S-shaped curve (logistic); it nears 0 and 1 without end.")
    half_at: float = Field(description="Quantity with the value 0.5.")
    ninety_at: float = Field(description="Quantity with the value 0.9; less than half_at where less is better.")

    @model_validator(mode="after")
    def _two_points(self) -> Self:
        if self.half_at == self.ninety_at:
            raise PydanticCustomError("same_ends", "both {at}", {"at": f"{self.half_at:g}"})
        return self

    def of(self, measured: NDArray[Any]) -> Floats:
        """float[n], 0 to 1; nan where nothing was measured."""
        steep = NINE_TO_ONE / (self.ninety_at - self.half_at)
        exponent = np.clip(steep * (np.asarray(measured, float) - self.half_at), -500.0, 500.0)
        return np.asarray(1.0 / (1.0 + np.exp(-exponent)))


class TrapezoidValue(_Value):
    """Best over a stretch, worse on either side."""

    shape: Literal["trapezoid"] = Field(description="Rises to 1, stays, falls to 0.")
    rise_from: float = Field(description="Up to here 0.")
    best_from: float = Field(description="From here 1.")
    best_to: float = Field(description="Up to here 1.")
    fall_to: float = Field(description="From here 0.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.rise_from <= self.best_from <= self.best_to <= self.fall_to:
            raise PydanticCustomError("points_order", "quantities do not rise", {})
        return self

    @property
    def farthest(self) -> float:
        """Where it has fallen to 0."""
        return self.fall_to

    def of(self, measured: NDArray[Any]) -> Floats:
        """float[n], 0 to 1; nan where nothing was measured."""
        x = np.asarray(measured, float)
        found = np.ones_like(x)
        with np.errstate(invalid="ignore"):
            rising, falling = x < self.best_from, x > self.best_to
            # An upright side belongs to the best stretch.
            up = (x - self.rise_from) / max(self.best_from - self.rise_from, 1e-300)
            down = (self.fall_to - x) / max(self.fall_to - self.best_to, 1e-300)
        found[rising] = np.clip(up[rising], 0.0, 1.0)
        found[falling] = np.clip(down[falling], 0.0, 1.0)
        return np.where(np.isnan(x), np.nan, found)


class CategoriesValue(_Value):
    """A value for each code or name."""

    shape: Literal["categories"] = Field(description="A value for each code or name.")
    values: dict[str, Share] = Field(min_length=1, description="Code or name: value.")
    others: Share | None = Field(None, description="Value of all others; default: they count as missing.")

    def of(self, measured: NDArray[Any]) -> Floats:
        """float[n], 0 to 1; nan where nothing was measured or the code has no value."""
        return np.array([self._one(code) for code in np.asarray(measured).tolist()], float)

    def _one(self, code: object) -> float:
        if code is None or code == "" or code != code:
            return np.nan
        told = f"{code:g}" if isinstance(code, float) else str(code)
        return self.values.get(told, np.nan if self.others is None else self.others)


ValueSpec = Annotated[
    LinearValue | PiecewiseValue | SigmoidValue | TrapezoidValue | CategoriesValue, Field(discriminator="shape")
]


def _interpolated(measured: NDArray[Any], points: list[tuple[float, float]]) -> Floats:
    x, v = np.array(points, float).T
    measured = np.asarray(measured, float)
    return np.where(np.isnan(measured), np.nan, np.interp(measured, x, v))
