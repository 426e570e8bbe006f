"""``wufei network build`` and ``qa``: what the roads are made of, what was mended, what looks wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from rich.console import Console
from rich.markup import escape

from gis_wufei import __version__
from gis_wufei.cli.answer import WARNING, print_json, table, tell
from gis_wufei.cli.outfile import refuse_target, whole
from gis_wufei.cli.roads import Roads
from gis_wufei.crs import crs_label
from gis_wufei.errors import visible
from gis_wufei.layers.outgoing import fixed_date, text_cell
from gis_wufei.maps.network import network_page
from gis_wufei.network.costs import WHY
from gis_wufei.network.engine import default_engine
from gis_wufei.network.findings import Ways, piece_of
from gis_wufei.network.qa import KINDS, NetworkQa, qa
from gis_wufei.report import remarks_of
from gis_wufei.standards import roads as road_classes
from gis_wufei.text import say

NETWORK_FILE, FINDINGS_FILE, PAGE_FILE = "network.gpkg", "findings.gpkg", "findings.html"


def build(roads: Roads, out: Path | None, overwrite: bool, lang: str, as_json: bool) -> None:
    """Print what the network is made of; write it where asked to."""
    made: list[Path] = []
    if out is not None:
        target = out / NETWORK_FILE
        refuse_target(target, overwrite, roads.inputs)
        with whole(target) as place:
            write_network(roads, place)
        made.append(target)
    report, graph = roads.network.report(), roads.network.graph
    told: dict[str, Any] = {
        "nodes": report.nodes,
        "edges": report.edges,
        "length_km": report.length_km,
        "km_by_class": report.km_by_class,
        "kmh_by_class": dict(roads.network.costs.kmh),
        "components": report.components,
        "share_in_largest": report.share_in_largest,
        "share_mutually_reachable": report.share_mutually_reachable,
        "dead_ends": report.dead_ends,
        "ignored": {cause: count for cause, count in report.ignored.items() if count},
        "turn_bans": len(graph.turns),
        "signs_not_understood": roads.network.costs.unread,
        "edges_without_height": roads.slope_unknown,
    }
    if as_json:
        print_json(facts_of(roads) | told | {"files": [str(file) for file in made]})
        return
    console = Console(highlight=False)
    print_head(console, roads, lang, mended=False)
    tell(console, say("road.size", lang, km=report.length_km, nodes=report.nodes, edges=report.edges))
    classes = table(say("road.classes", lang), *(say(f"road.column.{name}", lang) for name in ("class", "km", "kmh")))
    for name, km in sorted(report.km_by_class.items(), key=lambda item: -item[1]):
        classes.add_row(escape(class_label(name, lang)), f"{km:,.1f}", f"{roads.network.costs.kmh.get(name, 0):.1f}")
    console.print(classes)
    tell(console, say("qa.pieces", lang, count=report.components, share=100 * report.share_in_largest))
    tell(console, say("road.mutual", lang, share=100 * report.share_mutually_reachable))
    if roads.kind != "osm":
        tell(console, say("road.gaps", lang, count=mended_of(roads)["gap_closed"], metres=graph.tolerance_m))
    tell(console, say("road.bans", lang, count=len(graph.turns)))
    print_ignored(console, report.ignored, lang)
    if roads.network.costs.unread:
        tell(console, say("road.unread", lang, count=roads.network.costs.unread), WARNING)
    if roads.slope_unknown:
        tell(console, say("road.no_height", lang, count=roads.slope_unknown), WARNING)
    for file in made:
        tell(console, str(file))


def quality(roads: Roads, out: Path | None, overwrite: bool, lang: str, as_json: bool) -> None:
    """Print the findings; write them as a GeoPackage and as a map where asked to."""
    if out is not None:
        for name in (FINDINGS_FILE, PAGE_FILE):
            refuse_target(out / name, overwrite, roads.inputs)
    found = qa(roads.network.graph, roads.network)
    made: list[Path] = []
    if out is not None:
        with whole(out / FINDINGS_FILE) as place:
            found.write(place)
        page = network_page(roads.network, found, roads.title, roads.layer, lang)
        with whole(out / PAGE_FILE) as place:
            place.write_text(page, encoding="utf-8", newline="\n")
        made = [out / FINDINGS_FILE, out / PAGE_FILE]
    if as_json:
        print_json(facts_of(roads) | findings_json(found) | {"files": [str(file) for file in made]})
        return
    console = Console(highlight=False)
    print_head(console, roads, lang, mended=False)
    for line in found.summary(lang):
        tell(console, line)
    speeds = table(say("road.speeds", lang), *(say(f"road.column.{name}", lang) for name in ("class", "km", "kmh")))
    for row in found.speeds.to_dict("records"):
        kmh = say("road.banned", lang) if row["banned"] else _number(row["speed_kmh"])
        speeds.add_row(escape(class_label(str(row["class"]), lang)), f"{row['km']:,.1f}", kmh)
    console.print(speeds)
    print_ignored(console, found.ignored, lang)
    for file in made:
        tell(console, str(file))


def findings_json(found: NetworkQa) -> dict[str, Any]:
    """Figures and counts for machines."""
    figures = {name: finite(value) for name, value in found.figures.items() if name not in KINDS}
    speeds = [
        {"class": row["class"], "km": row["km"], "speed_kmh": finite(row["speed_kmh"]), "banned": bool(row["banned"])}
        for row in found.speeds.to_dict("records")
    ]
    return {
        "figures": figures,
        "findings": {kind: int(found.figures[kind]) for kind in KINDS},
        "ignored": {cause: count for cause, count in found.ignored.items() if count},
        "speeds": speeds,
    }


def mended_of(roads: Roads) -> Counter[str]:
    """How much was mended or found on the way from lines to graph, by kind."""
    return Counter(map(str, roads.network.graph.mended["kind"]))


def finite(value: float) -> float | None:
    """A number that JSON can tell."""
    return float(value) if math.isfinite(value) else None


def facts_of(roads: Roads) -> dict[str, Any]:
    """What every answer for machines begins with: where the numbers come from and in what they are told."""
    units, profile = roads.network.weighing().units, roads.network.profile
    return {
        "made_by": f"gis_wufei {__version__}",
        "source": {
            "kind": roads.kind,
            "name": roads.inputs[0].name if roads.study is None else roads.study.spec.name,
            "scenario": None if roads.study is None else roads.study.scenario,
            "sha256": None if roads.paper is None else roads.paper.sha256,
            "status": None if roads.paper is None else roads.paper.status,
            "synthetic": "unknown" if roads.paper is None else roads.paper.synthetic,
            "secrecy": None if roads.paper is None else roads.paper.provenance.secrecy,
        },
        "crs": crs_label(roads.network.crs),
        "engine": default_engine().name,
        "distance_unit": "m",
        "distance_unit_m": units.second,
        "duration_unit": "s",
        "duration_unit_s": units.first,
        "vehicle": roads.vehicle,
        "loaded": profile.loaded if profile.gross_t is not None else None,
        "dangerous_goods": profile.dangerous_goods,
        "max_snap_m": profile.max_snap_m,
        "access_speed_kmh": profile.access_speed_kmh,
        "tolerance_m": None if roads.kind == "osm" else roads.network.graph.tolerance_m,
        "mended": dict(sorted(mended_of(roads).items())),
    }


def print_head(console: Console, roads: Roads, lang: str, mended: bool = True) -> None:
    """Which roads, in which system, for which vehicle, and what the certificate and the mending have to say."""
    vehicle = say("road.any_vehicle", lang) if roads.vehicle is None else roads.vehicle
    facts = {"title": visible(roads.title.in_lang(lang)), "crs": crs_label(roads.network.crs), "vehicle": vehicle}
    tell(console, say("road.head", lang, **facts), "[bold]")
    if roads.paper is not None:
        for answer, code, sentence in remarks_of(roads.paper, lang):
            if answer in ("warned", "dropped", "repaired"):
                tell(console, f"{code} {sentence}", WARNING)
        if roads.paper.synthetic in ("all", "some"):
            tell(console, f"{say('cli.layers.synthetic', lang)}: {say(f'synthetic.{roads.paper.synthetic}', lang)}")
        origin = roads.paper.provenance
        if origin.restricted:
            secrecy = say(f"secrecy.{origin.secrecy}", lang)
            tell(console, say("W-SECRECY", lang, layers=visible(roads.paper.path.name), secrecy=secrecy), WARNING)
    kinds = mended_of(roads)
    if mended and any(kinds[kind] for kind in ("gap_closed", "duplicate", "crossing")):
        counts = {"gaps": kinds["gap_closed"], "copies": kinds["duplicate"], "crossings": kinds["crossing"]}
        tell(console, say("W-NET-MENDED", lang, **counts, tolerance=roads.network.graph.tolerance_m), WARNING)


def print_ignored(console: Console, ignored: Mapping[str, int], lang: str) -> None:
    """What was left out, by cause."""
    for cause, count in ignored.items():
        if count:
            tell(console, say("road.ignored", lang, cause=say(f"ignored.{cause}", lang), count=count))


def class_label(name: str, lang: str) -> str:
    """A road class in words; what is no class of ours is called by its own name."""
    known = road_classes().get(name)
    return known.label.in_lang(lang) if known is not None else visible(name) or "-"


def _number(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else "-"


def write_network(roads: Roads, path: Path) -> None:
    """A GeoPackage: ``nodes``, ``edges`` (seconds each way, why closed), ``mended``, and the table ``turn_bans``."""
    network, graph = roads.network, roads.network.graph
    ahead, back = network.costs.forward_s, network.costs.backward_s
    piece, _ = piece_of(Ways(graph, np.isfinite(ahead), np.isfinite(back)))
    open_ends = np.concatenate([graph.tail[network.open], graph.head[network.open]])
    node_piece = np.full(len(graph.node_xy), -1)
    node_piece[open_ends] = np.tile(piece[network.open], 2)
    nodes = pd.DataFrame(
        {
            "node": np.arange(len(graph.node_xy)),
            "degree": np.bincount(open_ends, minlength=len(graph.node_xy)),
            "piece": node_piece,
        }
    )
    label = graph.roads.index[graph.row]
    edges = pd.DataFrame(
        {
            "edge": np.arange(len(graph.tail)),
            "from_node": graph.tail,
            "to_node": graph.head,
            "road_row": [visible(str(one)) for one in label],
            "class": [graph.classes[code] if code >= 0 else None for code in graph.class_code],
            "length_m": graph.length_m,
            "forward_s": np.where(np.isfinite(ahead), ahead, np.nan),
            "backward_s": np.where(np.isfinite(back), back, np.nan),
            "why_closed": np.array(WHY, dtype=object)[network.costs.why],
            "piece": piece,
            "in_main_part": network.in_main_part,
        }
    )
    for column in ("name", "synthetic"):  # what is generated stays marked
        if column in graph.roads:
            edges[column] = [_visible(cell) for cell in graph.roads[column].iloc[graph.row]]
    mended = graph.mended
    told = {"kind": mended["kind"].astype(object), "size_m": mended["size_m"].astype(float)}
    told |= {name: pd.Series([_visible(cell) for cell in mended[name]], dtype=object) for name in ("row", "other_row")}
    spots = shapely.points(mended[["x", "y"]].to_numpy(dtype=np.float64))
    bans = graph.turns
    ban = np.repeat(np.arange(len(bans)), np.diff(bans.offset))
    trips = pd.DataFrame(
        {
            "ban": ban,
            "step": np.arange(len(ban)) - bans.offset[ban] if len(ban) else np.zeros(0, np.int64),
            "edge": bans.edge,
            "forward": bans.forward,
            "source": np.array([visible(bans.source[k]) if bans.source else "" for k in ban], dtype=object),
        }
    )
    layers: dict[str, tuple[pd.DataFrame, str | None]] = {
        "nodes": (gpd.GeoDataFrame(nodes, geometry=shapely.points(graph.node_xy), crs=graph.crs), "Point"),
        "edges": (gpd.GeoDataFrame(edges, geometry=graph.lines, crs=graph.crs), "LineString"),
        "mended": (gpd.GeoDataFrame(pd.DataFrame(told), geometry=spots, crs=graph.crs), "Point"),
        "turn_bans": (trips, None),
    }
    write_layers(layers, path)


def write_layers(layers: Mapping[str, tuple[pd.DataFrame, str | None]], path: Path) -> None:
    """Write frames, each with the type of its geometry, as the layers of a new GeoPackage."""
    with fixed_date():
        for number, (name, (frame, shape)) in enumerate(layers.items()):
            words = {
                column: frame[column].astype(object)
                for column in frame.columns
                if pd.api.types.is_string_dtype(frame[column].dtype) or frame[column].dtype == object
            }
            options: dict[str, Any] = {"append": False} if number else {"dataset_options": {"VERSION": "1.2"}}
            if shape is not None:
                options["geometry_type"] = shape
            pyogrio.write_dataframe(frame.assign(**words), path, layer=name, driver="GPKG", **options)


def _visible(cell: object) -> str | None:
    told = text_cell(cell)
    return None if told is None else visible(told)
