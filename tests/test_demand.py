"""How much waste arises where and when, each formula by pencil on a county of a few rows.

Lengths are metres in EPSG:4508 around (500 000, 4 400 000); a mu is 2000/3 m2, so a square of
1000 m x 1000 m is 1500 mu. Days of a year: 365; of October 31, of November 30.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pydantic import TypeAdapter, ValidationError

from gis_wufei.demand import (
    LEVELS,
    CropResidueDemand,
    DemandSpec,
    PerPersonDemand,
    ReportedDemand,
    estimate,
)
from gis_wufei.errors import InputError
from gis_wufei.layers import Certificate, Layer, Layers
from gis_wufei.standards import Quantity, factors, seasons
from gis_wufei.text import Text

X, Y = 500_000.0, 4_400_000.0
KG = "msw_rural_kg_per_person_day"  # 0.10 / 0.35 / 0.80
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def quantity(low, value, high, unit="1"):
    return Quantity(value=value, low=low, high=high, unit=unit, status="user", source="by pencil")


OWN = {"factors": {name: {"value": 0.5, "unit": "1"} for name in ("half", "tenth")}}
NUMBERS = {**factors(), "half": quantity(0.4, 0.5, 0.6), "tenth": quantity(0.05, 0.1, 0.2)}


def layer(name, role, frame):
    paper = Certificate(Path(f"{name}.csv"), None, "", "utf-8", "", len(frame), len(frame))
    return Layer(name, role, Text(zh=name, en=name), frame.assign(row=range(1, len(frame) + 1)), paper)


def county(*layers):
    area = gpd.GeoDataFrame(geometry=[shapely.box(X, Y, X + 10_000, Y + 10_000)], crs=4508)
    return Layers(area, {item.name: item for item in layers})


def villages(**more):
    columns = {
        "place_id": ["V1", "V2", "V3"],
        "name": ["one", "two", None],
        "township": ["T", None, "T"],
        "class": ["111", "220", "220"],
        "population": [1000.0, 500.0, 0.0],
        "synthetic": [False, True, False],
    }
    points = gpd.points_from_xy(X + np.array([100, 200, 300]), Y + np.array([100, 200, 300]))
    return layer("villages", "settlements", gpd.GeoDataFrame({**columns, **more}, geometry=points, crs=4508))


def bins(place_id, share, **more):
    columns = {"point_id": [f"P{i}" for i in range(len(place_id))], "place_id": place_id, "share": share}
    points = gpd.points_from_xy(X + np.arange(len(place_id)), Y + np.arange(len(place_id)))
    return layer("bins", "collection_points", gpd.GeoDataFrame({**columns, **more}, geometry=points, crs=4508))


def fields(*squares, **more):
    """Fields (x, y in metres from the corner, side in metres, crop)."""
    shapes = [shapely.box(X + x, Y + y, X + x + side, Y + y + side) for x, y, side, _ in squares]
    columns = {"field_id": [str(i) for i in range(len(squares))], "crop": [crop for *_, crop in squares]}
    return layer("plots", "fields", gpd.GeoDataFrame({**columns, **more}, geometry=shapes, crs=4508))


def shops(t_per_year, sector, **more):
    columns = {"source_id": [f"S{i}" for i in range(len(sector))], "name": "shop", "sector": sector}
    points = gpd.points_from_xy(X + np.arange(len(sector)), Y + np.arange(len(sector)))
    frame = gpd.GeoDataFrame({**columns, "t_per_year": t_per_year, **more}, geometry=points, crs=4508)
    return layer("shops", "enterprises", frame)


def per_person(**more):
    spec = {"formula": "per_person", "layer": "villages", "factor": KG, **more}
    return PerPersonDemand.model_validate(spec, context=OWN)


def crop_residue(**more):
    return CropResidueDemand.model_validate({"formula": "crop_residue", "layer": "plots", **more}, context=OWN)


def reported(**more):
    return ReportedDemand.model_validate({"formula": "reported", "layer": "shops", **more}, context=OWN)


def tonnes(demand):
    return demand.places["t_per_year"].round(6).to_dict()


def fault_of(spec, layers):
    with pytest.raises(InputError) as caught:
        estimate(spec, layers, NUMBERS)
    (fault,) = caught.value.faults
    assert fault.text("zh") and fault.text("en")
    return fault


# --- per person --------------------------------------------------------------------------------


def test_residents_times_kilograms_a_day_times_365_are_the_years_tonnes():
    demand = estimate(per_person(), county(villages()), NUMBERS)
    # 1000 x 0.35 x 365 / 1000 = 127.75 t; 500 people half of it; nobody lives in V3.
    assert tonnes(demand) == {"V1": 127.75, "V2": 63.875}
    assert demand.t_per_year == pytest.approx(191.625)
    assert demand.places["t_per_day"].tolist() == [0.35, 0.175]


def test_low_and_high_use_the_factors_own_range_and_level_chooses_the_plans():
    places = estimate(per_person(level="high"), county(villages()), NUMBERS).places
    assert places.loc["V1", ["t_per_year_low", "t_per_year_default", "t_per_year_high"]].tolist() == pytest.approx(
        [36.5, 127.75, 292.0]
    )
    assert places["t_per_year"].equals(places["t_per_year_high"])


def test_shares_multiply_and_what_is_taken_off_is_taken_high_for_the_low_level():
    places = estimate(per_person(times=["half"], less=["tenth"]), county(villages()), NUMBERS).places
    # low 36.5 x 0.4 x (1 - 0.2), default 127.75 x 0.5 x 0.9, high 292 x 0.6 x 0.95
    assert places.loc["V1", [f"t_per_year_{level}" for level in LEVELS]].tolist() == pytest.approx(
        [11.68, 57.4875, 166.44]
    )


def test_where_keeps_the_settlements_it_names():
    demand = estimate(per_person(where={"class": ["220"]}), county(villages()), NUMBERS)
    assert tonnes(demand) == {"V2": 63.875}


def test_collection_points_share_their_settlements_waste_and_stand_in_its_place():
    points = bins(("V1", "V1", "V2", "V3"), (0.25, 0.75, 1, 1))
    demand = estimate(per_person(stops="bins"), county(villages(), points), NUMBERS)
    assert tonnes(demand) == {"P0": 31.9375, "P1": 95.8125, "P2": 63.875}
    assert demand.places["township"].tolist() == ["T", "T", ""]
    assert demand.places["name"].tolist() == ["one", "one", "two"]


def test_a_point_has_its_own_name_where_it_has_one():
    points = bins(("V1", "V1", "V2", "V3"), (0.25, 0.75, 1, 1), name=["north", None, "south", None])
    names = estimate(per_person(stops="bins"), county(villages(), points), NUMBERS).places["name"]
    assert names.tolist() == ["north", "one", "south"]


def test_a_point_is_synthetic_where_it_or_its_settlement_is():
    points = bins(("V1", "V1", "V2", "V3"), (0.25, 0.75, 1, 1), synthetic=[True, False, False, False])
    demand = estimate(per_person(stops="bins"), county(villages(), points), NUMBERS)
    assert demand.places["synthetic"].tolist() == [True, False, True]
    silent = bins(("V1", "V1", "V2", "V3"), (0.25, 0.75, 1, 1), synthetic=[True, None, None, None])
    told = estimate(per_person(stops="bins"), county(villages(), silent), NUMBERS).places["synthetic"]
    assert told.tolist() == [True, pd.NA, True]  # what does not say so is neither real nor made up


def test_points_of_settlements_that_where_leaves_out_do_not_count():
    points = bins(("V1", "V2", "V3"), (1, 1, 1))
    assert tonnes(
        estimate(per_person(stops="bins", where={"class": ["111"]}), county(villages(), points), NUMBERS)
    ) == {"P0": 127.75}


@pytest.mark.parametrize(("place_id", "share"), [(("V1", "V1", "V2", "V3"), (0.2, 0.7, 1, 1)), (("V1", "V2"), (1, 1))])
def test_shares_that_do_not_add_up_or_a_settlement_without_a_point_are_told(place_id, share):
    fault = fault_of(per_person(stops="bins"), county(villages(), bins(place_id, share)))
    assert fault.code == "E-DEMAND-002" and fault.where == "bins.csv share"
    assert fault.facts["rows"] == ("V1 (0.900)" if len(share) == 4 else "V3 (0.000)")


def test_points_of_a_settlement_that_does_not_exist_are_told():
    fault = fault_of(per_person(stops="bins"), county(villages(), bins(("V1", "V2", "V3", "V9"), (1, 1, 1, 1))))
    assert (fault.code, fault.facts["rows"]) == ("E-DEMAND-003", "4 (V9)")


def test_a_where_that_keeps_no_settlement_tells_what_was_wanted_and_what_there_is():
    fault = fault_of(per_person(where={"class": ["999"]}), county(villages()))
    assert fault.code == "E-LAYER-024" and fault.facts["wanted"] == "999" and "220" in str(fault.facts["have"])


def test_a_where_that_keeps_no_row_is_named_with_what_there_is():
    fault = fault_of(per_person(where={"class": ["999"]}), county(villages()))
    assert fault.code == "E-LAYER-024" and fault.facts["wanted"] == "999" and "220" in fault.text("zh")
    assert "where:" in fault.text("zh") and "'class'" in fault.text("en")


def test_a_where_on_a_column_that_is_not_there_is_told_with_the_closest():
    fault = fault_of(per_person(where={"clas": ["111"]}), county(villages()))
    assert fault.code == "E-LAYER-005" and "closest: class" in fault.text("en") and fault.where == "villages.csv"


# --- crop residue ------------------------------------------------------------------------------

# Corn: 680 kg/mu x 1.15 x 0.88 = 688.16 kg/mu; low 550 x 0.9 x 0.8 = 396; high 850 x 1.73 x 0.95 = 1396.975
CORN_T_PER_MU = 0.68816


def test_area_times_yield_ratio_and_collection_share_are_the_years_tonnes():
    demand = estimate(crop_residue(), county(fields((0, 0, 1000, "corn"))), NUMBERS)
    assert tonnes(demand) == {"F000-000": pytest.approx(1500 * CORN_T_PER_MU)}
    assert demand.places[[f"t_per_year_{level}" for level in LEVELS]].iloc[0].tolist() == pytest.approx(
        [1500 * 0.396, 1500 * CORN_T_PER_MU, 1500 * 1.396975]
    )


def test_fields_of_one_square_make_one_place_in_the_field_nearest_to_their_middle():
    layers = county(
        fields((0, 0, 1000, "corn"), (1400, 0, 1000, "corn"), (2900, 0, 90, "corn"), (3100, 0, 100, "corn"))
    )
    demand = estimate(crop_residue(), layers, NUMBERS)
    # Weights 1500, 1500 and 12.15 mu at 500, 1900 and 2945 m: the middle, 1207 m, is nearest to the second.
    assert list(demand.places.index) == ["F000-000", "F001-000"]
    assert demand.places.geometry.iloc[0].x - X == pytest.approx(1900, abs=1)
    assert demand.t_per_year == pytest.approx((2 * 1500 + 12.15 + 15) * CORN_T_PER_MU)


def test_the_order_of_the_fields_does_not_matter():
    squares = [(0, 0, 1000, "corn"), (1400, 0, 1000, "corn"), (100, 1500, 1000, "corn"), (2000, 2000, 300, "wheat")]
    one = estimate(crop_residue(), county(fields(*squares)), NUMBERS).places
    other = estimate(crop_residue(), county(fields(*squares[::-1])), NUMBERS).places
    assert one.geometry.equals(other.geometry) and one["t_per_year"].tolist() == pytest.approx(other["t_per_year"])


def test_a_crop_that_leaves_nothing_makes_no_place():
    layers = county(fields((0, 0, 1000, "corn"), (5000, 0, 1000, "silage_corn")))
    assert list(estimate(crop_residue(), layers, NUMBERS).places.index) == ["F000-000"]
    assert fault_of(crop_residue(), county(fields((0, 0, 1000, "silage_corn")))).code == "E-DEMAND-001"


@pytest.mark.parametrize(
    ("flags", "told"), [([True, None], True), ([False, None], pd.NA), ([None, None], pd.NA), ([False, False], False)]
)
def test_a_place_is_not_called_real_while_one_of_its_fields_says_nothing(flags, told):
    layers = county(fields((0, 0, 100, "corn"), (200, 0, 100, "corn"), synthetic=flags))
    assert estimate(crop_residue(), layers, NUMBERS).places["synthetic"].tolist() == [told]


def test_a_place_is_synthetic_where_one_of_its_fields_is_and_named_by_its_township():
    layers = county(fields((0, 0, 100, "corn"), (200, 0, 100, "corn"), synthetic=[True, False], township=["T", None]))
    place = estimate(crop_residue(), layers, NUMBERS).places.iloc[0]
    assert place["synthetic"] and place["name"] in ("T F000-000", "F000-000") and not place["name"].startswith(" ")


def test_an_unknown_crop_is_told_with_its_rows_and_the_known_ones():
    fault = fault_of(crop_residue(), county(fields((0, 0, 100, "corn"), (200, 0, 100, "rice"))))
    assert fault.code == "E-LAYER-011" and fault.where == "plots.csv crop"
    assert fault.facts["rows"] == "2 (rice)" and "corn" in fault.text("en")


# --- reported ----------------------------------------------------------------------------------

GARAGE = {"garage": "hw_garage_class_1_kg_per_year"}  # 2000 / 5000 / 12000 kg a year


def test_reported_tonnes_stand_and_a_sectors_factor_gives_the_range():
    places = estimate(reported(sector_factors=GARAGE), county(shops([4.0, 7.0], ["garage", "lab"])), NUMBERS).places
    spread = places[[f"t_per_year_{level}" for level in LEVELS]].to_numpy().tolist()
    assert spread == [pytest.approx([1.6, 4.0, 9.6]), pytest.approx([7.0, 7.0, 7.0])]


def test_a_gap_is_filled_by_the_sectors_factor():
    demand = estimate(reported(sector_factors=GARAGE), county(shops([np.nan], ["garage"])), NUMBERS)
    assert tonnes(demand) == {"S0": 5.0} and demand.places["t_per_year_high"].tolist() == [12.0]


def test_a_gap_without_a_factor_is_told_and_never_taken_for_zero():
    fault = fault_of(reported(sector_factors=GARAGE), county(shops([np.nan, 1, np.nan], ["garage", "lab", "lab"])))
    assert (fault.code, fault.where, fault.facts["rows"]) == ("E-LAYER-008", "shops.csv t_per_year", "3 (lab)")


def test_who_reports_nothing_is_no_place_and_nobody_at_all_is_a_fault():
    assert tonnes(estimate(reported(), county(shops([0.0, 2.0], ["lab", "lab"])), NUMBERS)) == {"S1": 2.0}
    assert fault_of(reported(), county(shops([0.0], ["lab"]))).code == "E-DEMAND-001"


# --- what all formulas share ---------------------------------------------------------------------

ALL = {
    "per_person": (per_person, villages),
    "crop_residue": (crop_residue, lambda: fields((0, 0, 1000, "corn"), (5000, 0, 500, "wheat"))),
    "reported": (lambda **more: reported(sector_factors=GARAGE, **more), lambda: shops([4.0, np.nan], ["garage"] * 2)),
}


@pytest.mark.parametrize("formula", ALL)
@pytest.mark.parametrize("season", sorted(seasons()))
def test_the_months_sum_to_the_year_and_the_peak_is_the_busiest_months_day(formula, season):
    spec, made = ALL[formula]
    demand = estimate(spec(season=season), county(made()), NUMBERS)
    assert demand.month_t.sum() == pytest.approx(demand.t_per_year)
    assert demand.places["peak_t_per_day"].sum() == pytest.approx((demand.month_t / DAYS).max())
    assert (demand.places["peak_t_per_day"] >= demand.places["t_per_day"] * (1 - 1e-12)).all()


def test_straw_of_an_autumn_falls_on_22_days_of_october_and_all_of_november():
    demand = estimate(crop_residue(season="straw_autumn"), county(fields((0, 0, 1000, "corn"))), NUMBERS)
    assert np.flatnonzero(demand.month_t).tolist() == [9, 10]
    assert demand.month_t[9] / demand.month_t[10] == pytest.approx(22 / 30, abs=1e-3)
    assert demand.places["peak_t_per_day"].iloc[0] == pytest.approx(demand.t_per_year / 52, rel=1e-3)


@pytest.mark.parametrize("formula", ALL)
@pytest.mark.parametrize("level", LEVELS)
def test_low_is_at_most_default_is_at_most_high_whatever_is_taken_off(formula, level):
    spec, made = ALL[formula]
    demand = estimate(spec(level=level, times=["half"], less=["tenth"]), county(made()), NUMBERS)
    low, default, high = (demand.places[f"t_per_year_{name}"] for name in LEVELS)
    assert (low <= default).all() and (default <= high).all() and (low > 0).all()
    assert demand.level == level
    assert demand.places["t_per_year"].tolist() == demand.places[f"t_per_year_{level}"].tolist()


@pytest.mark.parametrize("formula", ALL)
def test_every_factor_that_was_used_is_listed(formula):
    spec, made = ALL[formula]
    used = estimate(spec(times=["half"], less=["tenth"]), county(made()), NUMBERS).factor_ids
    own = {"per_person": (KG,), "crop_residue": (), "reported": tuple(GARAGE.values())}[formula]
    assert used == (*own, "half", "tenth")


@pytest.mark.parametrize("formula", ALL)
def test_places_are_sorted_by_id_and_keep_system_and_columns(formula):
    spec, made = ALL[formula]
    places = estimate(spec(), county(made()), NUMBERS).places
    assert places.index.name == "place_id" and places.index.is_monotonic_increasing and places.index.is_unique
    assert places.crs == "EPSG:4508" and set(places.geom_type) == {"Point"}
    assert not places.drop(columns=["geometry", "synthetic"]).isna().any().any()


# --- what a study may write ----------------------------------------------------------------------


def said(spec, **context):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(DemandSpec).validate_python(spec, context=context)
    (error,) = caught.value.errors()
    return error["type"], error.get("ctx", {})


PER_PERSON = {"formula": "per_person", "layer": "villages", "factor": KG}


def test_a_factor_is_one_of_the_standards_or_of_the_study():
    kind, facts = said(PER_PERSON | {"factor": "msw_rural_kg_per_person"})
    assert kind == "unknown_name" and facts["hint"] == KG
    own = {"ours": {"value": 1, "unit": "kg/person/d"}}
    TypeAdapter(DemandSpec).validate_python(PER_PERSON | {"factor": "ours"}, context={"factors": own})


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"factor": "msw_main_fractions_share"}, "unit"),
        ({"times": [KG]}, "unit"),
        ({"less": ["film_soil_moisture_factor"]}, "share"),
        ({"season": "summer"}, "unknown_name"),
        ({"level": "middle"}, "literal_error"),
    ],
)
def test_a_factor_of_another_unit_or_a_share_above_one_is_refused(wrong, kind):
    assert said(PER_PERSON | wrong)[0] == kind


def test_a_layer_is_one_of_the_study_and_plays_the_role():
    played = {"villages": "settlements", "streets": "roads"}
    assert said(PER_PERSON | {"layer": "vilages"}, layers=played)[1]["hint"] == "villages"
    assert said(PER_PERSON | {"layer": "streets"}, layers=played)[0] == "layer_role"
    assert said(PER_PERSON | {"stops": "bins"}, layers=played)[0] == "no_layer"
    TypeAdapter(DemandSpec).validate_python(PER_PERSON, context={"layers": played})
