"""How a study's vehicles drive: the standards' speeds, what the study says instead, and their own limits."""

from __future__ import annotations

from gis_wufei.network import RoadProfile
from gis_wufei.standards import Vehicle, roads
from gis_wufei.study import Study


def road_profile(study: Study, vehicle: Vehicle | None) -> RoadProfile:
    """Speeds by road class: the standards', the study's instead, never above the vehicle's own limit."""
    spec = study.spec.roads
    speeds = {name: spec.speeds_kmh.get(name, entry.speed_kmh.value) for name, entry in roads().items()}
    if vehicle is not None:
        for name in speeds:
            cap = vehicle.expressway_speed_cap_kmh if name == "expressway" else vehicle.speed_cap_kmh
            speeds[name] = min(speeds[name], cap or speeds[name])
    return RoadProfile(
        speeds_kmh=speeds,
        banned_classes=spec.banned_classes,
        no_access_classes=tuple(name for name, entry in roads().items() if not entry.access),
        access_speed_kmh=spec.access_speed_kmh,
        max_snap_m=spec.max_snap_m,
    )
