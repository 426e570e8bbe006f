"""The network engine agrees with a slow one that shares no code with it."""

from __future__ import annotations

import heapq
from collections import defaultdict
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis_wufei.network import RoadProfile, build_network, od_matrix, paths, prepare, snap

PROFILE = RoadProfile(speeds_kmh={"main": 60.0, "lane": 20.0}, access_speed_kmh=5.0)
CRS = "EPSG:32650"


def tangle(seed: int) -> gpd.GeoDataFrame:
    """Random lines over few vertices: crossings, one-ways, copies, loops, lines that turn back."""
    rng = np.random.default_rng(seed)
    # Shaken off the lattice so that no three vertices lie on a line and no two ways take equally long.
    vertices = np.stack(np.divmod(np.arange(20), 5), axis=1) * 100.0 + rng.uniform(-30, 30, (20, 2))
    walks = [rng.integers(0, 20, rng.integers(2, 6)) for _ in range(rng.integers(4, 16))]
    walks += [walks[0][::-1], walks[1], np.array([3, 8, 3]), np.array([7, 7])]
    columns = {
        "class": rng.choice(["main", "lane"], len(walks)),
        "oneway": rng.choice(["no", "forward", "backward"], len(walks), p=[0.5, 0.3, 0.2]),
    }
    return gpd.GeoDataFrame(columns, geometry=[shapely.LineString(vertices[w]) for w in walks], crs=CRS)


def project(p: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Distance from p to the segment ab, and where on it (0-1) the nearest place lies."""
    t = float(np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1))
    return float(np.hypot(*(p - a - t * (b - a)))), t


def slow_matrix(lines: gpd.GeoDataFrame, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Dijkstra on single segments with a heap; (seconds, metres) compared in that order."""
    segments = []
    for line, road_class, oneway in zip(lines.geometry, lines["class"], lines["oneway"], strict=True):
        for a, b in pairwise(np.array(line.coords)):
            if (a != b).any():
                segments.append((a, b, PROFILE.speeds_kmh[road_class] / 3.6, oneway))
    places: list[list[tuple[float, object]]] = [
        [(0.0, tuple(a.round(2))), (1.0, tuple(b.round(2)))] for a, b, _, _ in segments
    ]
    access = []
    for k, p in enumerate(points):
        reach = [project(p, a, b) for a, b, _, _ in segments]
        access.append(min(reach)[0])
        for s, (distance, t) in enumerate(reach):
            if distance < access[k] + 1e-9:
                at_end = places[s][0 if t == 0 else 1][1]
                places[s].append((t, ("point", k)))
                if t in (0, 1):  # the junction itself: no segment, no direction
                    places[s].pop()
                    places.append([(0.0, at_end), (0.0, ("point", k))])
    arcs = defaultdict(list)
    for s, stops in enumerate(places):
        if s >= len(segments):
            (_, u), (_, v) = stops
            arcs[u].append((v, 0.0, 0.0))
            arcs[v].append((u, 0.0, 0.0))
            continue
        a, b, speed, oneway = segments[s]
        for (t0, u), (t1, v) in pairwise(sorted(stops, key=lambda stop: stop[0])):
            metres = (t1 - t0) * float(np.hypot(*(b - a)))
            if oneway != "backward":
                arcs[u].append((v, metres / speed, metres))
            if oneway != "forward":
                arcs[v].append((u, metres / speed, metres))
    seconds, distance = np.full((len(points),) * 2, np.inf), np.full((len(points),) * 2, np.inf)
    for i in range(len(points)):
        best, heap, tick = {}, [(0.0, 0.0, 0, ("point", i))], 0
        while heap:
            s, m, _, node = heapq.heappop(heap)
            if node in best:
                continue
            best[node] = (s, m)
            for neighbour, ds, dm in arcs[node]:
                tick += 1
                heapq.heappush(heap, (s + ds, m + dm, tick, neighbour))
        for j in range(len(points)):
            if ("point", j) in best:
                legs = access[i] + access[j]
                seconds[i, j] = best["point", j][0] + legs * 3.6 / PROFILE.access_speed_kmh
                distance[i, j] = best["point", j][1] + legs
    np.fill_diagonal(seconds, 0)
    np.fill_diagonal(distance, 0)
    return seconds, distance


def scatter(lines: gpd.GeoDataFrame, seed: int) -> np.ndarray:
    """Points beside the roads, several on one edge, some beyond the ends and some on a vertex."""
    rng = np.random.default_rng(seed + 1000)
    near = [
        line.interpolate(u, normalized=True) for line, u in zip(lines.geometry, rng.random(len(lines)), strict=True)
    ]
    near = shapely.get_coordinates(near)
    return np.concatenate([near, near + rng.normal(0, 20, near.shape), shapely.get_coordinates(lines.geometry)[:3]])


@pytest.fixture(scope="module", params=range(12))
def case(request):
    lines = tangle(request.param)
    points = scatter(lines, request.param)
    network = build_network(lines, PROFILE, tolerance_m=0)
    return lines, points, prepare(network, snap(network, points))


def test_every_cell_equals_a_dijkstra_by_hand(case):
    lines, points, trips = case
    seconds, metres = slow_matrix(lines, points)
    matrix = od_matrix(trips)
    np.testing.assert_allclose(matrix.duration_s, seconds, atol=1e-5)
    np.testing.assert_allclose(matrix.distance_m, metres, atol=1e-4)
    assert ((matrix.why > 0) == np.isinf(seconds)).all()


def test_the_cases_hold_one_ways_islands_and_trips_that_differ_by_direction():
    reasons, asymmetric = set(), 0
    for seed in range(12):
        lines = tangle(seed)
        network = build_network(lines, PROFILE, tolerance_m=0)
        matrix = od_matrix(prepare(network, snap(network, scatter(lines, seed))))
        reasons |= set(matrix.reasons())
        asymmetric += not np.allclose(matrix.duration_s, matrix.duration_s.T)
    assert reasons == {"no_road", "one_way"} and asymmetric >= 10


def test_the_search_from_the_other_side_tells_the_same(case):
    _, _, trips = case
    whole = od_matrix(trips)
    few = od_matrix(trips, destinations=[0, 5, 2])
    np.testing.assert_allclose(few.duration_s, whole.duration_s[:, [0, 5, 2]], atol=1e-6)
    np.testing.assert_allclose(few.distance_m, whole.distance_m[:, [0, 5, 2]], atol=1e-5)
    assert (few.why == whole.why[:, [0, 5, 2]]).all()


def test_a_limit_only_cuts_and_never_blames_a_one_way_for_it(case):
    _, _, trips = case
    whole = od_matrix(trips)
    limit = float(np.median(whole.duration_s[whole.why == 0]))
    cut = od_matrix(trips, limit_s=limit)
    inside = whole.duration_s <= limit
    np.testing.assert_allclose(cut.duration_s[inside], whole.duration_s[inside], atol=1e-6)
    assert np.isinf(cut.duration_s[~inside]).all()
    beyond = ~inside & (whole.why == 0)
    assert beyond.any() and (cut.why[beyond] == 4).all()
    assert (cut.why[~beyond] == whole.why[~beyond]).all()


@pytest.mark.parametrize("side", ["from", "to"])
def test_each_path_is_as_long_as_its_line_and_as_fast_as_its_cell(case, side):
    _, points, trips = case
    pairs = [(i, j) if side == "from" else (j, i) for i in (0, 7, len(points) - 1) for j in range(len(points))]
    matrix = od_matrix(trips)
    for (i, j), path in zip(pairs, paths(trips, pairs), strict=True):
        if path is None:
            assert matrix.reason(i, j) in ("no_road", "one_way")
            continue
        assert path.distance_m == pytest.approx(matrix.distance_m[i, j], abs=1e-4)
        assert path.duration_s == pytest.approx(matrix.duration_s[i, j], abs=1e-5)
        assert shapely.LineString(path.xy).length == pytest.approx(path.distance_m, abs=1e-4)
        assert (path.xy[0] == points[i]).all() and (path.xy[-1] == points[j]).all()
        assert sum(path.km_by_class.values()) * 1000 + path.access_m == pytest.approx(path.distance_m, abs=1e-4)


def test_snapping_finds_the_distance_that_shapely_finds(case):
    lines, points, trips = case
    roads = shapely.union_all(lines.geometry.to_numpy())
    np.testing.assert_allclose(trips.snap.access_m, shapely.distance(shapely.points(points), roads), atol=1e-6)
    foot = np.hypot(*(trips.snap.foot_xy - points).T)
    np.testing.assert_allclose(foot, trips.snap.access_m, atol=1e-5)
