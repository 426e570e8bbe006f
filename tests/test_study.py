"""A study file is wholly right or told wholly: every slip at once, on its line, with the cure, in two languages."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel
from ruamel.yaml import YAML

from gis_wufei.demand import CropResidueDemand, PerPersonDemand, ReportedDemand
from gis_wufei.errors import InputError
from gis_wufei.layers import LayerSpec
from gis_wufei.network import RoadsSpec
from gis_wufei.standards import factors
from gis_wufei.study import (
    CollectionSpec,
    FacilitySpec,
    HaulSpec,
    ScenarioSpec,
    SitingSpec,
    StreamSpec,
    Study,
    StudySpec,
    merged,
    study_schema,
)

GOOD = """\
name: toy
title: {zh: 样例, en: Toy}
notice: {zh: 合成数据, en: synthetic data}
date: 2026-10-01
seed: 7
crs: auto
cell_m: 50
layers:
  border: {path: data/border.geojson, role: boundary}
  villages:
    path: data/villages.csv
    role: settlements
    fields: {population: residents}
    where: {class: ["111", "220"]}
  bins: {path: data/bins.csv, role: collection_points}
  hills: {path: data/hills.geojson, role: context}
  plots: {path: data/plots.geojson, role: fields}
  shops: {path: data/shops.csv, role: enterprises}
  plants:
    path: data/plants.csv
    role: facilities
  streets:
    path: data/streets.geojson
    role: roads
    values: {oneway: {"1": forward}}
roads:
  layer: streets
  speeds_kmh: {national: 50, track: 12.5}
  banned_classes: [track]
  access_speed_kmh: 8
factors:
  our_kg_per_person_day:
    label: {zh: 本县实测, en: Own survey}
    value: 0.4
    low: 0.3
    high: 0.5
    unit: kg/person/d
    status: user
    source: own survey of ten villages
streams:
  domestic:
    label: {zh: 生活垃圾, en: Domestic}
    demand:
      formula: per_person
      layer: villages
      stops: bins
      factor: our_kg_per_person_day
      season: msw_north
      less: [msw_sorting_diversion_share]
    facility:
      kind: TS
      sizes: [V_10, V_20]
      existing: plants
      candidates: {spacing_m: 3000}
      rules:
        - rule: R05-avoid
          distance_m: 300
          reason: measured on site
    siting:
      max_road_km: 25
      min_open: 1
      max_open: 3
      solve: {mip_gap: 0.01}
    collection:
      vehicle: compactor_5t
      cycle_days: 2
      workdays: 2
      stop_min: 3
      unload_min: 15
    haul:
      layer: plants
      kind: WTE
      vehicle: hook_lift_16t
      output_shares: [msw_main_fractions_share]
  straw:
    label: {zh: 秸秆, en: Straw}
    demand:
      formula: crop_residue
      layer: plots
      cluster_m: 2000
      season: straw_autumn
      times: [straw_available_for_depots_share]
    facility: {kind: STD}
    siting: {max_road_km: 15, single_source: false}
    collection:
      vehicle: compactor_5t
      cycle_days: 60
      workdays: 50
      cycles_per_year: 1
      stop_min: 30
      unload_min: 30
  hazardous:
    label: {zh: 危险废物, en: Hazardous}
    demand:
      formula: reported
      layer: shops
      sector_factors: {garage: hw_garage_class_2_kg_per_year}
    facility: {kind: HWC, sizes: [HWC_500]}
    siting: {max_road_km: 60}
    collection:
      vehicle: e_tricycle
      cycle_days: 90
      workdays: 60
      stop_min: 20
      unload_min: 20
scenarios:
  far:
    label: {zh: 放宽距离, en: Farther}
    set:
      streams:
        domestic:
          siting: {max_road_km: 40}
  more_waste:
    label: {zh: 产生量偏高, en: More waste}
    set:
      factors:
        our_kg_per_person_day: {value: 0.5}
      streams:
        straw:
          demand: {level: high}
"""

# Ten slips of ten sorts: what stood there, what is typed, the code, and what the sentence must name.
SLIPS = [
    ("title: {zh: 样例", "titel: {zh: 样例", "extra_hint", "'title'"),
    ("date: 2026-10-01", "date: 1 October", "type", "1 October"),
    ("    role: settlements", "    role: settlement", "unknown_name", "'settlements'"),
    ("  banned_classes: [track]", "  banned_classes: [trakc]", "unknown_name", "'track'"),
    ("      formula: per_person", "      formula: per_persn", "choice_hint", "'per_person'"),
    ("      kind: TS", "      kind: ts", "unknown_name", "'TS'"),
    ("      max_road_km: 25", '      max_road_km: "25 km"', "number_text", "25 km"),
    ("      vehicle: hook_lift_16t", "      vehicle: hooklift_16t", "unknown_name", "'hook_lift_16t'"),
    ("      cluster_m: 2000", "      cluster_mm: 2000", "extra_hint", "'cluster_m'"),
    ("          siting: {max_road_km: 40}", "          siting: {max_road_kms: 40}", "extra_hint", "'max_road_km'"),
]
# And ten more, to be told beside them.
MORE = [
    ("cell_m: 50", "cell_m: 5000", "range", "≤ 2000"),
    ("    fields: {population: residents}", "    fields: {populaton: residents}", "unknown_name", "'population'"),
    ("  layer: streets", "  layer: street", "unknown_name", "'streets'"),
    ("    unit: kg/person/d", "    units: kg/person/d", "extra_hint", "'unit'"),
    ("      sizes: [V_10, V_20]", "      sizes: [V_10, V_2O]", "unknown_name", "'V_20'"),
    ("      min_open: 1", "      min_open: one", "number_text", '"one"'),
    ("      workdays: 2", "      workdays: 3", "above", "'cycle_days'"),
    ("times: [straw_available_for_depots_share]", "times: [straw_available_share]", "unknown_name", "_for_depots_"),
    ("        - rule: R05-avoid", "        - rule: R05-avoidd", "unknown_name", "'R05-avoid'"),
    ("    label: {zh: 产生量偏高, en: More waste}", "    label: {zh: 产生量偏高}", "missing", "label.en"),
]


def typed(text, slips):
    """The text with the slips in it, and the line of each."""
    lines = []
    for was, now, *_ in slips:
        assert text.count(was) >= 1, was
        lines.append(text[: text.index(was)].count("\n") + 1)
        text = text.replace(was, now, 1)
    return text, lines


def faults_of(tmp_path, text, **options):
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Study.open(tmp_path, **options)
    return [fault for fault in caught.value.faults if fault.code != "E-LAYER-001"]


def opened(tmp_path, text=GOOD, **options):
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    return Study.open(tmp_path, **options)


def only(tmp_path, was, now):
    """The one fault of a study with one slip, and the line on which it was typed."""
    text, (line,) = typed(GOOD, [(was, now)])
    (fault,) = faults_of(tmp_path, text)
    assert fault.where == f"study.yaml:{line}", fault
    return fault


# --- a sound study -----------------------------------------------------------------------------


def test_a_sound_study_opens_with_its_scenarios_though_its_layers_are_elsewhere(tmp_path):
    study = opened(tmp_path)
    assert (study.scenario, study.label.en, study.scenarios) == ("base", "Base", ("base", "far", "more_waste"))
    assert study.folder == tmp_path.resolve() and study.spec.date == date(2026, 10, 1)
    assert study.spec.streams["domestic"].siting.max_road_km == 25


def test_the_file_itself_may_be_named_instead_of_its_folder(tmp_path):
    opened(tmp_path)
    assert Study.open(str(tmp_path / "study.yaml")).spec.name == "toy"


def test_a_scenario_changes_what_it_names_and_nothing_else(tmp_path):
    base, far = opened(tmp_path), opened(tmp_path, scenario="far")
    assert (far.scenario, far.label.zh) == ("far", "放宽距离")
    assert far.spec.streams["domestic"].siting.max_road_km == 40
    assert far.spec.streams["domestic"].siting.max_open == base.spec.streams["domestic"].siting.max_open == 3
    assert far.spec.streams["straw"] == base.spec.streams["straw"]


def test_the_studys_own_factor_stands_beside_the_standards_and_a_scenario_may_change_it(tmp_path):
    base, more = opened(tmp_path), opened(tmp_path, scenario="more_waste")
    assert base.numbers["our_kg_per_person_day"].value == 0.4
    assert more.numbers["our_kg_per_person_day"].value == 0.5
    assert set(factors()) < set(base.numbers)


def test_mappings_merge_while_lists_and_values_are_replaced():
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 4}
    assert merged(base, {"a": {"c": [3]}, "e": 5}) == {"a": {"b": 1, "c": [3]}, "d": 4, "e": 5}
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": 4}


def test_a_study_cannot_be_changed(tmp_path):
    with pytest.raises(ValueError, match="frozen"):
        opened(tmp_path).spec.seed = 2


def test_an_unknown_scenario_is_answered_with_the_closest(tmp_path):
    (fault,) = faults_of(tmp_path, GOOD, scenario="farr")
    assert fault.code == "E-STUDY-unknown_name" and "'far'" in fault.text("en")
    (fault,) = faults_of(tmp_path, GOOD, scenario="xyz")
    assert "base, far, more_waste" in fault.text("zh")


# --- ten slips at once -------------------------------------------------------------------------


@pytest.mark.parametrize("slips", [SLIPS, SLIPS + MORE], ids=["ten", "twenty"])
def test_every_slip_is_told_at_once_on_its_line_and_in_order_and_nothing_else(tmp_path, slips):
    text, lines = typed(GOOD, slips)
    faults = faults_of(tmp_path, text)
    told = sorted((line, f"E-STUDY-{code}") for line, (_, _, code, _) in zip(lines, slips, strict=True))
    assert [(int(fault.where.removeprefix("study.yaml:")), fault.code) for fault in faults] == told


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_sentence_names_the_cure_in_its_language(tmp_path, lang):
    text, lines = typed(GOOD, SLIPS + MORE)
    sentence = {fault.where: fault.text(lang) for fault in faults_of(tmp_path, text)}
    for line, (_, _, _, cure) in zip(lines, SLIPS + MORE, strict=True):
        assert cure in sentence[f"study.yaml:{line}"]


def test_no_sentence_holds_the_words_of_the_checking_library(tmp_path):
    text, _ = typed(GOOD, SLIPS + MORE)
    for fault in faults_of(tmp_path, text):
        chinese = re.sub(r"'[^']*'|\"[^\"]*\"", "", fault.text("zh").partition(" ")[2].partition(" ")[2])
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert not re.search("[Ii]nput|should|valid|permitted|pydantic|Field", fault.text("zh") + fault.text("en"))
        # What is left of Latin letters are names a person may write, no prose.
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", chinese)


def test_a_misspelt_block_hides_nothing_that_stands_in_it(tmp_path):
    slips = [
        ("streams:\n", "strems:\n", "extra_hint", ""),
        ("    siting:\n", "    sitting:\n", "extra_hint", ""),
        ("      max_road_km: 25", "      max_rode_km: -1", "extra_hint", ""),
        ("      formula: reported", "      formular: reported", "extra_hint", ""),
        ("hw_garage_class_2_kg_per_year", "hw_garage_class_9_kg_per_year", "unknown_name", ""),
        ("scenarios:\n", "scenario:\n", "extra_hint", ""),
        ("    set:\n      streams", "    sett:\n      streams", "extra_hint", ""),
        ("level: high", "level: hihg", "choice_hint", ""),
    ]
    text, _ = typed(GOOD, slips)
    faults = faults_of(tmp_path, text)
    told = [text.splitlines()[int(fault.where.partition(":")[2]) - 1].strip() for fault in faults]
    assert [line.partition(":")[0] for line in told] == [
        "strems", "sitting", "max_rode_km", "max_rode_km", "formular", "sector_factors", "scenario", "sett", "demand",
    ]  # fmt: skip
    assert [fault.code for fault in faults if fault.code.endswith("range")] == ["E-STUDY-range"]


def test_faults_of_writing_and_of_meaning_are_told_together(tmp_path):
    text, _ = typed(GOOD, [("seed: 7", "seed: 7\nseed: 8"), ("cell_m: 50", "cel_m: 50")])
    assert [(fault.where, fault.code) for fault in faults_of(tmp_path, text)] == [
        ("study.yaml:6", "E-YAML-004"),
        ("study.yaml:8", "E-STUDY-extra_hint"),
    ]


def test_an_empty_study_is_told_all_that_it_lacks(tmp_path):
    faults = faults_of(tmp_path, "name: toy\n")
    assert {str(fault.facts["path"]) for fault in faults} == {"title", "date", "layers", "roads", "streams"}
    assert {fault.code for fault in faults} == {"E-STUDY-missing"}


# --- one slip at a time ------------------------------------------------------------------------

SET_OF_FAR = "    set:\n      streams:\n        domestic:\n          siting: {max_road_km: 40}\n"
ONE_SLIP = {
    "a key beyond recognition": ("seed: 7", "xyzzy: 7", "extra", "cell_m"),
    "a key of another formula": ("      cluster_m: 2000", "      sector_factors: {}", "extra", "cluster_m"),
    "a key with the wrong case": ("seed: 7", "Seed: 7", "extra_hint", "'seed'"),
    "a bad name of a layer": ("  hills: {", "  Hills No 1: {", "pattern", "a–z"),
    "a bad name of the study": ("name: toy", "name: my toy!", "pattern", "my toy!"),
    "a missing key": ("      stop_min: 3\n", "", "missing", "collection.stop_min"),
    "an empty value": ("      max_road_km: 25", "      max_road_km:", "empty", "max_road_km"),
    "a number in quotes": ("cell_m: 50", "cell_m: '50'", "number_text", "without quotes"),
    "a half where whole numbers count": ("      min_open: 1", "      min_open: 1.5", "type", "whole number"),
    "a number without end": ("cell_m: 50", "cell_m: .inf", "type", "finite"),
    "a number that is no number": ("  access_speed_kmh: 8", "  access_speed_kmh: .nan", "type", "finite"),
    "a speed of no truck": ("speeds_kmh: {national: 50", "speeds_kmh: {national: 3000", "range", "≤ 150"),
    "a speed of no wheels": ("  access_speed_kmh: 8", "  access_speed_kmh: 0.5", "range", "≥ 1"),
    "an unquoted code": ('where: {class: ["111"', 'where: {class: [111', "text_number", "quotes"),
    "yes for true": ("single_source: false", "single_source: no", "type", "true or false"),
    "one value for a list": ("      sizes: [V_10, V_20]", "      sizes: V_10", "type", "a list"),
    "a list for a block": ("    siting: {max_road_km: 60}", "    siting: [60]", "type", "key: value"),
    "a date that is none": ("date: 2026-10-01", "date: 2026-02-31", "type", "2026-10-01"),
    "below the least": ("cell_m: 50", "cell_m: 0", "range", "≥ 5"),
    "at an open end": ("      stop_min: 3", "      stop_min: 0", "range", "> 0"),
    "fewer at most than at least": ("      min_open: 1", "      min_open: 4", "below", "min_open"),
    "more workdays than days": ("      workdays: 60", "      workdays: 91", "above", "90"),
    "a range in disorder": ("    high: 0.5", "    high: 0.35", "disorder", "0.35"),
    "a blank source": ("    source: own survey of ten villages", '    source: " "', "pattern", "blank"),
    "an unknown status": ("    status: user", "    status: usr", "choice_hint", "'user'"),
    "a status beyond recognition": ("    status: user", "    status: 7", "choice", "verified"),
    "a reason that says nothing": ("          reason: measured on site", "          reason: ok", "short", "4"),
    "an unknown kind": ("      kind: WTE", "      kind: XX", "unknown_list", "PLANT"),
    "a kind that cannot be built": ("    facility: {kind: STD}", "    facility: {kind: ISW}", "no_sizes", "HWC"),
    "a size of another kind": ("sizes: [HWC_500]", "sizes: [V_10]", "unknown_list", "HWC_1000"),
    "a rule of another kind": ("        - rule: R05-avoid", "        - rule: R01", "rule_kind", "R05-avoid"),
    "a road class as a key": ("speeds_kmh: {national: 50", "speeds_kmh: {natonal: 50", "unknown_name", "'national'"),
    "a season": ("      season: msw_north", "      season: msw_nord", "unknown_name", "'msw_north'"),
    "another unit": ("factor: our_kg_per_person_day", "factor: msw_main_fractions_share", "unit", "person/d"),
    "a share above one": ("less: [msw_sorting_diversion_share]", "less: [film_soil_moisture_factor]", "share", "4"),
    "a column that the role does not have": ("values: {oneway:", "values: {onewy:", "unknown_name", "'oneway'"),
    "a layer of another role": ("      layer: plots", "      layer: shops", "layer_role", "fields"),
    "a system in degrees": ("crs: auto", "crs: EPSG:4326", "crs", "EPSG:4508"),
    "a system that does not exist": ("crs: auto", "crs: EPSG:99999", "crs", "metres"),
    "a system in feet": ("crs: auto", "crs: EPSG:2263", "crs", "metres"),
    "a system in words": ("crs: auto", "crs: utm 49", "pattern", "EPSG:code"),
    "a scenario named as the study": ("  far:\n", "  base:\n", "reserved", "'base'"),
    "a misspelt stream": ("domestic:\n          siting", "domestc:\n          siting", "new_name", "'domestic'"),
    "a misspelt section of a scenario": ("factors:\n        our", "factor:\n        our", "extra_hint", "'factors'"),
    "nested scenarios": ("set:\n      streams", "set:\n      scenarios: {}\n      streams", "nested", "scenario"),
    "a scenario without a set": (SET_OF_FAR, "", "missing", "far.set"),
    "a value out of range in a scenario": ("max_road_km: 40}", "max_road_km: -40}", "range", "> 0"),
}  # fmt: skip


@pytest.mark.parametrize("slip", ONE_SLIP)
def test_one_slip_is_one_fault_on_its_line(tmp_path, slip):
    was, now, code, cure = ONE_SLIP[slip]
    text, (line,) = typed(GOOD, [(was, now)])
    (fault,) = faults_of(tmp_path, text)
    assert fault.code == f"E-STUDY-{code}" and cure in fault.text("en")
    at = int(fault.where.removeprefix("study.yaml:"))
    assert line - 6 <= at <= line + 1  # a key that lacks stands nowhere: then its parent's line
    if now and "\n" not in now and code not in ("disorder", "below"):
        assert at == line


@pytest.mark.parametrize("slip", ONE_SLIP)
def test_one_slip_is_told_in_both_languages(tmp_path, slip):
    was, now, *_ = ONE_SLIP[slip]
    (fault,) = faults_of(tmp_path, typed(GOOD, [(was, now)])[0])
    assert re.search("[\u4e00-\u9fff]{2}", fault.text("zh"))
    assert not re.search("[\u4e00-\u9fff]", fault.text("en").replace("秸秆", ""))


def test_a_typo_in_the_name_of_the_layers_section_makes_no_other_fault(tmp_path):
    assert only(tmp_path, "layers:\n  border", "layer:\n  border").code == "E-STUDY-extra_hint"


@pytest.mark.parametrize(
    ("was", "now", "key"),
    [
        ("layers:\n  border", "layrs_note: hello\nlayers:\n  border", "layrs_note"),
        ("layers:\n  border", "layrs: {}\nlayers:\n  border", "layrs"),
        ("seed: 7", "seed: 7\nsead: 8", "sead"),
        ("    siting:\n", "    sitting: {max_road_km: 1}\n    siting:\n", "streams.domestic.sitting"),
    ],
)
def test_a_key_like_one_that_is_written_hides_nothing(tmp_path, was, now, key):
    (tmp_path / "study.yaml").write_text(GOOD.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Study.open(tmp_path)
    extra = [fault for fault in caught.value.faults if fault.code == "E-STUDY-extra"]
    assert [fault.facts["path"] for fault in extra] == [key]
    missing = [fault for fault in caught.value.faults if fault.code == "E-LAYER-001"]
    assert len(missing) == 8 and len(caught.value.faults) == 9  # every layer's file is still looked for


def test_a_name_like_one_that_is_written_replaces_nothing(tmp_path):
    fault = only(tmp_path, "{national: 50, track: 12.5}", "{national: 50, natonal: 20, track: 12.5}")
    assert fault.code == "E-STUDY-unknown_name" and "'national'" in fault.text("en")


def test_a_scenario_is_hinted_at_what_the_study_has_but_not_at_what_itself_has(tmp_path):
    was = "          siting: {max_road_km: 40}"
    assert only(tmp_path, was, "          sitting: {max_road_km: 40}").code == "E-STUDY-extra_hint"
    text = GOOD.replace(was, f"{was}\n          sitting: {{max_road_km: 50}}", 1)
    (fault,) = faults_of(tmp_path, text)
    assert fault.code == "E-STUDY-extra"


def test_a_layer_at_fault_makes_no_fault_where_it_is_used(tmp_path):
    for was, now in [("    role: facilities", "    role: facility"), ("    role: facilities", "    role: xyzzy")]:
        assert only(tmp_path, was, now).code.startswith("E-STUDY-unknown")


def test_a_section_beyond_recognition_is_unknown_and_missing_and_no_more(tmp_path):
    text, _ = typed(GOOD, [("layers:\n  border", "xyzzy:\n  border")])
    assert [fault.code for fault in faults_of(tmp_path, text)] == ["E-STUDY-missing", "E-STUDY-extra"]


def test_a_study_has_one_boundary(tmp_path):
    fault = only(tmp_path, "layers:\n  border: {path: data/border.geojson, role: boundary}\n", "layers:\n")
    assert fault.code == "E-STUDY-boundary"
    more = "layers:\n  rim: {path: data/rim.geojson, role: boundary}\n"
    assert only(tmp_path, "layers:\n", more).facts["count"] == 2


def test_a_stream_that_needs_a_role_no_layer_plays_is_told_so(tmp_path):
    text = GOOD.replace("      existing: plants\n", "").replace("    role: facilities\n", "    role: context\n")
    (fault,) = faults_of(tmp_path, text)
    assert fault.code == "E-STUDY-layer_role"
    text = re.sub(r"  plants:\n.*\n    role: context\n", "", text)
    (fault,) = faults_of(tmp_path, text)
    assert fault.code == "E-STUDY-no_layer" and "facilities" in fault.text("en")


def test_a_scenario_is_checked_as_a_whole_and_named_where_it_breaks_the_study(tmp_path):
    text = GOOD.replace(
        "      streams:\n        domestic:\n          siting: {max_road_km: 40}",
        "      layers:\n        plots: {role: context}",
    )
    (fault,) = faults_of(tmp_path, text)
    assert fault.code == "E-STUDY-layer_role"
    assert fault.facts["path"] == "scenarios.far.set → streams.straw.demand.layer"
    assert text.splitlines()[int(fault.where.partition(":")[2]) - 1].strip() == "set:"


def test_a_complete_new_stream_may_come_with_a_scenario(tmp_path):
    entry = GOOD[GOOD.index("  hazardous:") : GOOD.index("scenarios:")].replace("hazardous:", "hazardous_2:")
    text = GOOD.replace("        domestic:\n          siting: {max_road_km: 40}\n", entry.replace("\n", "\n      ")
        .join(["      ", "\n"]).rstrip() + "\n")  # fmt: skip
    assert set(opened(tmp_path, text, scenario="far").spec.streams) == {"domestic", "straw", "hazardous", "hazardous_2"}


def test_a_fault_of_the_study_is_told_once_however_many_scenarios_share_it(tmp_path):
    assert only(tmp_path, "      stop_min: 20", "      stop_min: -20").code == "E-STUDY-range"


def test_each_scenario_answers_for_its_own_slip(tmp_path):
    text, lines = typed(GOOD, [("max_road_km: 40", "max_road_km: 0"), ("level: high", "level: hgh")])
    assert [fault.where for fault in faults_of(tmp_path, text)] == [f"study.yaml:{line}" for line in lines]


# --- paths of layers ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["../bins.csv", "/etc/hosts", "https://x.org/a.csv", "/vsicurl/x.csv", "C:/a.csv"])
def test_a_path_out_of_the_folder_is_refused_on_opening_the_study(tmp_path, path):
    fault = only(tmp_path, "path: data/bins.csv", f'path: "{path}"')
    assert fault.code == "E-LAYER-002" and path in fault.text("zh")


def test_missing_files_are_told_beside_other_faults_with_the_closest_name(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bin.csv").write_text("x")
    (tmp_path / "study.yaml").write_text(GOOD.replace("seed: 7", "sed: 7"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Study.open(tmp_path)
    told = [fault.text("en") for fault in caught.value.faults]
    assert len(told) == 9 and "did you mean 'seed'" in told[0]
    assert "study.yaml:15: E-LAYER-001" in told[3] and "data/bins.csv" in told[3] and "bin.csv)" in told[3]


def test_a_path_of_a_scenario_follows_the_same_policy(tmp_path):
    text = GOOD.replace("      factors:\n", "      layers: {bins: {path: ../bins.csv}}\n      factors:\n")
    (fault,) = faults_of(tmp_path, text)
    assert fault.code == "E-LAYER-002" and "bins.csv" in text.splitlines()[int(fault.where.partition(":")[2]) - 1]


# --- hostile and broken files ------------------------------------------------------------------


def test_whatever_stands_in_the_file_the_answer_is_faults_and_never_a_traceback(tmp_path):
    leaves = ["", "~", "[]", "{}", "x", "-1", "1e400", "0x" + "f" * 300, "[[[]]]", "{a: {b: c}}", "true", '"\\u202e"']
    lines = GOOD.splitlines()
    for number, line in enumerate(lines):
        key, colon, _ = line.partition(":")
        for leaf in leaves[number % 6 :: 6]:
            text = "\n".join([*lines[:number], f"{key}{colon} {leaf}", *lines[number + 1 :]])
            (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
            try:
                Study.open(tmp_path)
            except InputError as error:
                assert all(fault.text("zh") and fault.text("en") for fault in error.faults)  # noqa: PT017
                assert len(set(error.faults and map(str, error.faults))) == len(error.faults)  # noqa: PT017


# --- what editors and readers get --------------------------------------------------------------


def test_the_shipped_schema_is_that_of_the_models():
    shipped = files("gis_wufei").joinpath("study.schema.json").read_text(encoding="utf-8")
    assert shipped == study_schema(), "run: python -c 'from gis_wufei.study import study_schema; …' (docs/extending)"


def test_the_schema_is_a_schema_and_passes_the_sound_study():
    schema = json.loads(study_schema())
    Draft202012Validator.check_schema(schema)
    value = YAML(typ="safe", pure=True).load(GOOD) | {"date": "2026-10-01"}
    Draft202012Validator(schema).validate(value)


def test_the_schema_finds_misspelt_keys_and_names_the_choices():
    schema = json.loads(study_schema())
    value = YAML(typ="safe", pure=True).load(GOOD) | {"date": "2026-10-01"}
    value["streams"]["domestic"]["collection"]["vehicel"] = "x"
    value["layers"]["bins"]["role"] = "bin"
    found = {error.validator for error in Draft202012Validator(schema).iter_errors(value)}
    assert found == {"additionalProperties", "enum"}


OWN = [
    StudySpec, StreamSpec, RoadsSpec, FacilitySpec, SitingSpec, CollectionSpec, HaulSpec, ScenarioSpec, LayerSpec,
    PerPersonDemand, CropResidueDemand, ReportedDemand,
]  # fmt: skip


def described(model: type[BaseModel]):
    return [(name, field.description or "") for name, field in model.model_fields.items()]


@pytest.mark.parametrize("model", OWN, ids=lambda model: model.__name__)
def test_every_entry_has_a_sentence_for_the_reference(model):
    assert [name for name, words in described(model) if not words.endswith(".")] == []


UNITS = {
    "_km": "(km)", "_m": "(m)", "_kmh": "(km/h)", "_h": "Hours", "_min": "Minutes", "_per_t": "each tonne",
    "_days": "days", "_per_year": "year",
}  # fmt: skip


@pytest.mark.parametrize("model", OWN, ids=lambda model: model.__name__)
def test_the_sentence_of_a_number_says_its_unit(model):
    for name, words in described(model):
        for end in sorted((end for end in UNITS if name.endswith(end)), key=len)[-1:]:
            assert UNITS[end] in words or UNITS[end].lower() in words.lower(), name
