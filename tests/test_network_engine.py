"""The engines agree with each other to the last digit, obey turn bans, and stand the pitfalls that others fell into."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import shapely
from test_network import PROFILE, at, km, roads
from test_network_oracle import tangle

from gis_wufei.errors import ProblemError
from gis_wufei.network import Network, RoadProfile, TurnBans, build_network, network_of, od_matrix, paths, prepare, snap
from gis_wufei.network.engine.embedded import Embedded
from gis_wufei.network.engine.plain import Plain
from gis_wufei.network.engine.store import kept

SPEEDS = RoadProfile(speeds_kmh={"main": 60.0, "lane": 20.0}, access_speed_kmh=5.0)


def bans(*ways: list[tuple[int, bool]]) -> TurnBans:
    """Banned ways, each a list of (edge, as drawn)."""
    arcs = [arc for way in ways for arc in way]
    return TurnBans(
        np.cumsum([0, *map(len, ways)]), np.array([a for a, _ in arcs]), np.array([f for _, f in arcs], dtype=bool)
    )


def random_bans(network: Network, seed: int) -> TurnBans:
    """Some ways of two or three arcs that follow one another."""
    graph, rng = network.graph, np.random.default_rng(seed)
    arcs = [(e, True) for e in np.flatnonzero(graph.forward)] + [(e, False) for e in np.flatnonzero(graph.backward)]
    head = {(e, f): graph.head[e] if f else graph.tail[e] for e, f in arcs}
    tail = {(e, f): graph.tail[e] if f else graph.head[e] for e, f in arcs}
    two = [[a, b] for a, b in product(arcs, arcs) if head[a] == tail[b]]
    three = [[*way, c] for way in two for c in arcs if head[way[-1]] == tail[c]]
    picked = [two[k] for k in rng.choice(len(two), min(6, len(two)), replace=False)]
    picked += [three[k] for k in rng.choice(len(three), min(6, len(three)), replace=False)]
    return bans(*picked)


@pytest.fixture(params=range(12))
def case(request):
    """A network with turn bans, and points: on edges, on junctions, apart, twice at one place."""
    rng = np.random.default_rng(request.param)
    lines = tangle(request.param)
    points = np.concatenate([rng.uniform(-30, 430, (14, 2)), shapely.get_coordinates(lines.geometry.iloc[0])[:2]])
    points = np.concatenate([points, points[:2]])
    network = build_network(lines, SPEEDS, tolerance_m=0)
    network = network_of(replace(network.graph, turns=random_bans(network, request.param)), SPEEDS)
    return prepare(network, snap(network, points))


def walk_every_way(trips, origin: int, destination: int) -> float:
    """Least seconds by trying ways arc by arc, remembering the last arcs driven; no automaton, no hierarchy."""
    network, snap_ = trips.network, trips.snap
    graph, turns = network.graph, network.graph.turns
    if (snap_.xy[origin] == snap_.xy[destination]).all():
        return 0.0
    banned = {
        tuple(zip(turns.edge[a:b].tolist(), turns.forward[a:b].tolist(), strict=True))
        for a, b in zip(turns.offset[:-1], turns.offset[1:], strict=True)
    }
    seconds = {True: network.costs.forward_s, False: network.costs.backward_s}

    def spots(point):
        edge, share = int(snap_.edge[point]), float(snap_.fraction[point])
        twins = np.flatnonzero(graph.twins == graph.twins[edge]) if graph.twins[edge] >= 0 else np.array([edge])
        for twin in twins:
            yield int(twin), share if graph.tail[twin] == graph.tail[edge] else 1 - share

    def node_of(point):
        edge, share = snap_.edge[point], snap_.fraction[point]
        return int(graph.tail[edge]) if share == 0 else int(graph.head[edge]) if share == 1 else -1

    # States: (node, last two arcs); begin from the origin's spots or junction.
    best: dict[tuple[int, tuple], float] = {}
    heap: list[tuple[float, int, tuple]] = []
    least = np.inf

    def push(cost, node, last):
        last = last[-2:]
        if cost < best.get((node, last), np.inf):
            best[node, last] = cost
            heap.append((cost, node, last))

    if node_of(origin) >= 0:
        push(0.0, node_of(origin), ())
    else:
        for edge, share in spots(origin):
            push(seconds[True][edge] * (1 - share), int(graph.head[edge]), ((edge, True),))
            push(seconds[False][edge] * share, int(graph.tail[edge]), ((edge, False),))
            for other, place in spots(destination) if node_of(destination) < 0 else ():
                if other == edge:
                    ahead = place >= share
                    least = min(least, seconds[ahead][edge] * abs(place - share) if place != share else 0.0)
                    if place == share and not (np.isfinite(seconds[True][edge]) or np.isfinite(seconds[False][edge])):
                        least = np.inf
    while heap:
        heap.sort(reverse=True)
        cost, node, last = heap.pop()
        if not np.isfinite(cost) or cost > best[node, last]:
            continue
        if node == node_of(destination):
            least = min(least, cost)
        for edge in np.flatnonzero((graph.tail == node) | (graph.head == node)).tolist():
            for ahead in (True, False):
                if (graph.tail if ahead else graph.head)[edge] != node or not np.isfinite(seconds[ahead][edge]):
                    continue
                way = (*last, (edge, ahead))
                if any(way[-n:] in banned for n in range(2, len(way) + 1)):
                    continue
                push(cost + seconds[ahead][edge], int((graph.head if ahead else graph.tail)[edge]), way)
                if node_of(destination) < 0:
                    for other, place in spots(destination):
                        if other == edge:
                            least = min(least, cost + seconds[ahead][edge] * (place if ahead else 1 - place))
    access = (snap_.access_m[origin] + snap_.access_m[destination]) * network.profile.access_s_per_m
    return least + access


def test_turn_bans_are_obeyed_in_every_cell(case):
    matrix = od_matrix(case)
    slow = [[walk_every_way(case, i, j) for j in range(len(case.snap.edge))] for i in range(len(case.snap.edge))]
    np.testing.assert_allclose(matrix.duration_s, slow, atol=1e-5)


def test_a_truck_that_turns_only_at_dead_ends_never_turns_elsewhere(case):
    long = network_of(case.network.graph, SPEEDS.model_copy(update={"u_turns": "dead_ends"}))
    trips = prepare(long, case.snap)
    count, graph = len(case.snap.edge), long.graph
    pairs = [(i, j) for i in range(count) for j in range(count)]
    free, bound = od_matrix(case), od_matrix(trips)
    assert (bound.duration_s >= free.duration_s - 1e-5).all()
    for path in filter(None, paths(trips, pairs)):
        back = np.flatnonzero((path.edges[1:] == path.edges[:-1]) & (path.start[1:] == path.stop[:-1]))
        end = np.where(path.stop[back] == 1, graph.head[path.edges[back]], graph.tail[path.edges[back]])
        assert (graph.degree[end] == 1).all()


def test_both_engines_give_the_same_numbers(case):
    fast, slow = od_matrix(case, engine=Embedded()), od_matrix(case, engine=Plain())
    for column in ("duration_s", "distance_m", "why"):
        np.testing.assert_array_equal(getattr(fast, column), getattr(slow, column))


@pytest.mark.parametrize("engine", [Embedded(), Plain()], ids=lambda engine: engine.name)
def test_the_sum_of_a_path_is_its_cell_and_drives_no_banned_way(case, engine):
    count = len(case.snap.edge)
    pairs = [(i, j) for i in range(count) for j in range(count)]
    matrix = od_matrix(case)
    turns = case.network.graph.turns
    banned = [
        (turns.edge[a:b].tolist(), turns.forward[a:b].tolist())
        for a, b in zip(turns.offset, turns.offset[1:], strict=False)
    ]
    for (i, j), path in zip(pairs, paths(case, pairs, engine=engine), strict=True):
        if path is None:
            assert np.isinf(matrix.duration_s[i, j])
            continue
        assert path.duration_s == matrix.duration_s[i, j] and path.distance_m == matrix.distance_m[i, j]
        line = shapely.LineString(path.xy)
        assert line.length == pytest.approx(path.distance_m, abs=1e-4)
        driven = path.start < path.stop
        for edges, ways in banned:
            for k in range(len(path.edges) - len(edges) + 1):
                same = path.edges[k : k + len(edges)].tolist() == edges and driven[k : k + len(edges)].tolist() == ways
                assert not same


def test_a_ban_holds_for_whom_it_is_meant():
    """Left into the lane is banned for lorries: they go on, turn round at the end and come back."""
    lines = roads((km((0, 0), (1, 0)), "main"), (km((1, 0), (2, 0)), "main"), (km((1, 0), (1, 1)), "lane"))
    graph = build_network(lines, PROFILE).graph
    no_left = replace(bans([(0, True), (2, True)]), exempt=(frozenset({"bus"}),), only_for=(frozenset({"hgv"}),))
    graph = replace(graph, turns=no_left)
    points = at((0, 0), (1000, 1000))
    for vehicle, metres in (("hgv", 4000), ("motorcar", 2000), ("bus", 2000)):
        network = network_of(graph, PROFILE.model_copy(update={"vehicle": (vehicle,)}))
        assert od_matrix(prepare(network, snap(network, points))).distance_m[0, 1] == pytest.approx(metres)


# --- pitfalls that other engines fell into, each by pencil ---


def chain(*edges: tuple[float, float, float], extra: dict[str, list[float]] | None = None):
    """Straight roads from (x begin, x end, y bend) in metres, and points at 0 and at the farthest end."""
    lines = roads(*(([(a, 0), ((a + b) / 2, bend), (b, 0)], "main") for a, b, bend in edges))
    network = build_network(lines, PROFILE)
    network = replace(network, extra={k: np.array(v) for k, v in (extra or {}).items()})
    return prepare(network, snap(network, at((0, 0), (max(b for _, b, _ in edges), 0))))


@pytest.mark.parametrize("engine", [Embedded(), Plain()], ids=lambda engine: engine.name)
@pytest.mark.parametrize("order", [[7.0, 5.0], [5.0, 7.0]])
def test_of_parallel_roads_the_cheaper_counts_and_they_are_not_added(engine, order):
    trips = chain((0, 1000, 0), (0, 1000, 300), extra={"toll": order})
    (path,) = paths(trips, [(0, 1)], costs=("toll", "distance_m"), engine=engine)
    assert path is not None and path.edges.tolist() == [int(np.argmin(order))]


@pytest.mark.parametrize("engine", [Embedded(), Plain()], ids=lambda engine: engine.name)
def test_zero_tiny_and_huge_costs_add_up(engine):
    thousand = [(k, k + 1, 0) for k in range(1000)]
    for each in (0.0004, 1.0009, 1e9):
        trips = chain(*thousand, extra={"cost": [each] * 1000})
        first, _ = least_cost(trips, "cost", engine)
        assert first == pytest.approx(1000 * each, rel=1e-6)
    trips = chain((0, 1, 0), (1, 2, 0), extra={"cost": [0.0, 4.0]})
    assert least_cost(trips, "cost", engine)[0] == pytest.approx(4.0)


def least_cost(trips, name: str, engine):
    """Least cost of that name, and metres, from point 0 to point 1."""
    from gis_wufei.network.matrix import blocks

    ((_, packed),) = blocks(trips, np.array([0]), np.array([1]), (name, "distance_m"), engine)
    first, second = trips.weighing((name, "distance_m")).units.unpack(packed)
    return float(first[0, 0]), float(second[0, 0])


@pytest.mark.parametrize("bad", [-1.0, float("nan")])
def test_a_cost_that_is_negative_or_no_number_is_refused(bad):
    trips = chain((0, 1, 0), (1, 2, 0), extra={"cost": [1.0, bad]})
    with pytest.raises(ProblemError, match="cost"):
        least_cost(trips, "cost", Embedded())


@pytest.mark.parametrize("engine", [Embedded(), Plain()], ids=lambda engine: engine.name)
def test_a_path_of_weeks_does_not_overflow(engine):
    slow = RoadProfile(speeds_kmh={"main": 0.001})
    network = build_network(roads(*((km((k, 0), (k + 1, 0)), "main") for k in range(10))), slow)
    matrix = od_matrix(prepare(network, snap(network, at((0, 0), (10_000, 0)))), engine=engine)
    assert matrix.duration_s[0, 1] == pytest.approx(36e6, rel=1e-6)


def test_many_points_on_one_junction_are_answered_each():
    network = build_network(roads((km((0, 0), (1, 0)), "main"), (km((1, 0), (2, 0)), "main")), PROFILE)
    matrix = od_matrix(prepare(network, snap(network, at((0, 0), (1000, 5), (1000, 5), (1000, -5)))), [0], [1, 2, 3])
    assert matrix.distance_m[0] == pytest.approx([1005, 1005, 1005])


# --- snapping in the grid, and the side of the road ---


@pytest.mark.parametrize("seed", range(6))
def test_a_point_finds_the_road_that_a_tree_of_boxes_finds(seed):
    rng = np.random.default_rng(seed)
    lines = tangle(seed)
    network = build_network(lines, SPEEDS, tolerance_m=0)
    points = rng.uniform(-3000, 3000, (200, 2)) if seed % 2 else rng.uniform(-50, 450, (200, 2))
    usable = network.part_share >= 0.3
    found = snap(network, points, np.inf, least_share=0.3)
    if not usable.any():
        assert (found.edge == -1).all()
        return
    tree = shapely.union_all(network.graph.lines[usable])
    np.testing.assert_allclose(found.access_m, shapely.distance(shapely.points(points), tree), atol=1e-9)
    np.testing.assert_allclose(np.hypot(*(found.foot_xy - points).T), found.access_m, atol=1e-6)
    assert usable[found.edge].all()


def test_the_side_of_the_road_is_told_as_drawn():
    network = build_network(roads((km((0, 0), (1, 0), (1, 1)), "main")), PROFILE)
    found = snap(network, at((500, 10), (500, -10), (990, 500), (1010, 500), (500, 0)))
    assert found.side.tolist() == [-1, 1, -1, 1, 0]


def test_a_truck_that_stops_at_its_own_kerb_goes_round_to_the_other_side():
    """A block of 4 km; two houses face each other: from one to the other it takes the way round."""
    block = km((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    network = build_network(roads((block, "main")), PROFILE)
    found = snap(network, at((250, -10), (750, -10), (750, 10)))
    near = od_matrix(prepare(network, found), [0], [1, 2]).distance_m[0]
    kerb = od_matrix(prepare(network, found, "right"), [0], [1, 2])
    assert near == pytest.approx([520, 520])
    assert kerb.distance_m[0, 0] == pytest.approx(520)
    assert kerb.distance_m[0, 1] == pytest.approx(20 + 750 + 1000 + 1000 + 250)  # turns round at the far corner
    long = network_of(network.graph, PROFILE.model_copy(update={"u_turns": "dead_ends"}))
    assert np.isinf(od_matrix(prepare(long, found, "right"), [0], [1, 2]).distance_m[0, 1])  # nowhere to turn
    stub = build_network(roads((block, "main"), (km((1, 0), (2, 0)), "main")), PROFILE)
    for where, metres in (("anywhere", 20 + 750 + 250), ("dead_ends", 20 + 750 + 2000 + 250)):
        truck = network_of(stub.graph, PROFILE.model_copy(update={"u_turns": where}))
        turned = od_matrix(prepare(truck, snap(truck, found.xy), "right"), [0], [1, 2])
        assert turned.distance_m[0] == pytest.approx([520, metres])


def test_on_a_road_open_one_way_either_kerb_will_do():
    network = build_network(
        roads((km((0, 0), (1, 0)), "main", "forward"), (km((1, 0), (0, 0)), "main", "forward")), PROFILE
    )
    found = snap(network, at((250, 10), (750, 10), (750, -10)))
    single = build_network(roads((km((0, 0), (1, 0)), "main", "forward")), PROFILE)
    assert od_matrix(prepare(single, snap(single, found.xy), "right"), [0], [1, 2]).distance_m[0] == pytest.approx(
        [520, 520]
    )
    # Drawn once for each way, the two lines are one road with two kerbs.
    both = od_matrix(prepare(network, found, "right"), [1], [0, 2])
    assert both.distance_m[0, 0] == pytest.approx(520) and both.distance_m[0, 1] > 520


# --- what is kept ---


def test_a_kept_order_is_read_again_and_a_damaged_one_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("WUFEI_CACHE", str(tmp_path))
    monkeypatch.setattr("gis_wufei.network.engine.store.WORTH", 0)
    made = []

    def make():
        made.append(1)
        return np.array([2, 0, 1])

    assert kept("roads", 3, make).tolist() == kept("roads", 3, make).tolist() == [2, 0, 1]
    assert len(made) == 1
    (file,) = tmp_path.iterdir()
    for damage in (b"", file.read_bytes()[:-1], file.read_bytes()[:-1] + b"\x07", b"x" * 60):
        file.write_bytes(damage)
        assert kept("roads", 3, make).tolist() == [2, 0, 1]
    assert len(made) == 5
    assert kept("roads", 4, lambda: np.arange(4)).tolist() == [0, 1, 2, 3]  # same key, other roads


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WUFEI_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr("gis_wufei.network.engine.store.WORTH", 0)
    assert kept("roads", 2, lambda: np.arange(2)).tolist() == [0, 1]


# --- what a reviewer found ---


def street_grid(size: int, side: float = 100.0, x: float = 0.0):
    """Two-way streets in a square grid, and places on them."""
    rows = [([(x + i * side, k * side) for i in range(size)], "main") for k in range(size)]
    return rows + [([(x + k * side, i * side) for i in range(size)], "main") for k in range(size)]


def test_a_truck_that_turns_only_at_dead_ends_is_at_home_in_a_grid_of_streets():
    network = build_network(roads(*street_grid(5)), PROFILE.model_copy(update={"u_turns": "dead_ends"}))
    assert network.report().share_mutually_reachable == pytest.approx(1)
    found = snap(network, at((50, 3), (350, 203)), least_share=0.01)
    assert (found.edge >= 0).all()
    free = build_network(roads(*street_grid(5)), PROFILE)
    same = od_matrix(prepare(free, found))
    np.testing.assert_allclose(od_matrix(prepare(network, found)).duration_s, same.duration_s, atol=1e-5)


def test_a_dead_end_belongs_to_its_part_also_for_a_truck_that_turns_only_there():
    lines = roads(*street_grid(3), ([(200, 200), (300, 300)], "lane"), ([(0, 0), (-90, -90)], "main", "forward"))
    network = build_network(lines, PROFILE.model_copy(update={"u_turns": "dead_ends"}))
    assert network.part_share.tolist().count(0) == 1  # the street that leads out and never back


def test_islands_do_not_coarsen_the_milliseconds():
    """Two grids of 4,900 junctions apart; a path lies in one of them, so only that one bounds it."""
    one = build_network(roads(*street_grid(70)), PROFILE)
    two = build_network(roads(*street_grid(70), *street_grid(70, x=50_000.0)), PROFILE)
    assert two.weighing().units.first <= 2 * one.weighing().units.first < 1e-4


def test_a_matrix_of_least_exposure_carries_time_and_distance_along():
    #  a short way past the houses, a long way round; exposure by hand
    lines = roads((km((0, 0), (1, 0)), "main"), (km((0, 0), (0, 1), (1, 1), (1, 0)), "main"))
    network = replace(build_network(lines, PROFILE), extra={"people": np.array([50.0, 2.0])})
    trips = prepare(network, snap(network, at((0, 0), (1000, 0), (0, 0))))
    fast = od_matrix(trips, [0], [1, 2], along=["people"])
    calm = od_matrix(trips, [0], [1, 2], minimise="people")
    short = od_matrix(trips, [0], [1], minimise="distance_m", along=["people"])
    assert (fast.duration_s[0, 0], fast.distance_m[0, 0], fast.along["people"][0, 0]) == pytest.approx((60, 1000, 50))
    assert (calm.duration_s[0, 0], calm.distance_m[0, 0], calm.along["people"][0, 0]) == pytest.approx((180, 3000, 2))
    assert (short.duration_s[0, 0], short.along["people"][0, 0]) == pytest.approx((60, 50))
    assert fast.along["people"][0, 1] == calm.along["people"][0, 1] == 0


def test_a_cost_of_another_length_or_of_words_is_refused():
    network = build_network(roads((km((0, 0), (1, 0)), "main")), PROFILE)
    for bad, word in (([1.0, 2.0], "shape"), (["many"], "numbers")):
        with pytest.raises(ProblemError, match=word):
            replace(network, extra={"people": np.array(bad)}).cost("people")


def test_without_any_road_everybody_is_off_the_network():
    nothing = build_network(roads((km((0, 0), (1, 0)), "main")).iloc[:0], PROFILE)
    matrix = od_matrix(prepare(nothing, snap(nothing, at((0, 0), (5, 5)))))
    assert matrix.reason(0, 1) == "off_network" and matrix.reason(0, 0) == ""
    assert list(paths(prepare(nothing, snap(nothing, at((0, 0), (5, 5)))), [(0, 1)])) == [None]


def test_a_closure_moves_nobody_and_makes_no_trip_shorter():
    """Who lives on the closed lane is cut off, though another road passes 400 m away."""
    lines = roads((km((0, 0), (1, 0)), "main"), (km((0, 0), (0, 0.4), (1, 0.4)), "lane"))
    points = at((800, 0), (800, 400), (0, 0))
    for closed in ([1], np.array([False, True])):
        shut = network_of(build_network(lines, PROFILE).graph, PROFILE, closed)
        matrix = od_matrix(prepare(shut, snap(shut, points)))
        assert (matrix.reason(0, 1), matrix.reason(1, 2)) == ("no_road", "no_road")
        assert matrix.distance_m[0, 2] == pytest.approx(800)


def test_a_network_with_other_costs_remembers_nothing_of_the_first():
    base = build_network(roads((km((0, 0), (1, 0)), "main")), PROFILE)
    trips = [
        prepare(n, snap(n, at((0, 0), (1000, 0))))
        for n in (replace(base, extra={"x": np.array([k])}) for k in (1.0, 7.0))
    ]
    assert [od_matrix(t, [0], [1], along=["x"]).along["x"][0, 0] for t in trips] == pytest.approx([1, 7])
