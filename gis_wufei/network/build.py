"""From a road layer to the network of one vehicle."""

from __future__ import annotations

from typing import cast

import geopandas as gpd

from gis_wufei.network.costs import Closed, edge_costs
from gis_wufei.network.graph import Floats, RoadGraph
from gis_wufei.network.lines import read_lines
from gis_wufei.network.network import Network
from gis_wufei.network.profile import RoadProfile
from gis_wufei.network.slope import Slopes


def network_of(
    graph: RoadGraph, profile: RoadProfile, closed: Closed = (), slope: Slopes | Floats | None = None
) -> Network:
    """The graph for one vehicle; cheap, so each profile and each closure gets its own; see ``edge_costs``.

    A closure shuts a road and moves nobody: places snap to the roads as they are without it, so one that
    lives on a closed road is cut off, and no trip gets shorter.
    """
    if isinstance(closed, (list, tuple)) and not len(closed):
        return Network(graph, profile, edge_costs(graph, profile, (), slope))
    key = f"open {profile.model_dump_json()}"  # the same for every closure, so it is made once
    before = graph.prepared.get(key) if slope is None else None
    if before is None:
        before = network_of(graph, profile, (), slope)
        if slope is None:
            graph.prepared[key] = before
    return Network(graph, profile, edge_costs(graph, profile, closed, slope), cast(Network, before))


def build_network(
    lines: gpd.GeoDataFrame, profile: RoadProfile, closed: Closed = (), tolerance_m: float | None = None
) -> Network:
    """The network of one vehicle, straight from a road layer: ``read_lines``, then ``network_of``."""
    return network_of(read_lines(lines, tolerance_m), profile, closed)
