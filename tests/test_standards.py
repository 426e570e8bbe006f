"""Every number of the package has a source; the figures checked here were copied by hand from the notes."""

from __future__ import annotations

import json
import math
import re
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import pytest
from pydantic import BaseModel, ValidationError

from gis_wufei import standards
from gis_wufei.layers import roles
from gis_wufei.standards import (
    Crop,
    FacilityKind,
    Quantity,
    Rule,
    Season,
    UnitVerdicts,
    crops,
    facilities,
    factors,
    land_uses,
    roads,
    rules,
    seasons,
    surfaces,
    traffic,
    trucks,
    unit_verdicts,
    vehicles,
)

TABLES = {
    "factors": factors,
    "rules": rules,
    "vehicles": vehicles,
    "facilities": facilities,
    "land_uses": land_uses,
    "seasons": seasons,
    "crops": crops,
    "roads": roads,
    "surfaces": surfaces,
    "traffic": traffic,
    "trucks": trucks,
}
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
STATUSES = {"verified", "secondary", "memory", "user"}
GOOD = {"value": 2, "low": 1, "high": 3, "unit": "kg", "status": "user", "source": "a survey"}


def everything():
    """Every model of the standards with its path, whatever holds it."""
    waiting = [("unit_verdicts", unit_verdicts())]
    waiting += [(f"{name}.{key}", entry) for name, table in TABLES.items() for key, entry in table().items()]
    while waiting:
        path, model = waiting.pop()
        yield path, model
        for name in type(model).model_fields:
            value = getattr(model, name)
            parts = value if isinstance(value, tuple) else (value,)
            waiting += [(f"{path}.{name}", part) for part in parts if isinstance(part, BaseModel)]


# --- the law: every number has a source ------------------------------------------------------------


def test_every_number_has_a_status_a_source_and_a_unit():
    quantities = [(path, model) for path, model in everything() if isinstance(model, Quantity)]
    assert len(quantities) > 250
    for path, quantity in quantities:
        assert quantity.status in STATUSES, path
        assert len(quantity.source.strip()) > 2, path
        assert quantity.unit, path


def test_every_entry_that_is_no_number_names_its_source_too():
    for name, table in TABLES.items():
        for key, entry in table().items():
            assert entry.status in STATUSES and entry.source.strip(), f"{name}.{key}"


def test_every_value_lies_in_its_range():
    for path, model in everything():
        if isinstance(model, Quantity):
            assert 0 <= model.low <= model.value <= model.high, path


@pytest.mark.parametrize("missing", ["source", "status", "unit", "value"])
def test_a_number_that_lacks_its_source_status_unit_or_value_is_refused(missing):
    with pytest.raises(ValidationError, match=missing):
        Quantity.model_validate({key: item for key, item in GOOD.items() if key != missing})


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": ""},
        {"source": "  "},
        {"status": "U"},
        {"low": 2.5},
        {"high": 1.5},
        {"low": -1},
        {"value": float("nan")},
        {"sauce": "a survey"},
    ],
)
def test_a_number_with_a_blank_source_a_wrong_range_or_an_unknown_key_is_refused(wrong):
    with pytest.raises(ValidationError):
        Quantity.model_validate(GOOD | wrong)


def test_a_number_without_a_range_is_the_same_at_every_level():
    alone = Quantity.model_validate({key: item for key, item in GOOD.items() if key not in ("low", "high")})
    assert [alone.at(level) for level in ("low", "default", "high")] == [2, 2, 2]
    assert [Quantity.model_validate(GOOD).at(level) for level in ("low", "default", "high")] == [1, 2, 3]


def test_a_number_of_a_study_passes_the_strict_check_of_a_json_file():
    text = json.dumps(GOOD | {"label": {"zh": "数", "en": "number"}, "basis_superseded_on": "2026-08-15"})
    assert Quantity.model_validate_json(text, strict=True).superseded_on(date(2026, 8, 15))


def test_a_nested_number_has_its_entrys_source_unless_it_names_its_own():
    national = roads()["national"]
    assert (national.speed_kmh.status, national.control_zone_m.status) == ("user", "verified")
    assert national.speed_kmh.source == national.source
    assert "公路安全保护条例" in national.control_zone_m.source


def test_a_nested_number_under_an_entry_without_a_source_is_refused():
    entry = {"label": {"zh": "某", "en": "some"}, "status": "user", "residue_ratio": {"value": 0}}
    with pytest.raises(ValidationError, match="source"):
        Crop.model_validate(entry | {"collection_share": {"value": 0}})


def test_tables_and_entries_cannot_be_changed():
    assert all(isinstance(table(), MappingProxyType) for table in TABLES.values())
    with pytest.raises(ValidationError, match="frozen"):
        factors()["shift_h"].value = 9


# --- factors ---------------------------------------------------------------------------------------


def test_every_factor_has_a_name_in_both_languages():
    assert [key for key, item in factors().items() if not (item.label and item.label.zh and item.label.en)] == []


UNIT_IN_ID = {
    "1": ("_share", "_factor", "_ratio_cap_", "_share_of_annual"),
    "m": ("_m",),
    "km": ("_km",),
    "min": ("_min",),
    "h": ("_h",),
    "d": ("_days",),
    "t": ("_t",),
    "yuan": ("_yuan", "_yuan_per_trip"),
    "kg/m3": ("_kg_per_m3",),
    "kg/yr": ("_kg_per_year",),
    "kg/mu": ("_kg_per_mu",),
    "kg/mu/yr": ("_kg_per_mu_year",),
    "kg/person/d": ("_kg_per_person_day",),
    "km/h": ("_kmh",),
    "yuan/t": ("_yuan_per_t",),
    "yuan/t/km": ("_yuan_per_t_km",),
    "yuan/kg": ("_yuan_per_kg",),
    "yuan/L": ("_yuan_per_l",),
    "yuan/yr": ("_yuan_per_year",),
    "t/d": ("_t_per_day",),
    "t/yr": ("_t_per_year",),
    "1/yr": ("_per_year",),
    "yr": ("_years",),
}


def test_the_id_of_a_factor_carries_its_unit():
    for key, item in factors().items():
        if item.unit in UNIT_IN_ID:
            fits = [end for end in UNIT_IN_ID[item.unit] if key.endswith(end) or (end.endswith("_") and end in key)]
            assert fits, f"{key}: {item.unit}"


@pytest.mark.parametrize(
    ("key", "low", "value", "high", "status"),
    [
        ("msw_rural_kg_per_person_day", 0.10, 0.35, 0.80, "user"),
        ("msw_urban_kg_per_person_day", 0.70, 0.90, 1.20, "memory"),
        ("msw_density_loose_kg_per_m3", 40, 260, 650, "verified"),
        ("msw_pyrolysis_residue_share", 0.05, 0.10, 0.25, "user"),
        ("straw_available_for_depots_share", 0.10, 0.25, 0.40, "user"),
        ("film_use_kg_per_mu_year", 4, 5.1, 8, "secondary"),
        ("hw_garage_class_1_kg_per_year", 2000, 5000, 12000, "user"),
        ("hw_battery_shop_kg_per_year", 300, 1500, 6000, "user"),
        ("hw_pickup_interval_days", 30, 90, 180, "user"),
        ("hw_incineration_yuan_per_kg", 3.5, 3.5, 3.5, "verified"),
        ("driver_pay_yuan_per_year", 60_000, 75_000, 100_000, "user"),
        ("discount_rate_per_year", 0.06, 0.06, 0.06, "user"),
        ("carbon_diesel_kg_co2_per_l", 2.63, 2.63, 2.63, "memory"),
        ("workdays_per_year", 300, 300, 300, "user"),
    ],
)
def test_a_factor_is_as_in_the_parameter_notes(key, low, value, high, status):
    item = factors()[key]
    assert (item.low, item.value, item.high, item.status) == (low, value, high, status)


@pytest.mark.parametrize(
    "sector",
    [
        "garage_class_1",
        "garage_class_2",
        "garage_class_3",
        "truck_repair",
        "battery_shop",
        "farm_machinery_dealer",
        "print_shop",
        "lab_school",
        "lab_hospital",
        "dry_cleaner",
    ],
)
def test_every_sector_of_small_sources_has_a_factor_in_kg_per_year(sector):
    assert factors()[f"hw_{sector}_kg_per_year"].unit == "kg/yr"


def test_shares_do_not_exceed_one():
    assert [key for key, item in factors().items() if key.endswith("_share") and item.high > 1] == []


# --- crops and seasons -----------------------------------------------------------------------------


def test_residue_of_corn_by_pencil():
    """680 kg x 1.15 x 0.88 = 688.16 kg; low 550 x 0.90 x 0.80 = 396; high 850 x 1.73 x 0.95 = 1396.975."""
    corn = crops()["corn"]
    found = [corn.residue_t_per_mu(level) for level in ("low", "default", "high")]
    assert found == pytest.approx([0.396, 0.68816, 1.396975])


def test_silage_and_forage_leave_no_straw():
    assert {key for key, crop in crops().items() if crop.residue_t_per_mu("high") == 0} == {
        "silage_corn",
        "forage",
    }


def test_crops_stay_below_the_caps_of_the_national_ledger():
    for crop in ("corn", "wheat", "potato", "soybean"):
        assert crops()[crop].residue_ratio.high <= factors()[f"straw_ratio_cap_{crop}"].value
        assert crops()[crop].yield_kg_per_mu.high <= factors()[f"straw_yield_cap_{crop}_kg_per_mu"].value
    for crop in crops().values():
        assert crop.residue_ratio.high <= factors()["straw_ratio_cap_other"].value


def test_a_crop_that_leaves_residue_needs_its_yield():
    entry = {"label": {"zh": "某", "en": "some"}, "status": "user", "source": "a survey"}
    with pytest.raises(ValidationError, match="yield"):
        Crop.model_validate(entry | {"residue_ratio": {"value": 1.2}, "collection_share": {"value": 0.8}})


@pytest.mark.parametrize("season", ["even", "msw_north", "straw_autumn", "wheat_summer"])
def test_the_days_of_a_season_average_one(season):
    months = seasons()[season].months
    assert len(months) == 12
    assert sum(m * d for m, d in zip(months, DAYS, strict=True)) == pytest.approx(365)


def test_winter_waste_is_a_quarter_above_spring_and_summer_a_twentieth():
    months = seasons()["msw_north"].months
    for month in (1, 2, 3, 11, 12):
        assert months[month - 1] / months[3] == pytest.approx(1.25)
    for month in (7, 8, 9):
        assert months[month - 1] / months[3] == pytest.approx(1.05)


def test_autumn_straw_comes_in_october_and_november_only_by_baling_days():
    """10 to 31 October are 22 days, November 30: 22/52 and 30/52 of the year's straw."""
    months = seasons()["straw_autumn"].months
    assert {i + 1 for i, m in enumerate(months) if m > 0} == {10, 11}
    assert months[9] * 31 / 365 == pytest.approx(22 / 52, abs=1e-4)


def test_wheat_straw_arises_in_july_alone():
    months = seasons()["wheat_summer"].months
    assert months[6] == pytest.approx(365 / 31) and sum(months) == months[6]


def test_a_season_of_zeros_or_of_eleven_months_is_refused():
    entry = {"label": {"zh": "某", "en": "some"}, "status": "user", "source": "a survey"}
    for months in ([0] * 12, [1] * 11):
        with pytest.raises(ValidationError):
            Season.model_validate(entry | {"months": months})


# --- rules -----------------------------------------------------------------------------------------


def test_two_rules_with_one_id_are_refused(monkeypatch):
    entry = rules()["R01"].model_dump()
    monkeypatch.setattr(standards, "_read", lambda name: [entry, entry])
    with pytest.raises(ValueError, match="same id"):
        standards.rules.__wrapped__()


def test_rules_name_known_roles_and_kinds():
    for rule in rules().values():
        assert rule.role in roles(), rule.id
        assert set(rule.kinds) <= {*facilities(), *land_uses()}, rule.id
        assert len(set(rule.kinds)) == len(rule.kinds), rule.id


def test_rules_choose_columns_and_values_that_their_role_allows():
    for rule in rules().values():
        for column, values in (rule.where or {}).items():
            contract = roles()[rule.role].columns[column]
            if (rule.role, column) == ("units", "sub_class"):
                assert set(values) <= {row.sub_class for row in unit_verdicts().rows}, rule.id
            elif rule.role == "roads" and column == "class":
                assert set(values) <= set(roads()), rule.id
            elif contract.kind == "flag":
                assert set(values) <= {"True", "False"}, rule.id
            else:
                assert set(values) <= set(contract.allowed), rule.id


def test_rules_choose_numbers_by_columns_of_numbers_and_rasters_by_a_threshold():
    for rule in rules().values():
        for column, (above, most) in (rule.between or {}).items():
            assert roles()[rule.role].columns[column].kind == "number", rule.id
            assert above is None or most is None or above < most, rule.id
        assert (rule.operator == "above") == ("raster" in roles()[rule.role].geometry), rule.id


ELSEWHERE = {
    "R45": "wind: a criterion of the suitability, with the user's wind rose",
    "R48": "control units: unit_verdicts.yaml and the study's access list",
    "R49": "no-burn zones: a weight of demand, no rule of siting",
}


LISTED = {f"R{number:02d}" for number in range(1, 50)} | {"R07b"}
NOTES = Path(__file__).parents[2] / "shared" / "domain" / "rules.md"


def test_every_rule_of_the_notes_has_its_entry_and_no_entry_is_of_our_making():
    numbered = {re.match(r"R\d\d[a-z]?|STD", name).group() for name in rules()}
    assert numbered | set(ELSEWHERE) == LISTED | {"STD"} and not numbered & set(ELSEWHERE)


@pytest.mark.skipif(not NOTES.exists(), reason="the rule notes lie beside the project, and are not here")
def test_the_rules_listed_here_are_those_of_the_notes():
    assert set(re.findall(r"^\| (R\d\d[a-z]?) \|", NOTES.read_text("utf-8"), re.MULTILINE)) == LISTED


# Read out of the notes by hand: kinds as their first letters in the table, effect, metres, status (the lesser of two).
ALL = "CP CS TS PY LF WTE HWC HWO HWI STD STF AGF ISW"
BUILT = ALL.replace("STF ", "")
CENTRAL = "LF HWC HWI ISW"
NOTED = {
    "R01": (CENTRAL, "exclude", 0, "verified"),
    "R03": (f"{CENTRAL} TS PY WTE CS STD", "exclude", 0, "verified"),
    "R05": (BUILT, "condition", 0, "memory"),
    "R06": (ALL, "exclude", 0, "verified"),
    "R07": (f"{CENTRAL} TS PY WTE CS STD", "exclude", 0, "verified"),
    "R08": (CENTRAL, "exclude", 0, "memory"),
    "R09-inner": (ALL, "condition", 100, "memory"),
    "R09-outer": (ALL, "condition", 1000, "memory"),
    "R10-area": (ALL, "exclude", 0, "verified"),
    "R10-main": (ALL, "exclude", 1000, "user"),
    "R10-gully": (ALL, "exclude", 200, "user"),
    "R11": (f"{CENTRAL} TS STD", "exclude", 0, "memory"),
    "R12": (CENTRAL, "exclude", 0, "user"),
    "R13": (BUILT, "exclude", 0, "user"),
    "R14": ("ISW HWI", "prefer_not", 1000, "user"),
    "R15": (CENTRAL, "exclude", 0, "memory"),
    "R15-others": ("CP CS TS PY WTE HWO STD STF AGF", "condition", 0, "user"),
    "R16": (CENTRAL, "exclude", 0, "memory"),
    "R16-fault": (CENTRAL, "exclude", 200, "user"),
    "R17": (BUILT, "exclude", 0, "verified"),
    "R20": ("LF", "exclude", 100, "user"),
    "R22": (BUILT, "exclude", 0, "verified"),
    "R24": (BUILT, "exclude", 0, "verified"),
    "R25": (CENTRAL, "exclude", 0, "memory"),
    "R26": (BUILT, "condition", 0, "memory"),
    "R27": (BUILT, "exclude", 0, "memory"),
    "R27-control": (BUILT, "condition", 0, "memory"),
    "R28": (BUILT, "condition", 0, "memory"),
    "R32-urban": (BUILT, "exclude", 8, "verified"),
    "R32-urban-fast": (BUILT, "exclude", 10, "verified"),
    "R32-suburb": (BUILT, "exclude", 10, "verified"),
    "R32-suburb-fast": (BUILT, "exclude", 12, "verified"),
    "R32-village": (BUILT, "exclude", 12, "verified"),
    "R32-village-fast": (BUILT, "exclude", 15, "verified"),
    "R32-elsewhere": (BUILT, "exclude", 15, "verified"),
    "R32-elsewhere-fast": (BUILT, "exclude", 20, "verified"),
    "R33-10kV": (ALL, "exclude", 5, "verified"),
    "R33-110kV": (ALL, "exclude", 10, "verified"),
    "R33-330kV": (ALL, "exclude", 15, "verified"),
    "R33-500kV": (ALL, "exclude", 20, "verified"),
    "R34": (ALL, "exclude", 5, "verified"),
    "R37-homes": ("LF", "prefer_not", 400, "secondary"),
    "R37-airport": ("LF", "prefer_not", 3000, "secondary"),
    "R37-water": ("LF", "prefer_not", 50, "secondary"),
    "R38-LF-large": ("LF", "exclude", 5000, "memory"),
    "R38-LF": ("LF", "exclude", 2000, "memory"),
    "R39-homes": ("HWC", "prefer_not", 300, "user"),
    "R40": ("ISW", "prefer_not", 500, "user"),
    "R41": ("HWI", "prefer_not", 800, "user"),
    "R46": ("HWC HWI ISW", "exclude", 0, "user"),
    "R46-LF": ("LF", "exclude", 0, "user"),
    "R46-best": (ALL, "prefer_not", 0, "user"),
    "R47": ("HWC", "prefer_not", 0, "user"),
    "STD-substation": ("STD", "exclude", 50, "verified"),
    "STD-railway": ("STD", "exclude", 30, "memory"),
    "STD-road": ("STD", "exclude", 15, "memory"),
}


@pytest.mark.parametrize("rule_id", NOTED)
def test_an_entry_says_what_the_notes_say(rule_id):
    rule = rules()[rule_id]
    kinds, *numbers = NOTED[rule_id]
    assert (sorted(rule.kinds), [rule.effect, rule.distance_m.value, rule.status]) == (sorted(kinds.split()), numbers)


def test_slopes_are_15_30_and_5_percent_in_degrees():
    found = {name: rules()[name].threshold for name in ("R46", "R46-LF", "R46-best")}
    assert {number.unit for number in found.values()} == {"deg"}
    percent = [100 * math.tan(math.radians(number.value)) for number in found.values()]
    assert percent == pytest.approx([15, 30, 5], abs=0.02)


def test_subsidence_bars_a_landfill_and_is_asked_of_a_solar_field():
    (asked,) = [rule for rule in rules().values() if "PV" in rule.kinds]
    assert (asked.role, asked.operator, asked.effect, asked.status) == ("subsidence", "outside", "exclude", "user")
    assert excluding("LF", "subsidence") == {"R18-LF": 100}


def test_an_operator_has_the_number_it_needs_and_no_other():
    entry = rules()["R01"].model_dump()
    slope = rules()["R46"].model_dump()
    outside = {"operator": "outside"}
    assert Rule.model_validate(entry | outside).operator == "outside"
    for wrong in (
        entry | outside | {"distance_m": entry["distance_m"] | {"value": 5, "high": 5}},
        entry | {"threshold": slope["threshold"]},
        entry | {"operator": "above"},
        slope | {"threshold": None},
        entry | {"operator": "beside"},
        entry | {"untold": "guess"},
    ):
        with pytest.raises(ValidationError):
            Rule.model_validate(wrong)


def excluding(kind, role):
    """Excluding rules of a kind on a role: id and distance."""
    return {
        rule.id: rule.distance_m.value
        for rule in rules().values()
        if kind in rule.kinds and rule.role == role and rule.effect == "exclude"
    }


def test_a_hazardous_waste_store_has_no_hard_distance_to_homes_least_of_all_800_m():
    assert excluding("HWC", "receptors") == {}
    soft = {r.distance_m.value for r in rules().values() if "HWC" in r.kinds and r.role == "receptors"}
    assert soft == {300, 500}


def test_a_landfill_keeps_500_m_from_homes_and_50_m_from_water():
    assert excluding("LF", "receptors") == {"R36-500": 500}
    assert rules()["R36-500"].where == {"kind": ("home",)}
    assert rules()["R36-500"].status == "memory"
    assert excluding("LF", "rivers")["R36-50"] == 50


def test_control_zones_of_roads_are_30_20_15_10_and_5_m_in_both_tables():
    zones = {"expressway": 30, "national": 20, "provincial": 15, "county": 10, "township": 5}
    for name, distance in zones.items():
        rule = rules()[f"R29-{name}"]
        assert (rule.distance_m.value, rule.where, rule.status) == (distance, {"class": (name,)}, "verified")
        assert roads()[name].control_zone_m.value == distance
    assert {name for name, road in roads().items() if road.control_zone_m} == set(zones)


def test_straw_depots_should_stay_50_or_20_m_beyond_the_control_zone():
    found = {key: rules()[f"R31-{key}"].distance_m.value for key in ("national", "provincial", "county", "township")}
    assert found == {"national": 70, "provincial": 65, "county": 30, "township": 25}


@pytest.mark.parametrize(
    ("rule_id", "kinds", "effect", "distance", "status"),
    [
        ("R01", {"LF", "HWC", "HWI", "ISW"}, "exclude", 0, "verified"),
        ("R02", {"TS", "PY", "WTE", "STD", "CS"}, "exclude", 0, "secondary"),
        ("R02-CP", {"CP", "AGF"}, "condition", 0, "secondary"),
        ("R04", {"STF"}, "condition", 0, "user"),
        ("R07b", {"CP", "AGF"}, "condition", 0, "user"),
        ("R18-LF", {"LF", "HWC", "HWI"}, "exclude", 100, "user"),
        ("R18-active", {"TS", "PY", "WTE", "STD", "ISW"}, "exclude", 100, "user"),
        ("R18-stable", {"TS", "PY", "WTE", "STD", "ISW"}, "condition", 0, "memory"),
        ("R19", {"LF"}, "exclude", 0, "secondary"),
        ("R23", {"HWC", "HWO", "STD"}, "exclude", 0, "verified"),
        ("R30", {"HWC", "HWI", "HWO"}, "exclude", 100, "verified"),
        ("R35", {"LF"}, "exclude", 3000, "memory"),
        ("R38-WTE", {"WTE"}, "exclude", 300, "memory"),
        ("R42-odour-TS", {"TS"}, "prefer_not", 100, "user"),
        ("R44", {"PY"}, "condition", 300, "user"),
        ("STD-buildings", {"STD"}, "exclude", 50, "memory"),
    ],
)
def test_a_rule_is_as_in_the_rule_notes(rule_id, kinds, effect, distance, status):
    rule = rules()[rule_id]
    assert (set(rule.kinds), rule.effect, rule.distance_m.value, rule.status) == (
        kinds,
        effect,
        distance,
        status,
    )


def test_a_level_1_water_source_bars_every_kind_that_is_built_or_stacked():
    assert set(rules()["R06"].kinds) == set(facilities()) - {"HWR", "PLANT"}
    assert rules()["R06"].where == {"level": ("1",)}


def test_subsidence_bars_a_landfill_in_every_state_and_a_transfer_station_only_while_active():
    assert rules()["R18-LF"].where is None
    assert rules()["R18-active"].where == {"state": ("active",)}


def test_articles_of_the_replaced_laws_are_superseded_from_the_day_of_the_code():
    old = {rule.id for rule in rules().values() if rule.superseded_on(date(2026, 8, 15))}
    assert old == {"R01", "R03", "R06", "R07", "R07b", "R07b-HWO", "R08", "R08-soft", "R11"}
    assert not any(rule.superseded_on(date(2026, 8, 14)) for rule in rules().values())
    assert all(rules()[rule_id].basis_old for rule_id in old)
    assert factors()["hw_store_max_days"].superseded_on(date(2026, 8, 15))


def test_no_rule_cites_a_replaced_law_without_saying_so():
    for rule in rules().values():
        cites = any(law in rule.source for law in ("固体废物污染环境防治法", "水污染防治法", "固废法"))
        assert cites == (rule.basis_superseded_on is not None), rule.id


def test_no_new_article_is_printed_before_it_is_confirmed():
    assert [rule.id for rule in rules().values() if rule.basis_new] == []


def test_a_rule_with_an_unknown_effect_or_no_kind_is_refused():
    entry = rules()["R01"].model_dump()
    for wrong in ({"effect": "forbid"}, {"kinds": []}, {"source": ""}, {"distance_m": {"value": -5}}):
        with pytest.raises(ValidationError):
            Rule.model_validate(entry | wrong)


# --- control units ---------------------------------------------------------------------------------

UNITS = {
    ("priority", "red_line"): "restrict forbid forbid forbid forbid forbid forbid",
    ("priority", "water"): "restrict forbid forbid forbid forbid forbid forbid",
    ("priority", "other"): "restrict restrict restrict restrict forbid forbid forbid",
    ("key", "park"): "allow allow allow restrict encourage restrict allow",
    ("key", "town"): "allow allow allow restrict restrict forbid restrict",
    ("key", "mining"): "allow allow allow restrict restrict restrict restrict",
    ("key", "farming"): "allow allow allow allow restrict restrict restrict",
    ("general", "general"): "allow allow allow allow allow restrict restrict",
}
COLUMNS = (("CP",), ("AGF",), ("CS", "TS"), ("STD", "STF"), ("HWC",), ("LF", "HWI", "ISW"), ("PY", "WTE"))


def test_the_verdict_table_is_as_in_the_rule_notes():
    table = unit_verdicts()
    assert {(row.unit_class, row.sub_class) for row in table.rows} == set(UNITS)
    for unit, verdicts in UNITS.items():
        for kinds, verdict in zip(COLUMNS, verdicts.split(), strict=True):
            assert {table.verdict(*unit, kind) for kind in kinds} == {verdict}, (unit, kinds)


def test_what_the_verdict_table_does_not_know_is_unknown_and_never_allowed():
    table: UnitVerdicts = unit_verdicts()
    assert table.status == "user"
    assert table.verdict("key", "park", "HWO") == "unknown"
    assert table.verdict("key", "harbour", "TS") == "unknown"
    assert table.verdict("general", "park", "TS") == "unknown"


# --- vehicles, facilities, roads -------------------------------------------------------------------


def test_only_vehicles_of_dangerous_goods_are_capped_at_60_and_80_kmh():
    capped = {key for key, vehicle in vehicles().items() if vehicle.speed_cap_kmh is not None}
    assert capped == {"hw_van_1t5", "hw_van_5t", "medical_van"}
    for key in capped:
        assert (vehicles()[key].speed_cap_kmh, vehicles()[key].expressway_speed_cap_kmh) == (60, 80)
        assert vehicles()[key].crew == 2


@pytest.mark.parametrize(
    ("key", "legal_t"), [("straw_flatbed_8t", 8), ("straw_semi_15t", 15), ("tractor_trailer_5t", 5)]
)
def test_straw_trucks_carry_the_lesser_of_their_legal_load_and_their_volume(key, legal_t):
    density, fill = (
        factors()["straw_density_large_square_bale_kg_per_m3"],
        factors()["straw_truck_fill_share"],
    )
    by_volume = vehicles()[key].volume_m3 * density.value / 1000 * fill.value
    assert vehicles()[key].payload_t == pytest.approx(min(legal_t, by_volume), abs=0.01)


@pytest.mark.parametrize(
    ("key", "legal_t"),
    [("compactor_3t", 3), ("compactor_5t", 5), ("compactor_8t", 8), ("compactor_12t", 12), ("hook_lift_16t", 16)],
)
def test_compactors_and_boxes_carry_the_lesser_of_their_legal_load_and_their_volume(key, legal_t):
    by_volume = vehicles()[key].volume_m3 * factors()["msw_density_compacted_kg_per_m3"].value / 1000
    assert vehicles()[key].payload_t == pytest.approx(min(legal_t, by_volume))


def test_a_compactor_of_8_t_is_as_in_the_parameter_notes():
    truck = vehicles()["compactor_8t"]
    assert (truck.payload_t, truck.crew, truck.fixed_yuan_per_year, truck.variable_yuan_per_km) == (
        6.5,  # 13 m3 at 500 kg/m3; its legal payload is 8 t
        2,
        180_000,
        3.6,
    )
    assert (truck.capex_yuan.low, truck.capex_yuan.high) == (380_000, 520_000)


def test_every_facility_kind_of_the_notes_is_there():
    wanted = "CP CS TS PY LF WTE HWC HWO HWI HWR STD STF AGF ISW PLANT"
    assert set(facilities()) == set(wanted.split())


def test_larger_sizes_cost_more_but_less_per_tonne_and_take_more_land():
    for code, kind in facilities().items():
        capacity = [getattr(size, kind.capacity_column) for size in kind.sizes]
        capex = [size.capex_yuan.value for size in kind.sizes]
        land = [size.land_m2 for size in kind.sizes]
        per_t = [cost / tonnes for cost, tonnes in zip(capex, capacity, strict=True)]
        assert capacity == sorted(capacity) and capex == sorted(capex) and land == sorted(land), code
        assert per_t == sorted(per_t, reverse=True), code


def test_a_kind_that_is_sited_says_what_its_cost_leaves_out():
    assert [code for code, kind in facilities().items() if kind.sizes and kind.costs_leave_out is None] == []


def test_size_ladders_are_as_in_the_notes():
    def ladder(code):
        return [getattr(size, facilities()[code].capacity_column) for size in facilities()[code].sizes]

    assert ladder("PY") == [5, 10]
    assert ladder("STD") == [5000, 10_000, 20_000]
    assert ladder("HWC") == [500, 1000, 2000, 5000]
    assert ladder("TS") == [10, 20, 50, 150]
    assert facilities()["LF"].sizes == ()
    station = {size.id: size for size in facilities()["STD"].sizes}["STD_10000"]
    assert (station.capex_yuan.low, station.capex_yuan.high, station.land_m2) == (
        1_500_000,
        5_000_000,
        30_000,
    )


def test_a_size_with_two_capacities_or_none_is_refused():
    kind = facilities()["PY"].model_dump()
    for capacity in ({"capacity_t_per_year": 100}, {"capacity_t_per_day": None}):
        size = kind["sizes"][0] | capacity
        with pytest.raises(ValidationError, match="PY_5"):
            FacilityKind.model_validate(kind | {"sizes": [size]})


def test_a_better_road_is_never_slower():
    order = ["expressway", "national", "provincial", "county", "township", "village", "town_street", "track"]
    assert list(roads()) == order
    assert [road.speed_kmh.value for road in roads().values()] == [75, 55, 50, 40, 32, 25, 22, 15]


# --- nothing of one county -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "达拉特",
        "Dalad",
        "达旗",
        "树林召",
        "展旦召",
        "恩格贝",
        "响沙湾",
        "库布其",
        "Kubuqi",
        "孔兑",
        "kongdui",
        "西柳沟",
    ],
)
def test_no_place_of_a_county_is_named_in_the_standards(name):
    for file in files("gis_wufei.standards").iterdir():
        if file.name.endswith((".yaml", ".py")):
            assert name.lower() not in file.read_text(encoding="utf-8").lower(), file.name


def test_no_stream_is_named_in_the_code_of_the_standards():
    for file in files("gis_wufei.standards").iterdir():
        if file.name.endswith(".py"):
            code = file.read_text(encoding="utf-8").lower()
            assert [word for word in ("straw", "hazardous", "domestic", "msw", "秸秆") if word in code] == [], file.name
