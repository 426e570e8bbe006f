"""The network engine beside its peers on one graph, in one run: ratios, never seconds alone.

    python benchmarks/network.py [--nodes 200000] [--rounds 3] [--extract roads.osm.pbf] [--only matrix,paths]

The graph is drawn here with a seed (clustered towns, roads between near neighbours, one-ways), or read
from an extract of OpenStreetMap. Peers that are not installed are left out, by name:
pip install pandana routingkit-cch networkx. Each peer does as many rows as it can in a few seconds,
and is scaled up. Pin it to one core to compare like with like: taskset -c 0 python benchmarks/network.py
"""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import contextlib
import importlib.util
import io
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, cKDTree

from gis_wufei.network import RoadProfile, nearest, network_of, od_matrix, paths, prepare, service_areas, snap
from gis_wufei.network.assemble import assemble
from gis_wufei.network.engine.embedded import Embedded, hierarchy_of
from gis_wufei.network.engine.ends import at_nodes
from gis_wufei.network.trips import COSTS

PROFILE = RoadProfile(speeds_kmh={"main": 60, "street": 40, "lane": 25})
BUDGET_S = 6.0
"""So long a slow peer may work on its share of a task."""


def drawn(nodes: int, seed: int = 7):
    """Towns and the country between them: points in clusters, joined where nothing lies between two.

    The relative neighbourhood graph (Toussaint 1980) has about as many arcs a node as streets have, and is
    in one piece.
    """
    rng = np.random.default_rng(seed)
    side = 500.0 * nodes**0.5
    towns = rng.uniform(0, side, (max(nodes // 2500, 2), 2))
    inside = towns[rng.integers(0, len(towns), nodes * 7 // 10)] + rng.normal(0, side / 45, (nodes * 7 // 10, 2))
    xy = np.concatenate([inside, rng.uniform(0, side, (nodes - len(inside), 2))])
    xy = xy[np.lexsort((xy[:, 1], xy[:, 0]))]
    corners = Delaunay(xy).simplices
    sides = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    pairs = np.unique(np.sort(sides, axis=1), axis=0)
    length = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    near_m, near = cKDTree(xy).query(xy, k=12)
    keep = np.ones(len(pairs), dtype=bool)
    for k in range(1, 12):
        for here, there in ((0, 1), (1, 0)):
            third = near[pairs[:, here], k]
            beyond = np.hypot(*(xy[pairs[:, there]] - xy[third]).T)
            keep &= ~((near_m[pairs[:, here], k] < length) & (beyond < length))
    pairs = pairs[keep]
    kind = rng.choice(["main", "street", "lane"], len(pairs), p=[0.15, 0.35, 0.5])
    way = rng.choice(["no", "forward", "backward"], len(pairs), p=[0.9, 0.05, 0.05])
    return assemble(
        CRS.from_epsg(32650),
        xy,
        pairs.ravel(),
        np.repeat(np.arange(len(pairs)), 2),
        np.arange(len(pairs)),
        pd.DataFrame({"class": kind, "oneway": way}),
    )


@dataclass
class Peer:
    """A way to do a task; ``run(k)`` does the first k of its rows and returns what it found."""

    name: str
    run: Callable[[int], object]
    rows: int
    small: int = 0


def race(title: str, peers: list[Peer], rounds: int) -> dict[str, float]:
    """Each peer once a round, in turn; seconds for all rows and ratio to the first, medians of the rounds."""
    times: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for peer in peers:
        began = time.perf_counter()
        peer.run(max(1, peer.small))  # warm, and how long a row takes
        row = (time.perf_counter() - began) / max(1, peer.small)
        if not peer.small:
            began = time.perf_counter()
            peer.run(1)
            row = time.perf_counter() - began
        peer.small = int(min(peer.rows, max(1, BUDGET_S / max(row, 1e-9))))
    for _ in range(rounds):
        for peer in peers:
            began = time.perf_counter()
            peer.run(peer.small)
            times[peer.name].append((time.perf_counter() - began) * peer.rows / peer.small)
    ours = times[peers[0].name]
    print(f"\n{title}\n{'':24}{'seconds':>12}{'ratio':>10}{'rows run':>10}")
    for peer in peers:
        ratio = statistics.median(b / a for a, b in zip(ours, times[peer.name], strict=True))
        print(f"{peer.name:24}{statistics.median(times[peer.name]):12.4f}{ratio:10.2f}{peer.small:10}")
    return {name: statistics.median(found) for name, found in times.items()}


def installed(name: str) -> bool:
    there = importlib.util.find_spec(name) is not None
    if not there:
        print(f"({name} is not installed: left out)")
    return there


def once(title: str, action: Callable[[], object]) -> object:
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        made = action()
    print(f"{title:44}{time.perf_counter() - began:10.3f} s")
    return made


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--nodes", type=int, default=200_000)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--extract", type=Path)
    ask.add_argument("--only", default="matrix,large,paths,snap,areas")
    told = ask.parse_args()
    os.environ.setdefault("WUFEI_CACHE", os.devnull)  # nothing kept: the first matrix is to be measured
    wanted = told.only.split(",")
    if told.extract:
        from gis_wufei.network.osm import read_osm

        graph = read_osm(told.extract)
        profile = RoadProfile(speeds_kmh=dict.fromkeys(graph.classes, 40.0))
    else:
        graph, profile = drawn(told.nodes), PROFILE
    network = network_of(graph, profile)
    arcs = network.arcs
    print(f"{arcs.nodes:,} nodes, {len(arcs.arc):,} arcs, {graph.length_m.sum() / 1000:,.0f} km")

    engine = Embedded()
    small = network_of(drawn(400), PROFILE)
    once(
        "compile and first matrix, 400 nodes", lambda: od_matrix(prepare(small, snap(small, small.graph.node_xy[:20])))
    )
    rng = np.random.default_rng(1)
    ms = np.where(np.isfinite(network.arc_s), np.rint(network.arc_s * 1000), 2**31 - 1).astype(np.uint32)
    able = ms < 2**31 - 1
    tail, head, cost = arcs.tail[able], arcs.head[able], ms[able]
    once("hierarchy (order and contraction)", lambda: hierarchy_of(network))
    once(
        "weights of a vehicle",
        lambda: engine.table(
            network, COSTS, at_nodes(np.arange(1)), at_nodes(np.arange(1)), np.empty((1, 1), np.uint64)
        ),
    )
    closed = graph.roads.index[rng.integers(0, len(graph.roads), 50)]
    once(
        "another vehicle, 50 closures, first cell",
        lambda: od_matrix(prepare(v := network_of(graph, profile, closed), snap(v, graph.node_xy[:1]))),
    )

    rk = pd_net = None
    if installed("routingkit_cch"):
        import routingkit_cch as rkc

        spot = (graph.node_xy[arcs.place] / 111_000).astype(np.float32)
        u, v = tail.astype(np.uint32).tolist(), head.astype(np.uint32).tolist()

        def build():
            order = rkc.compute_order_inertial(arcs.nodes, u, v, spot[:, 1].tolist(), spot[:, 0].tolist())
            return rkc.CCH(order, u, v, False)

        rk = once("RoutingKit CCH: order and contraction", build)
        rk_metric = once("RoutingKit CCH: weights", lambda: rkc.CCHMetric(rk, cost.tolist()))
    if installed("pandana"):
        import pandana

        def pandana_build():
            return pandana.Network(
                pd.Series(graph.node_xy[arcs.place][:, 0]),
                pd.Series(graph.node_xy[arcs.place][:, 1]),
                pd.Series(tail),
                pd.Series(head),
                pd.DataFrame({"s": cost / 1000.0}),
                twoway=False,
            )

        pd_net = once("pandana: build", pandana_build)
    plain = csr_matrix(
        (cost / 1000.0, (tail, head)), shape=(arcs.nodes, arcs.nodes)
    )  # the drawn graph has no parallels
    nx_graph = None
    if installed("networkx"):
        import networkx as nx

        nx_graph = nx.DiGraph()
        nx_graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), (cost / 1000.0).tolist(), strict=True))

    main_part = np.flatnonzero(network.strong == np.bincount(network.strong).argmax())

    def matrix(m: int, n: int, title: str) -> None:
        origins, targets = rng.choice(main_part, m), rng.choice(main_part, n)
        out = np.empty((m, n), np.uint64)
        points = np.concatenate([graph.node_xy[origins], graph.node_xy[targets]]) + rng.normal(0, 60, (m + n, 2))
        trips = prepare(network, snap(network, points))
        trips.ends()
        peers = [
            Peer(
                "ours, nodes",
                lambda k: engine.table(network, COSTS, at_nodes(origins[:k]), at_nodes(targets), out[:k]),
                m,
                m,
            ),
            Peer("ours, points on edges", lambda k: od_matrix(trips, np.arange(k), np.arange(m, m + n)), m, m),
        ]
        if rk is not None:
            many = rkc.CCHOneToMany(rk_metric, targets.tolist())
            peers.append(Peer("RoutingKit CCH", lambda k: [many.distances_from(int(s)) for s in origins[:k]], m))
        if pd_net is not None:
            peers.append(
                Peer(
                    "pandana", lambda k: pd_net.shortest_path_lengths(np.repeat(origins[:k], n), np.tile(targets, k)), m
                )
            )
        peers.append(Peer("scipy dijkstra", lambda k: dijkstra(plain, indices=origins[:k])[:, targets], m))
        if nx_graph is not None:
            peers.append(
                Peer(
                    "networkx",
                    lambda k: [nx.single_source_dijkstra_path_length(nx_graph, int(s)) for s in origins[:k]],
                    m,
                )
            )
        race(title, peers, told.rounds)
        engine.table(network, COSTS, at_nodes(origins[:8]), at_nodes(targets), out[:8])
        ours = network.weighing().units.unpack(out[:8])[0]
        exact = dijkstra(csr_matrix((network.arc_s[able], (tail, head)), shape=plain.shape), indices=origins[:8])[
            :, targets
        ]
        print(f"largest difference to scipy on unrounded seconds, 8 rows: {np.abs(ours - exact).max():.6f} s")

    if "matrix" in wanted:
        matrix(1000, 500, "matrix 1,000 x 500")
    if "large" in wanted:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        matrix(5000, 5000, "matrix 5,000 x 5,000")
        print(
            f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB, "
            f"before it {before:,.0f} MiB"
        )
    if "paths" in wanted:
        pairs = rng.choice(main_part, (10_000, 2))
        trips = prepare(network, snap(network, graph.node_xy[pairs.ravel()]))
        index = np.arange(20_000).reshape(-1, 2)
        peers = [Peer("ours, with geometry", lambda k: paths(trips, index[:k]), 10_000, 10_000)]
        if pd_net is not None:
            peers.append(Peer("pandana, nodes", lambda k: pd_net.shortest_paths(pairs[:k, 0], pairs[:k, 1]), 10_000))
        peers.append(
            Peer(
                "scipy dijkstra",
                lambda k: [dijkstra(plain, indices=int(a), return_predecessors=True) for a, _ in pairs[:k]],
                10_000,
            )
        )
        race("10,000 paths", peers, told.rounds)
    if "snap" in wanted:
        points = graph.node_xy[rng.integers(0, arcs.nodes, 10_000)] + rng.normal(0, 120, (10_000, 2))
        tree, lines = shapely.STRtree(graph.lines), graph.lines

        def by_tree(k: int):
            geometry = shapely.points(points[:k])
            point, found = tree.query_nearest(geometry, all_matches=False)
            line = lines[found]
            return shapely.distance(geometry[point], line), shapely.line_interpolate_point(
                line, shapely.line_locate_point(line, geometry[point])
            )

        race(
            "10,000 points snapped",
            [
                Peer("ours", lambda k: snap(network, points[:k]), 10_000, 10_000),
                Peer("shapely STRtree", by_tree, 10_000, 10_000),
            ],
            told.rounds,
        )
        print(f"largest difference {np.abs(snap(network, points, np.inf).access_m - by_tree(10_000)[0]).max():.2e} m")
    if "areas" in wanted:
        origins = rng.choice(main_part, 200)
        facilities = rng.choice(main_part, 50, replace=False)
        every = np.arange(arcs.nodes)
        trips = prepare(network, snap(network, graph.node_xy[np.concatenate([every, origins, facilities])]))
        at = np.arange(arcs.nodes, arcs.nodes + 200)
        peers = [
            Peer("ours, pieces of edges", lambda k: service_areas(trips, at[:k], [900.0]), 200, 200),
            Peer("scipy limit, nodes", lambda k: dijkstra(plain, indices=origins[:k], limit=900.0), 200),
        ]
        race("reach of 200 places, 15 minutes", peers, told.rounds)
        turned = plain.T.tocsr()
        peers = [
            Peer("ours, points on edges", lambda k: nearest(trips, every, at[-1] + 1 + np.arange(50)), 1, 1),
            Peer("scipy min_only, nodes", lambda k: dijkstra(turned, indices=facilities, min_only=True), 1, 1),
        ]
        race("every node to the nearest of 50", peers, told.rounds)


if __name__ == "__main__":
    main()
