"""Criteria: what is measured at a site, and what it is worth. One class a kind of measure, the union at the foot."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from gis_wufei.errors import Fault, InputError, OneOf, unknown_name
from gis_wufei.land import Grid
from gis_wufei.layers import Layer, roles
from gis_wufei.layers.tell import missing_column
from gis_wufei.suitability import measure as at_site
from gis_wufei.suitability.measure import Ground
from gis_wufei.suitability.values import Share, ValueSpec
from gis_wufei.text import Text

RoleName = Annotated[str, OneOf(roles)]
Where = dict[str, tuple[str, ...]]
Cells = NDArray[np.intp]
CELLS = 200_000
"""Cells made into shapes at once."""
Missing = Literal["refuse", "worst", "leave_out"] | Share


def _of_the_study(name: str, info: ValidationInfo) -> str:
    """A layer that the study has; without a study nothing can be said."""
    known = (info.context or {}).get("layers", {})
    if known and name not in known:
        raise unknown_name(name, known)
    return name


def _box(grid: Grid) -> shapely.Geometry:
    """The ground that a grid covers."""
    rows, columns = grid.shape
    west, north = grid.transform.c, grid.transform.f
    return shapely.box(west, north - rows * grid.cell_m, west + columns * grid.cell_m, north)


class _Criterion(BaseModel):
    """What every criterion has: its value function, its group, and what happens where nothing is known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    label: Text | None = Field(None, description="Name in both languages.")
    group: str | None = Field(None, description="Group it belongs to, where there are two levels of criteria.")
    value: ValueSpec = Field(description="What the measured quantity is worth, 0 to 1.")
    missing: Missing = Field(
        "refuse",
        description="Where nothing is known: refuse, worst (value 0), leave_out (the site has no score), or a value.",
    )

    @property
    def unit(self) -> str:
        """Unit of what is measured; where only the user knows it, the one of the value function."""
        return self.value.unit

    @property
    def reach_m(self) -> float:
        """How far (m) beyond the area layers matter to it."""
        return 0.0

    @model_validator(mode="after")
    def _same_unit(self) -> Self:
        if self.value.unit != self.unit and self.value.shape != "categories":
            facts = {"name": "value", "found": self.value.unit, "unit": self.unit}
            raise PydanticCustomError("unit", "{name} is in {found}, not in {unit}", facts)
        return self

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """What is measured at each site; nan (``None`` for names) where nothing is known."""
        raise NotImplementedError

    def measured_in_cells(self, grid: Grid, row: Cells, column: Cells, ground: Ground, where: str) -> NDArray[Any]:
        """The same at the centres of cells."""
        found = []
        for start in range(0, max(len(row), 1), CELLS):  # shapes take far more room than numbers
            x, y = grid.centres(row[start : start + CELLS], column[start : start + CELLS])
            centres = gpd.GeoDataFrame(geometry=shapely.points(x, y), crs=grid.crs)
            found.append(self.measured(centres, ground, where))
        return np.concatenate(found)


class DistanceCriterion(_Criterion):
    """Distance (m) to the nearest feature of a role: to roads by class, water, villages, power lines …"""

    measure: Literal["distance"] = Field(description="Distance (m) to the nearest feature of a role.")
    role: RoleName = Field(description="Role of the layers.")
    where: Where = Field(default_factory=dict, description="Column: values; only rows with these (roads by class).")

    @property
    def unit(self) -> str:
        """Metres."""
        return "m"

    @property
    def reach_m(self) -> float:
        """Up to where the value still changes."""
        return self.value.farthest if np.isfinite(self.value.farthest) else 0.0

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """float[n], true distance from the site's edge; inf where no feature is left."""
        shapes = at_site.features(ground, self.role, self.where, where).shapes
        return at_site.nearest_m(sites.geometry.to_numpy(), shapes)

    def measured_in_cells(self, grid: Grid, row: Cells, column: Cells, ground: Ground, where: str) -> NDArray[Any]:
        """float[n], distance by the grid: never more than the true one, less by a cell and a half at most."""
        shapes = at_site.features(ground, self.role, self.where, where).shapes
        found = np.asarray(grid.distance_m(grid.burn(shapes))[row, column])
        # What lies beyond the grid, wholly or in part, is measured to its true shape.
        beyond = shapes[~shapely.within(shapes, _box(grid))]
        if len(beyond):
            x, y = grid.centres(row, column)
            found = np.minimum(found, at_site.nearest_m(shapely.points(x, y), beyond))
        return found


class RasterCriterion(_Criterion):
    """Number of a raster: slope, height, wind, sun, land cover …"""

    measure: Literal["raster"] = Field(description="Number of a raster layer.")
    layer: Annotated[str, AfterValidator(_of_the_study)] = Field(description="Name of the layer.")
    statistic: Literal["mean", "min", "max"] = Field("mean", description="Of the cells within a parcel.")

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """float[n] in the raster's own unit."""
        layer = self._layer(ground, where)
        return at_site.raster_numbers(sites.geometry.to_numpy(), sites.crs, layer, self.statistic)

    def measured_in_cells(self, grid: Grid, row: Cells, column: Cells, ground: Ground, where: str) -> NDArray[Any]:
        """float[n], the raster's cell that holds the centre."""
        return at_site.raster_at(np.stack(grid.centres(row, column), axis=1), grid.crs, self._layer(ground, where))

    def _layer(self, ground: Ground, where: str) -> Layer:
        layer = ground.layers.by_name.get(self.layer)
        if layer is None or layer.raster is None:
            known = ", ".join(name for name, one in ground.layers.by_name.items() if one.raster is not None) or "-"
            raise InputError([Fault("E-SUIT-RASTER", where, {"name": self.layer, "known": known})])
        return layer


class AccessCriterion(_Criterion):
    """How near the waste is: the mean way of a tonne (m), or the share of all tonnes within some distance."""

    measure: Literal["access"] = Field(description="Nearness of the waste.")
    within_m: float | None = Field(
        None, gt=0, description="Share of the tonnes within this distance; default: the mean way of a tonne (m)."
    )

    @property
    def unit(self) -> str:
        """Metres, or a share of 1."""
        return "m" if self.within_m is None else "1"

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """float[n]."""
        shapes = sites.geometry.to_numpy()
        if self.within_m is None:
            return at_site.mean_distance_m(shapes, ground)
        return at_site.share_within(shapes, ground, self.within_m)


class AroundCriterion(_Criterion):
    """People or features within a radius."""

    measure: Literal["around"] = Field(description="Sum over the features of a role within a radius.")
    role: RoleName = Field(description="Role of the layers.")
    where: Where = Field(default_factory=dict, description="Column: values; only rows with these.")
    radius_m: float = Field(gt=0, description="Radius (m), from the site's edge.")
    column: str | None = Field(None, description="Number that is summed, such as population; default: features count.")

    @property
    def reach_m(self) -> float:
        """The radius."""
        return self.radius_m

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """float[n]; nan where a feature within the radius does not tell its number."""
        found = at_site.features(ground, self.role, self.where, where)
        shapes = found.shapes
        amounts = np.ones(len(shapes)) if self.column is None else found.column(self.column).astype(float)
        return at_site.sum_within(sites.geometry.to_numpy(), shapes, amounts, self.radius_m)


class InsideCriterion(_Criterion):
    """Part of the site inside polygons of a role: a park, a control unit, a kind of land."""

    measure: Literal["inside"] = Field(description="Part of the site inside polygons; a point is in (1) or out (0).")
    role: RoleName = Field(description="Role of the layers.")
    where: Where = Field(default_factory=dict, description="Column: values; only rows with these.")

    @property
    def unit(self) -> str:
        """A share of 1."""
        return "1"

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """float[n], 0 to 1."""
        shapes = at_site.features(ground, self.role, self.where, where).shapes
        return at_site.share_inside(sites.geometry.to_numpy(), shapes)


class ZoneCriterion(_Criterion):
    """Name of the polygon that the site lies in, for a value function of categories."""

    measure: Literal["zone"] = Field(description="What a column says of the polygon the site lies in.")
    role: RoleName = Field(description="Role of the layers.")
    column: str = Field(description="Column with the names or codes.")

    @model_validator(mode="after")
    def _names(self) -> Self:
        if self.value.shape != "categories":
            raise PydanticCustomError("zone_shape", "zone needs categories", {"found": self.value.shape})
        return self

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """object[n], text; ``None`` outside all polygons and where polygons of different names overlap."""
        found = at_site.features(ground, self.role, {}, where)
        return at_site.zone_at(sites.geometry.to_numpy(), found.shapes, found.column(self.column))


class ColumnCriterion(_Criterion):
    """A number or name that the table of sites itself holds: price, owner, area of eligible ground …"""

    measure: Literal["column"] = Field(description="Column of the table of sites.")
    column: str = Field(description="Name of the column.")

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """float[n], or object[n] for categories."""
        if self.column not in sites:
            raise InputError([missing_column(where, self.column, sites)])
        if self.value.shape == "categories":
            return np.array([None if cell != cell else cell for cell in sites[self.column].tolist()], object)
        try:
            return np.asarray(sites[self.column].to_numpy(float))
        except (TypeError, ValueError):
            raise InputError([Fault("E-SUIT-NUMBER", where, {"column": self.column})]) from None

    def measured_in_cells(self, grid: Grid, row: Cells, column: Cells, ground: Ground, where: str) -> NDArray[Any]:
        """Cells have no table."""
        raise InputError([Fault("E-SUIT-GRID", where, {"measure": self.measure})])


class AreaCriterion(_Criterion):
    """Area (m2) of the parcel; of points, what their column ``area_m2`` says."""

    measure: Literal["area"] = Field(description="Area (m2) of the parcel.")

    @property
    def unit(self) -> str:
        """Square metres."""
        return "m2"

    def measured(self, sites: gpd.GeoDataFrame, ground: Ground, where: str) -> NDArray[Any]:
        """float[n]."""
        drawn = sites.geometry.area.to_numpy()
        told = sites["area_m2"].to_numpy(float) if "area_m2" in sites else np.full(len(sites), np.nan)
        return np.where(drawn > 0, drawn, told)

    def measured_in_cells(self, grid: Grid, row: Cells, column: Cells, ground: Ground, where: str) -> NDArray[Any]:
        """A cell is no parcel."""
        raise InputError([Fault("E-SUIT-GRID", where, {"measure": self.measure})])


CriterionSpec = Annotated[
    DistanceCriterion
    | RasterCriterion
    | AccessCriterion
    | AroundCriterion
    | InsideCriterion
    | ZoneCriterion
    | ColumnCriterion
    | AreaCriterion,
    Field(discriminator="measure"),
]
