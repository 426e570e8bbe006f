"""Which layers stand behind a result, and whether their data is synthetic."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from gis_wufei.plan import Plan, StreamPlan


def together(states: Iterable[str]) -> str:
    """The state of data made of several: ``all``, ``some``, ``none`` or ``unknown``; doubt is never ``none``."""
    found = set(states)
    if found == {"all"}:
        return "all"
    if found & {"all", "some"}:
        return "some"
    return "none" if found == {"none"} else "unknown"


def state_of(plan: Plan, layers: Iterable[str] | None = None) -> str:
    """The joint state of some layers of the study; default: of all."""
    names = plan.layers.by_name if layers is None else layers
    return together(plan.layers[name].certificate.synthetic for name in names)


def demand_layers(stream: StreamPlan) -> tuple[str, ...]:
    """Layers that the places come from."""
    spec = stream.spec.demand
    stops = getattr(spec, "stops", None)
    return (spec.layer,) if stops is None else (spec.layer, stops)


def land_layers(plan: Plan, stream: StreamPlan) -> tuple[str, ...]:
    """Layers that decide where the stream's facilities may stand."""
    roles = {line.role for line in stream.eligibility.ledger if line.applied} | {"boundary", "access_list"}
    roads = plan.study.spec.roads.layer
    return tuple(name for name, layer in plan.layers.by_name.items() if layer.role in roles or name == roads)


def stream_layers(plan: Plan, stream: StreamPlan) -> tuple[str, ...]:
    """Every layer that the stream's plan rests on, in the order of the study."""
    ends = (stream.spec.facility.existing, stream.spec.haul.layer if stream.spec.haul else None)
    used = {*demand_layers(stream), *land_layers(plan, stream), *ends}
    return tuple(name for name in plan.layers.by_name if name in used)


def row_states(frame: pd.DataFrame) -> pd.Series:
    """State of each row by its own word; one that says nothing is unknown."""
    if "synthetic" not in frame:
        return pd.Series("unknown", index=frame.index, dtype=object)
    return frame["synthetic"].astype(object).map({True: "all", False: "none"}).fillna("unknown")


def place_states(plan: Plan, stream: StreamPlan) -> pd.Series:
    """State of each place, by place_id; its own row tells, where the layer says anything at all."""
    places = stream.demand.places
    joint = state_of(plan, demand_layers(stream))
    if joint == "unknown":
        return pd.Series("unknown", index=places.index, dtype=object)
    return row_states(places)


def site_states(plan: Plan, stream: StreamPlan) -> pd.Series:
    """State of each site, by site_id: a standing one by its own row, a candidate by the land it was drawn from."""
    states = pd.Series(state_of(plan, land_layers(plan, stream)), index=stream.sites.index, dtype=object)
    existing = stream.spec.facility.existing
    if existing is None:
        return states
    frame = plan.layers[existing].frame.set_index("facility_id")
    own = row_states(frame)
    standing = states.index[(stream.sites["state"] == "keep").to_numpy()]
    states.loc[standing] = own.reindex(standing).fillna("unknown").to_numpy()
    return states
