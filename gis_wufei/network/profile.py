"""What a vehicle may use and how fast it goes there."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat


class RoadProfile(BaseModel):
    """Speeds of one kind of vehicle; the numbers come from the standards or the study."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    speeds_kmh: dict[str, PositiveFloat] = Field(min_length=1, description="Road class: speed (km/h).")
    banned_classes: tuple[str, ...] = Field((), description="Road classes that the vehicle may not use.")
    no_access_classes: tuple[str, ...] = Field((), description="Road classes with nothing on their sides.")
    # Defaults of the design, not of a standard: walking pace with a cart to a fast farm track, and
    # half the usual distance between two villages.
    access_speed_kmh: float = Field(10.0, gt=0, description="Speed on the straight line to the road (km/h).")
    max_snap_m: float = Field(2000.0, gt=0, description="Farthest a point may lie from its road (m).")

    def speed_m_per_s(self, road_class: str) -> float:
        """Speed on a road of that class in m/s; KeyError where the profile has none."""
        return self.speeds_kmh[road_class] / 3.6

    @property
    def access_s_per_m(self) -> float:
        """Seconds for a metre of the straight line between a point and its road."""
        return 3.6 / self.access_speed_kmh
