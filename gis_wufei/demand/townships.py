"""Tonnes by township, beside the target of a plan: modelled figures, never the official statistic."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_wufei.demand.estimate import Demand
from gis_wufei.demand.names import LEVELS
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.tell import missing_column
from gis_wufei.standards import Target

NOWHERE = ""
"""Township of a place that lies in none and names none."""


def township_of(places: gpd.GeoDataFrame, townships: gpd.GeoDataFrame | None, column: str = "name") -> pd.Series:
    """Township of each place: where it lies, or, without a layer or outside all, what its own row says.

    On a border shared by two the first by name has it, so that no tonne counts twice.
    """
    told = places["township"].fillna(NOWHERE).astype(str) if "township" in places else None
    told = pd.Series(NOWHERE, places.index) if told is None else told
    if townships is None:
        return told.rename("township")
    if column not in townships:
        raise InputError([missing_column("townships", column, townships)])
    if townships.crs != places.crs:
        raise InputError([Fault("E-DEMAND-007", "townships", {"found": str(townships.crs), "wanted": str(places.crs)})])
    ordered = townships.sort_values(column, kind="stable")
    which, place = ordered.sindex.query(places.geometry, predicate="intersects", sort=True)[::-1]
    found = pd.Series(which, index=place).groupby(level=0).min()
    names = ordered[column].astype(str).to_numpy()
    told = told.copy()
    told.iloc[found.index] = names[found.to_numpy()]
    return told.rename("township")


def roll_up(
    demand: Demand,
    townships: gpd.GeoDataFrame | None = None,
    served_t: pd.Series | None = None,
    target: Target | None = None,
    column: str = "name",
) -> pd.DataFrame:
    """One row a township and ``total`` last; what a plan serves is held against a target.

    Parameters
    ----------
    demand
        Places and their tonnes.
    townships
        Polygons in the system of the places; default: the places' own column.
    served_t
        Tonnes a year that the plan fetches, by place; without it no share is told.
    target
        A plan's target for the share.
    column
        Column of the townships' names.

    Returns
    -------
    pandas.DataFrame
        Index ``township`` (``""``: in none). places, t_per_year_low | default | high, t_per_year
        (the plan's level); with ``served_t`` also served_t_per_year and modelled_share, which is
        (what producers use themselves + what is served) / what arises, all at one moisture; with a
        target target_share and reached. A modelled share is no reported statistic.
    """
    places, detail = demand.places, demand.detail
    table = places[[*(f"t_per_year_{level}" for level in LEVELS), "t_per_year"]].assign(
        places=1, basis_t=detail["basis_t"], used_t=detail["used_t"]
    )
    if served_t is not None:
        served = served_t.groupby(level=0).sum().reindex(places.index, fill_value=0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(places["t_per_year"] > 0, served / places["t_per_year"], 0.0)
        table = table.assign(served_t_per_year=served, good_t=detail["used_t"] + detail["offered_t"] * part)
    sums: pd.DataFrame = table.groupby(township_of(places, townships, column), sort=True).sum()
    sums = pd.concat([sums, sums.sum().to_frame("total").T.rename_axis("township")])
    sums["places"] = sums["places"].astype(int)
    kept = ["places", *(f"t_per_year_{level}" for level in LEVELS), "t_per_year"]
    if served_t is None:
        return sums[kept]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(sums["basis_t"] > 0, sums["good_t"] / sums["basis_t"], np.nan)
    sums = sums.assign(modelled_share=share)
    kept += ["served_t_per_year", "modelled_share"]
    if target is not None:
        sums = sums.assign(target_share=target.share.value, reached=share >= target.share.value - 1e-9)
        kept += ["target_share", "reached"]
    return sums[kept]
