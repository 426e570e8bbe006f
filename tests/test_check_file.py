"""``wufei check``: one file against a role, or a study; what is printed, what is written, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files as shipped
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from conftest import draw_county
from ruamel.yaml import YAML
from typer.testing import CliRunner

from gis_wufei.cli import BAD_INPUT, OK, app
from gis_wufei.layers import roles

VILLAGES = "place_id,name,population,lon,lat\nV1,东村,120,109.5,40.4\nV2,西村,80,109.6,40.5\n"


def wufei(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def listed(tmp_path, text=VILLAGES, name="villages.csv", encoding="utf-8"):
    (tmp_path / name).write_bytes(text.encode(encoding))
    return tmp_path / name


def files(folder):
    return sorted(path.name for path in folder.iterdir())


# --- one file ------------------------------------------------------------------------------------


def test_a_sound_file_ends_with_0_and_its_certificate_is_printed_and_written(tmp_path):
    path, out = listed(tmp_path), tmp_path / "out"
    done = wufei("check", path, "--role", "settlements", "--out", out)
    assert done.exit_code == OK, done.output
    assert "通过" in done.stdout and "村庄与社区" in done.stdout and "Traceback" not in done.output
    assert files(out) == ["certificate.html", "certificate.json"]
    assert json.loads((out / "certificate.json").read_text("utf-8"))["status"] == "accepted"
    assert path.read_bytes() == VILLAGES.encode() and files(tmp_path) == ["out", "villages.csv"]


def test_mends_of_one_file_are_options(tmp_path):
    for text, role, option in (
        ("source_id,sector,年产生量（kg）,lon,lat\n1,a,1,109.5,40.4\n", "enterprises", "--set convert_units=true"),
        ("place_id,name,population\nV1,a,1\n", "settlements", "--set join.path=… --set join.key=…"),
    ):
        for lang in ("zh", "en"):
            done = wufei("check", listed(tmp_path, text), "--role", role, "--lang", lang)
            told = " ".join(done.stdout.split())
            assert (
                done.exit_code == BAD_INPUT and option in told and "join:" not in told and "convert_units:" not in told
            )


def test_a_file_with_faults_ends_with_2_and_tells_all_of_them_with_rows(tmp_path):
    path = listed(tmp_path, VILLAGES.replace("120", "many").replace("V2,西村", "V1,西村"))
    out = tmp_path / "out"
    done = wufei("check", path, "--role", "settlements", "--out", out, "--lang", "en")
    assert done.exit_code == BAD_INPUT and "Rejected" in done.stdout
    told = json.loads((out / "certificate.json").read_text("utf-8"))
    assert {tuple(fault["rows"]) for fault in told["faults"]} == {(1,), (1, 2)}
    assert all(fault["code"] in done.stdout for fault in told["faults"])
    assert files(out) == ["certificate.html", "certificate.json", "quarantine.csv"]


@pytest.mark.parametrize(("text", "code"), [(VILLAGES, OK), (VILLAGES.replace("120", "-5"), BAD_INPUT)])
def test_json_is_all_that_stands_on_stdout_whether_accepted_or_not(tmp_path, text, code):
    done = wufei("check", listed(tmp_path, text), "--role", "settlements", "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == code and (told["status"] == "rejected") == (code == BAD_INPUT)
    assert told["file"] == "villages.csv" and told["made_by"] == "gis_wufei"
    assert files(tmp_path) == ["villages.csv"]  # nothing is written unless asked


def test_a_repaired_file_ends_with_0_and_says_what_was_repaired(tmp_path):
    bowtie = shapely.Polygon(
        [(0, 0), (1000, 0), (1000, 1000), (500, 1000), (505, 1002), (495, 1002), (500, 1000), (0, 1000)]
    )
    shape = shapely.transform(bowtie, lambda xy: xy + np.array([430_000, 4_440_000]))
    frame = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shape], crs="EPSG:4508")
    frame.to_file(tmp_path / "forest.gpkg")
    done = wufei("check", tmp_path / "forest.gpkg", "--role", "forest", "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == OK and told["status"] in ("repaired", "warned") and told["repaired"]


@pytest.mark.parametrize("role", ["settlements", "SETTLEMENTS", "村庄与社区", "Villages and communities", "villages"])
def test_a_role_is_known_by_its_name_and_by_its_labels(tmp_path, role):
    assert wufei("check", listed(tmp_path), "--role", role).exit_code == OK


@pytest.mark.parametrize(("options", "code"), [((), "E-CHECK-001"), (("--role", "setlements"), "E-CHECK-002")])
def test_without_a_role_or_with_a_wrong_one_all_roles_are_listed(tmp_path, options, code):
    done = wufei("check", listed(tmp_path), *options)
    assert done.exit_code == BAD_INPUT and code in done.stderr
    assert all(name in done.stderr and role.label.zh in done.stderr for name, role in roles().items())
    told = json.loads(wufei("check", listed(tmp_path), *options, "--json").stdout)
    assert told["faults"][0]["code"] == code


def test_readings_are_settled_on_the_command_line(tmp_path):
    text = "place_id,name,residents,x,y\nV1,东村,120,450000,4470000\nV2,西村,80,460000,4480000\n"
    path = listed(tmp_path, text.replace("residents", "zz"))
    assert wufei("check", path, "--role", "settlements").exit_code == BAD_INPUT
    settled = ("--crs", "EPSG:4508", "--field", "population=zz", "--field", "lon=x", "--field", "lat=y")
    done = wufei("check", path, "--role", "settlements", *settled, "--json")
    assert done.exit_code == OK, done.output
    assert json.loads(done.stdout)["crs"].startswith("EPSG:4508")


def test_mends_are_told_as_the_options_of_the_command_and_work_as_told(tmp_path):
    path = listed(tmp_path, "place_id,name,population,x,y\nV1,东村,120,37372707.9,4473834.0\n")
    for lang in ("zh", "en"):
        told = wufei("check", path, "--role", "settlements", "--lang", lang).stdout
        assert "--crs EPSG:4525" in told and " crs: " not in told
    assert wufei("check", path, "--role", "settlements", "--crs", "EPSG:4525").exit_code == OK
    turned = listed(tmp_path, VILLAGES.replace("109.5,40.4", "40.4,109.5"))
    assert "--set swap_axes=true" in wufei("check", turned, "--role", "settlements").stdout
    assert wufei("check", turned, "--role", "settlements", "--set", "swap_axes=true").exit_code == OK
    told = json.loads(wufei("check", turned, "--role", "settlements", "--json").stdout)
    assert "--set swap_axes=true" in told["faults"][0]["zh"] and told["faults"][0]["rows"] == [1]


def test_a_setting_of_the_layer_can_be_made_on_the_command_line(tmp_path):
    path = listed(tmp_path)
    settings = ("--set", "provenance.source=三调", "--set", "provenance.secrecy=internal", "--set", "header_row=1")
    done = wufei("check", path, "--role", "settlements", *settings, "--json")
    assert done.exit_code == OK, done.output
    assert json.loads(done.stdout)["provenance"]["secrecy"] == "internal"


TOWNS = (
    "place_id,name,township,population,lon,lat\n"
    "V1,东村,甲镇,120,109.51234,40.41234\nV2,西村,乙镇,80,109.61234,40.51234\n"
)


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        (["where.township=甲镇"], 1),
        (["where={township: 甲镇}"], 1),
        (["where.township=[甲镇, 乙镇]"], 2),
        (["where.township=甲镇", "where.township=乙镇"], 2),
        (["values.township.甲镇=丙镇", "where.township=丙镇"], 1),
        (["values.township={甲镇: 丙镇, 乙镇: 丙镇}", "where.township=丙镇"], 2),
        (["values={township: {甲镇: 丙镇}}", "where={township: [丙镇, 乙镇]}"], 2),
    ],
)
def test_settings_that_hold_others_are_written_as_a_path_or_as_yaml(tmp_path, settings, rows):
    options = [word for setting in settings for word in ("--set", setting)]
    done = wufei("check", listed(tmp_path, TOWNS), "--role", "settlements", *options, "--json")
    assert done.exit_code == OK, done.output
    assert json.loads(done.stdout)["rows_kept"] == rows


@pytest.mark.parametrize(
    ("setting", "code", "zh"),
    [
        ("values.tonship={甲镇: 丙镇}", "E-CHECK-005", "是否想写 'township'"),
        ("values=3", "E-CHECK-005", "类型不对"),
        ("where.township={a: b}", "E-CHECK-005", "应为文字"),
        ("header_row=0", "E-CHECK-005", "应 ≥ 1"),
        ("swap_axes=maybe", "E-CHECK-005", "类型不对"),
        ("provenance.secrecy=top", "E-CHECK-005", "public"),
        ("join={path: x.csv}", "E-CHECK-005", "'join.key'"),
        ("values.class={甲", "E-YAML-005", "没有配对"),
        ("values={a: &x {b: c}, d: *x}", "E-YAML-008", "别名"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told_in_our_words(tmp_path, setting, code, zh):
    for lang in ("zh", "en"):
        told = wufei("check", listed(tmp_path), "--role", "settlements", "--set", setting, "--lang", lang)
        assert told.exit_code == BAD_INPUT and code in told.stderr and "Input should" not in told.output
        assert lang == "en" or zh in told.stderr.replace("\n", "")


def test_of_very_many_rows_the_json_lists_the_first_and_their_count(tmp_path):
    text = VILLAGES + "".join(f"W{number},,,,\n" for number in range(3000))
    (fault, *_) = json.loads(wufei("check", listed(tmp_path, text), "--role", "settlements", "--json").stdout)["faults"]
    assert fault["count"] == 3000 and fault["rows"] == list(range(3, 1003)) == sorted(fault["rows"])
    assert len(fault["ids"]) == 1000 and "+2995" in fault["zh"]


@pytest.mark.parametrize(
    "word",
    [
        "villages", "fields", "enterprises", "roads", "units", "exclusion areas", "facilities", "candidates",
        "boundary", "rasters", "候选点", "排除区",
    ],
)  # fmt: skip
def test_every_kind_of_layer_has_a_role_with_a_contract_that_help_and_manual_name(tmp_path, word):
    role = json.loads(wufei("check", listed(tmp_path), "--role", word, "--json").stdout)["role"]
    contract = roles()[role]
    assert contract.geometry == ("raster",) or set(contract.columns) > {"synthetic", "source", "accuracy_m", "date"}
    manual = (Path(__file__).parents[1] / "docs" / "layers.md").read_text(encoding="utf-8")
    assert manual.count(f"`{role}`") >= 2 and role in wufei("check", "--help").stdout


def test_every_other_name_of_a_role_means_one_role_only():
    words = YAML(typ="safe", pure=True).load(shipped("gis_wufei.cli").joinpath("role_names.yaml").read_text("utf-8"))
    assert set(words) <= set(roles())
    named = [word.casefold() for names in words.values() for word in names]
    assert len(named) == len(set(named)) and not set(named) & set(roles())


def test_a_layer_inside_a_file_is_named(tmp_path):
    frame = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(109, 40, 110, 41)], crs="EPSG:4326")
    for layer in ("one", "two"):
        frame.to_file(tmp_path / "x.gpkg", layer=layer)
    done = wufei("check", tmp_path / "x.gpkg", "--role", "forest")
    assert done.exit_code == BAD_INPUT and "one" in done.stdout and "two" in done.stdout
    assert wufei("check", tmp_path / "x.gpkg", "--role", "forest", "--layer", "two").exit_code == OK


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--field", "population"), "E-CHECK-003"),
        (("--field", "populaton=x"), "E-CHECK-005"),
        (("--set", "allowoutside=true"), "E-CHECK-005"),
    ],
)
def test_an_option_that_makes_no_sense_is_a_sentence(tmp_path, options, code):
    done = wufei("check", listed(tmp_path), "--role", "settlements", *options)
    assert done.exit_code == BAD_INPUT and code in done.stderr and "Traceback" not in done.output


@pytest.mark.parametrize(
    "path",
    [
        "https://example.org/x.gpkg",
        "/vsicurl/http://example.org/x.gpkg",
        "nothing.gpkg",
        "PG:host=example.org",
        "WFS:http://example.org",
        '{"type": "Point", "coordinates": [1, 2]}',
        "<OGRVRTDataSource/>",
        "/dev/null",
        "no\0thing.gpkg",
        "x" * 5000 + ".csv",
    ],
)
def test_what_is_no_file_here_is_refused_and_never_asked_for(path):
    done = wufei("check", path, "--role", "roads", "--json")
    assert done.exit_code == BAD_INPUT, done.output
    told = json.loads(done.stdout)
    assert {fault["code"] for fault in told["faults"]} <= {"E-LAYER-001", "E-LAYER-002"}


def test_names_of_any_letters_are_checked(tmp_path):
    path = listed(tmp_path, name="村 庄 '\"&(终).csv")
    assert wufei("check", path, "--role", "settlements").exit_code == OK


def test_a_link_within_its_folder_is_followed_and_one_out_of_it_needs_a_word_as_in_a_study(tmp_path):
    path, sub = listed(tmp_path), tmp_path / "sub"
    (tmp_path / "near.csv").symlink_to(path)
    sub.mkdir()
    (sub / "link.csv").symlink_to(path)
    (tmp_path / "also").symlink_to(sub)  # folders above may be links
    assert wufei("check", tmp_path / "near.csv", "--role", "settlements").exit_code == OK
    for link in (sub / "link.csv", tmp_path / "also" / "link.csv"):
        done = wufei("check", link, "--role", "settlements", "--lang", "en")
        assert done.exit_code == BAD_INPUT and "E-LAYER-002" in done.stdout and "link" in done.stdout
        assert wufei("check", link, "--role", "settlements", "--set", "allow_outside=true").exit_code == OK


def test_every_fault_has_one_shape_in_json_wherever_it_is_found(tmp_path):
    shapes = set()
    for path, role in (("nothing.csv", "roads"), ("http://x/a.csv", "roads"), (listed(tmp_path), "none")):
        told = json.loads(wufei("check", path, "--role", role, "--json").stdout)
        assert told["status"] == "rejected"
        shapes |= {tuple(fault) for fault in told["faults"]}
    assert len(shapes) == 1 and {"code", "where", "rows", "zh", "en"} <= set(*shapes)


def test_words_between_colons_stay_words(tmp_path):
    path = listed(tmp_path, VILLAGES.replace("120", ":x:"))
    assert ":x:" in wufei("check", path, "--role", "settlements").stdout


def test_a_file_without_a_suffix_is_a_file_when_a_role_is_given(tmp_path):
    done = wufei("check", listed(tmp_path, name="villages"), "--role", "settlements")
    assert done.exit_code == BAD_INPUT and "E-LAYER" in done.stdout


def test_any_console_shows_it(tmp_path):
    path = listed(tmp_path)
    for encoding in ("cp1252", "gbk"):
        env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        command = [
            sys.executable,
            "-c",
            "from gis_wufei.cli import main; main()",
            "check",
            str(path),
            "--role",
            "settlements",
        ]
        done = subprocess.run(command, capture_output=True, env=env, check=False)
        assert done.returncode == OK, done.stderr.decode(encoding, "replace")


# --- a study -----------------------------------------------------------------------------------------


def test_a_study_is_checked_as_before_and_every_certificate_can_be_had(tiny_study, tmp_path):
    done = wufei("check", tiny_study, "--out", tmp_path / "papers", "--json")
    assert done.exit_code == OK, done.output
    told = json.loads(done.stdout)
    assert files(tmp_path / "papers") == sorted(told["layers"])
    for name in told["layers"]:
        paper = json.loads((tmp_path / "papers" / name / "certificate.json").read_text("utf-8"))
        assert paper["name"] == name and paper["status"] != "rejected"
    assert wufei("check", tiny_study / "study.yaml").exit_code == OK


def test_a_study_with_a_faulty_layer_still_gets_all_its_certificates(tmp_path):
    county, out = draw_county(tmp_path), tmp_path / "papers"
    text = (county / "villages.csv").read_text("utf-8-sig")
    (county / "villages.csv").write_text(text.replace(",1200,", ",many,"), "utf-8")
    done = wufei("check", county, "--out", out)
    assert done.exit_code == BAD_INPUT
    states = {p.parent.name: json.loads(p.read_text("utf-8"))["status"] for p in out.rglob("certificate.json")}
    assert states.pop("villages") == "rejected" and "rejected" not in states.values() and len(states) == 7
    assert (out / "villages" / "quarantine.csv").is_file()


def test_a_role_goes_with_a_file_not_with_a_study(tiny_study):
    done = wufei("check", tiny_study, "--role", "roads")
    assert done.exit_code == BAD_INPUT and "E-CHECK-004" in done.stderr


def test_a_layer_that_is_not_public_is_a_warning_of_the_study_and_its_class_is_in_the_record(tmp_path):
    county = draw_county(tmp_path)
    text = (county / "study.yaml").read_text("utf-8")
    block = "provenance: {source: 三调, authority: 自然资源局, date: '2023', secrecy: secret}"
    text = text.replace(
        "villages: {path: villages.csv, role: settlements}",
        f"villages: {{path: villages.csv, role: settlements, {block}}}",
    )
    (county / "study.yaml").write_text(text, "utf-8")
    told = json.loads(wufei("check", county, "--json", "--lang", "en").stdout)
    assert [line for line in told["warnings"] if "not public" in line and "secret" in line]
    done = wufei("run", county, "--stream", "hazardous", "--out", tmp_path / "maps", "--json")
    folder = Path(json.loads(done.stdout)["folder"])
    record = json.loads((folder / "run.json").read_text("utf-8"))
    assert record["inputs"]["villages"]["provenance"]["secrecy"] == "secret"
    assert "三调, 自然资源局, 2023" in (folder / "tables" / "layers.csv").read_text("utf-8-sig")
    assert "三调" in (folder / "index.html").read_text("utf-8") and "W-SECRECY" in (folder / "run.json").read_text(
        "utf-8"
    )
