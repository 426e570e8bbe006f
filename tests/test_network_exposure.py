"""What lies along the roads: people, zones, rivers, risk, each worked out by pencil."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pydantic import ValidationError
from test_network_oracle import PROFILE as SHAKEN
from test_network_oracle import tangle

from gis_wufei.errors import ProblemError
from gis_wufei.network import (
    AccidentRates,
    RoadProfile,
    build_network,
    crosses,
    metres_inside,
    paths,
    people_along,
    people_within,
    prepare,
    risk,
    share_inside,
    snap,
)

PROFILE = RoadProfile(speeds_kmh={"main": 60, "lane": 30})


def graph(*rows):
    """The graph of lines (coordinates in metres, class)."""
    table = {"class": [row[1] for row in rows]}
    lines = gpd.GeoDataFrame(table, geometry=[shapely.LineString(row[0]) for row in rows], crs="EPSG:32650")
    return build_network(lines, PROFILE).graph


CROSS = graph(([(0, 0), (1000, 0)], "main"), ([(1000, 0), (2000, 0)], "lane"), ([(1000, 0), (1000, 500)], "lane"))


def test_each_person_counts_once_for_each_edge_however_it_bends():
    hairpin = graph(([(0, 0), (500, 0), (500, 20), (0, 20)], "main"))
    near = shapely.points([[250, 10], [250, 100], [250, 119]])
    assert people_within(hairpin, near, [7, 30, 500], 100.0).tolist() == [537]
    assert people_within(hairpin, near, [7, 30, 500], 90.0).tolist() == [37]


def test_people_at_a_junction_count_for_all_its_roads():
    assert people_within(CROSS, shapely.points([[1000, 10], [0, 0]]), [4, 1], 50.0).tolist() == [5, 4, 4]


def test_areas_count_by_the_part_within_reach():
    # 100 people on a field of 200 m x 100 m beside the road; 50 m reach its lower half
    field = shapely.box(300, 0, 500, 100)
    assert people_within(CROSS, [field], [100], 50.0) == pytest.approx([50, 0, 0])


def test_person_metres_are_the_chord_of_the_circle():
    # 3-4-5: at 30 m beside the road, 50 m reach 40 m to either side; at the end of the road only one side
    assert people_along(CROSS, shapely.points([[500, 30]]), [10], 50.0) == pytest.approx([800, 0, 0])
    assert people_along(CROSS, shapely.points([[0, 30]]), [10], 50.0) == pytest.approx([400, 0, 0])


def test_person_metres_do_not_depend_on_how_a_road_is_cut():
    whole = graph(([(0, 0), (700, 100), (2000, 0)], "main"))
    cut = graph(([(0, 0), (700, 100)], "main"), ([(700, 100), (2000, 0)], "main"))
    rng = np.random.default_rng(1)
    near, held = shapely.points(rng.uniform(-300, 2300, (200, 2))), rng.uniform(0, 9, 200)
    one, two = people_along(whole, near, held, 400.0), people_along(cut, near, held, 400.0)
    assert one.sum() == pytest.approx(two.sum()) and people_within(cut, near, held, 400.0).sum() > people_within(
        whole, near, held, 400.0
    ).sum()  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_people_agree_with_plain_distances_and_discs(seed):
    roads = build_network(tangle(seed), SHAKEN).graph
    rng = np.random.default_rng(seed)
    near, held = shapely.points(rng.uniform(-50, 450, (60, 2))), rng.uniform(0, 9, 60)
    right = [held[shapely.distance(near, line) <= 60].sum() for line in roads.lines]
    np.testing.assert_allclose(people_within(roads, near, held, 60.0), right)
    disc = shapely.buffer(near, 60, quad_segs=500)
    drawn = [[shapely.length(shapely.intersection(line, d)) for d in disc] for line in roads.lines]
    # A line that turns back on itself is driven twice, and the disc counts it once.
    simple = shapely.is_simple(roads.lines)
    np.testing.assert_allclose(people_along(roads, near, held, 60.0)[simple], (drawn @ held)[simple], rtol=1e-4)


@pytest.mark.parametrize("held", [[-1.0], [float("nan")], [1.0, 2.0]])
def test_people_that_make_no_sense_are_refused(held):
    with pytest.raises(ProblemError):
        people_within(CROSS, shapely.points([[0, 0]]), held, 50.0)


def test_metres_inside_zones_count_overlaps_once_and_the_border_in():
    zones = [shapely.box(200, -100, 600, 100), shapely.box(500, -100, 700, 100), shapely.box(1000, 0, 2500, 300)]
    assert metres_inside(CROSS, zones) == pytest.approx([500, 1000, 300])
    assert share_inside(CROSS, zones) == pytest.approx([0.5, 1.0, 0.6])
    assert metres_inside(CROSS, []).tolist() == [0, 0, 0]


def test_a_ring_shaped_zone_leaves_its_middle_out():
    ring = shapely.box(0, -500, 1000, 500).difference(shapely.box(400, -400, 600, 400))
    assert metres_inside(CROSS, [ring])[0] == pytest.approx(800)


def test_a_river_is_crossed_as_often_as_it_winds_and_a_junction_counts_once():
    river = shapely.LineString([(100, -50), (100, 50), (200, 50), (200, -50), (300, -50), (300, 50)])
    assert crosses(CROSS, [river]).tolist() == [3, 0, 0]
    at_junction = shapely.LineString([(900, -100), (1100, 100)])
    assert crosses(CROSS, [at_junction]).tolist() == [1, 0, 0]
    in_parts = [shapely.LineString([(500, -50), (500, 0)]), shapely.LineString([(500, 0), (500, 50)])]
    assert crosses(CROSS, in_parts).tolist() == [1, 0, 0]


RATES = AccidentRates(per_vehicle_km={"main": 1e-6}, otherwise=3e-6, release=0.1, status="user", source="made up here")


def test_risk_is_trips_times_rate_times_km_times_release_times_people_times_load():
    found = risk(CROSS, [100, 10, 0], RATES, trips=500, load=2)
    assert found == pytest.approx([500 * 1e-6 * 1 * 0.1 * 100 * 2, 500 * 3e-6 * 1 * 0.1 * 10 * 2, 0])


def test_a_rate_without_a_source_or_for_no_class_is_refused():
    with pytest.raises(ValidationError):
        AccidentRates(otherwise=1e-6, status="user", source=" ")
    with pytest.raises(ValidationError):
        AccidentRates(status="user", source="nobody")
    bare = AccidentRates(per_vehicle_km={"main": 1e-6}, status="user", source="made up here")
    with pytest.raises(ProblemError, match="lane"):
        risk(CROSS, [1, 1, 1], bare)


def test_the_least_exposed_path_goes_round_the_village():
    roads = graph(([(0, 0), (1000, 0)], "main"), ([(0, 0), (500, 800), (1000, 0)], "main"))
    village = shapely.points([[500, 20]])
    network = build_network(
        gpd.GeoDataFrame({"class": ["main", "main"]}, geometry=list(roads.lines), crs="EPSG:32650"), PROFILE
    )
    extra = {"exposure": people_along(network.graph, village, [300], 100.0)}
    network = dataclasses.replace(network, extra=extra)
    ready = prepare(network, snap(network, np.array([[0.0, 0.0], [1000.0, 0.0]])))
    fastest, safest = paths(ready, [(0, 1)])[0], paths(ready, [(0, 1)], costs=("exposure", "duration_s"))[0]
    assert fastest.distance_m == pytest.approx(1000) and safest.distance_m > 1800
