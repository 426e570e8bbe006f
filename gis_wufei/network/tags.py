"""What OpenStreetMap's words mean here: road classes, one-ways, limits with their units.

The same reading serves a PBF, an OSMnx graph and the layer that ``fetch`` writes, so that all three
make the same network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PositiveFloat
from ruamel.yaml import YAML

ROUTE = re.compile(r"^([GSXYC])\d{3,}")  # of an ordinary road; motorways have fewer digits
ONEWAY = {"yes": "forward", "true": "forward", "1": "forward", "-1": "backward", "reverse": "backward"}
"""What tells a way of travel. All else (no, reversible, alternating) is both ways: a lane whose way
changes with the hour serves both in the course of a day."""

ROUND = ("roundabout", "circular")
ACCESS = ("access", "vehicle", "motor_vehicle", "goods", "hgv")
"""Keys that say who may enter, from the most general to the most particular; the last one told holds."""

_NUMBER = r"(\d{1,7}(?:[.,]\d{1,4})?|[.,]\d{1,4})"
_AMOUNT = re.compile(rf"^{_NUMBER}\s*([a-z/]*)\.?$")
_FEET = re.compile(rf"^{_NUMBER}\s*(?:'|′|ft|feet)\.?\s*(?:{_NUMBER}\s*(?:\"|″|''|in|inches)?\.?)?$")
_ZONE = re.compile(r"^(?:[a-z]{2}:)?(?:zone:?)(\d{1,3})$")

MPH_KMH = 1.609344
SPEEDS = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": MPH_KMH, "knots": 1.852}
WEIGHTS = {"": 1.0, "t": 1.0, "kg": 0.001, "st": 0.90718474, "lt": 1.0160469088, "lbs": 0.00045359237}
WEIGHTS |= {"lb": WEIGHTS["lbs"], "ton": 1.0, "tons": 1.0, "tonnes": 1.0, "mt": 1.0}
LENGTHS = {"": 1.0, "m": 1.0, "cm": 0.01, "ft": 0.3048, "feet": 0.3048, "in": 0.0254}


class RoadWords(BaseModel):
    """``osm.yaml``: which highways are taken, and as what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    classes: dict[str, str]
    refs: dict[str, str]
    without: dict[str, tuple[str, ...]]
    zones_source: str
    zones_kmh: dict[str, PositiveFloat]


@cache
def road_words() -> RoadWords:
    """The table, read once."""
    told = files("gis_wufei.network").joinpath("osm.yaml").read_text(encoding="utf-8")
    return RoadWords(**YAML(typ="safe", pure=True).load(told))


def route_letter(highway: str, ref: str | None) -> str | None:
    """Letter of a Chinese route number that outranks ``highway``, where the road is in China; ``None`` elsewhere."""
    route = ROUTE.match((ref or "").upper().replace(" ", ""))
    return route[1] if route and not highway.startswith("motorway") else None


def road_class(highway: str, ref: str | None, china: bool) -> str:
    """Our class of a highway that is taken; KeyError for one that is not."""
    letter = route_letter(highway, ref) if china else None
    return road_words().refs[letter] if letter else road_words().classes[highway]


def oneway(tags: Mapping[str, str]) -> str:
    """Way of travel: ``forward`` or ``backward`` against the drawing, or ``no``.

    What is stated holds; a roundabout or a motorway that states nothing is one way, as drawn.
    """
    stated = tags.get("oneway")
    if stated is not None:
        return ONEWAY.get(stated, "no")
    implied = tags.get("junction") in ROUND or tags.get("highway", "").startswith("motorway")
    return "forward" if implied else "no"


def kmh(text: str) -> float:
    """Speed limit in km/h of one word (``50``, ``30 mph``, ``CN:urban``, ``walk``); nan where it tells none."""
    word = text.strip().lower()
    zone = _ZONE.match(word)
    if zone:
        return float(zone[1]) or np.nan
    told = road_words().zones_kmh
    country, _, place = text.strip().rpartition(":")
    named = told.get(f"{country.upper()}:{place}") or told.get(place)
    return named if named is not None else _amount(word, SPEEDS)


def tonnes(text: str) -> float:
    """Weight limit in tonnes (``3.5``, ``7.5 t``, ``3500 kg``, ``10 st``); nan where it tells none."""
    value = _amount(text.strip().lower(), WEIGHTS)
    # No bridge bears a sign of a thousand tonnes: a bare 3500 is kilograms.
    return value / 1000 if value >= 1000 else value


def metres(text: str) -> float:
    """Size limit in metres (``3.8``, ``380 cm``, ``12'6"``, ``12 ft``); nan where it tells none (``default``)."""
    word = text.strip().lower()
    feet = _FEET.match(word)
    if feet:
        return _number(feet[1]) * 0.3048 + _number(feet[2] or "0") * 0.0254
    return _amount(word, LENGTHS)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _amount(word: str, units: Mapping[str, float]) -> float:
    told = _AMOUNT.match(word)
    value = _number(told[1]) * units[told[2]] if told and told[2] in units else np.nan
    return value if value > 0 else np.nan


LIMITS: dict[str, tuple[str, Callable[[str], float]]] = {
    "maxspeed": ("maxspeed_kmh", kmh),
    "maxspeed:hgv": ("maxspeed_hgv_kmh", kmh),
    "maxweight": ("maxweight_t", tonnes),
    "maxaxleload": ("maxaxleload_t", tonnes),
    "maxheight": ("maxheight_m", metres),
    "maxwidth": ("maxwidth_m", metres),
    "maxlength": ("maxlength_m", metres),
}
"""OpenStreetMap's key: our column of numbers, and how a word becomes one."""


def least(text: object, read: Callable[[str], float]) -> float:
    """The lowest of the limits that a tag tells (``7.5;3.5``); nan where it tells none. Numbers pass as they are."""
    if isinstance(text, int | float | np.number):
        return float(text) if text > 0 else np.nan
    if not isinstance(text, str):
        return np.nan
    values = [read(word) for word in text[:80].split(";")]
    told = [value for value in values if not np.isnan(value)]
    return min(told) if told else np.nan


def limit(roads: pd.DataFrame, key: str) -> NDArray[np.float64] | None:
    """float[R], a limit of every row from our column of numbers or OpenStreetMap's own tag; ``None`` = no such column.

    Parameters
    ----------
    roads
        The rows of a road layer.
    key
        Of ``LIMITS``, e.g. ``maxheight``.
    """
    column, read = LIMITS[key]
    if column in roads:
        return pd.to_numeric(roads[column], errors="coerce").to_numpy(np.float64)
    for name in (key, f"osm_{key}"):
        if name in roads:
            return mapped(roads[name], lambda word: least(word, read))
    return None


def mapped(words: pd.Series[Any], read: Callable[[Any], float]) -> NDArray[np.float64]:
    """float[R], a number for each word; every different word is read once, missing ones are nan."""
    code, seen = pd.factorize(words)
    return np.array([*(read(word) for word in seen), np.nan], np.float64)[code]


def words_of(roads: pd.DataFrame, key: str) -> pd.Series[Any] | None:
    """A column of OpenStreetMap words as text, under its own name or the one ``fetch`` gives it."""
    name = next((name for name in (key, f"osm_{key}") if name in roads), None)
    return None if name is None else roads[name].astype(object)
