"""A formula applied to its layer: places with their tonnes, the account behind them, a total they are held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_wufei.demand.formula import TotalSpec
from gis_wufei.demand.formulas import DemandSpec
from gis_wufei.demand.names import LEVELS, Floats, Level
from gis_wufei.demand.rows import flag
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers import Layers
from gis_wufei.standards import MONTH_DAYS, Quantity


@dataclass(frozen=True)
class TotalFound:
    """A total of statistics and the study's own beside it."""

    spec: TotalSpec
    found_t_per_year: float

    @property
    def off(self) -> float:
        """How far the study's total is from the statistic's, as a share of it."""
        return self.found_t_per_year / self.spec.t_per_year - 1

    @property
    def agrees(self) -> bool:
        """Whether the two agree within the tolerance."""
        return abs(self.off) <= self.spec.tolerance


@dataclass(frozen=True)
class Demand:
    """Places that make waste.

    ``places`` has index ``place_id`` and columns name, township, t_per_year_low, t_per_year_default,
    t_per_year_high, t_per_year (the level the plan uses), t_per_day (mean), peak_t_per_day (mean of
    the busiest month), synthetic (NA where it is not known), geometry. ``month_t`` is the stream's tonnes
    by month.

    ``detail`` has the places' index and columns basis (factor | reported | ledger), interval_days (a
    place must be emptied so often; inf: no limit), and at the plan's level basis_t (what arises, the
    denominator of a utilisation rate), used_t (of it what producers use themselves), offered_t (of it
    what the stream takes). ``account`` has one row a step (the last: demand) and ``fractions`` one a
    fraction, both with columns low, default, high in t a year.
    """

    places: gpd.GeoDataFrame
    month_t: Floats
    level: Level
    factor_ids: tuple[str, ...]
    detail: pd.DataFrame
    account: pd.DataFrame
    fractions: pd.DataFrame
    total: TotalFound | None = None

    @property
    def t_per_year(self) -> float:
        """Tonnes a year at the plan's level."""
        return float(self.places["t_per_year"].sum())

    @property
    def interval_days(self) -> float:
        """Every place must be emptied at least once in so many days; inf without a limit."""
        return float(self.detail["interval_days"].min())


def estimate(spec: DemandSpec, layers: Layers, numbers: Mapping[str, Quantity]) -> Demand:
    """Apply a formula to its layer; places without waste are left out."""
    frame = spec.places(layers, numbers)
    frame = frame[frame["t_per_year_high"] > 0].sort_index()
    if frame.empty:
        raise InputError([Fault("E-DEMAND-001", spec.layer, {})])
    fractions = _fractions(spec, frame, numbers)
    if spec.fraction is not None:
        share = numbers[spec.sorting[spec.fraction]]
        frame = frame.assign(**{f"t_per_year_{lv}": frame[f"t_per_year_{lv}"] * share.at(lv) for lv in LEVELS})
    chosen = frame[f"t_per_year_{spec.level}"].to_numpy(float)
    months = spec.month_shares(frame)
    peak = (months / np.array(MONTH_DAYS)).max(axis=1)
    places = gpd.GeoDataFrame(
        {
            "name": frame["name"].fillna("").astype(str) if "name" in frame else "",
            "township": frame["township"].fillna("").astype(str) if "township" in frame else "",
            **{f"t_per_year_{level}": frame[f"t_per_year_{level}"].astype(float) for level in LEVELS},
            "t_per_year": chosen,
            "t_per_day": chosen / 365,
            "peak_t_per_day": chosen * peak,
            "synthetic": flag(frame),
        },
        geometry=frame.geometry,
        crs=frame.crs,
        index=pd.Index(frame.index.astype(str), name="place_id"),
    )
    account = _account(spec, frame)
    total = None
    if spec.check_total is not None:
        total = TotalFound(spec.check_total, float(account[spec.level].loc[spec.check_total.of]))
    detail = _detail(spec, frame, places, numbers)
    month_t = chosen @ months
    return Demand(places, month_t, spec.level, spec.factor_ids(), detail, account, fractions, total)


def _account(spec: DemandSpec, frame: gpd.GeoDataFrame) -> pd.DataFrame:
    steps = {step: [float(frame[f"{step}_t_{level}"].sum()) for level in LEVELS] for step in spec.steps()}
    steps["demand"] = [float(frame[f"t_per_year_{level}"].sum()) for level in LEVELS]
    return pd.DataFrame.from_dict(steps, orient="index", columns=list(LEVELS)).rename_axis("step")


def _fractions(spec: DemandSpec, frame: gpd.GeoDataFrame, numbers: Mapping[str, Quantity]) -> pd.DataFrame:
    """What each fraction of the sorting would be; at the default level they add up to the whole."""
    rows = {
        name: [float(frame[f"t_per_year_{level}"].sum()) * numbers[factor].at(level) for level in LEVELS]
        for name, factor in spec.sorting.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(LEVELS)).rename_axis("fraction")


def _detail(
    spec: DemandSpec, frame: gpd.GeoDataFrame, places: gpd.GeoDataFrame, numbers: Mapping[str, Quantity]
) -> pd.DataFrame:
    level = spec.level
    chosen = places["t_per_year"].to_numpy()
    basis, used, offered = chosen, np.zeros_like(chosen), chosen
    if "collectable" in spec.steps():
        basis = frame[f"collectable_t_{level}"].to_numpy(float)
        used = basis - frame[f"free_t_{level}"].to_numpy(float)
        offered = frame[f"offered_t_{level}"].to_numpy(float)
    busiest = places["peak_t_per_day"].to_numpy()
    none = np.full(len(places), np.inf)
    return pd.DataFrame(
        {
            "basis": frame["basis"].astype(str).to_numpy() if "basis" in frame else "factor",
            "interval_days": none if spec.storage is None else spec.storage.interval_days(busiest, numbers),
            "basis_t": basis,
            "used_t": used,
            "offered_t": offered,
        },
        index=places.index,
    )
