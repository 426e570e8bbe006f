"""Public data comes in once, with its origin beside it; without a network the next step is told within seconds.

Servers stand on this machine; maps are drawn by hand as OpenStreetMap writes them. Two real extracts beside
this repository are read where they are there.
"""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
from affine import Affine
from conftest import draw_county
from typer.testing import CliRunner

from gis_wufei.cli import BAD_INPUT, OK, app
from gis_wufei.errors import InputError, MissingExtraError
from gis_wufei.fetch import bring, net, overpass, sources
from gis_wufei.fetch.osm_table import themes
from gis_wufei.fetch.raster import addresses
from gis_wufei.layers import LayerSpec, open_layer
from gis_wufei.layers.provenance import sidecar_of
from gis_wufei.network.tags import road_words
from gis_wufei.standards import roads

pytest.importorskip("osmium", reason="pyosmium is not installed: pip install 'gis-wufei[osm]'")
SHARED = Path(__file__).parents[2] / "shared" / "data"
BOX = (109.0, 40.0, 109.3, 40.3)
BBOX = ",".join(map(str, BOX))

# Nodes 1-4 a square of 0.1 degrees at 109.1 E, 40.1 N; ways over it; a village at each of two corners.
NODES = {1: (109.1, 40.1), 2: (109.2, 40.1), 3: (109.2, 40.2), 4: (109.1, 40.2), 5: (109.15, 40.15)}
WAYS = {
    11: ([1, 2], {"highway": "primary", "ref": "G210", "name": "包茂公路", "maxweight": "30", "hgv": "yes"}),
    12: ([2, 3], {"highway": "unclassified", "oneway": "-1", "surface": "gravel", "bridge": "viaduct"}),
    13: ([3, 4], {"highway": "motorway", "ref": "G65"}),
    14: ([4, 1], {"highway": "residential", "access": "private"}),
    15: ([4, 1], {"highway": "track", "access": "private", "motor_vehicle": "yes", "smoothness": "bad"}),
    16: ([1, 2, 3, 4, 1], {"highway": "service", "area": "yes"}),
    17: ([1, 5], {"highway": "footway"}),
    18: ([1, 2, 3, 4, 1], {"landuse": "farmland", "crop": "corn"}),
    19: ([1, 2, 3, 1], {"natural": "sand", "name": "库布其"}),
    20: ([1, 3], {"waterway": "stream", "name": "罕台川"}),
    21: ([1, 2, 3, 4, 1], {"boundary": "administrative", "admin_level": "8", "name": "甲镇"}),
    22: ([1, 999], {"highway": "primary"}),  # one point of two is outside the extract
    23: ([1, 5, 999], {"highway": "tertiary"}),  # the last of three is
}
PLACES = {
    31: (109.1, 40.1, {"place": "village", "name": "东村", "population": "1 200"}),
    32: (109.2, 40.2, {"place": "town", "name": "<b>镇</b>", "population": "many"}),
}


def tagged(tags):
    said = {"<": "&lt;", ">": "&gt;", '"': "&quot;"}
    safe = {k: "".join(said.get(c, c) for c in v) for k, v in tags.items()}
    return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in safe.items())


def drawn(tmp_path, name="county.osm"):
    """The hand-drawn map as an OpenStreetMap XML file."""
    lines = [f'<node id="{i}" lon="{x}" lat="{y}" version="1"/>' for i, (x, y) in NODES.items()]
    lines += [
        f'<node id="{i}" lon="{x}" lat="{y}" version="1">{tagged(tags)}</node>' for i, (x, y, tags) in PLACES.items()
    ]
    for i, (refs, tags) in WAYS.items():
        ends = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{i}" version="1">{ends}{tagged(tags)}</way>')
    (tmp_path / name).write_text(f'<osm version="0.6">{"".join(lines)}</osm>', encoding="utf-8")
    return tmp_path / name


def rows(folder, theme):
    frame = gpd.read_file(folder / f"{theme}.gpkg")
    return {row["osm_id"]: row for row in frame.to_dict("records")}


def code_of(**wanted):
    with pytest.raises(InputError) as caught:
        bring(**wanted)
    return caught.value.faults[0].code


def wufei(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


# --- a local extract -----------------------------------------------------------------------------


def test_one_command_makes_six_layers_each_with_its_origin(tmp_path):
    extract, out = drawn(tmp_path), tmp_path / "raw"
    done = wufei("fetch", "osm", "--from", extract, "--to", out, "--lang", "en")
    assert done.exit_code == OK, done.output
    names = ("roads", "places", "landuse", "natural", "waterways", "boundaries")
    assert {path.name for path in out.iterdir()} == {f"{n}{end}" for n in names for end in (".gpkg", ".source.json")}
    record = json.loads((out / "roads.source.json").read_text("utf-8"))
    assert record["sha256"] == hashlib.sha256((out / "roads.gpkg").read_bytes()).hexdigest()
    assert record["bytes"] == (out / "roads.gpkg").stat().st_size and record["rows"] == 5
    assert record["origin"] == "county.osm" and "ODbL" in record["licence"] and "©" in record["attribution"]
    assert record["fetched_utc"].endswith("+00:00") and {"gis_wufei", "osmium"} <= set(record["tools"])
    assert record["left_out"] == {"outline": 1, "not_public": 1, "cut": 2}
    assert "OpenStreetMap contributors" in done.stdout


def test_roads_have_our_classes_and_directions_and_keep_the_tags_of_trucks(tmp_path):
    bring("osm", to=tmp_path / "raw", file=drawn(tmp_path))
    found = rows(tmp_path / "raw", "roads")
    assert {way: row["class"] for way, row in found.items()} == {
        "w11": "national",  # a G route in China, though tagged primary
        "w12": "village",
        "w13": "expressway",
        "w15": "track",  # motor_vehicle outranks access
        "w23": "township",
    }
    assert [row["oneway"] for row in found.values()] == ["no", "backward", "forward", "no", "no"]
    assert (found["w11"]["maxweight"], found["w11"]["hgv"], found["w11"]["highway"]) == ("30", "yes", "primary")
    assert found["w12"]["bridge"] and found["w12"]["surface"] == "gravel" and found["w12"]["osm_oneway"] == "-1"
    assert found["w15"]["smoothness"] == "bad"


def test_a_road_that_runs_out_of_the_extract_is_kept_as_far_as_it_goes(tmp_path):
    bring("osm", to=tmp_path / "raw", file=drawn(tmp_path))
    assert list(rows(tmp_path / "raw", "roads")["w23"]["geometry"].coords) == [NODES[1], NODES[5]]


def test_every_road_class_of_the_table_is_one_of_the_standards():
    table = themes()["roads"]
    assert {*table.classes.values(), *road_words().refs.values()} <= set(roads()) and table.source


def test_places_areas_and_waters_have_our_columns(tmp_path):
    bring("osm", to=tmp_path / "raw", file=drawn(tmp_path))
    places = rows(tmp_path / "raw", "places")
    assert (places["n31"]["class"], places["n31"]["population"]) == ("rural", 1200)
    assert places["n32"]["name"] == "<b>镇</b>" and np.isnan(places["n32"]["population"])
    land = rows(tmp_path / "raw", "landuse")["w18"]
    assert (land["role"], land["crop"], land["geometry"].geom_type) == ("fields", "corn", "MultiPolygon")
    assert rows(tmp_path / "raw", "natural")["w19"]["role"] == "sand"
    assert rows(tmp_path / "raw", "waterways")["w20"]["kind"] == "gully"
    assert rows(tmp_path / "raw", "boundaries")["w21"]["admin_level"] == "8"


def test_a_box_keeps_what_touches_it_and_cuts_nothing(tmp_path):
    bring("osm", to=tmp_path / "raw", file=drawn(tmp_path), bbox="109.19,40.0,109.3,40.15")
    found = rows(tmp_path / "raw", "roads")
    assert set(found) == {"w11", "w12"} and found["w11"]["geometry"].length == pytest.approx(0.1)


def test_fetched_roads_enter_as_a_layer_with_their_licence(tmp_path):
    bring("osm", to=tmp_path / "raw", file=drawn(tmp_path))
    layer = open_layer("roads", LayerSpec(path="raw/roads.gpkg", role="roads"), tmp_path)
    paper = layer.certificate
    assert len(layer.frame) == 5 and paper.synthetic == "none"
    assert "ODbL" in paper.provenance.licence and paper.provenance.authority == "OpenStreetMap Foundation"


def test_equal_extracts_give_equal_layers(tmp_path):
    for name in ("a", "b"):
        bring("osm", to=tmp_path / name, file=drawn(tmp_path))
    for theme in themes():
        assert (tmp_path / "a" / f"{theme}.gpkg").read_bytes() == (tmp_path / "b" / f"{theme}.gpkg").read_bytes()


def test_a_damaged_extract_and_one_of_another_kind_are_sentences_and_leave_nothing(tmp_path):
    (tmp_path / "cut.osm.pbf").write_bytes(b"\0\0\0\x0d\n\tOSMHeader\x18" + b"x" * 50)
    (tmp_path / "no.osm").write_text("<osm version='0.6'><node", "utf-8")
    (tmp_path / "map.shp").write_bytes(b"x")
    for name in ("cut.osm.pbf", "no.osm", "map.shp"):
        assert code_of(name="osm", to=tmp_path / "raw", file=tmp_path / name) == "E-FETCH-004"
    assert code_of(name="osm", to=tmp_path / "raw", file=tmp_path / "none.osm.pbf") == "E-FETCH-014"
    assert list((tmp_path / "raw").iterdir()) == []


def test_a_reader_that_is_not_installed_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gis-wufei\[osm\]'"):
        bring("osm", to=tmp_path / "raw", file=drawn(tmp_path))
    done = wufei("fetch", "osm", "--from", tmp_path / "county.osm", "--to", tmp_path / "raw")
    assert done.exit_code == BAD_INPUT and "gis-wufei[osm]" in done.stderr.replace("\n", "")


@pytest.mark.parametrize(
    ("folder", "extract", "mapped"),
    [
        ("standin_malta", "malta-2018-08-27.osm.pbf", "malta_osm_2018.gpkg"),
        ("standin_andorra", "andorra-2025-01-18.osm.pbf", "andorra_osm_2025.gpkg"),
    ],
)
def test_a_real_extract_has_the_counts_of_the_map_made_of_it_by_others(tmp_path, folder, extract, mapped):
    if not (SHARED / folder / extract).is_file():
        pytest.skip(f"{folder}/{extract} is not beside this repository")
    made = {entry.path.stem: entry.record for entry in bring("osm", to=tmp_path, file=SHARED / folder / extract)}
    other = SHARED / folder / mapped
    assert (
        made["roads"]["rows"] + made["roads"]["left_out"]["not_public"]
        == pyogrio.read_info(other, layer="roads")["features"]
    )
    assert made["waterways"]["rows"] == pyogrio.read_info(other, layer="waterways")["features"]
    theirs = pyogrio.read_dataframe(other, layer="landuse", read_geometry=False)["landuse"]
    ours = gpd.read_file(tmp_path / "landuse.gpkg")["landuse"]
    assert ours.value_counts().to_dict() == theirs.value_counts().to_dict()
    places = pyogrio.read_dataframe(other, layer="places", read_geometry=False)["osm_id"]
    assert {f"n{str(i).lstrip('n')}" for i in places} <= set(gpd.read_file(tmp_path / "places.gpkg")["osm_id"])


# --- once ------------------------------------------------------------------------------------------


def test_what_is_there_is_kept_and_what_was_changed_or_is_of_another_area_is_told(tmp_path):
    extract, raw = drawn(tmp_path), tmp_path / "raw"
    assert all(made.fresh for made in bring("osm", to=raw, file=extract))
    before = {path: path.read_bytes() for path in raw.iterdir()}
    assert not any(made.fresh for made in bring("osm", to=raw, file=extract))
    assert {path: path.read_bytes() for path in raw.iterdir()} == before
    assert code_of(name="osm", to=raw, file=extract, bbox=BBOX) == "E-FETCH-007"
    assert all(made.fresh for made in bring("osm", to=raw, file=extract, bbox=BBOX, overwrite=True))
    (raw / "roads.gpkg").write_bytes(b"mine")
    assert code_of(name="osm", to=raw, file=extract, bbox=BBOX) == "E-FETCH-007"
    assert (raw / "roads.gpkg").read_bytes() == b"mine"


# --- servers on this machine ---------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Answers from a table of paths; remembers what it was asked."""

    def __init__(self, pages):
        self.pages, self.asked = pages, []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def _answer(self, body=True):
        self.server.asked.append((self.command, self.path))
        if self.command == "POST":
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self.send_error(404)
            return
        first, last = 0, len(page) - 1
        wanted = self.headers.get("Range")
        if wanted:
            start, _, end = wanted.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or last), last)
        part = page[first : last + 1]
        self.send_response(206 if wanted else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(page)}")
        self.end_headers()
        if body:
            self.wfile.write(part)

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def do_HEAD(self):
        self._answer(body=False)


@pytest.fixture
def serve(monkeypatch):
    """Start servers on this machine, and stop them."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    started = []

    def start(pages):
        started.append(Server(pages))
        return started[-1]

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def tile(tmp_path, west, north, value):
    """A tile of one degree, ten cells a side, as bytes."""
    path = tmp_path / f"tile{west}{north}.tif"
    cells = np.full((1, 10, 10), value, dtype="int16")
    profile = {
        "driver": "GTiff",
        "count": 1,
        "height": 10,
        "width": 10,
        "dtype": "int16",
        "crs": "EPSG:4326",
        "nodata": -1,
    }
    with rasterio.open(path, "w", transform=Affine(0.1, 0, west, 0, -0.1, north), **profile) as out:
        out.write(cells)
    return path.read_bytes()


def test_the_window_of_two_tiles_is_one_raster_and_the_server_is_asked_once(tmp_path, serve):
    server = serve({"/N40_E109.tif": tile(tmp_path, 109, 41, 7), "/N40_E110.tif": tile(tmp_path, 110, 41, 9)})
    wanted = {
        "name": "dem",
        "to": tmp_path / "raw",
        "bbox": "109.5,40.2,110.5,40.8",
        "url": server.url + "/{ns}{lat}_{ew}{lon}.tif",
    }
    (made,) = bring(**wanted)
    with rasterio.open(made.path) as raster:
        cells = raster.read(1)
        assert raster.shape == (6, 10) and raster.crs.to_epsg() == 4326 and raster.nodata == -1
        assert (cells[:, :5] == 7).all() and (cells[:, 5:] == 9).all()
    assert made.record["urls"] == [f"{server.url}/N40_E109.tif", f"{server.url}/N40_E110.tif"]
    assert made.record["bbox"] == [109.5, 40.2, 110.5, 40.8] and "Copernicus" in made.record["licence"]
    asked = len(server.asked)
    (again,) = bring(**wanted)
    assert not again.fresh and len(server.asked) == asked


def test_a_tile_that_does_not_exist_is_told_and_none_at_all_is_a_sentence(tmp_path, serve):
    server = serve({"/N40_E109.tif": tile(tmp_path, 109, 41, 7)})
    url = server.url + "/{ns}{lat}_{ew}{lon}.tif"
    (made,) = bring("dem", to=tmp_path / "raw", bbox="109.5,40.2,110.5,40.8", url=url)
    assert made.record["missing"] == [f"{server.url}/N40_E110.tif"]
    assert code_of(name="dem", to=tmp_path / "sea", bbox="1,1,1.5,1.5", url=url) == "E-FETCH-008"
    server.pages["/N01_E001.tif"] = b"no raster"
    assert code_of(name="dem", to=tmp_path / "sea", bbox="1,1,1.5,1.5", url=url) == "E-FETCH-012"
    assert list((tmp_path / "sea").iterdir()) == []


def test_addresses_of_tiles_have_the_names_that_their_publishers_give_them():
    dem, cover, people = (sources()[name] for name in ("dem", "worldcover", "worldpop"))
    (one,) = addresses(dem, dem.url, (109.2, 40.1, 109.8, 40.9), None, "dem")
    assert one.endswith("Copernicus_DSM_COG_10_N40_00_E109_00_DEM.tif")
    assert [url[-19:] for url in addresses(cover, cover.url, (109.2, 40.1, 111.2, 40.9), None, "worldcover")] == [
        "200_N39E108_Map.tif",
        "200_N39E111_Map.tif",
    ]
    (south,) = addresses(dem, dem.url, (-0.5, -0.5, -0.1, -0.1), None, "dem")
    assert "S01_00_W001_00" in south
    (china,) = addresses(people, people.url, BOX, "CHN", "worldpop")
    assert china.endswith("/CHN/chn_ppp_2020.tif")


def test_the_tiles_of_dalad_have_their_published_addresses():
    """The county lies across 110 E and 40 N: Copernicus by degree, WorldCover by three from a multiple of three."""
    box = (108.9, 39.8, 110.8, 40.6)
    dem, cover = (sources()[name] for name in ("dem", "worldcover"))
    tile = "Copernicus_DSM_COG_10_N{:02d}_00_E{:03d}_00_DEM"
    assert addresses(dem, dem.url, box, None, "dem") == [
        f"https://copernicus-dem-30m.s3.amazonaws.com/{name}/{name}.tif"
        for name in (tile.format(lat, lon) for lat in (39, 40) for lon in (108, 109, 110))
    ]
    assert addresses(cover, cover.url, box, None, "worldcover") == [
        "https://esa-worldcover.s3.eu-central-1.amazonaws.com/v200/2021/map/ESA_WorldCover_10m_2021_v200_N39E108_Map.tif"
    ]
    people = sources()["worldpop"]
    assert addresses(people, people.url, box, "chn", "worldpop") == [
        "https://data.worldpop.org/GIS/Population/Global_2000_2020/2020/CHN/chn_ppp_2020.tif"
    ]


def test_an_edge_on_a_degree_takes_no_tile_beyond_it():
    dem = sources()["dem"]
    assert len(addresses(dem, dem.url, (109.0, 40.0, 110.0, 41.0), None, "dem")) == 1


@pytest.mark.parametrize("country", [None, "China", "C1N"])
def test_a_source_by_country_asks_for_three_letters(tmp_path, country):
    assert code_of(name="worldpop", to=tmp_path, bbox=BBOX, country=country) == "E-FETCH-011"


def overpass_answer():
    """What an Overpass server says of the hand-drawn map."""
    elements = [{"type": "node", "id": i, "lon": x, "lat": y} for i, (x, y) in NODES.items()]
    elements += [{"type": "node", "id": i, "lon": x, "lat": y, "tags": tags} for i, (x, y, tags) in PLACES.items()]
    elements += [
        {"type": "way", "id": i, "nodes": refs, "tags": tags} for i, (refs, tags) in WAYS.items() if 999 not in refs
    ]
    return json.dumps({"version": 0.6, "elements": elements}).encode()


STATUS = b"Connected as: 1\nCurrent time: now\nAnnounced endpoint: none\nRate limit: 2\n2 slots available now.\n"


def test_the_public_server_and_a_local_extract_give_the_same_roads(tmp_path, serve):
    pytest.importorskip("osmnx")
    server = serve({"/api/status": STATUS, "/api/interpreter": overpass_answer()})
    looked_up = socket.getaddrinfo
    made = bring("osm", to=tmp_path / "net", bbox=BBOX, url=f"{server.url}/api")
    assert socket.getaddrinfo is looked_up
    assert all(path.startswith("/api/") for _, path in server.asked)
    bring("osm", to=tmp_path / "file", file=drawn(tmp_path), bbox=BBOX)
    for theme in ("roads", "places", "landuse", "natural", "waterways"):
        ours, theirs = (
            gpd.read_file(tmp_path / folder / f"{theme}.gpkg").drop(columns="source") for folder in ("net", "file")
        )
        theirs = theirs[theirs["osm_id"] != "w23"].reset_index(drop=True)  # a server sends whole ways
        assert ours["osm_id"].tolist() == theirs["osm_id"].tolist(), theme
        for column in ("class", "oneway", "role", "kind", "maxweight", "hgv", "population"):
            if column in theirs:
                assert ours[column].astype(str).tolist() == theirs[column].astype(str).tolist(), (theme, column)
        assert all(a.equals(b) for a, b in zip(ours.geometry, theirs.geometry, strict=True))
    assert made[0].record["url"] == f"{server.url}/api" and "osmnx" in made[0].record["tools"]
    asked = len(server.asked)
    assert not bring("osm", to=tmp_path / "net", bbox=BBOX, url=f"{server.url}/api")[0].fresh
    assert len(server.asked) == asked


def test_a_server_that_answers_nonsense_or_nothing_is_a_sentence(tmp_path, serve):
    pytest.importorskip("osmnx")
    server = serve({"/api/status": STATUS, "/api/interpreter": b'{"elements": []}'})
    assert code_of(name="osm", to=tmp_path / "raw", bbox=BBOX, url=f"{server.url}/api") == "E-FETCH-008"
    server.pages["/api/interpreter"] = b"<html>too busy</html>"
    assert code_of(name="osm", to=tmp_path / "raw", bbox=BBOX, url=f"{server.url}/api") == "E-FETCH-012"


def test_a_server_that_keeps_one_waiting_is_given_up(tmp_path, serve, monkeypatch):
    osmnx = pytest.importorskip("osmnx")
    server = serve({"/api/status": STATUS})
    monkeypatch.setattr(overpass, "OVERALL_S", 0.2)
    monkeypatch.setattr(osmnx.features, "features_from_bbox", lambda *_: time.sleep(3))
    began = time.monotonic()
    assert code_of(name="osm", to=tmp_path / "raw", bbox=BBOX, url=f"{server.url}/api") == "E-FETCH-012"
    assert time.monotonic() - began < 2 and list((tmp_path / "raw").iterdir()) == []


# --- no network ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["osm", "dem", "worldcover"])
def test_without_a_network_the_next_step_is_told_within_seconds(tmp_path, name, monkeypatch):
    def refused(*args, **more):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    began = time.monotonic()
    done = wufei("fetch", name, "--bbox", BBOX, "--to", tmp_path / "raw", "--lang", "en")
    assert time.monotonic() - began < 8 and done.exit_code == BAD_INPUT
    assert "E-FETCH-002" in done.stderr and f"wufei fetch {name} --from" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.output and list((tmp_path / "raw").iterdir()) == []


def test_a_name_that_is_never_found_does_not_hold_the_program_up(tmp_path, monkeypatch):
    def hangs(*args, **more):
        time.sleep(4)
        raise OSError("no such name")

    monkeypatch.setattr(net, "PROBE_S", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    began = time.monotonic()
    assert code_of(name="dem", to=tmp_path, bbox=BBOX) == "E-FETCH-002"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name or service not known"), ConnectionRefusedError(111, "refused"), TimeoutError()]
)
def test_why_no_server_answers_and_where_to_get_the_file_is_said_in_chinese(tmp_path, monkeypatch, error):
    def fails(*args, **more):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(InputError) as caught:
        bring("dem", to=tmp_path, bbox=BBOX)
    (fault,) = caught.value.faults
    told = fault.sentence("zh")
    assert fault.code == "E-FETCH-002" and "同一网址的 .tif" in told and "the same" not in told
    assert not any(word in told for word in ("known", "refused", "time"))


@pytest.mark.parametrize("how", ["option", "1", "true"])
def test_a_word_forbids_the_network_before_anything_is_asked(tmp_path, monkeypatch, how):
    def asked(*args, **more):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    monkeypatch.setattr(net, "probe", asked)
    options = ("--offline",) if how == "option" else ()
    if how != "option":
        monkeypatch.setenv("GIS_WUFEI_OFFLINE", how)
    for name in ("osm", "dem"):
        done = wufei("fetch", name, "--bbox", BBOX, "--to", tmp_path / "raw", *options)
        assert done.exit_code == BAD_INPUT and "E-FETCH-003" in done.stderr
    # A file carried in by hand needs no network.
    assert wufei("fetch", "osm", "--from", drawn(tmp_path), "--to", tmp_path / "raw", *options).exit_code == OK


# --- a file carried in by hand --------------------------------------------------------------------------


def test_a_raster_is_adopted_as_it_is_with_its_hash_and_the_record_it_came_with(tmp_path):
    path = tmp_path / "carried.tif"
    path.write_bytes(tile(tmp_path, 109, 41, 7))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    told = {
        "file": "carried.tif",
        "source": "dem",
        "urls": ["https://a.b/c.tif"],
        "sha256": digest,
        "fetched_utc": "2026-01-01T00:00:00+00:00",
    }
    sidecar_of(path).write_text(json.dumps(told), "utf-8")
    done = wufei("fetch", "dem", "--from", path, "--to", tmp_path / "raw", "--sha256", digest.upper(), "--json")
    assert done.exit_code == OK, done.output
    (record,) = json.loads(done.stdout)
    assert (tmp_path / "raw" / "dem.tif").read_bytes() == path.read_bytes()
    assert record["origin"] == "carried.tif" and record["origin_sha256"] == digest == record["sha256"]
    assert record["urls"] == ["https://a.b/c.tif"] and record["fetched_utc"].startswith("2026-01-01")


@pytest.mark.parametrize("where", ["option", "sidecar"])
def test_another_hash_is_refused_and_nothing_is_adopted(tmp_path, where):
    path = tmp_path / "carried.tif"
    path.write_bytes(tile(tmp_path, 109, 41, 7))
    if where == "sidecar":
        sidecar_of(path).write_text(json.dumps({"file": "carried.tif", "sha256": "0" * 64}), "utf-8")
    wanted = {"sha256": "0" * 64} if where == "option" else {}
    assert code_of(name="dem", to=tmp_path / "raw", file=path, **wanted) == "E-FETCH-005"
    assert list((tmp_path / "raw").iterdir()) == []


def test_what_is_no_raster_is_not_adopted(tmp_path):
    (tmp_path / "x.tif").write_bytes(b"II*\0 no raster")
    assert code_of(name="dem", to=tmp_path / "raw", file=tmp_path / "x.tif") == "E-FETCH-004"


# --- the area and the place ------------------------------------------------------------------------------


def test_the_area_of_a_study_is_its_boundary_and_three_kilometres_round_it(tmp_path, serve):
    county = draw_county(tmp_path)
    server = serve({f"/N{lat}_E{lon}.tif": tile(tmp_path, lon, lat + 1, 5) for lat in (39, 40) for lon in (109, 110)})
    (made,) = bring("dem", study=county, url=server.url + "/{ns}{lat}_{ew}{lon}.tif")
    assert made.path == county / "raw" / "dem.tif"
    border = gpd.read_file(county / "boundary.geojson").total_bounds
    west, south, east, north = made.record["bbox"]
    assert west == pytest.approx(border[0] - 0.03, abs=1e-4) and north == pytest.approx(border[3] + 0.03, abs=1e-4)
    assert south < border[1] and east > border[2]


@pytest.mark.parametrize(
    "bbox", ["", "1,2,3", "a,b,c,d", "109.3,40,109,40.3", "109,41,110,40", "109,40,110,nan", "109,40,110,95"]
)
def test_a_box_that_makes_no_sense_is_told(tmp_path, bbox):
    assert code_of(name="dem", to=tmp_path, bbox=bbox) == "E-FETCH-006"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"name": "osmm", "bbox": BBOX}, "E-FETCH-001"),
        ({"name": "dem"}, "E-FETCH-006"),
        ({"name": "osm", "bbox": "100,30,110,40"}, "E-FETCH-009"),
    ],
)
def test_what_is_missing_or_too_much_is_told(tmp_path, wanted, code):
    assert code_of(**wanted, to=tmp_path) == code


def test_without_a_folder_it_is_asked_for(tmp_path):
    assert code_of(name="dem", bbox=BBOX) == "E-FETCH-010"


def test_every_source_has_licence_credit_and_a_way_by_hand():
    for source in sources().values():
        assert source.licence and source.licence_url.startswith("https://") and source.attribution and source.by_hand
    told = wufei("fetch")
    assert told.exit_code == OK and all(name in told.stdout for name in sources())
