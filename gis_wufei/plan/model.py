"""The plan: what a walk of all streams leaves behind; maps and reports read it and change nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from gis_wufei.demand import Demand
from gis_wufei.land import Eligibility, Grid
from gis_wufei.layers import Layers, Remark
from gis_wufei.network import NetworkReport
from gis_wufei.siting import SitingResult
from gis_wufei.study import StreamSpec, Study
from gis_wufei.text import Text, say


@dataclass(frozen=True)
class Warn:
    """A warning by its key in the catalogue, with the facts of its sentence."""

    code: str
    facts: dict[str, object] = field(default_factory=dict)

    def text(self, lang: str) -> str:
        """The warning as one sentence."""
        return say(self.code, lang, **{key: _in_lang(value, lang) for key, value in self.facts.items()})


def _in_lang(value: object, lang: str) -> object:
    if isinstance(value, Text):
        return value.in_lang(lang)
    if isinstance(value, Remark):
        return value.text(lang)
    if isinstance(value, list):
        return ("、" if lang == "zh" else ", ").join(str(_in_lang(item, lang)) for item in value)
    return value


@dataclass(frozen=True)
class Collection:
    """The rounds of one stream.

    ``trips``: one row a trip - site_id, day, truck, trip, stops (place ids joined by " > "), t, km,
    minutes. ``lines``: one row per distinct trip - site_id, stops, t, km, times (how often in a
    cycle), geometry. ``sites``: one row a site - vehicle_days, trucks, km, hours, t,
    yuan_per_cycle, bound_yuan, status. ``stops``: one row a place and site - place_id, site_id, t (of a
    visit), payload_t (of the truck), loads (trucks that it fills), hours (of a trip to it alone).
    """

    trips: pd.DataFrame
    lines: gpd.GeoDataFrame
    sites: pd.DataFrame
    stops: pd.DataFrame
    cycles_per_year: float
    unserved: pd.DataFrame


@dataclass(frozen=True)
class StreamPlan:
    """One stream's walk.

    ``sites``: every site considered (index site_id) with opened, size, capacity, load, t_per_year,
    places, yuan_per_year and why it may not be used (left_out). ``assignments``: place_id, site_id,
    share, t_per_year, road_km, minutes. ``haul``: one row per opened site - destination, t_per_year,
    road_km, trips_per_year, yuan_per_year, geometry. ``unserved``: place_id, name, township,
    t_per_year, reason (key of the catalogue), detail. ``figures``: key numbers by name, with the
    unit in the name.
    """

    id: str
    spec: StreamSpec
    demand: Demand
    eligibility: Eligibility
    sites: gpd.GeoDataFrame
    siting: SitingResult
    assignments: pd.DataFrame
    collection: Collection
    haul: gpd.GeoDataFrame
    unserved: pd.DataFrame
    figures: dict[str, float]
    warnings: tuple[Warn, ...]
    explanation: tuple[Warn, ...] = ()  # why infeasible

    @property
    def opened(self) -> gpd.GeoDataFrame:
        """The sites in service."""
        return self.sites[self.sites["opened"]]


@dataclass(frozen=True)
class Plan:
    """All streams on the land they share."""

    study: Study
    seed: int
    layers: Layers
    grid: Grid
    network: NetworkReport
    streams: dict[str, StreamPlan]
    numbers: pd.DataFrame  # every factor in use: id, value, low, high, unit, status, source, streams
    warnings: tuple[Warn, ...]
    seconds: dict[str, float]  # wall time by step; the only part that two equal runs may differ in

    @property
    def infeasible(self) -> tuple[str, ...]:
        """Ids of the streams without a plan, and of those whose plan serves nobody."""
        return tuple(
            name
            for name, stream in self.streams.items()
            if stream.siting.status in ("infeasible", "timeout") or stream.figures["served_t_per_year"] <= 0
        )
