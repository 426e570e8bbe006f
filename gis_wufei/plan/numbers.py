"""Every number a plan rests on, with its range, status and source, and the streams that use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd
from pydantic import BaseModel

from gis_wufei.demand import CropResidueDemand
from gis_wufei.layers import Layers
from gis_wufei.plan.model import StreamPlan
from gis_wufei.standards import Quantity, crops, facilities, roads, rules, vehicles
from gis_wufei.study import Study
from gis_wufei.text import Text, text

COLUMNS = ["id", "label_zh", "label_en", "value", "low", "high", "unit", "status", "source", "streams"]

CROP_PARTS = ("yield_kg_per_mu", "residue_ratio", "collection_share")
ROUND_PARTS = {
    "stop_min": "min",
    "load_min_per_t": "min/t",
    "unload_min": "min",
    "shift_h": "h",
    "vehicle_days_per_year": "d/yr",
}
HAUL_PARTS = {"load_min": "min", "unload_min": "min", "shift_h": "h", "vehicle_days_per_year": "d/yr"}
ROAD_PARTS = {"access_speed_kmh": "km/h", "max_snap_m": "m"}
TRUCK_PARTS = {"payload_t": "t", "fixed_yuan_per_year": "yuan/yr", "variable_yuan_per_km": "yuan/km"}

Named = tuple[str, Text | None, Quantity]


def numbers(study: Study, layers: Layers, plans: Mapping[str, StreamPlan]) -> pd.DataFrame:
    """One row a number (columns ``COLUMNS``), in the order of first use."""
    used: dict[str, tuple[Text | None, Quantity]] = {}
    users: dict[str, list[str]] = {}
    for name, plan in plans.items():
        for key, label, number in _of_stream(study, layers, plan):
            used[key] = label or number.label, number
            if name not in users.setdefault(key, []):
                users[key].append(name)
    rows = []
    for key, (label, number) in used.items():
        shown = label or Text(zh=key, en=key)
        cited = (number.value, number.low, number.high, number.unit, number.status, number.source)
        rows.append((key, shown.zh, shown.en, *cited, ", ".join(users[key])))
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_stream(study: Study, layers: Layers, plan: StreamPlan) -> Iterator[Named]:
    spec, known = plan.spec, study.numbers
    shares = spec.haul.output_shares if spec.haul else ()
    for factor in (*plan.demand.factor_ids, *shares, "discount_rate_per_year"):
        yield factor, None, known[factor]
    if isinstance(spec.demand, CropResidueDemand):
        yield from _of_crops(sorted(set(layers[spec.demand.layer].frame["crop"])))
    yield from _of_facility(spec.facility.kind, spec.facility.sizes)
    for vehicle in sorted({spec.collection.vehicle, *([spec.haul.vehicle] if spec.haul else [])}):
        yield from _of_truck(vehicle)
    yield from _of_roads(study.spec.roads.speeds_kmh)
    yield from _of_study("roads", study.spec.roads, ROAD_PARTS)
    yield from _of_study(f"{plan.id}.collection", spec.collection, ROUND_PARTS)
    if spec.haul is not None:
        yield from _of_study(f"{plan.id}.haul", spec.haul, HAUL_PARTS)
    yield from _of_rules(plan)


def _of_crops(names: list[str]) -> Iterator[Named]:
    for name in names:
        for part in CROP_PARTS:
            number = getattr(crops()[name], part)
            if number is not None:
                yield f"crop.{name}.{part}", _joined(crops()[name].label, text(f"number.{part}")), number


def _of_facility(name: str, sizes: tuple[str, ...]) -> Iterator[Named]:
    kind = facilities()[name]
    for size in kind.sizes:
        if not sizes or size.id in sizes:
            yield f"facility.{size.id}.capex", _joined(kind.label, size.label, text("number.capex")), size.capex_yuan
    life = _exact(kind.life_years, "yr", kind.status, kind.source)
    yield f"facility.{name}.life_years", _joined(kind.label, text("number.life_years")), life
    yield f"facility.{name}.opex_share", _joined(kind.label, text("number.opex_share")), kind.opex_share


def _of_truck(name: str) -> Iterator[Named]:
    truck = vehicles()[name]
    for part, unit in TRUCK_PARTS.items():
        number = _exact(getattr(truck, part), unit, truck.status, truck.source)
        yield f"vehicle.{name}.{part}", _joined(truck.label, text(f"number.{part}")), number


def _of_roads(own: Mapping[str, float]) -> Iterator[Named]:
    for name, road in roads().items():
        number = _exact(own[name], "km/h", "user", "study.yaml") if name in own else road.speed_kmh
        yield f"road.{name}.speed", _joined(road.label, text("number.speed")), number


def _of_study(where: str, spec: BaseModel, parts: Mapping[str, str]) -> Iterator[Named]:
    """Numbers of the study's own: given in its file, or the defaults of its models."""
    for part, unit in parts.items():
        given = part in spec.model_fields_set
        source = f"study.yaml {where}.{part}" if given else f"default of {type(spec).__name__}.{part}"
        yield f"study.{where}.{part}", text(f"number.{part}"), _exact(getattr(spec, part), unit, "user", source)


def _of_rules(plan: StreamPlan) -> Iterator[Named]:
    """Distances of the rules that were applied, as the study changed them."""
    for line in plan.eligibility.ledger:
        if not line.applied or line.distance_m == 0:
            continue
        standard = rules()[line.rule_id].distance_m
        told = {
            "value": line.distance_m,
            "low": min(standard.low, line.distance_m),
            "high": max(standard.high, line.distance_m),
            "status": line.status,
            "source": f"{line.source}; study.yaml: {line.reason}" if line.reason else line.source,
        }
        yield f"rule.{line.rule_id}.distance", line.label, standard.model_copy(update=told)


def _exact(value: float, unit: str, status: str, source: str) -> Quantity:
    """A number without a range."""
    cited = {"value": value, "unit": unit, "status": status, "source": source}
    return Quantity.model_validate(cited)


def _joined(*labels: Text) -> Text:
    return Text(zh=" ".join(label.zh for label in labels), en=", ".join(label.en for label in labels))
