"""How much waste arises where and when: one class per formula, the factors named in the study."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from gis_wufei.errors import Fault, InputError, unknown_name
from gis_wufei.layers import Layers
from gis_wufei.standards import Quantity, crops, factors, seasons

MU_M2 = 2000 / 3
Level = Literal["low", "default", "high"]
LEVELS: tuple[Level, ...] = ("low", "default", "high")
Floats = NDArray[np.float64]


def _factor(name: str, info: ValidationInfo) -> str:
    known = {*factors(), *((info.context or {}).get("factors", ()))}
    if name not in known:
        raise unknown_name(name, known)
    return name


def _season(name: str, info: ValidationInfo) -> str:
    if name not in seasons():
        raise unknown_name(name, seasons())
    return name


def layer_of(*wanted: str) -> AfterValidator:
    """Validator of a layer's name: the study has it and it plays one of the wanted roles."""

    def check(name: str, info: ValidationInfo) -> str:
        played: Mapping[str, str] = (info.context or {}).get("layers", {})
        fits = [layer for layer, role in played.items() if role in wanted]
        if played and name not in fits:
            raise unknown_name(name, fits)
        return name

    return AfterValidator(check)


FactorId = Annotated[str, AfterValidator(_factor)]
SeasonId = Annotated[str, AfterValidator(_season)]


class _Formula(BaseModel):
    """What every formula has: its level, its season, and shares that scale it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    level: Level = Field("default", description="Which of the factors' three values the plan uses.")
    season: SeasonId = Field("even", description="How the year's tonnes fall on the months.")
    times: tuple[FactorId, ...] = Field((), description="Shares the tonnes are multiplied by.")
    less: tuple[FactorId, ...] = Field((), description="Shares taken off the tonnes.")

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

    formula: Literal["per_person"]
    layer: Annotated[str, layer_of("settlements")]
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Only rows with these values.")
    factor: FactorId = Field(description="Factor in kg per person and day.")
    stops: Annotated[str, layer_of("collection_points")] | None = Field(
        None, description="Layer of collection points that share each settlement's waste."
    )

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        return (self.factor, *self.times, *self.less)

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``."""
        people = _chosen(layers[self.layer].frame, self.where, self.layer).set_index("place_id")
        frame = people
        if self.stops is not None:
            points = layers[self.stops].frame
            points = points[points["place_id"].isin(people.index)]
            _shares_add_up(points, people.index, layers[self.stops].certificate.path.name)
            owner = people.loc[points["place_id"]]
            frame = points.assign(
                population=points["share"].to_numpy() * owner["population"].to_numpy(),
                township=owner["township"].to_numpy() if "township" in owner else "",
                name=points["name"].fillna("").to_numpy() if "name" in points else owner["name"].to_numpy(),
            ).set_index("point_id")
        per_year = frame["population"].to_numpy(float) * 365 / 1000
        for level in LEVELS:
            tonnes = per_year * numbers[self.factor].at(level)
            frame = frame.assign(**{f"t_per_year_{level}": self.scaled(tonnes, numbers, level)})
        return frame


class CropResidueDemand(_Formula):
    """Area x yield x residue ratio x collection share (national straw ledger); places are clusters of fields."""

    formula: Literal["crop_residue"]
    layer: Annotated[str, layer_of("fields")]
    cluster_m: float = Field(3000, ge=200, description="Fields in one square of this side make one place.")

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        return (*self.times, *self.less)

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``; a place stands in the field nearest its cluster's middle."""
        fields = layers[self.layer].frame
        unknown = sorted(set(fields["crop"]) - set(crops()))
        if unknown:
            facts = {"rows": ", ".join(unknown), "allowed": ", ".join(crops())}
            raise InputError([Fault("E-LAYER-011", f"{self.layer} crop", facts)])
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
            synthetic=fields["synthetic"].to_numpy() if "synthetic" in fields else False,
        )
        table = table[table["t_per_year_high"] > 0]
        return _clusters(table, fields)


class ReportedDemand(_Formula):
    """Tonnes as the producers report them; a sector's factor fills a gap and gives the range."""

    formula: Literal["reported"]
    layer: Annotated[str, layer_of("enterprises")]
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Only rows with these values.")
    sector_factors: dict[str, FactorId] = Field(
        default_factory=dict, description="Sector: factor in kg a year, for gaps and the range."
    )

    def factor_ids(self) -> tuple[str, ...]:
        """Ids of every factor the formula uses."""
        return (*self.sector_factors.values(), *self.times, *self.less)

    def places(self, layers: Layers, numbers: Mapping[str, Quantity]) -> gpd.GeoDataFrame:
        """Places with ``t_per_year_low|default|high``."""
        frame = _chosen(layers[self.layer].frame, self.where, self.layer).set_index("source_id")
        reported = frame["t_per_year"].to_numpy(float)
        known = [numbers[self.sector_factors[s]] if s in self.sector_factors else None for s in frame["sector"]]
        gap = np.isnan(reported) & np.array([quantity is None for quantity in known])
        if gap.any():
            rows = ", ".join(str(row) for row in frame["row"][gap][:5])
            raise InputError([Fault("E-LAYER-008", f"{self.layer} t_per_year", {"rows": rows})])
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
    the busiest month), synthetic, geometry. ``month_t`` is the stream's tonnes by month.
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
    days = np.array([monthrange(2025, month)[1] for month in range(1, 13)])
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
            "synthetic": frame["synthetic"].astype(bool) if "synthetic" in frame else False,
        },
        geometry=frame.geometry,
        crs=frame.crs,
        index=pd.Index(frame.index.astype(str), name="place_id"),
    )
    return Demand(places, month_share * chosen.sum(), spec.level, spec.factor_ids())


def _chosen(frame: gpd.GeoDataFrame, where: Mapping[str, Sequence[str]], name: str) -> gpd.GeoDataFrame:
    for column, values in where.items():
        if column not in frame:
            have = ", ".join(str(c) for c in frame.columns if c != "geometry")
            raise InputError([Fault("E-LAYER-005", name, {"column": column, "have": have, "hint": "-"})])
        frame = frame[frame[column].astype(str).isin(values)]
    return frame


def _shares_add_up(points: pd.DataFrame, owners: pd.Index, where: str) -> None:
    """Each settlement's points share exactly its waste; none may be without a point."""
    total = points.groupby("place_id")["share"].sum().reindex(owners, fill_value=0.0)
    wrong = total[(total - 1.0).abs() > 1e-3]
    if len(wrong):
        named = ", ".join(f"{place} ({share:.3f})" for place, share in wrong.head(5).items())
        more = f", +{len(wrong) - 5}" if len(wrong) > 5 else ""
        raise InputError([Fault("E-DEMAND-002", f"{where} share", {"rows": named + more})])


def _clusters(table: pd.DataFrame, fields: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    weight = table["t_per_year_high"]
    middle = table.assign(wx=table["x"] * weight, wy=table["y"] * weight).groupby("place_id")[["wx", "wy"]].sum()
    total = table.groupby("place_id")["t_per_year_high"].sum()
    off = np.hypot(
        table["x"] - table["place_id"].map(middle["wx"] / total),
        table["y"] - table["place_id"].map(middle["wy"] / total),
    )
    nearest = table.assign(off=off).sort_values(["place_id", "off"], kind="stable").groupby("place_id").first()
    sums = table.groupby("place_id")[[f"t_per_year_{level}" for level in LEVELS] + ["area_mu"]].sum()
    return gpd.GeoDataFrame(
        sums.assign(
            name=nearest["township"] + " " + nearest.index,
            township=nearest["township"],
            synthetic=table.groupby("place_id")["synthetic"].any(),
        ),
        geometry=gpd.points_from_xy(nearest["x"], nearest["y"]),
        crs=fields.crs,
    )
