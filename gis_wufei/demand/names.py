"""Names that a demand entry may write: factors by their unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from gis_wufei.errors import OneOf, unknown_name
from gis_wufei.standards import factors, seasons

MU_M2 = 2000 / 3
Level = Literal["low", "default", "high"]
LEVELS: tuple[Level, ...] = ("low", "default", "high")
OPPOSITE: Mapping[Level, Level] = {"low": "high", "default": "default", "high": "low"}
Floats = NDArray[np.float64]

RATE = re.compile(r"(?P<mass>kg|t)(?:/(?P<thing>[a-z][a-z0-9 _]*))?/(?P<time>yr|d)")
"""Unit of what one thing makes: kg/yr (of the whole producer), kg/bed/d, t/head/yr."""


def factor_in(*units: str, most: float | None = None) -> AfterValidator:
    """Validator of a factor's id: the standards or the study have it, and its unit is one of ``units``.

    ``most`` bounds its high value: more than all cannot be taken off.
    """

    def check(name: str, info: ValidationInfo) -> str:
        unit, high = _known(name, info, lambda found: found in units)
        if unit is not None and unit not in units:
            facts: dict[str, Any] = {"name": name, "found": unit, "unit": " / ".join(units)}
            raise PydanticCustomError("unit", "{name} is in {found}, not in {unit}", facts)
        if most is not None and high is not None and high > most:
            raise PydanticCustomError("share", "{name} may be {found}", {"name": name, "found": high})
        return name

    return AfterValidator(check)


def rate_of() -> AfterValidator:
    """Validator of a factor's id whose unit is a rate: mass (of one thing) in a time, ``RATE``."""

    def check(name: str, info: ValidationInfo) -> str:
        unit, _ = _known(name, info, lambda found: RATE.fullmatch(found) is not None)
        if unit is not None and RATE.fullmatch(unit) is None:
            facts: dict[str, Any] = {"name": name, "found": unit, "unit": "kg/yr / kg/…/yr / kg/…/d"}
            raise PydanticCustomError("unit", "{name} is in {found}, not in {unit}", facts)
        return name

    return AfterValidator(check)


def rate(unit: str) -> tuple[str | None, float]:
    """What a rate counts (``None``: the producer as one) and its factor to tonnes a year."""
    found = RATE.fullmatch(unit)
    if found is None:
        raise ValueError(f"{unit} is no rate")
    return found["thing"], {"kg": 1e-3, "t": 1.0}[found["mass"]] * {"yr": 1.0, "d": 365.0}[found["time"]]


def value_of(name: str, info: ValidationInfo) -> float | None:
    """Default value of a factor where the study's own or the standards' is a number; else ``None``."""
    own = _own(info)
    value = own[name].get("value") if name in own else factors()[name].value if name in factors() else None
    return float(value) if isinstance(value, int | float) else None


def _own(info: ValidationInfo) -> Mapping[str, Mapping[str, Any]]:
    own: Mapping[str, Mapping[str, Any]] = (info.context or {}).get("factors", {})
    return own


def _known(name: str, info: ValidationInfo, suits: Any) -> tuple[str | None, float | None]:
    """Unit and high value of a factor; a name that nobody has is told with the closest that suits."""
    own = _own(info)
    if name not in own and name not in factors():
        fits: Iterable[str] = (key for key, quantity in factors().items() if suits(quantity.unit))
        raise unknown_name(name, {*fits, *own})
    if name not in own:
        return factors()[name].unit, factors()[name].high
    high = own[name].get("high", own[name].get("value"))
    return own[name].get("unit"), high if isinstance(high, int | float) else None


SeasonId = Annotated[str, OneOf(seasons)]
ShareId = Annotated[str, factor_in("1")]
PartId = Annotated[str, factor_in("1", most=1.0)]
