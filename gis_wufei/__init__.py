"""Siting studies, route plans and interactive maps for county waste systems (无废, zero waste).

>>> from gis_wufei import Study, make_plan
>>> plan = make_plan(Study.open("layers/dalad"))       # doctest: +SKIP
>>> plan.streams["straw"].figures["yuan_per_t"]         # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gis_wufei.errors import CheckFailedError, InputError, WufeiError
    from gis_wufei.maps import write_map
    from gis_wufei.plan import Plan, Reading, StreamPlan, make_plan, read_study
    from gis_wufei.report import publish
    from gis_wufei.study import Study

    __version__: str

__all__ = [
    "CheckFailedError",
    "InputError",
    "Plan",
    "Reading",
    "StreamPlan",
    "Study",
    "WufeiError",
    "make_plan",
    "publish",
    "read_study",
    "write_map",
]

# Loaded at first use: importing the package costs nothing until something of it is wanted.
_HOME = {
    "CheckFailedError": "errors",
    "InputError": "errors",
    "WufeiError": "errors",
    "Study": "study",
    "Plan": "plan",
    "Reading": "plan",
    "StreamPlan": "plan",
    "make_plan": "plan",
    "read_study": "plan",
    "publish": "report",
    "write_map": "maps",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("gis-wufei")
    if name not in _HOME:
        raise AttributeError(f"module 'gis_wufei' has no attribute {name!r}")
    return getattr(import_module(f"gis_wufei.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
