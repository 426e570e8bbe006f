"""Dirty lines become one network, true dead ends stay: each property by pencil.

All roads are straight pieces of some hundred metres; a gap of a metre is an error of drawing, one of thirty is not.
"""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from gis_wufei.errors import InputError, ProblemError
from gis_wufei.network.gaps import MOST_M, USUAL_M, tolerance
from gis_wufei.network.lines import read_lines
from gis_wufei.network.oneway import read_oneway
from gis_wufei.network.qa import KINDS

FAR = np.array([500_000.0, 4_000_000.0])  # a usual place in a projected system: large numbers must not hurt


def roads(*shapes, crs="EPSG:32650", **columns):
    lines = [shapely.transform(shapely.LineString(shape), lambda xy: xy + FAR) for shape in shapes]
    return gpd.GeoDataFrame({"class": "main", **columns}, index=range(len(lines)), geometry=lines, crs=crs)


def pieces(graph):
    size = len(graph.node_xy)
    edges = coo_matrix((np.ones(len(graph.tail)), (graph.tail, graph.head)), shape=(size, size))
    return connected_components(edges, directed=False)[0]


def way(graph, a, b):
    """Length of the shortest way between the nodes nearest to two places."""
    size = len(graph.node_xy)
    low, high = np.minimum(graph.tail, graph.head), np.maximum(graph.tail, graph.head)
    edges = pd.Series(graph.length_m).groupby([low, high]).min()
    at = edges.index.to_frame().to_numpy().T
    matrix = coo_matrix((edges.to_numpy(), (at[0], at[1])), shape=(size, size)).tocsr()
    start, stop = (np.hypot(*(graph.node_xy - FAR - place).T).argmin() for place in (a, b))
    return dijkstra(matrix, directed=False, indices=start)[stop]


def told(graph, kind):
    return graph.mended[graph.mended["kind"] == kind]


CROSS = [(0, 0), (200, 0)], [(100, -100), (100, 100)]


# --- what meets ---


def test_lines_meet_at_shared_vertices_and_a_clean_layer_is_left_as_it_is():
    graph = read_lines(roads([(0, 0), (100, 0), (200, 0)], [(100, 0), (100, 90)]))
    assert sorted(graph.length_m) == pytest.approx([90, 100, 100])
    assert graph.mended.empty and graph.ignored["duplicate"] == 0


def test_vertices_in_the_same_centimetre_are_one():
    graph = read_lines(roads([(0, 0), (100, 0)], [(100.004, 0.004), (200, 0)]))
    assert pieces(graph) == 1 and len(graph.node_xy) == 3 and graph.mended.empty


def test_an_end_on_the_bare_middle_of_a_line_is_a_junction():
    graph = read_lines(roads([(0, 0), (200, 0)], [(100, 0), (100, 90)]), tolerance_m=0)
    assert len(graph.tail) == 3 and way(graph, (0, 0), (100, 90)) == pytest.approx(190)


def test_two_lines_that_end_together_on_the_middle_of_a_third_meet_it():
    graph = read_lines(roads([(0, 0), (200, 0)], [(100, 0), (100, 90)], [(100, 0), (100, -90)]))
    assert pieces(graph) == 1 and len(graph.tail) == 4


# --- gaps ---


@pytest.mark.parametrize(
    ("other", "size"),
    [
        ([(101, 0), (200, 0)], 1.0),  # another end
        ([(100.6, 0.8), (200, 50)], 1.0),  # another end, askew
        ([(101.5, -80), (101.5, 80)], 1.5),  # the middle of a line
        ([(101.2, -80), (101.2, 0), (101.2, 80)], 1.2),  # a vertex of a line
        ([(99, -80), (99, 80)], 1.0),  # a line that it overshoots
    ],
)
def test_an_end_that_stops_short_of_an_end_a_vertex_or_a_line_is_joined_to_it(other, size):
    graph = read_lines(roads([(0, 0), (100, 0)], other))
    assert pieces(graph) == 1
    (row,) = told(graph, "gap_closed").itertuples()
    assert row.size_m == pytest.approx(size) and {row.row, row.other_row} == {0, 1}
    assert np.hypot(row.x - FAR[0] - 100, row.y - FAR[1]) < 2


def test_ends_of_four_lines_around_one_point_become_one_junction():
    ends = [(99.4, 0.3), (100.5, 0.2), (100.1, 0.7), (99.9, -0.6)]
    feet = [(0, 0), (200, 0), (100, 100), (100, -100)]
    graph = read_lines(roads(*zip(feet, ends, strict=True)))
    assert pieces(graph) == 1 and len(graph.node_xy) == 5 and len(graph.tail) == 4


def test_ends_on_both_sides_of_a_road_meet_on_the_road():
    graph = read_lines(roads([(0, 0), (100, 0), (200, 0)], [(100, 90), (100, 0.8)], [(100, -90), (100, -0.9)]))
    assert len(graph.node_xy) == 5 and (graph.degree == 4).sum() == 1
    assert way(graph, (100, 90), (100, -90)) == pytest.approx(180)


def test_a_dead_end_thirty_metres_from_a_road_stays_one():
    graph = read_lines(roads([(0, 0), (200, 0)], [(100, 30), (100, 90)]))
    assert pieces(graph) == 2 and told(graph, "gap_closed").empty


def test_an_end_just_beyond_the_tolerance_is_a_near_miss_and_left_open():
    graph = read_lines(roads([(0, 0), (200, 0)], [(100, 6), (100, 90)]), tolerance_m=2)
    (row,) = graph.mended.itertuples()
    assert (row.kind, row.row, row.other_row) == ("near_miss", 1, 0) and row.size_m == pytest.approx(6)
    assert pieces(graph) == 2


def test_an_end_that_a_short_way_round_joins_already_is_not_joined_again():
    #   a stub of 3 m from the road, bent back towards it to within 1 m: way round 5 m, gap 1 m ... 4 times are enough
    graph = read_lines(roads([(0, 0), (100, 0), (200, 0)], [(100, 0), (101, 2), (102, 1)]))
    assert graph.mended.empty and len(graph.tail) == 3


def test_a_true_short_edge_is_not_collapsed():
    graph = read_lines(roads([(0, 0), (100, 0), (101, 0), (200, 0)], [(100, 0), (100, 90)], [(101, 0), (101, -90)]))
    assert sorted(graph.length_m)[0] == pytest.approx(1.0) and graph.mended.empty


def test_the_two_ends_of_one_short_line_are_not_joined_to_each_other():
    graph = read_lines(roads([(0, 0), (1.5, 0)], [(0, 500), (90, 500)]))
    assert sorted(graph.length_m) == pytest.approx([1.5, 90]) and told(graph, "gap_closed").empty


def test_a_short_line_between_two_others_is_joined_to_both_and_keeps_its_length():
    graph = read_lines(roads([(0, 0), (100, 0)], [(100.5, 0), (103, 0)], [(103.5, 0), (200, 0)]))
    assert pieces(graph) == 1 and way(graph, (0, 0), (200, 0)) == pytest.approx(200, abs=0.01)


def test_a_ring_that_does_not_quite_close_is_closed():
    graph = read_lines(roads([(0, 0), (100, 0), (100, 100), (0, 100), (0, 1)]))
    assert (graph.degree == 2).all() and len(told(graph, "gap_closed")) == 1


def test_no_gap_is_closed_where_the_tolerance_is_zero():
    graph = read_lines(roads([(0, 0), (100, 0)], [(100.5, 0), (200, 0)]), tolerance_m=0)
    assert pieces(graph) == 2


# --- the tolerance ---


def test_the_tolerance_is_the_usual_one_where_ends_tell_nothing():
    assert USUAL_M <= tolerance(np.array([])) <= USUAL_M * 1.1
    assert USUAL_M <= tolerance(np.array([0.3, 8.0])) <= USUAL_M * 1.1


def test_the_tolerance_grows_to_where_errors_end_and_dead_ends_begin():
    rng = np.random.default_rng(1)
    dead = rng.uniform(8, 50, 400)
    assert 4.5 <= tolerance(np.concatenate([rng.uniform(0.2, 5, 300), dead])) <= 6
    assert tolerance(np.concatenate([rng.uniform(0.2, 2, 300), dead])) <= 3
    assert tolerance(np.concatenate([rng.uniform(0.2, 30, 9000), dead])) <= MOST_M


# --- bridges ---


@pytest.mark.parametrize(
    "columns", [{"bridge": ["no", "yes"]}, {"tunnel": [None, "是"]}, {"layer": [0, 1]}, {"level": ["0", "-1"]}]
)
def test_a_bridge_over_a_road_is_no_junction_and_is_told_as_a_bridge(columns):
    for mode in ("keep", "split"):
        graph = read_lines(roads(*CROSS, **columns), crossings=mode)
        assert pieces(graph) == 2 and graph.mended["kind"].tolist() == ["bridge"]


def test_a_crossing_without_a_vertex_is_told_and_only_split_where_asked():
    kept, split = read_lines(roads(*CROSS)), read_lines(roads(*CROSS), crossings="split")
    (row,) = kept.mended.itertuples()
    assert row.kind == "crossing" and (row.x - FAR[0], row.y - FAR[1]) == pytest.approx((100, 0), abs=1e-6)
    assert pieces(kept) == 2 and len(kept.tail) == 2
    assert pieces(split) == 1 and len(split.tail) == 4
    assert split.mended["kind"].tolist() == ["crossing_split"]


def test_a_line_that_crosses_itself_and_ends_on_the_crossing_is_one_junction_there():
    graph = read_lines(roads([(0, 0), (200, 200), (100, 0), (100, 200), (100, 100)]), crossings="split")
    assert (graph.length_m > 1).all() and graph.degree.max() == 4


def test_an_end_on_a_bridge_is_not_joined_to_the_middle_of_the_road_below():
    graph = read_lines(roads([(0, 0), (200, 0)], [(100, 0.5), (100, 90)], bridge=["no", "yes"]))
    assert pieces(graph) == 2 and graph.mended["kind"].tolist() == ["near_miss"]


def test_a_bridge_is_joined_to_the_end_of_its_approach():
    graph = read_lines(roads([(0, 0), (100, 0)], [(101, 0), (200, 0)], bridge=["no", "yes"]))
    assert pieces(graph) == 1


# --- copies ---


def test_a_line_drawn_twice_either_way_is_kept_once():
    line = [(0, 0), (50, 5), (100, 0)]
    graph = read_lines(roads(line, line[::-1], name=["A", "B"]))
    assert len(graph.tail) == 1 and graph.ignored["duplicate"] == 1
    (row,) = graph.mended.itertuples()
    assert row.kind == "duplicate" and (row.row, row.other_row) == (1, 0)
    assert row.size_m == pytest.approx(graph.length_m.sum())


def test_a_line_that_another_contains_is_dropped_and_of_a_partial_copy_the_rest_stays():
    graph = read_lines(
        roads([(0, 0), (100, 0), (200, 0), (300, 0)], [(100, 0), (200, 0)], [(200, 0), (300, 0), (400, 0)])
    )
    assert graph.length_m.sum() == pytest.approx(400)
    assert told(graph, "duplicate")["size_m"].tolist() == pytest.approx([100, 100])
    assert graph.ignored["duplicate"] == 1


def test_copies_with_different_attributes_both_stay():
    line = [(0, 0), (100, 0)]
    graph = read_lines(roads(line, line, **{"class": ["main", "lane"]}))
    assert len(graph.tail) == 2


def test_a_road_drawn_once_for_each_way_stays_a_pair_of_twins():
    line = [(0, 0), (100, 0)]
    graph = read_lines(roads(line, line[::-1], oneway=["yes", "yes"]))
    assert len(graph.tail) == 2 and (graph.twins >= 0).all()
    again = read_lines(roads(line, line[::-1], oneway=["yes", "-1"]))  # the same way, told twice
    assert len(again.tail) == 1


def test_a_moved_copy_does_not_hide_that_its_end_dangles():
    line = [(0, 0), (99, 0)]
    graph = read_lines(roads(line, line, [(100, -90), (100, 90)]))
    assert pieces(graph) == 1 and len(graph.tail) == 3


# --- signs ---


@pytest.mark.parametrize(
    ("spelt", "ways"),
    [
        (["yes", "no", "-1", None, ""], ["forward", "no", "backward", "no", "no"]),
        ([1, 0, -1], ["forward", "no", "backward"]),
        ([1.0, np.nan, -1.0], ["forward", "no", "backward"]),
        ([True, False], ["forward", "no"]),
        (["B", "F", "T"], ["no", "forward", "backward"]),
        (["FT", "TF", "N", None], ["forward", "backward", "closed", "no"]),
        (["Y", "N"], ["forward", "no"]),
        (["是", "否", "单向", "双向"], ["forward", "no", "forward", "no"]),
        (["正向", "反向", "顺向", "逆向"], ["forward", "backward", "forward", "backward"]),
        (["0", "1", "2", "3"], ["no", "no", "forward", "backward"]),
        (["１", " Yes "], ["forward", "forward"]),
    ],
)
def test_one_way_signs_are_read_in_every_spelling(spelt, ways):
    assert read_oneway(pd.DataFrame({"oneway": pd.Series(spelt, dtype=object)})).tolist() == ways


@pytest.mark.parametrize("spelt", [["T", "F"], ["0", "1", "2"], ["perhaps", "sometimes"]])
def test_signs_with_two_readings_or_none_are_refused_all_at_once(spelt):
    with pytest.raises(InputError) as fault:
        read_lines(roads(*[[(0, k), (9, k)] for k in range(len(spelt))], oneway=spelt))
    assert {f.code for f in fault.value.faults} == {"E-NET-002"}
    assert all(f.text("zh") and f.rows_meant.numbers for f in fault.value.faults)
    assert len(fault.value.faults) == len([word for word in spelt if word not in "01"])


def test_a_roundabout_without_a_sign_is_driven_as_it_was_drawn():
    assert read_oneway(pd.DataFrame({"junction": ["roundabout", None]})).tolist() == ["forward", "no"]


def test_a_road_closed_both_ways_is_left_out_and_counted():
    graph = read_lines(roads(*CROSS, oneway=["FT", "N"]))
    assert graph.ignored["closed_both_ways"] == 1 and len(graph.tail) == 1


# --- layers as they come ---


def test_what_is_no_line_or_has_no_length_is_left_out_and_counted():
    layer = roads([(0, 0), (100, 0)], [(0, 50), (0.001, 50)], [(0, 9), (9, 9)], [(0, 19), (9, 19)], [(5, 5), (5, 5)])
    layer.loc[2, "geometry"] = None
    layer.loc[3, "geometry"] = shapely.Point(0, 0)
    graph = read_lines(layer)
    assert (graph.ignored["no_line"], graph.ignored["zero_length"], len(graph.tail)) == (2, 2, 1)


def test_a_layer_without_any_line_is_an_empty_graph():
    graph = read_lines(roads([(0, 0), (9, 0)]).iloc[:0])
    assert len(graph.tail) == len(graph.node_xy) == 0


def test_edges_keep_the_rows_of_the_layer_and_its_index():
    layer = roads([(0, 0), (200, 0)], [(100, 1), (100, 90)]).set_index(pd.Index(["a", "b"]))
    graph = read_lines(layer)
    assert sorted(graph.roads.index[graph.row]) == ["a", "a", "b"]
    assert told(graph, "gap_closed")[["row", "other_row"]].to_numpy().tolist() == [["b", "a"]]


def test_parts_and_heights_of_lines_are_taken_as_lines():
    shape = shapely.MultiLineString([[(0, 0, 9), (100, 0, 9)], [(100, 0, 8), (100, 50, 7)]])
    layer = gpd.GeoDataFrame({"class": ["main"]}, geometry=[shape], crs="EPSG:32650")
    assert sorted(read_lines(layer).length_m) == pytest.approx([50, 100])


@pytest.mark.parametrize(
    ("layer", "options", "word"),
    [
        (roads([(0, 0), (1, 0)], crs="EPSG:4326"), {}, "metres"),
        (roads([(0, 0), (1, 0)], crs=None), {}, "metres"),
        (roads([(0, 0), (1, 0)], crs="EPSG:2263"), {}, "metres"),  # US feet
        (roads([(0, 0), (1, 0)]).drop(columns="class"), {}, "class"),
        (roads([(0, 0), (1, 0)]), {"tolerance_m": -1}, "tolerance"),
        (roads([(0, 0), (1, 0)]), {"tolerance_m": float("nan")}, "tolerance"),
        (roads([(0, 0), (1, 0)]), {"crossings": "yes"}, "crossings"),
    ],
)
def test_a_layer_that_was_not_made_ready_is_refused_by_name(layer, options, word):
    with pytest.raises(ProblemError, match=word):
        read_lines(layer, **options)


# --- many roads at once ---


def grid(n=7, side=100.0):
    across = [[(side * i, side * j) for i in range(n)] for j in range(n)]
    return across + [[(side * i, side * j) for j in range(n)] for i in range(n)]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_town_cut_and_shaken_is_one_piece_with_true_lengths(seed):
    rng = np.random.default_rng(seed)
    shapes = []
    for street in grid():
        cuts = [0, *sorted(rng.choice(np.arange(1, 6), 2, replace=False)), 6]
        for a, b in itertools.pairwise(cuts):
            shape = np.array(street[a : b + 1], float)
            for end in (0, -1):
                if rng.random() < 0.3:
                    angle = rng.uniform(0, 2 * np.pi)
                    shape[end] += rng.uniform(0, 1.2) * np.array([np.cos(angle), np.sin(angle)])
            shapes.append(shape if rng.random() < 0.5 else shape[::-1])
    graph = read_lines(roads(*[shapes[k] for k in rng.permutation(len(shapes))]))
    assert pieces(graph) == 1
    assert way(graph, (0, 0), (600, 600)) == pytest.approx(1200, rel=0.01)


SPOT = st.tuples(st.integers(0, 12), st.integers(0, 12))


@settings(max_examples=60, deadline=None)
@given(
    shapes=st.lists(st.lists(SPOT, min_size=2, max_size=5), min_size=1, max_size=8),
    bridge=st.lists(st.booleans(), min_size=8, max_size=8),
    step=st.sampled_from([0.4, 1.0, 60.0]),
    crossings=st.sampled_from(["keep", "split"]),
    limit=st.sampled_from([None, 0.0, 1.0, 10.0]),
)
def test_whatever_is_drawn_becomes_a_graph_without_loops_or_edges_of_no_length(shapes, bridge, step, crossings, limit):
    layer = roads(*[np.array(shape) * step for shape in shapes], bridge=bridge[: len(shapes)])
    graph = read_lines(layer, tolerance_m=limit, crossings=crossings)
    assert (graph.tail != graph.head).all() and (graph.length_m > 0).all() and np.isfinite(graph.length_m).all()
    moved = told(graph, "gap_closed")["size_m"].sum() * len(shapes)  # each copy of a line is drawn out
    assert graph.length_m.sum() <= layer.length.sum() + moved + 0.02 * sum(map(len, shapes))
    assert set(graph.mended["kind"]) <= set(KINDS) and np.isfinite(graph.mended[["x", "y"]]).all(axis=None)
    assert pieces(graph) <= max(len(shapes), 1)


def test_the_order_of_the_rows_does_not_change_the_network():
    rng = np.random.default_rng(3)
    shapes = [np.array(street) + rng.uniform(-0.4, 0.4, (7, 2)) * [[1]] + [[1]] for street in grid()]
    a = read_lines(roads(*shapes))
    b = read_lines(roads(*shapes[::-1]))
    assert len(a.tail) == len(b.tail) and a.length_m.sum() == pytest.approx(b.length_m.sum(), abs=0.01)


@pytest.mark.parametrize("overshoot", [-0.6, 0.6])
def test_a_road_that_misses_the_end_of_a_bridge_by_a_little_is_joined_to_it(overshoot):
    graph = read_lines(roads([(0, 0), (100 + overshoot, 0)], [(100, 0), (200, 0)], bridge=["no", "yes"]))
    assert pieces(graph) == 1 and len(told(graph, "gap_closed")) == 1


def test_roads_of_openstreetmap_meet_in_a_vertex_or_not_at_all():
    """With an ``osm_id`` on every road a gap of half a metre stays open; it is told as a near miss."""
    frame = gpd.GeoDataFrame(
        {"class": ["main", "main"], "osm_id": ["w1", "w2"]},
        geometry=[shapely.LineString([(0, 0), (500, 0)]), shapely.LineString([(500.5, 0), (1000, 0)])],
        crs="EPSG:32650",
    )
    assert len(read_lines(frame).node_xy) == 4 and read_lines(frame).tolerance_m == 0
    assert len(read_lines(frame.drop(columns="osm_id")).node_xy) == 3
    assert len(read_lines(frame, tolerance_m=1.0).node_xy) == 3
