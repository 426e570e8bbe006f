"""The road network: lines become a graph, points find their road, trips their way.

>>> network = build_network(roads, profile)            # doctest: +SKIP
>>> trips = prepare(network, snap(network, points_xy)) # doctest: +SKIP
>>> od_matrix(trips).duration_s                        # doctest: +SKIP
>>> paths(trips, [(0, 1)])[0].xy                       # doctest: +SKIP
"""

from gis_wufei.network.alternatives import Alternative, alternatives
from gis_wufei.network.areas import Served, ServiceAreas, served, service_areas
from gis_wufei.network.build import build_network, network_of
from gis_wufei.network.closures import Closures, ClosureSpec, closures
from gis_wufei.network.criticality import RoadCriticality, cut_off, facility_removal, pair_criticality, road_criticality
from gis_wufei.network.directions import Instruction, directions
from gis_wufei.network.exposure import (
    AccidentRates,
    crosses,
    metres_inside,
    people_along,
    people_within,
    risk,
    share_inside,
)
from gis_wufei.network.front import Front, front
from gis_wufei.network.graph import RoadGraph, TurnBans
from gis_wufei.network.lines import read_lines
from gis_wufei.network.matrix import REASONS, ODMatrix, od_matrix
from gis_wufei.network.nearest import Nearest, ODPairs, nearest, od_pairs
from gis_wufei.network.network import Network, NetworkReport
from gis_wufei.network.paths import Path, paths
from gis_wufei.network.profile import RoadProfile
from gis_wufei.network.snap import Snap, snap
from gis_wufei.network.spec import RoadsSpec
from gis_wufei.network.trips import Trips, prepare

__all__ = [
    "REASONS",
    "AccidentRates",
    "Alternative",
    "ClosureSpec",
    "Closures",
    "Front",
    "Instruction",
    "Nearest",
    "Network",
    "NetworkReport",
    "ODMatrix",
    "ODPairs",
    "Path",
    "RoadCriticality",
    "RoadGraph",
    "RoadProfile",
    "RoadsSpec",
    "Served",
    "ServiceAreas",
    "Snap",
    "Trips",
    "TurnBans",
    "alternatives",
    "build_network",
    "closures",
    "crosses",
    "cut_off",
    "directions",
    "facility_removal",
    "front",
    "metres_inside",
    "nearest",
    "network_of",
    "od_matrix",
    "od_pairs",
    "pair_criticality",
    "paths",
    "people_along",
    "people_within",
    "prepare",
    "read_lines",
    "risk",
    "road_criticality",
    "served",
    "service_areas",
    "share_inside",
    "snap",
]
