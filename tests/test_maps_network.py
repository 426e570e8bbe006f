"""The map of a road network's findings: every finding a layer, every name only text, no way to the network.

The town is a square of 1 km, a loose end 1 m short of a road, a piece apart, and two lines that cross.
"""

from __future__ import annotations

import json
import re
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis_wufei.maps import network as room
from gis_wufei.maps.network import network_page, network_payload
from gis_wufei.network import RoadProfile, network_of, read_lines
from gis_wufei.network.qa import KINDS, qa
from gis_wufei.text import Text, catalogue, text

HOSTILE = "</script><script>alert(1)</script>"
LINES = [
    [(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)],
    [(1000, 500), (1400, 500)],
    [(1401, 500), (1800, 500)],
    [(5000, 0), (5000, 600)],
    [(200, -300), (200, 300)],
    [(0, 0), (0, -400)],
]
ORIGIN = np.array([430_000.0, 4_440_000.0])
PROFILE = RoadProfile(speeds_kmh={"county": 40, "village": 25}, banned_classes=("track",))


def drawn() -> gpd.GeoDataFrame:
    shapes = [shapely.transform(shapely.LineString(line), lambda xy: xy + ORIGIN) for line in LINES]
    table = {"class": ["county", "village", "village", "village", "village", "track"], "name": [HOSTILE] * 6}
    return gpd.GeoDataFrame(table, index=[f"{HOSTILE}{k}" for k in range(6)], geometry=shapes, crs="EPSG:4508")


@pytest.fixture(scope="module")
def town() -> tuple[Any, Any]:
    network = network_of(read_lines(drawn(), tolerance_m=0.5), PROFILE)
    return network, qa(network.graph, network)


def payload(town: tuple[Any, Any]) -> dict[str, Any]:
    return network_payload(*town, Text(zh=HOSTILE, en=HOSTILE))


def test_every_kind_that_was_found_is_a_layer_with_its_count(town: tuple[Any, Any]) -> None:
    _, found = town
    drawn_layers = {one["id"].rsplit("-", 1)[0]: one for one in payload(town)["layers"] if one["group"] == "findings"}
    assert set(drawn_layers) == {kind for kind in KINDS if found.figures[kind]} >= {"piece", "near_miss", "crossing"}
    for kind, layer in drawn_layers.items():
        assert len(layer["features"]["features"]) == found.figures[kind]
        assert layer["label"] == {"zh": text(KINDS[kind]).zh, "en": text(KINDS[kind]).en}
        assert layer["title_field"] == "kind_text" and {field["name"] for field in layer["fields"]} >= {"size_m", "row"}


def test_the_gravest_findings_come_first_and_dead_ends_are_off_at_first(town: tuple[Any, Any]) -> None:
    layers = [one for one in payload(town)["layers"] if one["group"] == "findings"]
    kinds = [one["id"].rsplit("-", 1)[0] for one in layers]
    assert kinds == sorted(kinds, key=list(KINDS).index)
    seen = {kind: one["visible"] for kind, one in zip(kinds, layers, strict=True)}
    assert seen["piece"] and seen["near_miss"] and not seen["dead_end"]


def test_roads_are_drawn_by_class_by_connection_and_the_closed_apart(town: tuple[Any, Any]) -> None:
    roads = {one["id"]: one for one in payload(town)["layers"] if one["group"] == "roads"}
    assert set(roads) == {"roads-class", "roads-part", "closed"}
    classes = roads["roads-class"]["style"]["by"]["classes"]
    assert [one["value"] for one in classes] == ["county", "village"] and classes[0]["amount"]["en"] == "4.0 km"
    assert {one["value"] for one in roads["roads-part"]["style"]["by"]["classes"]} == {"main", "other"}


def test_a_gap_of_a_metre_is_still_one_on_the_map(town: tuple[Any, Any]) -> None:
    (roads,) = [one for one in payload(town)["layers"] if one["id"] == "roads-class"]
    ends = [
        tuple(line[at])
        for feature in roads["features"]["features"]
        if feature["properties"]["class"] == "village"
        for line in feature["geometry"]["coordinates"]
        for at in (0, -1)
    ]
    lon, lat = gpd.GeoSeries(shapely.points([(431_400, 4_440_500)]), crs="EPSG:4508").to_crs(4326).iloc[0].coords[0]
    near = [end for end in ends if abs(end[0] - lon) < 3e-5 and abs(end[1] - lat) < 3e-5]
    assert len(set(near)) == 2


def test_hostile_names_stay_text_and_the_page_asks_for_nothing(town: tuple[Any, Any]) -> None:
    page = network_page(*town, Text(zh=HOSTILE, en=HOSTILE), lang="en")
    assert HOSTILE not in page and "default-src 'none'" in page and "connect-src 'none'" in page
    data = json.loads(re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    rows = {str(f["properties"].get("row")) for one in data["layers"] for f in one["features"]["features"]}
    assert any(row.startswith(HOSTILE) for row in rows)  # as it is, for the page writes it as text


def test_the_same_network_gives_the_same_page_and_tables_tell_speeds_and_causes(town: tuple[Any, Any]) -> None:
    title = Text(zh="路", en="roads")
    assert network_page(*town, title) == network_page(*town, title)
    tables = {one["id"]: one["rows"] for one in payload(town)["tables"]}
    speeds = {row[0]["en"]: row[1:] for row in tables["speeds"]}
    assert speeds["County road"] == [4.0, 40.0]
    assert [row[0]["en"] for row in tables["ignored"]] == [text("ignored.banned").en]
    assert tables["kinds"][0] == [text(KINDS["piece"]).model_dump(), town[1].figures["piece"]]


def test_of_very_many_findings_the_largest_are_drawn_and_that_is_told(
    town: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_SHOWN", 2)
    (ends,) = [one for one in payload(town)["layers"] if one["id"] == "dead_end-point"]
    sizes = [f["properties"]["size_m"] for f in ends["features"]["features"]]
    assert len(sizes) == 2 and min(sizes) >= 399 and "2 largest of" in ends["label"]["en"]


def test_a_network_without_an_open_road_still_has_a_page() -> None:
    graph = read_lines(drawn().assign(**{"class": "track"}), tolerance_m=0)
    network = network_of(graph, PROFILE)
    page = network_payload(network, qa(graph, network), Text(zh="路", en="roads"))
    assert [one["id"] for one in page["layers"] if one["group"] == "roads"] == ["closed"]


def test_every_cause_has_its_words() -> None:
    from gis_wufei.network.costs import WHY
    from gis_wufei.network.matrix import REASONS

    assert {f"why.{code}" for code in WHY if code} <= set(catalogue())
    assert {f"no_trip.{code}" for code in REASONS if code} <= set(catalogue())
    assert {f"ignored.{code}" for code in (*WHY[3:], "closed", "banned")} <= set(catalogue())
