"""A road network with what may be wrong with it, as one page: every finding a layer of its own."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_wufei.crs import crs_label
from gis_wufei.layers import Layer
from gis_wufei.maps import styles
from gis_wufei.maps.page import render_page
from gis_wufei.maps.shapes import bounds, features, kinds_of, plain_value
from gis_wufei.maps.words import credits_of, pair, source_of, words
from gis_wufei.network import Network
from gis_wufei.network.graph import Flags
from gis_wufei.network.qa import KINDS, NetworkQa
from gis_wufei.standards import roads
from gis_wufei.text import Text, text

Json = dict[str, Any]

FINDINGS, ROADS = "findings", "roads"
MOST_SHOWN = 5000
"""Findings of a kind on the page, the largest first; the GeoPackage has all."""
TOLERANCE_M, DECIMALS = 2.0, 6
"""A gap of a few metres must be seen as one: roads are drawn finer than on a map of a plan."""


def network_page(network: Network, found: NetworkQa, title: Text, layer: Layer | None = None, lang: str = "zh") -> str:
    """The page as HTML; it holds all it shows and asks the network for nothing.

    Parameters
    ----------
    network
        The roads as a vehicle finds them.
    found
        ``qa(network.graph, network)``.
    title
        What the roads are called.
    layer
        Where the lines come from; default: not known.
    lang
        The language in which the page opens, ``zh`` or ``en``; it holds both.
    """
    return render_page(network_payload(network, found, title, layer, lang))


def network_payload(
    network: Network, found: NetworkQa, title: Text, layer: Layer | None = None, lang: str = "zh"
) -> Json:
    """What the page shows; the same network gives the same payload."""
    graph = network.graph
    source = pair(Text(zh="", en="")) if layer is None else source_of(layer)
    synthetic = "unknown" if layer is None else layer.certificate.synthetic
    drawn = [one | {"source": source, "synthetic": synthetic} for one in (*_findings(found), *_roads(network))]
    extent = gpd.GeoSeries(graph.lines if len(graph.lines) else [shapely.Point(500_000, 0)], crs=graph.crs)
    return {
        "lang": lang,
        "title": pair(title),
        "subtitle": words("map.roads.subtitle", crs=crs_label(graph.crs)),
        "notice": None,
        "bounds": bounds(extent),
        "groups": [
            {"id": FINDINGS, "label": words("map.roads.findings")},
            {"id": ROADS, "label": words("map.roads.roads")},
        ],
        "layers": drawn,
        "images": [],
        "summary": [_card(found)],
        "tables": [_kinds_table(found), _speed_table(found), _ignored_table(found)],
        "sources": [] if layer is None else [pair(Text(zh=one, en=one)) for one in credits_of(layer)],
        "meta": _meta(network, found),
    }


def _entry(name: str, group: str, label: Json, geometry: str, visible: bool, style: Json, collection: Json) -> Json:
    return {
        "id": name,
        "group": group,
        "label": label,
        "geometry": geometry,
        "visible": visible,
        "style": style,
        "fields": [],
        "title_field": None,
        "search": False,
        "features": collection,
    }


# --- findings -----------------------------------------------------------------------------------


def _findings(found: NetworkQa) -> Iterator[Json]:
    """A layer for each kind that was found, the gravest on top."""
    seen = {str(kind) for frame in (found.points, found.lines) for kind in frame["kind"]}
    for kind in [*(kind for kind in KINDS if kind in seen), *sorted(seen - set(KINDS))]:
        label = text(KINDS[kind]) if kind in KINDS else Text(zh=kind, en=kind)
        for frame in (found.points, found.lines):
            rows = frame[frame["kind"] == kind]
            if len(rows):
                yield _finding(kind, label, rows)


def _finding(kind: str, label: Text, rows: gpd.GeoDataFrame) -> Json:
    look = styles.of_finding(kind)
    count = len(rows)
    if count > MOST_SHOWN:
        rows = rows.sort_values("size_m", ascending=False, kind="stable").head(MOST_SHOWN)
    name = pair(label) if count == len(rows) else words("map.roads.some", what=label, shown=len(rows), count=count)
    shape = str(kinds_of(rows.geometry)[0])
    told = [
        {"kind_text": label, **{column: row.get(column) for column in ("size_m", "row", "other_row", "edges")}}
        for row in rows.drop(columns="geometry").to_dict("records")
    ]
    collection = features(rows.geometry, told, tolerance_m=TOLERANCE_M, decimals=DECIMALS)
    style = dict(look["style"])
    entry = _entry(f"{kind}-{shape}", FINDINGS, name, shape, bool(look.get("visible", False)), style, collection)
    entry["title_field"] = "kind_text"
    metres = words("map.unit.m")
    entry["fields"] = [
        {"name": "size_m", "label": words("map.field.size_m"), "unit": metres, "digits": 2 if shape == "point" else 0},
        {"name": "row", "label": words("map.field.row"), "unit": None, "digits": None},
        {"name": "other_row", "label": words("map.field.other_row"), "unit": None, "digits": None},
        {"name": "edges", "label": words("map.field.edges"), "unit": None, "digits": 0},
    ]
    return entry


# --- roads: few shapes, since a county has tens of thousands of stretches -----------------------


def _roads(network: Network) -> Iterator[Json]:
    """The open roads by class, the same by whether all can be reached and left again, and the closed ones."""
    graph, on = network.graph, network.open
    if on.any():
        names = np.array([*graph.classes, ""], dtype=object)[graph.class_code[on]]
        yield _by(network, on, "class", names, words("map.roads.by_class"), True, _class_looks(set(names)))
        part = np.where(network.in_main_part[on], "main", "other").astype(object)
        looks = [
            {"value": one, "label": words(f"map.roads.part.{one}"), **styles.of_network(one)}
            for one in ("main", "other")
            if (part == one).any()
        ]
        yield _by(network, on, "part", part, words("map.roads.by_part"), False, looks)
    if not on.all():
        shapes = _merged(graph.lines[~on], np.zeros(int((~on).sum()), object))
        collection = _drawn(shapes, network, [{}])
        label, look = words("map.roads.closed"), styles.of_network("closed")
        yield _entry("closed", ROADS, label, "line", True, dict(look) | {"interactive": False}, collection)


def _by(
    network: Network, on: Flags, field: str, values: np.ndarray[Any, Any], label: Json, shown: bool, looks: list[Json]
) -> Json:
    graph = network.graph
    shapes = _merged(graph.lines[on], values)
    km = pd.Series(graph.length_m[on]).groupby(values).sum() / 1000
    for look in looks:
        look["amount"] = words("map.amount.km", amount=f"{km.get(look['value'], 0.0):,.1f}")
    order = [one["value"] for one in reversed(looks)]  # the lesser first, so that main roads cross over them
    ordered = {value: shapes[value] for value in order}
    collection = _drawn(ordered, network, [{field: value} for value in ordered])
    style: Json = {"opacity": 0.95, "interactive": False}
    style["by"] = {"field": field, "classes": looks, "other": {"color": styles.series(len(looks))}}
    return _entry(f"roads-{field}", ROADS, label, "line", shown, style, collection)


def _class_looks(present: set[str]) -> list[Json]:
    known = styles.of_network("classes")
    order = [name for name in roads() if name in present] + sorted(name for name in present if name not in roads())
    looks = []
    for at, name in enumerate(order):
        own = known.get(name, {"color": styles.series(at), "weight": 1.2})
        label = roads()[name].label if name in roads() else Text(zh=name or "-", en=name or "-")
        looks.append({"value": name, "label": pair(label), **own})
    return looks


def _merged(lines: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> dict[Any, shapely.Geometry]:
    """One shape for all lines of a value."""
    groups = pd.Series(lines).groupby(values, sort=True)
    return {value: shapely.line_merge(shapely.multilinestrings(list(group))) for value, group in groups}


def _drawn(shapes: dict[Any, shapely.Geometry], network: Network, rows: list[dict[str, object]]) -> Json:
    series = gpd.GeoSeries(list(shapes.values()), crs=network.crs)
    return features(series, rows, tolerance_m=TOLERANCE_M, decimals=DECIMALS)


# --- words beside the map -----------------------------------------------------------------------


def _card(found: NetworkQa) -> Json:
    f = found.figures
    told = [
        ("road_km", f["km"], 1, "km"),
        ("pieces", f["pieces"], 0, None),
        ("share_in_largest", 100 * f["share_in_largest"], 2, "percent"),
        ("detour_median", f["detour_median"], 2, None),
    ]
    figures = [
        {
            "id": name,
            "label": words(f"map.figure.{name}"),
            "value": plain_value(value),
            "digits": digits,
            "unit": words(f"map.unit.{unit}") if unit else None,
            "mark": None,
            "minor": False,
        }
        for name, value, digits, unit in told
        if np.isfinite(value)
    ]
    notes = [{"zh": zh, "en": en} for zh, en in zip(found.summary("zh"), found.summary("en"), strict=True)]
    return {"id": "", "label": words("map.roads.findings"), "status": None, "figures": figures, "notes": notes}


def _table(name: str, columns: list[tuple[str, bool]], rows: list[list[object]]) -> Json:
    heads = [
        {"label": words(f"map.field.{column}"), "align": "right" if number else "left", "digits": None}
        for column, number in columns
    ]
    return {"id": name, "label": words(f"map.roads.{name}"), "columns": heads, "rows": rows}


def _kinds_table(found: NetworkQa) -> Json:
    rows: list[list[object]] = [
        [pair(text(words_of)), int(found.figures[kind])] for kind, words_of in KINDS.items() if found.figures[kind]
    ]
    return _table("kinds", [("finding", False), ("count", True)], rows)


def _speed_table(found: NetworkQa) -> Json:
    rows: list[list[object]] = []
    for row in found.speeds.to_dict("records"):
        name = str(row["class"])
        label = roads()[name].label if name in roads() else Text(zh=name or "-", en=name or "-")
        speed = words("road.banned") if row["banned"] else plain_value(row["speed_kmh"])
        rows.append([pair(label), round(float(row["km"]), 1), speed])
    return _table("speeds", [("road_class", False), ("km", True), ("speed_kmh", True)], rows)


def _ignored_table(found: NetworkQa) -> Json:
    rows: list[list[object]] = [[words(f"ignored.{cause}"), n] for cause, n in found.ignored.items() if n]
    return _table("ignored", [("reason", False), ("count", True)], rows)


def _meta(network: Network, found: NetworkQa) -> list[Json]:
    share = f"{100 * found.figures['share_in_largest']:.1f}"
    told = {
        "crs": crs_label(network.crs),
        "network": words(
            "map.network",
            km=f"{found.figures['km']:,.0f}",
            edges=f"{int(found.figures['edges']):,}",
            parts=f"{int(found.figures['pieces']):,}",
            share=share,
        ),
        "version": f"gis_wufei {version('gis-wufei')}",
        "drawing": words("map.roads.drawing", metres=f"{TOLERANCE_M:g}"),
    }
    return [{"label": words(f"map.meta.{name}"), "value": value} for name, value in told.items()]
