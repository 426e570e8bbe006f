"""The road network: lines become a graph, points find their road, trips their way.

>>> network = build_network(roads, profile)            # doctest: +SKIP
>>> trips = prepare(network, snap(network, points_xy)) # doctest: +SKIP
>>> od_matrix(trips).duration_s                        # doctest: +SKIP
>>> paths(trips, [(0, 1)])[0].xy                       # doctest: +SKIP
"""

from gis_wufei.network.build import build_network, network_of
from gis_wufei.network.graph import RoadGraph, TurnBans
from gis_wufei.network.matrix import REASONS, ODMatrix, od_matrix
from gis_wufei.network.network import Network, NetworkReport
from gis_wufei.network.paths import Path, paths
from gis_wufei.network.profile import RoadProfile
from gis_wufei.network.snap import Snap, snap
from gis_wufei.network.trips import Trips, prepare

__all__ = [
    "REASONS",
    "Network",
    "NetworkReport",
    "ODMatrix",
    "Path",
    "RoadGraph",
    "RoadProfile",
    "Snap",
    "Trips",
    "TurnBans",
    "build_network",
    "network_of",
    "od_matrix",
    "paths",
    "prepare",
    "snap",
]
