"""What every formula has: its level and season, shares, sorting, limits of storage, a total to hold it against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

import geopandas as gpd
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from gis_wufei.demand.names import LEVELS, OPPOSITE, Floats, Level, PartId, SeasonId, ShareId, factor_in, value_of
from gis_wufei.errors import unknown_name
from gis_wufei.standards import MONTH_DAYS, Quantity, seasons

OFF_BY = 1e-3
"""Shares that make up a whole may miss 1 by so much (they are written with few digits)."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StorageSpec(_Part):
    """How long, and how much, a place may keep before it must be emptied."""

    max_days: Annotated[str, factor_in("d", "h")] | None = Field(None, description="Factor in days or hours.")
    max_t: Annotated[str, factor_in("t")] | None = Field(None, description="Factor in tonnes: the greatest stock.")

    def interval_days(self, t_per_day: Floats, numbers: Mapping[str, Quantity]) -> Floats:
        """Days within which each place must be emptied: its time limit, or sooner where its store is full."""
        days = np.full(t_per_day.shape, np.inf)
        if self.max_days is not None:
            limit = numbers[self.max_days]
            days[:] = limit.value / (24.0 if limit.unit == "h" else 1.0)
        if self.max_t is not None:
            with np.errstate(divide="ignore"):
                days = np.minimum(days, numbers[self.max_t].value / t_per_day)
        return days

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of the limits."""
        return tuple(name for name in (self.max_days, self.max_t) if name is not None)


class TotalSpec(_Part):
    """A total from statistics or a ledger; a plan that misses it says so with both numbers."""

    t_per_year: float = Field(gt=0, description="Tonnes a year.")
    source: str = Field(min_length=4, description="Where the total is printed, with its year.")
    tolerance: float = Field(0.1, gt=0, le=1, description="Largest part of the total by which the plan may miss it.")
    of: str = Field("demand", description="Step of the account that is compared; demand: the tonnes of the plan.")


class _Formula(_Part):
    """What every formula has: its level, its season, and shares that scale it."""

    level: Level = Field("default", description="Which of the factors' three values the plan uses.")
    season: SeasonId = Field("even", description="How the year's tonnes fall on the months.")
    times: tuple[ShareId, ...] = Field((), description="Factors (unit 1) the tonnes are multiplied by.")
    less: tuple[PartId, ...] = Field((), description="Factors (shares of 1) taken off the tonnes, one after another.")
    sorting: dict[str, PartId] = Field(
        default_factory=dict, description="Fraction: factor (share of 1); all fractions together are 1."
    )
    fraction: str | None = Field(None, description="The fraction of sorting that this stream takes; default: all.")
    storage: StorageSpec | None = Field(None, description="How long a place may keep its waste; default: no limit.")
    check_total: TotalSpec | None = Field(None, description="A total from statistics that the tonnes are held against.")

    @model_validator(mode="after")
    def _fractions_make_a_whole(self, info: ValidationInfo) -> Self:
        shares = [value_of(name, info) for name in self.sorting.values()]
        known = [share for share in shares if share is not None]
        if shares and len(known) == len(shares) and abs(sum(known) - 1) > OFF_BY:
            facts: dict[str, Any] = {"total": sum(known), "at": "sorting"}
            raise PydanticCustomError("sorting", "the fractions sum to {total}", facts)
        if self.fraction is not None and self.fraction not in self.sorting:
            raise unknown_name(self.fraction, self.sorting, at="fraction")
        if self.check_total is not None and self.check_total.of not in ("demand", *self.steps()):
            raise unknown_name(self.check_total.of, ("demand", *self.steps()), at="check_total")
        return self

    def steps(self) -> tuple[str, ...]:
        """Steps of the account before the tonnes of the plan; a frame has ``<step>_t_<level>`` of each."""
        return ()

    def scaled(self, tonnes: Floats, numbers: Mapping[str, Quantity], level: Level) -> Floats:
        """Tonnes after the shares; the low level takes the high value of what is taken off."""
        for share in self.times:
            tonnes = tonnes * numbers[share].at(level)
        for share in self.less:
            tonnes = tonnes * (1.0 - numbers[share].at(OPPOSITE[level]))
        return tonnes

    def month_shares(self, frame: gpd.GeoDataFrame) -> Floats:
        """float[n, 12], how each place's year falls on the months."""
        return np.broadcast_to(falls_on(self.season), (len(frame), 12))

    def shared_ids(self) -> tuple[str, ...]:
        """Ids of the factors that any formula may name."""
        limits = self.storage.factor_ids() if self.storage is not None else ()
        return (*self.times, *self.less, *self.sorting.values(), *limits)


def falls_on(season: str) -> Floats:
    """float[12], share of the year's tonnes in each month."""
    weight = np.array(seasons()[season].months) * np.array(MONTH_DAYS)
    return np.asarray(weight / weight.sum())


def columns(step: str, tonnes: Mapping[Level, Floats]) -> dict[str, Floats]:
    """Columns of a step of the account."""
    return {f"{step}_t_{level}": tonnes[level] for level in LEVELS}


def first_rows(rows: Iterable[object], values: Iterable[object], most: int = 5) -> str:
    """The first rows with their value: ``14 (rice), 15 (tea), +3``."""
    pairs = [f"{row} ({value})" for row, value in zip(rows, values, strict=True)]
    return ", ".join(pairs[:most]) + (f", +{len(pairs) - most}" if len(pairs) > most else "")
