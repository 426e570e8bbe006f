"""What a cited number looks like, and the tables made of them: rules, vehicles, facilities, crops, roads."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gis_wufei.text import Text

Status = Literal["verified", "secondary", "memory", "user"]
Level = Literal["low", "default", "high"]
Effect = Literal["exclude", "condition", "prefer_not"]
Operator = Literal["closer", "outside", "above"]
Untold = Literal["leave", "take", "covered"]
NoData = Literal["exclude", "allow", "unknown"]
Verdict = Literal["forbid", "restrict", "allow", "encourage", "unknown"]
Cited = Annotated[str, Field(pattern=r"\S\s*\S")]  # a blank is no source
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]

Span = tuple[float | None, float | None]

MONTH_DAYS = tuple(monthrange(2025, month)[1] for month in range(1, 13))  # a year of 365 days


def _day(raw: object) -> object:
    """A day written as text; strict checks, too, let a study's JSON say it."""
    return date.fromisoformat(raw) if isinstance(raw, str) else raw


class _Sourced(BaseModel):
    """Where an entry comes from; without a source it does not load."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    status: Status = Field(
        description="verified: the text was read; secondary: an abstract or older edition; "
        "memory: check the clause before printing it; user: uncertain, to be set by the user."
    )
    source: Cited = Field(description="Document and clause, or what a default rests on.")
    year: int | None = Field(None, ge=1900, le=2100, description="Year of the figure.")
    note: str | None = None
    basis_superseded_on: Annotated[date, BeforeValidator(_day)] | None = Field(
        None, description="Day on which the cited law is replaced."
    )

    def superseded_on(self, day: date) -> bool:
        """Whether the cited law is no longer in force on a day; the number itself may live on."""
        return self.basis_superseded_on is not None and day >= self.basis_superseded_on


class Quantity(_Sourced):
    """A number with its range, unit and source.

    ``low`` and ``high`` left out mean that the source gives no range: both are the value.
    """

    label: Text | None = None
    value: float
    low: NotNegative
    high: float
    unit: str = Field(min_length=1, description="Unit of all three; 1 for a share or a factor.")

    @model_validator(mode="before")
    @classmethod
    def _no_range(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "value" in raw:
            return {"low": raw["value"], "high": raw["value"], **raw}
        return raw

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.value <= self.high:
            facts = {"low": self.low, "value": self.value, "high": self.high}
            raise PydanticCustomError("disorder", "not low {low} <= value {value} <= high {high}", facts)
        return self

    def at(self, level: Level) -> float:
        """The value at a level: ``low``, ``default`` or ``high``."""
        return {"low": self.low, "default": self.value, "high": self.high}[level]


def _inherit(raw: Any, info: ValidationInfo, **more: object) -> Any:
    """What a nested entry does not say of its source, its parent says (parents' fields come first)."""
    if not isinstance(raw, dict):
        return raw
    told = ("status", "source", "basis_superseded_on")
    inherited = {key: info.data[key] for key in told if key in info.data}
    return {**inherited, **more, **raw}


def _in(unit: str) -> BeforeValidator:
    """A nested quantity in ``unit``; its key in the file names the same unit."""
    return BeforeValidator(lambda raw, info: _inherit(raw, info, unit=unit))


class Crop(_Sourced):
    """A crop and what it leaves: residue = yield x ratio x collection share (national residue ledger)."""

    label: Text
    yield_kg_per_mu: Annotated[Quantity, _in("kg/mu")] | None = Field(None, description="Needed where residue is left.")
    residue_ratio: Annotated[Quantity, _in("1")] = Field(description="Air-dry residue per grain (草谷比).")
    collection_share: Annotated[Quantity, _in("1")] = Field(description="By machine (可收集系数).")
    harvest_months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    season: str | None = Field(None, description="When its residue is taken up: a season by id.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.yield_kg_per_mu is None and self.residue_ratio.high > 0:
            raise PydanticCustomError("no_yield", "a crop that leaves residue needs yield_kg_per_mu")
        if self.collection_share.high > 1:
            raise PydanticCustomError("share", "collection_share is a share of 1")
        return self

    def residue_t_per_mu(self, level: Level) -> float:
        """Collectable residue in t per mu and year, every factor at the same level."""
        if self.yield_kg_per_mu is None:
            return 0.0
        parts = (self.yield_kg_per_mu, self.residue_ratio, self.collection_share)
        return parts[0].at(level) * parts[1].at(level) * parts[2].at(level) / 1000


def _daily(months: tuple[float, ...]) -> tuple[float, ...]:
    """Scaled so that the mean over the year's days is 1: mean daily amount x multiplier = amount of a day."""
    mean = sum(m * d for m, d in zip(months, MONTH_DAYS, strict=True)) / sum(MONTH_DAYS)
    if mean == 0:
        raise PydanticCustomError("no_months", "a season needs a month above 0")
    return tuple(month / mean for month in months)


class Season(_Sourced):
    """How a year falls on its months: the daily amount in each over the year's mean daily amount.

    Files give the months relative to each other; loading scales them to a mean of 1 over 365 days.
    """

    label: Text
    months: Annotated[tuple[NotNegative, ...], Field(min_length=12, max_length=12), AfterValidator(_daily)]


class StreamStandard(_Sourced):
    """A stream as data: which formula, which factors, which season, how long a place may keep its waste."""

    label: Text
    role: str = Field(description="Role of the layer its formula works on.")
    demand: Mapping[str, Any] = Field(description="Entry of a study's demand, without the layer.")
    user_set: Mapping[str, str] = Field(
        default_factory=dict, description="Factors without a figure in the sources, by id: unit."
    )
    kinds: tuple[str, ...] = Field((), description="Facility kinds that usually take it.")
    target: str | None = Field(None, description="Target that its modelled share is held against.")


class Target(_Sourced):
    """What a plan wants to reach: a share at the least."""

    label: Text
    share: Annotated[Quantity, _in("1")]
    of: Text = Field(description="What is divided by what.")
    valid_from: date
    valid_to: date


class Vehicle(_Sourced):
    """A kind of truck: what it carries and costs (fixed: crew, depreciation, insurance)."""

    label: Text
    payload_t: Positive = Field(description="Tonnes of its good that it carries.")
    volume_m3: Positive
    crew: int = Field(ge=1)
    fixed_yuan_per_year: NotNegative
    variable_yuan_per_km: NotNegative
    capex_yuan: Annotated[Quantity, _in("yuan")]
    fuel_l_per_100km: Annotated[Quantity, _in("L/100 km")] | None = None
    speed_cap_kmh: Positive | None = Field(None, description="Legal limit of this kind off expressways.")
    expressway_speed_cap_kmh: Positive | None = None


class SizeClass(_Sourced):
    """One size of a facility on offer; exactly one of the two capacities is given."""

    id: str
    label: Text
    capacity_t_per_day: Positive | None = None
    capacity_t_per_year: Positive | None = None
    capex_yuan: Annotated[Quantity, _in("yuan")]
    land_m2: Positive


def _sizes(raw: Any, info: ValidationInfo) -> Any:
    return [_inherit(size, info) for size in raw] if isinstance(raw, list) else raw


class FacilityKind(_Sourced):
    """A kind of facility: its sizes (none: it is never sited), yearly costs and times."""

    label: Text
    capacity_per: Literal["day", "year"] = Field(description="Time unit of its capacity.")
    sizes: Annotated[tuple[SizeClass, ...], BeforeValidator(_sizes)]
    opex_share: Annotated[Quantity, _in("1/yr")] = Field(description="Yearly operation as a share of capex.")
    unload_min: Annotated[Quantity, _in("min")]
    life_years: Positive
    costs_leave_out: Text | None = Field(None, description="What its yearly cost does not hold; told with the results.")
    remark: Text | None = Field(None, description="What else a planner must hear of it; told with the results.")

    @property
    def capacity_column(self) -> str:
        """Name of the column or attribute that holds its capacity."""
        return f"capacity_t_per_{self.capacity_per}"

    @model_validator(mode="after")
    def _ladder(self) -> Self:
        other = {"day": "capacity_t_per_year", "year": "capacity_t_per_day"}[self.capacity_per]
        for size in self.sizes:
            if getattr(size, self.capacity_column) is None or getattr(size, other) is not None:
                facts = {"size": size.id, "column": self.capacity_column}
                raise PydanticCustomError("capacity", "size {size} needs {column} alone", facts)
        ids = [size.id for size in self.sizes]
        if len(set(ids)) < len(ids):
            raise PydanticCustomError("doubled", "two sizes have the same id")
        return self


class RoadClass(_Sourced):
    """A class of road: a loaded truck's speed and the strip beside it that must stay free."""

    label: Text
    speed_kmh: Annotated[Quantity, _in("km/h")]
    access: bool = Field(True, description="Whether places along it can be reached from it.")
    surface: str | None = Field(None, description="Surface that the speed is told for; empty: paved.")
    control_zone_m: Annotated[Quantity, _in("m")] | None = Field(None, description="公路建筑控制区.")


class Truck(_Sourced):
    """A kind of truck as the road feels it: mass, size, and the power that carries it uphill and holds it downhill."""

    label: Text
    gross_t: Annotated[Quantity, _in("t")] = Field(description="Mass with its load.")
    tare_t: Annotated[Quantity, _in("t")] = Field(description="Mass without load.")
    axle_load_t: Annotated[Quantity, _in("t")] = Field(description="Heaviest axle with its load.")
    height_m: Annotated[Quantity, _in("m")]
    width_m: Annotated[Quantity, _in("m")]
    length_m: Annotated[Quantity, _in("m")]
    power_kw: Annotated[Quantity, _in("kW")] = Field(description="Driving power in use.")
    brake_kw: Annotated[Quantity, _in("kW")] = Field(description="Braking power in use.")
    drag_m2: Annotated[Quantity, _in("m2")] = Field(description="Drag coefficient x frontal area.")
    turns_at: Literal["anywhere", "dead_ends"] = Field("anywhere", description="Where it can turn round.")


class Clause(_Sourced):
    """What holds for the ground that an ``operator`` touches.

    ``closer``: ground closer than ``distance_m`` to a feature (0: inside it). ``outside``: ground that
    does not lie in a feature, the opposite sign. ``above``: ground where a raster is above
    ``threshold``. ``status`` is that of the figure which decides: a verified law with an assumed
    buffer is ``user``.
    """

    label: Text = Field(description="What it asks, in both languages.")
    role: str = Field(description="Role of the layer it needs.")
    where: Mapping[str, tuple[str, ...]] | None = Field(None, description="Only features with these values.")
    between: Mapping[str, Span] | None = Field(
        None, description="Only features whose number is above the first and not above the second (null: no limit)."
    )
    untold: Untold = Field(
        "leave",
        description="A feature that does not tell what the rule chooses by is left out, is taken, "
        "or is covered by another rule.",
    )
    effect: Effect = Field(description="Bars the ground, asks for an approval, or lowers its score.")
    operator: Operator = Field("closer", description="Which ground is touched.")
    distance_m: Annotated[Quantity, _in("m")] = Field(description="Distance (m); 0: inside the feature.")
    threshold: Quantity | None = Field(None, description="Of the operator above, in the unit of the role's raster.")
    no_data: NoData = Field("unknown", description="What ground is where a raster holds no number.")
    basis_old: str = Field("", description="Article of the law as the source was read.")
    basis_new: str = Field("", description="Article that replaces it; empty until confirmed.")
    valid_from: Annotated[date, BeforeValidator(_day)] | None = Field(None, description="First day in force.")
    valid_to: Annotated[date, BeforeValidator(_day)] | None = Field(None, description="Last day in force.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.operator == "above") != (self.threshold is not None):
            raise PydanticCustomError("threshold", "the operator above, and no other, needs a threshold")
        if self.operator != "closer" and self.distance_m.value != 0:
            raise PydanticCustomError("distance", "only the operator closer has a distance")
        return self

    def in_force_on(self, day: date) -> bool:
        """Whether the standard behind the rule has begun and has not ended on a day."""
        return (self.valid_from is None or day >= self.valid_from) and (self.valid_to is None or day <= self.valid_to)


class Rule(Clause):
    """A siting clause by its id, and the facility kinds that it binds."""

    id: str = Field(pattern=r"^(R\d\d[a-z]?|STD|OWN)(-[A-Za-z0-9_-]+)?$")
    kinds: tuple[str, ...] = Field(min_length=1)


class LandUse(_Sourced):
    """A use of land beside waste facilities that rules speak of, too."""

    label: Text


class UnitRow(BaseModel):
    """Default verdicts of one class of control unit, by facility kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit_class: Literal["priority", "key", "general"]
    sub_class: str
    label: Text
    verdicts: Mapping[str, Verdict]


class UnitVerdicts(_Sourced):
    """What a class of control unit says of a facility kind, where the unit's own list is missing."""

    label: Text
    rows: tuple[UnitRow, ...]

    def verdict(self, unit_class: str, sub_class: str, kind: str) -> Verdict:
        """Verdict on a kind in a unit; what the table does not know is ``unknown``, never ``allow``."""
        for row in self.rows:
            if (row.unit_class, row.sub_class) == (unit_class, sub_class):
                return row.verdicts.get(kind, "unknown")
        return "unknown"
