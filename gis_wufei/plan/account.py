"""What a walk adds up to: key figures and warnings."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np

from gis_wufei.demand import LEVELS, Demand
from gis_wufei.land import Eligibility, LedgerLine
from gis_wufei.land.access import AccessList
from gis_wufei.layers import Layers, roles
from gis_wufei.layers.provenance import SECRECY
from gis_wufei.network import Closures, NetworkReport, RoadGraph
from gis_wufei.plan.model import Collection, StreamPlan, Warn
from gis_wufei.standards import facilities, seasons, unit_verdicts
from gis_wufei.study import StreamSpec, Study
from gis_wufei.text import Text, text

SHOWN = 5  # ids named in a warning
MANY_LOADS = 5
"""Truckloads of one stop a visit beyond which its tonnes, the truck or the cycle are doubted."""


def figures(plan: StreamPlan) -> dict[str, float]:
    """Key numbers of a stream, the unit in each name.

    ``t_per_year = served_t_per_year + unserved_t_per_year``; money is yuan a year at the level of
    the plan's demand.
    """
    places, opened, siting = plan.demand.places, plan.opened, plan.siting
    rounds, haul, cycles = plan.collection.sites, plan.haul, plan.collection.cycles_per_year
    tonnes, missed = plan.demand.t_per_year, float(plan.unserved["t_per_year"].sum())
    weight = plan.assignments["t_per_year"]
    km = plan.assignments["road_km"]
    land = plan.eligibility.grid.area_ha(plan.eligibility.grid.inside)
    site_yuan = float(opened["yuan_per_year"].sum())
    round_yuan = float(rounds["yuan_per_cycle"].sum()) * cycles
    haul_yuan = float(haul["yuan_per_year"].sum())
    served = max(tonnes - missed, 0.0)
    served = served if served > 1e-9 * tonnes else 0.0
    total = site_yuan + round_yuan + haul_yuan
    return {
        **{f"t_per_year_{level}": float(places[f"t_per_year_{level}"].sum()) for level in LEVELS},
        "t_per_year": tonnes,
        "peak_t_per_day": float(places["peak_t_per_day"].sum()),
        "served_t_per_year": served,
        "unserved_t_per_year": missed,
        "places": float(len(places)),
        "places_unserved": float(plan.unserved["place_id"].nunique()),
        "land_ha": land,
        "eligible_ha": plan.eligibility.grid.area_ha(plan.eligibility.eligible),
        "sites_candidate": float((plan.sites["state"] == "candidate").sum()),
        "sites_open": float(len(opened)),
        "sites_new": float((opened["state"] == "candidate").sum()),
        "mean_road_km": float((weight * km).sum() / weight.sum()) if weight.sum() else np.nan,
        "max_road_km": float(km.max()) if len(km) else np.nan,
        "trucks": float(rounds["trucks"].sum()),
        "vehicle_days_per_year": float(rounds["vehicle_days"].sum()) * cycles,
        "collection_km_per_year": float(rounds["km"].sum()) * cycles,
        "haul_trips_per_year": float(haul["trips_per_year"].sum()),
        "haul_km_per_year": float(haul["km_per_year"].sum()),
        "site_yuan_per_year": site_yuan,
        "collection_yuan_per_year": round_yuan,
        "haul_yuan_per_year": haul_yuan,
        "yuan_per_year": total,
        "yuan_per_t": total / served if served > 0 else np.nan,
        "siting_yuan_per_year": np.nan if siting.objective is None else siting.objective,
        "siting_bound_yuan_per_year": np.nan if siting.bound is None else siting.bound,
        "siting_gap": np.nan if siting.gap is None else siting.gap,
        "routing_bound_yuan_per_year": float(rounds["bound_yuan"].sum()) * cycles,
    }


def study_warnings(
    study: Study, layers: Layers, network: NetworkReport, graph: RoadGraph, closures: Closures
) -> tuple[Warn, ...]:
    """Warnings that concern every stream."""
    found: list[Warn] = []
    facts: dict[str, object]
    made_up = [layer.label for layer in layers.by_name.values() if layer.certificate.synthetic in ("all", "some")]
    if made_up:
        found.append(Warn("W-SYNTHETIC", {"layers": made_up}))
    for layer in layers.by_name.values():
        for answer, remark in layer.certificate.remarks:
            if answer != "found":
                found.append(Warn("W-LAYER-REPAIRED", {"layer": layer.label, "remark": remark}))
    wrong, aged = AccessList.of(layers).doubts()
    if wrong:
        found.append(Warn("W-UNIT-CODE", {"units": _named(list(wrong))}))
    if aged:
        found.append(Warn("W-UNIT-OLD", {"units": _named(list(aged))}))
    closed = [layer for layer in layers.by_name.values() if layer.certificate.provenance.restricted]
    if closed:
        gravest = max((str(layer.certificate.provenance.secrecy) for layer in closed), key=SECRECY.index)
        facts = {"layers": [layer.label for layer in closed], "secrecy": text(f"secrecy.{gravest}")}
        found.append(Warn("W-SECRECY", facts))
    kinds = graph.mended["kind"].value_counts()
    gaps, copies, crossings = (int(kinds.get(kind, 0)) for kind in ("gap_closed", "duplicate", "crossing"))
    if gaps or copies or crossings:
        facts = {"gaps": gaps, "copies": copies, "crossings": crossings, "tolerance": graph.tolerance_m}
        found.append(Warn("W-NET-MENDED", facts))
    shut = [f"{label} {closures.km[label]:,.1f} km" for label in closures.labels if closures.km[label]]
    if shut:
        found.append(Warn("W-NET-CLOSED", {"closures": ", ".join(shut)}))
    if network.components > 1:
        facts = {"count": network.components, "share": 100 * network.share_in_largest}
        found.append(Warn("W-NET-PARTS", facts))
    own = [name for name, number in study.spec.factors.items() if number.status != "verified"]
    if own:
        found.append(Warn("W-OWN-FACTORS", {"factors": ", ".join(own)}))
    return tuple(found)


def stream_warnings(
    spec: StreamSpec,
    area: gpd.GeoDataFrame,
    demand: Demand,
    land: Eligibility,
    sites: gpd.GeoDataFrame,
    collection: Collection,
    haul: gpd.GeoDataFrame,
    to: gpd.GeoDataFrame | None,
) -> tuple[Warn, ...]:
    """Warnings of one stream, most serious first."""
    found: list[Warn] = []
    stream = {"stream": spec.label}
    if not sites["opened"].any():
        found.append(Warn("W-NOTHING-SERVED", dict(stream)))
    if not sites["opened"].any() or _few(spec, sites):
        found.append(_sites_left(spec, land, sites))
    found += _stops(spec, demand, collection)
    beyond = demand.places.index[~demand.places.intersects(area.geometry.iloc[0])]
    if len(beyond):
        found.append(Warn("W-PLACES-OUTSIDE", {**stream, "count": len(beyond), "places": _named(list(beyond))}))
    if demand.total is not None and not demand.total.agrees:
        told = demand.total
        facts = {"found": told.found_t_per_year, "told": told.spec.t_per_year, "source": told.spec.source}
        found.append(Warn("W-DEMAND-TOTAL", {**stream, **facts, "off": told.off}))
    late = demand.detail.index[demand.detail["interval_days"] < spec.collection.cycle_days]
    if len(late):
        facts = {"cycle": spec.collection.cycle_days, "days": demand.interval_days, "count": len(late)}
        found.append(Warn("W-STORAGE-DAYS", {**stream, **facts, "places": _named(list(late))}))
    unknown = [line for line in land.ledger if line.in_force and not line.applied and not line.reason]
    if unknown:
        names = ", ".join(line.rule_id for line in unknown)
        wanted = [roles()[role].label for role in sorted({line.role for line in unknown})]
        found.append(Warn("W-RULE-NOLAYER", {**stream, "rules": names, "roles": wanted}))
    later = [line.rule_id for line in land.ledger if not line.in_force]
    if later:
        found.append(Warn("W-RULE-DATE", {**stream, "rules": ", ".join(later)}))
    changed = [line for line in land.ledger if line.reason]
    if changed:
        named = "; ".join(f"{line.rule_id} ({line.reason})" for line in changed)
        found.append(Warn("W-RULE-CHANGED", {**stream, "rules": named}))
    old = [line.rule_id for line in land.ledger if line.superseded and line.applied]
    if old:
        found.append(Warn("W-RULE-OLD", {**stream, "rules": ", ".join(old)}))
    if any(line.source == unit_verdicts().source and line.applied for line in land.ledger):
        found.append(Warn("W-UNIT-DEFAULT", dict(stream)))
    clash = sites[(sites["state"] == "keep") & (sites["conflicts"] != "")]
    if len(clash):
        conflicts = sorted({rule for cell in clash["conflicts"] for rule in cell.split(", ")})
        facts = {**stream, "sites": _named(list(clash.index)), "rules": ", ".join(conflicts)}
        found.append(Warn("W-EXISTING-CONFLICT", facts))
    off = sites[sites["left_out"] != ""]
    kept = off[off["state"] == "keep"]
    if len(kept):
        found.append(Warn("W-EXISTING-OFF", {**stream, "sites": _named(list(kept.index))}))
    if len(off) > len(kept):
        found.append(Warn("W-SITES-OFF", {**stream, "count": len(off) - len(kept)}))
    if to is not None:
        found += _overfull(spec, haul, to)
    if spec.haul is not None and len(haul):
        driven = haul["hours_per_year"] / haul["trips_per_year"].clip(lower=1)
        if driven.max() > spec.haul.shift_h:
            facts = {**stream, "hours": float(driven.max()), "shift_h": spec.haul.shift_h}
            found.append(Warn("W-HAUL-SHIFT", facts))
    routed = bool(sites["opened"].any())
    if routed and spec.collection.cycles_per_year is None and len(set(seasons()[spec.demand.season].months)) > 1:
        found.append(Warn("W-PEAK", dict(stream)))
    return tuple(found)


def site_warnings(spec: StreamSpec, land: Eligibility, sites: gpd.GeoDataFrame) -> tuple[Warn, ...]:
    """What can be said of a stream's sites before anything is solved."""
    return (_sites_left(spec, land, sites),) if _few(spec, sites) else ()


def _few(spec: StreamSpec, sites: gpd.GeoDataFrame) -> bool:
    """Whether fewer sites are there than wanted, or none where one could be built."""
    built = bool(facilities()[spec.facility.kind].sizes)
    return len(sites) < max(spec.siting.min_open, 1) or (built and not (sites["state"] == "candidate").any())


def _sites_left(spec: StreamSpec, land: Eligibility, sites: gpd.GeoDataFrame) -> Warn:
    """What is left to build on, and what each exclusion took."""
    took = sorted((line for line in land.ledger if line.effect == "exclude" and line.touched_ha > 0), key=_ha)
    return Warn(
        "W-SITES-LEFT",
        {
            "stream": spec.label,
            "land_ha": land.grid.area_ha(land.grid.inside),
            "eligible_ha": land.grid.area_ha(land.eligible),
            "sites": int((sites["state"] == "candidate").sum()),
            "standing": int((sites["state"] == "keep").sum()),
            "wanted": max(spec.siting.min_open, 1),
            "max_road_m": spec.facility.candidates.max_road_m,
            "rules": [_took(line) for line in took[:SHOWN]] or text("rule.took_none"),
            "more": f", +{len(took) - SHOWN}" if len(took) > SHOWN else "",
        },
    )


def _ha(line: LedgerLine) -> tuple[float, str]:
    return -line.touched_ha, line.rule_id


def _took(line: LedgerLine) -> Text:
    words = text("rule.took")
    facts = {"rule": line.rule_id, "ha": line.touched_ha, "alone": line.alone_ha}
    return Text(zh=words.zh.format(label=line.label.zh, **facts), en=words.en.format(label=line.label.en, **facts))


def _stops(spec: StreamSpec, demand: Demand, collection: Collection) -> Iterator[Warn]:
    """Stops that no shift is long enough for, and those that fill more trucks a visit than a round is meant for."""
    stops, name, rounds = collection.stops, demand.places["name"], spec.collection
    left = set(collection.unserved.loc[collection.unserved["reason"] == "unserved.longer_than_a_shift", "place_id"])
    far = stops[stops["place_id"].isin(left)].sort_values(["hours", "place_id"])
    if len(far):
        named = [
            f"{name[stop]} ({stop}) {hours:.2f} h" for stop, hours in zip(far["place_id"], far["hours"], strict=True)
        ]
        facts = {"count": len(far), "least": far["hours"].min(), "most": far["hours"].max(), "shift_h": rounds.shift_h}
        yield Warn("W-SHIFT", {"stream": spec.label, **facts, "places": _named(named)})
    full = stops[stops["loads"] > MANY_LOADS].sort_values(["t", "place_id"], ascending=[False, True])
    if rounds.cycles_per_year is None and len(full):  # a campaign clears a year's heap in as many loads as it takes
        rows = zip(full["place_id"], full["t"], full["loads"], strict=True)
        named = [f"{name[stop]} ({stop}) {t:.1f} t = {loads}" for stop, t, loads in rows]
        facts = {"count": len(full), "most": MANY_LOADS, "payload_t": float(full["payload_t"].iloc[0])}
        yield Warn("W-TRUCKLOADS", {"stream": spec.label, **facts, "places": _named(named)})


def _overfull(spec: StreamSpec, haul: gpd.GeoDataFrame, to: gpd.GeoDataFrame) -> Iterator[Warn]:
    """Receivers that get more than they can take, or do not say how much; the haul goes to the cheapest anyway."""
    if spec.haul is None:
        return
    column = facilities()[spec.haul.kind].capacity_column
    intake = haul.groupby("destination_id")["t_per_year"].sum()
    days = 365.0 if column == "capacity_t_per_day" else 1.0
    for receiver, tonnes in intake.items():
        capacity = float(to[column].loc[receiver]) * days if column in to else np.nan
        facts = {"stream": spec.label, "receiver": str(to["name"].loc[receiver]), "t": float(tonnes)}
        if np.isnan(capacity):
            yield Warn("W-HAUL-OPEN", {**facts, "column": column})
        elif tonnes > capacity:
            yield Warn("W-HAUL-CAPACITY", {**facts, "capacity": capacity})


def _named(ids: list[str]) -> str:
    more = len(ids) - SHOWN
    return ", ".join(str(i) for i in ids[:SHOWN]) + (f", +{more}" if more > 0 else "")
