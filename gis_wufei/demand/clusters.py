"""Fields that lie in one square make one place."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_wufei.demand.rows import flag
from gis_wufei.layers import Layers


def clusters(fields: gpd.GeoDataFrame, sums: pd.DataFrame, cluster_m: float, layers: Layers) -> gpd.GeoDataFrame:
    """Fields summed by squares of ``cluster_m``, each place in the field nearest to the middle of its tonnes.

    Parameters
    ----------
    fields
        Polygons; township and synthetic are kept where they are told.
    sums
        One row a field, in their order: what is added up, ``t_per_year_high`` among it.
    cluster_m
        Side of a square, counted from the south-west corner of the area of interest.
    layers
        The study's layers.
    """
    point = fields.geometry.representative_point()
    west, south, _, _ = layers.area.total_bounds
    column = np.floor((point.x.to_numpy() - west) / cluster_m).astype(int)
    row = np.floor((point.y.to_numpy() - south) / cluster_m).astype(int)
    table = sums.assign(
        place_id=[f"F{c:03d}-{r:03d}" for c, r in zip(column, row, strict=True)],
        x=point.x.to_numpy(),
        y=point.y.to_numpy(),
        township=fields["township"].fillna("").to_numpy() if "township" in fields else "",
        synthetic=flag(fields).to_numpy(),
    )
    table = table[table["t_per_year_high"] > 0]
    weight = table["t_per_year_high"]
    middle = table.assign(wx=table["x"] * weight, wy=table["y"] * weight).groupby("place_id")[["wx", "wy"]].sum()
    total = table.groupby("place_id")["t_per_year_high"].sum()
    off = np.hypot(
        table["x"] - table["place_id"].map(middle["wx"] / total),
        table["y"] - table["place_id"].map(middle["wy"] / total),
    )
    nearest = (
        table.assign(off=off).sort_values(["place_id", "off", "x", "y"], kind="stable").groupby("place_id").first()
    )
    return gpd.GeoDataFrame(
        table.groupby("place_id")[list(sums.columns)]
        .sum()
        .assign(
            name=(nearest["township"] + " " + nearest.index).str.strip(),
            township=nearest["township"],
            synthetic=_any_known(table),
        ),
        geometry=gpd.points_from_xy(nearest["x"], nearest["y"]),
        crs=fields.crs,
    )


def _any_known(table: pd.DataFrame) -> pd.Series:
    """Whether a cluster holds a synthetic field; not known where none is but some may be."""
    groups = table.groupby("place_id")["synthetic"]
    found = groups.any().astype("boolean")
    return found.mask(~found & (groups.count() < groups.size()))
