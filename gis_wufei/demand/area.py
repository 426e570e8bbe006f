"""Kilograms on a mu and year: what is spread over fields and must come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import geopandas as gpd
import pandas as pd
from pydantic import Field

from gis_wufei.demand.clusters import clusters
from gis_wufei.demand.formula import _Formula
from gis_wufei.demand.names import LEVELS, MU_M2, factor_in
from gis_wufei.demand.rows import chosen
from gis_wufei.layers import Layers, layer_of
from gis_wufei.standards import Quantity


class PerAreaDemand(_Formula):
    """Area of fields x kilograms per mu and year; places are clusters of fields."""

    formula: Literal["per_area"] = Field(description="Area of fields times a factor.")
    layer: Annotated[str, layer_of("fields")] = Field(description="Layer of the role fields.")
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Column: values; only rows with these.")
    factor: Annotated[str, factor_in("kg/mu/yr")] = Field(description="Factor in kg per mu and year.")
    cluster_m: float = Field(3000, ge=200, description="Fields in one square of this side (m) make one place.")

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        return (self.factor, *self.shared_ids())

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``; a place stands in the field nearest its cluster's middle."""
        fields = chosen(layers[self.layer], self.where)
        area_mu = fields.geometry.area.to_numpy() / MU_M2
        tonnes = {
            f"t_per_year_{level}": self.scaled(area_mu * numbers[self.factor].at(level) / 1000, numbers, level)
            for level in LEVELS
        }
        return clusters(fields, pd.DataFrame(tonnes).assign(area_mu=area_mu), self.cluster_m, layers)
