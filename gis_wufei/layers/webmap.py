"""Datums of Chinese online maps: GCJ-02 (Amap, Tencent) and BD-09 (Baidu), undone with prcoords."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import prcoords
from numpy.typing import NDArray

Degrees = NDArray[np.float64]

# How people write them, without blanks, dashes, underscores and case.
NAMES = {
    "gcj02": "GCJ-02",
    "gcj2": "GCJ-02",
    "火星坐标": "GCJ-02",
    "火星坐标系": "GCJ-02",
    "火星": "GCJ-02",
    "国测局坐标": "GCJ-02",
    "国测局": "GCJ-02",
    "高德": "GCJ-02",
    "高德坐标": "GCJ-02",
    "高德坐标系": "GCJ-02",
    "高德地图": "GCJ-02",
    "腾讯": "GCJ-02",
    "腾讯坐标": "GCJ-02",
    "腾讯地图": "GCJ-02",
    "amap": "GCJ-02",
    "gaode": "GCJ-02",
    "bd09": "BD-09",
    "bd09ll": "BD-09",
    "bd9": "BD-09",
    "百度": "BD-09",
    "百度坐标": "BD-09",
    "百度坐标系": "BD-09",
    "百度经纬度": "BD-09",
    "百度地图": "BD-09",
    "baidu": "BD-09",
}
SAME = 1e-11  # degrees, a thousandth of a millimetre: where the search for the inverse stops
MOST_STEPS = 30


def webmap(name: str | None) -> str | None:
    """``GCJ-02`` or ``BD-09`` if a declared system is one of them, in any of its usual spellings."""
    plain = "".join(c for c in (name or "").casefold() if c not in " -_—–:：()（）")
    return NAMES.get(plain)


# prcoords takes one place a call; its own formulas, given numpy in the place of ``math``, take a million.
_ARRAYS = SimpleNamespace(
    sin=np.sin, cos=np.cos, sqrt=np.sqrt, pow=np.power, radians=np.radians, atan2=np.arctan2, pi=math.pi, hypot=np.hypot
)


def _on_arrays(formula: Callable[..., Any]) -> Callable[..., Any]:
    assert isinstance(formula, FunctionType)
    names = {**formula.__globals__, "math": _ARRAYS, "abs": np.abs}
    return FunctionType(formula.__code__, names, formula.__name__, formula.__defaults__)


_wgs_gcj, _gcj_bd = _on_arrays(prcoords.wgs_gcj), _on_arrays(prcoords.gcj_bd)


def to_webmap(datum: str, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS 84 degrees as the online map shows them. The place is not asked for: see ``crs.in_china``."""
    moved = _wgs_gcj((lat, lon), False)
    if datum == "BD-09":
        moved = _gcj_bd(moved)
    return moved[1], moved[0]


def from_webmap(datum: str, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """WGS 84 degrees of what an online map shows, exact to far less than a millimetre."""
    x, y = np.array(lon, dtype=float), np.array(lat, dtype=float)
    with np.errstate(all="ignore"):  # what is no place becomes none, and is told with its row
        for _ in range(MOST_STEPS):
            shown_x, shown_y = to_webmap(datum, x, y)
            left_x, left_y = lon - shown_x, lat - shown_y
            x, y = x + left_x, y + left_y
            if not len(x) or max(np.max(np.abs(left_x)), np.max(np.abs(left_y))) < SAME:
                break
    return x, y
