"""The cited numbers: factors, rules, vehicles, facilities, seasons, crops, roads, surfaces, trucks, with their sources.

Each table is one YAML file of this folder, read and checked at its first use. A number without
status and source does not load (pydantic's ``ValidationError`` names the entry).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML

from gis_wufei.standards.models import (
    MONTH_DAYS,
    Clause,
    Crop,
    Effect,
    FacilityKind,
    LandUse,
    Operator,
    Quantity,
    RoadClass,
    Rule,
    Season,
    SizeClass,
    StreamStandard,
    Target,
    Truck,
    UnitRow,
    UnitVerdicts,
    Vehicle,
    Verdict,
)

__all__ = [
    "MONTH_DAYS",
    "Clause",
    "Crop",
    "Effect",
    "FacilityKind",
    "LandUse",
    "Operator",
    "Quantity",
    "RoadClass",
    "Rule",
    "Season",
    "SizeClass",
    "StreamStandard",
    "Target",
    "Truck",
    "UnitRow",
    "UnitVerdicts",
    "Vehicle",
    "Verdict",
    "crops",
    "facilities",
    "factors",
    "land_uses",
    "roads",
    "rules",
    "seasons",
    "streams",
    "surfaces",
    "targets",
    "traffic",
    "trucks",
    "unit_verdicts",
    "vehicles",
]

Entry = TypeVar("Entry", bound=BaseModel)


@cache
def factors() -> Mapping[str, Quantity]:
    """Every factor by id; the id ends in its unit."""
    return _by_id(Quantity, "factors.yaml")


@cache
def rules() -> Mapping[str, Rule]:
    """Every siting rule by id, in the order of the file."""
    entries = TypeAdapter(tuple[Rule, ...]).validate_python(_read("rules.yaml"))
    by_id = {rule.id: rule for rule in entries}
    if len(by_id) < len(entries):
        raise ValueError("rules.yaml: two rules have the same id")
    return MappingProxyType(by_id)


@cache
def vehicles() -> Mapping[str, Vehicle]:
    """Every kind of vehicle by id."""
    return _by_id(Vehicle, "vehicles.yaml")


@cache
def facilities() -> Mapping[str, FacilityKind]:
    """Every facility kind by its code."""
    return _by_id(FacilityKind, "facilities.yaml")


@cache
def land_uses() -> Mapping[str, LandUse]:
    """Every use of land that rules speak of beside facility kinds, by its code."""
    return _by_id(LandUse, "land_uses.yaml")


@cache
def seasons() -> Mapping[str, Season]:
    """Every season by id; its months average 1 over the days of a year."""
    return _by_id(Season, "seasons.yaml")


@cache
def crops() -> Mapping[str, Crop]:
    """Every crop by id."""
    return _by_id(Crop, "crops.yaml")


@cache
def roads() -> Mapping[str, RoadClass]:
    """Every road class by id, from the fastest."""
    return _by_id(RoadClass, "roads.yaml")


@cache
def surfaces() -> Mapping[str, Quantity]:
    """Speed on every surface of OpenStreetMap as a share of that on a paved road."""
    return _by_id(Quantity, "surfaces.yaml")


@cache
def traffic() -> Mapping[str, Quantity]:
    """What holds for trucks on any road, by id; the id ends in its unit."""
    return _by_id(Quantity, "traffic.yaml")


@cache
def trucks() -> Mapping[str, Truck]:
    """Every kind of truck by id, from the lightest."""
    return _by_id(Truck, "trucks.yaml")


@cache
def streams() -> Mapping[str, StreamStandard]:
    """Every stream that a study may name as its standard, by id."""
    return _by_id(StreamStandard, "streams.yaml")


@cache
def targets() -> Mapping[str, Target]:
    """Every target of a plan by id."""
    return _by_id(Target, "targets.yaml")


@cache
def unit_verdicts() -> UnitVerdicts:
    """Default verdicts of the classes of environmental control units."""
    return UnitVerdicts.model_validate(_read("unit_verdicts.yaml"))


def _read(name: str) -> Any:
    source = files("gis_wufei.standards").joinpath(name).read_text(encoding="utf-8")
    return YAML(typ="safe", pure=True).load(source)


def _by_id(entry: type[Entry], name: str) -> Mapping[str, Entry]:
    adapter: TypeAdapter[dict[str, Entry]] = TypeAdapter(dict[str, entry])  # type: ignore[valid-type]
    return MappingProxyType(adapter.validate_python(_read(name)))
