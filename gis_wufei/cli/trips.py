"""``wufei network matrix``, ``path`` and ``area``: how far, by which way, and who lives within reach."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape

from gis_wufei.cli.answer import INFEASIBLE, OK, WARNING, Teller, print_json, table, tell
from gis_wufei.cli.graphs import facts_of, finite, print_head, write_layers
from gis_wufei.cli.outfile import refuse_target, suffix_of, whole
from gis_wufei.cli.points import Points
from gis_wufei.cli.roads import Roads
from gis_wufei.crs import WGS84
from gis_wufei.errors import visible
from gis_wufei.network import (
    REASONS,
    Alternative,
    ODMatrix,
    Trips,
    alternatives,
    directions,
    nearest,
    od_matrix,
    paths,
    prepare,
    served,
    service_areas,
    snap,
)
from gis_wufei.plan.walk import LEAST_PART
from gis_wufei.report.sheets import inert
from gis_wufei.text import say

BLOCK_CELLS = 4_000_000
"""Cells computed and written at once: some 100 MB."""
MOST_LISTED = 20
Wide = Literal["duration", "distance"]
Ints = NDArray[np.int64]


def prepared(roads: Roads, *groups: Points) -> tuple[Trips, list[Ints]]:
    """The network ready for all places together, and the points of each group.

    As in a run, no place is joined to a stray piece of road.
    """
    xy = np.concatenate([group.xy for group in groups])
    trips = prepare(roads.network, snap(roads.network, xy, least_share=LEAST_PART))
    ends = np.cumsum([0, *(len(group) for group in groups)])
    return trips, [np.arange(begin, end) for begin, end in zip(ends[:-1], ends[1:], strict=True)]


def places_json(roads: Roads, trips: Trips, points: Points, at: Ints) -> list[dict[str, Any]]:
    """Each place with where it lies and how far its road is."""
    return [
        {
            "id": key,
            "name": name,
            "lon": round(float(lon), 7),
            "lat": round(float(lat), 7),
            "access_m": finite(trips.snap.access_m[one]),
            "on_road": bool(trips.snap.edge[one] >= 0),
        }
        for key, name, (lon, lat), one in zip(points.ids, points.names, points.lonlat(roads), at, strict=True)
    ]


def print_off_road(console: Console, roads: Roads, trips: Trips, points: Points, at: Ints, lang: str) -> None:
    """Places too far from any road, each with its distance."""
    if points.inner:
        tell(console, say("road.inner", lang, count=points.inner), WARNING)
    off = np.flatnonzero(trips.snap.edge[at] < 0)
    if not len(off):
        return
    metres = trips.snap.access_m[at[off]]
    shown = [
        f"{visible(points.ids[k])} ({say('direction.metres', lang, count=f'{m:,.0f}')})" if np.isfinite(m) else
        visible(points.ids[k])
        for k, m in zip(off[:MOST_LISTED], metres, strict=False)
    ]  # fmt: skip
    more = f", +{len(off) - MOST_LISTED}" if len(off) > MOST_LISTED else ""
    facts = {"count": len(off), "limit": roads.network.profile.max_snap_m, "places": ", ".join(shown) + more}
    tell(console, say("road.off", lang, **facts), WARNING)


# --- matrix -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """What of the matrix is wanted."""

    limit_s: float | None
    nearest_k: int | None
    wide: Wide | None
    out: Path | None
    overwrite: bool


def matrix(
    roads: Roads, origins: Points, others: Points | None, wanted: Wanted, teller: Teller, lang: str, as_json: bool
) -> None:
    """Distances and durations between places, to a file, as JSON, or as a summary."""
    goals = origins if others is None else others
    if wanted.out is not None:
        suffix_of(wanted.out, (".csv",))
        files = [points.file for points in (origins, goals) if points.file is not None]
        refuse_target(wanted.out, wanted.overwrite, [*roads.inputs, *files])
    trips, at = prepared(roads, origins) if others is None else prepared(roads, origins, others)
    rows, cols = at[0], at[-1]
    tally = _Tally()
    if wanted.out is None:
        tables = list(_tables(trips, origins, goals, rows, cols, wanted, tally, teller))
    else:
        tables = []
        with whole(wanted.out) as place, place.open("w", encoding="utf-8-sig", newline="") as stream:
            for number, frame in enumerate(_tables(trips, origins, goals, rows, cols, wanted, tally, teller)):
                frame.to_csv(stream, index=False, header=number == 0, float_format="%.3f", lineterminator="\r\n")
    files = [] if wanted.out is None else [str(wanted.out)]
    summary = tally.summary()
    if as_json:
        told = facts_of(roads) | {"least_share": LEAST_PART, "limit_s": wanted.limit_s, "nearest": wanted.nearest_k}
        told |= {"origins": places_json(roads, trips, origins, rows)}
        told |= {"destinations": places_json(roads, trips, goals, cols), "summary": summary, "files": files}
        print_json(told | ({} if files else {"pairs": _columns(tables)}))
        return
    console = Console(highlight=False)
    print_head(console, roads, lang)
    for points, where in ((origins, rows), (goals, cols)) if others is not None else ((origins, rows),):
        print_off_road(console, roads, trips, points, where, lang)
    told = {"origins": len(origins), "destinations": len(goals), "pairs": summary["pairs"]}
    tell(console, say("road.matrix", lang, **told, found=summary["found"]))
    if summary["found"]:
        minutes = {name: summary[f"{name}_s"] / 60 for name in ("median", "longest")}
        tell(console, say("road.durations", lang, **minutes))
    for reason, count in summary["reasons"].items():
        tell(console, say("road.no_trips", lang, count=count, reason=say(f"no_trip.{reason}", lang)))
    units = trips.weighing().units
    tell(console, say("road.precision", lang, seconds=f"{units.first:g}", metres=f"{units.second:g}"))
    for file in files:
        tell(console, file)


class _Tally:
    """What is told of a matrix that passes by block after block."""

    def __init__(self) -> None:
        self.pairs = 0
        self.seconds: list[NDArray[np.float32]] = []
        self.reasons = np.zeros(len(REASONS), np.int64)

    def add(self, duration_s: NDArray[np.float64], why: NDArray[np.int8]) -> None:
        self.pairs += why.size
        self.seconds.append(duration_s[np.isfinite(duration_s)].astype(np.float32))
        self.reasons += np.bincount(why.ravel(), minlength=len(REASONS))

    def summary(self) -> dict[str, Any]:
        seconds = np.concatenate(self.seconds) if self.seconds else np.zeros(0, np.float32)
        told: dict[str, Any] = {"pairs": self.pairs, "found": len(seconds)}
        if len(seconds):
            told |= {"median_s": round(float(np.median(seconds)), 3), "longest_s": round(float(seconds.max()), 3)}
        named = zip(REASONS[1:], self.reasons[1:].tolist(), strict=True)
        return told | {"reasons": {name: count for name, count in named if count}}


def _tables(
    trips: Trips,
    origins: Points,
    goals: Points,
    rows: Ints,
    cols: Ints,
    wanted: Wanted,
    tally: _Tally,
    teller: Teller,
) -> Iterator[pd.DataFrame]:
    """The matrix as tables, a block of origins each; what lies beyond the limit is left out of the long form."""
    names = [np.array([inert(key) for key in points.ids], dtype=object) for points in (origins, goals)]
    teller.step("matrix", "", 0, len(rows))
    if wanted.nearest_k is not None:
        yield _nearest(trips, names, rows, cols, wanted, tally)
        return
    high = max(1, BLOCK_CELLS // max(len(cols), 1))
    for begin in range(0, len(rows), high):
        block = rows[begin : begin + high]
        found = od_matrix(
            trips,
            block,
            cols,
            wanted.limit_s,
            lambda done, _, begin=begin: teller.step("matrix", "", begin + done, len(rows)),
        )
        tally.add(found.duration_s, found.why)
        label = names[0][begin : begin + len(block)]
        yield _long(found, label, names[1]) if wanted.wide is None else _wide(found, label, names[1], wanted.wide)


def _long(found: ODMatrix, origin: NDArray[np.object_], destination: NDArray[np.object_]) -> pd.DataFrame:
    row, col = np.nonzero(found.why != REASONS.index("beyond_limit"))
    return _pairs(origin[row], destination[col], found.distance_m[row, col], found.duration_s[row, col],
                  found.why[row, col])  # fmt: skip


def _pairs(
    origin: NDArray[np.object_],
    destination: NDArray[np.object_],
    distance_m: NDArray[np.float64],
    duration_s: NDArray[np.float64],
    why: NDArray[np.int8],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "origin": origin,
            "destination": destination,
            "distance_m": np.where(np.isfinite(distance_m), distance_m, np.nan),
            "duration_s": np.where(np.isfinite(duration_s), duration_s, np.nan),
            "reason": np.array(REASONS, dtype=object)[why],
        }
    )


def _wide(found: ODMatrix, origin: NDArray[np.object_], destination: NDArray[np.object_], wide: Wide) -> pd.DataFrame:
    cells = found.duration_s if wide == "duration" else found.distance_m
    frame = pd.DataFrame(np.where(np.isfinite(cells), cells, np.nan), columns=list(destination))
    frame.insert(0, "origin \\ " + ("duration_s" if wide == "duration" else "distance_m"), origin)
    return frame


def _nearest(
    trips: Trips, names: list[NDArray[np.object_]], rows: Ints, cols: Ints, wanted: Wanted, tally: _Tally
) -> pd.DataFrame:
    """The nearest destinations of each origin; one that reaches none keeps a row with the reason."""
    found = nearest(trips, rows, cols, int(wanted.nearest_k or 1))
    reached = found.facility >= 0
    near = reached & (found.duration_s <= (np.inf if wanted.limit_s is None else wanted.limit_s))
    why = np.where(reached.any(axis=1), np.int8(0), found.why)
    why = np.where(reached.any(axis=1) & ~near.any(axis=1), np.int8(REASONS.index("beyond_limit")), why)
    row, rank = np.nonzero(near)
    lost = np.flatnonzero(~near.any(axis=1))
    tally.add(found.duration_s[near], np.zeros(len(row), np.int8))
    tally.add(np.zeros(0), why[lost].astype(np.int8))
    order = np.lexsort((np.concatenate([rank, np.zeros(len(lost), np.int64)]), np.concatenate([row, lost])))
    nothing = np.full(len(lost), np.nan)
    return _pairs(
        np.concatenate([names[0][row], names[0][lost]])[order],
        np.concatenate([names[1][found.facility[row, rank]], np.full(len(lost), "", dtype=object)])[order],
        np.concatenate([found.distance_m[row, rank], nothing])[order],
        np.concatenate([found.duration_s[row, rank], nothing])[order],
        np.concatenate([np.zeros(len(row), np.int8), why[lost].astype(np.int8)])[order],
    )


def _columns(tables: Sequence[pd.DataFrame]) -> dict[str, list[Any]]:
    """Tables as one, column by column, for JSON."""
    whole_table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    told: dict[str, list[Any]] = {}
    for column in whole_table.columns:
        cells = whole_table[column]
        if pd.api.types.is_float_dtype(cells.dtype):
            told[str(column)] = [None if cell != cell else round(cell, 3) for cell in cells.tolist()]
        else:
            told[str(column)] = cells.tolist()
    return told


# --- path ---------------------------------------------------------------------------------------


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
    few = Points(
        tuple(ends.ids[one] for one in pair), ("", ""), ends.xy[chosen], ends.frame.iloc[chosen], ends.file, 0
    )
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
            steps.add_row(escape(visible(step.sentence(lang))), f"{step.distance_m:,.0f}", f"{step.duration_s / 60:.1f}")
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
    content = {"type": "FeatureCollection", "features": features}
    place.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")


# --- area ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class People:
    """Places and how many live there."""

    points: Points
    count: NDArray[np.float64]


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
