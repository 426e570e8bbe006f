"""The engine that comes with the package: a contraction hierarchy per graph, weights per vehicle."""

from __future__ import annotations

from typing import cast

import numpy as np

from gis_wufei.network.engine import first  # noqa: F401  # says when kernels are compiled
from gis_wufei.network.engine.ends import Ends, Routes
from gis_wufei.network.engine.hierarchy import Hierarchy, Metric, Weights, contract, customize
from gis_wufei.network.engine.order import nested_dissection
from gis_wufei.network.engine.route import unfold
from gis_wufei.network.engine.store import kept
from gis_wufei.network.engine.sweep import sweep
from gis_wufei.network.network import Network
from gis_wufei.network.weights import CEILING


class Embedded:
    """Fastest ways by the hierarchy of ``engine/hierarchy.py``; numba compiles it on first use."""

    name = "embedded"

    def table(self, network: Network, costs: tuple[str, str], sources: Ends, targets: Ends, out: Weights) -> None:
        """Least packed cost from each source to each target into ``out``, uint64[M, N]."""
        sweep(hierarchy_of(network), _metric(network, costs, with_paths=False), sources, targets, out)

    def routes(self, network: Network, costs: tuple[str, str], sources: Ends, targets: Ends) -> Routes:
        """Arcs of the least way from source p to target p."""
        return unfold(hierarchy_of(network), _metric(network, costs, with_paths=True), sources, targets)


def hierarchy_of(network: Network) -> Hierarchy:
    """The hierarchy of a network's graph, made once for all vehicles that obey the same turn bans."""
    key = network.bans_key
    if key not in network.graph.prepared:
        arcs = network.arcs
        order = kept(f"{network.graph.fingerprint}-{key}", arcs.nodes, lambda: _order(network))
        network.graph.prepared[key] = contract(order, arcs.tail, arcs.head)
    return cast(Hierarchy, network.graph.prepared[key])


def _order(network: Network) -> np.ndarray:
    arcs = network.arcs
    return nested_dissection(arcs.tail, arcs.head, network.graph.node_xy[arcs.place])


def _metric(network: Network, costs: tuple[str, str], with_paths: bool) -> Metric:
    full, plain = ("paths", *costs), ("table", *costs)
    key = full if with_paths or full in network.made else plain
    if key not in network.made:
        network.made[key] = customize(hierarchy_of(network), network.weighing(*costs).arc, CEILING, with_paths)
    return cast(Metric, network.made[key])
