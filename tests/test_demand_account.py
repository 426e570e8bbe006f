"""What is behind the tonnes: own uses, moisture, sorting, ledgers, storage limits, totals, townships; all by pencil.

The county and its layers are those of ``test_demand``: a square of 1000 m x 1000 m is 1500 mu, corn leaves
680 kg/mu x 1.15 = 782 kg/mu, of which 0.88 = 688.16 kg/mu are collectable.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pydantic import ValidationError
from test_demand import (
    NUMBERS,
    OWN,
    X,
    Y,
    county,
    crop_residue,
    fault_of,
    fields,
    per_person,
    quantity,
    reported,
    shops,
    tonnes,
    villages,
)

from gis_wufei.demand import LEVELS, PerAreaDemand, estimate, roll_up, township_of
from gis_wufei.errors import InputError
from gis_wufei.standards import Target, factors

CORN_T = 1500 * 0.68816
MORE = {
    **NUMBERS,
    "feed": quantity(0.3, 0.45, 0.6),
    "soil": quantity(0.1, 0.25, 0.5),
    "dry": quantity(0.15, 0.15, 0.15),
    "wet": quantity(0.15, 0.32, 0.4),
    "kitchen": quantity(0.4, 0.5, 0.6),
    "paper": quantity(0.1, 0.2, 0.3),
    "rest": quantity(0.2, 0.3, 0.4),
    "kg_per_head": quantity(400, 500, 600, "kg/head/yr"),
}
CONTEXT = {"factors": {name: {"value": q.value, "high": q.high, "unit": q.unit} for name, q in MORE.items()}}


def spec_of(make, **more):
    """The formula that ``make`` of ``test_demand`` builds, checked against the factors of this file, too."""
    plain = make()
    return type(plain).model_validate({**plain.model_dump(exclude_unset=True), **more}, context=CONTEXT)


# --- the account of residue ----------------------------------------------------------------------


def test_own_uses_are_shares_of_what_is_collectable_and_are_summed_not_chained():
    """Feed 0.45 and soil 0.25 leave 0.30, not 0.55 x 0.75 = 0.4125; low takes 0.6 + 0.5: nothing is left."""
    spec = spec_of(crop_residue, own_uses=["feed", "soil"])
    demand = estimate(spec, county(fields((0, 0, 1000, "corn"))), MORE)
    assert demand.t_per_year == pytest.approx(CORN_T * 0.30)
    assert demand.account.loc["demand", "low"] == 0
    assert demand.account.loc["demand", "high"] == pytest.approx(1500 * 1.396975 * (1 - 0.3 - 0.1))


def test_the_account_goes_from_what_grows_to_what_is_hauled():
    spec = spec_of(crop_residue, own_uses=["feed"], less=["tenth"], moisture={"of_ratio": "dry", "hauled": "wet"})
    demand = estimate(spec, county(fields((0, 0, 1000, "corn"))), MORE)
    assert list(demand.account.index) == ["theoretical", "collectable", "free", "demand"]
    # 782 kg/mu grow; x 0.88; x 0.55; then a tenth is lost and 0.85/0.68 is water's doing.
    told = demand.account["default"].tolist()
    assert told == pytest.approx([1500 * 0.782, CORN_T, CORN_T * 0.55, CORN_T * 0.55 * 0.9 * 0.85 / 0.68])
    assert (demand.account["low"] <= demand.account["default"]).all()
    assert (demand.account["default"] <= demand.account["high"]).all()


def test_water_changes_the_mass_and_not_the_dry_matter():
    spec = spec_of(crop_residue, moisture={"of_ratio": "dry", "hauled": "wet"})
    demand = estimate(spec, county(fields((0, 0, 1000, "corn"))), MORE)
    assert demand.t_per_year * (1 - 0.32) == pytest.approx(CORN_T * (1 - 0.15))


def test_own_uses_above_all_there_is_are_refused():
    with pytest.raises(ValidationError, match=r"own uses sum to 1\.15"):
        spec_of(crop_residue, own_uses=["feed", "feed", "soil"])


def test_with_a_calendar_of_crops_wheat_comes_in_july_and_corn_in_autumn():
    layers = county(fields((0, 0, 1000, "corn"), (5000, 0, 1000, "wheat")))
    demand = estimate(crop_residue(season="even", calendar="crop"), layers, NUMBERS)
    wheat = 1500 * 0.380 * 1.20 * 0.80
    assert np.flatnonzero(demand.month_t).tolist() == [6, 9, 10]
    assert demand.month_t[6] == pytest.approx(wheat)
    assert demand.month_t.sum() == pytest.approx(CORN_T + wheat)
    assert demand.places["peak_t_per_day"].tolist() == pytest.approx([CORN_T / 52, wheat / 31], rel=1e-3)


def test_a_cluster_of_two_crops_has_the_months_of_both():
    layers = county(fields((0, 0, 1000, "corn"), (1400, 0, 1000, "wheat")))
    demand = estimate(crop_residue(season="even", calendar="crop"), layers, NUMBERS)
    assert len(demand.places) == 1 and np.flatnonzero(demand.month_t).tolist() == [6, 9, 10]
    assert demand.month_t.sum() == pytest.approx(demand.t_per_year)


# --- area ------------------------------------------------------------------------------------------


def per_area(**more):
    spec = {"formula": "per_area", "layer": "plots", "factor": "film_use_kg_per_mu_year", **more}
    return PerAreaDemand.model_validate(spec, context=OWN)


def test_kilograms_on_a_mu_times_the_fields_chosen_are_the_years_tonnes():
    layers = county(fields((0, 0, 1000, "corn"), (5000, 0, 1000, "wheat")))
    demand = estimate(per_area(where={"crop": ["corn"]}, times=["film_mulched_share"]), layers, NUMBERS)
    assert tonnes(demand) == {"F000-000": pytest.approx(1500 * 5.1 * 0.6 / 1000)}


def test_no_field_of_the_crop_is_a_fault_and_no_empty_plan():
    assert fault_of(per_area(where={"crop": ["potato"]}), county(fields((0, 0, 1000, "corn")))).code == "E-LAYER-024"


# --- sorting -----------------------------------------------------------------------------------------

SORTED = {"kitchen": "kitchen", "paper": "paper", "rest": "rest"}


def test_the_fractions_of_the_default_level_add_up_to_the_whole():
    demand = estimate(spec_of(per_person, sorting=SORTED), county(villages()), MORE)
    assert demand.fractions["default"].tolist() == pytest.approx([191.625 * share for share in (0.5, 0.2, 0.3)])
    assert demand.fractions["default"].sum() == pytest.approx(demand.t_per_year)
    assert (demand.fractions["low"] < demand.fractions["high"]).all()


def test_a_stream_of_one_fraction_takes_its_share_of_every_place():
    whole = estimate(per_person(), county(villages()), MORE).places
    part = estimate(spec_of(per_person, sorting=SORTED, fraction="paper"), county(villages()), MORE).places
    assert part["t_per_year"].tolist() == pytest.approx((whole["t_per_year"] * 0.2).tolist())
    assert part["t_per_year_high"].tolist() == pytest.approx((whole["t_per_year_high"] * 0.3).tolist())


def test_fractions_that_are_no_whole_or_a_fraction_that_is_none_are_refused():
    with pytest.raises(ValidationError, match=r"sum to 0\.8"):
        spec_of(per_person, sorting={"kitchen": "kitchen", "rest": "rest"})
    with pytest.raises(ValidationError, match="no 'papr'"):
        spec_of(per_person, sorting=SORTED, fraction="papr")


# --- producers -----------------------------------------------------------------------------------------

GARAGE = {"garage": "hw_garage_class_1_kg_per_year"}  # 2000 / 5000 / 12000 kg a year


def test_a_ledgers_figure_stands_alone_and_has_no_range():
    shop = shops([4.0, np.nan, 7.0], ["garage"] * 3)
    ledger = {"S0": {"t_per_year": 3.2, "source": "ledger 2025"}, "S1": {"t_per_year": 6, "source": "ledger 2025"}}
    demand = estimate(reported(sector_factors=GARAGE, ledger=ledger), county(shop), NUMBERS)
    spread = demand.places[[f"t_per_year_{level}" for level in LEVELS]].to_numpy().tolist()
    assert spread == [[3.2] * 3, [6.0] * 3, pytest.approx([2.8, 7.0, 16.8])]
    assert demand.detail["basis"].tolist() == ["ledger", "ledger", "reported"]


def test_a_ledger_of_a_producer_that_is_not_there_is_told():
    ledger = {"S9": {"t_per_year": 1, "source": "ledger 2025"}}
    assert fault_of(reported(ledger=ledger), county(shops([1.0], ["lab"]))).code == "E-DEMAND-005"


def test_a_factor_for_each_thing_counts_them_in_the_column_that_is_named():
    """Ten beds at 0.40 kg a day are 1.46 t a year, a clinic of 0.5 kg a day 0.1825 t."""
    wards = shops([np.nan, np.nan], ["hospital", "clinic"], beds=[10, None])
    by_sector = {"hospital": "medical_hospital_kg_per_bed_day", "clinic": "medical_clinic_kg_per_day"}
    demand = estimate(reported(sector_factors=by_sector, counts={"bed": "beds"}), county(wards), NUMBERS)
    assert tonnes(demand) == {"S0": pytest.approx(1.46), "S1": pytest.approx(0.1825)}
    assert demand.detail["basis"].tolist() == ["factor", "factor"]


@pytest.mark.parametrize(("beds", "code"), [(None, "E-DEMAND-006"), (-1, "E-DEMAND-006"), ("many", "E-DEMAND-006")])
def test_a_count_that_is_missing_or_no_number_is_told_and_never_taken_for_zero(beds, code):
    spec = reported(sector_factors={"hospital": "medical_hospital_kg_per_bed_day"}, counts={"bed": "beds"})
    assert fault_of(spec, county(shops([np.nan], ["hospital"], beds=[beds]))).code == code


def test_a_factor_per_thing_without_a_column_is_told_and_a_missing_column_too():
    alone = reported(sector_factors={"hospital": "medical_hospital_kg_per_bed_day"})
    assert fault_of(alone, county(shops([np.nan], ["hospital"]))).code == "E-DEMAND-004"
    named = reported(sector_factors={"hospital": "medical_hospital_kg_per_bed_day"}, counts={"bed": "beds"})
    assert fault_of(named, county(shops([np.nan], ["hospital"]))).code == "E-LAYER-005"


def test_a_producer_that_reports_needs_no_count():
    spec = reported(sector_factors={"hospital": "medical_hospital_kg_per_bed_day"}, counts={"bed": "beds"})
    demand = estimate(spec, county(shops([2.0], ["hospital"], beds=[None])), NUMBERS)
    assert demand.places[[f"t_per_year_{level}" for level in LEVELS]].iloc[0].tolist() == pytest.approx([1, 2, 3])


# --- storage -------------------------------------------------------------------------------------------


def test_a_place_is_emptied_before_its_time_is_over_or_its_store_is_full():
    """3 t last 30 days at 36.5 t a year; a small shop may keep its batteries for 90 days."""
    limits = {"max_days": "hw_battery_outlet_max_days", "max_t": "hw_battery_outlet_stock_max_t"}
    demand = estimate(reported(storage=limits), county(shops([36.5, 1.0], ["battery"] * 2)), NUMBERS)
    assert demand.detail["interval_days"].tolist() == pytest.approx([30.0, 90.0])
    assert demand.interval_days == pytest.approx(30.0)
    assert set(limits.values()) <= set(demand.factor_ids)


def test_a_limit_in_hours_is_told_in_days_and_no_limit_is_infinite():
    demand = estimate(reported(storage={"max_days": "medical_pickup_max_h"}), county(shops([1.0], ["ward"])), NUMBERS)
    assert demand.interval_days == 2.0
    assert estimate(reported(), county(shops([1.0], ["ward"])), NUMBERS).interval_days == np.inf


# --- totals of statistics ----------------------------------------------------------------------------


@pytest.mark.parametrize(("told", "agrees"), [(191.625, True), (175.0, True), (170.0, False), (220.0, False)])
def test_a_total_of_statistics_is_met_within_its_tolerance_or_both_numbers_are_told(told, agrees):
    check = {"t_per_year": told, "source": "yearbook 2025"}
    total = estimate(per_person(check_total=check), county(villages()), NUMBERS).total
    assert total.agrees is agrees
    assert (total.spec.t_per_year, total.found_t_per_year) == (told, pytest.approx(191.625))


def test_a_statistic_of_an_earlier_step_is_held_against_that_step():
    check = {"t_per_year": CORN_T, "source": "straw ledger 2025", "of": "collectable"}
    spec = spec_of(crop_residue, own_uses=["feed"], check_total=check)
    assert estimate(spec, county(fields((0, 0, 1000, "corn"))), MORE).total.off == pytest.approx(0)
    with pytest.raises(ValidationError, match="no 'collectabel'"):
        crop_residue(check_total={**check, "of": "collectabel"})


# --- townships -----------------------------------------------------------------------------------------


def townships():
    """East and West of x = 150 m; villages stand at 100, 200 and 300 m."""
    shapes = [shapely.box(X, Y, X + 150, Y + 9000), shapely.box(X + 150, Y, X + 9000, Y + 9000)]
    return gpd.GeoDataFrame({"name": ["West", "East"]}, geometry=shapes, crs=4508)


TARGET = Target.model_validate(
    {
        "label": {"zh": "某率", "en": "some rate"},
        "of": {"zh": "甲÷乙", "en": "a / b"},
        "share": {"value": 0.6},
        "valid_from": "2023-01-01",
        "valid_to": "2025-12-31",
        "status": "user",
        "source": "by pencil",
    }
)


def test_places_are_summed_by_the_township_they_lie_in_and_the_total_is_that_of_the_stream():
    demand = estimate(per_person(), county(villages()), NUMBERS)
    table = roll_up(demand, townships())
    assert table["t_per_year"].to_dict() == pytest.approx({"East": 63.875, "West": 127.75, "total": 191.625})
    assert table["places"].to_dict() == {"East": 1, "West": 1, "total": 2}
    assert "modelled_share" not in table


def test_without_a_layer_the_places_own_township_counts_and_none_is_kept_as_none():
    demand = estimate(per_person(), county(villages()), NUMBERS)
    assert roll_up(demand)["t_per_year"].to_dict() == pytest.approx({"": 63.875, "T": 127.75, "total": 191.625})


def test_a_place_on_a_border_counts_once_and_one_outside_keeps_what_its_row_says():
    point = gpd.GeoDataFrame(
        {"township": ["", "Far"]}, geometry=gpd.points_from_xy([X + 150, X - 50], [Y + 5, Y + 5]), crs=4508
    )
    assert township_of(point, townships()).tolist() == ["East", "Far"]


def test_what_is_served_over_what_arises_is_held_against_the_target():
    demand = estimate(per_person(), county(villages()), NUMBERS)
    served = pd.Series({"V1": 127.75})
    table = roll_up(demand, townships(), served, TARGET)
    assert table["modelled_share"].to_dict() == pytest.approx({"East": 0, "West": 1, "total": 2 / 3})
    assert table["reached"].to_dict() == {"East": False, "West": True, "total": True}


def test_own_use_counts_as_used_and_both_are_at_one_moisture():
    """45 % is fed; a tenth of the rest is lost, half of what is left is fetched: 0.45 + 0.55 x 0.9 / 2."""
    spec = spec_of(crop_residue, own_uses=["feed"], less=["tenth"], moisture={"of_ratio": "dry", "hauled": "wet"})
    demand = estimate(spec, county(fields((0, 0, 1000, "corn"))), MORE)
    share = roll_up(demand, served_t=demand.places["t_per_year"] / 2).loc["total", "modelled_share"]
    assert share == pytest.approx(0.45 + 0.55 * 0.9 / 2)


def test_townships_of_another_system_are_refused():
    demand = estimate(per_person(), county(villages()), NUMBERS)
    with pytest.raises(InputError, match="E-DEMAND-007"):
        roll_up(demand, townships().to_crs(4326))


def test_the_factor_of_a_service_bay_is_one_for_each_bay():
    assert factors()["hw_per_service_bay_kg_per_year"].unit == "kg/bay/yr"
