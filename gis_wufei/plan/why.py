"""Why here, why not there: what every rule says of a facility at points and parcels of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis_wufei.crs import WGS84, crs_label, transformer
from gis_wufei.errors import Fault, InputError, listed, nearest
from gis_wufei.land import BoundRule, RuleChange, binding_rules
from gis_wufei.land.verdicts import GRAVITY, summary, verdicts
from gis_wufei.layers import Layers, gather
from gis_wufei.standards import facilities, land_uses
from gis_wufei.study import Study
from gis_wufei.text import Text

BEYOND_M = 10_000.0
"""So much farther than any rule reaches are features kept, so that the nearest is told beyond the border, too."""
ALWAYS = frozenset({"boundary", "units", "access_list"})


@dataclass(frozen=True, eq=False)
class Why:
    """The answer: ``table`` as ``gis_wufei.land.verdicts`` makes it, ``verdicts`` what decides at each place."""

    study: Study
    kind: str
    label: Text
    places: gpd.GeoSeries
    table: pd.DataFrame
    verdicts: pd.DataFrame
    layers: Layers

    def lines(self, place: object) -> pd.DataFrame:
        """The rules at one place, the gravest first, and of equals the one with least to spare."""
        lines = self.table[self.table["place"] == place]
        gravity = lines["verdict"].map({verdict: at for at, verdict in enumerate(GRAVITY)})
        spare = (lines["measured"].astype(float) - lines["required"].astype(float)).abs()
        order = np.lexsort((np.arange(len(lines)), spare.fillna(np.inf), gravity))
        return lines.iloc[order]

    def told(self, lang: str) -> dict[str, Any]:
        """The answer as plain values, for JSON."""
        to = transformer(CRS(self.places.crs), WGS84)
        middles = shapely.get_coordinates(shapely.point_on_surface(self.places.to_numpy()))
        lon, lat = to.transform(middles[:, 0], middles[:, 1])
        places = [
            {
                "place": _plain(place),
                "lon": round(float(x), 7),
                "lat": round(float(y), 7),
                **{name: _plain(cell) for name, cell in self.verdicts.loc[place].items()},
                "rules": [_line(line, lang) for line in self.lines(place).drop(columns="place").to_dict("records")],
            }
            for place, x, y in zip(self.places.index, lon, lat, strict=True)
        ]
        return {
            "study": self.study.spec.name,
            "scenario": self.study.scenario,
            "date": self.study.spec.date.isoformat(),
            "crs": crs_label(CRS(self.places.crs)),
            "facility": self.kind,
            "label": self.label.in_lang(lang),
            "places": places,
        }


def why(study: Study, kind: str, shapes: gpd.GeoSeries, stream: str | None = None) -> Why:
    """Ask what every rule says of a facility kind at points or parcels.

    Parameters
    ----------
    study
        The study in its scenario; its changes of rules hold.
    kind
        Facility kind, or a use of land such as ``PV``.
    shapes
        Points or parcels in any system; the index names them.
    stream
        The stream whose changes of rules hold, where several site this kind.

    Raises
    ------
    InputError
        A kind without rules, a stream that does not site it, a place outside the study area, and every
        fault of the layers.
    """
    label = _label(kind)
    bound = binding_rules(kind, _changes(study, kind, stream))
    if not bound:
        raise InputError([Fault("E-WHY-002", "facility", {"kind": kind})])
    layers = _layers(study, bound)
    placed = shapes.to_crs(layers.area.crs)
    outside = ~placed.intersects(layers.area.geometry.iloc[0]).to_numpy()
    if outside.any():
        apart = placed[outside].distance(layers.area.geometry.iloc[0])
        told = ", ".join(f"{name} ({metres / 1000:,.1f} km)" for name, metres in list(apart.items())[:8])
        raise InputError([Fault("E-WHY-003", "LON LAT", {"places": told})])
    table = verdicts(placed, kind, bound, layers, study.spec.date)
    return Why(study, kind, label, placed, table, summary(table), layers)


def _label(kind: str) -> Text:
    known: Mapping[str, Any] = {**facilities(), **land_uses()}
    if kind not in known:
        facts = {"kind": kind, "hint": nearest(kind, known), "known": listed(known, 99)}
        raise InputError([Fault("E-WHY-001", "facility", facts)])
    label: Text = known[kind].label
    return label


def _changes(study: Study, kind: str, stream: str | None) -> tuple[RuleChange, ...]:
    """What the study changes of the rules of a kind; several streams that differ must be told apart."""
    sited = {name: spec.facility.rules for name, spec in study.spec.streams.items() if spec.facility.kind == kind}
    if stream is not None:
        if stream not in sited:
            raise InputError([Fault("E-WHY-004", "stream", {"stream": stream, "kind": kind, "known": listed(sited)})])
        return sited[stream]
    changes = list(sited.values())
    if any(one != changes[0] for one in changes):
        raise InputError([Fault("E-WHY-005", "stream", {"kind": kind, "known": listed(sited)})])
    return changes[0] if changes else ()


def _layers(study: Study, bound: tuple[BoundRule, ...]) -> Layers:
    """The layers that the rules speak of, and no other."""
    wanted = ALWAYS | {item.rule.role for item in bound}
    specs = {name: spec for name, spec in study.spec.layers.items() if spec.role in wanted}
    reach = max(item.distance_m for item in bound)
    return gather(specs, study.folder, study.spec.crs, reach + BEYOND_M)


def _line(line: Mapping[Any, Any], lang: str) -> dict[str, Any]:
    return {str(name): cell.in_lang(lang) if isinstance(cell, Text) else _plain(cell) for name, cell in line.items()}


def _plain(cell: Any) -> Any:
    """A value that JSON knows; nothing where there is no number."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, float):
        return None if not np.isfinite(cell) else round(cell, 3)
    return cell
