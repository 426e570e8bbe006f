"""Roads become a graph, points find their road, trips their way: each property by pencil.

60 km/h is 1000 m a minute: a main road of 1 km takes 60 s, a lane (30 km/h) 120 s, and a metre of
straight access (10 km/h) 0.36 s.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pydantic import ValidationError

from gis_wufei.errors import InputError, ProblemError
from gis_wufei.network import RoadProfile, build_network, od_matrix, paths, prepare, snap

PROFILE = RoadProfile(speeds_kmh={"main": 60, "lane": 30}, banned_classes=("footway",))
CRS = "EPSG:32650"
FAR = np.array([500_000.0, 4_000_000.0])  # a usual place in a projected system: large numbers must not hurt


def roads(*rows, crs=CRS, **columns):
    """Roads from (coordinates in metres, class, oneway)."""
    table = {"class": [row[1] for row in rows], "oneway": [row[2] if len(row) > 2 else None for row in rows]}
    shapes = [shapely.transform(shapely.LineString(row[0]), lambda xy: xy + FAR) for row in rows]
    return gpd.GeoDataFrame({**table, **columns}, geometry=shapes, crs=crs)


def at(*xy):
    return np.array(xy, dtype=float).reshape(-1, 2) + FAR


def trips(lines, points, **options):
    network = build_network(lines, PROFILE)
    return prepare(network, snap(network, points, **options))


def km(*xy):
    return [(1000 * x, 1000 * y) for x, y in xy]


# --- building ---


def test_lines_are_cut_where_they_share_a_vertex_and_nowhere_else():
    #   main 0--1--2, its middle vertex shared by a lane; the bend at (3, 1) is shape only
    network = build_network(roads((km((0, 0), (1, 0), (3, 1), (4, 1)), "main"), (km((1, 0), (1, 2)), "lane")), PROFILE)
    assert sorted(network.graph.length_m) == pytest.approx([1000, 2000, 1000 + 1000 * 5**0.5])
    assert len(network.graph.node_xy) == 4
    assert sorted(network.costs.forward_s) == pytest.approx([60, 60 + 60 * 5**0.5, 240])


def test_a_bridge_that_shares_no_vertex_with_the_road_below_is_no_junction():
    lines = roads((km((0, 0), (2, 0)), "main"), (km((1, -1), (1, 1)), "main"))
    result = od_matrix(trips(lines, at((0, 0), (1000, 1000))))
    assert result.reason(0, 1) == "no_road"


def test_vertices_in_the_same_centimetre_are_one():
    network = build_network(roads(([(0, 0), (100, 0)], "main"), ([(100.004, 0.004), (200, 0)], "main")), PROFILE)
    assert len(network.graph.node_xy) == 3 and network.report().components == 1
    lines = roads(([(0, 0), (100, 0)], "main"), ([(100.02, 0), (200, 0)], "main"))
    assert build_network(lines, PROFILE, tolerance_m=0).report().components == 2


def test_a_closed_lane_on_one_junction_keeps_its_houses():
    lane = [(1000, 0), (1000, 100), (1100, 100), (1100, 0), (1000, 0)]
    lines = roads((km((0, 0), (1, 0)), "main"), (lane, "lane"))
    network = build_network(lines, PROFILE)
    assert (network.graph.tail != network.graph.head).all()
    assert network.graph.length_m.sum() == pytest.approx(1400)
    house = prepare(network, snap(network, at((0, 0), (1100, 0))))
    assert od_matrix(house).distance_m[0, 1] == pytest.approx(1100)


def test_rows_left_out_are_counted_by_cause():
    lines = roads(
        (km((0, 0), (1, 0)), "main"),
        ([(0, 0), (0, 0.001)], "main"),
        (km((0, 1), (1, 1)), "footway"),
        (km((0, 2), (1, 2)), "main"),
        (km((0, 3), (1, 3)), "main"),
        (km((0, 4), (1, 4)), "main"),
    )
    lines.loc[4, "geometry"] = None
    with np.errstate(invalid="ignore"):
        lines.loc[5, "geometry"] = shapely.LineString([(0, 0), (float("nan"), 1)])
    network = build_network(lines, PROFILE, closed=[3])
    told = {cause: n for cause, n in network.report().ignored.items() if n}
    assert told == {"no_line": 2, "closed": 1, "banned": 1, "zero_length": 1}
    assert network.open.tolist() == [True, False, False] and network.report().edges == 1


def test_an_edge_remembers_its_row_and_the_layer_keeps_its_index():
    lines = roads((km((0, 0), (1, 0)), "main"), (km((1, 0), (2, 0)), "lane"), name=["A", "B"]).set_index(
        pd.Index([7, 9])
    )
    network = build_network(lines, PROFILE, closed=[7])
    graph, left = network.graph, network.open
    assert graph.roads.index[graph.row[left]].tolist() == [9]
    assert graph.roads["name"].iloc[graph.row[left]].tolist() == ["B"]


def test_a_closure_may_be_a_list_of_rows_or_a_column():
    lines = roads((km((0, 0), (1, 0)), "main"), (km((1, 0), (2, 0)), "lane"), flooded=[True, False])
    listed, column = build_network(lines, PROFILE, [0]), build_network(lines, PROFILE, lines["flooded"])
    assert listed.open.tolist() == column.open.tolist() == [False, True]


def test_a_closed_road_sends_the_trip_round():
    lines = roads((km((0, 0), (1, 0)), "main"), (km((0, 0), (0, 1), (1, 1), (1, 0)), "main"))
    network = build_network(lines, PROFILE, closed=[0])
    result = od_matrix(prepare(network, snap(network, at((0, 0), (1000, 0)))))
    assert result.distance_m[0, 1] == pytest.approx(3000)


def test_all_unknown_classes_are_told_at_once():
    lines = roads((km((0, 0), (1, 0)), "path"), (km((0, 0), (1, 0)), None), (km((0, 0), (1, 0)), "ice"))
    with pytest.raises(InputError) as told:
        build_network(lines, PROFILE)
    (fault,) = told.value.faults
    assert (fault.code, fault.where) == ("E-NET-001", "roads")
    assert fault.facts == {"classes": "ice, path, (empty)", "known": "footway, lane, main", "rows": 3}


@pytest.mark.parametrize(
    ("lines", "closed", "word"),
    [
        (roads((km((0, 0), (1, 0)), "main"), crs="EPSG:4326"), (), "metres"),
        (roads((km((0, 0), (1, 0)), "main"), crs=None), (), "metres"),
        (roads((km((0, 0), (1, 0)), "main"), crs="EPSG:2263"), (), "metres"),  # US feet
        (roads((km((0, 0), (1, 0)), "main")), ["B 7"], "B 7"),
    ],
)
def test_a_layer_that_was_not_made_ready_is_refused_by_name(lines, closed, word):
    with pytest.raises(ProblemError, match=word):
        build_network(lines, PROFILE, closed)


def test_the_report_measures_the_pieces():
    lines = roads(
        (km((0, 0), (1, 0), (2, 0)), "main"),
        (km((1, 0), (1, 1)), "lane", "forward"),  # a way in and no way back
        (km((9, 9), (9, 10)), "lane"),
    )
    report = build_network(lines, PROFILE).report()
    assert (report.nodes, report.edges, report.components, report.dead_ends) == (6, 4, 2, 5)
    assert report.km_by_class == pytest.approx({"lane": 2, "main": 2})
    assert report.share_in_largest == pytest.approx(3 / 4)
    assert report.share_mutually_reachable == pytest.approx(2 / 4)


def test_a_multi_line_and_a_missing_oneway_column_are_read():
    shape = shapely.MultiLineString([[(0, 0), (1000, 0)], [(1000, 0), (1000, 500)]])
    network = build_network(gpd.GeoDataFrame({"class": ["main"]}, geometry=[shape], crs=CRS), PROFILE)
    assert sorted(network.graph.length_m) == [500, 1000] and network.graph.backward.all()


def test_a_profile_refuses_speeds_of_zero_and_fields_it_does_not_know():
    with pytest.raises(ValidationError):
        RoadProfile(speeds_kmh={"main": 0})
    with pytest.raises(ValidationError):
        RoadProfile(speeds_kmh={"main": 50}, colour="red")


# --- snapping ---


def test_a_point_meets_the_nearest_place_of_the_nearest_road():
    network = build_network(roads((km((0, 0), (1, 0)), "main"), (km((0, 1), (1, 1)), "main")), PROFILE)
    found = snap(network, at((250, 30), (250, 990)))
    assert network.graph.row[found.edge].tolist() == [0, 1]
    assert found.fraction == pytest.approx([0.25, 0.25])
    assert found.access_m == pytest.approx([30, 10])
    assert found.foot_xy == pytest.approx(at((250, 0), (250, 1000)))


def test_a_point_beyond_the_limit_has_no_edge_but_knows_how_far_the_road_is():
    result = trips(roads((km((0, 0), (1, 0)), "main")), at((500, 0), (500, 2001)))
    assert result.snap.edge[1] == -1 and result.snap.access_m[1] == pytest.approx(2001)
    matrix = od_matrix(result)
    assert matrix.reason(0, 1) == matrix.reason(1, 0) == "off_network"
    assert np.isinf(matrix.distance_m[0, 1]) and matrix.destination_access_m[1] == pytest.approx(2001)
    assert list(paths(result, [(0, 1)])) == [None]


def test_a_stray_piece_of_road_can_be_left_aside():
    lines = roads((km((0, 0), (5, 0)), "main"), ([(100, 100), (200, 100)], "main"))
    points = at((150, 100), (4000, 0))
    assert od_matrix(trips(lines, points)).reason(0, 1) == "no_road"
    assert od_matrix(trips(lines, points, least_share=0.5)).distance_m[0, 1] == pytest.approx(100 + 3850)


def test_nobody_lives_on_a_road_without_access():
    """The main road passes 10 m off, the lane 300 m: the farm takes the lane."""
    lines = roads((km((0, 0), (5, 0)), "main"), ([(0, 310), (5000, 310)], "lane"))
    farm = at((2000, 10))
    profile = RoadProfile(speeds_kmh=PROFILE.speeds_kmh, no_access_classes=("main",))
    found = snap(build_network(lines, profile), farm)
    assert found.access_m[0] == pytest.approx(300)


def test_a_point_that_is_no_number_is_refused():
    with pytest.raises(ProblemError):
        trips(roads((km((0, 0), (1, 0)), "main")), at((float("nan"), 0)))


# --- trips ---


def test_a_trip_is_access_road_and_access():
    result = od_matrix(trips(roads((km((0, 0), (1, 0)), "main")), at((100, 50), (900, -20))))
    assert result.distance_m[0, 1] == pytest.approx(50 + 800 + 20)
    assert result.duration_s[0, 1] == pytest.approx(48 + 70 * 0.36)


def test_a_point_to_itself_and_to_its_like_is_nothing():
    result = od_matrix(trips(roads((km((0, 0), (1, 0)), "main")), at((100, 50), (100, 50), (0, 9000), (0, 9000))))
    assert result.distance_m[0, 1] == result.duration_s[0, 0] == result.distance_m[2, 2] == result.distance_m[2, 3] == 0
    assert result.reason(2, 2) == ""


def test_the_distance_is_that_of_the_fastest_way_not_of_the_shortest():
    lines = roads((km((0, 0), (1, 0)), "lane"), (km((0, 0), (0.5, 0.5), (1, 0)), "main"))
    result = od_matrix(trips(lines, at((0, 0), (1000, 0))))
    assert result.distance_m[0, 1] == pytest.approx(1000 * 2**0.5)
    assert result.duration_s[0, 1] == pytest.approx(60 * 2**0.5)


def test_of_two_equally_fast_ways_the_shorter_counts_from_either_side():
    # 1 km at 30 km/h, or 2 km at 60 km/h
    lines = roads((km((0, 0), (1, 0)), "lane"), (km((0, 0), (0, 0.5), (1, 0.5), (1, 0)), "main"))
    result = trips(lines, at((0, 0), (1000, 0), (1000, 0)))
    assert od_matrix(result, [0], [1, 2]).distance_m == pytest.approx(np.array([[1000, 1000]]))
    assert od_matrix(result, [1, 2], [0]).distance_m == pytest.approx(np.array([[1000], [1000]]))


def test_parallel_edges_are_kept_and_the_faster_is_driven():
    lines = roads((km((0, 0), (1, 0)), "lane"), (km((1, 0), (0, 0)), "main"), (km((0, 0), (1, 0)), "lane"))
    result = trips(lines, at((0, 0), (1000, 0)))
    assert len(result.network.graph.tail) == 2 and result.network.graph.ignored["duplicate"] == 1
    assert od_matrix(result).duration_s[0, 1] == pytest.approx(60)


def test_a_road_drawn_once_for_each_way_can_be_left_both_ways():
    lines = roads((km((0, 0), (1, 0)), "main", "forward"), (km((1, 0), (0, 0)), "main", "forward"))
    result = od_matrix(trips(lines, at((250, 0), (750, 0))))
    assert result.distance_m == pytest.approx(np.array([[0, 500], [500, 0]]))


def test_going_back_on_a_one_way_street_leads_round_the_block():
    lines = roads((km((0, 0), (1, 0)), "main", "forward"), (km((1, 0), (1, 1), (0, 1), (0, 0)), "main", "forward"))
    result = od_matrix(trips(lines, at((250, 0), (750, 0))))
    assert result.distance_m[0, 1] == pytest.approx(500)
    assert result.distance_m[1, 0] == pytest.approx(3500)


def test_backward_means_against_the_drawing():
    result = od_matrix(trips(roads((km((0, 0), (1, 0)), "main", "backward")), at((250, 0), (750, 0))))
    assert result.distance_m[1, 0] == pytest.approx(500)
    assert result.reason(0, 1) == "one_way"


def test_a_point_at_a_junction_stands_on_all_its_roads():
    # Nearest to the head of a one-way street: it may leave by the two-way road there.
    lines = roads((km((0, 0), (1, 0)), "main", "forward"), (km((1, 0), (2, 0)), "main"))
    result = od_matrix(trips(lines, at((1000, 10), (1500, 0))))
    assert result.distance_m == pytest.approx(np.array([[0, 510], [510, 0]]))


def test_a_limit_counts_the_access_legs_and_names_itself():
    lines = roads((km((0, 0), (5, 0)), "main"), (km((5, 0), (9, 0)), "main", "forward"))
    result = trips(lines, at((0, 100), (1000, 0), (9000, 0)))
    cut = od_matrix(result, limit_s=95.9)
    assert cut.duration_s[1, 1] == 0 and cut.reason(0, 1) == "beyond_limit"  # 60 + 36 s
    assert od_matrix(result, limit_s=96.1).duration_s[0, 1] == pytest.approx(96)
    assert (cut.reason(0, 2), cut.reason(2, 0)) == ("beyond_limit", "one_way")
    assert cut.reasons() == {"one_way": 2, "beyond_limit": 4}


def test_without_one_ways_there_and_back_are_the_same():
    rng = np.random.default_rng(3)
    grid = [([(i * 100, 0), (i * 100, 500)], "lane") for i in range(6)]
    cross = [([(k * 100, j * 100) for k in range(6)], "main") for j in range(6)]
    columns = [([(i * 100, j * 100) for j in range(6)], "lane") for i in range(6)]
    result = od_matrix(
        trips(
            roads(*grid, *cross, *columns),
            FAR + rng.uniform(0, 500, (30, 2)),
        )
    )
    assert np.isfinite(result.duration_s).all()
    np.testing.assert_allclose(result.duration_s, result.duration_s.T)


def test_no_points_and_no_roads_give_empty_answers():
    empty = trips(roads((km((0, 0), (1, 0)), "main")), np.zeros((0, 2)))
    assert od_matrix(empty).distance_m.shape == (0, 0) and list(paths(empty, [])) == []
    nothing = trips(roads((km((0, 0), (1, 0)), "footway")), at((0, 0), (1, 1)))
    assert nothing.network.report().length_km == 0
    assert od_matrix(nothing).reason(0, 1) == "off_network"


def test_progress_is_told_to_the_end():
    steps = []
    lines = roads((km((0, 0), (1, 0)), "main"))
    od_matrix(
        trips(lines, at((100, 0), (200, 0), (300, 0))),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps[-1] == (3, 3)


# --- paths ---


def test_a_path_is_drawn_along_the_road_and_names_what_it_passes():
    lines = roads(
        (km((0, 0), (1, 0), (2, 0)), "main"),
        (km((2, 2), (2, 0)), "lane"),
        (km((1, 0), (1, 9)), "lane"),
        name=["High St", "Mill Lane", None],
    )
    (path,) = paths(trips(lines, at((500, 10), (2000, 1000), (700, 0))), [(0, 1)])
    assert path is not None
    assert path.xy == pytest.approx(at((500, 10), (500, 0), (1000, 0), (2000, 0), (2000, 1000)))
    assert path.roads == ("High St", "Mill Lane")
    assert path.km_by_class == pytest.approx({"main": 1.5, "lane": 1.0})
    assert (path.distance_m, path.duration_s, path.access_m) == pytest.approx((2510, 90 + 120 + 3.6, 10))


def test_a_path_to_the_same_place_is_a_line_of_no_length():
    (path,) = paths(trips(roads((km((0, 0), (1, 0)), "main")), at((100, 50))), [(0, 0)])
    assert path is not None and path.xy.shape == (2, 2) and path.distance_m == 0


def test_two_points_over_one_place_of_the_road_meet_there():
    result = trips(roads((km((0, 0), (1, 0)), "main")), at((100, 50), (100, -30)))
    (path,) = paths(result, [(0, 1)])
    assert path is not None and path.xy == pytest.approx(at((100, 50), (100, 0), (100, -30)))
    assert od_matrix(result).distance_m[0, 1] == pytest.approx(80) == path.distance_m
