"""From land to numbers and back: places, sites and roads become a siting problem, its result a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.demand import Demand
from gis_wufei.network import ODMatrix
from gis_wufei.plan.cost import SizeLadder, TruckCost
from gis_wufei.plan.model import Warn
from gis_wufei.siting import NO_PLAN, SitingProblem, SitingResult
from gis_wufei.standards import FacilityKind
from gis_wufei.study import CollectionSpec, SitingSpec
from gis_wufei.text import text

Floats = NDArray[np.float64]
SHOWN = 5  # ids named in a sentence


@dataclass(frozen=True)
class Reach:
    """Roads between places and sites, and from sites to where the stream ends."""

    there: ODMatrix  # places x sites, loaded
    back: ODMatrix  # sites x places, empty
    haul_yuan_per_t: Floats  # site: line-haul of what a tonne of intake leaves; inf = no way

    @property
    def round_km(self) -> Floats:
        """Kilometres place to site and back."""
        return np.asarray(self.there.distance_m + self.back.distance_m.T) / 1000

    @property
    def round_h(self) -> Floats:
        """Driving hours place to site and back."""
        return np.asarray(self.there.duration_s + self.back.duration_s.T) / 3600


def siting_problem(
    demand: Demand,
    sites: gpd.GeoDataFrame,
    reach: Reach,
    kind: FacilityKind,
    ladder: SizeLadder,
    truck: TruckCost,
    collection: CollectionSpec,
    siting: SitingSpec,
) -> SitingProblem:
    """The capacitated siting problem of one stream.

    The cost of serving a place is that of full truckloads there and back (the radial estimate of
    Haimovich and Rinnooy Kan 1985, a lower bound on rounds) plus the line-haul of what the place's
    waste leaves at the site. A site that stands keeps its own capacity and costs its running only;
    one that no road reaches (``left_out``) cannot serve, standing or not.
    """
    tonnes = demand.places["t_per_year"].to_numpy()
    hours = reach.round_h + (collection.unload_min + collection.stop_min) / 60
    serve = tonnes[:, None] * (truck.yuan_per_t(reach.round_km, hours) + reach.haul_yuan_per_t[None, :])
    near = reach.there.distance_m / 1000 <= siting.max_road_km
    in_use = (sites["left_out"] == "").to_numpy()
    stands = (sites["state"] == "keep").to_numpy()
    keep = stands & in_use
    standing = sites["capacity"].to_numpy()
    count, sizes = len(sites), len(ladder.ids)
    # One column more than the ladder has sizes: the capacity an existing site has today.
    open_cost = np.full((count, sizes + 1), np.inf)
    capacity = np.zeros((count, sizes + 1))
    area = sites["area_m2"].to_numpy()
    for size in range(sizes):
        fits = ~stands & in_use & (area >= ladder.land_m2[size])
        open_cost[fits, size] = ladder.open_yuan[size]
        capacity[fits, size] = ladder.capacity[size]
    capacity[keep, sizes] = standing[keep]
    open_cost[keep, sizes] = [running_yuan(ladder, value) for value in standing[keep]]
    return SitingProblem(
        place_ids=tuple(demand.places.index),
        site_ids=tuple(sites.index),
        load=demand.places[load_column(kind)].to_numpy(float),
        serve_cost=np.where(near & np.isfinite(serve), serve, np.inf),
        open_cost=open_cost,
        capacity=capacity,
        keep=keep,
        single_source=siting.single_source,
        min_open=siting.min_open,
        max_open=siting.max_open,
    )


def load_column(kind: FacilityKind) -> str:
    """What fills a site of this kind: the day's tonnes in the busiest month, or the year's."""
    return "peak_t_per_day" if kind.capacity_column == "capacity_t_per_day" else "t_per_year"


def running_yuan(ladder: SizeLadder, capacity: float) -> float:
    """Running cost of a standing site: that of the smallest size that is as large."""
    large = np.flatnonzero(ladder.capacity >= capacity)
    return float(ladder.running_yuan[large[0] if len(large) else -1]) if len(ladder.ids) else 0.0


def site_table(
    sites: gpd.GeoDataFrame, ladder: SizeLadder, problem: SitingProblem, result: SitingResult
) -> gpd.GeoDataFrame:
    """Sites with what the result makes of them."""
    size = np.asarray(result.size)
    opened = size >= 0
    rows = np.arange(len(sites))
    named = [("" if s < 0 else ladder.ids[s] if s < len(ladder.ids) else "existing") for s in size]
    served = problem.load @ result.share
    return sites.assign(
        opened=opened,
        size=named,
        capacity=np.where(opened, problem.capacity[rows, size], sites["capacity"]),
        load=served,
        places=(result.share > 0).sum(axis=0),
        yuan_per_year=np.where(opened, problem.open_cost[rows, size], 0.0),
    )


def assignment_table(demand: Demand, sites: gpd.GeoDataFrame, reach: Reach, result: SitingResult) -> pd.DataFrame:
    """One row per place and site that serves it."""
    place, site = np.nonzero(result.share > 0)
    share = result.share[place, site]
    return pd.DataFrame(
        {
            "place_id": demand.places.index[place],
            "site_id": sites.index[site],
            "share": share,
            "t_per_year": share * demand.places["t_per_year"].to_numpy()[place],
            "road_km": reach.there.distance_m[place, site] / 1000,
            "minutes": reach.there.duration_s[place, site] / 60,
        }
    )


def unserved_table(demand: Demand, reach: Reach, result: SitingResult, max_road_km: float) -> pd.DataFrame:
    """Places without a site, each with the reason: no plan at all, else road first, then distance."""
    position = {place: i for i, place in enumerate(demand.places.index)}
    rows = []
    for item in result.unserved:
        i = position[item.place_id]
        reason, detail = ("unserved.no_plan", "") if item.reason == NO_PLAN else _why(reach, i, max_road_km)
        place = demand.places.iloc[i]
        rows.append((item.place_id, place["name"], place["township"], place["t_per_year"], reason, detail))
    return pd.DataFrame(rows, columns=["place_id", "name", "township", "t_per_year", "reason", "detail"])


def _why(reach: Reach, place: int, max_road_km: float) -> tuple[str, str]:
    distance = reach.there.distance_m[place]
    if distance.size == 0:
        return "unserved.no_site", ""
    around = np.isfinite(distance) & np.isfinite(reach.round_km[place])
    usable = around & np.isfinite(reach.haul_yuan_per_t)
    if usable.any():
        nearest = float(distance[usable].min()) / 1000
        if nearest > max_road_km:
            return "unserved.beyond_max_road_km", f"{nearest:.1f} km > {max_road_km:g} km"
        return "unserved.no_site", ""
    if around.any():
        return "unserved.no_way_on", f"{float(distance[around].min()) / 1000:.1f} km"
    reasons = {reach.there.reason(place, site) for site in range(distance.size)}
    if reasons == {"off_network"} and np.isfinite(reach.there.origin_access_m[place]):
        return "unserved.off_network", f"{reach.there.origin_access_m[place] / 1000:.1f} km"
    return ("unserved.one_way" if "one_way" in reasons else "unserved.no_road"), ""


def explain(problem: SitingProblem, result: SitingResult, demand: Demand, kind: FacilityKind) -> tuple[Warn, ...]:
    """Why there is no plan, as sentences of the catalogue."""
    if result.status == "timeout":
        return (Warn("infeasible.timeout", {"stopped": text(f"stopped.{result.stopped_by}")}),)
    name = demand.places["name"].to_dict()

    def named(ids: Sequence[str]) -> str:
        more = f", +{len(ids) - SHOWN}" if len(ids) > SHOWN else ""
        return ", ".join(f"{name[place]} ({place})" for place in ids[:SHOWN]) + more

    unit = text(f"measure.{kind.capacity_column.removeprefix('capacity_')}")
    told = []
    for fact in result.explanation:
        known: dict[str, Any] = dict(fact.facts)
        limits = [text(f"limit.{limit}") for limit in known["limits"]]
        large = named(known["large_ids"])
        facts = {**known, "limit": limits or text("limit.none"), "ids": named(known["place_ids"]), "unit": unit}
        told += [
            Warn(f"infeasible.{code}", {**facts, "large": large})
            for code in (*_both_sides(fact.code, known), fact.code)
        ]
    return tuple(told)


def _both_sides(code: str, facts: Mapping[str, Any]) -> Iterator[str]:
    """The plain inequalities that forbid a plan before anything is sought, each with a sentence of its own."""
    if facts["openable"] < facts["min_open"]:
        yield "min_open"
    if facts["max_open"] is not None:
        if facts["keep"] > facts["max_open"]:
            yield "max_open"
        elif code != "capacity" and facts["capacity"] < facts["load"] * (1 - 1e-9):
            yield "room"
    if facts["large_ids"]:
        yield "large"
