"""A stream named by its standard: what the entry leaves out, the standard says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from gis_wufei.errors import unknown_name
from gis_wufei.standards import StreamStandard, factors, streams


def with_standard(raw: Any, info: ValidationInfo) -> Any:
    """A stream's entry with the label and demand of its standard under what it says itself.

    The layer may be left out where exactly one of the study plays the standard's role. A factor for
    which the sources give no figure must stand in the study's ``factors``; a sector whose factor
    does not is left to what its producers report.
    """
    raw = _frozen(raw)  # what a validator returns is checked strictly, and only a tuple is one then
    if not isinstance(raw, dict) or not isinstance(raw.get("standard"), str):
        return raw
    if raw["standard"] not in streams():
        raise unknown_name(raw["standard"], streams(), at="standard")
    standard = streams()[raw["standard"]]
    given = raw.get("demand", {})
    if not isinstance(given, dict):
        return raw
    formula = given.get("formula", standard.demand["formula"])
    if formula != standard.demand["formula"]:
        facts = {"standard": raw["standard"], "found": formula, "formula": standard.demand["formula"]}
        raise PydanticCustomError("standard_formula", "{standard} is {formula}, not {found}", {**facts, "at": "demand"})
    context = info.context or {}
    demand = {**_frozen(standard.demand), **_layer(standard, context.get("layers", {})), **given}
    own: Mapping[str, Any] = context.get("factors", {})
    missing = [name for name in standard.user_set if name not in own and _names(demand, name)]
    if missing:
        needed = ", ".join(f"{name} ({standard.user_set[name]})" for name in missing)
        facts = {"standard": raw["standard"], "needed": needed}
        raise PydanticCustomError("user_set", "set {needed} under factors", {**facts, "at": "standard"})
    if "sector_factors" in standard.demand and "sector_factors" not in given:
        known = {**factors(), **own}
        demand["sector_factors"] = {key: name for key, name in demand["sector_factors"].items() if name in known}
    return {"label": standard.label.model_dump(), **raw, "demand": demand}


def _frozen(value: Any) -> Any:
    """The same with tuples for lists."""
    if isinstance(value, Mapping):
        return {key: _frozen(entry) for key, entry in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _layer(standard: StreamStandard, played: Mapping[str, str]) -> dict[str, str]:
    fits = [name for name, role in played.items() if role == standard.role]
    return {"layer": fits[0]} if len(fits) == 1 else {}


def _names(demand: Mapping[str, Any], factor: str) -> bool:
    """Whether an entry names a factor anywhere but by sector, where reported tonnes stand in for it."""

    def inside(value: Any) -> bool:
        if isinstance(value, Mapping):
            return any(inside(entry) for key, entry in value.items() if key != "sector_factors")
        return factor in value if isinstance(value, list | tuple) else value == factor

    return inside(demand)
