"""A layer handed back says what it said: as GeoPackage to the bit, as shapefile with every loss told."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from conftest import draw_county
from test_formats import HEIGHTS, tif
from typer.testing import CliRunner

from gis_wufei.cli import BAD_INPUT, app
from gis_wufei.errors import InputError
from gis_wufei.layers import Layer, LayerSpec, open_layer, roles
from gis_wufei.layers.certificate import Certificate
from gis_wufei.layers.handback import hand_back
from gis_wufei.layers.shapefile import short_names
from gis_wufei.study import Study
from gis_wufei.text import Text

POINTS = [shapely.Point(109.5, 40.4), shapely.Point(109.6, 40.5)]


def layer(columns, shapes=None, crs="EPSG:4490", role="settlements"):
    """A layer as the door lets it in, with its rows counted from 1."""
    shapes = POINTS if shapes is None else shapes
    frame = gpd.GeoDataFrame({"row": range(1, len(shapes) + 1), **columns}, geometry=shapes, crs=crs)
    paper = Certificate(Path("x.csv"), None, "", "utf-8", crs, len(frame), len(frame))
    return Layer("villages", role, Text(zh="村", en="Villages"), frame, paper)


def cells(column):
    """Cells of a text column; what has no value is None, as whichever pandas shows it."""
    return [None if pd.isna(cell) else cell for cell in column]


def told(path, encoding="utf-8-sig"):
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream))


# --- GeoPackage --------------------------------------------------------------------------------


def test_a_geopackage_holds_the_same_rows_values_and_coordinates(tmp_path):
    columns = {
        "place_id": ["007", "7"],
        "名称": ["东村𠮷", None],
        "population": [1200.0, np.nan],
        "synthetic": [True, False],
        "count": pd.array([3, pd.NA], dtype="Int64"),
    }
    made = hand_back(layer(columns), tmp_path / "v.gpkg")
    back = gpd.read_file(made.files[0])
    assert back["place_id"].tolist() == ["007", "7"] and cells(back["名称"]) == ["东村𠮷", None]
    assert back["population"][0] == 1200 and np.isnan(back["population"][1])
    assert back["synthetic"].tolist() == [True, False] and back["count"][0] == 3 and pd.isna(back["count"][1])
    assert back.geometry.tolist() == POINTS and back.crs.to_epsg() == 4490
    assert "row" not in back and made.losses == ()


def test_equal_layers_give_equal_bytes_of_version_1_2(tmp_path):
    paths = [tmp_path / name / "v.gpkg" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        hand_back(layer({"name": ["东村", "西村"]}), path)
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}) == 1
    assert int.from_bytes(paths[0].read_bytes()[60:64], "big") == 10200  # SQLite's user_version


def test_columns_that_the_format_keeps_or_confuses_get_a_number(tmp_path):
    columns = {"fid": [7, 8], "Name": ["a", "b"], "name": ["c", "d"], "geom": ["x", "y"], "row (file)": [5, 6]}
    made = hand_back(layer(columns), tmp_path / "v.gpkg")
    back = gpd.read_file(made.files[0])
    assert made.names == {"fid": "fid_2", "Name": "Name", "name": "name_2", "geom": "geom_2", "row": "row"}
    assert back["fid_2"].tolist() == [7, 8] and back["name_2"].tolist() == ["c", "d"] and back["row"].tolist() == [5, 6]


def test_single_and_multiple_shapes_of_one_kind_share_one_layer(tmp_path):
    square = shapely.box(109, 40, 110, 41)
    made = hand_back(layer({"name": ["a", "b"]}, [square, shapely.MultiPolygon([square])]), tmp_path / "v.gpkg")
    assert pyogrio.read_info(made.files[0])["geometry_type"] == "MultiPolygon"
    assert all(shape.equals(square) for shape in gpd.read_file(made.files[0]).geometry)


# --- shapefile ---------------------------------------------------------------------------------


def test_a_shapefile_is_read_back_by_its_cpg_and_its_dictionary(tmp_path):
    columns = {"place_id": ["007", "7"], "常住人口数量（人）": [1200.0, 80.0], "name": ["东村", "西村"]}
    made = hand_back(layer(columns), tmp_path / "v.shp")
    assert {file.name for file in made.files} == {"v.shp", "v.shx", "v.dbf", "v.prj", "v.cpg", "v.fields.csv"}
    assert (tmp_path / "v.cpg").read_text() == "GBK"
    assert "东村".encode("gbk") in (tmp_path / "v.dbf").read_bytes()
    names = {line["column"]: line["name"] for line in told(tmp_path / "v.fields.csv")}
    assert all(len(name.encode("gbk")) <= 10 for name in names.values())
    back = gpd.read_file(tmp_path / "v.shp")
    assert back[names["name"]].tolist() == ["东村", "西村"] and back[names["place_id"]].tolist() == ["007", "7"]
    assert back[names["常住人口数量（人）"]].tolist() == [1200.0, 80.0]
    assert back.geometry.tolist() == POINTS and back.crs.to_epsg() == 4490
    assert told(tmp_path / "v.fields.csv")[0]["zh"] == roles()["settlements"].columns["place_id"].label.zh


def test_equal_layers_give_equal_shapefiles(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        hand_back(layer({"name": ["东村", "西村"]}), tmp_path / name / "v.shp")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_long_text_is_cut_between_letters_and_told_with_its_row_and_short_text_is_not(tmp_path):
    words = {"name": ["东" * 200, "西村"], "note": ["a" * 254, None]}
    made = hand_back(layer(words), tmp_path / "v.shp")
    back = gpd.read_file(tmp_path / "v.shp")
    assert back["name"].tolist() == ["东" * 127, "西村"] and cells(back["note"]) == ["a" * 254, None]
    (loss,) = made.losses
    assert (loss.code, loss.column, loss.count, loss.rows) == ("loss.cut", "name", 1, (1,))
    (line,) = told(tmp_path / "v.losses.csv")
    assert line["rows"] == "1" and "254" in line["zh"] and "254" in line["en"]


def test_a_letter_that_gbk_lacks_survives_in_a_set_of_utf_8_and_that_is_told(tmp_path):
    made = hand_back(layer({"name": ["𠮷村", "西村"], "设计规模": [1.0, 2.0]}), tmp_path / "v.shp")
    back = gpd.read_file(tmp_path / "v.shp")
    assert back[made.names["name"]].tolist() == ["𠮷村", "西村"] and (tmp_path / "v.cpg").read_text() == "UTF-8"
    assert all(name.isascii() for name in made.names.values())
    assert [loss.code for loss in made.losses] == ["loss.letters"]


def test_short_names_are_unique_whatever_the_case_and_never_half_a_letter():
    columns = [
        "capacity_t_per_day", "capacity_t_per_year", "CAPACITY_T_PER_WEEK",
        "设计处理能力（吨/日）", "设计处理能力（吨/年）",
        "1号", "", "a b", "a-b", "设计规模",
    ]  # fmt: skip
    names = short_names(columns)
    assert len({name.casefold() for name in names.values()}) == len(columns)
    for name in names.values():
        assert 0 < len(name.encode("gbk")) <= 10 and not name[0].isdigit()
    assert names["设计规模"] == "设计规模" and names["capacity_t_per_day"] == "capacity_t"


def test_several_kinds_of_shapes_go_into_sets_of_their_own_and_none_is_lost(tmp_path):
    shapes = [shapely.Point(109.5, 40.4), shapely.box(109, 40, 110, 41)]
    made = hand_back(layer({"name": ["校", "院"]}, shapes, role="receptors"), tmp_path / "v.shp")
    assert gpd.read_file(tmp_path / "v_point.shp")["name"].tolist() == ["校"]
    assert gpd.read_file(tmp_path / "v_polygon.shp")["name"].tolist() == ["院"]
    assert [loss.code for loss in made.losses] == ["loss.kinds"]


def test_flags_dates_and_nothing_are_kept_as_a_table_can(tmp_path):
    columns = {"flag": [True, False], "day": [date(2024, 5, 1), None], "n": [1.5, np.nan], "big": [2**60, 1]}
    made = hand_back(layer(columns), tmp_path / "v.shp")
    back = gpd.read_file(tmp_path / "v.shp")
    assert back["flag"].tolist() == [1, 0] and cells(back["day"]) == ["2024-05-01", None]
    assert back["n"][0] == 1.5 and np.isnan(back["n"][1])
    assert [(loss.code, loss.column) for loss in made.losses] == [("loss.digits", "big")]


# --- what is never replaced ---------------------------------------------------------------------


def test_a_file_in_the_way_stays_unless_asked_and_an_input_stays_always(tmp_path):
    target = tmp_path / "v.gpkg"
    target.write_bytes(b"mine")
    for overwrite, inputs, code in ((False, [], "E-EXPORT-003"), (True, [target], "E-EXPORT-004")):
        with pytest.raises(InputError) as caught:
            hand_back(layer({"name": ["a", "b"]}), target, overwrite, inputs)
        assert caught.value.faults[0].code == code
    assert [path.name for path in tmp_path.iterdir()] == ["v.gpkg"] and target.read_bytes() == b"mine"
    hand_back(layer({"name": ["a", "b"]}), target, overwrite=True)
    assert len(gpd.read_file(target)) == 2


def test_another_kind_of_file_or_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    for target, code in ((tmp_path / "v.dxf", "E-EXPORT-002"), (tmp_path / "no" / "v.gpkg", "E-OUT-002")):
        with pytest.raises(InputError) as caught:
            hand_back(layer({"name": ["a", "b"]}), target)
        assert caught.value.faults[0].code == code


# --- the command ---------------------------------------------------------------------------------


def wufei(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_export_writes_a_layer_of_a_study_and_touches_no_input(tmp_path):
    county, out = draw_county(tmp_path), tmp_path / "out"
    out.mkdir()
    before = {path: path.read_bytes() for path in county.glob("*.*")}
    done = wufei("export", county, "villages", "--to", out / "村庄.shp", "--json")
    assert done.exit_code == 0, done.output
    assert {Path(file).name for file in json.loads(done.stdout)["files"]} >= {"村庄.shp", "村庄.cpg"}
    back = gpd.read_file(out / "村庄.shp")
    assert back["place_id"].tolist() == [f"V{number}" for number in range(1, 7)]
    done = wufei("export", county, "fields", "--to", out / "fields.gpkg", "--crs", "EPSG:4508")
    assert done.exit_code == 0 and gpd.read_file(out / "fields.gpkg").crs.to_epsg() == 4508
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("vilages", "--to", "x.gpkg"), "E-EXPORT-001"),
        (("villages", "--to", "x.csv"), "E-EXPORT-002"),
        (("roads", "--to", "roads.geojson"), "E-EXPORT-002"),
        (("villages", "--to", "x.gpkg", "--crs", "EPSG:1"), "E-LAYER-016"),
    ],
)
def test_an_export_that_cannot_be_ends_with_2_and_a_sentence(tiny_study, tmp_path, monkeypatch, words, code):
    monkeypatch.chdir(tmp_path)
    done = wufei("export", tiny_study, *words)
    assert done.exit_code == BAD_INPUT and code in done.stderr and "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_raster_is_not_handed_back_as_the_outline_it_has(tmp_path):
    tif(tmp_path, HEIGHTS)
    raster = open_layer("dem", LayerSpec(path="r.tif", role="dem"), tmp_path)
    for name in ("x.gpkg", "x.tif"):
        with pytest.raises(InputError) as caught:
            hand_back(raster, tmp_path / name)
        assert [fault.code for fault in caught.value.faults] == ["E-EXPORT-005"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.tif"]


def test_a_layer_that_is_not_public_says_so_when_it_leaves(tmp_path):
    county = draw_county(tmp_path)
    text = (county / "study.yaml").read_text("utf-8")
    text = text.replace(
        "villages: {path: villages.csv, role: settlements}",
        "villages: {path: villages.csv, role: settlements, provenance: {secrecy: internal}}",
    )
    (county / "study.yaml").write_text(text, "utf-8")
    done = wufei("export", county, "villages", "--to", tmp_path / "v.gpkg", "--lang", "en")
    assert done.exit_code == 0 and "internal" in done.stdout


@pytest.mark.parametrize("name", ["villages", "fields", "enterprises", "facilities", "roads", "units", "boundary"])
@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_what_was_handed_back_enters_by_the_same_door_as_the_same_layer(tiny_study, tmp_path, name, suffix):
    spec = Study.open(tiny_study).spec.layers[name]
    before = open_layer(name, spec, tiny_study)
    made = hand_back(before, tmp_path / f"{name}{suffix}")
    renamed = {column: short for column, short in made.names.items() if column != short and column in before.frame}
    known = {column: short for column, short in renamed.items() if column in roles()[spec.role].columns}
    again = open_layer(name, spec.model_copy(update={"path": f"{name}{suffix}", "fields": known}), tmp_path)
    assert again.certificate.status != "rejected" and len(again.frame) == len(before.frame)
    assert again.frame.geometry.geom_equals(before.frame.geometry).all()
    for column in set(roles()[spec.role].columns) & set(before.frame):
        ours, theirs = before.frame[column], again.frame.get(column)
        if theirs is None:  # a column without any value
            assert ours.isna().all()
        elif ours.dtype == float:
            assert np.allclose(ours, theirs, equal_nan=True)
        else:
            assert cells(ours) == cells(theirs), column
