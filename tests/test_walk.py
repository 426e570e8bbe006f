"""The walk end to end on the tiny county: what goes in comes out, everywhere with its reason."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import degrees, draw_county, drawn

from gis_wufei.errors import CheckFailedError, InputError
from gis_wufei.plan import Plan, StreamPlan, make_plan, read_study
from gis_wufei.siting import SitingResult, solve_siting
from gis_wufei.study import Study


def test_tonnes_in_are_tonnes_assigned_plus_unserved(tiny_plan: Plan) -> None:
    for stream in tiny_plan.streams.values():
        told = stream.assignments["t_per_year"].sum() + stream.unserved["t_per_year"].sum()
        assert told == pytest.approx(stream.demand.t_per_year)
        figures = stream.figures
        assert figures["served_t_per_year"] + figures["unserved_t_per_year"] == pytest.approx(figures["t_per_year"])


def test_the_rounds_carry_what_was_assigned(tiny_plan: Plan) -> None:
    """A campaign carries the year's tonnes; a cycle of days those of the busiest month."""
    for stream in tiny_plan.streams.values():
        spec, places = stream.spec.collection, stream.demand.places
        column, times = ("t_per_year", 1.0) if spec.cycles_per_year else ("peak_t_per_day", spec.cycle_days)
        load = (stream.assignments["share"] * stream.assignments["place_id"].map(places[column])).sum() * times
        assert stream.collection.trips["t"].sum() == pytest.approx(load)


def test_the_haul_carries_the_intake_less_what_the_site_takes_out(tiny_plan: Plan) -> None:
    for stream in tiny_plan.streams.values():
        assert stream.spec.haul is not None
        share = np.prod([tiny_plan.study.numbers[f].value for f in stream.spec.haul.output_shares])
        expected = stream.figures["served_t_per_year"] * share
        assert stream.haul["t_per_year"].sum() == pytest.approx(expected)


def test_a_way_on_the_road_is_never_shorter_than_the_straight_line(tiny_plan: Plan) -> None:
    for stream in tiny_plan.streams.values():
        places, sites = stream.demand.places.geometry, stream.sites.geometry
        pairs = stream.assignments
        straight = [
            places[p].distance(sites[s]) / 1000 for p, s in zip(pairs["place_id"], pairs["site_id"], strict=True)
        ]
        assert (pairs["road_km"].to_numpy() >= np.array(straight) - 1e-6).all()
        assert (stream.collection.lines.length / 1000 <= stream.collection.lines["km"] + 1e-6).all()


def test_no_site_stands_on_land_that_a_rule_excludes(tiny_plan: Plan) -> None:
    """The north-west quarter is a control unit that forbids; the middle a level-1 water zone."""
    for stream in tiny_plan.streams.values():
        new = stream.sites[stream.sites["state"] == "candidate"]
        grid = stream.eligibility.grid
        row, column = grid.cells(new.geometry.x.to_numpy(), new.geometry.y.to_numpy())
        assert not stream.eligibility.excluded[row, column].any()
        for layer, forbidden in (("units", "T-1"), ("water_source", "水源")):
            frame = tiny_plan.layers[layer].frame
            shape = frame[frame.isin([forbidden]).any(axis=1)].union_all()
            assert not new.intersects(shape).any()


def test_a_place_off_the_roads_is_told_so_with_its_distance(tiny_plan: Plan) -> None:
    """Village 6 lies 1.3 km from the network; the stray road beside it leads nowhere."""
    left = tiny_plan.streams["domestic"].unserved.set_index("place_id").loc["V6"]
    assert left["reason"] == "unserved.off_network"
    assert left["detail"].endswith(" km")
    assert float(left["detail"].split()[0]) == pytest.approx(np.hypot(1.5, 1.3), abs=0.05)


def test_a_place_beyond_the_distance_is_told_the_nearest_site(tiny_study: Path) -> None:
    plan = make_plan(Study.open(tiny_study, "near"), streams=["domestic"])
    left = plan.streams["domestic"].unserved
    beyond = left[left["reason"] == "unserved.beyond_max_road_km"]
    assert len(beyond) and beyond["detail"].str.contains(r"km > 3 km").all()
    assert plan.streams["domestic"].figures["max_road_km"] <= 3


def test_a_figure_in_yuan_is_the_sum_of_its_parts(tiny_plan: Plan) -> None:
    for stream in tiny_plan.streams.values():
        f = stream.figures
        parts = f["site_yuan_per_year"] + f["collection_yuan_per_year"] + f["haul_yuan_per_year"]
        assert f["yuan_per_year"] == pytest.approx(parts)
        assert f["siting_bound_yuan_per_year"] <= f["siting_yuan_per_year"]
        assert f["routing_bound_yuan_per_year"] <= f["collection_yuan_per_year"]
        assert f["siting_gap"] <= stream.spec.siting.solve.mip_gap + 1e-6


def test_an_existing_facility_stays_and_its_conflicts_are_told(tiny_plan: Plan) -> None:
    stream = tiny_plan.streams["domestic"]
    assert stream.sites.loc["X1", "opened"] and stream.sites.loc["X1", "size"] == "existing"
    assert stream.sites.loc["X1", "capacity"] == 5


def test_an_infeasible_stream_is_an_answer_and_the_others_are_planned(tiny_study: Path) -> None:
    plan = make_plan(Study.open(tiny_study, "too_small"))
    assert plan.infeasible == ("straw",)
    stream = plan.streams["straw"]
    assert set(stream.unserved["reason"]) == {"unserved.no_plan"} and not stream.sites["opened"].any()
    assert stream.figures["unserved_t_per_year"] == pytest.approx(stream.figures["t_per_year"])
    for lang in ("zh", "en"):
        assert stream.explanation and "{" not in stream.explanation[0].text(lang)
    assert plan.streams["domestic"].siting.status == "optimal"


def test_every_number_in_use_has_a_source_and_a_status(tiny_plan: Plan) -> None:
    numbers = tiny_plan.numbers
    assert numbers["id"].is_unique and (numbers["source"].str.len() > 3).all()
    assert set(numbers["status"]) <= {"verified", "secondary", "memory", "user"}
    assert (numbers["low"] <= numbers["value"]).all() and (numbers["value"] <= numbers["high"]).all()
    used = set(numbers["id"])
    assert {"msw_rural_kg_per_person_day", "msw_pyrolysis_residue_share", "discount_rate_per_year"} <= used


def test_every_warning_reads_in_both_languages(tiny_plan: Plan) -> None:
    found = [*tiny_plan.warnings, *(w for stream in tiny_plan.streams.values() for w in stream.warnings)]
    assert {"W-SYNTHETIC", "W-RULE-NOLAYER", "W-RULE-OLD", "W-UNIT-DEFAULT"} <= {warning.code for warning in found}
    for warning in found:
        assert "{" not in warning.text("zh") + warning.text("en")


def test_two_runs_give_the_same_plan(tiny_study: Path, tiny_plan: Plan) -> None:
    again = make_plan(Study.open(tiny_study))
    for name, stream in tiny_plan.streams.items():
        other = again.streams[name]
        assert other.figures == pytest.approx(stream.figures, nan_ok=True, rel=0, abs=0)
        pd.testing.assert_frame_equal(other.collection.trips, stream.collection.trips)
        pd.testing.assert_frame_equal(other.sites.drop(columns="geometry"), stream.sites.drop(columns="geometry"))


def test_the_walk_opens_no_socket(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    assert make_plan(Study.open(tiny_study), streams=["hazardous"]).streams["hazardous"].siting.status == "optimal"


def test_one_stream_may_be_planned_alone_and_costs_the_same(tiny_study: Path, tiny_plan: Plan) -> None:
    alone = make_plan(Study.open(tiny_study), streams=["hazardous"])
    assert list(alone.streams) == ["hazardous"]
    figures = tiny_plan.streams["hazardous"].figures
    assert alone.streams["hazardous"].figures["yuan_per_year"] == pytest.approx(figures["yuan_per_year"])


def test_an_unknown_stream_is_told_with_the_known_ones(tiny_study: Path) -> None:
    with pytest.raises(InputError, match="straw, domestic, hazardous"):
        make_plan(Study.open(tiny_study), streams=["strow"])


def test_the_news_of_the_walk_names_every_step(tiny_study: Path) -> None:
    heard: list[str] = []
    make_plan(Study.open(tiny_study), ["domestic"], step=lambda step, what, done=0, total=0: heard.append(step))
    assert list(dict.fromkeys(heard)) == [
        "layers", "demand", "masks", "sites", "network", "matrix", "siting", "routes", "haul",
    ]  # fmt: skip


def test_reading_a_study_solves_nothing_and_tells_the_faults_of_all_streams(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gis_wufei.plan.walk.solve_siting", lambda *_: pytest.fail("check must not solve"))
    reading = read_study(Study.open(tiny_study))
    assert set(reading.grounds) == {"straw", "domestic", "hazardous"}
    assert len(reading.grounds["domestic"].demand.places) == 6


def test_a_result_that_fails_the_check_ends_the_run(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def liar(problem: object, spec: object) -> SitingResult:
        result = solve_siting(problem, spec)  # type: ignore[arg-type]
        assert result.objective is not None
        return replace(result, objective=result.objective / 2)

    monkeypatch.setattr("gis_wufei.plan.walk.solve_siting", liar)
    with pytest.raises(CheckFailedError, match="E-PLAN-CHECK"):
        make_plan(Study.open(tiny_study), ["hazardous"])


def test_a_standing_facility_without_a_road_is_left_out_with_its_reason(tmp_path: Path) -> None:
    """The pyrolysis station moves 2 km off every road: new ones take its place."""
    county = draw_county(tmp_path)
    table = pd.read_csv(county / "facilities.csv")
    table.loc[table["kind"] == "PY", ["lon", "lat"]] = degrees(shapely.Point(9.9, 5)).coords[0]
    table.to_csv(county / "facilities.csv", index=False)
    stream = make_plan(Study.open(county), ["domestic"]).streams["domestic"]
    assert stream.sites.loc["X1", "left_out"] == "site.no_road" and not stream.sites.loc["X1", "opened"]
    assert stream.opened["state"].eq("candidate").all() and len(stream.opened)


def test_a_stream_that_no_site_can_serve_is_told_place_by_place(tmp_path: Path) -> None:
    county = draw_county(tmp_path)
    text = (county / "study.yaml").read_text("utf-8")
    (county / "study.yaml").write_text(text.replace("max_road_km: 15", "max_road_km: 0.001"), "utf-8")
    plan = make_plan(Study.open(county), ["hazardous"])
    stream = plan.streams["hazardous"]
    assert plan.infeasible == ("hazardous",) and not stream.sites["opened"].any()
    assert "W-NOTHING-SERVED" in {warning.code for warning in stream.warnings}
    assert set(stream.unserved["reason"]) == {"unserved.beyond_max_road_km"}
    assert stream.figures["unserved_t_per_year"] == pytest.approx(9)


# --- the problem itself: both sides of what does not fit --------------------------------------


HAZARDOUS = "siting: {max_road_km: 15}\n    collection: {vehicle: hw_van"


def one_change(folder: Path, old: str, new: str, stream: str) -> StreamPlan:
    """The stream's plan where one thing of the tiny county's study is written differently."""
    county = draw_county(folder)
    text = (county / "study.yaml").read_text("utf-8")
    assert text.count(old) >= 1
    (county / "study.yaml").write_text(text.replace(old, new), "utf-8")
    return make_plan(Study.open(county), [stream]).streams[stream]


def told(stream: StreamPlan, code: str, lang: str = "en") -> str:
    """The sentences of a code among explanation and warnings."""
    found = (*stream.explanation, *stream.warnings)
    return " ".join(warn.text(lang) for warn in found if warn.code == code)


def test_a_receiver_that_states_no_capacity_is_told_and_one_that_states_enough_is_not(tmp_path: Path) -> None:
    county = draw_county(tmp_path)
    table = pd.read_csv(county / "facilities.csv", encoding="utf-8-sig")
    sound = make_plan(Study.open(county), ["hazardous"]).streams["hazardous"]
    table.loc[table["kind"] == "HWR", ["capacity_t_per_day", "capacity_t_per_year"]] = float("nan")
    table.to_csv(county / "facilities.csv", index=False, encoding="utf-8-sig")
    stream = make_plan(Study.open(county), ["hazardous"]).streams["hazardous"]
    assert told(sound, "W-HAUL-OPEN") == "" and "9 t/a" in told(stream, "W-HAUL-OPEN")
    assert "不是无限" in told(stream, "W-HAUL-OPEN", "zh")


def test_more_sites_wanted_than_there_are_tells_both_numbers(tmp_path: Path) -> None:
    stream = one_change(tmp_path, HAZARDOUS, HAZARDOUS.replace("15}", "15, min_open: 400}"), "hazardous")
    there = int((stream.sites["left_out"] == "").sum())  # one lies off the roads
    assert f"at least 400 sites, only {there} may be opened" in told(stream, "infeasible.min_open")
    assert f"400 个站点，而可启用的只有 {there} 个" in told(stream, "infeasible.min_open", "zh")
    before = read_study(Study.open(tmp_path), ["hazardous"]).warnings[-1]  # and before anything is solved
    assert before == next(warn for warn in stream.warnings if warn.code == "W-SITES-LEFT")
    assert "0 stand(s) already, at least 400 wanted" in before.text("en")
    assert f"{len(stream.sites)} candidate site(s)" in told(stream, "W-SITES-LEFT")


def test_as_many_sites_as_there_are_is_no_fault(tmp_path: Path, tiny_plan: Plan) -> None:
    count = int((tiny_plan.streams["hazardous"].sites["left_out"] == "").sum())
    stream = one_change(tmp_path, HAZARDOUS, HAZARDOUS.replace("15}", f"15, min_open: {count}}}"), "hazardous")
    assert stream.siting.status == "optimal" and stream.opened.shape[0] == count


def test_too_few_sites_for_all_demand_tell_demand_and_capacity(tiny_study: Path) -> None:
    stream = make_plan(Study.open(tiny_study, "too_small"), ["straw"]).streams["straw"]
    sentence, load = told(stream, "infeasible.room"), stream.demand.t_per_year
    assert "at most 1 site(s)" in sentence and "5,000.0" in sentence and f"load of {load:,.1f}" in sentence


def test_more_standing_sites_than_allowed_tell_both_numbers(tmp_path: Path) -> None:
    county = draw_county(tmp_path)
    table = pd.read_csv(county / "facilities.csv")
    twin = table[table["kind"] == "PY"].assign(facility_id="X9", lon=lambda frame: frame["lon"] + 0.02)
    pd.concat([table, twin]).to_csv(county / "facilities.csv", index=False)
    text = (county / "study.yaml").read_text("utf-8")
    (county / "study.yaml").write_text(text.replace("max_road_km: 15}", "max_road_km: 15, max_open: 1}"), "utf-8")
    stream = make_plan(Study.open(county), ["domestic"]).streams["domestic"]
    assert "2 existing sites stay in service, siting.max_open allows 1" in told(stream, "infeasible.max_open")


def test_a_place_too_large_for_every_site_is_named_with_both_numbers(tmp_path: Path) -> None:
    """A village of 200 000 makes more a day than the largest station takes; divided among stations it fits."""
    county = draw_county(tmp_path)
    table = pd.read_csv(county / "villages.csv", dtype={"place_id": str})
    table.loc[2, "population"] = 200_000
    table.to_csv(county / "villages.csv", index=False)
    stream = make_plan(Study.open(county), ["domestic"]).streams["domestic"]
    sentence = told(stream, "infeasible.large")
    load = stream.demand.places.loc["V3", "peak_t_per_day"]
    assert "东村 (V3)" in sentence and f"up to {load:,.1f}" in sentence and "single_source: false" in sentence


def test_a_red_line_over_everything_tells_what_is_left_and_which_rule_took_it(tmp_path: Path) -> None:
    county = draw_county(tmp_path)
    drawn([(shapely.box(-5, -5, 15, 15), {"name": "红线"})], county / "red_line.geojson")
    text = (county / "study.yaml").read_text("utf-8")
    layer = "  red_line: {path: red_line.geojson, role: red_line}\nroads: {layer"
    (county / "study.yaml").write_text(text.replace("roads: {layer", layer, 1), "utf-8")
    stream = make_plan(Study.open(county), ["hazardous"]).streams["hazardous"]
    for lang, words in (("en", "0 ha are left by the exclusions, with 0 candidate"), ("zh", "适宜地 0 公顷")):
        assert words in told(stream, "W-SITES-LEFT", lang)
    assert "(0 by it alone)" in told(stream, "W-SITES-LEFT") and "R01" in told(stream, "W-SITES-LEFT")


def test_where_sites_are_open_nobody_asks_what_is_left(tiny_plan: Plan) -> None:
    for stream in tiny_plan.streams.values():
        assert not any(told(stream, code) for code in ("W-SITES-LEFT", "W-SHIFT", "W-TRUCKLOADS"))
    reading = read_study(tiny_plan.study)
    assert "W-SITES-LEFT" not in {warn.code for warn in reading.warnings}


def test_a_shift_too_short_for_a_round_tells_the_hours_of_both(tmp_path: Path) -> None:
    stream = one_change(tmp_path, "unload_min: 12,", "unload_min: 12, shift_h: 0.3,", "domestic")
    missed = stream.unserved[stream.unserved["reason"] == "unserved.longer_than_a_shift"]
    stops = stream.collection.stops.set_index("place_id")["hours"]
    assert set(missed["place_id"]) == set(stops.index[stops > 0.3]) != set()
    sentence = told(stream, "W-SHIFT")
    assert "a shift of 0.3 h" in sentence and all(
        f"({place}) {stops[place]:.2f} h" in sentence for place in missed["place_id"]
    )


def test_a_town_in_a_list_of_villages_is_doubted_by_name(tmp_path: Path) -> None:
    county = draw_county(tmp_path)
    table = pd.read_csv(county / "villages.csv", dtype={"place_id": str})
    table.loc[2, "population"] = 12_000
    table.to_csv(county / "villages.csv", index=False)
    text = (county / "study.yaml").read_text("utf-8")
    (county / "study.yaml").write_text(
        text.replace("cycle_days: 2, workdays: 2", "cycle_days: 6, workdays: 2"), "utf-8"
    )
    stream = make_plan(Study.open(county), ["domestic"]).streams["domestic"]
    stop = stream.collection.stops.set_index("place_id").loc["V3"]
    assert stop["loads"] == int(np.ceil(stop["t"] / stop["payload_t"])) > 5
    assert f"东村 (V3) {stop['t']:.1f} t = {stop['loads']}" in told(stream, "W-TRUCKLOADS")


def test_a_campaign_may_fill_as_many_trucks_as_it_takes(tiny_plan: Plan) -> None:
    assert (tiny_plan.streams["straw"].collection.stops["loads"] > 5).any()
    assert not told(tiny_plan.streams["straw"], "W-TRUCKLOADS")
