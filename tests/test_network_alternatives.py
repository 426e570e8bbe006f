"""Ways that are really different, ways of two costs, and the way in words: by pencil and by trying all."""

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
    alternatives,
    build_network,
    directions,
    front,
    network_of,
    od_matrix,
    paths,
    prepare,
    snap,
)

PROFILE = RoadProfile(speeds_kmh={"main": 60, "lane": 30, "village": 30})


def roads(*rows, **columns):
    table = {"class": [row[1] for row in rows], "oneway": [row[2] if len(row) > 2 else "no" for row in rows]}
    shapes = [shapely.LineString(row[0]) for row in rows]
    return gpd.GeoDataFrame({**table, **columns}, geometry=shapes, crs="EPSG:32650")


def trips(lines, xy, extra=None, turns=None):
    network = build_network(lines, PROFILE)
    if turns is not None:
        network = network_of(dataclasses.replace(network.graph, turns=turns), PROFILE)
    if extra is not None:
        network = dataclasses.replace(network, extra={"exposure": np.asarray(extra, dtype=float)})
    return prepare(network, snap(network, np.array(xy, dtype=float)))


# A road from west to east with two ways round a hill: straight 1000 m, north 1200 m, south 1300 m.
HILL = roads(
    ([(-500, 0), (0, 0)], "main"),
    ([(0, 0), (500, 10), (1000, 0)], "main"),
    ([(0, 0), (500, 330), (1000, 0)], "main"),
    ([(0, 0), (500, -415), (1000, 0)], "main"),
    ([(1000, 0), (1500, 0)], "main"),
)


# --- alternatives ---


def test_the_ways_round_a_hill_are_told_in_order_and_share_the_roads_to_it():
    ready = trips(HILL, [(-500, 0), (1500, 0)])
    (found,) = alternatives(ready, [(0, 1)], k=5, max_shared=0.9)
    assert [sorted(set(way.path.edges)) for way in found] == [[0, 1, 4], [0, 2, 4], [0, 3, 4]]
    assert found[0].path.duration_s == pytest.approx(od_matrix(ready).duration_s[0, 1])
    north = found[1].path.distance_m
    assert found[1].shared == pytest.approx(1000 / north, abs=1e-6)
    assert found[1].longer == pytest.approx(north / found[0].path.distance_m, abs=1e-6)
    assert alternatives(ready, (0, 1), k=5, max_shared=0.1)[0] == found[:1] or len(
        alternatives(ready, (0, 1), k=5, max_shared=0.1)[0]
    ) == 1  # fmt: skip


def test_what_is_too_long_is_no_alternative():
    ready = trips(HILL, [(0, 0), (1000, 0)])
    assert [len(alternatives(ready, (0, 1), k=5, max_longer=most)[0]) for most in (1.1, 1.25, 1.4)] == [1, 2, 3]


def test_a_side_trip_into_a_dead_end_is_no_alternative():
    lines = roads(([(0, 0), (500, 0)], "main"), ([(500, 0), (1000, 0)], "main"), ([(500, 0), (500, 100)], "main"))
    assert len(alternatives(trips(lines, [(0, 0), (1000, 0)]), (0, 1), k=3, max_longer=2, max_shared=1)[0]) == 1


def test_a_detour_round_one_short_block_is_no_alternative():
    # Leaving a straight road of 4 km for the other side of a block 200 m long is not a way of its own.
    lines = roads(([(0, 0), (2000, 0)], "main"), ([(2000, 0), (2200, 0)], "main"), ([(2200, 0), (4200, 0)], "main"),
                  ([(2000, 0), (2000, 300), (2200, 300), (2200, 0)], "main"))  # fmt: skip
    assert len(alternatives(trips(lines, [(0, 0), (4200, 0)]), (0, 1), k=3, max_shared=1.0)[0]) == 1


def test_no_way_and_no_journey():
    lines = roads(([(0, 0), (500, 0)], "main"), ([(0, 900), (500, 900)], "main"))
    none, still = alternatives(trips(lines, [(0, 0), (500, 900), (0, 0)]), [(0, 1), (0, 2)])
    assert none == [] and len(still) == 1 and still[0].path.duration_s == 0


@pytest.fixture(scope="module", params=range(8))
def case(request):
    lines = tangle(request.param)
    network = build_network(lines, SHAKEN)
    rng = np.random.default_rng(request.param)
    size = len(network.graph.tail)
    extra = {"exposure": rng.integers(0, 4, size) * rng.uniform(0, 10, size)}
    network = dataclasses.replace(network, extra=extra)
    ready = prepare(network, snap(network, scatter(lines, request.param)))
    points = ready.snap.xy
    pairs = [pair for pair in rng.integers(0, len(points), (25, 2)) if (points[pair[0]] != points[pair[1]]).any()]
    return ready, pairs


def test_every_alternative_keeps_its_promises(case):
    ready, pairs = case
    matrix = od_matrix(ready)
    for (o, d), found in zip(pairs, alternatives(ready, pairs, k=4, max_longer=2, max_shared=0.7), strict=True):
        assert bool(found) == np.isfinite(matrix.duration_s[o, d])
        for n, way in enumerate(found):
            road = way.path.duration_s - ready.access_s[o] - ready.access_s[d]
            best = matrix.duration_s[o, d] - ready.access_s[o] - ready.access_s[d]
            assert way.longer <= 2 and way.shared <= 0.7 and road == pytest.approx(way.longer * best, abs=1e-4)
            assert shapely.LineString(way.path.xy).length == pytest.approx(way.path.distance_m, abs=1e-4)
            assert n or road == pytest.approx(best, abs=1e-5)


# --- fronts ---


def slow_front(ready, o, d):
    """Both costs of all undominated ways, by correcting labels until nothing changes; no bans."""
    network = ready.network
    graph, cost = network.graph, [network.cost(name) for name in ("duration_s", "exposure")]
    leaving, arriving, spots = ready.ends()

    def part(label, begins):
        if label < 0:
            return np.zeros(2)
        spot, against = divmod(int(label), 2)
        share = spots.share[spot] if against == 0 else 1 - spots.share[spot]
        return np.array([c[against][spots.edge[spot]] for c in cost]) * (1 - share if begins else share)

    out: dict[int, list] = {}
    for e in range(len(graph.tail)):
        for against, (u, v) in enumerate(((graph.tail[e], graph.head[e]), (graph.head[e], graph.tail[e]))):
            if np.isfinite(cost[0][against][e]):
                out.setdefault(int(u), []).append((int(v), np.array([c[against][e] for c in cost])))
    labels: dict[int, list] = {}
    work = [(int(leaving.node[k]), part(leaving.label[k], True)) for k in range(*leaving.first[o : o + 2])]
    while work:
        node, value = work.pop()
        known = labels.setdefault(node, [])
        if any((other <= value + 1e-9).all() for other in known):
            continue
        known[:] = [other for other in known if not (value <= other + 1e-12).all()] + [value]
        work += [(v, value + step) for v, step in out.get(node, [])]
    ends = [(int(arriving.node[k]), part(arriving.label[k], False)) for k in range(*arriving.first[d : d + 2])]
    found = [value + rest for node, rest in ends for value in labels.get(node, [])]
    for s in np.flatnonzero(spots.point == o):
        for t in np.flatnonzero((spots.point == d) & (spots.edge == spots.edge[s])):
            way = spots.share[t] - spots.share[s]
            found.append(abs(way) * np.array([c[int(way < 0)][spots.edge[s]] for c in cost]))
    kept: list = []
    for value in sorted((v for v in found if np.isfinite(v).all()), key=lambda v: (round(v[0], 7), v[1])):
        if not kept or value[1] < kept[-1][1] - 1e-6:
            kept.append(value)
    return np.array(kept).reshape(-1, 2)


def test_the_front_is_all_that_a_slow_search_finds_and_the_hull_its_corners(case):
    ready, pairs = case
    for o, d in pairs:
        right = slow_front(ready, o, d)
        found = front(ready, (o, d))
        np.testing.assert_allclose(found.values, right, atol=1e-4)
        assert found.exact
        for path, value in zip(found.paths, found.values, strict=True):
            assert path.duration_s == pytest.approx(value[0] + ready.access_s[o] + ready.access_s[d])
        hull = front(ready, (o, d), most_labels=0)
        assert len(hull) <= len(found) and (len(found) < 2 or not hull.exact)
        for price in (0.0, 0.1, 1.0, 10.0):
            if len(right):
                assert (hull.values @ [1, price]).min() == pytest.approx((right @ [1, price]).min(), abs=1e-4)


def test_the_fronts_cover_more_than_a_single_way(case):
    ready, pairs = case
    assert max(len(front(ready, pair)) for pair in pairs) >= 2


def test_a_front_by_pencil_has_its_knee_in_the_middle():
    # straight 1000 m past 100 people, north 1200 m past 10, south 1300 m past 0
    ready = trips(HILL, [(0, 0), (1000, 0)], extra=[0, 100, 10, 0, 0])
    found = front(ready, (0, 1))
    assert found.values[:, 1].tolist() == [100, 10, 0] and found.knee == 1
    assert [list(path.edges) for path in found.paths] == [[1], [2], [3]]
    assert len(front(ready, (0, 1), max_longer=1.25)) == 2
    assert front(ready, (0, 1), ("exposure", "duration_s")).values[:, 0].tolist() == [0, 10, 100]


def test_a_front_obeys_a_banned_turn():
    ban = TurnBans(np.array([0, 2]), np.array([0, 2]), np.array([True, True]))
    ready = trips(HILL, [(-500, 0), (1500, 0)], extra=[0, 100, 10, 0, 0], turns=ban)
    assert front(ready, (0, 1)).values[:, 1].tolist() == [100, 0]
    ways = alternatives(ready, (0, 1), k=5, max_shared=0.9)[0]
    assert [2 in way.path.edges for way in ways] == [False, False]


def test_a_cost_that_is_not_finite_on_an_open_road_is_refused():
    ready = trips(HILL, [(0, 0), (1000, 0)], extra=[0, np.inf, 10, 0, 0])
    with pytest.raises(ProblemError, match="close it"):
        front(ready, (0, 1))


# --- directions ---


def test_a_path_in_words():
    #            | Lane (unnamed village road), 500 m north
    #  A ======= B ======= C      Main Street 1 km, then straight on to County Road 1 km
    main = [([(0, 0), (1000, 0)], "main"), ([(1000, 0), (2000, 0)], "main")]
    lines = roads(*main, ([(1000, 0), (1000, 500)], "village"), name=["Main Street", "County Road", None])
    ready = trips(lines, [(100, 0), (2000, 0), (1000, 500)])
    on, up, back = (directions(ready.network, path) for path in paths(ready, [(0, 1), (0, 2), (2, 1)]))
    assert [(step.code, step.road) for step in on] == [
        ("depart", "Main Street"), ("straight", "County Road"), ("arrive", "County Road")]  # fmt: skip
    assert [step.distance_m for step in on] == pytest.approx([900, 1000, 0])
    assert [step.code for step in up] == ["depart", "left", "arrive"]
    assert [step.code for step in back] == ["depart", "left", "arrive"]
    assert sum(step.duration_s for step in up) == pytest.approx(54 + 60)
    assert up[1].sentence("en") == "Turn left, along an unnamed road (Paved village road), 500 m"
    assert on[1].sentence("zh") == "直行，沿County Road行驶 1.0 公里"


def test_a_bend_without_a_choice_and_a_road_cut_by_junctions_need_no_word():
    main = ([(0, 0), (500, 0)], [(500, 0), (1000, 0), (1000, 500)], [(1000, 500), (1000, 900)])
    lines = roads(*((line, "main") for line in main), ([(500, 0), (500, -300)], "lane"), name=["A", "A", "A", "B"])
    ready = trips(lines, [(0, 0), (1000, 900), (500, -300)])
    on, off = (directions(ready.network, path) for path in paths(ready, [(0, 1), (0, 2)]))
    assert [step.code for step in on] == ["depart", "arrive"] and on[0].distance_m == pytest.approx(1900)
    assert [step.code for step in off] == ["depart", "right", "arrive"]


def test_no_journey_has_no_road():
    ready = trips(HILL, [(0, 0), (0, 0)])
    assert [step.code for step in directions(ready.network, paths(ready, [(0, 1)])[0])] == ["depart", "arrive"]
