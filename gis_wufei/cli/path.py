"""``wufei network path``: the way between two places, or several ways, turn by turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rich.console import Console
from rich.markup import escape

from gis_wufei.cli.answer import INFEASIBLE, OK, WARNING, print_json, table, tell
from gis_wufei.cli.graphs import facts_of, print_head, write_layers
from gis_wufei.cli.outfile import refuse_target, suffix_of, whole
from gis_wufei.cli.points import Points, places_json, prepared, print_off_road
from gis_wufei.cli.roads import Roads
from gis_wufei.crs import WGS84
from gis_wufei.errors import visible
from gis_wufei.network import Alternative, alternatives, directions, od_matrix, paths
from gis_wufei.plan.walk import LEAST_PART
from gis_wufei.text import say


def path(
    roads: Roads,
    ends: Points,
    pair: tuple[int, int],
    k: int,
    out: Path | None,
    overwrite: bool,
    lang: str,
    as_json: bool,
) -> int:
    """Print the way between two places turn by turn; the exit code."""
    if out is not None:
        suffix_of(out, (".geojson", ".gpkg"))
        refuse_target(out, overwrite, [*roads.inputs, *([] if ends.file is None else [ends.file])])
    trips, (at,) = prepared(roads, ends)
    if k == 1:
        (way,) = paths(trips, [pair])
        ways = [] if way is None else [Alternative(way, 0.0, 1.0)]
    else:
        ways = alternatives(trips, [pair], k)[0]
    origin, destination = (visible(ends.ids[one]) for one in pair)
    chosen = np.array(pair)
    reason = "" if ways else od_matrix(trips, pair[:1], pair[1:]).reason(0, 0)
    if out is not None and ways:
        with whole(out) as place:
            _write_ways(roads, ways, place)
    files = [str(out)] if out is not None and ways else []
    if as_json:
        places = places_json(roads, trips, ends, at)
        told = {"origin": places[pair[0]], "destination": places[pair[1]], "reason": reason, "files": files}
        print_json(facts_of(roads) | {"least_share": LEAST_PART} | told | {"ways": [_way(roads, one) for one in ways]})
        return OK if ways else INFEASIBLE
    console = Console(highlight=False)
    print_head(console, roads, lang)
    few = Points(tuple(ends.ids[one] for one in pair), ("", ""), ends.xy[chosen], ends.frame.iloc[chosen], ends.file, 0)
    print_off_road(console, roads, trips, few, at[chosen], lang)
    if not ways:
        why = say(f"no_trip.{reason}", lang)
        tell(console, say("road.no_way", lang, origin=origin, destination=destination, reason=why), WARNING)
    for number, one in enumerate(ways, 1):
        facts = {"number": number, "km": one.path.distance_m / 1000, "minutes": one.path.duration_s / 60}
        key = "road.way" if number == 1 else "road.other_way"
        title = say(key, lang, **facts, longer=100 * (one.longer - 1), shared=100 * one.shared)
        steps = table(title, *(say(f"road.column.{name}", lang) for name in ("step", "m", "min")))
        for step in directions(roads.network, one.path):
            steps.add_row(
                escape(visible(step.sentence(lang))), f"{step.distance_m:,.0f}", f"{step.duration_s / 60:.1f}"
            )
        console.print(steps)
        if one.path.access_m > 0.5:
            tell(console, say("road.access", lang, metres=one.path.access_m))
    for file in files:
        tell(console, file)
    return OK if ways else INFEASIBLE


def _way(roads: Roads, one: Alternative) -> dict[str, Any]:
    xy = gpd.GeoSeries([shapely.linestrings(one.path.xy)], crs=roads.network.crs).to_crs(WGS84)
    return {
        "distance_m": round(one.path.distance_m, 3),
        "duration_s": round(one.path.duration_s, 3),
        "access_m": round(one.path.access_m, 3),
        "longer": round(one.longer, 6),
        "shared": round(one.shared, 6),
        "km_by_class": one.path.km_by_class,
        "roads": [visible(name) for name in one.path.roads],
        "steps": [
            {
                "code": step.code,
                "road": visible(step.road),
                "class": step.road_class,
                "distance_m": round(step.distance_m, 3),
                "duration_s": round(step.duration_s, 3),
                **{lang: visible(step.sentence(lang)) for lang in ("zh", "en")},
            }
            for step in directions(roads.network, one.path)
        ],
        "lonlat": np.round(shapely.get_coordinates(xy.to_numpy()), 7).tolist(),
    }


def _write_ways(roads: Roads, ways: Sequence[Alternative], place: Path) -> None:
    told = pd.DataFrame(
        {
            "way": np.arange(1, len(ways) + 1),
            "distance_m": [round(one.path.distance_m, 3) for one in ways],
            "duration_s": [round(one.path.duration_s, 3) for one in ways],
            "access_m": [round(one.path.access_m, 3) for one in ways],
            "longer": [round(one.longer, 6) for one in ways],
            "shared": [round(one.shared, 6) for one in ways],
            "roads": [" > ".join(visible(name) for name in one.path.roads) for one in ways],
        }
    )
    lines = [shapely.linestrings(one.path.xy) for one in ways]
    frame = gpd.GeoDataFrame(told, geometry=lines, crs=roads.network.crs)
    if place.suffix.lower() == ".gpkg":
        write_layers({"ways": (frame, "LineString")}, place)
        return
    degrees = shapely.transform(frame.to_crs(WGS84).geometry.to_numpy(), lambda xy: np.round(xy, 7))
    features = [
        {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(shape)}
        for row, shape in zip(told.to_dict("records"), degrees, strict=True)
    ]
    rows = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    content = f'{{"type": "FeatureCollection", "features": [\n{rows}\n]}}\n'
    place.write_text(content, encoding="utf-8", newline="\n")
