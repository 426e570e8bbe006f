"""What a study says of its roads: the layer, the speeds, what is barred and what is shut."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gis_wufei.errors import OneOf
from gis_wufei.layers import layer_of
from gis_wufei.network.closures import ClosureSpec
from gis_wufei.standards import roads

RoadClassId = Annotated[str, OneOf(roads)]
SpeedKmh = Annotated[float, Field(ge=1, le=150)]  # no truck is slower on a road, none is faster


class RoadsSpec(BaseModel):
    """The road network and how a truck drives on it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    layer: Annotated[str, layer_of("roads")] = Field(description="Layer of the role roads.")
    speeds_kmh: dict[RoadClassId, SpeedKmh] = Field(
        default_factory=dict, description="Speeds (km/h) instead of the standard ones, by road class."
    )
    banned_classes: tuple[RoadClassId, ...] = Field((), description="Road classes that trucks may not use.")
    access_speed_kmh: SpeedKmh = Field(10, description="Speed (km/h) between a place and its road.")
    max_snap_m: float = Field(
        2000, gt=0, description="A place farther (m) than this from every road is off the network."
    )
    tolerance_m: float | None = Field(None, ge=0, le=10, description="Largest gap (m) closed; default: from the data.")
    closures: tuple[ClosureSpec, ...] = Field((), description="Roads out of use.")
    month: int | None = Field(None, ge=1, le=12, description="Month (1-12) of the plan: which closures hold.")
