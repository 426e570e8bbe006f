"""What a vehicle may use and how fast it goes there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

Hour = Annotated[float, Field(ge=0, le=24)]
Day = Literal["mo", "tu", "we", "th", "fr", "sa", "su"]
Access = Literal["open", "avoid", "closed"]
MOTOR = ("motorcar", "motor_vehicle")
TRUCK = ("hgv", "goods", *MOTOR)
"""What OpenStreetMap calls a truck; words of signs and turn bans."""


class HourBan(BaseModel):
    """Hours in which the vehicle may not use some classes; over midnight where ``until`` is before ``begin``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    classes: tuple[str, ...] = Field((), description="Road classes; empty = all.")
    begin: Hour = Field(description="Hour of the day (0-24).")
    until: Hour = Field(description="Hour of the day (0-24), not itself banned.")
    source: str = Field("", description="The notice that tells it.")

    def holds(self, hour: float) -> bool:
        """Whether the ban holds at an hour of the day."""
        if self.begin <= self.until:
            return self.begin <= hour < self.until
        return hour >= self.begin or hour < self.until


class RoadProfile(BaseModel):
    """One kind of vehicle on the road; the numbers come from the standards or the study.

    With speeds alone, a road's class, its one-way, its turn bans, its ``hgv=no`` and ``access`` signs
    decide. Each further field switches on one thing more: a height the height limits, surface factors
    the surfaces, power the grades. ``truck_profile`` fills it from the standards.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    speeds_kmh: dict[str, PositiveFloat] = Field(min_length=1, description="Road class: speed (km/h).")
    banned_classes: tuple[str, ...] = Field((), description="Road classes that the vehicle may not use.")
    no_access_classes: tuple[str, ...] = Field((), description="Road classes with nothing on their sides.")
    vehicle: tuple[str, ...] = Field(TRUCK, description="What signs and turn bans call it.")
    # Defaults of the design, not of a standard: walking pace with a cart to a fast farm track, and
    # half the usual distance between two villages.
    access_speed_kmh: float = Field(10.0, gt=0, description="Speed on the straight line to the road (km/h).")
    max_snap_m: float = Field(2000.0, gt=0, description="Farthest a point may lie from its road (m).")

    # --- signs ---
    signs: bool = Field(True, description="Obey signs beyond class and one-way; false: what the bare lines tell.")
    access: dict[str, Access] = Field(
        {"no": "closed", "private": "closed"},
        description="OpenStreetMap's access words: open, avoid (time x avoid_factor) or closed; others are open.",
    )
    avoid_factor: float = Field(1.0, ge=1, description="Time on roads to avoid, times this.")
    maxspeed: bool = Field(False, description="Never above the speed limit of the road.")
    dangerous_goods: bool = Field(False, description="hazmat=no closes a road.")
    u_turns: Literal["anywhere", "dead_ends"] = Field("anywhere", description="Where it can turn round.")

    # --- size ---
    gross_t: PositiveFloat | None = Field(None, description="Mass with its load (t), against maxweight.")
    tare_t: PositiveFloat | None = Field(None, description="Mass without load (t).")
    loaded: bool = Field(True, description="Whether it carries its load: decides on the mass.")
    axle_load_t: PositiveFloat | None = Field(None, description="Heaviest axle (t), against maxaxleload.")
    height_m: PositiveFloat | None = None
    width_m: PositiveFloat | None = None
    length_m: PositiveFloat | None = None

    # --- ground ---
    surface_factor: dict[str, PositiveFloat] = Field({}, description="Surface: share of the class's speed.")
    class_surface: dict[str, str] = Field({}, description="Class: surface that its speed is told for; others: paved.")
    unknown_surface: str | None = Field(None, description="Surface where none is told; null: that of the class.")
    power_kw: PositiveFloat | None = Field(None, description="Driving power in use (kW); null: grades do not slow it.")
    brake_kw: PositiveFloat | None = Field(None, description="Braking power in use downhill (kW); null: no limit.")
    drag_m2: float = Field(0.0, ge=0, description="Drag coefficient x frontal area (m2).")
    rolling: float = Field(0.0, ge=0, description="Rolling resistance per weight.")
    crawl_kmh: PositiveFloat = Field(5.0, description="Speed on the steepest grades (km/h): it does arrive.")

    # --- time of day ---
    at_hour: Hour | None = Field(None, description="Hour of departure (0-24); null: bans of the hour do not hold.")
    at_day: Day | None = Field(None, description="Day of departure; null: a ban of any day holds.")
    hour_bans: tuple[HourBan, ...] = ()

    def speed_m_per_s(self, road_class: str) -> float:
        """Speed on a road of that class in m/s; KeyError where the profile has none."""
        return self.speeds_kmh[road_class] / 3.6

    @property
    def access_s_per_m(self) -> float:
        """Seconds for a metre of the straight line between a point and its road."""
        return 3.6 / self.access_speed_kmh

    @property
    def mass_t(self) -> float | None:
        """Mass of the vehicle as it drives (t)."""
        return self.gross_t if self.loaded or self.tare_t is None else self.tare_t
