"""The overview map: everything on it stands in the plan, in two languages, and nothing else does."""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import CRS, Transformer

from gis_wufei.land import Grid
from gis_wufei.layers import Layers
from gis_wufei.maps import map_html, overview, styles, write_map
from gis_wufei.maps.facts import missed_by_place
from gis_wufei.maps.ground import ground_layers
from gis_wufei.maps.raster import picture
from gis_wufei.maps.results import tier_breaks
from gis_wufei.maps.shapes import TOLERANCE_M, features
from gis_wufei.maps.summary import FIGURES
from gis_wufei.plan import Plan, make_plan
from gis_wufei.report import TABLES
from gis_wufei.standards import facilities
from gis_wufei.study import Study

HOSTILE = "</script><script>document.title='pwned'</script>{{scripts}}${1}"
METRES = "EPSG:4508"


@pytest.fixture(scope="module")
def payload(tiny_plan: Plan) -> dict[str, Any]:
    """What the page of the tiny county shows."""
    return overview(tiny_plan)


@pytest.fixture(scope="module")
def infeasible(tiny_study: Path) -> Plan:
    """A plan whose stream has no solution."""
    study = Study.open(tiny_study, "too_small")
    plan = make_plan(study)
    assert plan.infeasible == ("straw",)
    return plan


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def everything(value: object) -> Iterator[object]:
    """Every value of a payload, however deep."""
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from everything(child)


def layer(payload: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in payload["layers"] if one["id"] == name]
    assert isinstance(found, dict)
    return found


def rows(payload: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in layer(payload, name)["features"]["features"]]


def with_frame(plan: Plan, name: str, frame: gpd.GeoDataFrame, synthetic: str | None = None) -> Plan:
    """The plan with another frame in one of its layers."""
    old = plan.layers[name]
    certificate = replace(old.certificate, synthetic=synthetic or old.certificate.synthetic)
    changed = {**plan.layers.by_name, name: replace(old, frame=frame, certificate=certificate)}
    return replace(plan, layers=Layers(plan.layers.area, changed))


# --- words ------------------------------------------------------------------------------------


def test_every_text_stands_in_both_languages_with_its_facts_filled_in(payload: dict[str, Any]) -> None:
    texts = [value for value in everything(payload) if isinstance(value, dict) and {"zh", "en"} & set(value)]
    assert len(texts) > 200
    for text in texts:
        assert set(text) == {"zh", "en"} and all(isinstance(words, str) and words for words in text.values()), text
        assert not re.search(r"\{\w*\}", text["zh"] + text["en"]), text


def test_the_head_tells_title_scenario_date_and_notice(payload: dict[str, Any], tiny_plan: Plan) -> None:
    spec = tiny_plan.study.spec
    assert payload["title"] == {"zh": spec.title.zh, "en": spec.title.en}
    assert spec.notice and payload["notice"]["zh"] == spec.notice.zh
    for part in (tiny_plan.study.label.zh, "2026-11-25", "EPSG:4508"):
        assert part in payload["subtitle"]["zh"]


def test_no_code_of_the_maps_holds_a_colour() -> None:
    for path in Path(styles.__file__).parent.glob("*.py"):
        assert not re.search(r"[\"']#[0-9a-fA-F]{3,8}[\"']", path.read_text(encoding="utf-8")), path.name


# --- figures ----------------------------------------------------------------------------------


def test_every_number_of_the_summary_is_the_plans_own(payload: dict[str, Any], tiny_plan: Plan) -> None:
    per = {one.name: one.per for one in FIGURES}
    cards = {card["id"]: card for card in payload["summary"]}
    for name, stream in tiny_plan.streams.items():
        shown = {one["id"]: one["value"] for one in cards[name]["figures"]}
        low, high = shown.pop("range").replace(",", "").split(" – ")
        assert float(low) == pytest.approx(stream.figures["t_per_year_low"], abs=0.5)
        assert float(high) == pytest.approx(stream.figures["t_per_year_high"], abs=0.5)
        assert set(shown) == set(per)
        for key, value in shown.items():
            figure = stream.figures[key]
            assert value is None if np.isnan(figure) else value == pytest.approx(figure / per[key], abs=1e-4), key


def test_a_figure_is_an_estimate_where_an_unverified_number_made_it(payload: dict[str, Any], tiny_plan: Plan) -> None:
    """The enterprises report their tonnes: no factor stands behind them, but costs are defaults."""
    marks = {card["id"]: {one["id"]: one["mark"] for one in card["figures"]} for card in payload["summary"][:3]}
    assert marks["straw"]["t_per_year"] == marks["domestic"]["range"] == "estimate"
    assert marks["hazardous"]["t_per_year"] is None and marks["hazardous"]["yuan_per_t"] == "estimate"
    assert {mark["places"] for mark in marks.values()} == {None}
    verified = replace(tiny_plan, numbers=tiny_plan.numbers.assign(status="verified"))
    assert "estimate" not in {one["mark"] for card in overview(verified)["summary"] for one in card["figures"]}


def test_the_siting_is_told_with_its_gap_and_bound(payload: dict[str, Any], tiny_plan: Plan) -> None:
    for card in payload["summary"][:3]:
        siting = tiny_plan.streams[card["id"]].siting
        assert siting.bound is not None and siting.gap is not None
        [told] = [note["en"] for note in card["notes"] if note["en"].startswith("Siting model (estimated cost):")]
        assert f"{siting.bound / 1e4:,.1f}" in told and f"gap {100 * siting.gap:.2f} %" in told


def test_the_badge_beside_the_cost_claims_no_more_than_was_proven(payload: dict[str, Any]) -> None:
    for card in payload["summary"][:3]:
        assert card["status"] == {"zh": "选址已证明（间隙内）", "en": "siting proven (within gap)"}
        [rounds] = [note["en"] for note in card["notes"] if note["en"].startswith("Rounds:")]
        assert "heuristic" in rounds and "lower bound" in rounds


def test_what_the_cost_leaves_out_stands_beside_it(payload: dict[str, Any], tiny_plan: Plan) -> None:
    notes = {card["id"]: " ".join(note["en"] for note in card["notes"]) for card in payload["summary"]}
    for name, stream in tiny_plan.streams.items():
        kind = facilities()[stream.spec.facility.kind]
        assert kind.costs_leave_out and kind.costs_leave_out.en in notes[name]
        assert kind.remark is None or kind.remark.en in notes[name]
    assert any("Left out:" in one["value"]["en"] for one in payload["meta"] if isinstance(one["value"], dict))


def test_facilities_that_stand_are_told_apart_by_their_kind(payload: dict[str, Any], tiny_plan: Plan) -> None:
    by = layer(payload, "-facilities")["style"]["by"]
    kinds = {one["value"]: one["label"]["en"] for one in by["classes"]}
    assert kinds == {kind: facilities()[kind].label.en for kind in tiny_plan.layers["facilities"].frame["kind"]}
    assert set(facilities()) == set(styles.of_role("facilities")["classes"])


def test_places_sites_and_unserved_tonnes_of_the_map_add_up(payload: dict[str, Any], tiny_plan: Plan) -> None:
    for name, stream in tiny_plan.streams.items():
        places = rows(payload, f"{name}-places")
        assert len(places) == stream.figures["places"]
        assert sum(row["tonnes"] for row in places) == pytest.approx(stream.figures["t_per_year"], rel=1e-4)
        missed = sum(row.get("missed", 0) for row in places)
        assert missed == pytest.approx(stream.figures["unserved_t_per_year"], rel=1e-4)
        lost = {row["code"] for row in places if row["look"] in ("unserved", "partly")}
        assert lost == set(stream.unserved["place_id"])
        assert all({"reason", "missed"} <= set(row) for row in places if row["code"] in lost)
        assert len(rows(payload, f"{name}-sites")) == stream.figures["sites_open"]
        assert len(payload["tables"][1]["rows"]) == sum(len(one.unserved) for one in tiny_plan.streams.values())


def test_the_land_picture_tells_the_hectares_of_the_plan(payload: dict[str, Any], tiny_plan: Plan) -> None:
    for image, stream in zip(payload["images"], tiny_plan.streams.values(), strict=True):
        hectares = [
            float(re.sub(r"[^\d.]", "", one["label"]["en"].split("·")[1].replace("ha", ""))) for one in image["legend"]
        ]
        assert sum(hectares[:3]) == pytest.approx(stream.figures["eligible_ha"], abs=1.6)
        assert sum(hectares) == pytest.approx(stream.figures["land_ha"], abs=2.1)


def test_the_ledger_names_every_rule_of_every_stream(payload: dict[str, Any], tiny_plan: Plan) -> None:
    [ledger] = [table for table in payload["tables"] if table["id"] == "ledger"]
    lines = [line for stream in tiny_plan.streams.values() for line in stream.eligibility.ledger]
    assert [row[1] for row in ledger["rows"]] == [line.rule_id for line in lines]
    assert [row[5]["en"] == "yes" for row in ledger["rows"]] == [line.applied for line in lines]


def test_the_tables_of_the_page_are_those_of_the_files(payload: dict[str, Any], tiny_plan: Plan) -> None:
    for shown in payload["tables"]:
        written = TABLES[shown["id"]](tiny_plan, "en").in_ten_thousands()
        assert {column["label"]["en"] for column in shown["columns"]} <= set(written.headers)
        opened = written.frame.get("opened")
        assert len(shown["rows"]) == (len(written.frame) if opened is None else int((opened == "yes").sum()))


# --- synthetic data, sources ------------------------------------------------------------------


def test_layers_are_marked_as_their_certificates_say(payload: dict[str, Any], tiny_plan: Plan) -> None:
    marks = {one["id"].removeprefix("-"): one["synthetic"] for one in payload["layers"] if one["id"].startswith("-")}
    for name, found in tiny_plan.layers.by_name.items():
        assert marks[name] == found.certificate.synthetic == "all"
    assert {one["synthetic"] for one in payload["layers"]} == {"all"}  # results of made-up data are made up


def test_real_layers_bear_no_mark_and_what_rests_on_both_is_marked_in_part(tiny_plan: Plan) -> None:
    roads = tiny_plan.layers["roads"].frame.assign(synthetic=False)
    shown = overview(with_frame(tiny_plan, "roads", roads, "none"))
    assert layer(shown, "-roads")["synthetic"] == "none"
    assert layer(shown, "-fields")["synthetic"] == "all"
    assert layer(shown, "straw-trips")["synthetic"] == "some"


def test_in_a_mixed_layer_each_shape_says_whether_it_is_made_up(tiny_plan: Plan) -> None:
    frame = tiny_plan.layers["fields"].frame
    mixed = with_frame(tiny_plan, "fields", frame.assign(synthetic=np.arange(len(frame)) == 0), "some")
    marks = [row["synthetic"] for row in rows(overview(mixed), "-fields")]
    assert sorted(marks) == ["all"] + ["none"] * (len(frame) - 1)


def test_a_layer_that_does_not_say_whether_it_is_made_up_is_marked_so_and_so_is_what_rests_on_it(
    tiny_plan: Plan,
) -> None:
    plan = tiny_plan
    for name, found in tiny_plan.layers.by_name.items():
        plan = with_frame(plan, name, found.frame, "unknown" if name == "enterprises" else "none")
    shown = overview(plan)
    unstated = {one["id"] for one in shown["layers"] if one["synthetic"] == "unknown"}
    assert unstated >= {"-enterprises", "hazardous-places"}
    assert layer(shown, "hazardous-trips")["synthetic"] == "unknown" and layer(shown, "-roads")["synthetic"] == "none"
    assert {row["synthetic"] for row in rows(shown, "hazardous-places")} == {"unknown"}
    assert {image["synthetic"] for image in shown["images"]} == {"none"}  # no rule asks for enterprises


def test_every_layer_has_its_source_and_its_certificate_on_the_page(payload: dict[str, Any], tiny_plan: Plan) -> None:
    assert len(payload["sources"]) == len(tiny_plan.layers.by_name)
    assert all("drawn by hand for a test" in line["zh"] for line in payload["sources"])
    [table] = [one for one in payload["tables"] if one["id"] == "layers"]
    files = {row[2] for row in table["rows"]}
    assert files == {found.certificate.path.name for found in tiny_plan.layers.by_name.values()}


# --- the file ---------------------------------------------------------------------------------


def test_the_page_loads_nothing_and_tells_no_path_of_this_machine(tiny_plan: Plan) -> None:
    page = map_html(tiny_plan)
    assert not re.search(r"(?:src|srcset)=|@import|url\(", page.split('id="data"')[0])
    assert {*re.findall(r'href="([^"]*)"', page.split('id="data"')[0])} <= {"data:,", "#map"}
    assert "connect-src 'none'" in page
    assert str(tiny_plan.study.folder) not in page


def test_the_same_plan_gives_the_same_bytes_whatever_time_it_took(tiny_plan: Plan) -> None:
    slower = replace(tiny_plan, seconds=dict.fromkeys(tiny_plan.seconds, 9.0))
    assert map_html(tiny_plan) == map_html(slower)


def test_the_page_opens_in_the_language_that_was_asked_for(tiny_plan: Plan, tmp_path: Path) -> None:
    file = write_map(tiny_plan, tmp_path / "out", "en")
    assert file == tmp_path / "out" / "index.html"
    assert data_of(file.read_text(encoding="utf-8"))["lang"] == "en"
    assert write_map(tiny_plan, tmp_path / "map.html") == tmp_path / "map.html"


def test_hostile_names_arrive_as_they_are(tiny_plan: Plan) -> None:
    villages = tiny_plan.layers["villages"].frame.assign(name=HOSTILE)
    page = map_html(with_frame(tiny_plan, "villages", villages))
    assert HOSTILE not in page
    assert {row["name"] for row in rows(data_of(page), "-villages")} == {HOSTILE}


def test_the_first_stream_is_shown_and_the_others_wait(payload: dict[str, Any], tiny_plan: Plan) -> None:
    first, *others = tiny_plan.streams
    shown = {
        group: [one["id"] for one in payload["layers"] if one["group"] == group and one["visible"]]
        for group in (first, *others)
    }
    assert f"{first}-sites" in shown[first]
    assert not any(shown[name] for name in others)
    assert [group["id"] for group in payload["groups"]] == [first, *others, "-land", "-base"]


# --- a stream without a plan ------------------------------------------------------------------


def test_a_stream_without_a_plan_is_shown_with_its_explanation(infeasible: Plan) -> None:
    shown = data_of(map_html(infeasible))
    card = shown["summary"][0]
    explained = [{"zh": fact.text("zh"), "en": fact.text("en")} for fact in infeasible.streams["straw"].explanation]
    assert explained and card["notes"][: len(explained)] == explained
    assert card["status"]["en"] == "no feasible plan"
    assert "yuan_per_t" not in {one["id"] for one in card["figures"]}  # 0 yuan would be no answer
    assert {row["look"] for row in rows(shown, "straw-places")} == {"unserved"}
    assert "straw-land" in {image["id"] for image in shown["images"]}
    assert rows(shown, "domestic-sites")


# --- shapes and pictures ----------------------------------------------------------------------


def test_drawn_lines_stay_within_the_tolerance_and_have_five_decimals() -> None:
    wave = shapely.LineString([(430_000 + x, 4_440_000 + 30 * np.sin(x / 50)) for x in range(0, 2000, 10)])
    collection = features(gpd.GeoSeries([wave], crs=METRES), [{}])
    drawn = shapely.geometry.shape(collection["features"][0]["geometry"])
    back = gpd.GeoSeries([drawn], crs="EPSG:4326").to_crs(METRES).iloc[0]
    assert len(drawn.coords) < len(wave.coords) / 2
    assert shapely.hausdorff_distance(wave, back, densify=0.01) < TOLERANCE_M + 1
    assert all(round(value, 5) == value for point in drawn.coords for value in point)


def test_neighbours_that_share_a_border_share_it_on_the_map() -> None:
    """A wavy border between two units; simplified one by one they would gape."""
    border = [(430_000 + 40 * np.sin(y / 90), 4_440_000 + y) for y in range(0, 3000, 15)]
    west = shapely.Polygon([*border, (428_000, 4_443_000), (428_000, 4_440_000)])
    east = shapely.Polygon([*border, (432_000, 4_443_000), (432_000, 4_440_000)])
    collection = features(gpd.GeoSeries([west, east], crs=METRES), [{}, {}], coverage=True)
    left, right = (shapely.geometry.shape(one["geometry"]) for one in collection["features"])
    assert left.intersection(right).area == pytest.approx(0, abs=1e-12)
    assert len(left.exterior.coords) < len(border) / 2


def test_what_is_empty_is_left_out_of_a_popup() -> None:
    values = {"a": np.nan, "b": None, "c": "", "d": np.float64(1.23456), "e": np.int64(2), "f": np.bool_(False)}
    collection = features(gpd.GeoSeries([shapely.Point(430_000, 4_440_000)], crs=METRES), [values])
    assert collection["features"][0]["properties"] == {"d": 1.2346, "e": 2, "f": False}


PICTURE = """
1122
1.23
3333
"""


def decoded(url: str) -> np.ndarray[Any, Any]:
    """Codes of a palette PNG, read with nothing but zlib."""
    raw = base64.b64decode(url.split(",")[1])
    width, height = struct.unpack(">II", raw[16:24])
    at, packed = 8, b""
    while at < len(raw):
        (size,), name = struct.unpack(">I", raw[at : at + 4]), raw[at + 4 : at + 8]
        assert zlib.crc32(raw[at + 4 : at + 8 + size]) == struct.unpack(">I", raw[at + 8 + size : at + 12 + size])[0]
        packed += raw[at + 8 : at + 8 + size] if name == b"IDAT" else b""
        at += 12 + size
    return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, width + 1)[:, 1:]


def test_a_cell_lies_on_the_web_map_where_it_lies_on_the_ground() -> None:
    """Each drawn cell, 10 km wide so that the bend of the projections tells, is found under its own centre."""
    codes = np.array([[int(c) if c != "." else 0 for c in line] for line in PICTURE.split()], np.uint8)
    cell = 10_000.0
    grid = Grid(CRS(METRES), Affine(cell, 0, 430_000, 0, -cell, 4_470_000), cell, codes > 0)
    fine = np.kron(codes, np.ones((20, 20), np.uint8))
    grid = Grid(grid.crs, Affine(cell / 20, 0, 430_000, 0, -cell / 20, 4_470_000), cell / 20, fine > 0)
    url, ((south, west), (north, east)) = picture(grid, fine, ["#010203", "#040506", "#070809"])
    drawn = decoded(url)
    mercator = Transformer.from_crs(METRES, "EPSG:3857", always_xy=True)
    corners = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    (x0, x1), (y0, y1) = corners.transform([west, east], [south, north])
    for row, column in np.ndindex(codes.shape):
        x, y = mercator.transform(430_000 + (column + 0.5) * cell, 4_470_000 - (row + 0.5) * cell)
        at = int((y1 - y) / (y1 - y0) * drawn.shape[0]), int((x - x0) / (x1 - x0) * drawn.shape[1])
        assert drawn[at] == codes[row, column], (row, column)


def test_an_empty_mask_gives_a_clear_picture() -> None:
    grid = Grid(CRS(METRES), Affine(100, 0, 430_000, 0, -100, 4_470_000), 100.0, np.zeros((4, 5), bool))
    url, _ = picture(grid, np.zeros((4, 5), np.uint8), ["#010203"])
    assert not decoded(url).any()


def test_a_layer_of_very_many_shapes_is_drawn_as_one_shape_a_class(
    tiny_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gis_wufei.maps.ground.MOST_SHAPES", 5)
    [fields] = [one for one in ground_layers(tiny_plan) if one["id"] == "fields"]
    frame = tiny_plan.layers["fields"].frame
    assert len(fields["features"]["features"]) == frame["crop"].nunique()
    drawn = sum(feature["properties"]["drawn_ha"] for feature in fields["features"]["features"])
    assert drawn == pytest.approx(frame.geometry.area.sum() / 1e4, rel=1e-3)


def test_roads_are_drawn_with_all_their_length(payload: dict[str, Any], tiny_plan: Plan) -> None:
    frame = tiny_plan.layers["roads"].frame
    main = sum(row["km"] for row in rows(payload, "-roads"))
    assert main == pytest.approx(frame.geometry.length[frame["class"] == "county"].sum() / 1000, rel=1e-3)
    assert {row["class"] for row in rows(payload, "-roads-small")} == {"village"}


@pytest.mark.parametrize(
    ("tonnes", "breaks"),
    [([1, 2, 3, 10, 20, 30, 100, 200, 300], [10, 50]), ([0, 0, 9], [2]), ([7, 7, 7], []), ([], [])],
)
def test_places_are_parted_into_thirds_at_round_numbers(tonnes: list[float], breaks: list[float]) -> None:
    """Thirds of the first end at 7.7 and 53; no number parts what is equal."""
    assert tier_breaks(np.array(tonnes, float)) == breaks


def test_what_is_missed_is_summed_by_place(tiny_plan: Plan) -> None:
    for stream in tiny_plan.streams.values():
        assert missed_by_place(stream).sum() == pytest.approx(stream.figures["unserved_t_per_year"])


def test_a_browser_draws_every_visible_feature_without_a_fault(tiny_plan: Plan, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on this machine to open the page with")
    page = write_map(tiny_plan, tmp_path)
    options = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-sync --no-first-run"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = subprocess.run(
        [browser, *options.split(), profile, "--virtual-time-budget=8000", "--dump-dom", page.as_uri()],
        capture_output=True,
        timeout=120,
        check=True,
    )
    dom = done.stdout.decode("utf-8")
    count = sum(len(one["features"]["features"]) for one in overview(tiny_plan)["layers"] if one["visible"])
    assert re.search(rf'<html[^>]* data-errors="\[\]" data-features="{count}" data-ready="true"', dom), dom[:300]
    assert '<span class="map-name' in dom
