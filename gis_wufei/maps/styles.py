"""The looks of the map's layers, read from ``styles.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

Style = dict[str, Any]


@cache
def _styles() -> dict[str, Any]:
    source = files("gis_wufei.maps").joinpath("styles.yaml").read_text(encoding="utf-8")
    styles: dict[str, Any] = YAML(typ="safe", pure=True).load(source)
    return styles


def roles_in_order() -> tuple[str, ...]:
    """Roles as the layer panel lists them."""
    return tuple(_styles()["roles"])


def of_role(role: str) -> Style:
    """Look of a study's layer; a role without an entry looks like a background layer."""
    looks = _styles()["roles"]
    found: Style = looks.get(role, looks["context"])
    return found


def of_result(name: str, position: int) -> Style:
    """Look of a result layer of the stream at ``position``, in that stream's hue."""
    hues = _styles()["hues"]
    found: Style = _in_hue(_styles()["results"][name], hues[position % len(hues)])
    return found


def of_finding(kind: str) -> Style:
    """Look of a kind of finding of a road network; a kind without an entry looks like the first of the others."""
    looks = _styles()["findings"]
    found: Style = looks.get(kind, looks["other"])
    return found


def of_network(part: str) -> Style:
    """Look of a part of a road network: its classes, main, other, closed."""
    found: Style = _styles()["network"][part]
    return found


def series(position: int) -> str:
    """Colour of a class that has none of its own."""
    colours = _styles()["series"]
    return str(colours[position % len(colours)])


def _in_hue(value: Any, hue: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _in_hue(item, hue) for key, item in value.items()}
    return hue.get(value, value) if isinstance(value, str) else value
