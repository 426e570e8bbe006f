"""The default study's data: what its script makes of the tables, and that the committed files are just that."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis_wufei.layers import LayerSpec, open_layer
from gis_wufei.network import Network, RoadProfile, build_network, od_matrix, prepare, snap
from gis_wufei.standards import crops, factors

FOLDER = Path(__file__).parents[1] / "layers" / "dalad"
METRES = "EPSG:4508"
MU_M2 = 2000 / 3
MAIN = {"expressway", "national", "provincial", "county", "township"}
ROLES = {
    "boundary.geojson": "boundary",
    "townships.geojson": "context",
    "villages.csv": "settlements",
    "collection_points.csv": "collection_points",
    "receptors.geojson": "receptors",
    "roads.gpkg": "roads",
    "railway.geojson": "railway",
    "airport.geojson": "airport",
    "fields.gpkg": "fields",
    "basic_farmland.geojson": "basic_farmland",
    "enterprises.csv": "enterprises",
    "facilities.csv": "facilities",
    "mines.geojson": "context",
    "power_stations.geojson": "context",
    "subsidence.geojson": "subsidence",
    "rivers.geojson": "rivers",
    "wetland.geojson": "wetland",
    "water_source.geojson": "water_source",
    "sand.geojson": "sand",
    "scenic.geojson": "scenic",
    "units.geojson": "units",
    "red_line.geojson": "red_line",
}
REAL = {"boundary.geojson", "airport.geojson", "mines.geojson", "power_stations.geojson"}


def frame_of(name: str, folder: Path = FOLDER) -> gpd.GeoDataFrame:
    """One layer in metres, codes as text."""
    path = folder / name
    if path.suffix != ".csv":
        return gpd.read_file(path).to_crs(METRES)
    table = pd.read_csv(path, dtype={"place_id": str})
    points = gpd.points_from_xy(table["lon"], table["lat"], crs=4326)
    return gpd.GeoDataFrame(table, geometry=points).to_crs(METRES)


def xy_of(frame: gpd.GeoDataFrame) -> np.ndarray:
    return shapely.get_coordinates(frame.geometry.to_numpy())


def fact(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / "facts" / f"{name}.csv", dtype={"code": str, "township_code": str})


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """Two runs of the script, at once, in a folder that holds nothing but the scripts and the tables."""
    alone = tmp_path_factory.mktemp("dalad")
    for script in FOLDER.glob("*.py"):
        shutil.copy(script, alone)
    shutil.copytree(FOLDER / "facts", alone / "facts")
    folders = alone / "one", alone / "two"
    command = [sys.executable, "-W", "error", "-X", "utf8", str(alone / "generate.py"), "--to"]
    runs = [
        subprocess.Popen([*command, str(to)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        for to in folders
    ]
    said = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    return *folders, said[0][0]


@pytest.fixture(scope="module")
def border() -> shapely.Polygon:
    return frame_of("boundary.geojson").geometry[0]


@pytest.fixture(scope="module")
def roads() -> gpd.GeoDataFrame:
    return frame_of("roads.gpkg")


@pytest.fixture(scope="module")
def network(roads: gpd.GeoDataFrame) -> Network:
    return build_network(roads, RoadProfile(speeds_kmh=dict.fromkeys(roads["class"].unique(), 30.0)))


@pytest.fixture(scope="module")
def gullies() -> gpd.GeoDataFrame:
    rivers = frame_of("rivers.geojson")
    return rivers[rivers["kind"] == "gully"]


@pytest.mark.parametrize("name", ROLES)
def test_the_script_reproduces_the_committed_layer(again: tuple[Path, Path, str], name: str) -> None:
    ours, made = frame_of(name), frame_of(name, again[0])
    place = ["lon", "lat", "geometry"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(ours).drop(columns=place, errors="ignore"),
        pd.DataFrame(made).drop(columns=place, errors="ignore"),
    )
    shapes = [shapely.normalize(frame.to_crs(4326).geometry.to_numpy()) for frame in (ours, made)]
    assert shapely.equals_exact(*shapes, tolerance=1.1e-6).all()


def test_two_runs_give_the_same_bytes_and_tell_of_every_file(again: tuple[Path, Path, str]) -> None:
    one, two, said = again
    assert {path.name for path in one.iterdir()} == set(ROLES)
    for name in ROLES:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
        assert name in said


def test_the_whole_folder_stays_below_8_mb() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if "__pycache__" not in path.parts) <= 8_000_000


@pytest.mark.parametrize("path", sorted((FOLDER / "facts").glob("*.csv")), ids=lambda path: path.stem)
def test_every_fact_has_a_source_and_a_status(path: Path) -> None:
    table = pd.read_csv(path)
    assert table["source"].str.len().min() > 6
    assert set(table["status"]) <= {"verified", "secondary", "memory", "user"}
    assert "accuracy_m" in table


@pytest.mark.parametrize(("name", "role"), ROLES.items())
def test_every_layer_meets_the_contract_of_its_role_and_says_what_is_made_up(name: str, role: str) -> None:
    layer = open_layer(name, LayerSpec.model_validate({"path": name, "role": role}), FOLDER)
    frame = layer.frame
    assert layer.certificate.rows_kept == layer.certificate.rows_read == len(frame) > 0
    assert frame.crs.to_epsg() == 4326
    assert not layer.certificate.repaired
    wanted = "some" if name == "rivers.geojson" else "none" if name in REAL else "all"
    assert layer.certificate.synthetic == wanted
    assert frame[["synthetic", "source", "accuracy_m"]].notna().all(axis=None)
    assert (frame["accuracy_m"] > 0).all()


def test_the_boundary_is_the_outline_of_the_table(border: shapely.Polygon) -> None:
    corners = fact("outline")
    outline = gpd.GeoSeries([shapely.Polygon(corners[["lon", "lat"]])], crs=4326).to_crs(METRES)[0]
    assert shapely.hausdorff_distance(border, outline) < 1.5
    assert border.area / 1e6 == pytest.approx(8241, rel=0.002)


def test_the_161_villages_carry_their_real_names_and_codes() -> None:
    villages, table = frame_of("villages.csv"), fact("villages")
    assert len(villages) == 161
    assert villages["place_id"].is_unique
    assert villages["place_id"].str.fullmatch(r"150621\d{6}").all()
    assert villages["name"].tolist() == table["name"].tolist()
    assert villages["place_id"].tolist() == table["code"].tolist()


def test_residents_add_up_to_the_published_totals() -> None:
    villages = frame_of("villages.csv")
    assert villages["population"].dtype.kind == "i"
    assert villages.groupby("class")["population"].sum().to_dict() == {"urban": 216_600, "rural": 117_400}
    assert villages["population"].min() > 50


def test_the_shares_of_every_village_add_up_to_one() -> None:
    points = frame_of("collection_points.csv")
    assert 800 <= len(points) <= 1000
    per_mille = (points["share"] * 1000).round(6)
    assert (per_mille == per_mille.round()).all()
    assert (per_mille.groupby(points["place_id"]).sum() == 1000).all()
    assert set(points["place_id"]) == set(frame_of("villages.csv")["place_id"])


def test_a_natural_village_lies_within_3_km_of_its_village_on_the_same_side_of_every_gully(
    gullies: gpd.GeoDataFrame,
) -> None:
    points, villages = frame_of("collection_points.csv"), frame_of("villages.csv").set_index("place_id")
    own = villages.geometry.loc[points["place_id"]].to_numpy()
    assert shapely.distance(points.geometry.to_numpy(), own).max() < 3300
    ways = shapely.linestrings(np.stack([xy_of(points), shapely.get_coordinates(own)], axis=1))
    assert not shapely.intersects(gullies.union_all(), ways).any()


@pytest.mark.parametrize("name", ["villages.csv", "collection_points.csv", "enterprises.csv", "facilities.csv"])
def test_points_lie_inside_the_banner_near_a_road_and_out_of_the_water(
    name: str, network: Network, border: shapely.Polygon
) -> None:
    frame = frame_of(name)
    inside = frame.within(border)
    assert (inside | (frame["kind"] == "HWR" if "kind" in frame else False)).all()
    assert snap(network, xy_of(frame)).access_m.max() < 500
    assert frame.distance(frame_of("rivers.geojson").union_all()).min() > 150


def test_the_network_is_one_piece_of_realistic_size(network: Network) -> None:
    report = network.report()
    assert report.nodes >= 20_000
    assert 5_000 <= report.length_km <= 10_000
    assert report.components == 1
    assert report.share_mutually_reachable == pytest.approx(1)
    km = report.km_by_class
    assert km["national"] < km["county"] < km["township"] < km["village"] < km["track"]
    left_out = {cause: n for cause, n in report.ignored.items() if n}
    assert left_out.keys() <= {"duplicate"} and left_out.get("duplicate", 0) < 50


def test_the_detour_between_villages_is_that_of_a_rural_network(network: Network) -> None:
    xy = xy_of(frame_of("villages.csv"))
    way = od_matrix(prepare(network, snap(network, xy))).distance_m
    straight = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    apart = straight > 3000
    assert np.isfinite(way).all()
    assert 1.15 <= np.median(way[apart] / straight[apart]) <= 1.6


def test_few_roads_cross_a_gully_and_only_main_ones_on_bridges(
    network: Network, roads: gpd.GeoDataFrame, gullies: gpd.GeoDataFrame
) -> None:
    crossing = shapely.intersects(gullies.union_all(), network.graph.lines)
    over = roads.iloc[network.graph.row[crossing]]
    assert 10 <= len(over) <= 60
    assert set(over["class"]) <= MAIN
    assert over["bridge"].all()


def test_the_expressway_is_left_at_interchanges_only(network: Network) -> None:
    fast = network.graph.class_code == network.graph.classes.index("expressway")
    on = np.unique(np.concatenate([network.graph.tail[fast], network.graph.head[fast]]))
    off = np.unique(np.concatenate([network.graph.tail[~fast], network.graph.head[~fast]]))
    assert 3 <= len(np.intersect1d(on, off)) <= 8
    under = shapely.crosses(shapely.union_all(network.graph.lines[fast]), network.graph.lines[~fast])
    assert under.sum() > 10


def test_every_place_can_be_reached_without_tracks(roads: gpd.GeoDataFrame) -> None:
    speeds = dict.fromkeys(roads["class"].unique(), 30.0)
    paved = build_network(roads, RoadProfile(speeds_kmh=speeds, banned_classes=("track",)))
    for name in ("villages.csv", "collection_points.csv", "facilities.csv"):
        edge = snap(paved, xy_of(frame_of(name))).edge
        assert (edge >= 0).all()
        assert len(np.unique(paved.weak[paved.graph.tail[edge]])) == 1


def test_roads_are_sparse_in_the_sand(roads: gpd.GeoDataFrame) -> None:
    sand = frame_of("sand.geojson").union_all()
    fields = frame_of("fields.gpkg")
    farmed = shapely.convex_hull(shapely.union_all(fields.geometry[fields["irrigated"]].to_numpy()[:500]))
    density = [roads.intersection(land).length.sum() / land.area for land in (sand, farmed)]
    assert density[0] < density[1] / 4


def test_irrigated_land_is_as_published_and_mostly_corn() -> None:
    fields = frame_of("fields.gpkg")
    area = fields.area.where(fields["irrigated"], 0)
    assert area.sum() / MU_M2 == pytest.approx(1_500_000, rel=0.03)
    assert area[fields["crop"] == "corn"].sum() / area.sum() == pytest.approx(0.75, abs=0.03)
    assert set(fields["crop"]) <= set(crops())
    assert 4000 <= len(fields) <= 6500
    assert fields["field_id"].is_unique


def test_fields_keep_clear_of_each_other_of_gullies_and_of_homes(gullies: gpd.GeoDataFrame) -> None:
    fields, receptors = frame_of("fields.gpkg"), frame_of("receptors.geojson")
    one, other = fields.sindex.query(fields.geometry, predicate="overlaps")
    assert len(one) == len(other) == 0
    assert fields.distance(gullies.union_all()).min() > 150
    homes = receptors[receptors["kind"] == "home"]
    assert len(fields.sindex.query(homes.geometry, predicate="intersects")[0]) == 0


def test_basic_farmland_is_a_good_share_of_the_fields_but_not_all() -> None:
    kept = frame_of("basic_farmland.geojson").explode()
    fields = frame_of("fields.gpkg")
    assert 0.3 < kept.area.sum() / fields.area[fields["irrigated"]].sum() < 0.6
    piece, field = fields.sindex.query(kept.geometry, predicate="intersects")
    common = shapely.intersection(kept.geometry.to_numpy()[piece], fields.geometry.to_numpy()[field])
    assert shapely.area(common).sum() > 0.99 * kept.area.sum()


def test_thirty_units_of_three_classes_tile_the_banner(border: shapely.Polygon) -> None:
    units = frame_of("units.geojson")
    assert units["class"].value_counts().to_dict() == {"key": 16, "priority": 12, "general": 2}
    assert shapely.coverage_is_valid(units.geometry.to_numpy())
    assert units.area.sum() == pytest.approx(border.area, rel=1e-9)
    assert shapely.symmetric_difference(units.union_all(), border).area < 1
    assert units["name"].str.fullmatch(r"示例单元-\d\d（虚构）").all()
    assert units["source"].str.contains("fictitious").all()


def test_red_line_and_level_1_water_zones_are_the_units_of_that_sub_class() -> None:
    units = frame_of("units.geojson").dissolve("sub_class").geometry
    water = frame_of("water_source.geojson")
    level_1 = water[water["level"] == "1"].union_all()
    assert shapely.symmetric_difference(frame_of("red_line.geojson").union_all(), units["red_line"]).area < 1
    assert shapely.symmetric_difference(level_1, units["water"]).area < 0.02 * level_1.area


def test_water_zones_of_different_levels_do_not_overlap() -> None:
    zones = frame_of("water_source.geojson")
    one, other = zones.sindex.query(zones.geometry.buffer(-1), predicate="intersects")
    assert (one == other).all()
    assert set(zones["level"]) == {"1", "2", "quasi"}


def test_sunk_land_lies_at_a_mine_whose_point_is_its_own() -> None:
    sunk, mines = frame_of("subsidence.geojson"), frame_of("mines.geojson").set_index("name")
    assert len(mines) == 22
    assert set(sunk["state"]) == {"active", "stable"}
    at = mines.loc[sunk["mine"]]
    assert (at["accuracy_m"] < 10_000).all()
    assert shapely.distance(sunk.geometry.to_numpy(), at.geometry.to_numpy()).max() < 6000
    assert set(at["state"][sunk["state"].to_numpy() == "active"]) == {"operating"}


def test_250_enterprises_have_codes_and_tonnes_in_the_range_of_their_sector() -> None:
    enterprises, sectors = frame_of("enterprises.csv"), fact("sectors").set_index("sector")
    assert enterprises["sector"].value_counts().to_dict() == sectors["count"].to_dict()
    assert len(enterprises) == 250
    row = sectors.loc[enterprises["sector"]]
    kilograms = 1000 * enterprises["t_per_year"].to_numpy()
    assert (kilograms >= row["low_kg_per_year"]).all()
    assert (kilograms <= row["high_kg_per_year"]).all()
    assert enterprises["hw_codes"].str.fullmatch(r"900-\d{3}-\d\d(;900-\d{3}-\d\d)*").all()
    assert enterprises["name"].str.startswith("示例").all()
    in_town = enterprises["township"].str.endswith("街道").mean()
    assert in_town == pytest.approx(0.6, abs=0.02)


def test_the_range_of_a_sector_is_that_of_the_standards() -> None:
    for row in fact("sectors").itertuples():
        factor = factors()[row.factor]
        assert [factor.at(level) for level in ("low", "default", "high")] == [
            row.low_kg_per_year,
            row.kg_per_year,
            row.high_kg_per_year,
        ]


def test_every_town_has_a_pyrolysis_station_and_the_banner_its_other_facilities() -> None:
    facilities = frame_of("facilities.csv")
    assert facilities["kind"].value_counts().to_dict() == {"AGF": 27, "PY": 9, "PLANT": 3, "HWR": 2, "LF": 1}
    assert set(facilities["state"]) == {"keep"}
    seats = fact("townships").query("kind in ('town', 'sumu')")
    stations = facilities[facilities["kind"] == "PY"]
    assert [name.startswith(town) for name, town in zip(stations["name"], seats["name"], strict=True)] == [True] * 9
    assert stations["capacity_t_per_day"].between(5, 10).all()


def test_every_part_of_the_plain_keeps_open_land_beside_a_road(roads: gpd.GeoDataFrame) -> None:
    fields, water = frame_of("fields.gpkg"), frame_of("water_source.geojson")
    rivers, receptors = frame_of("rivers.geojson"), frame_of("receptors.geojson")
    plain = fields[fields["irrigated"]]
    west, south, east, north = plain.total_bounds
    x, y = np.meshgrid(np.arange(west, east, 600), np.arange(south, north, 600))
    spot = gpd.GeoSeries(gpd.points_from_xy(x.ravel(), y.ravel()), crs=METRES).buffer(60, quad_segs=2)
    barred = [
        frame_of("basic_farmland.geojson").geometry,
        frame_of("red_line.geojson").geometry,
        water.geometry[water["level"] != "quasi"],
        rivers.buffer(200).where(rivers["kind"] == "gully", rivers.buffer(1000)),
        receptors.buffer(50),
    ]
    barred = gpd.GeoSeries(pd.concat(barred, ignore_index=True), crs=METRES)
    open_land = np.ones(len(spot), dtype=bool)
    open_land[barred.sindex.query(spot, predicate="intersects")[0]] = False
    off = roads.sindex.nearest(spot.centroid, return_all=False, return_distance=True)[1]
    usable = spot[open_land & (off > 80) & (off < 400)].centroid
    towns = gpd.sjoin(usable.to_frame("geometry"), frame_of("townships.geojson")[["name", "geometry"]])
    counts = towns["name"].value_counts()
    farmed = plain["township"].value_counts()
    assert (counts.reindex(farmed.index[farmed > 50]) >= 15).all()


def test_the_readme_lists_every_layer_with_its_rows_and_role() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, role in ROLES.items():
        made_up = "in part" if name == "rivers.geojson" else "no" if name in REAL else "yes"
        assert f"| `{name}` | {len(frame_of(name)):,} | {role} | {made_up} |" in text
