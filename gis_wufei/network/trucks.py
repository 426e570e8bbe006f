"""A profile of one kind of truck, filled from the standards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_wufei.network.profile import RoadProfile
from gis_wufei.standards import roads, surfaces, traffic, trucks

EXPRESSWAY = "expressway"
ACCESS = {
    "no": "closed",
    "private": "closed",
    "agricultural": "closed",
    "forestry": "closed",
    "agricultural;forestry": "closed",
    "emergency": "closed",
    "military": "closed",
    "destination": "avoid",
    "delivery": "avoid",
    "customers": "avoid",
    "permit": "avoid",
    "permissive": "open",
}
"""Access words as a collecting truck finds them: it has business at its stops, and none on a farm track."""


def truck_profile(
    kind: str,
    loaded: bool = True,
    dangerous_goods: bool = False,
    speeds_kmh: Mapping[str, float] | None = None,
    **fields: Any,
) -> RoadProfile:
    """The profile of a kind of truck of ``standards/trucks.yaml``: size, mass, power, surfaces, signs and limits.

    Parameters
    ----------
    kind
        ``light``, ``medium``, ``heavy`` or ``articulated``; KeyError for another.
    loaded
        Whether it carries its load: decides on the mass at weight limits and on grades.
    dangerous_goods
        Roads signed ``hazmat=no`` are closed, and speeds capped (60 km/h, 80 on expressways).
    speeds_kmh
        Instead of the standards' speeds of loaded trucks, class by class.
    fields
        Further or other fields of ``RoadProfile``, e.g. ``at_hour``, ``banned_classes``, ``height_m``.
    """
    truck, rule = trucks()[kind], {name: entry.value for name, entry in traffic().items()}
    speeds = {name: entry.speed_kmh.value for name, entry in roads().items()} | dict(speeds_kmh or {})
    if dangerous_goods:
        for name in speeds:
            cap = "dangerous_goods_expressway_cap_kmh" if name == EXPRESSWAY else "dangerous_goods_cap_kmh"
            speeds[name] = min(speeds[name], rule[cap])
    axle = truck.axle_load_t.value if loaded else truck.axle_load_t.value * truck.tare_t.value / truck.gross_t.value
    told: dict[str, Any] = {
        "speeds_kmh": speeds,
        "no_access_classes": tuple(name for name, entry in roads().items() if not entry.access),
        "access": ACCESS,
        "avoid_factor": rule["avoid_factor"],
        "maxspeed": True,
        "dangerous_goods": dangerous_goods,
        "u_turns": truck.turns_at,
        "gross_t": truck.gross_t.value,
        "tare_t": truck.tare_t.value,
        "loaded": loaded,
        "axle_load_t": axle,
        "height_m": truck.height_m.value,
        "width_m": truck.width_m.value,
        "length_m": truck.length_m.value,
        "surface_factor": {name: entry.value for name, entry in surfaces().items()},
        "class_surface": {name: entry.surface for name, entry in roads().items() if entry.surface},
        "power_kw": truck.power_kw.value,
        "brake_kw": truck.brake_kw.value,
        "drag_m2": truck.drag_m2.value,
        "rolling": rule["rolling_resistance"],
        "crawl_kmh": rule["crawl_kmh"],
    }
    return RoadProfile(**{**told, **fields})
