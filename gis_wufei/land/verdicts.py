"""What every rule says of single points and parcels: distance measured against distance required."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_wufei.land.access import AccessList
from gis_wufei.land.measures import Measured, Places
from gis_wufei.land.rules import BoundRule
from gis_wufei.layers import Layers

SAYS = {"exclude": "excluded", "condition": "conditional", "prefer_not": "avoided"}
"""Verdict of a rule that touches a place, by its effect."""
GRAVITY = ("excluded", "conditional", "avoided", "unknown", "clear", "dropped", "not_in_force")
"""Verdicts from the one that decides."""
COLUMNS = (
    "place", "rule_id", "verdict", "effect", "operator", "role", "layer", "nearest", "measured", "required", "unit",
    "status", "source", "clause", "superseded", "reason",
)  # fmt: skip


def verdicts(
    shapes: gpd.GeoSeries,
    kind: str,
    bound: Sequence[BoundRule],
    layers: Layers,
    on: date,
    places: Places | None = None,
) -> pd.DataFrame:
    """Every rule of a kind at every place: one row each, places in order, rules in the order given.

    A place is closer than ``distance_m`` if any part of it is, measured true to its shape and to the
    ellipsoid; a distance just as required is clear. Where no layer tells, the verdict is ``unknown``.

    Parameters
    ----------
    shapes
        Points or parcels in the system of the layers; their index names them.
    kind
        Facility kind.
    bound
        Its rules as they bind in the study.
    layers
        Layers that reach beyond every place by the largest distance of a rule.
    on
        The day on which the law must be in force.
    places
        The same shapes beside the same layers, where several kinds are asked about.

    Returns
    -------
    DataFrame
        ``place`` · ``rule_id`` · ``verdict`` (excluded | conditional | avoided | clear | unknown | dropped |
        not_in_force) · ``effect`` · ``operator`` · ``role`` · ``layer`` and ``nearest``, the feature measured
        to · ``measured`` and ``required``, in ``unit`` (nan: nothing to measure) · ``status``, ``source`` ·
        ``clause``, the text of the rule or of the unit's list (a ``Text``, or text) · ``superseded`` ·
        ``reason``, why the study changed the rule.
    """
    places = places or Places(shapes, layers)
    index = np.arange(len(shapes))
    parts = [_of_rule(item, places, on, index) for item in bound]
    parts += list(_of_units(shapes, kind, layers))
    table = {name: np.concatenate([part[name] for part in parts]) for name in (*COLUMNS, "order") if parts}
    frame = pd.DataFrame(table, columns=[*COLUMNS, "order"])
    frame = frame.sort_values(["order"], kind="stable").drop(columns="order").reset_index(drop=True)
    frame["place"] = shapes.index.to_numpy()[frame["place"].to_numpy(np.intp)] if len(frame) else frame["place"]
    return frame


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """What decides at each place; index ``place``.

    ``verdict`` is ``excluded``, ``conditional``, or ``eligible`` as far as the layers tell; ``avoided``
    counts soft rules that touch it, ``unknown`` rules of which nothing is known, ``by`` names the rules
    that decide. Ground of which nothing is known is never called eligible by a rule: it is counted.
    """
    rows = []
    for place, lines in table.groupby("place", sort=False):
        for verdict in ("excluded", "conditional", "eligible"):
            deciding = lines.loc[lines["verdict"] == verdict, "rule_id"]
            if len(deciding) or verdict == "eligible":
                break
        count = lines["verdict"].value_counts()
        soft, unknown = int(count.get("avoided", 0)), int(count.get("unknown", 0))
        by = ", ".join(dict.fromkeys(deciding))
        rows.append({"place": place, "verdict": verdict, "by": by, "avoided": soft, "unknown": unknown})
    return pd.DataFrame(rows, columns=["place", "verdict", "by", "avoided", "unknown"]).set_index("place")


def _of_rule(bound: BoundRule, places: Places, on: date, index: np.ndarray[Any, Any]) -> dict[str, Any]:
    rule = bound.rule
    count = len(index)
    measured: Measured | None = None
    if bound.dropped:
        said = np.full(count, "dropped", dtype=object)
    elif not rule.in_force_on(on):
        said = np.full(count, "not_in_force", dtype=object)
    else:
        measured = places.measure(bound)
        said = np.full(count, "unknown" if measured is None else "clear", dtype=object)
    nothing = np.full(count, "", dtype=object)
    if measured is not None:
        said[measured.unknown] = "unknown"
        said[measured.touched] = SAYS[rule.effect]
    same: dict[str, object] = {
        "rule_id": rule.id, "effect": rule.effect, "operator": rule.operator, "role": rule.role,
        "unit": bound.unit, "status": bound.status, "source": rule.source, "clause": rule.label,
        "superseded": rule.superseded_on(on), "reason": bound.reason,
    }  # fmt: skip
    table: dict[str, Any] = {}
    for name, value in same.items():
        cells = np.empty(count, dtype=object)
        cells[:] = [value] * count
        table[name] = cells
    return {
        **table,
        "place": index,
        "order": index,
        "verdict": said,
        "layer": nothing if measured is None else measured.layer,
        "nearest": nothing if measured is None else measured.nearest,
        "measured": np.full(count, np.nan) if measured is None else measured.found,
        "required": np.full(count, bound.required),
    }


def _of_units(shapes: gpd.GeoSeries, kind: str, layers: Layers) -> Iterator[dict[str, Any]]:
    """What the control units say of the kind where each place lies, clause by clause."""
    found = AccessList.of(layers).at(shapes, kind)
    if len(found):
        yield {name: found[name].to_numpy() for name in (*COLUMNS, "order")}
