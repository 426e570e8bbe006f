"""Hostile and careless content: refused by name before it is opened, never followed, never unpacked to the end.

Each threat stands beside the sound file that looks like it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import pickle
import socket
import sqlite3
import stat
import struct
import tempfile
import threading
import zipfile
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import openpyxl
import pytest
from test_formats import AREAS, GPX, HEIGHTS, PLACE, TRK, codes, fault_of, kml, opened, shapefile, state, tif
from test_tables import PLACES, SHEET, WHERE, points, sheet

from gis_wufei.errors import InputError


def packed(folder, members, name="a.zip", **more):
    """An archive of (name or ZipInfo, bytes)."""
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return name


@pytest.fixture
def parts(tmp_path):
    """A shapefile's files by suffix; none of them stays in the folder."""
    shapefile(tmp_path)
    found = {path.suffix: path.read_bytes() for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        path.unlink()
    return found


# --- archives ----------------------------------------------------------------------------------------------


def test_a_zipped_set_is_one_dataset_and_its_clutter_does_not_matter(tmp_path, parts):
    members = [(f"交付/林地{side}", content) for side, content in parts.items()]
    members += [("__MACOSX/交付/._林地.shp", b"x"), ("交付/说明.txt", b"x"), ("Thumbs.db", b"x")]
    before = packed(tmp_path, members) and state(tmp_path)
    layer = opened(tmp_path, "a.zip")
    assert layer.frame["name"].tolist() == ["东林", "西林"] and codes(layer.certificate.found) == ["R-LAYER-ARCHIVE"]
    assert layer.certificate.found[0].ids == ("交付/林地.shp",) and state(tmp_path) == before


def test_names_of_members_in_a_legacy_encoding_are_read(tmp_path, parts):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for side, content in parts.items():
            archive.writestr(f"XXXX{side}", content)
    (tmp_path / "a.zip").write_bytes(raw.getvalue().replace(b"XXXX.", "林地".encode("gbk") + b"."))
    layer = opened(tmp_path, "a.zip")
    assert layer.certificate.found[0].ids == ("林地.shp",)


def test_an_archive_of_several_sets_asks_and_layer_names_one(tmp_path, parts):
    members = [(f"{name}{side}", content) for name in ("林", "草") for side, content in parts.items()]
    packed(tmp_path, members)
    fault = fault_of(tmp_path, "a.zip")
    assert fault.code == "E-LAYER-103" and fault.facts["members"] == "林.shp, 草.shp"
    assert len(opened(tmp_path, "a.zip", layer="草").frame) == 2


def test_a_list_in_an_archive_is_a_list(tmp_path):
    packed(tmp_path, [("v.csv", PLACES.encode("gbk"))])
    assert points(opened(tmp_path, "a.zip", "settlements")) == WHERE


def test_an_archive_without_a_dataset_shows_what_it_holds(tmp_path):
    packed(tmp_path, [("readme.txt", b"x")])
    fault = fault_of(tmp_path, "a.zip")
    assert fault.code == "E-LAYER-104" and "readme.txt" in fault.text("zh")


@pytest.mark.parametrize("name", ["../x.csv", "/etc/x.csv", "a/../../x.csv", "C:\\x.csv", "..\\x.csv"])
def test_a_member_that_climbs_out_is_refused(tmp_path, name):
    folder = tmp_path / "study"
    folder.mkdir()
    packed(folder, [("v.csv", PLACES), (name, PLACES)])
    assert fault_of(folder, "a.zip", "settlements").code == "E-LAYER-102"
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_a_member_that_is_a_link_is_refused(tmp_path):
    link = zipfile.ZipInfo("v.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed(tmp_path, [(link, "/etc/passwd")])
    assert fault_of(tmp_path, "a.zip", "settlements").code == "E-LAYER-102"


def test_a_bomb_is_refused_before_it_is_unpacked_and_an_ordinary_ratio_is_not(tmp_path):
    packed(tmp_path, [("v.csv", b"0" * (64 << 20))])
    assert (tmp_path / "a.zip").stat().st_size < 100_000
    assert fault_of(tmp_path, "a.zip", "settlements").code == "E-LAYER-102"
    packed(tmp_path, [("v.csv", PLACES + " " * 100_000)])
    assert points(opened(tmp_path, "a.zip", "settlements")) == WHERE


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path):
    packed(tmp_path, [("v.csv", PLACES + " " * 50_000)])
    raw = (tmp_path / "a.zip").read_bytes()
    size = struct.pack("<I", len(PLACES.encode()) + 50_000)
    (tmp_path / "a.zip").write_bytes(raw.replace(size, struct.pack("<I", 100)))
    assert fault_of(tmp_path, "a.zip", "settlements").code == "E-LAYER-003"


def test_too_many_members_nested_archives_and_doubles_are_refused(tmp_path):
    packed(tmp_path, [(f"{i}.csv", b"") for i in range(2100)])
    assert fault_of(tmp_path, "a.zip").code == "E-LAYER-102"
    packed(tmp_path, [("b.zip", b"PK\3\4")])
    assert "b.zip" in fault_of(tmp_path, "a.zip").text("zh")
    with pytest.warns(UserWarning, match="Duplicate"):
        packed(tmp_path, [("v.csv", PLACES), ("v.csv", "x")])
    assert fault_of(tmp_path, "a.zip").code == "E-LAYER-102"


@pytest.mark.parametrize(
    ("magic", "kind"), [(b"Rar!\x1a\7\0", "RAR"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"\x1f\x8b\x08", "gzip")]
)
def test_another_archive_under_the_name_of_a_zip_is_called_by_its_own(tmp_path, magic, kind):
    (tmp_path / "a.zip").write_bytes(magic + b"\0" * 99)
    assert kind in fault_of(tmp_path, "a.zip").text("en")


@pytest.mark.parametrize("cut", [0, 3, 50, -40])
def test_a_cut_archive_is_refused(tmp_path, cut, parts):
    packed(tmp_path, [(f"a{side}", content) for side, content in parts.items()])
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:cut])
    assert fault_of(tmp_path, "a.zip").code == "E-LAYER-003"


# --- workbooks ------------------------------------------------------------------------------------------------


def rewritten(folder, part, change):
    """A workbook with one of its parts changed."""
    sheet(folder, *SHEET)
    with zipfile.ZipFile(folder / "v.xlsx") as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    return packed(folder, [(name, change(told) if name == part else told) for name, told in members], "v.xlsx")


def test_entities_in_a_workbook_are_refused(tmp_path):
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>'
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"):
        path = rewritten(
            tmp_path, part, lambda told: bomb + told.partition(b"?>")[2] if told[:5] == b"<?xml" else bomb + told
        )
        assert fault_of(tmp_path, path, "settlements").code == "E-LAYER-003"


def test_a_sheet_with_one_cell_in_the_last_corner_is_read_in_bounded_time(tmp_path):
    book = openpyxl.Workbook()
    for row in SHEET:
        book.active.append(list(row))
    book.active["XFD1048576"] = None
    book.active.cell(200_000, 300).value = " "
    book.save(tmp_path / "v.xlsx")
    assert points(opened(tmp_path, "v.xlsx", "settlements")) == WHERE


def test_cells_that_begin_like_formulas_stay_text(tmp_path):
    text = PLACES.replace("东村", "\"=cmd|' /C calc'!A0\"")
    (tmp_path / "v.csv").write_text(text, encoding="utf-8")
    assert opened(tmp_path, "v.csv", "settlements").frame["name"][0] == "=cmd|' /C calc'!A0"


# --- what refers to something else -------------------------------------------------------------------------------


@pytest.fixture
def listener():
    """A local server that notes what it is asked for."""
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def do_HEAD(self):
            self.do_GET()

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x", asked
    server.shutdown()
    server.server_close()


def test_no_file_makes_the_reader_ask_a_server(tmp_path, listener):
    url, asked = listener
    link = f"<NetworkLink><Link><href>{url}.kml</href></Link></NetworkLink>"
    style = f'<Style id="s"><IconStyle><Icon><href>{url}.png</href></Icon></IconStyle></Style>'
    kml(tmp_path, style + PLACE.format(name="a", data="<styleUrl>" + url + "#s</styleUrl>", x=109.5) + link)
    (tmp_path / "b.kml").write_text(f'<?xml version="1.0"?><!DOCTYPE kml SYSTEM "{url}.dtd"><kml></kml>')
    (tmp_path / "a.gpx").write_text(GPX.format(f'<metadata><link href="{url}"/></metadata>' + TRK))
    crs = f'"\\u0063rs": {{"type": "link", "properties": {{"href": "{url}"}}}}'
    (tmp_path / "a.json").write_text(f'{{"type": "FeatureCollection", {crs}, "features": []}}')
    remote = f"/vsicurl/{url}"
    vector = f'<OGRVRTLayer name="a"><SrcDataSource>{remote}</SrcDataSource></OGRVRTLayer>'
    (tmp_path / "v.json").write_text(f"<OGRVRTDataSource>{vector}</OGRVRTDataSource>")
    band = f"<VRTRasterBand><SimpleSource><SourceFilename>{remote}</SourceFilename></SimpleSource></VRTRasterBand>"
    (tmp_path / "v.tif").write_text(f'<VRTDataset rasterXSize="1" rasterYSize="1">{band}</VRTDataset>')
    roles = {"a.kml": "context", "b.kml": "context", "a.gpx": "railway", "a.json": "forest", "v.json": "forest"}
    for path, role in {**roles, "v.tif": "dem"}.items():
        with suppress(InputError):
            opened(tmp_path, path, role)
    assert asked == []


def test_a_pickle_is_never_loaded_under_any_name(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (socket.create_connection, (("127.0.0.1", 9),))

    for suffix in (
        "pkl",
        "pickle",
        "parquet",
        "feather",
        "npy",
        "gpkg",
        "json",
        "csv",
        "xlsx",
        "shp",
        "tif",
        "kml",
        "dxf",
        "gpx",
        "zip",
        "fgb",
    ):
        (tmp_path / f"a.{suffix}").write_bytes(pickle.dumps(Bomb()))
        role = "dem" if suffix == "tif" else "forest"
        fault = fault_of(tmp_path, f"a.{suffix}", role)
        assert fault.code in ("E-LAYER-003", "E-LAYER-022", "E-LAYER-106", "E-LAYER-019"), suffix


@pytest.mark.parametrize(
    "suffix", ["shp", "gpkg", "geojson", "json", "fgb", "kml", "ovkml", "kmz", "gpx", "dxf", "csv", "xlsx", "zip"]
)
@pytest.mark.parametrize(
    "content", [b"", b"\0" * 200, b"%PDF-1.7", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"<html></html>"]
)
def test_an_empty_or_renamed_file_is_refused_and_no_traceback_shown(tmp_path, suffix, content):
    for name in (f"a.{suffix}", "a.shx", "a.dbf"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        opened(tmp_path, f"a.{suffix}", "forest")
    assert all(fault.code.startswith("E-LAYER-") and fault.text("zh") for fault in caught.value.faults)


WORKBOOK = [("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>")]
LAYER = b'{"type": "FeatureCollection", "features": []}'
REALLY = {
    "a PNG image": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    "a JPEG image": b"\xff\xd8\xff\xe0" + b"\0" * 50,
    "a PDF document": b"%PDF-1.7\n",
    "a web page": b"<!DOCTYPE html><html><body>404</body></html>",
    "a KML file": b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"/>',
    "an AutoCAD DWG": b"AC1027" + b"\0" * 60,
    "a Python pickle": pickle.dumps({}),
    "a program": b"\x7fELF" + b"\0" * 60,
    "zero bytes": b"\0" * 300,
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
    "points to data elsewhere": b"<!-- <kml> --><OGRVRTDataSource><OGRVRTLayer name='a'/></OGRVRTDataSource>",
    "to data elsewhere": b"<VRTDataset rasterXSize='1' rasterYSize='1'/>",
    "data elsewhere": b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/x"}',
}


@pytest.mark.parametrize("suffix", ["shp", "gpkg", "geojson", "json", "fgb", "dxf", "csv", "xlsx", "zip", "tif"])
@pytest.mark.parametrize("really", REALLY)
def test_a_file_in_disguise_is_called_by_what_it_is(tmp_path, really, suffix):
    for name in (f"a.{suffix}", "a.shx", "a.dbf"):
        (tmp_path / name).write_bytes(REALLY[really])
    fault = fault_of(tmp_path, f"a.{suffix}", "dem" if suffix == "tif" else "forest")
    assert fault.code == "E-LAYER-003" and really in fault.text("en"), fault.text("en")


def test_a_readable_file_in_disguise_is_told_its_right_suffix(tmp_path):
    for name in ("a.csv", "a.zip", "a.gpkg", "a.xls"):
        packed(tmp_path, WORKBOOK, name)
        assert "Rename it to .xlsx" in fault_of(tmp_path, name).text("en")
    packed(tmp_path, [("a.csv", PLACES)], "b.gpkg")
    assert "Rename it to .zip" in fault_of(tmp_path, "b.gpkg").text("en")
    (tmp_path / "a.txt").write_bytes(LAYER)
    assert "Rename it to .geojson" in fault_of(tmp_path, "a.txt").text("en")


def test_a_list_that_begins_oddly_is_a_list(tmp_path):
    for first in ("<备注>", "[备注]", "MZ", "PAR1", "fgb", "999"):
        head, *rows = PLACES.splitlines()
        text = "\n".join([f"{first},{head}", *(f"x,{row}" for row in rows)])
        (tmp_path / "v.csv").write_text(text, encoding="utf-8")
        assert points(opened(tmp_path, "v.csv", "settlements")) == WHERE


def test_a_part_that_an_archive_lacks_has_the_name_it_had_there(tmp_path, parts):
    packed(tmp_path, [(f"交付/林地{side}", content) for side, content in parts.items() if side != ".dbf"])
    fault = fault_of(tmp_path, "a.zip")
    assert fault.code == "E-LAYER-019" and fault.facts["files"] == "林地.dbf" and fault.where == "a.zip/交付/林地.shp"


def test_what_nobody_foresaw_is_a_fault_at_the_one_door(tmp_path, monkeypatch):
    (tmp_path / "v.csv").write_text(PLACES, encoding="utf-8")
    assert points(opened(tmp_path, "v.csv", "settlements")) == WHERE

    def choke(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("gis_wufei.layers.read.read_source", choke)
    fault = fault_of(tmp_path, "v.csv", "settlements")
    assert fault.code == "E-LAYER-099" and "ZeroDivisionError" in fault.text("zh")


def test_no_room_for_a_private_copy_is_no_damage_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "v.csv").write_text(PLACES, encoding="utf-8")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gis_wufei.layers.read.read_source", full)
    fault = fault_of(tmp_path, "v.csv", "settlements")
    assert fault.code == "E-OUT-002" and "磁盘已满" in fault.text("zh") and tempfile.gettempdir() in fault.where


def viewed(folder, name, query):
    """A GeoPackage whose layer ``v`` is a view."""
    AREAS.to_file(folder / name, layer="a")
    with contextlib.closing(sqlite3.connect(folder / name)) as db, db:
        db.execute(f"create view v as {query}")
        for table, columns in (
            ("gpkg_contents", "data_type, 'v', description, last_change, min_x, min_y, max_x, max_y, srs_id"),
            ("gpkg_geometry_columns", "column_name, geometry_type_name, srs_id, z, m"),
        ):
            db.execute(f"insert into {table} select 'v', {columns} from {table}")
    return name


def test_a_view_that_never_ends_is_refused_and_an_honest_one_is_a_layer(tmp_path, monkeypatch):
    path = viewed(tmp_path, "a.gpkg", "select fid, geom, name from a")
    assert opened(tmp_path, path, "forest", layer="v").frame["name"].tolist() == ["东林", "西林"]
    monkeypatch.setattr("gis_wufei.layers.geopackage.VIEWS_S", 0.2)
    numbers = "with recursive c(i) as (select 1 union all select i + 1 from c)"
    path = viewed(tmp_path, "b.gpkg", f"{numbers} select c.i as fid, geom, name from a, c")
    fault = fault_of(tmp_path, path, "forest", layer="v")
    assert fault.code == "E-LAYER-003" and "view" in fault.text("en")


def test_text_made_to_be_slow_is_read_in_bounded_time(tmp_path):
    keys = ",".join(f'"k{number}":1' for number in range(100_000))
    for name, content in {
        "braces.json": '{"crs":{' + "x" * 2_000_000,
        "nested.json": '"crs":{}' * 200_000,
        "keys.json": '{"type":"Feature","geometry":null,"properties":{' + keys + ',"k0":2}}',
        "data.kml": "<kml><Data name='" + "<Data name='" * 100_000,
        "comments.csv": "<!-- " * 100_000,
    }.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError):
            opened(tmp_path, name)


def test_a_deep_or_wide_file_ends_in_bounded_time(tmp_path):
    (tmp_path / "a.json").write_text("[" * 200_000 + "]" * 200_000)
    assert fault_of(tmp_path, "a.json").code == "E-LAYER-003"
    deep = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":' + "[" * 900 + "]" * 900
    (tmp_path / "b.json").write_text(deep + '},"geometry":{"type":"Polygon","coordinates":[]}}]}')
    with pytest.raises(InputError):
        opened(tmp_path, "b.json")


def test_a_raster_that_claims_to_be_huge_is_refused_before_it_is_read(tmp_path):
    path = tif(tmp_path, np.ones((4, 4), "uint8"))
    raw = bytearray((tmp_path / path).read_bytes())
    for tag in (256, 257):  # width, height
        at = raw.index(struct.pack("<HH", tag, 3))
        raw[at : at + 12] = struct.pack("<HHII", tag, 4, 1, 200_000)
    (tmp_path / path).write_bytes(raw)
    assert fault_of(tmp_path, path, "landcover").code in ("E-LAYER-116", "E-LAYER-003")
    assert opened(tmp_path, tif(tmp_path, HEIGHTS), "dem").raster.cells == 100


def test_what_is_too_large_is_refused_with_its_size_and_the_limit(tmp_path, monkeypatch):
    (tmp_path / "v.csv").write_text(PLACES, encoding="utf-8")
    kml(tmp_path, PLACE.format(name="a", data="", x=109.5))
    sheet(tmp_path, *SHEET)
    cases = [("v.csv", "settlements"), ("a.kml", "context"), ("v.xlsx", "settlements")]
    for path, role in cases:
        opened(tmp_path, path, role)
    monkeypatch.setattr("gis_wufei.layers.table.MOST_BYTES", 10)
    monkeypatch.setattr("gis_wufei.layers.container.MOST_TEXT", 10)
    monkeypatch.setattr("gis_wufei.layers.workbook.MOST_CELLS", 3)
    for path, role in cases:
        fault = fault_of(tmp_path, path, role)
        assert fault.code == "E-LAYER-113" and str(fault.facts["limit"]) in fault.text("zh")


def test_names_out_of_files_show_literally_and_harmlessly(tmp_path):
    AREAS.assign(name=["<script>alert(1)</script>", "a\u202eb"]).to_file(tmp_path / "a.gpkg", layer="林\u202e<b>")
    AREAS.to_file(tmp_path / "a.gpkg", layer="草")
    assert "\u202e" not in fault_of(tmp_path, "a.gpkg").text("zh")
    frame = opened(tmp_path, "a.gpkg", layer="林\u202e<b>").frame
    assert frame["name"][0] == "<script>alert(1)</script>"
