"""A layer enters with a certificate or with its faults told: file, row, column, cure; and no file is ever changed.

Most lists are drawn here by hand, as a county office would send them; rows count from 1 below the header.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from pydantic import ValidationError
from pyproj import CRS

from gis_wufei.crs import GEOD
from gis_wufei.errors import InputError
from gis_wufei.layers import LayerSpec, gather, open_layer, roles
from gis_wufei.layers.path import resolve

VILLAGES = "place_id,name,population,lon,lat\nV1,东村,120,109.5,40.4\nV2,西村,80,109.6,40.5\n"
SQUARE = [[109.0, 40.0], [110.0, 40.0], [110.0, 41.0], [109.0, 41.0], [109.0, 40.0]]
BOWTIE = [[109.0, 40.0], [110.0, 41.0], [110.0, 40.0], [109.0, 41.0], [109.0, 40.0]]
SPIKED = [[109.0, 40.0], [110.0, 40.0], [110.0, 41.0], [109.0, 41.0], [109.0, 41.5], [109.0, 41.0], [109.0, 40.0]]
METRIC = CRS.from_epsg(4508)


def spec(path, role="settlements", **more):
    return LayerSpec.model_validate({"path": path, "role": role, **more})


def listed(tmp_path, text, name="villages.csv", encoding="utf-8"):
    """A list as a file; its name, as a study would write it."""
    (tmp_path / name).write_bytes(text.encode(encoding))
    return name


def drawn(tmp_path, shapes, file="shapes.geojson", /, **columns):
    """Shapes (type, coordinates) as a GeoJSON file; its name."""
    features = [
        {
            "type": "Feature",
            "properties": {column: values[i] for column, values in columns.items()},
            "geometry": None if kind is None else {"type": kind, "coordinates": coordinates},
        }
        for i, (kind, coordinates) in enumerate(shapes)
    ]
    (tmp_path / file).write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return file


def faults_of(tmp_path, path, role="settlements", **more):
    with pytest.raises(InputError) as caught:
        open_layer("layer", spec(path, role, **more), tmp_path)
    return caught.value.faults


def fault_of(tmp_path, path, role="settlements", **more):
    (fault,) = faults_of(tmp_path, path, role, **more)
    return fault


def opened(tmp_path, path, role="settlements", to=None, **more):
    return open_layer("layer", spec(path, role, **more), tmp_path, to)


def villages(tmp_path, **rows):
    """The list of villages with cells replaced: ``population_2="x"`` is row 2."""
    lines = [line.split(",") for line in VILLAGES.splitlines()]
    for key, cell in rows.items():
        column, _, row = key.rpartition("_")
        lines[int(row)][lines[0].index(column)] = cell
    return listed(tmp_path, "\n".join(map(",".join, lines)) + "\n")


# --- a sound list and its certificate ----------------------------------------------------------


def test_a_sound_list_becomes_points_with_typed_columns_and_its_rows_counted(tmp_path):
    layer = opened(tmp_path, listed(tmp_path, VILLAGES))
    assert layer.frame["population"].tolist() == [120.0, 80.0] and layer.frame["row"].tolist() == [1, 2]
    assert [(point.x, point.y) for point in layer.frame.geometry] == [(109.5, 40.4), (109.6, 40.5)]
    assert (layer.role, layer.label.en, layer.frame["name"].tolist()) == (
        "settlements",
        "Villages and communities",
        ["东村", "西村"],
    )


def test_the_certificate_holds_path_hash_encoding_system_and_counts(tmp_path):
    paper = opened(tmp_path, listed(tmp_path, VILLAGES)).certificate
    assert paper.path == tmp_path.resolve() / "villages.csv"
    assert paper.sha256 == hashlib.sha256(VILLAGES.encode()).hexdigest()
    assert (paper.encoding, paper.crs, paper.rows_read, paper.rows_kept) == ("utf-8", "EPSG:4326 WGS 84", 2, 2)
    assert paper.repaired == paper.warned == ()


def test_codes_of_digits_keep_their_zeros(tmp_path):
    layer = opened(tmp_path, villages(tmp_path, place_id_1="007", place_id_2="7"))
    assert layer.frame["place_id"].tolist() == ["007", "7"]


def test_numbers_of_a_gis_file_are_codes_without_a_decimal_point(tmp_path):
    path = drawn(
        tmp_path,
        [("Point", [109.5, 40.4]), ("Point", [109.6, 40.4])],
        place_id=[1500, 1501.0],
        name=["a", "b"],
        population=[1, 2],
    )
    assert opened(tmp_path, path).frame["place_id"].tolist() == ["1500", "1501"]


@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gbk", "gb18030"), ("utf-16", "utf-16")]
)
def test_a_list_is_read_in_the_encoding_that_its_bytes_fit_and_the_choice_is_told(tmp_path, encoding, told):
    layer = opened(tmp_path, listed(tmp_path, VILLAGES, encoding=encoding))
    assert layer.frame["name"].tolist() == ["东村", "西村"] and layer.certificate.encoding == told


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_and_tabs_separate_as_well_as_commas(tmp_path, delimiter):
    layer = opened(tmp_path, listed(tmp_path, VILLAGES.replace(",", delimiter)))
    assert layer.frame["population"].tolist() == [120.0, 80.0]


def test_windows_line_ends_quoted_cells_and_blanks_around_them_are_nothing_unusual(tmp_path):
    text = VILLAGES.replace("东村", ' "东村,\n北" ').replace(' "', '"').replace('" ', '"').replace("80", " 80 ")
    layer = opened(tmp_path, listed(tmp_path, text.replace("\n", "\r\n")))
    assert layer.frame["name"].tolist() == ["东村,\r\n北", "西村"] and layer.frame["population"][1] == 80


def test_blank_rows_are_passed_over_but_counted_as_the_spreadsheet_counts_them(tmp_path):
    text = VILLAGES.replace("V2,西村", ",,,,\n\nV2,西村")
    assert opened(tmp_path, listed(tmp_path, text)).frame["row"].tolist() == [1, 4]


def test_a_workbook_is_a_list_like_any_other(tmp_path):
    book = openpyxl.Workbook()
    for line in VILLAGES.splitlines():
        book.active.append(line.split(","))
    book.save(tmp_path / "villages.xlsx")
    assert opened(tmp_path, "villages.xlsx").frame["population"].tolist() == [120.0, 80.0]
    book.create_sheet("2024")
    book.save(tmp_path / "villages.xlsx")
    assert len(opened(tmp_path, "villages.xlsx").frame) == 2  # a blank sheet is no choice
    for line in VILLAGES.splitlines():
        book["2024"].append(line.split(","))
    book.save(tmp_path / "villages.xlsx")
    assert fault_of(tmp_path, "villages.xlsx").code == "E-LAYER-014"
    assert fault_of(tmp_path, "villages.xlsx", layer="2025").code == "E-LAYER-015"
    assert len(opened(tmp_path, "villages.xlsx", layer="Sheet").frame) == 2


def test_columns_beyond_the_role_are_kept(tmp_path):
    text = VILLAGES.replace("lat\n", "lat,row,geometry,海拔\n").replace("40.4\n", "40.4,a,b,1001\n")
    text = text.replace("40.5\n", "40.5,c,d,1002\n")
    frame = opened(tmp_path, listed(tmp_path, text)).frame
    assert frame["海拔"].tolist() == ["1001", "1002"]
    assert frame["row (file)"].tolist() == ["a", "c"] and frame["geometry (file)"].tolist() == ["b", "d"]


# --- names and values as the study maps them ----------------------------------------------------


def test_fields_name_the_files_columns_coordinates_included(tmp_path):
    text = "代码,名称,常住人口,经度,纬度\nV1,东村,120,109.5,40.4\n"
    fields = {"place_id": "代码", "name": "名称", "population": "常住人口", "lon": "经度", "lat": "纬度"}
    frame = opened(tmp_path, listed(tmp_path, text), fields=fields).frame
    assert frame[["place_id", "name", "population"]].to_numpy().tolist() == [["V1", "东村", 120.0]]


def test_a_column_that_fields_replace_stays_under_another_name(tmp_path):
    frame = opened(tmp_path, listed(tmp_path, VILLAGES), fields={"township": "name", "name": "place_id"}).frame
    assert frame["name"].tolist() == ["V1", "V2"] and frame["township"].tolist() == ["东村", "西村"]


def test_two_columns_may_be_exchanged(tmp_path):
    frame = opened(tmp_path, villages(tmp_path), fields={"place_id": "name", "name": "place_id"}).frame
    assert frame["place_id"].tolist() == ["东村", "西村"] and frame["name"].tolist() == ["V1", "V2"]


def test_values_turn_the_files_words_into_ours_and_leave_the_others(tmp_path):
    path = drawn(
        tmp_path, [("LineString", [[109, 40], [110, 41]])] * 3, **{"class": ["G", "track", "G"], "oneway": [1, 0, 0]}
    )
    mapping = {"class": {"G": "national"}, "oneway": {"1": "forward", "0": "no"}}
    frame = opened(tmp_path, path, "roads", values=mapping).frame
    assert frame["class"].tolist() == ["national", "track", "national"]
    assert frame["oneway"].tolist() == ["forward", "no", "no"]


def test_where_keeps_rows_by_value_even_of_numbers_and_counts_them(tmp_path):
    path = drawn(
        tmp_path,
        [("Point", [109.5, 40.4])] * 3,
        place_id=["a", "b", "c"],
        name=["", "", ""],
        population=[1, 2, 3],
        code=[111, None, 220],
    )
    layer = opened(tmp_path, path, where={"code": ["111", "220"]})
    assert layer.frame["place_id"].tolist() == ["a", "c"]
    assert (layer.certificate.rows_read, layer.certificate.rows_kept) == (3, 2)


def test_rows_that_where_leaves_out_are_not_checked(tmp_path):
    path = villages(tmp_path, population_2="?", lon_2="?")
    assert opened(tmp_path, path, where={"name": ["东村"]}).frame["row"].tolist() == [1]


def test_a_value_of_where_that_no_row_has_is_remarked(tmp_path):
    (remark,) = opened(tmp_path, villages(tmp_path), where={"name": ["东村", "南村"]}).certificate.warned
    assert (remark.count, remark.ids) == (1, ("南村",)) and "(南村)" in remark.text("zh")


def test_a_where_that_keeps_no_row_is_a_fault_that_shows_the_values(tmp_path):
    fault = fault_of(tmp_path, villages(tmp_path), where={"name": ["南村"]})
    assert fault.code == "E-LAYER-024" and "东村" in fault.text("en")


@pytest.mark.parametrize("wrong", [{"fields": {"popul": "x"}}, {"values": {"clas": {}}}, {"role": "settlement"}])
def test_a_mapping_for_a_column_or_role_that_does_not_exist_is_refused_before_reading(wrong):
    with pytest.raises(ValidationError, match="there is no"):
        spec(**({"path": "x.csv", "role": "settlements"} | wrong))


# --- faults: each told with file, row, column and cure -------------------------------------------

OFFERED = {
    "E-LAYER-008": ({"population_2": ""}, "villages.csv population", "2"),
    "E-LAYER-009": ({"population_2": "about 80"}, "villages.csv population", "2 ('about 80')"),
    "E-LAYER-010": ({"place_id_2": "V1"}, "villages.csv place_id", "1 ('V1'), 2 ('V1')"),
    "E-LAYER-012": ({"lon_2": "409.6"}, "villages.csv", "2"),
    "E-LAYER-041": ({"lat_2": "109.6", "lon_2": "40.5"}, "villages.csv", "2"),
}


@pytest.mark.parametrize("code", OFFERED)
def test_a_fault_names_file_column_and_row(tmp_path, code):
    cells, where, rows = OFFERED[code]
    fault = fault_of(tmp_path, villages(tmp_path, **cells))
    assert (fault.code, fault.where, fault.facts["rows"]) == (code, where, rows)
    for lang in ("zh", "en"):
        assert fault.text(lang).startswith(f"{where}: {code} ") and rows in fault.text(lang)


@pytest.mark.parametrize("cell", ["-1", "inf", "1e999", "12 人", "1,2", "１２x", "nan", "3-4"])
def test_what_is_no_number_within_its_limits_is_told_with_its_cell(tmp_path, cell):
    path = villages(tmp_path, population_1=f'"{cell}"')
    fault = fault_of(tmp_path, path)
    assert fault.code == "E-LAYER-009" and f"1 ('{cell}')" in fault.facts["rows"] and fault.facts["limits"] == "[0, ∞]"


def test_a_number_too_large_names_the_limit(tmp_path):
    text = "point_id,place_id,share,lon,lat\nP1,V1,1.5,109.5,40.4\n"
    fault = fault_of(tmp_path, listed(tmp_path, text), "collection_points")
    assert fault.code == "E-LAYER-009" and fault.facts["limits"] == "[0, 1]"


@pytest.mark.parametrize(("lon", "code"), [("", "E-LAYER-008"), ("109°3x", "E-LAYER-009")])
def test_a_place_without_coordinates_is_told_from_one_with_unreadable_ones(tmp_path, lon, code):
    fault = fault_of(tmp_path, villages(tmp_path, lon_2=lon, lat_2=lon and "40.5"))
    assert fault.code == code and fault.facts["rows"].startswith("2") and lon in fault.facts["rows"]


def test_zero_zero_is_no_place(tmp_path):
    fault = fault_of(tmp_path, villages(tmp_path, lon_1="0", lat_1="0"))
    assert fault.code == "E-LAYER-078" and "(0, 0)" in fault.text("en")


def test_all_faults_of_a_file_are_told_together(tmp_path):
    path = villages(tmp_path, population_1="?", place_id_2="", name_2="", lon_1="409", lat_2="")
    assert [(fault.code, fault.where, fault.facts["rows"]) for fault in faults_of(tmp_path, path)] == [
        ("E-LAYER-008", "villages.csv place_id", "2"),
        ("E-LAYER-009", "villages.csv population", "1 ('?')"),
        ("E-LAYER-009", "villages.csv lon, lat", "2 ('109.6')"),
        ("E-LAYER-012", "villages.csv", "1"),
    ]


def test_of_many_rows_the_first_five_are_named_and_the_others_counted(tmp_path):
    rows = "".join(f"V{i},n,,109.5,40.4\n" for i in range(8))
    fault = fault_of(tmp_path, listed(tmp_path, VILLAGES.splitlines()[0] + "\n" + rows))
    assert fault.facts["rows"] == "1, 2, 3, 4, 5, +3"


def test_a_missing_column_is_told_with_the_closest_and_all_there_are(tmp_path):
    fault = fault_of(tmp_path, listed(tmp_path, VILLAGES.replace("population", "populaton")))
    assert fault.code == "E-LAYER-005"
    assert "(closest: populaton)" in fault.text("en") and "（最接近：populaton）" in fault.text("zh")
    assert fault.facts["have"] == "name, place_id, populaton"
    fault = fault_of(tmp_path, listed(tmp_path, VILLAGES.replace("population", "海拔")))
    assert "closest" not in fault.text("en") and "最接近" not in fault.text("zh")


def test_a_list_without_coordinates_says_so(tmp_path):
    faults = faults_of(tmp_path, listed(tmp_path, VILLAGES.replace("lon,lat", "u,v")))
    assert [(fault.code, fault.facts["column"]) for fault in faults] == [("E-LAYER-005", "lon"), ("E-LAYER-005", "lat")]
    assert all("join:" in fault.text("zh") and "join:" in fault.text("en") for fault in faults)
    assert "join" not in fault_of(tmp_path, listed(tmp_path, VILLAGES.replace("population", "海拔"))).text("zh")


@pytest.mark.parametrize("mapping", [{"fields": {"name": "nom"}}, {"values": {"township": {}}}, {"where": {"x": []}}])
def test_a_mapping_of_a_column_that_the_file_lacks_is_a_fault(tmp_path, mapping):
    assert fault_of(tmp_path, villages(tmp_path), **mapping).code == "E-LAYER-005"


def test_two_columns_of_one_name_or_of_none_are_refused(tmp_path):
    text = VILLAGES.replace("place_id,name", "name,name")
    assert fault_of(tmp_path, listed(tmp_path, text)).code == "E-LAYER-020"
    assert fault_of(tmp_path, listed(tmp_path, VILLAGES.replace("name", ""))).code == "E-LAYER-020"


@pytest.mark.parametrize("row", ["V2,西村,80,109.6", "V2,西村,80,109.6,40.5,7"])
def test_a_row_with_a_cell_too_few_or_too_many_is_told(tmp_path, row):
    fault = fault_of(tmp_path, listed(tmp_path, VILLAGES.replace("V2,西村,80,109.6,40.5", row)))
    assert (fault.code, fault.facts["rows"], fault.facts["cells"]) == ("E-LAYER-021", "2", 5)


def test_empty_columns_at_the_right_of_a_spreadsheet_do_not_matter(tmp_path):
    assert len(opened(tmp_path, listed(tmp_path, VILLAGES.replace("\n", ",,\n"))).frame) == 2


def test_a_word_that_is_not_among_the_choices_is_told_with_them(tmp_path):
    path = drawn(tmp_path, [("Polygon", [SQUARE])], state=["calm"])
    fault = fault_of(tmp_path, path, "subsidence")
    assert fault.code == "E-LAYER-011" and "1 ('calm')" in fault.text("en") and "active, stable" in fault.text("zh")


@pytest.mark.parametrize(
    ("role", "columns", "column", "known"),
    [
        ("facilities", {"facility_id": "F1", "name": "plant", "kind": "INCINERATOR"}, "kind", "LF"),
        ("fields", {"field_id": "A1", "crop": "weat"}, "crop", "wheat"),
        ("roads", {"class": "motorway"}, "class", "expressway"),
    ],
)
def test_a_code_must_be_one_of_the_standards_table(tmp_path, role, columns, column, known):
    shape = {
        "facilities": ("Point", [109.5, 40.5]),
        "fields": ("Polygon", [SQUARE]),
        "roads": ("LineString", [[109, 40], [110, 41]]),
    }[role]
    path = drawn(tmp_path, [shape], **{name: [value] for name, value in columns.items()})
    fault = fault_of(tmp_path, path, role)
    assert (fault.code, fault.where) == ("E-LAYER-011", f"{path} {column}")
    assert columns[column] in fault.text("zh") and known in str(fault.facts["allowed"]).split(", ")
    mapped = opened(tmp_path, path, role, values={column: {columns[column]: known}})
    assert mapped.frame[column].tolist() == [known]


def test_a_flag_knows_the_words_for_yes_and_no_and_refuses_others(tmp_path):
    text = "place_id,name,population,lon,lat,synthetic\n"
    words = ["是", "否", "TRUE", "0", "y", "", "1"]
    rows = [f"V{i},n,1,109.5,40.4,{word}\n" for i, word in enumerate(words)]
    layer = opened(tmp_path, listed(tmp_path, text + "".join(rows)))
    assert layer.frame["synthetic"].tolist() == [True, False, True, False, True, pd.NA, True]
    fault = fault_of(tmp_path, listed(tmp_path, text + rows[0] + "V9,n,1,109.5,40.4,maybe\n"))
    assert fault.code == "E-LAYER-011" and fault.facts["rows"] == "2 ('maybe')"


@pytest.mark.parametrize("text", [VILLAGES.splitlines()[0] + "\n", "", "\n\n"])
def test_a_file_without_rows_is_refused(tmp_path, text):
    assert faults_of(tmp_path, listed(tmp_path, text))[0].code in ("E-LAYER-005", "E-LAYER-007")


def test_an_empty_layer_of_a_gis_file_is_refused(tmp_path):
    assert fault_of(tmp_path, drawn(tmp_path, []), "forest").code in ("E-LAYER-007", "E-LAYER-006")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"place_id,na\xff\xffme\n", "encoding"), (b'place_id,name\n"V1,x\n', "quotation"), (b"\xff\xfe\x00", "encoding")],
)
def test_a_list_that_cannot_be_read_says_why(tmp_path, content, reason):
    (tmp_path / "v.csv").write_bytes(content)
    fault = fault_of(tmp_path, "v.csv")
    assert fault.code == "E-LAYER-003" and reason in fault.text("en")


def test_a_workbook_that_is_none_is_refused(tmp_path):
    assert fault_of(tmp_path, listed(tmp_path, VILLAGES, "v.xlsx")).code == "E-LAYER-003"


@pytest.mark.parametrize("name", ["v.txt", "v.vrt", "v.xml", "v.rar", "v", "v.dwg", "v.csv.gz"])
def test_only_known_kinds_of_files_are_read(tmp_path, name):
    fault = fault_of(tmp_path, listed(tmp_path, VILLAGES, name))
    assert fault.code == "E-LAYER-022" and ".gpkg" in fault.text("zh")


# --- coordinate systems --------------------------------------------------------------------------


def test_a_layer_is_projected_to_the_studys_system_with_x_east(tmp_path):
    layer = opened(tmp_path, villages(tmp_path), to=METRIC)
    point = layer.frame.geometry.iloc[0]
    assert layer.frame.crs == METRIC and layer.certificate.crs == "EPSG:4326 WGS 84"
    # 109.5 E is 1.5 degrees west of the meridian 111 E, whose false easting is 500 km.
    assert point.x == pytest.approx(500_000 - 127_250, abs=300) and point.y == pytest.approx(4_474_000, abs=2000)


def test_a_list_in_metres_declares_its_system(tmp_path):
    text = "place_id,name,population,x,y\nV1,东村,120,372707.9,4473834.0\n"
    path = listed(tmp_path, text)
    assert fault_of(tmp_path, path, fields={"lon": "x", "lat": "y"}).code == "E-LAYER-004"
    layer = opened(tmp_path, path, fields={"lon": "x", "lat": "y"}, crs="EPSG:4508")
    point = layer.frame.to_crs(4326).geometry.iloc[0]
    assert (point.x, point.y) == (pytest.approx(109.5, abs=0.01), pytest.approx(40.4, abs=0.02))


def test_a_file_without_a_system_must_be_declared(tmp_path):
    frame = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(109, 40, 110, 41)])
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(tmp_path / "area.shp")
    fault = fault_of(tmp_path, "area.shp", "forest")
    assert fault.code == "E-LAYER-004" and "crs: EPSG:" in fault.text("zh")
    layer = opened(tmp_path, "area.shp", "forest", crs="EPSG:4490")
    assert layer.certificate.crs.startswith("EPSG:4490")


def test_a_declared_system_against_the_files_own_is_refused_and_the_same_is_fine(tmp_path):
    path = drawn(tmp_path, [("Polygon", [SQUARE])])
    fault = fault_of(tmp_path, path, "forest", crs="EPSG:4508")
    # GeoJSON states nothing of its own: the declared system is taken at its word, and the numbers are degrees.
    assert fault.code == "E-LAYER-040" and "4508" in fault.text("en")
    assert len(opened(tmp_path, path, "forest", crs="EPSG:4326").frame) == 1


def test_an_unknown_system_is_named(tmp_path):
    fault = fault_of(tmp_path, villages(tmp_path), crs="EPSG:1")
    assert fault.code == "E-LAYER-016" and "EPSG:4490" in fault.text("zh")


def test_degrees_that_are_metres_are_impossible(tmp_path):
    path = drawn(tmp_path, [("Point", [372707.9, 4473834.0])], place_id=["a"], name=["a"], population=[1])
    fault = fault_of(tmp_path, path)
    assert fault.code == "E-LAYER-004" and "4546 (111°E)" in fault.text("en")


# --- shapes ----------------------------------------------------------------------------------------


def test_a_spiked_polygon_is_repaired_and_the_repair_is_told(tmp_path):
    layer = opened(tmp_path, drawn(tmp_path, [("Polygon", [SQUARE]), ("Polygon", [SPIKED])]), "forest")
    assert layer.frame.geometry.is_valid.all() and set(layer.frame.geom_type) == {"Polygon"}
    assert shapely.area(layer.frame.geometry.to_numpy()).tolist() == [1.0, 1.0]
    (remark,) = layer.certificate.repaired
    assert (remark.count, remark.ids) == (1, ("2",)) and "1" in remark.text("zh") and "(2)" in remark.text("en")


def test_a_polygon_that_a_repair_would_change_is_refused_with_its_row(tmp_path):
    path = drawn(tmp_path, [("Polygon", [SQUARE]), ("Polygon", [BOWTIE])])
    fault = fault_of(tmp_path, path, "forest")
    assert (fault.code, fault.facts["rows"]) == ("E-LAYER-017", "2")


def test_a_polygon_that_has_collapsed_is_refused(tmp_path):
    path = drawn(tmp_path, [("Polygon", [[[109, 40], [110, 41], [109, 40], [109, 40]]])])
    assert fault_of(tmp_path, path, "forest").code == "E-LAYER-017"


def test_a_line_of_no_length_is_left_out_and_told(tmp_path):
    shapes = [("LineString", [[109, 40], [110, 41]]), ("LineString", [[109, 40], [109, 40]])]
    layer = opened(tmp_path, drawn(tmp_path, shapes, **{"class": ["track", "track"]}), "roads")
    (remark,) = layer.certificate.dropped
    assert len(layer.frame) == 1 and (remark.count, remark.ids) == (1, ("2",)) and "长度为 0" in remark.text("zh")


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        (("Polygon", [SQUARE]), "polygon"),
        (("LineString", [[109, 40], [110, 41]]), "line"),
        (("MultiPoint", [[109, 40], [110, 41]]), "multi-point"),
    ],
)
def test_shapes_of_another_kind_are_told_with_row_and_both_kinds(tmp_path, shape, found):
    path = drawn(tmp_path, [("Point", [109, 40]), shape], place_id=["a", "b"], name=["", ""], population=[1, 2])
    fault = fault_of(tmp_path, path)
    assert (fault.code, fault.facts["rows"], fault.facts["found"]) == ("E-LAYER-006", "2", found)
    assert "expected point" in fault.text("en")


def test_a_point_alone_in_a_multi_point_is_that_point(tmp_path):
    path = drawn(tmp_path, [("MultiPoint", [[109, 40]])], place_id=["a"], name=["a"], population=[1])
    assert opened(tmp_path, path).frame.geometry.tolist() == [shapely.Point(109, 40)]


def test_heights_are_dropped_and_parts_holes_and_ring_directions_are_nothing_unusual(tmp_path):
    hole = [[109.2, 40.2], [109.4, 40.2], [109.4, 40.4], [109.2, 40.2]]
    shapes = [
        ("Polygon", [[[*xy, 1000.0] for xy in SQUARE]]),
        ("MultiPolygon", [[SQUARE[::-1]]]),
        ("Polygon", [SQUARE, hole]),
    ]
    layer = opened(tmp_path, drawn(tmp_path, shapes), "forest")
    assert len(layer.frame) == 3 and not layer.frame.has_z.any() and layer.certificate.repaired == ()


def test_a_row_without_a_shape_is_told(tmp_path):
    path = drawn(tmp_path, [("Polygon", [SQUARE]), (None, None)])
    fault = fault_of(tmp_path, path, "forest")
    assert (fault.code, fault.where, fault.facts["rows"]) == ("E-LAYER-008", "shapes.geojson geometry", "2")


# --- provenance --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("1,1", "all"),
        ("1,0", "some"),
        ("0,0", "none"),
        (",", "unknown"),
        (None, "unknown"),
        ("0,", "unknown"),  # one row says nothing: it may be either
        (",0", "unknown"),
        ("1,", "some"),
    ],
)
def test_synthetic_data_is_known_as_such_and_what_is_not_stated_is_not_called_real(tmp_path, flags, told):
    text = VILLAGES
    if flags is not None:
        first, second = flags.split(",")
        text = text.replace("lat\n", "lat,synthetic\n").replace("40.4\n", f"40.4,{first}\n")
        text = text.replace("40.5\n", f"40.5,{second}\n")
    assert opened(tmp_path, listed(tmp_path, text)).certificate.synthetic == told


def test_sources_are_collected_once_each(tmp_path):
    text = (
        VILLAGES.replace("lat\n", "lat,source\n").replace("40.4\n", "40.4,census\n").replace("40.5\n", "40.5,census\n")
    )
    assert opened(tmp_path, listed(tmp_path, text)).certificate.sources == ("census",)


# --- path policy -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "../villages.csv",
        "data/../../villages.csv",
        "/etc/passwd",
        "C:\\data\\v.csv",
        "\\\\server\\share\\v.csv",
        "https://example.org/v.csv",
        "file:///etc/passwd",
        "/vsicurl/https://example.org/v.csv",
        "/vsizip/a.zip/v.csv",
        "villages.csv\x00",
        "villages\n.csv",
        "villages\u202e.csv",
        "x" * 5000,
    ],
)
def test_a_path_that_leaves_the_folder_or_is_no_plain_path_is_refused_by_name(tmp_path, path):
    with pytest.raises(InputError) as caught:
        resolve("bins", spec(path), tmp_path)
    (fault,) = caught.value.faults
    assert fault.code == "E-LAYER-002" and fault.where == "layers.bins.path"
    assert "\n" not in fault.text("zh") and "\u202e" not in fault.text("en")


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_followed(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    listed(tmp_path, VILLAGES, "outside.csv")
    listed(folder, VILLAGES)
    (folder / "out.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "in.csv").symlink_to(folder / "villages.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    assert fault_of(folder, "out.csv").code == "E-LAYER-002"
    assert fault_of(folder, "loop.csv").code in ("E-LAYER-001", "E-LAYER-002")
    assert len(opened(folder, "in.csv").frame) == 2


def test_only_an_explicit_word_lets_a_path_out_and_never_to_a_virtual_one(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    listed(tmp_path, VILLAGES)
    assert len(opened(folder, "../villages.csv", allow_outside=True).frame) == 2
    assert len(opened(folder, str(tmp_path / "villages.csv"), allow_outside=True).frame) == 2
    assert fault_of(folder, "/vsicurl/https://example.org/v.csv", allow_outside=True).code == "E-LAYER-002"


def test_a_missing_file_is_told_with_the_closest_name(tmp_path):
    listed(tmp_path, VILLAGES)
    fault = fault_of(tmp_path, "vilages.csv")
    assert fault.code == "E-LAYER-001" and "(closest: villages.csv)" in fault.text("en")
    assert "closest" not in fault_of(tmp_path, "nothing.gpkg").text("en")


def test_a_folder_in_the_place_of_a_file_shows_what_it_holds(tmp_path):
    (tmp_path / "folder.csv" / "更多").mkdir(parents=True)
    listed(tmp_path / "folder.csv", VILLAGES)
    fault = fault_of(tmp_path, "folder.csv")
    assert fault.code == "E-LAYER-119" and fault.facts["members"] == "villages.csv, 更多/"
    assert len(opened(tmp_path, "folder.csv/villages.csv").frame) == 2


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("PG:dbname=x", "driver"),
        ("ESRI Shapefile:a.shp", "driver"),
        ('{"type": "Point", "coordinates": [1, 2]}', "driver"),
        ("<OGRVRTDataSource/>", "driver"),
        ("| cat villages.csv", "pipe"),
        ("http://x/a.csv", "URL"),
        ("pipe.csv", "pipe"),
    ],
)
def test_the_refusal_of_a_path_says_why(tmp_path, path, why):
    os.mkfifo(tmp_path / "pipe.csv")
    fault = fault_of(tmp_path, path)
    assert fault.code == "E-LAYER-002" and why in fault.text("en") and fault.text("zh") != fault.text("en")


def test_odd_but_honest_names_are_read(tmp_path):
    for name in ("村庄 (2024)!x.geojson", "a%20b#c?d.geojson", "zip:x.geojson", "it's.geojson"):
        folder = tmp_path / "资料 !夹"
        folder.mkdir(exist_ok=True)
        drawn(folder, [("Polygon", [SQUARE])], name)
        assert len(opened(tmp_path, f"资料 !夹/{name}", "forest").frame) == 1


# --- containers ------------------------------------------------------------------------------------

AREA = gpd.GeoDataFrame({"name": ["林地"]}, geometry=[shapely.box(109, 40, 110, 41)], crs=4490)
WRITE = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON", ".shp": "ESRI Shapefile", ".fgb": "FlatGeobuf"}


def saved(folder, suffix, name="area"):
    frame = AREA.to_crs(4326) if WRITE[suffix] == "GeoJSON" else AREA
    frame.to_file(folder / f"{name}{suffix}", driver=WRITE[suffix])
    return f"{name}{suffix}"


def state(folder: Path):
    """Every file with its bytes and time."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("suffix", WRITE)
def test_each_kind_of_file_is_read_and_neither_it_nor_its_folder_changes(tmp_path, suffix):
    path = saved(tmp_path, suffix)
    before, when = state(tmp_path), tmp_path.stat().st_mtime_ns
    layer = opened(tmp_path, path, "forest")
    assert layer.frame["name"].tolist() == ["林地"] and layer.frame.geometry.iloc[0].equals(AREA.geometry.iloc[0])
    assert state(tmp_path) == before and tmp_path.stat().st_mtime_ns == when


def test_a_geopackage_open_elsewhere_is_read_whole_and_left_alone(tmp_path):
    AREA.to_file(tmp_path / "area.gpkg", SPATIAL_INDEX="NO")
    other = sqlite3.connect(tmp_path / "area.gpkg")
    other.execute("pragma journal_mode=wal")
    other.execute("update area set name = '草地'")
    other.commit()  # so far it stands in the side file alone
    before, when = state(tmp_path), tmp_path.stat().st_mtime_ns
    assert opened(tmp_path, "area.gpkg", "forest").frame["name"].tolist() == ["草地"]
    assert state(tmp_path) == before and tmp_path.stat().st_mtime_ns == when
    other.close()
    before, when = state(tmp_path), tmp_path.stat().st_mtime_ns
    assert opened(tmp_path, "area.gpkg", "forest").frame["name"].tolist() == ["草地"]
    assert state(tmp_path) == before and tmp_path.stat().st_mtime_ns == when and list(before) == ["area.gpkg"]


def test_a_file_with_several_layers_asks_which_and_tables_do_not_count(tmp_path):
    AREA.to_file(tmp_path / "a.gpkg", layer="林")
    pyogrio.write_dataframe(AREA.drop(columns="geometry"), tmp_path / "a.gpkg", layer="notes")
    assert len(opened(tmp_path, "a.gpkg", "forest").frame) == 1
    AREA.to_file(tmp_path / "a.gpkg", layer="草")
    fault = fault_of(tmp_path, "a.gpkg", "forest")
    assert fault.code == "E-LAYER-014" and fault.facts["layers"] == "林, 草"
    assert len(opened(tmp_path, "a.gpkg", "forest", layer="草").frame) == 1
    assert fault_of(tmp_path, "a.gpkg", "forest", layer="水").code == "E-LAYER-015"
    assert fault_of(tmp_path, "a.gpkg", "forest", layer="notes").code == "E-LAYER-121"


def test_a_geopackage_of_tables_alone_holds_no_shapes(tmp_path):
    pyogrio.write_dataframe(AREA.drop(columns="geometry"), tmp_path / "t.gpkg", layer="notes")
    assert fault_of(tmp_path, "t.gpkg", "forest").code == "E-LAYER-121"


@pytest.mark.parametrize("side", [".shx", ".dbf"])
def test_a_shapefile_without_a_side_file_is_refused_by_its_name(tmp_path, side):
    path = saved(tmp_path, ".shp")
    (tmp_path / f"area{side}").unlink()
    fault = fault_of(tmp_path, path, "forest")
    assert fault.code == "E-LAYER-019" and f"area{side}" in fault.text("zh")


def test_a_gbk_shapefile_without_a_statement_of_it_reads_right_and_says_so(tmp_path):
    pyogrio.write_dataframe(AREA, tmp_path / "area.shp", encoding="GBK")
    (tmp_path / "area.cpg").unlink()
    raw = bytearray((tmp_path / "area.dbf").read_bytes())
    raw[29] = 0
    (tmp_path / "area.dbf").write_bytes(raw)
    layer = opened(tmp_path, "area.shp", "forest")
    assert layer.frame["name"].tolist() == ["林地"] and layer.certificate.encoding == "gb18030"


@pytest.mark.parametrize("suffix", WRITE)
def test_a_cut_file_is_refused(tmp_path, suffix):
    path = tmp_path / saved(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    fault = fault_of(tmp_path, path.name, "forest")
    assert fault.code == "E-LAYER-003"


@pytest.mark.parametrize("suffix", WRITE)
def test_an_empty_file_is_refused(tmp_path, suffix):
    for end in (suffix, ".shx", ".dbf"):
        (tmp_path / f"area{end}").write_bytes(b"")
    assert fault_of(tmp_path, f"area{suffix}", "forest").code == "E-LAYER-003"


VRT = '<OGRVRTDataSource><OGRVRTLayer name="s"><SrcDataSource>SECRET</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
# Descriptions that point at a file elsewhere, or other formats, in their drivers' own words.
DISGUISES = {
    "vrt": VRT,
    "vrt in json": '{"type": "FeatureCollection", "features": []}' + VRT,
    "gdal pipeline": '{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read SECRET"}',
    "esri json": '{"geometryType": "esriGeometryPoint", "features": [{"geometry": {"x": 1, "y": 2}}]}',
    "topojson": '{"type": "Topology", "objects": {}, "arcs": []}',
    "kml": "<kml><NetworkLink><Link><href>http://localhost</href></Link></NetworkLink></kml>",
    "wfs": "<OGRWFSDataSource><URL>http://localhost</URL></OGRWFSDataSource>",
    "a bare path": "SECRET",
    "a list": VILLAGES,
    "a number": "7",
    "an empty object": "{}",
}


@pytest.mark.parametrize("suffix", WRITE)
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_file_that_is_really_something_else_is_refused_whatever_its_name(tmp_path, suffix, disguise):
    secret = tmp_path / drawn(tmp_path, [("Polygon", [SQUARE])], "secret.geojson")
    for end in (suffix, ".shx", ".dbf"):
        (tmp_path / f"area{end}").write_text(DISGUISES[disguise].replace("SECRET", str(secret)), encoding="utf-8")
    assert fault_of(tmp_path, f"area{suffix}", "forest").code == "E-LAYER-003"


@pytest.mark.parametrize("claimed", WRITE)
@pytest.mark.parametrize("real", WRITE)
def test_a_file_under_the_suffix_of_another_kind_is_refused(tmp_path, claimed, real):
    if WRITE[claimed] == WRITE[real]:
        return
    path = tmp_path / saved(tmp_path, real)
    for end in (claimed, ".shx", ".dbf"):
        (tmp_path / f"renamed{end}").write_bytes(path.read_bytes())
    assert fault_of(tmp_path, f"renamed{claimed}", "forest").code == "E-LAYER-003"


def test_an_sqlite_database_is_no_geopackage(tmp_path):
    with sqlite3.connect(tmp_path / "a.gpkg") as db:
        db.execute("create table t (a)")
    assert fault_of(tmp_path, "a.gpkg", "forest").code in ("E-LAYER-003", "E-LAYER-006")


@pytest.mark.parametrize("key", ['"crs"', '"\\u0063rs"'])
@pytest.mark.parametrize("kind", [("link", "href"), ("url", "url")])
def test_a_system_to_be_fetched_from_elsewhere_is_never_fetched(tmp_path, key, kind):
    asked = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *words):
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        drawn(tmp_path, [("Polygon", [SQUARE])])
        name, where = kind
        link = f'{{{key}: {{"type": "{name}", "properties": {{"{where}": "http://127.0.0.1:{server.server_port}/"}}}}, '
        text = (tmp_path / "shapes.geojson").read_text()
        (tmp_path / "shapes.geojson").write_text(link + text[1:])
        try:
            opened(tmp_path, "shapes.geojson", "forest")
        except InputError as error:
            assert "coordinate system" in str(error)  # noqa: PT017
        server.shutdown()
    assert asked == []


# --- all layers of a study ---------------------------------------------------------------------------


def county(tmp_path, **more):
    """A county of one degree square with three villages: inside, just across the border, far away."""
    drawn(tmp_path, [("Polygon", [SQUARE])], "border.geojson", name=["county"])
    text = "place_id,name,population,lon,lat\nV1,in,1,109.5,40.5\nV2,near,1,110.005,40.5\nV3,far,1,111.9,40.5\n"
    listed(tmp_path, text)
    specs = {"border": spec("border.geojson", "boundary"), "villages": spec("villages.csv")}
    return specs | {name: spec(**entry) for name, entry in more.items()}


def test_layers_come_in_one_metric_system_derived_from_the_boundary(tmp_path):
    layers = gather(county(tmp_path), tmp_path, reach_m=1000)
    assert layers.area.crs == METRIC == layers["villages"].frame.crs
    assert layers.area.area.sum() == pytest.approx(9.45e9, rel=0.01)
    assert [layer.name for layer in layers.of_role("boundary")] == ["border"] and layers.of_role("roads") == ()


def test_what_lies_within_reach_across_the_border_stays_and_what_is_left_out_is_told(tmp_path):
    layer = gather(county(tmp_path), tmp_path, reach_m=1000)["villages"]
    assert layer.frame["place_id"].tolist() == ["V1", "V2"]
    assert (layer.certificate.rows_read, layer.certificate.rows_kept) == (3, 2)
    (remark,) = layer.certificate.warned
    assert (remark.code, remark.count, remark.ids) == ("R-LAYER-OUTSIDE", 1, ("3",))
    assert gather(county(tmp_path), tmp_path, reach_m=0)["villages"].frame["place_id"].tolist() == ["V1"]


def test_a_given_system_is_used_and_an_unknown_one_told(tmp_path):
    assert gather(county(tmp_path), tmp_path, "EPSG:32649").area.crs == CRS.from_epsg(32649)
    with pytest.raises(InputError, match="E-LAYER-016"):
        gather(county(tmp_path), tmp_path, "EPSG:1")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (32649, "UTM, 111 E"),
        (4508, "six-degree zone, 111 E"),
        (4546, "three-degree zone, 111 E"),
        (4545, "three-degree zone, 108 E: the county lies across 109.5 E"),
        (4525, "three-degree zone 37 with its number in the eastings"),
        (2434, "the same zone on an older datum"),
    ],
)
def test_a_system_of_the_countys_zone_is_taken(tmp_path, code, why):
    layers = gather(county(tmp_path), tmp_path, f"EPSG:{code}")
    assert layers.area.crs == CRS.from_epsg(code), why
    on_the_globe, _ = GEOD.geometry_area_perimeter(shapely.Polygon(SQUARE))
    assert layers.area.area.sum() == pytest.approx(on_the_globe, rel=0.002), why


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (3857, "Web Mercator: lengths x 1.3, areas x 1.75"),
        (32650, "the next UTM zone"),
        (4509, "the next six-degree zone"),
        (4548, "a three-degree zone two further"),
        (32633, "a zone of another continent"),
        (32719, "the other hemisphere"),
    ],
)
def test_a_system_that_falsifies_lengths_is_refused_with_a_true_one(tmp_path, code, why):
    with pytest.raises(InputError) as caught:
        gather(county(tmp_path), tmp_path, f"EPSG:{code}")
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == ("E-LAYER-025", "crs"), why
    assert f"EPSG:{code}" in fault.text("zh") and "EPSG:4508" in fault.text("en"), why


def test_a_false_system_is_told_beside_other_faults(tmp_path):
    specs = county(tmp_path, plants={"path": "no.csv", "role": "facilities"})
    with pytest.raises(InputError) as caught:
        gather(specs, tmp_path, "EPSG:3857")
    assert [fault.code for fault in caught.value.faults] == ["E-LAYER-001", "E-LAYER-025"]


def test_of_layers_that_share_a_file_the_fault_names_the_layer(tmp_path):
    text = "facility_id,name,kind,lon,lat\nF1,a,LF,109.5,40.5\nF2,b,landfill,109.6,40.5\n"
    path = listed(tmp_path, text, "plants.csv")
    first = {"path": path, "role": "facilities", "where": {"facility_id": ["F1"]}}
    second = {**first, "where": {"facility_id": ["F2"]}}
    with pytest.raises(InputError) as caught:
        gather(county(tmp_path, first=first, second=second), tmp_path)
    (fault,) = caught.value.faults
    assert fault.where == "layers.second: plants.csv kind"


def test_roads_are_not_cut_at_the_border(tmp_path):
    line = [("LineString", [[109.5, 40.5], [112.0, 40.5]]), ("LineString", [[112.0, 40.5], [112.5, 40.5]])]
    path = drawn(tmp_path, line, "roads.geojson", **{"class": ["track", "track"]})
    layers = gather(county(tmp_path, roads={"path": path, "role": "roads"}), tmp_path)
    assert len(layers["roads"].frame) == 2 and layers["roads"].frame.length.iloc[0] > 200_000


def facility(tmp_path, lon):
    text = f"facility_id,name,kind,lon,lat\nF1,plant,WTE,{lon},40.5\n"
    return {"path": listed(tmp_path, text, "plants.csv"), "role": "facilities"}


def test_a_receiver_may_stand_in_the_next_city_but_not_in_another_zone(tmp_path):
    layers = gather(county(tmp_path, plants=facility(tmp_path, 111.7)), tmp_path)
    assert len(layers["plants"].frame) == 1
    with pytest.raises(InputError, match="E-LAYER-013"):
        gather(county(tmp_path, plants=facility(tmp_path, 120.0)), tmp_path)


def test_a_layer_of_another_county_is_refused_with_both_extents(tmp_path):
    far = [[[x + 6, y] for x, y in SQUARE]]
    path = drawn(tmp_path, [("Polygon", far)], "forest.geojson")
    with pytest.raises(InputError) as caught:
        gather(county(tmp_path, forest={"path": path, "role": "forest"}), tmp_path)
    (fault,) = caught.value.faults
    assert fault.code == "E-LAYER-013" and "115.000,40.000" in fault.text("en") and "109.000,40.000" in fault.text("zh")


def test_a_wide_layer_with_nothing_in_the_county_is_no_fault(tmp_path):
    shapes = [("Point", [100.0, 30.0]), ("Point", [120.0, 50.0])]
    path = drawn(tmp_path, shapes, "heritage.geojson")
    layers = gather(county(tmp_path, heritage={"path": path, "role": "heritage"}), tmp_path)
    assert layers["heritage"].frame.empty and layers["heritage"].certificate.rows_kept == 0


def test_faults_of_all_layers_are_told_together_those_of_the_boundary_included(tmp_path):
    specs = county(tmp_path, plants={"path": "no.csv", "role": "facilities"})
    drawn(tmp_path, [("Polygon", [BOWTIE])], "border.geojson")
    villages(tmp_path, population_1="?")
    with pytest.raises(InputError) as caught:
        gather(specs, tmp_path)
    assert [fault.code for fault in caught.value.faults] == ["E-LAYER-017", "E-LAYER-009", "E-LAYER-001"]


@pytest.mark.parametrize("count", [0, 2])
def test_there_is_one_boundary_and_other_faults_are_told_beside_it(tmp_path, count):
    specs = {"villages": spec("no.csv")} | {f"b{i}": county(tmp_path)["border"] for i in range(count)}
    with pytest.raises(InputError) as caught:
        gather(specs, tmp_path)
    assert [fault.code for fault in caught.value.faults] == ["E-LAYER-018", "E-LAYER-001"]
    assert caught.value.faults[0].facts["count"] == count


def test_each_layer_is_announced_before_it_is_read(tmp_path):
    told = []
    gather(county(tmp_path), tmp_path, step=told.append)
    assert told == ["border", "villages"]


# --- roles -------------------------------------------------------------------------------------------


def test_every_role_knows_where_its_rows_come_from_and_whether_they_are_synthetic():
    for name, role in roles().items():
        assert {"synthetic", "source", "accuracy_m"} <= set(role.columns), name
        assert role.id is None or (role.columns[role.id].required and not role.columns[role.id].empty)
        assert role.label.zh and role.label.en and all(column.label.zh for column in role.columns.values())


CODES = re.findall(r'Fault\("(E-LAYER-\d+)"', "".join(
    path.read_text(encoding="utf-8") for path in (Path(__file__).parents[1] / "gis_wufei/layers").glob("*.py")
))  # fmt: skip


def test_every_fault_of_layers_is_provoked_somewhere_here():
    here = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [code for code in sorted(set(CODES)) if code not in here] == []
    assert np.unique(CODES).size >= 20
