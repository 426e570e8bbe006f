"""A layer of an online map, taken as WGS 84, lies some hundred metres off: against the others it shows.

The toy is 20 km wide: roads every 2 km and villages beside them. The real data are those of the two studies.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS
from ruamel.yaml import YAML

from gis_wufei.crs import WGS84, transformer
from gis_wufei.layers import Layer, LayerSpec, gather
from gis_wufei.layers.certificate import Certificate, Remark
from gis_wufei.layers.shift import doubted, explained
from gis_wufei.layers.webmap import from_webmap, to_webmap
from gis_wufei.text import Text

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data" / "dalad"
METRIC = CRS.from_epsg(4508)
EAST, NORTH = 410_000.0, 4_470_000.0  # at 109.9 E, 40.4 N


def layer(name, role, shapes, crs=METRIC):
    frame = gpd.GeoDataFrame({"row": range(1, len(shapes) + 1)}, geometry=list(shapes), crs=crs)
    paper = Certificate(Path(name), None, "", "", "", len(frame), len(frame))
    return Layer(name, role, Text(zh=name, en=name), frame, paper)


def toy(seed=1, crs=METRIC, east=EAST, north=NORTH):
    """Crooked roads 2 km apart with villages up to 40 m beside them, and units that share the border's edge."""
    rng = np.random.default_rng(seed)
    along = np.arange(0, 20_001, 500.0)
    roads, villages = [], []
    for i in range(11):
        bends = np.cumsum(rng.normal(0, 60, len(along)))
        roads.append(shapely.LineString(np.column_stack([east + along, north + 2000 * i + bends])))
        roads.append(shapely.LineString(np.column_stack([east + 2000 * i + bends[::-1], north + along])))
    for road in roads[:14]:
        for share in rng.uniform(0.05, 0.95, 8):
            here = road.interpolate(share, normalized=True)
            villages.append(shapely.Point(here.x + rng.uniform(-40, 40), here.y + rng.uniform(-40, 40)))
    ring = np.column_stack([np.cos(np.linspace(0, 6.28, 150)), np.sin(np.linspace(0, 6.28, 150))])
    ring = np.array([east + 10_000, north + 10_000]) + ring * (9000 + rng.normal(0, 300, (150, 1)))
    border = shapely.Polygon(ring)
    half = shapely.box(east, north, east + 10_000, north + 20_000)
    units = [shapely.intersection(border, half), shapely.difference(border, half)]
    return {
        "border": layer("border", "boundary", [border], crs),
        "roads": layer("roads", "roads", roads, crs),
        "villages": layer("villages", "settlements", villages, crs),
        "units": layer("units", "units", units, crs),
    }


def moved(one, datum, how=to_webmap):
    """The layer as the online map shows it, taken as WGS 84."""
    crs = CRS(one.frame.crs)
    there, back = transformer(crs, WGS84), transformer(WGS84, crs)

    def move(xy):
        return np.column_stack(back.transform(*how(datum, *there.transform(xy[:, 0], xy[:, 1]))))

    shapes = [shapely.transform(shape, move) for shape in one.frame.geometry]
    return replace(one, frame=one.frame.set_geometry(gpd.GeoSeries(shapes, one.frame.index, crs=crs)))


def doubts(layers):
    told = doubted(layers)
    return {
        name: (remark.code, remark.facts["datum"])
        for name, one in told.items()
        for remark in one.certificate.warned
        if remark.code.startswith("R-LAYER-SHIFT")
    }


@pytest.mark.parametrize("seed", range(6))
def test_sound_layers_raise_no_doubt(seed):
    assert doubts(toy(seed)) == {}


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
@pytest.mark.parametrize("name", ["border", "roads", "villages", "units"])
def test_the_one_layer_of_an_online_map_is_doubted_and_no_other(name, datum):
    layers = toy()
    assert doubts({**layers, name: moved(layers[name], datum)}) == {name: ("R-LAYER-SHIFT", datum)}


def test_the_warning_says_how_far_against_which_layer_and_what_to_write():
    layers = toy()
    told = doubted({**layers, "villages": moved(layers["villages"], "GCJ-02")})
    (remark,) = told["villages"].certificate.warned
    assert remark.count == 1 and 400 < remark.facts["metres"] < 600 and remark.ids[0].startswith("roads ")
    for lang in ("zh", "en"):
        assert "crs: GCJ-02" in remark.text(lang) and "roads" in remark.text(lang)


def test_layers_that_are_all_of_one_online_map_fit_each_other_and_raise_no_doubt():
    assert doubts({name: moved(one, "GCJ-02") for name, one in toy().items()}) == {}


def test_a_shift_that_is_not_an_online_maps_is_not_taken_for_one():
    layers = toy()
    for east, north in ((-500.0, 0.0), (0.0, 500.0), (350.0, -350.0)):
        frame = layers["villages"].frame.copy()
        frame["geometry"] = frame.geometry.translate(east, north)
        assert doubts({**layers, "villages": replace(layers["villages"], frame=frame)}) == {}


def test_a_sound_layer_that_was_declared_and_undone_all_the_same_is_doubted_instead_of_its_neighbours():
    layers = toy()
    wrong = moved(layers["villages"], "GCJ-02", from_webmap)
    undone = Remark("R-LAYER-OFFSET", 1, facts={"datum": "GCJ-02", "metres": 500})
    wrong = replace(wrong, certificate=replace(wrong.certificate, repaired=(undone,)))
    assert doubts({**layers, "villages": wrong}) == {"villages": ("R-LAYER-SHIFT-BACK", "GCJ-02")}


def test_a_handful_of_places_proves_nothing():
    layers = toy()
    few = moved(layers["villages"], "GCJ-02")
    assert doubts({**layers, "villages": replace(few, frame=few.frame.iloc[:6])}) == {}


def test_outside_china_nothing_is_asked():
    malta = toy(crs=CRS.from_epsg(32633), east=440_000.0, north=3_960_000.0)
    assert doubts({**malta, "villages": moved(malta["villages"], "GCJ-02")}) == {}


def test_many_vertices_of_one_shape_have_one_voice():
    """A pond of a thousand vertices that happens to lie one shift from a road says nothing of its layer."""
    pond = shapely.get_coordinates(shapely.Point(EAST + 500, NORTH).buffer(100, 250))
    tree = shapely.STRtree([shapely.LineString([(EAST, NORTH - 900), (EAST, NORTH + 900)])])
    assert explained(pond, tree, np.tile([-500.0, 0.0], (len(pond), 1))) is None


# --- real data -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study():
    folder = ROOT / "layers" / "dalad"
    told = YAML(typ="safe", pure=True).load((folder / "study.yaml").read_text(encoding="utf-8"))
    names = ("boundary", "roads", "villages", "enterprises", "units", "townships", "red_line", "mines", "rivers")
    specs = {name: LayerSpec.model_validate(told["layers"][name]) for name in names}
    return gather(specs, folder, reach_m=1000.0).by_name


def test_the_default_studys_layers_raise_no_doubt(study):
    assert doubts(study) == {}


@pytest.mark.parametrize("name", ["boundary", "roads", "villages", "enterprises", "units", "red_line", "mines"])
def test_each_of_its_layers_is_doubted_once_it_is_shifted(study, name):
    assert doubts({**study, name: moved(study[name], "GCJ-02")}) == {name: ("R-LAYER-SHIFT", "GCJ-02")}


@pytest.fixture(scope="module")
def banner():
    if not REAL.is_dir():
        pytest.skip("the public data are not here (shared/data/dalad beside the repository)")
    admin = REAL / "dalad_admin.gpkg"
    read = {
        "amap": gpd.read_file(admin, layer="banner_amap_wgs84"),
        "tianditu": gpd.read_file(admin, layer="banner_tianditu"),
        "raw": gpd.read_file(REAL / "banner_raw_gcj02_DO_NOT_OVERLAY.geojson"),
    }
    return {name: list(frame.to_crs(METRIC).geometry) for name, frame in read.items()}


@pytest.mark.parametrize("other", ["amap", "tianditu"])
def test_the_outline_of_an_online_map_is_doubted_against_the_true_one(banner, other):
    layers = {"border": layer("border", "boundary", banner[other]), "raw": layer("raw", "context", banner["raw"])}
    assert doubts(layers) == {"raw": ("R-LAYER-SHIFT", "GCJ-02")}
    layers = {"border": layer("border", "boundary", banner["raw"]), "other": layer("other", "context", banner[other])}
    assert doubts(layers) == {"border": ("R-LAYER-SHIFT", "GCJ-02")}


def test_two_true_outlines_that_differ_by_their_detail_raise_no_doubt(banner):
    layers = {"border": layer("border", "boundary", banner["amap"]), "two": layer("two", "context", banner["tianditu"])}
    assert doubts(layers) == {}


def test_the_raw_outline_declared_as_gcj_02_lies_on_the_true_one(banner, tmp_path):
    specs = {
        "border": LayerSpec.model_validate(
            {"path": "dalad_admin.gpkg", "layer": "banner_amap_wgs84", "role": "boundary"}
        ),
        "raw": LayerSpec.model_validate(
            {"path": "banner_raw_gcj02_DO_NOT_OVERLAY.geojson", "role": "context", "crs": "GCJ-02"}
        ),
    }
    layers = gather(specs, REAL)
    border, raw = (layers[name].frame.union_all() for name in ("border", "raw"))
    assert border.symmetric_difference(raw).area < 0.001 * border.area
    assert doubts(layers.by_name) == {}
    plain = gather({**specs, "raw": specs["raw"].model_copy(update={"crs": None})}, REAL)
    assert [remark.code for remark in plain["raw"].certificate.warned] == ["R-LAYER-SHIFT"]


@pytest.fixture(scope="module")
def malta():
    file = ROOT.parent / "shared" / "data" / "standin_malta" / "malta_osm_2018.gpkg"
    if not file.is_file():
        pytest.skip("the Malta extract is not here (shared/data/standin_malta beside the repository)")
    roads = gpd.read_file(file, layer="roads", columns=["highway"]).to_crs(32633)
    lines = roads.geometry[roads["highway"].isin(["primary", "secondary", "tertiary", "residential", "unclassified"])]
    places = shapely.get_coordinates(gpd.read_file(file, layer="places").to_crs(32633).geometry.to_numpy())
    return places, shapely.STRtree(shapely.get_parts(lines.to_numpy()))


def test_among_real_streets_a_shift_is_seen_in_nearly_every_direction_and_never_where_there_is_none(malta):
    """Streets are everywhere in Malta: any move ends near one, and still 168 places tell the true move, mostly."""
    places, roads = malta
    seen = 0
    for turn in np.radians(np.arange(0, 360, 30)):
        move = np.tile(510 * np.array([np.cos(turn), np.sin(turn)]), (len(places), 1))
        assert explained(places, roads, -move) is None
        seen += explained(places + move, roads, -move) is not None
    assert seen >= 9
