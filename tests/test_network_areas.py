"""What lies within a time, which facility is nearest, and what hangs on a road: by pencil, and against the matrix.

60 km/h is 1000 m a minute: a main road of 1 km takes 60 s; a metre of straight access (10 km/h) 0.36 s.
"""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import shapely
from test_network_oracle import PROFILE as SHAKEN
from test_network_oracle import scatter, tangle

from gis_wufei.errors import ProblemError
from gis_wufei.network import (
    RoadProfile,
    TurnBans,
    build_network,
    cut_off,
    facility_removal,
    nearest,
    network_of,
    od_matrix,
    od_pairs,
    pair_criticality,
    prepare,
    road_criticality,
    served,
    service_areas,
    snap,
)

PROFILE = RoadProfile(speeds_kmh={"main": 60, "lane": 30})
CRS = "EPSG:32650"


def roads(*rows, **columns):
    """Roads from (coordinates in metres, class, oneway)."""
    table = {"class": [row[1] for row in rows], "oneway": [row[2] if len(row) > 2 else "no" for row in rows]}
    return gpd.GeoDataFrame({**table, **columns}, geometry=[shapely.LineString(row[0]) for row in rows], crs=CRS)


def trips(lines, *xy):
    network = build_network(lines, PROFILE)
    return prepare(network, snap(network, np.array(xy, dtype=float)))


def told(areas):
    """{(edge, from, to): band} of the first point."""
    part = slice(areas.first[0], areas.first[1])
    ends = zip(areas.edge[part], areas.start[part].round(6), areas.stop[part].round(6), areas.band[part], strict=True)
    return {(int(e), float(a), float(b)): int(band) for e, a, b, band in ends}


# --- service areas ---


def test_a_place_on_a_road_reaches_both_ways_and_ends_inside_edges():
    # 0 m ===== 400 (place) ============ 1000 m --- 2000 m; 24 s are 400 m, 48 s are 800 m
    lines = roads(([(0, 0), (1000, 0)], "main"), ([(1000, 0), (2000, 0)], "main"))
    lines = gpd.GeoDataFrame(lines.assign(k=0), crs=CRS)
    areas = service_areas(trips(lines, (400, 0)), [0], [24, 48])
    assert told(areas) == {(0, 0.0, 0.4): 0, (0, 0.4, 0.8): 0, (0, 0.8, 1.0): 1, (1, 0.0, 0.2): 1}
    np.testing.assert_allclose(areas.metres, [[800, 1200]])


def test_the_straight_leg_takes_its_time_first():
    lines = roads(([(0, 0), (1000, 0)], "main"))
    away = trips(lines, (400, 100))  # 100 m of leg are 36 s
    assert service_areas(away, [0], [30]).metres.tolist() == [[0]]
    np.testing.assert_allclose(service_areas(away, [0], [42]).metres, [[200]])


def test_a_one_way_is_reached_along_it_only_and_arrived_from_against_it():
    lines = roads(([(0, 0), (1000, 0)], "main", "forward"))
    one = trips(lines, (400, 0))
    assert told(service_areas(one, [0], [12])) == {(0, 0.4, 0.6): 0}
    assert told(service_areas(one, [0], [12], "to")) == {(0, 0.2, 0.4): 0}


def test_two_fronts_meet_inside_an_edge_and_share_it_out():
    # A ring of 4 x 1 km; the opposite edge is reached from both sides: its middle lies 120 + 30 s away.
    ring = roads(([(0, 0), (1000, 0)], "main"), ([(1000, 0), (1000, 1000)], "main"),
                 ([(1000, 1000), (0, 1000)], "main"), ([(0, 1000), (0, 0)], "main"))  # fmt: skip
    areas = service_areas(trips(ring, (500, 0)), [0], [105, 120, 200])
    far = {key: band for key, band in told(areas).items() if key[0] == 2}
    assert far == {(2, 0.0, 0.25): 0, (2, 0.75, 1.0): 0, (2, 0.25, 0.5): 1, (2, 0.5, 0.75): 1} or far == {
        (2, 0.0, 0.25): 0, (2, 0.75, 1.0): 0, (2, 0.25, 0.75): 1}  # fmt: skip
    np.testing.assert_allclose(areas.metres, [[3500, 4000, 4000]])


def test_a_truck_that_stops_at_its_kerb_leaves_one_way_and_others_pass_the_house():
    # The house stands south of a road to the east: on the right going east; 10 m of leg are 3.6 s.
    lines = roads(([(0, 0), (1000, 0)], "main"), ([(1000, 0), (1000, 1000), (0, 1000), (0, 0)], "main"))
    network = build_network(lines, PROFILE)
    kept = prepare(network, snap(network, np.array([[400.0, -10.0]])), kerb="right")
    assert told(service_areas(kept, [0], [15.6])) == {(0, 0.4, 0.6): 0}
    assert told(service_areas(kept, [0], [15.6], "to")) == {(0, 0.2, 0.4): 0}
    # Round the block, 3600 m later, it drives west past its own house.
    assert service_areas(kept, [0], [300]).metres.tolist() == [[pytest.approx(4000)]]


def test_a_banned_turn_is_not_driven_into():
    #  A 1000 m B; from B a lane north and one east; coming from A the turn north is banned.
    lines = roads(([(0, 0), (1000, 0)], "main"), ([(1000, 0), (1000, 1000)], "main"), ([(1000, 0), (2000, 0)], "main"))
    graph = build_network(lines, PROFILE).graph
    ban = TurnBans(np.array([0, 2]), np.array([0, 1]), np.array([True, True]))
    network = network_of(dataclasses.replace(graph, turns=ban), PROFILE)
    areas = service_areas(prepare(network, snap(network, np.array([[500.0, 0.0]]))), [0], [60])
    assert told(areas) == {(0, 0.0, 0.5): 0, (0, 0.5, 1.0): 0, (2, 0.0, 0.5): 0}
    back = service_areas(prepare(network, snap(network, np.array([[1000.0, 500.0]]))), [0], [60], "to")
    assert 0 not in back.edge and set(back.edge) == {1, 2}


@pytest.mark.parametrize("direction", ["from", "to"])
@pytest.mark.parametrize("seed", range(8))
def test_every_place_on_every_edge_lies_in_the_band_of_its_time(seed, direction):
    lines = tangle(seed)
    network = build_network(lines, SHAKEN)
    first = snap(network, scatter(lines, seed))
    n, graph, rng = len(first.edge), network.graph, np.random.default_rng(seed)
    edge, share = rng.integers(0, len(graph.tail), 150), rng.random(150)
    alone = graph.twins[edge] < 0  # on a road drawn twice each copy is reached in its own time
    edge, share = edge[alone], share[alone]
    xy = shapely.get_coordinates(shapely.line_interpolate_point(graph.lines[edge], share, normalized=True))
    none = np.zeros(len(edge))
    more = {"xy": xy, "edge": edge, "fraction": share, "access_m": none, "foot_xy": xy, "side": none.astype(np.int8)}
    both = dataclasses.replace(
        first, **{name: np.concatenate([getattr(first, name), new]) for name, new in more.items()}
    )
    ready = prepare(network, both)
    places, breaks = np.arange(n, n + len(edge)), (20.0, 60.0, 150.0)
    seconds = od_matrix(ready, np.arange(n), places).duration_s
    if direction == "to":
        seconds = od_matrix(ready, places, np.arange(n)).duration_s.T
    right = np.searchsorted(breaks, seconds)
    areas = service_areas(ready, np.arange(n), breaks, direction)
    found = np.full(seconds.shape, len(breaks))
    for i in range(n):
        part = slice(areas.first[i], areas.first[i + 1])
        inside = (areas.edge[part][:, None] == edge) & (areas.start[part][:, None] <= share)
        inside &= share <= areas.stop[part][:, None]
        assert (inside.sum(axis=0) <= 1).all()
        piece, place = np.nonzero(inside)
        found[i, place] = areas.band[part][piece]
    assert (found == right).all() and (right < 3).mean() > 0.1


def test_the_polygon_holds_what_is_reached_and_nothing_far_from_it():
    lines = tangle(4)
    network = build_network(lines, SHAKEN)
    ready = prepare(network, snap(network, scatter(lines, 4)))
    areas = service_areas(ready, np.arange(5), [10, 25, 60])
    land = areas.polygons(15.0)
    pieces = areas.lines()
    assert set(land["point"]) == set(range(5))
    for row in land.itertuples():
        mine = pieces[(pieces["point"] == row.point) & (pieces["within_s"] <= row.within_s)]
        assert row.geometry.buffer(1e-9).covers(shapely.union_all(mine.geometry))
        middle = shapely.line_interpolate_point(network.graph.lines, 0.5, normalized=True)
        far = shapely.distance(middle, shapely.union_all(mine.geometry)) > 15.0
        assert far.any() and not shapely.intersects(row.geometry, middle[far]).any()
    whole = areas.polygons(15.0, dissolve=True)
    for within, union in zip(whole["within_s"], whole.geometry, strict=True):
        each = shapely.union_all(land[land["within_s"] == within].geometry)
        assert union.buffer(1e-6).covers(each)
    for small, large in zip(whole.geometry, whole.geometry[1:], strict=False):
        assert large.buffer(1e-6).covers(small)


def test_a_gap_without_roads_is_filled_and_one_with_a_road_is_not():
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    bare = service_areas(trips(roads((ring, "main")), (0, 0)), [0], [60]).polygons(20.0, gap_m=40.0)
    assert len(bare.geometry[0].interiors) == 0
    assert len(service_areas(trips(roads((ring, "main")), (0, 0)), [0], [60]).polygons(20.0).geometry[0].interiors) == 1
    lane = roads((ring, "main"), ([(40, 50), (60, 50)], "lane"))
    kept = service_areas(trips(lane, (0, 0)), [0], [60]).polygons(20.0, gap_m=40.0)
    assert len(kept.geometry[0].interiors) == 1


def test_people_are_counted_at_their_doors_once_for_the_union():
    # Points at 0 and 2000 m, places at 500, 1000 and 2000 m; 60 s are 1000 m
    lines = roads(([(0, 0), (2000, 0)], "main"))
    ready = trips(lines, (0, 0), (2000, 0), (500, 0), (1000, 0), (2000, 50))
    found = served(ready, [0, 1], [2, 3, 4], [100, 10, 1], [30, 61])
    assert found.by_point.to_numpy().tolist() == [[100, 110], [1, 11]]
    assert found.union.tolist() == [101, 111] and found.overlap.tolist() == [0, 10] and found.total == 111
    np.testing.assert_allclose(found.duration_s, [30, 60, 18])
    assert found.point.tolist() == [0, 0, 1]


@pytest.mark.parametrize("breaks", [[], [60, 30], [-1], [float("nan")], [30, 30]])
def test_breaks_that_make_no_sense_are_refused(breaks):
    with pytest.raises(ProblemError):
        service_areas(trips(roads(([(0, 0), (1000, 0)], "main")), (0, 0)), [0], breaks)


# --- nearest ---


def test_the_nearest_facility_depends_on_the_way_one_goes():
    # 0 === 1000 === 2000, the left half one-way eastward
    lines = roads(([(0, 0), (1000, 0)], "main", "forward"), ([(1000, 0), (2000, 0)], "main"))
    ready = trips(lines, (900, 0), (700, 0), (1500, 0))
    assert nearest(ready, [0], [1, 2]).facility.tolist() == [[1]]
    assert nearest(ready, [0], [1, 2], direction="from").facility.tolist() == [[0]]
    assert nearest(ready, [2], [0, 1]).reason(0) == "one_way"


def test_a_long_road_beside_a_short_one_keeps_its_seconds():
    """A house in the middle of a loop road far longer than any way between two junctions."""
    lines = roads(([(0, 0), (1000, 0)], "main"), ([(0, 0), (0, 40_000), (1000, 40_000), (1000, 0)], "main"))
    ready = trips(lines, (0, 0), (500, 40_000))
    assert od_matrix(ready).duration_s[0, 1] == pytest.approx(2430)
    assert nearest(ready, [1], [0]).duration_s[0, 0] == pytest.approx(2430)


@pytest.fixture(scope="module", params=range(8))
def case(request):
    lines = tangle(request.param)
    network = build_network(lines, SHAKEN)
    return request.param, lines, prepare(network, snap(network, scatter(lines, request.param)))


@pytest.mark.parametrize("direction", ["to", "from"])
def test_the_nearest_are_the_least_cells_of_the_matrix(case, direction):
    seed, _, ready = case
    matrix, n = od_matrix(ready), len(ready.snap.edge)
    for size in (1, 3, 7):
        goal = np.random.default_rng(seed).choice(n, size, replace=False)
        seconds = matrix.duration_s[:, goal] if direction == "to" else matrix.duration_s[goal].T
        metres = matrix.distance_m[:, goal] if direction == "to" else matrix.distance_m[goal].T
        one = nearest(ready, np.arange(n), goal, 1, direction)
        all_of_them = nearest(ready, np.arange(n), goal, size, direction)
        np.testing.assert_allclose(all_of_them.duration_s, np.sort(seconds, axis=1))
        np.testing.assert_allclose(one.duration_s, all_of_them.duration_s[:, :1], atol=1e-5)
        found = one.facility[:, 0] >= 0
        chosen = one.facility[found, 0]
        np.testing.assert_allclose(seconds[found, chosen], one.duration_s[found, 0], atol=1e-9)
        np.testing.assert_allclose(metres[found, chosen], one.distance_m[found, 0], atol=1e-9)
        assert (found == np.isfinite(seconds).any(axis=1)).all() and ((one.why > 0) == ~found).all()


def test_pairs_within_a_limit_are_the_finite_cells_of_the_matrix(case):
    _, _, ready = case
    whole = od_matrix(ready, limit_s=60.0)
    pairs = od_pairs(ready, limit_s=60.0)
    row, col = np.nonzero(np.isfinite(whole.duration_s))
    assert (pairs.row == row).all() and (pairs.col == col).all()
    np.testing.assert_allclose(pairs.duration_s, whole.duration_s[row, col])
    np.testing.assert_allclose(pairs.distance_m, whole.distance_m[row, col])
    few = od_pairs(ready, destinations=np.arange(5), nearest_k=2)
    best = np.sort(od_matrix(ready, destinations=np.arange(5)).duration_s, axis=1)[:, :2]
    assert sorted(few.duration_s) == pytest.approx(sorted(best[np.isfinite(best)]))
    assert np.bincount(few.row).max() == 2


# --- what hangs on a road or a facility ---


def test_the_only_bridge_is_the_most_critical_road():
    #  plant 0 --- 1000 ===bridge=== 1100 --- 2000, places with 5 and 3 t behind it, 7 t before it
    main = [([(0, 0), (1000, 0)], "main"), ([(1000, 0), (1100, 0)], "main"), ([(1100, 0), (2000, 0)], "main")]
    lanes = [([(1100, 0), (1100, 900)], "lane"), ([(1000, 0), (1000, 500)], "lane")]
    lines = roads(*main, *lanes, name=list("ABCDE"))
    ready = trips(lines, (0, 0), (2000, 0), (1100, 900), (1000, 500))
    found = road_criticality(ready, [1, 2, 3], [0], [5, 3, 7], by="road")
    assert found.table.loc[1, ["weight", "cut_off", "cut_off_weight"]].tolist() == [8, 2, 8]
    assert found.table["name"].iloc[0] == "A" and found.table.loc[0, "cut_off_weight"] == 15
    assert found.cut_off[found.cut_off["road"] == 1]["place"].tolist() == [1, 2]


def test_who_can_go_round_loses_only_the_detour():
    # 1 km straight, 3 km round: 120 s more, for 4 t
    lines = roads(([(0, 0), (1000, 0)], "main"), ([(0, 0), (0, 1000), (1000, 1000), (1000, 0)], "main"))
    ready = trips(lines, (0, 0), (1000, 0))
    row = road_criticality(ready, [1], [0], [4]).table.loc[0]
    assert row["extra_weight_s"] == pytest.approx(480) and row["longest_extra_s"] == pytest.approx(120)
    assert row["cut_off"] == 0 and pair_criticality(ready, [(1, 0)]).table.loc[0, "extra_weight_s"] == pytest.approx(
        120
    )


@pytest.mark.parametrize("by", ["edge", "road"])
@pytest.mark.parametrize("direction", ["to", "from"])
def test_each_closing_costs_what_a_network_without_that_road_tells(case, direction, by):
    seed, lines, ready = case
    network, n, rng = ready.network, len(ready.snap.edge), np.random.default_rng(seed)
    goal, weight = rng.choice(n, 2, replace=False), rng.uniform(1, 5, n)
    before = nearest(ready, np.arange(n), goal, 1, direction).duration_s[:, 0]
    table = road_criticality(ready, np.arange(n), goal, weight, direction, by).table
    size = len(network.graph.tail) if by == "edge" else len(lines)
    for closed in range(size):
        shut = np.arange(size) == closed if by == "edge" else [closed]
        without = prepare(network_of(network.graph, SHAKEN, shut), ready.snap)
        after = nearest(without, np.arange(n), goal, 1, direction).duration_s[:, 0]
        lost = np.isfinite(before) & np.isinf(after)
        stays = np.isfinite(after)
        extra = float((weight[stays] * (after[stays] - before[stays])).sum())
        if closed in table.index:
            row = table.loc[closed]
            assert row["extra_weight_s"] == pytest.approx(extra, abs=1e-3)
            assert row["cut_off"] + row["on_it"] == lost.sum()
        else:
            assert extra == pytest.approx(0, abs=1e-3) and not lost.any()


def test_pairs_lose_what_the_matrix_without_the_road_tells(case):
    seed, _, ready = case
    network, n = ready.network, len(ready.snap.edge)
    pairs = np.random.default_rng(seed).integers(0, n, (30, 2))
    before = od_matrix(ready).duration_s[pairs[:, 0], pairs[:, 1]]
    table = pair_criticality(ready, pairs).table
    for closed in table.index:
        without = network_of(network.graph, SHAKEN, np.arange(len(network.graph.tail)) == closed)
        after = od_matrix(prepare(without, ready.snap)).duration_s[pairs[:, 0], pairs[:, 1]]
        stays = np.isfinite(after)
        assert table.loc[closed, "extra_weight_s"] == pytest.approx((after[stays] - before[stays]).sum(), abs=1e-3)
        lost = np.isfinite(before) & np.isinf(after)
        assert table.loc[closed, "cut_off"] + table.loc[closed, "on_it"] == lost.sum()


def test_a_lost_facility_sends_its_places_to_the_next_or_nowhere():
    # plants at 0 and 2000; a third on an island; places at 500 and on the island
    lines = roads(([(0, 0), (2000, 0)], "main"), ([(0, 5000), (1000, 5000)], "main"))
    ready = trips(lines, (0, 0), (2000, 0), (0, 5000), (500, 0), (1000, 5000))
    table, who = facility_removal(ready, [3, 4], [0, 1, 2], [2, 9])
    assert table["extra_weight_s"].tolist() == pytest.approx([2 * 60, 0, 0])
    assert table["cut_off_weight"].tolist() == [0, 0, 9]
    assert who["next_facility"].tolist() == [1, -1] and who["extra_s"].tolist() == [pytest.approx(60), np.inf]


def test_a_closed_gully_crossing_tells_whom_it_cuts_off():
    lines = roads(([(0, 0), (1000, 0)], "main"), ([(1000, 0), (1100, 0)], "lane"), ([(1100, 0), (2000, 0)], "main"))
    points = np.array([[0.0, 0.0], [900.0, 0.0], [2000.0, 0.0]])
    graph = build_network(lines, PROFILE).graph
    ways = [network_of(graph, PROFILE, closed) for closed in ((), [1])]
    table = cut_off(*(prepare(way, snap(way, points)) for way in ways), [1, 2], [0])
    assert table["cut_off"].tolist() == [False, True] and table["extra_s"].tolist() == [0, np.inf]
