"""What a plan comes to, as tables: figures, sites, places, rounds, hauls, and who is not served."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_wufei.crs import WGS84
from gis_wufei.plan import Plan, StreamPlan
from gis_wufei.report.lineage import demand_layers, place_states, site_states, state_of, stream_layers
from gis_wufei.report.measures import measure_of
from gis_wufei.report.table import MU_PER_HA, Table, by_stream, words, yes
from gis_wufei.standards import facilities, vehicles
from gis_wufei.text import catalogue, say


def summary(plan: Plan, lang: str) -> Table:
    """Key figures: one row a figure, one column a stream."""
    first = next(iter(plan.streams.values()))
    rows: dict[str, list[object]] = {"status": [say(f"status.{s.siting.status}", lang) for s in plan.streams.values()]}
    for key in first.figures:
        rows[key] = [stream.figures[key] for stream in plan.streams.values()]
        if key.endswith("_ha"):
            rows[key.removesuffix("_ha") + "_mu"] = [s.figures[key] * MU_PER_HA for s in plan.streams.values()]
    states = [state_of(plan, stream_layers(plan, stream)) for stream in plan.streams.values()]
    rows["synthetic"] = [say(f"synthetic.{state}", lang) for state in states]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(plan.streams), dtype=object)
    frame.insert(0, "figure_id", list(rows))
    frame.insert(1, "figure", [_figure(key, lang) for key in rows])
    frame.insert(2, "unit", [measure_of(key).unit_text(lang) for key in rows])
    labels = {name: stream.spec.label.in_lang(lang) for name, stream in plan.streams.items()}
    return Table("summary", lang, frame.reset_index(drop=True), state_of(plan), labels, tuple(plan.streams))


def sites(plan: Plan, lang: str) -> Table:
    """Every site considered, those in service first: size, load, cost, conditions, why it may not be used."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        frame, kind = stream.sites, facilities()[stream.spec.facility.kind]
        sizes = {size.id: size.label.in_lang(lang) for size in kind.sizes}
        names = {line.rule_id: line.label.in_lang(lang) for line in stream.eligibility.ledger}
        compared = any(one.spec.facility.suitability is not None for one in plan.streams.values())
        area_ha = frame["area_m2"] / 10_000
        table = pd.DataFrame(
            {
                "site_id": frame.index,
                "name": frame["name"],
                "kind": kind.label.in_lang(lang),
                "state": [say(f"state.{state}", lang) for state in frame["state"]],
                "opened": yes(frame["opened"], lang),
                "left_out": [say(reason, lang) if reason else "" for reason in frame["left_out"]],
                "size": [sizes.get(s, say("state.keep", lang) if s else "") for s in frame["size"]],
                "capacity": frame["capacity"],
                "load": frame["load"],
                "capacity_unit": measure_of(kind.capacity_column).unit_text(lang),
                "places": frame["places"],
                "t_per_year": frame["t_per_year"],
                "site_yuan_per_year": frame["yuan_per_year"],
                "area_ha": area_ha,
                "area_mu": area_ha * MU_PER_HA,
                "score": frame["score"],
                **{name: frame.get(name, np.nan) for name in ("suitability", "suitability_rank") if compared},
                "conditions": [_rules(cell, names) for cell in frame["conditions"]],
                "conflicts": [_rules(cell, names) for cell in frame["conflicts"]],
                **_coordinates(frame),
                "synthetic": words(site_states(plan, stream), lang),
            }
        )
        return table.iloc[np.argsort(~frame["opened"].to_numpy(bool), kind="stable")]

    return by_stream("sites", plan, lang, rows)


def assignments(plan: Plan, lang: str) -> Table:
    """Which site serves each place; served are the tonnes that trucks fetch."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        frame, lost = stream.assignments, stream.collection.unserved
        pairs = pd.MultiIndex.from_frame(frame[["place_id", "site_id"]].astype(str))
        left = lost.groupby(["place_id", "detail"])["t_per_year"].sum().astype(float).reindex(pairs, fill_value=0.0)
        return pd.DataFrame(
            {
                "place_id": frame["place_id"],
                "name": _of(stream.demand.places["name"], frame["place_id"]),
                "township": _of(stream.demand.places["township"], frame["place_id"]),
                "site_id": frame["site_id"],
                "site": _of(stream.sites["name"], frame["site_id"]),
                "share": frame["share"],
                "t_per_year": frame["t_per_year"],
                "served_t_per_year": frame["t_per_year"].to_numpy() - left.to_numpy(),
                "road_km": frame["road_km"],
                "minutes": frame["minutes"],
                "synthetic": words(_of(place_states(plan, stream), frame["place_id"]), lang),
            }
        )

    return by_stream("assignments", plan, lang, rows)


def places(plan: Plan, lang: str) -> Table:
    """What arises where: the range of the year's tonnes, the mean day, the day of the busiest month."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        frame, demand = stream.demand.places, stream.spec.demand
        served = stream.assignments.groupby("place_id")["site_id"].agg(", ".join)
        tonnes = [c for c in frame.columns if c.endswith(("t_per_year", "t_per_day")) or c.startswith("t_per_year_")]
        return pd.DataFrame(
            {
                "place_id": frame.index,
                "name": frame["name"],
                "township": frame["township"],
                **{column: frame[column] for column in tonnes},
                "site_id": served.reindex(frame.index, fill_value="").to_numpy(),
                "basis": "; ".join([demand.formula, *stream.demand.factor_ids]),
                **_coordinates(frame),
                "synthetic": words(place_states(plan, stream), lang),
            }
        )

    return by_stream("places", plan, lang, rows)


def months(plan: Plan, lang: str) -> Table:
    """The year's tonnes of each stream by month."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        month = {f"month_{number:02d}_t": [tonnes] for number, tonnes in enumerate(stream.demand.month_t, 1)}
        state = say(f"synthetic.{state_of(plan, demand_layers(stream))}", lang)
        return pd.DataFrame({**month, "t_per_year": [stream.demand.t_per_year], "synthetic": [state]})

    return by_stream("months", plan, lang, rows)


def trips(plan: Plan, lang: str) -> Table:
    """Every trip of a cycle: the day, the truck, the stops in their order."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        frame, names = stream.collection.trips, stream.demand.places["name"].to_dict()
        stops = [cell.split(" > ") for cell in frame["stops"]]
        return pd.DataFrame(
            {
                "site_id": frame["site_id"],
                "site": _of(stream.sites["name"], frame["site_id"]),
                **{column: frame[column] for column in ("day", "truck", "trip", "stops")},
                "stop_names": [" > ".join(str(names[stop]) for stop in row) for row in stops],
                **{column: frame[column] for column in ("t", "km", "minutes")},
                "synthetic": _joint(plan, stream, lang),
            }
        )

    return by_stream("trips", plan, lang, rows)


def rounds(plan: Plan, lang: str) -> Table:
    """The rounds of each site in a cycle, their cost against a proven bound."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        frame, cycles = stream.collection.sites, stream.collection.cycles_per_year
        cost, bound = frame["yuan_per_cycle"].astype(float), frame["bound_yuan"].astype(float)
        return pd.DataFrame(
            {
                "site_id": frame.index,
                "site": _of(stream.sites["name"], frame.index.to_series()),
                "vehicle": vehicles()[stream.spec.collection.vehicle].label.in_lang(lang),
                **{column: frame[column] for column in ("trucks", "vehicle_days", "trips", "km", "hours", "t")},
                "yuan_per_cycle": cost,
                "bound_yuan_per_cycle": bound,
                "gap": (cost - bound) / cost.where(cost > 0),
                "cycles_per_year": cycles,
                "km_per_year": frame["km"] * cycles,
                "collection_yuan_per_year": cost * cycles,
                "status": [say(f"status.{status}", lang) for status in frame["status"]],
                "synthetic": _joint(plan, stream, lang),
            }
        )

    return by_stream("rounds", plan, lang, rows)


def hauls(plan: Plan, lang: str) -> Table:
    """What each site sends on, whereto, and at what cost."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        frame = pd.DataFrame(stream.haul.drop(columns=stream.haul.geometry.name))
        frame = frame.rename(columns={"yuan_per_year": "haul_yuan_per_year"})
        haul = stream.spec.haul
        frame.insert(1, "site", _of(stream.sites["name"], frame["site_id"]))
        frame.insert(4, "vehicle", "" if haul is None else vehicles()[haul.vehicle].label.in_lang(lang))
        return frame.assign(synthetic=_joint(plan, stream, lang))

    return by_stream("hauls", plan, lang, rows)


def unserved(plan: Plan, lang: str) -> Table:
    """Tonnes without service, the reason in words; with a site where the trucks, not the siting, left them."""

    def rows(stream: StreamPlan) -> pd.DataFrame:
        frame = stream.unserved
        by_truck = np.arange(len(frame)) >= len(frame) - len(stream.collection.unserved)
        return pd.DataFrame(
            {
                "place_id": frame["place_id"],
                "name": frame["name"],
                "township": frame["township"],
                "t_per_year": frame["t_per_year"].astype(float),
                "reason": [say(reason, lang) for reason in frame["reason"]],
                "detail": frame["detail"].where(~by_truck, ""),
                "site_id": frame["detail"].where(by_truck, ""),
                "synthetic": words(_of(place_states(plan, stream), frame["place_id"]), lang),
            }
        )

    return by_stream("unserved", plan, lang, rows)


def _figure(key: str, lang: str) -> str:
    """A figure's name where it has one of its own, else that of the column."""
    return say(f"figure.{key}" if f"figure.{key}" in catalogue() else f"column.{key}", lang)


def _joint(plan: Plan, stream: StreamPlan, lang: str) -> str:
    return say(f"synthetic.{state_of(plan, stream_layers(plan, stream))}", lang)


def _of(values: pd.Series, ids: pd.Series) -> list[str]:
    """The value of each id."""
    known = values.to_dict()
    return [known[key] for key in ids]


def _rules(cell: str, names: Mapping[str, str]) -> str:
    return "; ".join(f"{rule} {names.get(rule, '')}".strip() for rule in cell.split(", ") if rule)


def _coordinates(frame: gpd.GeoDataFrame) -> dict[str, pd.Series]:
    """East and north in the study's system, longitude and latitude."""
    metres, degrees = frame.geometry, frame.geometry.to_crs(WGS84)
    return {"east_m": metres.x, "north_m": metres.y, "lon_deg": degrees.x, "lat_deg": degrees.y}
