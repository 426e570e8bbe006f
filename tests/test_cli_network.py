"""``wufei network``: a small town by pencil, as lines, as OpenStreetMap, and as the roads of a study.

The town is a square of 1 km of county roads (40 km/h) with its corners in the order 1 to 4 from the
south-west; side k runs from corner k to the next. A village road (25 km/h) of 500 m leaves corner 2 to
the east, and its end stops 1 m short of a second one of 300 m.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from click.testing import Result
from conftest import draw_county
from pyproj import Transformer
from typer.testing import CliRunner

from gis_wufei.cli import BAD_INPUT, INFEASIBLE, app
from gis_wufei.network import od_matrix
from gis_wufei.plan import read_study
from gis_wufei.study import Study

METRES = "EPSG:4508"
WEST, SOUTH = 430_000.0, 4_440_000.0
DEGREES = Transformer.from_crs(METRES, "EPSG:4326", always_xy=True)
SQUARE = [[(0, 0), (1000, 0)], [(1000, 0), (1000, 1000)], [(1000, 1000), (0, 1000)], [(0, 1000), (0, 0)]]
SPUR = [[(1000, 0), (1500, 0)], [(1501, 0), (1800, 0)]]
HOSTILE = "=cmd|' /C calc'!A0"


def wufei(*words: str | Path | float) -> Result:
    return CliRunner().invoke(app, ["network", *(str(word) for word in words)])


def told(*words: str | Path | float) -> Any:
    done = wufei(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def lonlat(x: float, y: float) -> tuple[float, float]:
    lon, lat = DEGREES.transform(WEST + x, SOUTH + y)
    return lon, lat


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town as a GeoPackage in metres."""
    path = tmp_path_factory.mktemp("town") / "town.gpkg"
    origin = np.array([WEST, SOUTH])
    shapes = [shapely.transform(shapely.LineString(line), lambda xy: xy + origin) for line in [*SQUARE, *SPUR]]
    table = {
        "class": ["county"] * 4 + ["village"] * 2,
        "name": ["南街", "东街", "北街", "西街", None, "<b>村路</b>"],
    }
    gpd.GeoDataFrame(table, geometry=shapes, crs=METRES).to_file(path, driver="GPKG")
    return path


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list: two places on corners 1 and 3, one on the far end of the spur, one 9 km off any road."""
    path = tmp_path_factory.mktemp("places") / "places.csv"
    rows = [("A", 0, 0, 100), ("C", 1000, 1000, 50), (HOSTILE, 1800, 0, 25), ("far", 9000, 9000, 10)]
    table = [(key, *lonlat(x, y), people, f"place {key}") for key, x, y, people in rows]
    pd.DataFrame(table, columns=["id", "lon", "lat", "people", "name"]).to_csv(path, index=False)
    return path


def extract(folder: Path) -> Path:
    """The square as OpenStreetMap: secondary roads, ways 11 to 14 between nodes 1 to 4."""
    corners = [(0, 0), (1000, 0), (1000, 1000), (0, 1000)]
    nodes = "".join(
        f'<node id="{k}" lon="{lonlat(*xy)[0]:.7f}" lat="{lonlat(*xy)[1]:.7f}"/>' for k, xy in enumerate(corners, 1)
    )
    ways = "".join(
        f'<way id="{10 + k}"><nd ref="{k}"/><nd ref="{k % 4 + 1}"/><tag k="highway" v="secondary"/></way>'
        for k in range(1, 5)
    )
    path = folder / "town.osm"
    path.write_text(f'<osm version="0.6">{nodes}{ways}</osm>', encoding="utf-8")
    return path


# --- build --------------------------------------------------------------------------------------


def test_build_closes_the_gap_and_says_so(town: Path) -> None:
    found = told("build", town)
    assert found["crs"].startswith("EPSG:4508") and found["engine"] in ("embedded", "plain")
    assert found["distance_unit"] == "m" and found["duration_unit"] == "s"
    assert found["components"] == 1 and found["share_mutually_reachable"] == 1
    assert found["length_km"] == pytest.approx(4.8, abs=1e-3)
    assert found["km_by_class"] == {"county": pytest.approx(4), "village": pytest.approx(0.8, abs=1e-3)}
    assert found["mended"] == {"gap_closed": 1} and found["tolerance_m"] >= 1
    assert found["source"]["status"] in ("accepted", "repaired", "warned") and found["source"]["sha256"]


def test_build_with_a_tolerance_of_nothing_leaves_the_gap_open(town: Path) -> None:
    found = told("build", town, "--tolerance-m", 0)
    assert found["components"] == 2 and found["tolerance_m"] == 0 and "gap_closed" not in found["mended"]


def test_build_writes_nodes_edges_seconds_and_causes_and_leaves_nothing_beside(town: Path, tmp_path: Path) -> None:
    signed = gpd.read_file(town).assign(hgv=[None, "no", *[None] * 4])
    signed.to_file(tmp_path / "signed.gpkg", driver="GPKG")
    done = wufei("build", tmp_path / "signed.gpkg", "--vehicle", "medium", "--out", tmp_path / "out", "--lang", "en")
    assert done.exit_code == 0, done.output
    assert "gap(s) closed" in done.stdout and "reading roads" in done.stderr
    file = tmp_path / "out" / "network.gpkg"
    assert list((tmp_path / "out").iterdir()) == [file]
    assert {name for name, _ in pyogrio.list_layers(file)} == {"nodes", "edges", "mended", "turn_bans"}
    edges = gpd.read_file(file, layer="edges").set_index("road_row")
    assert edges.loc["2", "why_closed"] == "sign" and pd.isna(edges.loc["2", "forward_s"])  # hgv=no
    assert edges.loc["1", "forward_s"] == pytest.approx(90)  # 1 km at 40 km/h
    assert list(gpd.read_file(file, layer="mended")["kind"]) == ["gap_closed"]


def test_two_builds_write_the_same_bytes(town: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert wufei("build", town, "--out", tmp_path / name).exit_code == 0
    assert (tmp_path / "a" / "network.gpkg").read_bytes() == (tmp_path / "b" / "network.gpkg").read_bytes()


def test_a_file_in_the_way_is_replaced_only_when_asked_and_an_input_never(town: Path, tmp_path: Path) -> None:
    (tmp_path / "network.gpkg").write_text("mine")
    done = wufei("build", town, "--out", tmp_path, "--lang", "en")
    assert done.exit_code == BAD_INPUT and "E-EXPORT-003" in done.stderr
    assert (tmp_path / "network.gpkg").read_text() == "mine"
    assert wufei("build", town, "--out", tmp_path, "--overwrite").exit_code == 0
    own = tmp_path / "network.gpkg"
    whole = town.read_bytes()
    own.write_bytes(whole)
    done = wufei("build", own, "--out", tmp_path, "--overwrite")
    assert done.exit_code == BAD_INPUT and "E-EXPORT-004" in done.stderr and own.read_bytes() == whole


def test_roads_are_closed_by_row_and_by_attribute(town: Path) -> None:
    assert told("build", town, "--close", "2,3")["length_km"] == pytest.approx(2.8, abs=1e-3)
    assert told("build", town, "--close", "class=village")["length_km"] == pytest.approx(4)
    assert told("build", town, "--close", "name=<b>村路</b>")["length_km"] == pytest.approx(4.5)
    found = told("build", town, "--close", "1", "--close", "class=village")
    assert found["length_km"] == pytest.approx(3) and found["ignored"] == {"closed": 3}
    for wrong, code in (("9", "E-ROAD-003"), ("class=motorway", "E-ROAD-003"), ("klass=village", "E-ROAD-004")):
        done = wufei("build", town, "--close", wrong, "--lang", "en")
        assert done.exit_code == BAD_INPUT and code in done.stderr


def test_a_truck_is_one_of_the_standards_and_only_a_truck_is_loaded_or_empty(town: Path) -> None:
    done = wufei("build", town, "--vehicle", "mediun", "--lang", "en")
    assert done.exit_code == BAD_INPUT and "closest: medium" in done.stderr and "medium" in done.stderr
    assert told("build", town, "--vehicle", "heavy", "--empty")["loaded"] is False
    capped = told("build", town, "--vehicle", "compactor_5t")
    assert capped["vehicle"] == "compactor_5t" and capped["loaded"] is None
    for option in ("--empty", "--dangerous-goods"):
        done = wufei("build", town, "--vehicle", "compactor_5t", option)
        assert done.exit_code == BAD_INPUT and "E-ROAD-010" in done.stderr


def test_heights_slow_a_loaded_truck_uphill_and_not_down(town: Path, tmp_path: Path) -> None:
    """Row 1 climbs eastward by 60 m on its 1 km."""
    east = np.arange(-500, 2600, 20.0)
    band = np.tile(500 + 0.06 * (east + 10), (100, 1)).astype(np.float32)
    transform = Affine(20, 0, WEST - 500, 0, -20, SOUTH + 1500)
    shape = {"height": 100, "width": len(east), "count": 1, "dtype": "float32"}
    with rasterio.open(tmp_path / "dem.tif", "w", driver="GTiff", crs=METRES, transform=transform, **shape) as file:
        file.write(band, 1)
    dem = ("--dem", tmp_path / "dem.tif")
    assert wufei("build", town, "--vehicle", "heavy", *dem, "--out", tmp_path / "out").exit_code == 0
    edges = gpd.read_file(tmp_path / "out" / "network.gpkg", layer="edges").set_index("road_row")
    # 154 kW carry 25 t up 6 % at some 31 km/h; down it keeps to the class's 40.
    assert edges.loc["1", "forward_s"] == pytest.approx(116, abs=2)
    assert edges.loc["1", "backward_s"] == pytest.approx(90, rel=0.01)
    assert edges.loc["2", "forward_s"] == pytest.approx(90, rel=0.01)
    assert "E-ROAD-010" in wufei("build", town, *dem).stderr


def test_the_faults_of_a_file_of_roads_end_with_2_and_are_all_told(tmp_path: Path) -> None:
    shape = shapely.LineString([(WEST, SOUTH), (WEST + 100, SOUTH)])
    frame = gpd.GeoDataFrame({"class": ["boulevard"]}, geometry=[shape], crs=METRES)
    frame.to_file(tmp_path / "roads.gpkg", driver="GPKG")
    done = wufei("build", tmp_path / "roads.gpkg", "--lang", "en")
    assert done.exit_code == BAD_INPUT and "boulevard" in done.stderr and "Traceback" not in done.output
    mended = told("build", tmp_path / "roads.gpkg", "--set", "values.class.boulevard=county")
    assert mended["km_by_class"] == {"county": pytest.approx(0.1)}
    for source in (tmp_path / "none.gpkg", tmp_path / "none.osm", "https://example.org/x.gpkg"):
        assert wufei("build", source).exit_code == BAD_INPUT


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_system_is_declared_for_a_file_that_states_none_and_else_worked_in(town: Path, tmp_path: Path) -> None:
    frame = gpd.read_file(town)
    frame.set_crs(None, allow_override=True).to_file(tmp_path / "bare.gpkg", driver="GPKG")
    done = wufei("build", tmp_path / "bare.gpkg")
    assert done.exit_code == BAD_INPUT and "E-LAYER-004" in done.stderr
    assert told("build", tmp_path / "bare.gpkg", "--crs", METRES)["length_km"] == pytest.approx(4.8, abs=1e-3)
    moved = told("build", town, "--crs", "EPSG:32649")
    assert moved["crs"].startswith("EPSG:32649") and moved["length_km"] == pytest.approx(4.8, rel=1e-3)


# --- OpenStreetMap and studies --------------------------------------------------------------------


def test_lines_and_extract_give_the_same_matrix(town: Path, places: Path, tmp_path: Path) -> None:
    pytest.importorskip("osmium", reason="pyosmium is not installed: pip install 'gis-wufei[osm]'")
    osm = extract(tmp_path)
    both = []
    for source, more in ((town, ("--close", "class=village")), (osm, ("--crs", METRES))):
        pairs = told("matrix", source, "--points", places, *more)["pairs"]
        both.append(pd.DataFrame(pairs).set_index(["origin", "destination"]).loc[[("A", "C"), ("C", "A")]])
    assert both[0]["distance_m"].tolist() == pytest.approx([2000, 2000], abs=0.1)
    assert both[0]["distance_m"].tolist() == pytest.approx(both[1]["distance_m"].tolist(), abs=0.05)


def test_a_way_of_an_extract_is_closed_by_its_id(tmp_path: Path) -> None:
    osm = extract(tmp_path)
    assert told("build", osm)["length_km"] == pytest.approx(4, rel=1e-3)
    assert told("build", osm, "--close", "11,12")["length_km"] == pytest.approx(2, rel=1e-3)


def test_an_extract_takes_no_option_of_lines(tmp_path: Path) -> None:
    osm = extract(tmp_path)
    for option in (("--tolerance-m", 1), ("--crossings", "split"), ("--field", "class=x"), ("--scenario", "base")):
        done = wufei("build", osm, *option)
        assert done.exit_code == BAD_INPUT and "E-ROAD-001" in done.stderr
    assert "E-ROAD-012" in wufei("build", osm, "--crs", "EPSG:4326").stderr


def test_a_study_brings_its_roads_speeds_and_scenarios(tmp_path: Path) -> None:
    county = draw_county(tmp_path)
    text = (county / "study.yaml").read_text("utf-8")
    text = text.replace("max_snap_m: 1200}", "max_snap_m: 1200, speeds_kmh: {county: 36}}")
    text += "  shut:\n    label: {zh: 封路, en: Shut}\n    set: {roads: {banned_classes: [village]}}\n"
    text += "  wet:\n    label: {zh: 水漫, en: Wet}\n"
    text += "    set: {roads: {closures: [{label: low, rows: [1]}, {label: near, layer: facilities, within_m: 150}]}}\n"
    (county / "study.yaml").write_text(text, "utf-8")
    base = told("build", county)
    assert base["source"]["name"] == "tiny" and base["kmh_by_class"]["county"] == pytest.approx(36)
    assert base["max_snap_m"] == 1200 and base["components"] == 2  # the island road
    shut = told("build", county, "--scenario", "shut")
    assert set(shut["km_by_class"]) == {"county"} and shut["ignored"]["banned"] == 6
    # Row 1 is 8 km long; of edges of 2 km one passes the tip, two the power station, two the receiver.
    wet = told("build", county, "--scenario", "wet")
    assert wet["length_km"] == pytest.approx(base["length_km"] - 8 - 5 * 2, abs=1e-3)
    pairs = told("matrix", county, "--points", "villages", "--to", "facilities")
    assert pairs["origins"][0]["id"] == "V1"
    assert [one["id"] for one in pairs["destinations"]] == ["X1", "X2", "X3", "X4"]
    assert [one["on_road"] for one in pairs["origins"]].count(False) == 1  # village 6: as in the run, no stray road
    done = wufei("build", county, "--crs", METRES)
    assert done.exit_code == BAD_INPUT and "E-ROAD-001" in done.stderr


def test_the_matrix_of_a_study_is_the_one_that_its_run_uses(tiny_study: Path) -> None:
    ground = read_study(Study.open(tiny_study), ["domestic"]).grounds["domestic"]
    matrix = od_matrix(ground.trips, ground.place_points, ground.receiver_points)
    told_pairs = told("matrix", tiny_study, "--points", "villages", "--to", "facilities", "--vehicle", "compactor_5t")
    table = pd.DataFrame(told_pairs["pairs"]).pivot_table("duration_s", "origin", "destination", dropna=False)
    assert ground.to is not None
    ours = table.reindex(ground.demand.places.index)[list(ground.to.index)].to_numpy(float)
    finite = np.isfinite(matrix.duration_s)
    assert finite.any() and (np.isfinite(ours) == finite).all()
    assert ours[finite] == pytest.approx(matrix.duration_s[finite], abs=1e-3)


# --- matrix ---------------------------------------------------------------------------------------


def test_the_matrix_is_directed_and_tells_why_there_is_no_way(town: Path, places: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    done = wufei("matrix", town, "--points", places, "--out", out, "--lang", "en")
    assert done.exit_code == 0, done.output
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(out, encoding="utf-8-sig").set_index(["origin", "destination"])
    assert list(table.columns) == ["distance_m", "duration_s", "reason"] and len(table) == 16
    assert table.loc[("A", "C"), "distance_m"] == pytest.approx(2000, abs=0.01)
    assert table.loc[("A", "C"), "duration_s"] == pytest.approx(180, abs=0.01)
    assert table.loc[("A", "A"), "duration_s"] == 0
    assert set(table.loc["far", "reason"].drop("far")) == {"off_network"}
    assert "far" in done.stdout and "off the network" in done.stdout and "OD matrix" in done.stderr


def test_a_key_that_a_spreadsheet_would_run_is_made_inert(town: Path, places: Path, tmp_path: Path) -> None:
    assert wufei("matrix", town, "--points", places, "--out", tmp_path / "m.csv").exit_code == 0
    assert f"'{HOSTILE}" in (tmp_path / "m.csv").read_text("utf-8-sig")
    assert HOSTILE in told("matrix", town, "--points", places)["pairs"]["origin"]  # a program runs nothing


def test_a_wide_matrix_has_a_row_for_each_origin(town: Path, places: Path, tmp_path: Path) -> None:
    for wide, value in (("duration", 180), ("distance", 2000)):
        out = tmp_path / f"{wide}.csv"
        assert wufei("matrix", town, "--points", places, "--wide", wide, "--out", out).exit_code == 0
        table = pd.read_csv(out, encoding="utf-8-sig", index_col=0)
        assert table.loc["A", "C"] == pytest.approx(value, abs=0.02) and pd.isna(table.loc["A", "far"])


def test_a_limit_leaves_far_pairs_out_and_counts_them(town: Path, places: Path) -> None:
    found = told("matrix", town, "--points", places, "--limit-min", 2)
    pairs = set(zip(found["pairs"]["origin"], found["pairs"]["destination"], strict=True))
    assert ("A", "C") not in pairs and ("A", "A") in pairs  # 3 minutes
    assert found["summary"]["reasons"]["beyond_limit"] >= 2


def test_the_nearest_few_and_a_row_for_a_place_without_any(town: Path, places: Path, tmp_path: Path) -> None:
    corners = tmp_path / "corners.csv"
    pd.read_csv(places).head(2).to_csv(corners, index=False)
    found = told("matrix", town, "--points", places, "--to", corners, "--nearest", 2)["pairs"]
    table = pd.DataFrame(found)
    assert table[table["origin"] == "A"]["destination"].tolist() == ["A", "C"]
    assert table[table["origin"] == "C"]["distance_m"].tolist() == pytest.approx([0, 2000], abs=0.1)
    lost = table[table["origin"] == "far"]
    assert lost["reason"].tolist() == ["off_network"] and lost["destination"].tolist() == [""]
    done = wufei("matrix", town, "--points", places, "--nearest", 1, "--wide", "duration")
    assert done.exit_code == BAD_INPUT and "E-ROAD-011" in done.stderr


def test_a_key_must_be_there_and_its_own_for_each_place(town: Path, places: Path, tmp_path: Path) -> None:
    assert wufei("matrix", town, "--points", places, "--key", "nothing").exit_code == BAD_INPUT
    table = pd.read_csv(places).assign(twice=["a", "a", "b", None])
    table.to_csv(tmp_path / "p.csv", index=False)
    done = wufei("matrix", town, "--points", tmp_path / "p.csv", "--key", "twice", "--lang", "en")
    assert done.exit_code == BAD_INPUT and "E-ROAD-006" in done.stderr and "1 ('a')" in done.stderr
    table.drop(columns="id").to_csv(tmp_path / "q.csv", index=False)
    rows = told("matrix", town, "--points", tmp_path / "q.csv")["origins"]
    assert [one["id"] for one in rows] == ["1", "2", "3", "4"]  # rows of the file


# --- path -----------------------------------------------------------------------------------------


def test_a_path_is_told_turn_by_turn_and_written_as_a_line(town: Path, tmp_path: Path) -> None:
    out = tmp_path / "way.geojson"
    done = wufei("path", town, *lonlat(500, 0), *lonlat(1000, 500), "--out", out, "--lang", "en")
    assert done.exit_code == 0, done.output
    assert "南街" in done.stdout and "Turn left, along 东街" in done.stdout and "1.00 km" in done.stdout
    (way,) = json.loads(out.read_text("utf-8"))["features"]
    assert way["properties"]["distance_m"] == pytest.approx(1000, abs=0.1)
    assert way["properties"]["roads"] == "南街 > 东街"
    assert way["geometry"]["coordinates"][0] == pytest.approx(lonlat(500, 0), abs=1e-5)


def test_a_path_between_keys_and_another_way_round_the_square(town: Path, places: Path, tmp_path: Path) -> None:
    found = told("path", town, "--points", places, "--from", "A", "--to", "C", "--alternatives", 2)
    assert [one["distance_m"] for one in found["ways"]] == pytest.approx([2000, 2000], abs=0.1)
    assert found["ways"][1]["shared"] == 0 and found["origin"]["id"] == "A"
    out = tmp_path / "ways.gpkg"
    words = ("--points", places, "--from", "A", "--to", "C", "--alternatives", 2, "--out", out)
    assert wufei("path", town, *words).exit_code == 0
    assert gpd.read_file(out)["way"].tolist() == [1, 2]


def test_no_way_is_an_answer_with_its_reason_and_ends_with_3(town: Path, places: Path, tmp_path: Path) -> None:
    words = ("path", town, "--points", places, "--from", "A", "--to", "far", "--out", tmp_path / "no.gpkg")
    done = wufei(*words, "--lang", "en")
    assert done.exit_code == INFEASIBLE and "too far from any road" in done.stdout
    assert not (tmp_path / "no.gpkg").exists()
    told_json = json.loads(wufei(*words, "--json").stdout)
    assert told_json["reason"] == "off_network" and told_json["ways"] == []


def test_coordinates_below_zero_are_no_options_and_nonsense_is_told(town: Path) -> None:
    done = wufei("path", town, -3.5, 40.1, 110.2, 40.1, "--lang", "en")
    assert done.exit_code == INFEASIBLE and "off the network" in done.stdout
    for words, code in (
        ((40.1, 110.2, 40.1, 110.2), "E-ROAD-005"),
        ((110.2, 40.1), "E-ROAD-011"),
        (("--from", "A"), "E-ROAD-011"),
    ):
        done = wufei("path", town, *words)
        assert done.exit_code == BAD_INPUT and code in done.stderr
    assert wufei("path", town, 110, 40, 110, 41, "--altenatives", 2).exit_code == BAD_INPUT


def test_an_unknown_key_names_the_closest(town: Path, places: Path) -> None:
    done = wufei("path", town, "--points", places, "--from", "A", "--to", "fat", "--lang", "en")
    assert done.exit_code == BAD_INPUT and "closest: far" in done.stderr


# --- area -----------------------------------------------------------------------------------------


def test_an_area_counts_people_within_and_writes_the_land(town: Path, places: Path, tmp_path: Path) -> None:
    corner = tmp_path / "one.csv"
    pd.DataFrame([("S", *lonlat(0, 0))], columns=["id", "lon", "lat"]).to_csv(corner, index=False)
    out = tmp_path / "area.gpkg"
    words = ("area", town, "--points", corner, "--minutes", "1,3.1", "--places", places, "--people", "people")
    found = told(*words, "--out", out)
    assert found["people_in_all"] == 185 and found["direction"] == "from"
    assert [one["people"] for one in found["within"]] == [100, 150]  # C is 3 minutes away, the end of the spur 3.4
    assert [one["road_km"] for one in found["by_facility"]] == pytest.approx([4 / 3, 4 + 2 / 3], abs=1e-3)
    lands = gpd.read_file(out, layer="areas")
    assert sorted(lands["minutes"]) == [1, 3.1] and set(lands["facility"]) == {"S"}
    assert len(gpd.read_file(out, layer="together")) == 2
    printed = wufei(*words, "--lang", "en")
    assert printed.exit_code == 0 and "150" in printed.stdout and "81.1 %" in printed.stdout


def test_what_an_area_needs_is_told(town: Path, places: Path) -> None:
    base = ("area", town, "--points", places)
    for words, code in (
        (("--minutes", "10,5"), "E-ROAD-009"),
        (("--minutes", "ten"), "E-ROAD-009"),
        (("--minutes", "10", "--people", "people"), "E-ROAD-011"),
        (("--minutes", "10", "--places", places, "--people", "name"), "E-ROAD-008"),
        (("--minutes", "10", "--out", "area.shp"), "E-ROAD-013"),
    ):
        done = wufei(*base, *words)
        assert done.exit_code == BAD_INPUT and code in done.stderr, (words, done.output)


# --- qa -------------------------------------------------------------------------------------------


def test_qa_prints_findings_and_writes_a_geopackage_and_a_page(town: Path, tmp_path: Path) -> None:
    found = told("qa", town, "--tolerance-m", 0.5)
    assert found["findings"]["piece"] == 1 and found["findings"]["near_miss"] == 2  # both ends
    assert found["figures"]["pieces"] == 2
    done = wufei("qa", town, "--tolerance-m", 0.5, "--out", tmp_path, "--lang", "en")
    assert done.exit_code == 0 and "suspicious gaps" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"findings.gpkg", "findings.html"}
    assert "near_miss" in set(gpd.read_file(tmp_path / "findings.gpkg", layer="points")["kind"])
    assert "</html>" in (tmp_path / "findings.html").read_text("utf-8")


@pytest.mark.parametrize("command", ["build", "qa", "matrix", "path", "area"])
def test_every_command_explains_itself(command: str) -> None:
    done = wufei(command, "--help")
    assert done.exit_code == 0 and "SOURCE" in done.output
