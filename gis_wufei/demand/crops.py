"""What fields leave behind, by the formula of the national straw ledger, less what the farm uses itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import geopandas as gpd
import numpy as np
import pandas as pd
from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from gis_wufei.demand.clusters import clusters
from gis_wufei.demand.formula import OFF_BY, _Formula, _Part, columns, falls_on, first_rows
from gis_wufei.demand.names import LEVELS, MU_M2, OPPOSITE, Floats, Level, PartId, value_of
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers import Layers, layer_of
from gis_wufei.standards import Crop, Quantity, crops


class MoistureSpec(_Part):
    """From the moisture of the residue ratio to that of what is hauled."""

    of_ratio: PartId = Field(description="Factor: share of water in the mass that the residue ratio means.")
    hauled: PartId = Field(description="Factor: share of water in the mass that is hauled.")

    @model_validator(mode="after")
    def _some_dry_matter(self, info: ValidationInfo) -> Self:
        for field in ("of_ratio", "hauled"):
            share = value_of(getattr(self, field), info)
            if share is not None and share >= 1:
                facts = {"name": getattr(self, field), "found": share, "at": field}
                raise PydanticCustomError("share", "{name} may be {found}", facts)
        return self

    def factor(self, numbers: Mapping[str, Quantity], level: Level) -> float:
        """Hauled mass over the mass of the ratio: the dry matter is the same, more water is more mass."""
        return (1.0 - numbers[self.of_ratio].value) / (1.0 - numbers[self.hauled].at(level))


class CropResidueDemand(_Formula):
    """Area x yield x residue ratio x collection share - own uses (national straw ledger); places are field clusters."""

    formula: Literal["crop_residue"] = Field(description="Area of fields times the residue of their crop.")
    layer: Annotated[str, layer_of("fields")] = Field(description="Layer of the role fields.")
    cluster_m: float = Field(3000, ge=200, description="Fields in one square of this side (m) make one place.")
    own_uses: tuple[PartId, ...] = Field(
        (), description="Factors (shares of what is collectable, summed) that the farm uses itself: feed, fuel, field."
    )
    moisture: MoistureSpec | None = Field(None, description="Water in what is hauled; default: that of the ratio.")
    calendar: Literal["stream", "crop"] = Field(
        "stream",
        description="stream: all crops fall on the season; crop: each on its own, if it has one.",
    )

    @model_validator(mode="after")
    def _something_is_left(self, info: ValidationInfo) -> Self:
        shares = [value_of(name, info) for name in self.own_uses]
        total = sum(share for share in shares if share is not None)
        if total > 1 + OFF_BY:
            raise PydanticCustomError("own_uses", "own uses sum to {total}", {"total": total, "at": "own_uses"})
        return self

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        water = (self.moisture.of_ratio, self.moisture.hauled) if self.moisture is not None else ()
        return (*self.own_uses, *water, *self.shared_ids())

    def steps(self) -> tuple[str, ...]:
        """Theoretical, collectable, and free after own uses: all at the moisture of the residue ratio."""
        return ("theoretical", "collectable", "free")

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``; a place stands in the field nearest its cluster's middle."""
        fields = layers[self.layer].frame
        unknown = fields[~fields["crop"].isin(list(crops()))]
        if len(unknown):
            facts = {"rows": first_rows(unknown["row"], unknown["crop"]), "allowed": ", ".join(crops())}
            raise InputError([Fault("E-LAYER-011", f"{layers[self.layer].certificate.path.name} crop", facts)])
        area_mu = fields.geometry.area.to_numpy() / MU_M2
        names, which = np.unique(fields["crop"].to_numpy(str), return_inverse=True)
        left = {step: dict[Level, Floats]() for step in (*self.steps(), "offered", "hauled")}
        for level in LEVELS:
            grown = area_mu * np.array([_grown_t_per_mu(crops()[name], level) for name in names])[which]
            share = np.array([crops()[name].collection_share.at(level) for name in names])[which]
            # The farm comes first: the low level of what is left takes the high value of its uses.
            kept = min(sum(numbers[use].at(OPPOSITE[level]) for use in self.own_uses), 1.0)
            wet = self.moisture.factor(numbers, level) if self.moisture is not None else 1.0
            left["theoretical"][level] = grown
            left["collectable"][level] = grown * share
            left["free"][level] = grown * share * (1.0 - kept)
            left["offered"][level] = self.scaled(left["free"][level], numbers, level)
            left["hauled"][level] = left["offered"][level] * wet
        tonnes: dict[str, Floats] = {f"t_per_year_{level}": left["hauled"][level] for level in LEVELS}
        for step in (*self.steps(), "offered"):
            tonnes |= columns(step, left[step])
        if self.calendar == "crop":
            tonnes |= {
                f"of_{name}_t": np.where(which == i, left["hauled"][self.level], 0) for i, name in enumerate(names)
            }
        return clusters(fields, pd.DataFrame(tonnes).assign(area_mu=area_mu), self.cluster_m, layers)

    def month_shares(self, frame: gpd.GeoDataFrame) -> Floats:
        """float[n, 12], how each place's year falls on the months: by its crops, or as the season says."""
        grown = [name for name in crops() if f"of_{name}_t" in frame]
        if self.calendar == "stream" or not grown:
            return super().month_shares(frame)
        tonnes = frame[[f"of_{name}_t" for name in grown]].to_numpy(float)
        months = tonnes @ np.array([falls_on(crops()[name].season or self.season) for name in grown])
        total = tonnes.sum(axis=1, keepdims=True)
        return np.where(total > 0, months / np.where(total > 0, total, 1.0), falls_on(self.season))


def _grown_t_per_mu(crop: Crop, level: Level) -> float:
    """Residue that grows on a mu in a year, collected or not."""
    if crop.yield_kg_per_mu is None:
        return 0.0
    return crop.yield_kg_per_mu.at(level) * crop.residue_ratio.at(level) / 1000
