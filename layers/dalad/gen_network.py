"""Pieces of road become one network: noded, joined up, and ranked by who drives on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from gen_facts import Facts, Flags, Floats, Ints
from gen_ground import GRID_M
from gen_places import Places
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

RANK = ("expressway", "national", "provincial", "county", "township", "town_street", "village", "track")
DRIVE = {"expressway": 0.5, "national": 0.55, "provincial": 0.6, "county": 0.65, "township": 0.8}
"""Metres of a road count so much in the choice of a way; all other classes count fully."""
COUNTY_TOWN = "150621100"
"""Township whose seat is the county town, where streets and zones have their business."""
LINK_M = 6000.0
"""Longest link that joins a loose piece to the network."""
STUB_M = 15.0
"""Dead ends shorter than this are left over from noding."""


@dataclass(frozen=True)
class Piece:
    """One drawn line: its class, its name, and what it is part of."""

    line: shapely.LineString
    road_class: str
    name: str
    source: str
    bridge: bool = False

    def along(self, line: shapely.LineString) -> Piece:
        """The same road on another line."""
        return replace(self, line=line)


@dataclass(frozen=True, eq=False)
class Pieces:
    """E noded edges; they meet at their ends only."""

    lines: np.ndarray
    road_class: np.ndarray
    name: np.ndarray
    source: np.ndarray
    bridge: Flags

    def pick(self, chosen: Flags) -> Pieces:
        """The chosen edges."""
        columns = (self.lines, self.road_class, self.name, self.source, self.bridge)
        return Pieces(*(column[chosen] for column in columns))

    def plus(self, others: list[Piece]) -> Pieces:
        """These edges and more that have their vertices already."""
        return Pieces(
            np.append(self.lines, [piece.line for piece in others]),
            np.append(self.road_class, [piece.road_class for piece in others]),
            np.append(self.name, [piece.name for piece in others]),
            np.append(self.source, [piece.source for piece in others]),
            np.append(self.bridge, [piece.bridge for piece in others]),
        )


def join_up(drawn: list[Piece], beds: shapely.Geometry, above: list[shapely.LineString]) -> Pieces:
    """Node the lines, link loose parts to the largest, drop what stays loose.

    Parameters
    ----------
    beds
        Gullies: no link may cross one.
    above
        Lines that pass over all others: no link may cross them, either.
    """
    barrier = shapely.union_all([beds, *above])
    shapely.prepare(barrier)
    for _ in range(3):
        pieces = _noded(drawn)
        links = _links(pieces, barrier)
        if not links:
            break
        drawn = [*drawn, *links]
    pieces = _noded(drawn)
    part, size = _parts(pieces)
    pieces = pieces.pick(part == np.argmax(size))
    _, ends = _nodes(pieces)
    degree = np.bincount(ends.ravel())
    stub = (degree[ends] == 1).any(axis=1) & (shapely.length(pieces.lines) < STUB_M)
    return pieces.pick(~stub)


def rank_roads(level: Pieces, expressway: list[Piece], facts: Facts, places: Places) -> Pieces:
    """Add the expressway and raise the tracks that people need.

    A track on the way from a village to the seat of its township, from a seat or a mine to the
    county town, is a township road; one on the way from a natural village to its village a village
    road.
    """
    pieces = level.plus(expressway)
    tree = cKDTree(_nodes(pieces)[0])

    def nodes_of(points: gpd.GeoSeries) -> list[int]:
        return [int(node) for node in tree.query(shapely.get_coordinates(points.to_numpy()))[1]]

    villages, towns = places.villages, facts.townships
    seats = dict(zip(towns["code"], nodes_of(towns.geometry), strict=True))
    centre = seats[COUNTY_TOWN]
    own = towns["code"][towns["kind"].isin(["town", "sumu"])]
    homes = dict(zip(villages.index, nodes_of(villages.geometry), strict=True))
    far: dict[int, list[int]] = {centre: [*seats.values(), *nodes_of(facts.placed_mines.geometry)]}
    for village, code in villages["township_code"].items():
        far.setdefault(seats[code] if code in set(own) else centre, []).append(homes[village])
    near: dict[int, list[int]] = {}
    for village, node in zip(places.points["place_id"], nodes_of(places.points.geometry), strict=True):
        near.setdefault(homes[village], []).append(node)
    return _raise(_raise(pieces, far, "township", {"track", "village"}), near, "village", {"track"})


def _raise(pieces: Pieces, trips: dict[int, list[int]], to: str, of: set[str]) -> Pieces:
    """Give the edges on the best ways from each root to its targets a higher class."""
    _, ends = _nodes(pieces)
    cost = shapely.length(pieces.lines) * np.array([DRIVE.get(c, 1.0) for c in pieces.road_class])
    graph = _graph(ends, cost)
    edge_of: dict[tuple[int, int], int] = {}
    for k in np.argsort(-cost, kind="stable"):
        a, b = ends[k]
        edge_of[a, b] = edge_of[b, a] = int(k)
    used = np.zeros(len(cost), dtype=bool)
    for root, targets in trips.items():
        before = dijkstra(graph, directed=False, indices=root, return_predecessors=True)[1]
        for node in targets:
            while node != root and before[node] >= 0:
                used[edge_of[int(before[node]), int(node)]] = True
                node = before[node]
    change = used & np.isin(pieces.road_class, list(of))
    return replace(pieces, road_class=np.where(change, to, pieces.road_class))


def _noded(drawn: list[Piece]) -> Pieces:
    """Cut all lines where they meet and give each edge the highest class of the lines it lies on."""
    sources = np.array([piece.line for piece in drawn])
    edges = shapely.get_parts(shapely.union_all(sources, grid_size=GRID_M))
    edges = edges[np.lexsort(shapely.get_coordinates(shapely.centroid(edges)).T)]
    middle = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    edge, source = shapely.STRtree(sources).query(middle, predicate="dwithin", distance=1.5 * GRID_M)
    rank = np.array([RANK.index(piece.road_class) for piece in drawn])
    order = np.lexsort((source, rank[source], edge))
    first = np.unique(edge[order], return_index=True)[1]
    owner = source[order][first]
    return Pieces(
        edges[edge[order][first]],
        np.array([drawn[k].road_class for k in owner]),
        np.array([drawn[k].name for k in owner]),
        np.array([drawn[k].source for k in owner]),
        np.array([drawn[k].bridge for k in owner]),
    )


def _links(pieces: Pieces, barrier: shapely.Geometry) -> list[Piece]:
    """The shortest dry link from each loose part to the largest one."""
    xy, ends = _nodes(pieces)
    part_of_edge, size = _parts(pieces)
    part = np.zeros(len(xy), dtype=np.int64)
    part[ends] = part_of_edge[:, None]
    main = np.flatnonzero(part == np.argmax(size))
    tree = cKDTree(xy[main])
    found: list[Piece] = []
    for loose in np.flatnonzero((np.arange(len(size)) != np.argmax(size)) & (size > 120)):
        own = np.flatnonzero(part == loose)
        off, near = tree.query(xy[own], k=6, distance_upper_bound=LINK_M)
        for flat in np.argsort(off, axis=None, kind="stable")[:400]:
            row, k = np.unravel_index(flat, off.shape)
            if not np.isfinite(off[row, k]):
                break
            line = shapely.LineString([xy[own[row]], xy[main[near[row, k]]]])
            if not line.intersects(barrier):
                found.append(Piece(line, "track", "", f"link {len(found):04d}"))
                break
    return found


def _parts(pieces: Pieces) -> tuple[Ints, Floats]:
    """Which connected part each edge belongs to, int[E], and the length of each part in metres."""
    _, ends = _nodes(pieces)
    length = shapely.length(pieces.lines)
    part = connected_components(_graph(ends, length), directed=False)[1][ends[:, 0]]
    size: Floats = np.bincount(part, length).astype(np.float64)
    return part.astype(np.int64), size


def _nodes(pieces: Pieces) -> tuple[Floats, Ints]:
    """Places of the ends, float[N, 2], and the two of each edge, int[E, 2]."""
    first, last = shapely.get_point(pieces.lines, 0), shapely.get_point(pieces.lines, -1)
    both = shapely.get_coordinates(np.stack([first, last], axis=1).ravel())
    xy, node = np.unique(both, axis=0, return_inverse=True)
    return xy, node.reshape(-1, 2)


def _graph(ends: Ints, cost: Floats) -> csr_matrix:
    """Undirected graph; of parallel edges the cheapest."""
    order = np.lexsort((cost, ends.max(axis=1), ends.min(axis=1)))
    low, high = np.sort(ends[order], axis=1).T
    first = np.append(True, (np.diff(low) != 0) | (np.diff(high) != 0)) & (low != high)
    nodes = int(ends.max()) + 1
    return csr_matrix((cost[order][first], (low[first], high[first])), shape=(nodes, nodes))
