"""How vehicles drive: the standards' speeds, what a study says instead, and the vehicles' own limits."""

from __future__ import annotations

from gis_wufei.network import RoadProfile
from gis_wufei.network.spec import RoadsSpec
from gis_wufei.standards import Vehicle, roads


def road_profile(spec: RoadsSpec | None, vehicle: Vehicle | None) -> RoadProfile:
    """Speeds by road class: the standards', the study's instead, never above the vehicle's own limit."""
    own = {} if spec is None else spec.speeds_kmh
    speeds = {name: own.get(name, entry.speed_kmh.value) for name, entry in roads().items()}
    if vehicle is not None:
        for name in speeds:
            cap = vehicle.expressway_speed_cap_kmh if name == "expressway" else vehicle.speed_cap_kmh
            speeds[name] = min(speeds[name], cap or speeds[name])
    no_access = tuple(name for name, entry in roads().items() if not entry.access)
    if spec is None:
        return RoadProfile(speeds_kmh=speeds, no_access_classes=no_access)
    return RoadProfile(
        speeds_kmh=speeds,
        banned_classes=spec.banned_classes,
        no_access_classes=no_access,
        access_speed_kmh=spec.access_speed_kmh,
        max_snap_m=spec.max_snap_m,
    )
