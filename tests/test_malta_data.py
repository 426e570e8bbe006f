"""The Malta study's data: what its one command makes of the public extract."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gis_wufei.layers import LayerSpec, open_layer
from gis_wufei.plan import Plan, make_plan
from gis_wufei.study import Study

BRING = Path(__file__).parents[1] / "layers" / "malta" / "bring.py"
BESIDE = Path(__file__).parents[2] / "shared" / "data"
SOURCE = Path(os.environ.get("GIS_WUFEI_DATA") or BESIDE) / "standin_malta"
ASSUMED = {"fields.gpkg", "enterprises.csv", "facilities.csv"}  # real places, counted for something assumed
METRES = "EPSG:32633"
ROLES = {
    "boundary.geojson": "boundary",
    "councils.geojson": "context",
    "roads.gpkg": "roads",
    "villages.csv": "settlements",
    "fields.gpkg": "fields",
    "industry.gpkg": "context",
    "enterprises.csv": "enterprises",
    "residential.gpkg": "receptors",
    "receptors.geojson": "receptors",
    "facilities.csv": "facilities",
    "waste_points.geojson": "context",
    "rivers.geojson": "rivers",
    "wetland.geojson": "wetland",
    "water.geojson": "context",
    "quarries.geojson": "context",
    "reserve.geojson": "reserve",
    "airport.geojson": "airport",
}


def run_bring(source: Path, to: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-X", "utf8", str(BRING), str(source), "--to", str(to)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    if not SOURCE.is_dir():
        pytest.skip(f"the Malta extract is not here: {SOURCE} (GIS_WUFEI_DATA names another place, see layers/malta)")
    folder = tmp_path_factory.mktemp("malta")
    done = run_bring(SOURCE, folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture(scope="module")
def data(brought: tuple[Path, str]) -> Path:
    return brought[0]


@pytest.fixture(scope="module")
def roads(data: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(data / "roads.gpkg", layer="roads")


@pytest.fixture(scope="module")
def mapped_lines(data: Path) -> gpd.GeoDataFrame:
    lines = pyogrio.read_dataframe(next(SOURCE.glob("malta*.osm.pbf")), layer="lines")
    return lines.assign(road_id="w" + lines["osm_id"]).set_index("road_id")


def frame_of(data: Path, name: str) -> pd.DataFrame:
    path = data / name
    return pd.read_csv(path) if path.suffix == ".csv" else gpd.read_file(path)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (None, "no such folder"),
        ([], "exactly one malta*.osm.pbf, found 0"),
        (["malta-a.osm.pbf", "malta-b.osm.pbf"], "exactly one malta*.osm.pbf, found 2"),
        (["malta-a.osm.pbf"], "needs settlement_population_geonames.csv"),
    ],
)
def test_a_folder_without_the_sources_ends_with_code_2_and_a_sentence(
    tmp_path: Path, files: list[str] | None, complaint: str
) -> None:
    source, to = tmp_path / "source", tmp_path / "data"
    if files is not None:
        source.mkdir()
        for file in files:
            (source / file).touch()
    done = run_bring(source, to)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not to.exists()


def test_a_damaged_extract_ends_with_code_2_and_nothing_written(brought: object, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "malta.osm.pbf").write_bytes(next(SOURCE.glob("malta*.osm.pbf")).read_bytes()[:100_000])
    people = "settlement_population_geonames.csv"
    (source / people).write_bytes((SOURCE / people).read_bytes())
    done = run_bring(source, tmp_path / "data")
    assert done.returncode == 2
    assert "not readable as an OpenStreetMap extract" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("name", "role"), ROLES.items())
def test_every_layer_meets_the_contract_of_its_role(data: Path, name: str, role: str) -> None:
    layer = open_layer(name, LayerSpec.model_validate({"path": name, "role": role}), data)
    assert layer.certificate.rows_kept == len(layer.frame) > 0
    assert layer.frame.crs.to_epsg() == 4326
    assert layer.certificate.synthetic == ("all" if name in ASSUMED else "none")
    assert layer.frame["source"].str.contains("OpenStreetMap").all()
    assert (layer.frame["accuracy_m"] > 0).all()


def test_the_command_tells_of_every_file_it_wrote(brought: tuple[Path, str]) -> None:
    data, said = brought
    assert {path.name for path in data.iterdir()} == set(ROLES)
    for name in ROLES:
        assert re.search(rf"^{re.escape(name)} +{len(frame_of(data, name)):,} rows", said, re.MULTILINE)
    assert "residents: 498,424 in 70 settlements" in said
    assert "without their place on the map: none" in said
    assert "doubtful: Mġarr\n" in said


def test_the_boundary_is_the_land_of_the_islands(data: Path) -> None:
    land = gpd.read_file(data / "boundary.geojson").to_crs(METRES)
    assert land.area.sum() / 1e6 == pytest.approx(315.6, abs=0.1)
    councils = gpd.read_file(data / "councils.geojson").to_crs(METRES)
    assert len(councils) == 68
    assert councils["name"].is_unique
    assert councils.area.sum() == pytest.approx(land.area.sum(), rel=0.001)


def test_the_place_of_every_settlement_lies_in_its_council(data: Path) -> None:
    people = pd.read_csv(data / "villages.csv").set_index("name")
    assert (len(people), people["population"].sum()) == (70, 498_424)
    councils = gpd.read_file(data / "councils.geojson").to_crs(METRES).set_index("name")
    assert set(people["township"]) == set(councils.index)
    spots = gpd.GeoSeries.from_xy(people["osm_lon"], people["osm_lat"], crs=4326).to_crs(METRES)
    home = gpd.GeoSeries(councils.geometry.loc[people["township"]].to_numpy(), index=people.index, crs=METRES)
    assert (spots.distance(home) == 0).all()
    named = gpd.GeoSeries.from_xy(people["lon"], people["lat"], crs=4326).to_crs(METRES)
    off_m = people["accuracy_m"] - spots.distance(named)
    assert ((off_m >= 0) & (off_m < 10)).all()
    english = {
        "Paola": "Raħal Ġdid",
        "Cospicua": "Bormla",
        "Victoria": "Ir-Rabat (Gozo)",
        "Sliema": "Tas-Sliema",
    }
    assert people.loc[list(english), "township"].to_dict() == english


def test_a_settlement_is_urban_from_5000_residents(data: Path) -> None:
    people = pd.read_csv(data / "villages.csv")
    assert ((people["class"] == "urban") == (people["population"] >= 5000)).all()
    assert people["class"].value_counts().to_dict() == {"rural": 39, "urban": 31}


def test_the_figure_filed_under_another_council_is_marked(data: Path) -> None:
    people = pd.read_csv(data / "villages.csv").set_index("name")
    marked = people.index[people["source"].str.contains("filed there under another council")]
    assert list(marked) == ["Mġarr"]
    assert dict(people.loc["Mġarr", ["township", "island"]]) == {"township": "Għajnsielem", "island": "Gozo"}


def test_roads_keep_their_vertices_to_the_bit(roads: gpd.GeoDataFrame, mapped_lines: gpd.GeoDataFrame) -> None:
    original = mapped_lines.geometry.loc[roads["road_id"]].to_numpy()
    assert shapely.equals_exact(roads.geometry.to_numpy(), original, tolerance=0.0).all()


def test_roads_are_those_a_truck_may_use(roads: gpd.GeoDataFrame, mapped_lines: gpd.GeoDataFrame) -> None:
    assert len(roads) == 21_551
    assert roads["road_id"].is_unique
    assert not set(roads["highway"]) & {"footway", "path", "cycleway", "steps", "pedestrian"}
    tags = mapped_lines["other_tags"].fillna("").loc[roads["road_id"]]
    assert not tags.str.contains('"route"=>"ferry"').any()
    assert not tags.str.contains('"motor_vehicle"=>"(?:no|private)"').any()
    closed = tags[tags.str.contains('"access"=>"(?:no|private)"')]
    assert closed.str.contains('"motor_vehicle"=>"').all()


def test_road_classes_follow_the_table(roads: gpd.GeoDataFrame) -> None:
    km = (roads.to_crs(METRES).length / 1000).groupby(roads["class"]).sum()
    expected = {
        "national": 255.2,
        "provincial": 209.5,
        "county": 228.8,
        "township": 419.8,
        "town_street": 1062.1,
        "village": 396.9,
        "track": 730.5,
    }
    assert km.to_dict() == pytest.approx(expected, abs=0.1)
    assert set(roads.loc[roads["class"] == "national", "highway"]) == {
        "trunk",
        "trunk_link",
        "primary",
        "primary_link",
    }


def test_one_ways_follow_the_tag_and_roundabouts_their_drawing(
    roads: gpd.GeoDataFrame, mapped_lines: gpd.GeoDataFrame
) -> None:
    tags = mapped_lines["other_tags"].fillna("").loc[roads["road_id"]].reset_index(drop=True)
    assert (roads["oneway"][tags.str.contains('"oneway"=>"yes"')] == "forward").all()
    assert (roads["oneway"][tags.str.contains('"oneway"=>"-1"')] == "backward").all()
    untagged = tags.str.contains('"junction"=>"roundabout"') & ~tags.str.contains('"oneway"=>')
    assert untagged.any()
    assert (roads["oneway"][untagged] == "forward").all()
    assert roads["oneway"].value_counts().to_dict() == {"no": 15_898, "forward": 5_610, "backward": 43}
    assert roads["bridge"].sum() == 118


def test_no_road_joins_gozo_and_malta(data: Path, roads: gpd.GeoDataFrame) -> None:
    xy, line = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    places, vertex = np.unique(xy, axis=0, return_inverse=True)
    step = line[1:] == line[:-1]
    tail, head = vertex[:-1][step], vertex[1:][step]
    graph = csr_matrix((np.ones(len(tail)), (tail, head)), shape=(len(places), len(places)))
    piece = connected_components(graph, directed=False)[1]
    size = np.bincount(piece)
    malta, gozo, comino = np.argsort(size)[::-1][:3]
    assert (len(places), len(size)) == (91_559, 361)
    assert size[[malta, gozo, comino]].tolist() == [75_700, 12_396, 1_080]
    assert places[piece == gozo, 1].min() > places[piece == malta, 1].max()
    people = pd.read_csv(data / "villages.csv")
    assert ((people["island"] == "Gozo") == (people["osm_lat"] > places[piece == gozo, 1].min())).all()


def test_fields_are_all_the_mapped_farmland_and_say_that_the_crop_is_assumed(data: Path) -> None:
    fields = gpd.read_file(data / "fields.gpkg")
    assert len(fields) == 1044
    assert fields.to_crs(METRES).area.sum() / 1e6 == pytest.approx(103.57, abs=0.01)
    assert set(fields["crop"]) == {"wheat"}
    assert fields["source"].str.contains("crop: ASSUMPTION").all()
    assert fields["township"].notna().all()


def test_an_enterprise_makes_half_a_tonne_a_hectare_and_says_that_it_is_assumed(data: Path) -> None:
    producers = pd.read_csv(data / "enterprises.csv").set_index("source_id")
    areas = gpd.read_file(data / "industry.gpkg").to_crs(METRES).set_index("source_id")
    assert len(producers) == len(areas) == 184
    hectares = areas.area / 10_000
    assert np.allclose(producers["t_per_year"], 0.5 * hectares.loc[producers.index], atol=2e-4)
    assert producers["source"].str.contains("t_per_year and hw_codes: ASSUMPTION").all()
    spots = gpd.GeoSeries.from_xy(producers["lon"], producers["lat"], crs=4326).to_crs(METRES)
    assert (spots.distance(areas.geometry.loc[producers.index]) < 0.1).all()


def test_every_facility_is_a_mapped_object_whose_role_is_marked_as_assumed(data: Path) -> None:
    places = pd.read_csv(data / "facilities.csv")
    assert places["kind"].value_counts().to_dict() == {"TS": 3, "PLANT": 2, "LF": 1, "HWR": 1}
    assert set(places["state"]) == {"keep"}
    assert places["capacity_t_per_day"].isna().all()
    assert places["source"].str.contains("role: ASSUMPTION").all()
    areas = pyogrio.read_dataframe(next(SOURCE.glob("malta*.osm.pbf")), layer="multipolygons")
    way = places["source"].str.extract(r", w(\d+);")[0]
    objects = areas.set_index("osm_way_id").geometry.loc[way].reset_index(drop=True).to_crs(METRES)
    spots = gpd.GeoSeries.from_xy(places["lon"], places["lat"], crs=4326).to_crs(METRES)
    assert (spots.distance(objects) < 0.1).all()


def test_receptors_are_homes_schools_and_hospitals_once_each(data: Path) -> None:
    homes = gpd.read_file(data / "residential.gpkg")
    assert (len(homes), set(homes["kind"])) == (909, {"home"})
    grounds = gpd.read_file(data / "receptors.geojson")
    assert grounds["kind"].value_counts().to_dict() == {"school": 171, "hospital": 18}
    point = grounds.geom_type == "Point"
    twice = gpd.sjoin(grounds[point], grounds[~point], predicate="within")
    assert not (twice["kind_left"] == twice["kind_right"]).any()


@pytest.fixture(scope="module")
def study(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("study")
    shutil.copy(BRING.with_name("study.yaml"), folder)
    shutil.copytree(data, folder / "data")
    return Study.open(folder)


@pytest.fixture(scope="module", params=["straw", "domestic", "hazardous"])
def plan(study: Study, request: pytest.FixtureRequest) -> Plan:
    return make_plan(study, [request.param])


def test_the_study_runs_and_every_tonne_is_served_or_told(plan: Plan) -> None:
    (stream,) = plan.streams.values()
    assert stream.siting.status in ("optimal", "feasible")
    served, unserved = stream.assignments["t_per_year"].sum(), stream.unserved["t_per_year"].sum()
    fetched = served - stream.collection.unserved["t_per_year"].sum()  # assigned to a site, but no truck can
    assert fetched + unserved == pytest.approx(stream.demand.t_per_year, rel=1e-9)
    assert fetched > 0.9 * stream.demand.t_per_year
    states = {name: layer.certificate.synthetic for name, layer in plan.layers.by_name.items()}
    assert {name for name, state in states.items() if state != "none"} == {"fields", "enterprises", "facilities"}


def test_gozo_is_served_on_gozo_or_told_that_no_road_leads_on(plan: Plan, data: Path) -> None:
    """No bridge, no ferry. Straw has a user on Gozo; the landfill and the licensed receiver are on Malta."""
    ((name, stream),) = plan.streams.items()
    councils = gpd.read_file(data / "councils.geojson").to_crs(plan.layers.area.crs)
    home = gpd.sjoin_nearest(stream.demand.places[["geometry"]], councils[["island", "geometry"]], max_distance=3000)
    gozo = set(home.index[home["island"] == "Gozo"])
    lost = stream.unserved.set_index("place_id")["reason"]
    assert gozo
    if name == "straw":
        assert lost.empty
        sites = councils.geometry[councils["island"] == "Gozo"].union_all().buffer(100)
        ashore = stream.sites.geometry.within(sites)
        at = stream.assignments.set_index("place_id")["site_id"].map(ashore)
        assert set(at.index[at]) == gozo
    else:
        assert set(lost.index) == gozo
        assert set(lost) == {"unserved.no_way_on"}


def test_the_straw_of_wheat_arises_in_july(plan: Plan) -> None:
    ((name, stream),) = plan.streams.items()
    if name == "straw":
        assert stream.demand.month_t[6] == pytest.approx(stream.demand.t_per_year)
