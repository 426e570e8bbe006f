"""How much waste arises where and when: one class per formula, the factors named in the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from gis_wufei.errors import Fault, InputError, OneOf, listed, unknown_name
from gis_wufei.layers import Layer, Layers, roles
from gis_wufei.layers.tell import as_text, missing_column
from gis_wufei.standards import MONTH_DAYS, Quantity, crops, factors, seasons

MU_M2 = 2000 / 3
Level = Literal["low", "default", "high"]
LEVELS: tuple[Level, ...] = ("low", "default", "high")
Floats = NDArray[np.float64]


def factor_in(*units: str, most: float | None = None) -> AfterValidator:
    """Validator of a factor's id: the standards or the study have it, and its unit is one of ``units``.

    ``most`` bounds its high value: more than all cannot be taken off.
    """

    def check(name: str, info: ValidationInfo) -> str:
        own: Mapping[str, Mapping[str, Any]] = (info.context or {}).get("factors", {})
        if name not in own and name not in factors():
            fits = [key for key, quantity in factors().items() if quantity.unit in units]
            raise unknown_name(name, {*fits, *own})
        unit, high = _unit_and_high(name, own)
        if unit is not None and unit not in units:
            facts: dict[str, Any] = {"name": name, "found": unit, "unit": " / ".join(units)}
            raise PydanticCustomError("unit", "{name} is in {found}, not in {unit}", facts)
        if most is not None and high is not None and high > most:
            raise PydanticCustomError("share", "{name} may be {found}", {"name": name, "found": high})
        return name

    return AfterValidator(check)


def _unit_and_high(name: str, own: Mapping[str, Mapping[str, Any]]) -> tuple[str | None, float | None]:
    if name not in own:
        return factors()[name].unit, factors()[name].high
    high = own[name].get("high", own[name].get("value"))
    return own[name].get("unit"), high if isinstance(high, int | float) else None


def layer_of(*wanted: str) -> AfterValidator:
    """Validator of a layer's name: the study has it and it plays one of the wanted roles."""

    def check(name: str, info: ValidationInfo) -> str:
        played: Mapping[str, str] = (info.context or {}).get("layers", {})
        fits = [layer for layer, role in played.items() if role in wanted]
        role = played.get(name)
        if not played or role in wanted or (role is not None and role not in roles()):
            return name  # without layers, or with a role that is itself at fault, nothing can be said
        if role is not None:
            facts: dict[str, Any] = {"name": name, "found": role, "role": ", ".join(wanted)}
            raise PydanticCustomError("layer_role", "{name} plays the role {found}, not {role}", facts)
        if not fits:
            raise PydanticCustomError("no_layer", "no layer of the role {role}", {"role": ", ".join(wanted)})
        raise unknown_name(name, fits)

    return AfterValidator(check)


SeasonId = Annotated[str, OneOf(seasons)]
ShareId = Annotated[str, factor_in("1")]
PartId = Annotated[str, factor_in("1", most=1.0)]


class _Formula(BaseModel):
    """What every formula has: its level, its season, and shares that scale it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    level: Level = Field("default", description="Which of the factors' three values the plan uses.")
    season: SeasonId = Field("even", description="How the year's tonnes fall on the months.")
    times: tuple[ShareId, ...] = Field((), description="Factors (unit 1) the tonnes are multiplied by.")
    less: tuple[PartId, ...] = Field((), description="Factors (shares of 1) taken off the tonnes, one after another.")

    def scaled(self, tonnes: Floats, numbers: Mapping[str, Quantity], level: Level) -> Floats:
        """Tonnes after the shares; the low level takes the high value of what is taken off."""
        opposite: dict[Level, Level] = {"low": "high", "default": "default", "high": "low"}
        for share in self.times:
            tonnes = tonnes * numbers[share].at(level)
        for share in self.less:
            tonnes = tonnes * (1.0 - numbers[share].at(opposite[level]))
        return tonnes


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
        return (self.factor, *self.times, *self.less)

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``."""
        people = _chosen(layers[self.layer], self.where).set_index("place_id")
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
                synthetic=_flag(points) | _flag(owner),
            ).set_index("point_id")
        per_year = frame["population"].to_numpy(float) * 365 / 1000
        for level in LEVELS:
            tonnes = per_year * numbers[self.factor].at(level)
            frame = frame.assign(**{f"t_per_year_{level}": self.scaled(tonnes, numbers, level)})
        return frame


class CropResidueDemand(_Formula):
    """Area x yield x residue ratio x collection share (national straw ledger); places are clusters of fields."""

    formula: Literal["crop_residue"] = Field(description="Area of fields times the residue of their crop.")
    layer: Annotated[str, layer_of("fields")] = Field(description="Layer of the role fields.")
    cluster_m: float = Field(3000, ge=200, description="Fields in one square of this side (m) make one place.")

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        return (*self.times, *self.less)

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``; a place stands in the field nearest its cluster's middle."""
        fields = layers[self.layer].frame
        unknown = fields[~fields["crop"].isin(list(crops()))]
        if len(unknown):
            facts = {"rows": _first_rows(unknown, "crop"), "allowed": ", ".join(crops())}
            raise InputError([Fault("E-LAYER-011", f"{layers[self.layer].certificate.path.name} crop", facts)])
        area_mu = fields.geometry.area.to_numpy() / MU_M2
        tonnes = {
            level: self.scaled(
                area_mu * np.array([crops()[crop].residue_t_per_mu(level) for crop in fields["crop"]]), numbers, level
            )
            for level in LEVELS
        }
        point = fields.geometry.representative_point()
        west, south, _, _ = layers.area.total_bounds
        column = np.floor((point.x.to_numpy() - west) / self.cluster_m).astype(int)
        row = np.floor((point.y.to_numpy() - south) / self.cluster_m).astype(int)
        table = pd.DataFrame({f"t_per_year_{level}": tonnes[level] for level in LEVELS}).assign(
            place_id=[f"F{c:03d}-{r:03d}" for c, r in zip(column, row, strict=True)],
            x=point.x.to_numpy(),
            y=point.y.to_numpy(),
            area_mu=area_mu,
            township=fields["township"].fillna("").to_numpy() if "township" in fields else "",
            synthetic=_flag(fields).to_numpy(),
        )
        table = table[table["t_per_year_high"] > 0]
        return _clusters(table, fields)


class ReportedDemand(_Formula):
    """Tonnes as the producers report them; a sector's factor fills a gap and gives the range."""

    formula: Literal["reported"] = Field(description="Tonnes a year as the producers report them.")
    layer: Annotated[str, layer_of("enterprises")] = Field(description="Layer of the role enterprises.")
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Column: values; only rows with these.")
    sector_factors: dict[str, Annotated[str, factor_in("kg/yr")]] = Field(
        default_factory=dict, description="Sector: factor in kg a year, for gaps and the range."
    )

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        return (*self.sector_factors.values(), *self.times, *self.less)

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``."""
        frame = _chosen(layers[self.layer], self.where).set_index("source_id")
        reported = frame["t_per_year"].to_numpy(float)
        known = [numbers[self.sector_factors[s]] if s in self.sector_factors else None for s in frame["sector"]]
        gap = np.isnan(reported) & np.array([quantity is None for quantity in known])
        if gap.any():
            where = f"{layers[self.layer].certificate.path.name} t_per_year"
            raise InputError([Fault("E-LAYER-008", where, {"rows": _first_rows(frame[gap], "sector")})])
        middle = np.where(
            np.isnan(reported), [0.0 if q is None else q.value / 1000 for q in known], np.nan_to_num(reported)
        )
        for level in LEVELS:
            spread = np.array([1.0 if q is None or q.value == 0 else q.at(level) / q.value for q in known])
            frame = frame.assign(**{f"t_per_year_{level}": self.scaled(middle * spread, numbers, level)})
        return frame


DemandSpec = Annotated[PerPersonDemand | CropResidueDemand | ReportedDemand, Field(discriminator="formula")]


@dataclass(frozen=True)
class Demand:
    """Places that make waste.

    ``places`` has index ``place_id`` and columns name, township, t_per_year_low, t_per_year_default,
    t_per_year_high, t_per_year (the level the plan uses), t_per_day (mean), peak_t_per_day (mean of
    the busiest month), synthetic (NA where it is not known), geometry. ``month_t`` is the stream's tonnes
    by month.
    """

    places: gpd.GeoDataFrame
    month_t: Floats
    level: Level
    factor_ids: tuple[str, ...]

    @property
    def t_per_year(self) -> float:
        """Tonnes a year at the plan's level."""
        return float(self.places["t_per_year"].sum())


def estimate(spec: DemandSpec, layers: Layers, numbers: Mapping[str, Quantity]) -> Demand:
    """Apply a formula to its layer; places without waste are left out."""
    frame = spec.places(layers, numbers)
    frame = frame[frame["t_per_year_high"] > 0].sort_index()
    if frame.empty:
        raise InputError([Fault("E-DEMAND-001", spec.layer, {})])
    days = np.array(MONTH_DAYS)
    weight = np.array(seasons()[spec.season].months) * days
    month_share = weight / weight.sum()
    peak = float((month_share / days).max())
    chosen = frame[f"t_per_year_{spec.level}"].to_numpy(float)
    places = gpd.GeoDataFrame(
        {
            "name": frame["name"].fillna("").astype(str),
            "township": frame["township"].fillna("").astype(str) if "township" in frame else "",
            **{f"t_per_year_{level}": frame[f"t_per_year_{level}"].astype(float) for level in LEVELS},
            "t_per_year": chosen,
            "t_per_day": chosen / 365,
            "peak_t_per_day": chosen * peak,
            "synthetic": _flag(frame),
        },
        geometry=frame.geometry,
        crs=frame.crs,
        index=pd.Index(frame.index.astype(str), name="place_id"),
    )
    return Demand(places, month_share * chosen.sum(), spec.level, spec.factor_ids())


def _chosen(layer: Layer, where: Mapping[str, Sequence[str]]) -> gpd.GeoDataFrame:
    frame, file = layer.frame, layer.certificate.path.name
    for column, values in where.items():
        if column not in frame:
            raise InputError([missing_column(file, column, frame)])
        have = frame[column].map(as_text)
        frame = frame[have.isin(values)]
        if frame.empty:
            facts = {"column": column, "wanted": ", ".join(values), "have": listed(set(have))}
            raise InputError([Fault("E-LAYER-024", file, facts)])
    return frame


def _flag(frame: pd.DataFrame) -> pd.Series:
    """Whether each row is synthetic; a row that does not say so is neither."""
    told = frame["synthetic"] if "synthetic" in frame else pd.Series(pd.NA, frame.index)
    return told.astype("boolean")


def _first_rows(frame: pd.DataFrame, column: str) -> str:
    """The first rows with their value: ``14 (rice), 15 (tea), +3``."""
    pairs = zip(frame["row"][:5], frame[column][:5], strict=True)
    return ", ".join(f"{row} ({value})" for row, value in pairs) + (f", +{len(frame) - 5}" if len(frame) > 5 else "")


def _owners_exist(points: pd.DataFrame, settlements: pd.Series, where: str) -> None:
    """Each collection point belongs to a settlement of the layer."""
    strays = points[~points["place_id"].isin(settlements)]
    if len(strays):
        raise InputError([Fault("E-DEMAND-003", f"{where} place_id", {"rows": _first_rows(strays, "place_id")})])


def _shares_add_up(points: pd.DataFrame, owners: pd.Index, where: str) -> None:
    """Each settlement's points share exactly its waste; none may be without a point."""
    total = points.groupby("place_id")["share"].sum().reindex(owners, fill_value=0.0)
    wrong = total[(total - 1.0).abs() > 1e-3]
    if len(wrong):
        named = ", ".join(f"{place} ({share:.3f})" for place, share in wrong.head(5).items())
        more = f", +{len(wrong) - 5}" if len(wrong) > 5 else ""
        raise InputError([Fault("E-DEMAND-002", f"{where} share", {"rows": named + more})])


def _any_known(table: pd.DataFrame) -> pd.Series:
    """Whether a cluster holds a synthetic field; not known where none is but some may be."""
    groups = table.groupby("place_id")["synthetic"]
    found = groups.any().astype("boolean")
    return found.mask(~found & (groups.count() < groups.size()))


def _clusters(table: pd.DataFrame, fields: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
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
    sums = table.groupby("place_id")[[f"t_per_year_{level}" for level in LEVELS] + ["area_mu"]].sum()
    return gpd.GeoDataFrame(
        sums.assign(
            name=(nearest["township"] + " " + nearest.index).str.strip(),
            township=nearest["township"],
            synthetic=_any_known(table),
        ),
        geometry=gpd.points_from_xy(nearest["x"], nearest["y"]),
        crs=fields.crs,
    )
