"""Why here, why not there: what the study, the command line and Python answer at a place of the tiny county."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from conftest import degrees, drawn
from pydantic import ValidationError
from typer.testing import CliRunner

from gis_wufei.cli import BAD_INPUT, OK, app
from gis_wufei.errors import InputError
from gis_wufei.land import RuleChange, binding_rules
from gis_wufei.plan import why
from gis_wufei.study import Study

OWN = {
    "label": {"zh": "距水源 1 千米", "en": "1 km from the source"},
    "role": "water_source",
    "effect": "exclude",
    "distance_m": {"value": 1000},
    "status": "user",
    "source": "the county's own plan",
}


def wufei(*words):
    return CliRunner().invoke(app, ["why", *(str(word) for word in words)], env={"COLUMNS": "160"})


def place(x, y):
    """Kilometres in the tiny county, as the command line takes them."""
    point = degrees(shapely.Point(x, y))
    return f"{point.x:.8f}", f"{point.y:.8f}"


def ask(folder, kind, *at, stream=None):
    shapes = gpd.GeoSeries([degrees(shapely.Point(*xy)) for xy in at], crs="EPSG:4326")
    return why(Study.open(folder), kind, shapes, stream)


def changed(tiny_study: Path, tmp_path: Path, old: str, new: str) -> Path:
    folder = tmp_path / "county"
    shutil.copytree(tiny_study, folder)
    text = (folder / "study.yaml").read_text("utf-8")
    assert old in text
    (folder / "study.yaml").write_text(text.replace(old, new), "utf-8")
    return folder


def test_a_point_hears_every_rule_with_measured_and_required(tiny_study):
    # (7, 5) lies 1.3 km from the edge of the level-1 water zone, a circle of 700 m (in 64 corners) around (5, 5).
    done = wufei(*place(7, 5), "--facility", "HWC", "--study", tiny_study, "--json")
    assert done.exit_code == OK, done.output
    told = json.loads(done.stdout)
    (here,) = told["places"]
    lines = {line["rule_id"]: line for line in here["rules"]}
    water = lines["R06"]
    assert water["verdict"] == "clear" and water["nearest"] == "水源" and water["required"] == 0
    assert water["measured"] == pytest.approx(1300, abs=2) and water["superseded"] is True
    assert set(lines) == {item.rule.id for item in binding_rules("HWC")} | {"R48-allow"}
    assert lines["R01"]["verdict"] == "unknown" and lines["R01"]["measured"] is None
    assert told["facility"] == "HWC" and here["verdict"] == "eligible"


@pytest.mark.parametrize(("x", "verdict"), [(5.65, "excluded"), (5.75, "eligible")])
def test_a_step_across_the_border_of_a_zone_turns_the_verdict(tiny_study, x, verdict):
    answer = ask(tiny_study, "HWC", (x, 4.9))
    assert answer.verdicts["verdict"].tolist() == [verdict]
    first = answer.lines(0).iloc[0]
    assert (first["rule_id"] == "R06") == (verdict == "excluded")


def test_the_unit_forbids_by_default_and_says_that_it_is_a_default(tiny_study):
    done = wufei(*place(1, 9), "--facility", "HWC", "--study", tiny_study, "--lang", "en")
    assert done.exit_code == OK, done.output
    assert "excluded (R48-forbid" in done.stdout and "default, not the unit's own list" in done.stdout
    assert "cannot be judged" in done.stdout and "planning screen" in done.stdout


def test_a_study_s_own_rule_and_its_changes_hold_and_are_told(tiny_study, tmp_path):
    rules = json.dumps(
        [
            {"rule": "OWN-water", "add": OWN, "reason": "county plan"},
            {"rule": "R06", "effect": "condition", "reason": "for a test"},
        ],
        ensure_ascii=False,
    )
    folder = changed(tiny_study, tmp_path, "{kind: HWC,", f"{{kind: HWC, rules: {rules},")
    answer = ask(folder, "HWC", (6.4, 5), (6.8, 5), (5, 5))
    assert answer.verdicts["verdict"].tolist() == ["excluded", "eligible", "excluded"]
    assert answer.verdicts["by"].tolist()[:2] == ["OWN-water", ""]
    lines = answer.lines(2).set_index("rule_id")
    assert lines.loc["R06", "verdict"] == "conditional" and lines.loc["R06", "reason"] == "for a test"
    assert lines.loc["OWN-water", "source"] == "the county's own plan"


def test_a_change_is_refused_where_it_says_nothing_or_too_much():
    given = {"rule": "OWN-water", "add": OWN, "reason": "county plan"}
    assert RuleChange.model_validate(given).add is not None
    for wrong in (
        given | {"rule": "R06"},
        given | {"rule": "water"},
        given | {"add": OWN | {"role": "watersource"}},
        given | {"add": {key: value for key, value in OWN.items() if key != "source"}},
        {"rule": "OWN-water", "reason": "there is none"},
        {"rule": "R47", "distance_m": 50, "reason": "it has no distance"},
        {"rule": "R06", "threshold": 5, "reason": "it has no threshold"},
        {"rule": "R46", "threshold": 5, "effect": "forbid", "reason": "no such effect"},
    ):
        with pytest.raises(ValidationError):
            RuleChange.model_validate(wrong)


def test_a_slip_in_a_study_s_own_rule_is_told_with_its_line(tiny_study, tmp_path):
    rules = json.dumps([{"rule": "OWN-water", "add": OWN | {"role": "water_sources"}, "reason": "county plan"}])
    folder = changed(tiny_study, tmp_path, "{kind: HWC,", f"{{kind: HWC, rules: {rules},")
    with pytest.raises(InputError) as told:
        Study.open(folder)
    (fault,) = told.value.faults
    assert "water_source" in fault.text("en") and fault.where.startswith("study.yaml:")


def test_parcels_of_a_file_are_called_by_their_key(tiny_study, tmp_path):
    drawn(
        [
            (shapely.box(6.2, 1, 6.3, 1.1), {"plot": "A-1"}),
            (shapely.box(5.6, 5, 5.8, 5.1), {"plot": "A-2"}),
        ],
        tmp_path / "plots.geojson",
    )
    words = ("--facility", "HWC", "--study", tiny_study, "--parcels", tmp_path / "plots.geojson")
    told = json.loads(wufei(*words, "--key", "plot", "--json").stdout)
    assert {one["place"]: one["verdict"] for one in told["places"]} == {"A-1": "conditional", "A-2": "excluded"}
    done = wufei(*words, "--key", "plot")
    assert "A-1" in done.stdout and "A-2" in done.stdout and "R06" in done.stdout
    assert wufei(*words, "--key", "nothing").exit_code == BAD_INPUT
    assert wufei(*words, "--key", "source").exit_code == BAD_INPUT  # the same in both rows


def test_a_solar_field_is_asked_onto_the_ground_that_bars_a_landfill(tiny_study, tmp_path):
    folder = changed(tiny_study, tmp_path, "  units: {", "  sunk: {path: sunk.geojson, role: subsidence}\n  units: {")
    drawn([(shapely.box(6, 6, 8, 8), {"state": "stable", "name": "旧矿"})], folder / "sunk.geojson")
    inside, outside = (7.5, 7.5), (9, 7)
    assert ask(folder, "PV", inside, outside).verdicts["verdict"].tolist() == ["eligible", "excluded"]
    landfill = ask(folder, "LF", inside, outside)
    assert landfill.verdicts["by"].str.contains("R18-LF").tolist() == [True, False]
    assert ask(folder, "TS", inside).verdicts["by"].tolist() == ["R18-stable"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("110", "40", "--facility", "HWX"), "E-WHY-001"),
        (("110", "40", "--facility", "HWR"), "E-WHY-002"),
        (("110", "40", "--facility", "HWC"), "E-WHY-003"),  # far from the county
        (("-110", "40", "--facility", "HWC"), "E-WHY-003"),
        (("110", "40", "--facility", "HWC", "--stream", "straw"), "E-WHY-004"),
        (("110", "--facility", "HWC"), "E-WHY-006"),
        (("--facility", "HWC"), "E-WHY-006"),
        (("110", "40", "--facility", "HWC", "--parcels", "x.geojson"), "E-WHY-006"),
        (("40", "110", "--facility", "HWC"), "E-WHY-007"),
        (("--facility", "HWC", "--parcels", "https://example.org/x.geojson"), "E-LAYER-002"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(tiny_study, words, code):
    done = wufei(*words, "--study", tiny_study, "--lang", "en")
    assert done.exit_code == BAD_INPUT and code in done.stderr, done.output


def test_streams_that_change_the_rules_of_one_kind_differently_must_be_named(tiny_study, tmp_path):
    folder = changed(
        tiny_study,
        tmp_path,
        "{kind: STD, sizes: [STD_5000],",
        "{kind: HWC, rules: [{rule: R06, drop: true, reason: for a test}],",
    )
    (folder / "study.yaml").write_text(
        (folder / "study.yaml").read_text("utf-8").replace("sizes: [STD_5000]", "sizes: []"), "utf-8"
    )
    with pytest.raises(InputError) as told:
        ask(folder, "HWC", (5, 5))
    assert [fault.code for fault in told.value.faults] == ["E-WHY-005"]
    assert "R06" not in ask(folder, "HWC", (5, 5), stream="straw").verdicts["by"].tolist()[0]
    assert "R06" in ask(folder, "HWC", (5, 5), stream="hazardous").verdicts["by"].tolist()[0]
