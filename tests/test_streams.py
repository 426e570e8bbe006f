"""Streams as data: a study names a standard, overrides what it knows better, and sets what no source gives."""

from __future__ import annotations

import json

import pytest
from conftest import STUDY
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from gis_wufei.demand import DemandSpec
from gis_wufei.errors import InputError
from gis_wufei.layers import roles
from gis_wufei.report.townships import townships
from gis_wufei.standards import crops, facilities, factors, seasons, streams, targets
from gis_wufei.study import Study

STREAM = {
    "facility": {"kind": "HWO", "candidates": {"spacing_m": 3000}},
    "siting": {"max_road_km": 15},
    "collection": {"vehicle": "hw_van_5t", "cycle_days": 30, "workdays": 20, "stop_min": 5, "unload_min": 12},
}
SET = {"status": "user", "source": "survey 2026"}


@pytest.fixture
def opened(tmp_path):
    """Open the county of ``conftest`` with one stream more."""

    def open_(stream, own=None):
        raw = YAML(typ="safe", pure=True).load(STUDY)
        raw["streams"] = {"more": {**STREAM, **stream}}
        raw["factors"] = own or {}
        raw.pop("scenarios", None)
        (tmp_path / "study.yaml").write_text(json.dumps(raw, default=str, ensure_ascii=False), encoding="utf-8")
        return Study.open(tmp_path).spec.streams["more"]

    return open_


def told(opened, stream, own=None):
    with pytest.raises(InputError) as caught:
        opened(stream, own)
    faults = [fault for fault in caught.value.faults if fault.code != "E-LAYER-001"]
    assert all(fault.text("zh") and fault.text("en") for fault in faults)
    return [fault.code for fault in faults], "\n".join(fault.text("en") for fault in faults)


# --- the table ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(streams()))
def test_a_standard_fits_its_formula_and_names_only_what_exists(name):
    standard = streams()[name]
    assert standard.role in roles() and set(standard.kinds) <= set(facilities())
    assert standard.target is None or standard.target in targets()
    context = {
        "layers": {"it": standard.role},
        "factors": {key: {"value": 1, "unit": unit} for key, unit in standard.user_set.items()},
    }
    spec = TypeAdapter(DemandSpec).validate_python({**standard.demand, "layer": "it"}, context=context)
    named = set(spec.factor_ids())
    assert named <= set(factors()) | set(standard.user_set)
    assert not set(standard.user_set) & set(factors()), "a figure that the sources give is no longer the user's"
    assert set(standard.user_set) <= named


def test_every_spatial_stream_of_the_plan_is_there():
    wanted = "straw film pesticide_packaging manure batteries mineral_oil medical kitchen construction sludge"
    assert set(wanted.split()) <= set(streams())


def test_what_no_source_gives_a_figure_for_is_the_users_to_set():
    assert {name for name, standard in streams().items() if standard.user_set} == {
        "kitchen",
        "manure",
        "construction",
        "sludge",
    }


def test_storage_limits_are_those_of_the_rules():
    days = {name: factors()[s.demand["storage"]["max_days"]] for name, s in streams().items() if "storage" in s.demand}
    assert {name: (number.value, number.unit) for name, number in days.items()} == {
        "small_source_hazardous": (365, "d"),
        "batteries": (90, "d"),
        "mineral_oil": (365, "d"),
        "medical": (48, "h"),
    }


def test_every_crop_that_leaves_residue_has_its_season():
    for name, crop in crops().items():
        assert (crop.season in seasons()) == (crop.residue_t_per_mu("high") > 0), name


def test_targets_are_the_shares_that_the_plan_states():
    assert {name: target.share.value for name, target in targets().items()} == {
        "straw_utilisation": 0.90,
        "film_recovery": 0.85,
        "pesticide_packaging_recovery": 0.90,
        "manure_utilisation": 0.95,
        "rural_treatment": 0.85,
        "urban_treatment": 1.0,
        "medical_disposal": 1.0,
    }
    assert {target.status for target in targets().values()} == {"verified"}


# --- in a study ----------------------------------------------------------------------------------------


def test_a_stream_that_names_a_standard_needs_no_label_no_demand_and_no_layer(opened):
    spec = opened({"standard": "film"})
    assert spec.label == streams()["film"].label
    assert (spec.demand.formula, spec.demand.layer) == ("per_area", "fields")
    assert spec.demand.times == ("film_mulched_share", "film_soil_moisture_factor")


def test_what_the_study_says_itself_stands(opened):
    label = {"zh": "残膜", "en": "Film of ours"}
    spec = opened({"standard": "film", "label": label, "demand": {"times": [], "where": {"crop": ["corn"]}}})
    assert spec.label.en == "Film of ours" and spec.demand.times == ()
    assert spec.demand.where == {"crop": ("corn",)} and spec.demand.factor == "film_use_kg_per_mu_year"


def test_a_factor_without_a_source_must_be_set_by_the_study(opened):
    codes, words = told(opened, {"standard": "kitchen"})
    assert codes == ["E-STUDY-user_set"] and "kitchen_kg_per_person_day (kg/person/d)" in words
    spec = opened({"standard": "kitchen"}, {"kitchen_kg_per_person_day": {"value": 0.2, "unit": "kg/person/d", **SET}})
    assert spec.demand.factor == "kitchen_kg_per_person_day"
    assert opened({"standard": "kitchen", "demand": {"factor": "msw_rural_kg_per_person_day"}})


def test_a_sector_without_a_factor_must_report_its_tonnes(opened):
    assert opened({"standard": "manure"}).demand.sector_factors == {}
    own = {"manure_kg_per_head_year": {"value": 500, "unit": "kg/head/yr", **SET}}
    assert opened({"standard": "manure"}, own).demand.sector_factors == {"livestock_farm": "manure_kg_per_head_year"}


def test_a_factor_of_the_study_in_another_unit_is_refused(opened):
    codes, words = told(
        opened, {"standard": "kitchen"}, {"kitchen_kg_per_person_day": {"value": 1, "unit": "kg", **SET}}
    )
    assert codes == ["E-STUDY-unit"] and "kg/person/d" in words


def test_a_standard_keeps_its_formula(opened):
    codes, words = told(opened, {"standard": "batteries", "demand": {"formula": "per_area"}})
    assert codes == ["E-STUDY-standard_formula"] and "reported" in words


def test_a_standard_that_does_not_exist_is_told_with_the_closest(opened):
    codes, words = told(opened, {"standard": "flim"})
    assert codes == ["E-STUDY-unknown_name"] and "film" in words


def test_a_slip_in_an_entry_beside_the_standard_is_told_at_its_key(opened):
    codes, words = told(opened, {"standard": "film", "demand": {"time": ["film_mulched_shar"]}})
    assert sorted(codes) == ["E-STUDY-extra_hint", "E-STUDY-unknown_name"]
    assert "'film_mulched_share'" in words and "times" in words


def test_fractions_that_are_no_whole_are_told_at_sorting(opened):
    own = {name: {"value": value, "unit": "1", **SET} for name, value in {"wet": 0.5, "dry": 0.4}.items()}
    entry = {"standard": "domestic_rural", "demand": {"sorting": {"kitchen": "wet", "other": "dry"}}}
    codes, words = told(opened, entry, own)
    assert codes == ["E-STUDY-sorting"] and "demand.sorting" in words


# --- by township -----------------------------------------------------------------------------------


def test_the_table_by_township_says_that_its_share_is_modelled_and_sums_to_the_stream(tiny_plan):
    frame = townships(tiny_plan, "en").frame
    assert set(frame["modelled"]) == {"modelled, not the reported statistic"}
    for name, stream in tiny_plan.streams.items():
        rows = frame[frame["stream_id"] == name]
        whole, parts = rows[rows["township"] == "total"], rows[rows["township"] != "total"]
        assert whole["t_per_year"].sum() == pytest.approx(stream.demand.t_per_year)
        assert parts["t_per_year"].sum() == pytest.approx(stream.demand.t_per_year)
        served = stream.demand.t_per_year - stream.unserved["t_per_year"].sum()
        assert whole["served_t_per_year"].sum() == pytest.approx(served)
        assert (rows["target"] == "").all()  # without a standard there is no target
