"""``wufei network area``: what lies, and who lives, within some minutes of places."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rich.console import Console

from gis_wufei.cli.answer import print_json, table, tell
from gis_wufei.cli.graphs import facts_of, print_head, write_layers
from gis_wufei.cli.outfile import refuse_target, suffix_of, whole
from gis_wufei.cli.points import People, Points, places_json, prepared, print_off_road
from gis_wufei.cli.roads import Roads
from gis_wufei.errors import Fault, InputError, visible
from gis_wufei.network import served, service_areas
from gis_wufei.plan.walk import LEAST_PART
from gis_wufei.text import say


def minutes_of(told: str) -> tuple[float, ...]:
    """Times in minutes, ascending and above 0."""
    try:
        minutes = tuple(float(word) for word in told.replace("，", ",").split(","))
    except ValueError:
        minutes = ()
    sound = all(np.isfinite(one) and one > 0 for one in minutes) and all(a < b for a, b in pairwise(minutes))
    if not minutes or not sound:
        raise InputError([Fault("E-ROAD-009", "--minutes", {"found": told})])
    return minutes


def area(
    roads: Roads,
    facilities: Points,
    people: People | None,
    minutes: Sequence[float],
    to: bool,
    width_m: float,
    out: Path | None,
    overwrite: bool,
    lang: str,
    as_json: bool,
) -> None:
    """What lies within some minutes of the facilities: land, road, and the people of the places."""
    if out is not None:
        suffix_of(out, (".gpkg",))
        files = [points.file for points in (facilities, people and people.points) if points and points.file]
        refuse_target(out, overwrite, [*roads.inputs, *files])
    trips, at = prepared(roads, facilities, *([] if people is None else [people.points]))
    breaks = [60.0 * one for one in minutes]
    direction: Literal["from", "to"] = "to" if to else "from"
    reach = service_areas(trips, at[0], breaks, direction)
    lands = reach.polygons(width_m)
    together = reach.polygons(width_m, dissolve=True)
    km = reach.metres / 1000
    told = pd.DataFrame({"minutes": list(minutes)})
    within = dict(zip(together["within_s"], together.geometry.area / 1e6, strict=True))
    told["km2"] = [float(within.get(one, 0.0)) for one in breaks]
    each = pd.DataFrame(
        {
            "facility": np.repeat(np.array([visible(key) for key in facilities.ids], dtype=object), len(breaks)),
            "minutes": np.tile(list(minutes), len(facilities)),
            "road_km": km.ravel(),
        }
    )
    total = None
    if people is not None:
        hit = served(trips, at[0], at[1], people.count, breaks, direction)
        total = hit.total
        told["people"] = [float(hit.union[one]) for one in breaks]
        told["people_twice"] = [float(hit.overlap[one]) for one in breaks]
        each["people"] = hit.by_point.to_numpy(dtype=np.float64).ravel()
    made: list[str] = []
    if out is not None:
        with whole(out) as place:
            _write_areas(lands, together, facilities, each, place)
        made = [str(out)]
    if as_json:
        answer = facts_of(roads) | {"least_share": LEAST_PART, "direction": direction, "width_m": width_m}
        answer |= {"facilities": places_json(roads, trips, facilities, at[0]), "people_in_all": total}
        answer |= {"within": told.to_dict("records"), "by_facility": each.to_dict("records"), "files": made}
        print_json(answer)
        return
    console = Console(highlight=False)
    print_head(console, roads, lang)
    print_off_road(console, roads, trips, facilities, at[0], lang)
    if people is not None:
        print_off_road(console, roads, trips, people.points, at[1], lang)
    columns = ["minutes", "km2", *([] if people is None else ["people", "share", "people_twice"])]
    title = say("road.area_to" if to else "road.area_from", lang, count=len(facilities))
    rows = table(title, *(say(f"road.column.{name}", lang) for name in columns))
    for row in told.to_dict("records"):
        cells = [f"{row['minutes']:g}", f"{row['km2']:,.1f}"]
        if total is not None:
            share = 100 * row["people"] / total if total else 0.0
            cells += [f"{row['people']:,.0f}", f"{share:.1f} %", f"{row['people_twice']:,.0f}"]
        rows.add_row(*cells)
    console.print(rows)
    for file in made:
        tell(console, file)


def _write_areas(
    lands: gpd.GeoDataFrame, together: gpd.GeoDataFrame, facilities: Points, each: pd.DataFrame, place: Path
) -> None:
    """Layers ``areas`` (each facility by itself, larger ones first) and ``together``, and the table ``served``."""
    ids = np.array([visible(key) for key in facilities.ids], dtype=object)
    single = pd.DataFrame({"facility": ids[lands["point"]], "minutes": lands["within_s"] / 60})
    both = pd.DataFrame({"minutes": together["within_s"] / 60})
    layers: dict[str, tuple[pd.DataFrame, str | None]] = {}
    for name, columns, frame in (("areas", single, lands), ("together", both, together)):
        shapes = [shapely.multipolygons(shapely.get_parts([shape])) for shape in frame.geometry]
        columns["km2"] = frame.geometry.area.to_numpy() / 1e6
        made = gpd.GeoDataFrame(columns, geometry=shapes, crs=frame.crs)
        layers[name] = (made.sort_values("minutes", ascending=False, kind="stable"), "MultiPolygon")
    write_layers(layers | {"served": (each, None)}, place)
