"""Candidate sites out of the eligible land, and the facilities that already stand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.ndimage import label

from gis_wufei.errors import Fault, InputError
from gis_wufei.land.eligibility import Eligibility
from gis_wufei.land.grid import Grid
from gis_wufei.standards import FacilityKind


class CandidateSpec(BaseModel):
    """How candidate sites are drawn from the eligible land."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    spacing_m: float = Field(4000, ge=200, description="One candidate at most in a square of this side.")
    max_road_m: float = Field(500, gt=0, description="A site stands no farther from a usable road.")
    min_area_m2: float | None = Field(
        None, gt=0, description="Least eligible ground in one piece; default: land of the smallest size."
    )


def candidate_sites(
    eligibility: Eligibility, roads: gpd.GeoDataFrame, spec: CandidateSpec, kind: FacilityKind
) -> gpd.GeoDataFrame:
    """The best eligible cell near a road in every square of the spacing; index ``site_id``.

    Columns: name, state (candidate | keep), area_m2 (eligible ground in one piece), score,
    conditions (rule ids that need an approval), conflicts (hard rules that an existing facility
    does not meet), capacity (existing only, in the kind's unit), geometry.

    Best: fewest soft rules, then nearest to a road, then north-west; so the draw is the same in
    every run. Pieces of eligible ground smaller than the smallest size's land are passed over.
    """
    grid = eligibility.grid
    least_m2 = spec.min_area_m2 or min((size.land_m2 for size in kind.sizes), default=0.0)
    pieces, count = label(eligibility.eligible)
    cells = np.bincount(pieces.ravel(), minlength=count + 1)
    piece_m2 = cells * grid.cell_m**2
    road_m = grid.distance_m(grid.burn(roads.geometry))
    usable = eligibility.eligible & (piece_m2[pieces] >= least_m2) & (road_m <= spec.max_road_m)
    row, column = np.nonzero(usable)
    near = _within(grid, row, column, roads, road_m, spec.max_road_m)
    row, column = row[near], column[near]
    # Whole cells: a square is never smaller than the spacing.
    step = int(np.ceil(spec.spacing_m / grid.cell_m - 1e-9))
    order = np.lexsort((column, row, road_m[row, column], -eligibility.score[row, column]))
    # Squares are counted from the zero of the system, so that another reach moves no candidate.
    west, north = round(grid.transform.c / grid.cell_m), round(grid.transform.f / grid.cell_m)
    square = np.stack([(row - north) // step, (column + west) // step], axis=1)
    _, first = np.unique(square[order], axis=0, return_index=True)
    chosen = np.sort(order[first])
    row, column = row[chosen], column[chosen]
    x, y = grid.centres(row, column)
    frame = gpd.GeoDataFrame(
        {
            "name": [f"{eligibility.kind}-{i + 1:03d}" for i in range(len(chosen))],
            "state": "candidate",
            "area_m2": piece_m2[pieces[row, column]],
            "score": eligibility.score[row, column],
            "conditions": [
                ", ".join(eligibility.rules_at(r, c, "condition"))
                for r, c in zip(row.tolist(), column.tolist(), strict=True)
            ],
            "conflicts": "",
            "capacity": np.nan,
        },
        geometry=gpd.points_from_xy(x, y),
        crs=grid.crs,
        index=pd.Index([f"{eligibility.kind}-{i + 1:03d}" for i in range(len(chosen))], name="site_id"),
    )
    return frame


def _within(
    grid: Grid,
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    roads: gpd.GeoDataFrame,
    road_m: NDArray[np.float64],
    most_m: float,
) -> NDArray[np.bool_]:
    """Whether the centre of each cell is truly so near to a road: measured where the grid leaves it open."""
    near = road_m[row, column] + grid.cell_m * np.sqrt(2) <= most_m
    open_ = np.flatnonzero(~near)
    x, y = grid.centres(row[open_], column[open_])
    found, _ = shapely.STRtree(roads.geometry.to_numpy()).query(shapely.points(x, y), "dwithin", most_m)
    near[open_[np.unique(found)]] = True
    return np.asarray(near)


def existing_sites(
    eligibility: Eligibility, facilities: gpd.GeoDataFrame, where: str, kind: FacilityKind
) -> gpd.GeoDataFrame:
    """Facilities of this kind that stand today; a capacity the file does not tell is a fault, not a guess."""
    chosen = facilities[facilities["kind"] == eligibility.kind]
    column = kind.capacity_column
    capacity = chosen[column] if column in chosen else pd.Series(np.nan, chosen.index)
    if capacity.isna().any():
        named = ", ".join(str(row) for row in chosen.loc[capacity.isna(), "row"][:5])
        raise InputError([Fault("E-LAYER-008", f"{where} {column}", {"rows": named})])
    row, col = eligibility.grid.cells(chosen.geometry.x.to_numpy(), chosen.geometry.y.to_numpy())
    rows, columns = eligibility.grid.shape
    known = (row >= 0) & (row < rows) & (col >= 0) & (col < columns)

    def at(effect: str) -> list[str]:
        return [
            ", ".join(eligibility.rules_at(r, c, effect)) if k else ""
            for r, c, k in zip(row.tolist(), col.tolist(), known.tolist(), strict=True)
        ]

    return gpd.GeoDataFrame(
        {
            "name": chosen["name"].to_numpy(),
            "state": "keep",
            "area_m2": np.nan,
            "score": np.nan,
            "conditions": at("condition"),
            "conflicts": at("exclude"),
            "capacity": capacity.to_numpy(float),
        },
        geometry=chosen.geometry.to_numpy(),
        crs=facilities.crs,
        index=pd.Index(chosen["facility_id"], name="site_id"),
    )
