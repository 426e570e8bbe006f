"""Every kind of file a county office sends comes in whole and unchanged, or its own fault is named.

Each fault stands beside its sound twin; files are drawn here by hand.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely

from gis_wufei.errors import InputError
from gis_wufei.layers import LayerSpec, gather, open_layer

BOX = shapely.box(109, 40, 110, 41)
AREAS = gpd.GeoDataFrame(
    {"name": ["东林", "西林"], "note": ["防护林", "经济林"]}, geometry=[BOX, shapely.box(110, 40, 111, 41)], crs=4490
)
SETTLED = {"place_id": "a", "name": "n", "population": 1}


def spec(path, role="forest", **more):
    return LayerSpec.model_validate({"path": path, "role": role, **more})


def opened(folder, path, role="forest", **more):
    return open_layer("layer", spec(path, role, **more), folder)


def faults_of(folder, path, role="forest", **more):
    with pytest.raises(InputError) as caught:
        opened(folder, path, role, **more)
    for fault in caught.value.faults:
        assert fault.text("zh") and fault.text("en")
    return caught.value.faults


def fault_of(folder, path, role="forest", **more):
    (fault,) = faults_of(folder, path, role, **more)
    return fault


def codes(remarks):
    for remark in remarks:
        assert remark.text("zh") and remark.text("en")
    return [remark.code for remark in remarks]


def state(folder: Path):
    """Every file below a folder with its bytes and time."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


# --- shapefiles -----------------------------------------------------------------------------------


def shapefile(folder, frame=AREAS, encoding="gbk", cpg=None, page=0, name="area"):
    """A shapefile whose texts are in ``encoding``, with the side file and the language driver as asked."""
    pyogrio.write_dataframe(frame, folder / f"{name}.shp", encoding=encoding)
    (folder / f"{name}.cpg").unlink(missing_ok=True)
    if cpg:
        (folder / f"{name}.cpg").write_text(cpg)
    patched(folder / f"{name}.dbf", 29, bytes([page]))
    return f"{name}.shp"


def patched(path, at, new):
    raw = bytearray(path.read_bytes())
    raw[at : at + len(new)] = new
    path.write_bytes(raw)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "gb18030"])
@pytest.mark.parametrize("page", [0, 0x57])
def test_a_shapefile_that_states_no_encoding_is_read_in_the_one_that_its_bytes_fit(tmp_path, encoding, page):
    layer = opened(tmp_path, shapefile(tmp_path, encoding=encoding, page=page))
    assert layer.frame["name"].tolist() == ["东林", "西林"]
    assert layer.certificate.encoding == ("utf-8" if encoding == "utf-8" else "gb18030")


@pytest.mark.parametrize(
    ("encoding", "cpg", "page"),
    [("gbk", "GBK", 0), ("gbk", "936", 0), ("gbk", "", 0x4D), ("utf-8", "UTF-8", 0), ("utf-8", "utf8", 0x4D)],
)
def test_a_stated_encoding_that_fits_is_honoured_without_a_word(tmp_path, encoding, cpg, page):
    layer = opened(tmp_path, shapefile(tmp_path, encoding=encoding, cpg=cpg, page=page))
    assert layer.frame["note"].tolist() == ["防护林", "经济林"] and layer.certificate.repaired == ()


@pytest.mark.parametrize(
    ("encoding", "cpg", "page"),
    [
        ("gbk", "UTF-8", 0),
        ("utf-8", "GBK", 0),
        ("gbk", "ISO-8859-1", 0),
        ("utf-8", "ISO 88591", 0x4D),
        ("utf-8", "", 0x4D),
        ("gbk", "", 0x03),
    ],
)
def test_a_stated_encoding_that_does_not_fit_is_put_right_and_told(tmp_path, encoding, cpg, page):
    layer = opened(tmp_path, shapefile(tmp_path, encoding=encoding, cpg=cpg, page=page))
    assert layer.frame["name"].tolist() == ["东林", "西林"]
    assert codes(layer.certificate.repaired) == ["R-LAYER-ENCODING"]


def test_latin_letters_stay_latin_where_that_is_what_they_are(tmp_path):
    frame = AREAS.assign(name=["São João", "Malmö"], note=["naïve", "café"])
    layer = opened(tmp_path, shapefile(tmp_path, frame, encoding="ISO-8859-1", cpg="ISO-8859-1"))
    assert layer.frame["name"].tolist() == ["São João", "Malmö"] and layer.certificate.repaired == ()


def test_rare_characters_survive(tmp_path):
    frame = AREAS.assign(name=["㙍𠮷村", "䶮"])
    assert opened(tmp_path, shapefile(tmp_path, frame, encoding="gb18030")).frame["name"].tolist() == ["㙍𠮷村", "䶮"]


def test_a_field_name_cut_within_a_character_loses_only_that(tmp_path):
    path = shapefile(tmp_path, encoding="utf-8")
    patched(tmp_path / "area.dbf", 32, "常住人口数".encode()[:10] + b"\0")
    layer = opened(tmp_path, path)
    assert layer.frame["常住人"].tolist() == ["东林", "西林"] and layer.frame["note"].tolist() == ["防护林", "经济林"]
    assert "R-LAYER-NAMECUT" in codes(layer.certificate.repaired)


def test_a_text_cut_within_a_character_loses_only_that(tmp_path):
    path = shapefile(tmp_path, AREAS.assign(name=["x" * 100, "a"]), encoding="utf-8", cpg="UTF-8")
    at = (tmp_path / "area.dbf").read_bytes().index(b"x" * 100)
    patched(tmp_path / "area.dbf", at, ("林" * 40).encode()[:100])
    layer = opened(tmp_path, path)
    assert layer.frame["name"][0] == "林" * 33
    (remark,) = layer.certificate.warned
    assert (remark.code, remark.rows, remark.field) == ("R-LAYER-TEXTCUT", (1,), "name") and remark.text("zh")
    patched(tmp_path / "area.dbf", at, ("林" * 33 + "x").encode())  # as full, and whole
    assert opened(tmp_path, path).certificate.warned == ()


def test_a_gbk_text_that_ends_in_half_a_letter_is_doubted(tmp_path):
    path = shapefile(tmp_path, encoding="gbk", cpg="GBK")
    at = (tmp_path / "area.dbf").read_bytes().index("防护林".encode("gbk"))
    patched(tmp_path / "area.dbf", at + 5, b" ")
    layer = opened(tmp_path, path)
    assert layer.frame["note"].tolist() == ["防护", "经济林"] and codes(layer.certificate.warned) == ["R-LAYER-TEXTCUT"]


def test_two_fields_of_one_name_are_refused(tmp_path):
    path = shapefile(tmp_path)
    patched(tmp_path / "area.dbf", 64, b"name\0\0")
    assert fault_of(tmp_path, path).code == "E-LAYER-020"


def test_a_number_too_wide_for_its_field_is_told_where_it_is_used(tmp_path):
    points = gpd.GeoDataFrame([SETTLED, SETTLED | {"place_id": "b"}], geometry=gpd.points_from_xy([109, 110], [40, 41]))
    path = shapefile(tmp_path, points.set_crs(4490))
    raw = (tmp_path / "area.dbf").read_bytes()
    assert len(opened(tmp_path, path, "settlements").frame) == 2
    at = raw.rindex(b"1")
    patched(tmp_path / "area.dbf", at - 8, b"*" * 9)
    fault = fault_of(tmp_path, path, "settlements")
    assert fault.code in ("E-LAYER-009", "E-LAYER-074", "E-LAYER-075") and "*****" in fault.text("zh")


def test_deleted_records_are_left_out_and_counted(tmp_path):
    path = shapefile(tmp_path)
    raw = (tmp_path / "area.dbf").read_bytes()
    start = struct.unpack("<H", raw[8:10])[0]
    patched(tmp_path / "area.dbf", start, b"*")
    layer = opened(tmp_path, path)
    assert layer.frame["name"].tolist() == ["西林"]
    (remark,) = layer.certificate.dropped
    assert (remark.code, remark.count) == ("R-LAYER-DELETED", 1)


def test_fewer_records_than_shapes_are_refused_with_both_numbers(tmp_path):
    path = shapefile(tmp_path)
    patched(tmp_path / "area.dbf", 4, struct.pack("<I", 1))
    fault = fault_of(tmp_path, path)
    assert fault.code == "E-LAYER-101" and "2" in fault.text("en") and "1" in fault.text("zh")


@pytest.mark.parametrize("side", [".shp", ".shx", ".dbf"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_a_cut_part_of_a_shapefile_is_refused(tmp_path, side, share):
    path = shapefile(tmp_path)
    part = tmp_path / f"area{side}"
    part.write_bytes(part.read_bytes()[: int(share * part.stat().st_size)])
    assert fault_of(tmp_path, path).code in ("E-LAYER-003", "E-LAYER-101")


def test_capital_suffixes_and_other_side_files_are_nothing_unusual(tmp_path):
    shapefile(tmp_path)
    for side in ("shp", "shx", "dbf", "prj"):
        (tmp_path / f"area.{side}").rename(tmp_path / f"AREA.{side.upper()}")
    (tmp_path / "AREA.shp.xml").write_text("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
    (tmp_path / "AREA.sbn").write_bytes(b"nonsense")
    before = state(tmp_path)
    assert len(opened(tmp_path, "AREA.SHP").frame) == 2 and state(tmp_path) == before


def test_a_shapefile_without_a_system_and_one_with_a_cut_prj_are_refused(tmp_path):
    path = shapefile(tmp_path)
    whole = (tmp_path / "area.prj").read_text()
    (tmp_path / "area.prj").write_text(whole[: len(whole) // 2])
    assert fault_of(tmp_path, path).code in ("E-LAYER-004", "E-LAYER-045")
    (tmp_path / "area.prj").unlink()
    assert fault_of(tmp_path, path).code == "E-LAYER-004"


# --- GeoJSON -----------------------------------------------------------------------------------------


def feature(geometry, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def point(*xy):
    return {"type": "Point", "coordinates": list(xy)}


def collection(folder, *features, name="p.geojson", encoding="utf-8", **more):
    text = json.dumps({"type": "FeatureCollection", **more, "features": list(features)}, ensure_ascii=False)
    (folder / name).write_bytes(text.encode(encoding))
    return name


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_geojson_of_windows_programs_is_read_and_what_it_is_told(tmp_path, encoding):
    path = collection(tmp_path, feature(point(109, 40), name="东村"), encoding=encoding)
    layer = opened(tmp_path, path, "context")
    assert layer.frame["name"].tolist() == ["东村"]
    assert codes(layer.certificate.repaired) == ([] if encoding == "utf-8-sig" else ["R-LAYER-ENCODING"])


def test_one_feature_or_a_bare_shape_is_geojson_too(tmp_path):
    for told in (feature(point(109, 40), name="x"), point(109, 40)):
        (tmp_path / "p.json").write_text(json.dumps(told))
        assert len(opened(tmp_path, "p.json", "context").frame) == 1


def test_a_system_stated_by_name_is_honoured(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4508"}}
    path = collection(tmp_path, feature(point(372707.9, 4473834.0)), crs=crs)
    assert opened(tmp_path, path, "context").certificate.crs.startswith("EPSG:4508")


def test_nested_properties_are_kept_as_text(tmp_path):
    path = collection(tmp_path, feature(point(109, 40), a={"b": [1, "二"]}, c=[1, 2]))
    frame = opened(tmp_path, path, "context").frame
    assert json.loads(frame["a"][0]) == {"b": [1, "二"]} and json.loads(frame["c"][0]) == [1, 2]


@pytest.mark.parametrize(
    "shape",
    [
        point("109", "40"),
        {"type": "Polygon", "coordinates": [[[109, 40], [110, 40]]]},
        {"type": "Bogus", "coordinates": []},
        {"type": "Point"},
    ],
)
def test_a_shape_that_cannot_be_read_is_told_with_its_row_and_never_dropped(tmp_path, shape):
    path = collection(tmp_path, feature(point(109, 40)), feature(shape))
    fault = faults_of(tmp_path, path, "context")[0]
    assert fault.code in ("E-LAYER-109", "E-LAYER-008", "E-LAYER-006", "E-LAYER-003", "E-LAYER-017")
    assert fault.code == "E-LAYER-003" or "2" in str(fault.facts["rows"])


def test_an_open_ring_is_closed_and_told(tmp_path):
    open_ring = {"type": "Polygon", "coordinates": [[[109, 40], [110, 40], [110, 41]]]}
    closed = {"type": "Polygon", "coordinates": [[[109, 40], [110, 40], [110, 41], [109, 40]]]}
    layer = opened(tmp_path, collection(tmp_path, feature(closed), feature(open_ring)))
    assert layer.frame.geometry[0].equals(layer.frame.geometry[1])
    (remark,) = layer.certificate.repaired
    assert (remark.code, remark.ids) == ("R-LAYER-OPENRING", ("2",))


@pytest.mark.parametrize("coordinate", [float("nan"), float("inf")])
def test_a_coordinate_that_is_no_number_is_told_with_its_row(tmp_path, coordinate):
    fault = fault_of(tmp_path, collection(tmp_path, feature(point(109, 40)), feature(point(coordinate, 40))), "context")
    assert "2" in str(fault.facts.get("rows", "2"))


def test_items_that_are_no_features_are_counted_not_passed_over(tmp_path):
    path = collection(tmp_path, feature(point(109, 40)), {"type": "Nope"}, 5)
    fault = fault_of(tmp_path, path, "context")
    assert fault.code == "E-LAYER-112" and (fault.facts["count"], fault.facts["read"]) == (3, 1)


def test_two_properties_of_one_name_are_refused(tmp_path):
    same = collection(tmp_path, feature(point(109, 40), name="x"), feature(point(109, 40), name="x", other="y"))
    path = "twice.json"
    (tmp_path / path).write_text((tmp_path / same).read_text().replace('"other"', '"name"'))
    fault = fault_of(tmp_path, path, "context")
    assert (fault.code, fault.facts["column"], fault.facts["rows"].numbers) == ("E-LAYER-120", "name", (2,))
    assert len(opened(tmp_path, same, "context").frame) == 2


def test_members_of_a_file_of_any_size_are_counted_and_none_fills_the_memory(tmp_path):
    many = ",".join([json.dumps(feature(point(109, 40)))] * 2000)
    (tmp_path / "a.json").write_text(f'{{"type": "FeatureCollection", "features": [{many}, null, {{}}]}}')
    fault = fault_of(tmp_path, "a.json", "context")
    assert fault.code == "E-LAYER-112" and fault.facts["rows"] == "2001, 2002"
    (tmp_path / "l.json").write_text("\n".join([json.dumps(feature(point(109, 40)))] * 2))
    assert "GeoJSONL" in fault_of(tmp_path, "l.json", "context").text("en")


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "Topology", "objects": {}, "arcs": []}',
        '{"geometryType": "esriGeometryPoint", "features": [{"attributes": {}, "geometry": {"x": 1, "y": 2}}]}',
        "[1, 2, 3]",
        '{"name": "package", "version": "1.0"}',
        '{"type": "FeatureCollection"}',
        "null",
        "",
        '{"type": "FeatureCollection", "features": []} trailing',
        '{"type": "FeatureCollection", "features": [{"type": "Feature"',
        '{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline ! read /etc/passwd"}',
    ],
)
def test_json_that_is_something_else_or_cut_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    assert fault_of(tmp_path, "a.json").code == "E-LAYER-003"


@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf", ".prj", ".cpg"])
def test_parts_of_a_shapefile_may_be_named_in_mixed_letters(tmp_path, part):
    shapefile(tmp_path, cpg="GBK")
    plain = opened(tmp_path, "area.shp")
    renamed = f"Area{part.title()}" if part != ".shp" else "area.Shp"
    (tmp_path / f"area{part}").rename(tmp_path / renamed)
    before = state(tmp_path)
    layer = opened(tmp_path, "area.Shp" if part == ".shp" else "area.shp")
    assert layer.frame.equals(plain.frame) and layer.certificate.crs == plain.certificate.crs
    assert layer.certificate.encoding == plain.certificate.encoding and state(tmp_path) == before
    assert layer.certificate.sha256 == plain.certificate.sha256


def test_a_table_of_a_shapefile_that_is_none_is_named_itself(tmp_path):
    shapefile(tmp_path)
    (tmp_path / "area.dbf").write_text("name,note\n东林,防护林\n西林,经济林\n", encoding="utf-8")
    fault = fault_of(tmp_path, "area.shp")
    assert (fault.code, fault.where) == ("E-LAYER-003", "area.dbf") and "dBASE" in fault.text("zh")


def test_json_of_a_web_service_is_said_to_be_no_geojson(tmp_path):
    (tmp_path / "a.json").write_text('{"code": 200, "data": []}')
    fault = fault_of(tmp_path, "a.json")
    assert fault.code == "E-LAYER-003" and "GeoJSON" in fault.text("zh") and "GeoJSON" in fault.text("en")


# --- databases -----------------------------------------------------------------------------------------


def test_a_geodatabase_is_a_folder_and_a_zipped_one_is_read_as_well(tmp_path):
    AREAS.to_file(tmp_path / "land.gdb", driver="OpenFileGDB", layer="林地")
    before = state(tmp_path)
    layer = opened(tmp_path, "land.gdb")
    assert layer.frame["name"].tolist() == ["东林", "西林"] and layer.certificate.sha256
    assert state(tmp_path) == before
    for packed in ("land.gdb.zip", "land.zip"):
        with zipfile.ZipFile(tmp_path / packed, "w") as archive:
            for part in (tmp_path / "land.gdb").iterdir():
                archive.write(part, f"交付/land.gdb/{part.name}")
        layer = opened(tmp_path, packed)
        assert layer.frame["name"].tolist() == ["东林", "西林"]
        assert codes(layer.certificate.found) == ["R-LAYER-ARCHIVE"]


def test_a_geodatabase_that_lacks_an_index_of_rows_names_it(tmp_path):
    AREAS.to_file(tmp_path / "land.gdb", driver="OpenFileGDB", layer="林地")
    assert len(opened(tmp_path, "land.gdb").frame) == 2
    (lost,) = sorted((tmp_path / "land.gdb").glob("*.gdbtablx"))[-1:]
    lost.unlink()
    fault = fault_of(tmp_path, "land.gdb")
    assert fault.code == "E-LAYER-054" and lost.name in fault.text("zh")


def test_a_geodatabase_with_several_layers_asks(tmp_path):
    AREAS.to_file(tmp_path / "land.gdb", driver="OpenFileGDB", layer="林地")
    AREAS.to_file(tmp_path / "land.gdb", driver="OpenFileGDB", layer="草地", mode="a")
    fault = fault_of(tmp_path, "land.gdb")
    assert fault.code == "E-LAYER-014" and fault.facts["layers"] == "林地, 草地"
    assert len(opened(tmp_path, "land.gdb", layer="草地").frame) == 2


def test_a_folder_or_file_that_only_claims_to_be_a_geodatabase_is_refused(tmp_path):
    (tmp_path / "a.gdb").mkdir()
    (tmp_path / "a.gdb" / "x.txt").write_text("x")
    (tmp_path / "b.gdb").write_text("x")
    assert fault_of(tmp_path, "a.gdb").code == fault_of(tmp_path, "b.gdb").code == "E-LAYER-003"
    AREAS.to_file(tmp_path / "c.gdb", driver="OpenFileGDB")
    (tmp_path / "c.gdb" / "z.gdbtable").symlink_to("/etc/passwd")
    assert fault_of(tmp_path, "c.gdb").code == "E-LAYER-003"


def test_a_geopackage_whose_last_change_was_broken_off_is_read_as_before_it_and_left_alone(tmp_path):
    AREAS.to_file(tmp_path / "a.gpkg", layer="a")
    other = sqlite3.connect(tmp_path / "a.gpkg", isolation_level=None)
    other.executescript("pragma cache_size=1; pragma cache_spill=1")
    other.execute("begin")
    other.execute("create table more (x)")
    other.executemany("insert into more values (?)", [("x" * 4000,) for _ in range(60)])
    assert (tmp_path / "a.gpkg-journal").is_file()
    (tmp_path / "copy").mkdir()
    for side in ("", "-journal"):
        shutil.copyfile(tmp_path / f"a.gpkg{side}", tmp_path / "copy" / f"a.gpkg{side}")
    other.close()
    before = state(tmp_path / "copy")
    assert len(opened(tmp_path / "copy", "a.gpkg").frame) == 2 and state(tmp_path / "copy") == before


def test_a_geopackage_of_tiles_says_that_it_holds_no_layer(tmp_path):
    tif(tmp_path, np.ones((256, 256), "uint8"), "t.gpkg", crs="EPSG:3857", driver="GPKG")
    assert "瓦片" in fault_of(tmp_path, "t.gpkg").text("zh")


def test_a_geopackage_with_a_bad_page_is_refused(tmp_path):
    frame = pd.concat([AREAS] * 400, ignore_index=True)
    frame.to_file(tmp_path / "a.gpkg")
    assert len(opened(tmp_path, "a.gpkg").frame) == 800
    raw = (tmp_path / "a.gpkg").read_bytes()
    for page in range(12, len(raw) // 4096 - 1):
        patched(tmp_path / "a.gpkg", page * 4096, os.urandom(64) if page % 3 == 0 else b"")
    assert fault_of(tmp_path, "a.gpkg").code == "E-LAYER-003"


def test_a_geopackage_whose_tables_reach_outside_is_refused(tmp_path):
    AREAS.to_file(tmp_path / "a.gpkg", layer="a")
    with sqlite3.connect(tmp_path / "a.gpkg") as db:
        db.execute("pragma writable_schema=on")
        sql = "create virtual table x using VirtualOGR('/vsicurl/http://127.0.0.1:9/x')"
        db.execute("insert into sqlite_master values ('table', 'x', 'x', 0, ?)", (sql,))
    assert fault_of(tmp_path, "a.gpkg").code == "E-LAYER-003"


# --- KML, GPX ---------------------------------------------------------------------------------------------

PLACE = "<Placemark><name>{name}</name>{data}<Point><coordinates>{x},40.4,0</coordinates></Point></Placemark>"


def kml(folder, body, name="a.kml", head=""):
    text = f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>'
    (folder / name).write_text(text, encoding="utf-8")
    return name


def data(**values):
    return (
        "<ExtendedData>"
        + "".join(f'<Data name="{k}"><value>{v}</value></Data>' for k, v in values.items())
        + "</ExtendedData>"
    )


@pytest.mark.parametrize("name", ["a.kml", "a.ovkml"])
def test_placemarks_come_with_their_data_and_without_the_drivers_columns(tmp_path, name):
    body = PLACE.format(name="东村", data=data(代码="007", 人口="120"), x=109.5)
    path = kml(tmp_path, f"<Folder><name>村庄</name>{body}</Folder>", name)
    layer = opened(tmp_path, path, "context")
    assert layer.frame["代码"].tolist() == ["007"] and not {"drawOrder", "tessellate", "icon"} & set(layer.frame)
    assert "东村" in layer.frame.to_csv() and layer.certificate.format == "KML"


def test_the_schema_of_a_kml_types_its_data(tmp_path):
    schema = '<Schema name="s" id="s"><SimpleField name="人口" type="int"/></Schema>'
    told = (
        '<ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="人口">120</SimpleData></SchemaData></ExtendedData>'
    )
    path = kml(tmp_path, schema + PLACE.format(name="东村", data=told, x=109.5))
    assert opened(tmp_path, path, "context").frame["人口"].tolist() == [120]


def test_folders_are_layers_and_several_with_placemarks_ask(tmp_path):
    one, two = (f"<Folder><name>{n}</name>{PLACE.format(name=n, data='', x=109.5)}</Folder>" for n in ("村", "厂"))
    path = kml(tmp_path, one + "<Folder><name>空</name></Folder>")
    assert len(opened(tmp_path, path, "context").frame) == 1
    path = kml(tmp_path, one + two)
    fault = fault_of(tmp_path, path, "context")
    assert fault.code == "E-LAYER-014" and fault.facts["layers"] == "厂, 村"
    assert len(opened(tmp_path, path, "context", layer="厂").frame) == 1


def test_a_placemark_without_a_shape_is_told_with_its_row(tmp_path):
    path = kml(tmp_path, PLACE.format(name="a", data="", x=109.5) + "<Placemark><name>b</name></Placemark>")
    fault = fault_of(tmp_path, path, "context")
    assert fault.code in ("E-LAYER-008", "E-LAYER-112")


def test_links_of_a_kml_are_told_and_not_followed(tmp_path):
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
    layer = opened(tmp_path, kml(tmp_path, PLACE.format(name="a", data="", x=109.5) + link), "context")
    assert codes(layer.certificate.warned) == ["R-LAYER-LINKS"]


@pytest.mark.parametrize("archive_name", ["a.kmz", "a.ovkmz"])
def test_an_archive_of_either_name_may_hold_ovitals_own_suffix_and_its_datum_stays_open(tmp_path, archive_name):
    kml(tmp_path, PLACE.format(name="东村", data="", x=109.5), "doc.kml")
    for inside in ("doc.kml", "奥维.OVKML"):
        with zipfile.ZipFile(tmp_path / archive_name, "w") as archive:
            archive.write(tmp_path / "doc.kml", inside)
        layer = opened(tmp_path, archive_name, "context")
        assert layer.frame["name"].tolist() == ["东村"]
        ovitals = "ov" in archive_name or "OV" in inside
        assert ("R-LAYER-OVITAL" in codes(layer.certificate.warned)) == ovitals


def test_a_kmz_is_a_kml_in_an_archive(tmp_path):
    kml(tmp_path, PLACE.format(name="东村", data="", x=109.5), "doc.kml")
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.write(tmp_path / "doc.kml", "doc.kml")
        archive.writestr("images/a.png", b"x")
    assert len(opened(tmp_path, "a.kmz", "context").frame) == 1


def test_entities_and_depth_of_xml_are_refused(tmp_path):
    bomb = '<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    assert "实体" in fault_of(tmp_path, kml(tmp_path, "<name>&b;</name>", head=bomb)).text("zh")
    assert fault_of(tmp_path, kml(tmp_path, "<Folder>" * 5000 + "</Folder>" * 5000)).code == "E-LAYER-003"


GPX = """<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">{}</gpx>"""
WPT = '<wpt lat="40.4" lon="109.5"><ele>1001</ele><name>东村</name></wpt>'
TRK = '<trk><name>t</name><trkseg><trkpt lat="40" lon="109"/><trkpt lat="41" lon="110"/></trkseg></trk>'
RTE = '<rte><name>r</name><rtept lat="40" lon="109"/><rtept lat="41" lon="110"/></rte>'


def test_a_receivers_file_gives_waypoints_to_places_and_tracks_to_lines(tmp_path):
    (tmp_path / "a.gpx").write_text(GPX.format(WPT + TRK), encoding="utf-8")
    layer = opened(tmp_path, "a.gpx", "railway")
    assert layer.frame.geom_type.tolist() == ["MultiLineString"] and codes(layer.certificate.guessed) == [
        "R-LAYER-CHOSEN"
    ]
    points = opened(tmp_path, "a.gpx", "context", layer="waypoints").frame
    assert points["name"].tolist() == ["东村"] and points["ele"].tolist() == [1001.0] and "hdop" not in points


def test_tracks_beside_routes_ask_which(tmp_path):
    (tmp_path / "a.gpx").write_text(GPX.format(TRK + RTE), encoding="utf-8")
    assert fault_of(tmp_path, "a.gpx", "railway").code == "E-LAYER-014"
    (tmp_path / "a.gpx").write_text(GPX.format(RTE), encoding="utf-8")
    assert len(opened(tmp_path, "a.gpx", "railway").frame) == 1


# --- drawings ----------------------------------------------------------------------------------------------

LINE = "0\nLINE\n8\n{layer}\n10\n372707\n20\n4473834\n11\n372907\n21\n4473934\n"
ARC = "0\nARC\n8\n{layer}\n10\n372707\n20\n4473834\n40\n1000\n50\n0\n51\n90\n"
TEXT = "0\nTEXT\n8\n{layer}\n10\n372707\n20\n4473834\n40\n2\n1\n东村\n"
RING = "0\nLWPOLYLINE\n8\n{layer}\n90\n4\n70\n1\n" + "".join(
    f"10\n{372707 + x}\n20\n{4473834 + y}\n" for x, y in ((0, 0), (100, 0), (100, 100), (0, 100))
)


def dxf(folder, entities, page="ANSI_936", version="AC1015", encoding="gbk", name="a.dxf"):
    head = f"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\n{version}\n9\n$DWGCODEPAGE\n3\n{page}\n0\nENDSEC\n"
    text = f"{head}0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n"
    (folder / name).write_bytes(text.encode(encoding))
    return name


def test_a_drawing_has_no_system_and_declares_one(tmp_path):
    path = dxf(tmp_path, LINE.format(layer="铁路"))
    assert fault_of(tmp_path, path, "railway").code == "E-LAYER-004"
    layer = opened(tmp_path, path, "railway", crs="EPSG:4508")
    assert layer.frame["Layer"].tolist() == ["铁路"] and layer.certificate.encoding == "gb18030"


@pytest.mark.parametrize(
    ("page", "version", "encoding"),
    [("ANSI_1252", "AC1015", "gbk"), ("ANSI_936", "AC1021", "utf-8"), ("ANSI_936", "AC1027", "utf-8")],
)
def test_chinese_layers_are_read_whatever_code_page_the_drawing_claims(tmp_path, page, version, encoding):
    path = dxf(tmp_path, LINE.format(layer="铁路"), page, version, encoding)
    assert opened(tmp_path, path, "railway", crs="EPSG:4508").frame["Layer"].tolist() == ["铁路"]


def test_arcs_become_lines_within_the_stated_tolerance_and_that_is_told(tmp_path):
    layer = opened(tmp_path, dxf(tmp_path, ARC.format(layer="铁路")), "railway", crs="EPSG:4508")
    (remark,) = [remark for _, remark in layer.certificate.remarks]
    assert (remark.code, remark.count) == ("R-LAYER-ARCS", 1)
    (line,) = layer.frame.geometry
    middles = shapely.get_coordinates(line)
    middles = (middles[1:] + middles[:-1]) / 2
    sag = 1000 - np.hypot(middles[:, 0] - 372707, middles[:, 1] - 4473834)
    assert sag.max() < 1000 / 100_000 * 1.01


def test_several_cad_layers_ask_and_where_or_layer_chooses(tmp_path):
    path = dxf(tmp_path, LINE.format(layer="铁路") + LINE.format(layer="水渠") + TEXT.format(layer="注记"))
    fault = fault_of(tmp_path, path, "railway", crs="EPSG:4508")
    assert fault.code == "E-LAYER-108" and fault.facts["layers"] == "水渠, 铁路"
    for chosen in ({"where": {"Layer": ["铁路"]}}, {"layer": "铁路"}):
        layer = opened(tmp_path, path, "railway", crs="EPSG:4508", **chosen)
        assert layer.frame["Layer"].tolist() == ["铁路"] and codes(layer.certificate.dropped) == ["R-LAYER-LETTERS"]
    assert fault_of(tmp_path, path, "railway", crs="EPSG:4508", layer="公路").code == "E-LAYER-015"


def test_the_frame_of_the_printed_sheet_is_not_on_the_ground(tmp_path):
    frame = LINE.format(layer="铁路").replace("LINE\n", "LINE\n67\n1\n")
    layer = opened(tmp_path, dxf(tmp_path, LINE.format(layer="铁路") + frame), "railway", crs="EPSG:4508")
    assert len(layer.frame) == 1 and codes(layer.certificate.dropped) == ["R-LAYER-PAPER"]


def test_writing_on_a_drawing_may_be_the_places(tmp_path):
    path = dxf(tmp_path, TEXT.format(layer="村"))
    fields = {"place_id": "Text", "name": "Text"}
    faults = faults_of(tmp_path, path, "settlements", crs="EPSG:4508", fields=fields)
    assert [fault.code for fault in faults] == ["E-LAYER-005"] and "population" in faults[0].text("en")


def test_closed_lines_of_a_drawing_are_areas_where_areas_are_asked_for(tmp_path):
    layer = opened(tmp_path, dxf(tmp_path, RING.format(layer="林")), crs="EPSG:4508")
    assert layer.frame.area.tolist() == [10_000.0] and layer.certificate.repaired
    assert fault_of(tmp_path, dxf(tmp_path, LINE.format(layer="林")), crs="EPSG:4508").code == "E-LAYER-006"


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_a_cut_drawing_is_refused(tmp_path, cut):
    path = tmp_path / dxf(tmp_path, LINE.format(layer="铁路") * 3)
    path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    assert fault_of(tmp_path, "a.dxf", "railway", crs="EPSG:4508").code == "E-LAYER-003"


def test_a_binary_drawing_says_what_to_save_it_as(tmp_path):
    (tmp_path / "a.dxf").write_bytes(b"AutoCAD Binary DXF\r\n\x1a\0" + b"\0" * 50)
    assert "DXF" in fault_of(tmp_path, "a.dxf").text("en")


# --- rasters -----------------------------------------------------------------------------------------------


def tif(folder, numbers, name="r.tif", crs="EPSG:4490", west=109.0, north=41.0, cell=0.1, up=False, **more):
    more.setdefault("driver", "GTiff")
    numbers = np.atleast_3d(numbers.T).T if numbers.ndim == 2 else numbers
    profile = {"count": len(numbers), "height": numbers.shape[1], "width": numbers.shape[2], "dtype": numbers.dtype}
    place = {"crs": crs, "transform": rasterio.Affine(cell, 0, west, 0, cell if up else -cell, north)} if crs else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rasterio's own
        with rasterio.open(folder / name, "w", **profile, **place, **more) as target:
            target.write(numbers)
    return name


HEIGHTS = np.linspace(900, 1500, 100, dtype="float32").reshape(10, 10)


def test_a_raster_is_described_with_its_lattice_and_read_in_windows(tmp_path):
    layer = opened(tmp_path, tif(tmp_path, HEIGHTS, nodata=-9999), "dem")
    raster = layer.raster
    assert (raster.width, raster.height, raster.cells, raster.low, raster.high) == (10, 10, 100, 900, 1500)
    assert layer.frame.total_bounds.tolist() == pytest.approx([109, 40, 110, 41])
    assert sum(int(there.sum()) for _, _, there in raster.windows()) == 100
    (remark,) = layer.certificate.found
    assert "10 × 10" in remark.text("zh") and "float32" in remark.text("en")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.tif"]


def test_an_obvious_nodata_is_told_and_a_declared_one_is_not(tmp_path):
    holes = HEIGHTS.copy()
    holes[0, :3] = -9999
    layer = opened(tmp_path, tif(tmp_path, holes, nodata=-9999), "dem")
    assert layer.raster.cells == 97 and layer.certificate.guessed == ()
    layer = opened(tmp_path, tif(tmp_path, holes, "u.tif"), "dem")
    (remark,) = layer.certificate.guessed
    assert layer.raster.cells == 97 and (remark.code, remark.count) == ("R-LAYER-NODATA", 3)


def test_the_scale_that_a_raster_states_is_applied_and_told(tmp_path):
    path = tif(tmp_path, (HEIGHTS / 10).astype("int16"), nodata=-1)
    assert opened(tmp_path, path, "dem").raster.high == 150
    with rasterio.open(tmp_path / path, "r+") as target:
        target.scales, target.offsets = (10.0,), (5.0,)
    layer = opened(tmp_path, path, "dem")
    assert (layer.raster.low, layer.raster.high, layer.raster.cells) == (905, 1505, 100)
    assert {float(numbers.max()) for _, numbers, _ in layer.raster.windows()} == {1505}
    assert codes(layer.certificate.found) == ["R-LAYER-RASTER", "R-LAYER-SCALED"]
    with rasterio.open(tmp_path / path, "r+") as target:
        target.scales = (0.0,)
    assert fault_of(tmp_path, path, "dem").code == "E-LAYER-116"


def test_a_raster_whose_first_row_is_the_southernmost_is_read_from_the_north(tmp_path):
    north = opened(tmp_path, tif(tmp_path, HEIGHTS), "dem")
    south = opened(tmp_path, tif(tmp_path, HEIGHTS[::-1], "s.tif", north=40.0, cell=0.1, up=True), "dem")
    assert codes(south.certificate.found) == ["R-LAYER-RASTER", "R-LAYER-SOUTHUP"] and south.raster.cell == (0.1, 0.1)
    assert south.frame.total_bounds.tolist() == pytest.approx(north.frame.total_bounds.tolist())
    ((one, numbers, there),), ((other, turned, known),) = north.raster.windows(), south.raster.windows()
    assert one == other and (numbers == turned).all() and there.all() and known.all()


WRONG = {
    "range": (HEIGHTS * 100, "dem", {}),
    "classes": (HEIGHTS, "landcover", {}),
    "bands": (np.stack([HEIGHTS] * 3), "dem", {}),
    "empty": (np.full((4, 4), -9999, "float32"), "dem", {"nodata": -9999}),
    "nowhere": (HEIGHTS, "dem", {"crs": None}),
    "negative": (-HEIGHTS, "population", {}),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_raster_that_is_no_such_thing_is_refused(tmp_path, kind):
    numbers, role, more = WRONG[kind]
    assert fault_of(tmp_path, tif(tmp_path, numbers, **more), role).code == "E-LAYER-116"


def test_a_band_may_be_named_and_classes_be_whole_numbers(tmp_path):
    path = tif(tmp_path, np.stack([HEIGHTS, HEIGHTS + 1]))
    assert opened(tmp_path, path, "dem", layer="2").raster.low == 901
    assert opened(tmp_path, tif(tmp_path, np.full((4, 4), 40, "uint8")), "landcover").raster.high == 40
    assert fault_of(tmp_path, tif(tmp_path, np.stack([HEIGHTS] * 2)), "dem", layer="3").code == "E-LAYER-015"


def test_a_raster_is_no_layer_of_areas_nor_the_reverse(tmp_path):
    path = tif(tmp_path, HEIGHTS)
    assert fault_of(tmp_path, path, "forest").code == "E-LAYER-121"
    AREAS.to_file(tmp_path / "a.gpkg")
    fault = fault_of(tmp_path, "a.gpkg", "dem")
    assert fault.code == "E-LAYER-121" and "gpkg" in fault.text("en") and "row" not in fault.text("en")


def test_a_raster_in_an_archive_is_read_and_lies_unpacked_as_long_as_it_is_used(tmp_path):
    tif(tmp_path, HEIGHTS)
    with zipfile.ZipFile(tmp_path / "dem.zip", "w") as archive:
        archive.write(tmp_path / "r.tif", "成果/高程.tif")
        archive.writestr("说明.txt", "x")
    layer = opened(tmp_path, "dem.zip", "dem")
    plain = opened(tmp_path, "r.tif", "dem")
    assert codes(layer.certificate.found) == ["R-LAYER-ARCHIVE", "R-LAYER-RASTER"]
    assert layer.certificate.found[0].ids == ("成果/高程.tif",) and layer.raster.path.is_file()
    assert [int(w[1].sum()) for w in layer.raster.windows()] == [int(w[1].sum()) for w in plain.raster.windows()]
    place = layer.raster.path
    del layer
    assert not place.exists()
    assert fault_of(tmp_path, "dem.zip", "forest").code == "E-LAYER-104"
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.write(tmp_path / "r.tif", "a.tif")
        archive.write(tmp_path / "r.tif", "b.tif")
    assert fault_of(tmp_path, "two.zip", "dem").code == "E-LAYER-103"
    assert opened(tmp_path, "two.zip", "dem", layer="b").raster.cells == 100


def test_a_raster_is_told_as_a_whole_and_its_cells_are_never_said_to_move(tmp_path):
    path = tif(tmp_path, HEIGHTS, crs="EPSG:4524")
    fault = fault_of(tmp_path, path, "dem")
    assert fault.code.startswith("E-LAYER-04") and "whole raster" in fault.text("en") and "栅格" in fault.text("zh")
    for more in ({"swap_axes": True}, {"crs": "GCJ-02"}):
        assert fault_of(tmp_path, tif(tmp_path, HEIGHTS), "dem", **more).code == "E-LAYER-116"


@pytest.mark.parametrize("cut", [0.05, 0.5, 0.9])
def test_a_cut_raster_is_refused(tmp_path, cut):
    path = tmp_path / tif(tmp_path, np.random.default_rng(1).random((300, 300)).astype("float32"))
    path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    assert fault_of(tmp_path, "r.tif", "dem").code == "E-LAYER-003"


def test_a_raster_that_leaves_a_part_of_the_area_out_is_doubted(tmp_path):
    AREAS.head(1).to_file(tmp_path / "border.gpkg")
    tif(tmp_path, HEIGHTS)
    tif(tmp_path, HEIGHTS, "west.tif", west=108.5)
    specs = {name: spec(f"{name}.tif", "dem") for name in ("r", "west")}
    layers = gather({"border": spec("border.gpkg", "boundary")} | specs, tmp_path)
    assert codes(layers["r"].certificate.warned) == []
    (remark,) = layers["west"].certificate.warned
    assert remark.code == "R-LAYER-COVERAGE" and remark.facts["share"].startswith("50")


# --- drivers -----------------------------------------------------------------------------------------------


def test_only_the_drivers_that_layers_need_are_on_and_loading_them_is_quiet():
    code = (
        "import gis_wufei.layers, pyogrio, os; print(','.join(pyogrio.list_drivers()))\n"
        "assert 'OGR_SKIP' not in os.environ"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    on = set(done.stdout.strip().split(","))
    assert done.stderr == "" and {"GPKG", "GeoJSON", "ESRI Shapefile", "OpenFileGDB", "LIBKML", "DXF", "GPX"} <= on
    assert not on & {"OGR_VRT", "GML", "WFS", "HTTP", "OAPIF", "SQLite", "CSV", "KML", "PDF", "MVT"}


def test_every_format_leaves_its_folder_as_it_was(tmp_path):
    shapefile(tmp_path)
    AREAS.to_file(tmp_path / "a.gpkg")
    AREAS.to_file(tmp_path / "a.gdb", driver="OpenFileGDB")
    AREAS.to_crs(4326).to_file(tmp_path / "a.geojson")
    kml(tmp_path, PLACE.format(name="a", data="", x=109.5))
    (tmp_path / "a.gpx").write_text(GPX.format(TRK))
    dxf(tmp_path, RING.format(layer="林"))
    shutil.make_archive(str(tmp_path / "z"), "zip", tmp_path / "a.gdb")
    tif(tmp_path, HEIGHTS)
    before, when = state(tmp_path), tmp_path.stat().st_mtime_ns
    for path, role in (
        ("area.shp", "forest"), ("a.gpkg", "forest"), ("a.gdb", "forest"), ("a.geojson", "forest"),
        ("a.kml", "context"),
        ("a.gpx", "railway"), ("a.dxf", "forest"), ("r.tif", "dem"),
    ):  # fmt: skip
        opened(tmp_path, path, role, **({"crs": "EPSG:4508"} if path == "a.dxf" else {}))
    assert state(tmp_path) == before and tmp_path.stat().st_mtime_ns == when
