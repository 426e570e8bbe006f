"""Residents times kilograms a day; a settlement's collection points share its waste."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import geopandas as gpd
import pandas as pd
from pydantic import Field

from gis_wufei.demand.formula import OFF_BY, _Formula, first_rows
from gis_wufei.demand.names import LEVELS, factor_in
from gis_wufei.demand.rows import chosen, flag
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers import Layers, layer_of
from gis_wufei.standards import Quantity


class PerPersonDemand(_Formula):
    """Residents x kilograms per person and day; places are settlements or their collection points."""

    formula: Literal["per_person"] = Field(description="Residents times a factor.")
    layer: Annotated[str, layer_of("settlements")] = Field(description="Layer of the role settlements.")
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Column: values; only rows with these.")
    factor: Annotated[str, factor_in("kg/person/d")] = Field(description="Factor in kg per person and day.")
    stops: Annotated[str, layer_of("collection_points")] | None = Field(
        None, description="Layer of collection points that share each settlement's waste."
    )

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        return (self.factor, *self.shared_ids())

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``."""
        people = chosen(layers[self.layer], self.where).set_index("place_id")
        frame = people
        if self.stops is not None:
            points, where = layers[self.stops].frame, layers[self.stops].certificate.path.name
            _owners_exist(points, layers[self.layer].frame["place_id"], where)
            points = points[points["place_id"].isin(people.index)]
            _shares_add_up(points, people.index, where)
            owner = people.loc[points["place_id"]].set_index(points.index)
            frame = points.assign(
                population=points["share"] * owner["population"],
                township=owner.get("township", ""),
                name=points["name"].fillna(owner["name"]) if "name" in points else owner["name"],
                synthetic=flag(points) | flag(owner),
            ).set_index("point_id")
        per_year = frame["population"].to_numpy(float) * 365 / 1000
        for level in LEVELS:
            tonnes = per_year * numbers[self.factor].at(level)
            frame = frame.assign(**{f"t_per_year_{level}": self.scaled(tonnes, numbers, level)})
        return frame


def _owners_exist(points: pd.DataFrame, settlements: pd.Series, where: str) -> None:
    """Each collection point belongs to a settlement of the layer."""
    strays = points[~points["place_id"].isin(settlements)]
    if len(strays):
        told = first_rows(strays["row"], strays["place_id"])
        raise InputError([Fault("E-DEMAND-003", f"{where} place_id", {"rows": told})])


def _shares_add_up(points: pd.DataFrame, owners: pd.Index, where: str) -> None:
    """Each settlement's points share exactly its waste; none may be without a point."""
    total = points.groupby("place_id")["share"].sum().reindex(owners, fill_value=0.0)
    wrong = total[(total - 1.0).abs() > OFF_BY]
    if len(wrong):
        told = first_rows(wrong.index, (f"{share:.3f}" for share in wrong))
        raise InputError([Fault("E-DEMAND-002", f"{where} share", {"rows": told})])
