"""The piece of the globe to fetch: as typed, or the boundary of a study with what its rules may reach."""

from __future__ import annotations

import math
from pathlib import Path

from gis_wufei.crs import WGS84
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers import open_layer
from gis_wufei.study import Study

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

REACH_DEG = 0.03  # about 3 km: what lies across the border excludes, too, and roads go round by there
MOST_DEG2 = 25.0  # of one fetch; larger areas are cut from files


def box_of(study: Path | None, bbox: str | None) -> Box | None:
    """The box to fetch; ``None`` where neither is given."""
    if bbox is not None:
        return _typed(bbox)
    if study is None:
        return None
    opened = Study.open(study)
    name, spec = next((name, spec) for name, spec in opened.spec.layers.items() if spec.role == "boundary")
    frame = open_layer(name, spec, opened.folder).frame.to_crs(WGS84)
    west, south, east, north = (float(value) for value in frame.total_bounds)
    grown = (west - REACH_DEG, south - REACH_DEG, east + REACH_DEG, north + REACH_DEG)
    return tuple(round(value, 5) for value in grown)  # type: ignore[return-value]


def _typed(bbox: str) -> Box:
    try:
        numbers = [float(part) for part in bbox.replace("，", ",").split(",")]
    except ValueError:
        numbers = []
    sound = (
        len(numbers) == 4
        and all(map(math.isfinite, numbers))
        and -180 <= numbers[0] < numbers[2] <= 180
        and -90 <= numbers[1] < numbers[3] <= 90
    )
    if not sound:
        raise InputError([Fault("E-FETCH-006", "--bbox", {"found": bbox})])
    west, south, east, north = numbers
    return west, south, east, north


def square_degrees(box: Box) -> float:
    """Size of a box, to refuse one that no server should be asked for."""
    return (box[2] - box[0]) * (box[3] - box[1])
