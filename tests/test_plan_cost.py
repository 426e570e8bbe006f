"""Yearly cost by pencil, and the siting problem that land, roads and prices make."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gis_wufei.plan.cost import TruckCost, capital_recovery, size_ladder, truck_cost
from gis_wufei.plan.siting import Reach, load_column, running_yuan, siting_problem
from gis_wufei.standards import facilities, vehicles


def test_capital_recovery_pays_an_investment_back_with_interest():
    # 8 % over 20 years: 0.08 x 1.08^20 / (1.08^20 - 1) = 0.1019 (the tables of every textbook).
    assert capital_recovery(0.08, 20) == pytest.approx(0.10185, abs=1e-5)
    assert capital_recovery(0.0, 20) == 1 / 20
    assert capital_recovery(1.0, 1) == 2.0
    for rate in (0.01, 0.05, 0.3):
        debt = 1.0
        for _ in range(12):
            debt = debt * (1 + rate) - capital_recovery(rate, 12)
        assert debt == pytest.approx(0, abs=1e-12)


def test_interest_makes_a_year_dearer_and_years_make_it_cheaper():
    rates = [capital_recovery(rate, 15) for rate in (0, 1e-6, 0.01, 0.05, 0.1)]
    assert rates == sorted(rates) and rates[1] == pytest.approx(1 / 15, rel=1e-4)
    years = [capital_recovery(0.05, n) for n in (1, 5, 10, 30)]
    assert years == sorted(years, reverse=True)


def test_a_tonne_costs_its_share_of_a_truckload_there_and_back():
    # 20 km at 3 yuan and 2 h of an 8 h shift of 800 yuan: 60 + 200 = 260 yuan for 5 t.
    truck = TruckCost(yuan_per_km=3, yuan_per_day=800, shift_h=8, payload_t=5)
    assert truck.yuan_per_h == 100
    assert truck.yuan_per_t(np.array([20.0, 0]), np.array([2.0, 0])).tolist() == [52, 0]
    assert truck.yuan_per_t(np.array([np.inf]), np.array([np.inf])).tolist() == [np.inf]


def test_a_trucks_fixed_cost_is_spread_over_its_days():
    for vehicle in vehicles().values():
        truck = truck_cost(vehicle, 8, 250)
        assert truck.yuan_per_day * 250 == pytest.approx(vehicle.fixed_yuan_per_year)
        assert (truck.yuan_per_km, truck.payload_t) == (vehicle.variable_yuan_per_km, vehicle.payload_t)


def test_a_size_costs_its_share_of_the_investment_and_its_running():
    for kind in facilities().values():
        ladder = size_ladder(kind, (), 0.05)
        assert ladder.ids == tuple(size.id for size in kind.sizes)
        for i, size in enumerate(kind.sizes):
            capex = size.capex_yuan.value
            assert ladder.running_yuan[i] == pytest.approx(capex * kind.opex_share.value)
            assert ladder.open_yuan[i] - ladder.running_yuan[i] == pytest.approx(
                capex * capital_recovery(0.05, kind.life_years)
            )
            assert ladder.capacity[i] == getattr(size, kind.capacity_column) and ladder.land_m2[i] == size.land_m2


def test_only_the_sizes_asked_for_are_offered_in_the_order_of_the_standards():
    kind = facilities()["TS"]
    first, second, *_ = (size.id for size in kind.sizes)
    assert size_ladder(kind, (second, first), 0.05).ids == (first, second)


def test_a_standing_site_runs_at_the_cost_of_the_smallest_size_that_is_as_large():
    ladder = size_ladder(facilities()["TS"], (), 0.05)
    assert running_yuan(ladder, ladder.capacity[1]) == ladder.running_yuan[1]
    assert running_yuan(ladder, ladder.capacity[0] + 1e-6) == ladder.running_yuan[1]
    assert running_yuan(ladder, 0) == ladder.running_yuan[0]
    assert running_yuan(ladder, 1e9) == ladder.running_yuan[-1]


def test_a_kind_without_sizes_has_an_empty_ladder():
    ladder = size_ladder(facilities()["LF"], (), 0.05)
    assert ladder.ids == () and ladder.capacity.size == 0 and running_yuan(ladder, 50) == 0


def test_what_fills_a_site_is_the_busiest_day_or_the_year():
    assert load_column(facilities()["TS"]) == "peak_t_per_day"
    assert load_column(facilities()["STD"]) == "t_per_year"


# --- the siting problem of a stream ---

FAR = np.inf


def stream(
    tonnes=(365.0, 730.0), states=("candidate", "keep"), capacity=(np.nan, 30.0), area=(700.0, np.nan), **limits
):
    """Two places and two sites; the first place cannot return from the second site."""
    km = np.array([[10.0, 5], [20, 8]])
    back = np.array([[10.0, 20], [FAR, 8]])
    there = SimpleNamespace(distance_m=km * 1000, duration_s=km * 120)
    home = SimpleNamespace(distance_m=back * 1000, duration_s=back * 120)
    table = {"t_per_year": tonnes, "peak_t_per_day": np.array(tonnes) / 365 * 2}
    places = pd.DataFrame(table, index=pd.Index(["a", "b"], name="place_id"))
    sites = pd.DataFrame(
        {"state": states, "capacity": capacity, "area_m2": area, "left_out": ""}, index=pd.Index(["s", "t"])
    )
    kind = facilities()["TS"]
    given = {"max_road_km": 15.0, "single_source": True, "min_open": 0, "max_open": None}
    return siting_problem(
        SimpleNamespace(places=places),
        sites,
        Reach(there, home, np.array([2.0, 0.0])),
        kind,
        size_ladder(kind, (), 0.05),
        TruckCost(yuan_per_km=3, yuan_per_day=800, shift_h=8, payload_t=5),
        SimpleNamespace(unload_min=12, stop_min=18),
        SimpleNamespace(**(given | limits)),
    )


def test_serving_a_place_costs_its_truckloads_and_the_way_on():
    # a to s: 20 km x 3 yuan, and 2400 s + 30 min of driving and handling at 100 yuan/h, for 5 t; 2 yuan on.
    problem = stream()
    per_t = (20 * 3 + (2400 / 3600 + 0.5) * 100) / 5 + 2
    assert problem.serve_cost[0, 0] == pytest.approx(365 * per_t)
    # No way back from t to a; b lies 20 km from s, more than 15 km, and 8 km from t.
    assert problem.serve_cost[0, 1] == np.inf and problem.serve_cost[1, 0] == np.inf
    assert problem.serve_cost[1, 1] == pytest.approx(730 * (16 * 3 + (1920 / 3600 + 0.5) * 100) / 5)
    assert problem.load.tolist() == [2, 4]


def test_a_candidate_offers_the_sizes_for_which_its_ground_suffices_and_a_standing_site_its_own():
    problem = stream()
    ladder = size_ladder(facilities()["TS"], (), 0.05)
    fits = ladder.land_m2 <= 700
    assert 0 < fits.sum() < len(fits)
    assert problem.possible[0].tolist() == [*fits, False]
    assert problem.open_cost[0, :-1][fits].tolist() == ladder.open_yuan[fits].tolist()
    assert problem.possible[1].tolist() == [False] * len(fits) + [True]
    assert problem.capacity[1, -1] == 30 and problem.open_cost[1, -1] == running_yuan(ladder, 30)
    assert problem.keep.tolist() == [False, True]


def test_the_limits_of_a_study_are_those_of_the_problem():
    problem = stream(single_source=False, min_open=1, max_open=2)
    assert (problem.single_source, problem.min_open, problem.max_open) == (False, 1, 2)
