"""The road network: main roads through the facts, lesser ones between the settlements, all of one piece."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from gen_facts import METRES, Facts, Flags, generated, stream
from gen_ground import GRID_M, GULLY_BED_M, Ground, lines_of, wander
from gen_lattice import Lattice
from gen_network import RANK, Piece, Pieces, join_up, rank_roads
from gen_places import Places
from gen_streets import town_grid
from gen_wilds import Wilds
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from shapely.ops import substring

BRIDGE_M = 90.0
"""Half the length of a bridge over a gully or the river, with its ramps."""
TRACK_SHARE = (0.0, 0.17, 0.42)
"""Chance of a track beside no tilled parcel, beside one, and between two."""
SPUR_SHARE = 0.25
"""Chance that a lone farm lies off a bend of a hill track."""
UNDERPASS_SHARE = 0.2
"""Share of the tracks that pass below the expressway; the others stop at its fence."""
SURFACE = {"village": "concrete", "track": "earth"}
"""All other roads are of asphalt."""


def draw_main_roads(facts: Facts) -> gpd.GeoDataFrame:
    """Courses of the roads in the table, bent by chance: name, class, geometry."""
    rng = stream("main roads")
    courses = [wander(line, rng, 160, 5000, 650) for line in facts.roads.geometry]
    return facts.roads[["name", "class"]].set_geometry(gpd.GeoSeries(courses, crs=METRES))


def lay_roads(
    facts: Facts,
    ground: Ground,
    lattice: Lattice,
    wilds: Wilds,
    places: Places,
    main_roads: gpd.GeoDataFrame,
    tilled: Flags,
) -> gpd.GeoDataFrame:
    """The roads layer: every crossing at grade is a shared vertex, every settlement can reach every other."""
    rng = stream("tracks")
    fast = main_roads["class"] == "expressway"
    wet = [*ground.gullies.geometry, ground.river]
    expressway = _with_bridges(main_roads[fast], wet)
    main = [*_with_bridges(main_roads[~fast], wet), *_interchanges(main_roads[fast], main_roads[~fast])]
    minor = [*_streets(places, ground), *_field_tracks(lattice, tilled, rng), *_wild_tracks(wilds, rng)]
    beds = ground.beds.buffer(0.5 * GULLY_BED_M)
    fence = shapely.union_all([piece.line for piece in expressway]).buffer(45)
    inside = ground.outline.difference(ground.river.buffer(500))
    shapely.prepare([beds, fence, inside])
    minor = [part for piece in minor for part in _cut_back(piece, beds, fence, inside, rng)]
    pieces = join_up([*main, *minor], ground.beds, [piece.line for piece in expressway])
    return _layer(rank_roads(pieces, expressway, facts, places))


def _with_bridges(roads: gpd.GeoDataFrame, wet: list[shapely.LineString]) -> list[Piece]:
    """Main roads cut where they cross water, so that each bridge is a piece of its own."""
    pieces = []
    for name, road_class, line in zip(roads["name"], roads["class"], roads.geometry, strict=True):
        points = shapely.get_parts(shapely.intersection(line, np.array(wet)))
        at = shapely.line_locate_point(line, points)
        spans = shapely.union_all(shapely.box(at - BRIDGE_M, 0, at + BRIDGE_M, 1))
        edges = [x for span in shapely.get_parts(spans) for x in span.bounds[0::2]]
        cuts = np.clip([0.0, *sorted(edges), line.length], 0.0, line.length)
        for k, (start, stop) in enumerate(pairwise(cuts)):
            if stop - start > GRID_M:
                part = _on_grid(substring(line, start, stop))
                pieces.append(Piece(part, road_class, name, name, bridge=k % 2 == 1))
    return pieces


def _interchanges(expressway: gpd.GeoDataFrame, others: gpd.GeoDataFrame) -> list[Piece]:
    """A link from the expressway to each main road that it crosses, and to the national road that runs beside it."""
    pieces = []
    fast = expressway.geometry.iloc[0]
    corners = shapely.points(fast.coords[1:-1])
    for name, road_class, line in zip(others["name"], others["class"], others.geometry, strict=True):
        crossing = fast.intersection(line)
        if crossing.is_empty and road_class != "national":
            continue
        place = fast.interpolate(0.5, normalized=True) if crossing.is_empty else crossing.centroid
        own = corners[np.argmin(shapely.distance(corners, place))]
        ends = shapely.points(line.coords)
        off = shapely.distance(ends, own)
        link = shapely.LineString([own, ends[np.argmin(np.where(off < 400, np.inf, off))]])
        pieces.append(Piece(link, "national", f"{expressway['name'].iloc[0]}互通连接线", f"interchange {name}"))
    return pieces


def _streets(places: Places, ground: Ground) -> list[Piece]:
    """Streets of the county town and of every settlement."""
    urban = places.points["place_id"].map(places.villages["class"]) == "urban"
    ways = np.where(urban, "town_street", "village")
    own = [
        Piece(line, way, "", f"streets {point}")
        for way, point, lines in zip(ways, places.points["point_id"], places.streets, strict=True)
        for line in lines
    ]
    return [Piece(line, "town_street", "", "county town") for line in town_grid(ground)[1]] + own


def _field_tracks(lattice: Lattice, tilled: Flags, rng: np.random.Generator) -> list[Piece]:
    """Edges of the lattice that carry a track, more of them where both sides are tilled."""
    beside = np.append(tilled, False)[lattice.sides].sum(axis=1)
    drawn = rng.uniform(size=len(beside)) < np.array(TRACK_SHARE)[beside]
    kept = drawn | _joining(lattice, drawn, rng)
    lines = shapely.linestrings(lattice.xy[lattice.edges[kept]])
    return [Piece(line, "track", "", f"field {k:05d}") for line, k in zip(lines, lattice.line[kept], strict=True)]


def _joining(lattice: Lattice, drawn: Flags, rng: np.random.Generator) -> Flags:
    """The edges that make the drawn ones of a strip hang together: a tree through them, without its idle twigs."""
    nodes = len(lattice.xy)
    weight = np.where(drawn, 0.01, 1.0) * rng.uniform(1.0, 1.2, len(drawn))
    tree = minimum_spanning_tree(csr_matrix((weight, lattice.edges.T), shape=(nodes, nodes))).tocoo()
    key = lattice.edges[:, 0] * nodes + lattice.edges[:, 1]
    chosen = np.isin(key, tree.row.astype(np.int64) * nodes + tree.col)
    while True:
        degree = np.bincount(lattice.edges[chosen | drawn].ravel(), minlength=nodes)
        twig = chosen & ~drawn & (degree[lattice.edges] == 1).any(axis=1)
        if not twig.any():
            return chosen
        chosen &= ~twig


def _wild_tracks(wilds: Wilds, rng: np.random.Generator) -> list[Piece]:
    """Winding tracks of hills and sand, with short spurs to lone farms in the hills."""
    pieces = []
    for k, (a, b) in enumerate(wilds.edges):
        start, end = wilds.xy[a], wilds.xy[b]
        steps = 1 + int(np.hypot(*(end - start)) // 450)
        along = np.linspace(0, 1, steps + 1)[1:-1, None]
        sideways = np.array([start[1] - end[1], end[0] - start[0]])
        bends = start + along * (end - start) + rng.normal(0, 0.07, along.shape) * sideways
        xy = np.rint(np.concatenate([[start], bends, [end]]) / GRID_M) * GRID_M
        pieces.append(Piece(shapely.LineString(xy), "track", "", f"wild {k:05d}"))
        if wilds.in_sand[[a, b]].any():
            continue
        for bend in xy[1:-1]:
            way, length = rng.uniform(0, 2 * np.pi), rng.uniform(150, 420)
            tip = np.rint(bend + length * np.array([np.cos(way), np.sin(way)]))
            if rng.uniform() < SPUR_SHARE:
                pieces.append(Piece(shapely.LineString([bend, tip]), "track", "", f"wild {k:05d}"))
    return pieces


def _cut_back(
    piece: Piece, beds: shapely.Geometry, fence: shapely.Geometry, inside: shapely.Geometry, rng: np.random.Generator
) -> list[Piece]:
    """What is left of a lesser road, which may cross neither gully, river, border nor (mostly) the expressway."""
    line = piece.line
    if not inside.contains(line):
        line = line.intersection(inside)
    if line.intersects(beds):
        line = line.difference(beds)
    if line.intersects(fence) and rng.uniform() > UNDERPASS_SHARE:
        line = line.difference(fence)
    return [piece.along(_on_grid(part)) for part in lines_of(line) if part.length > 20]


def _on_grid(line: shapely.LineString) -> shapely.LineString:
    xy = np.rint(shapely.get_coordinates(line) / GRID_M) * GRID_M
    return shapely.LineString(xy[np.append(True, (np.diff(xy, axis=0) != 0).any(axis=1))])


def _layer(pieces: Pieces) -> gpd.GeoDataFrame:
    """One row for all edges of one drawn road that share class and bridge."""
    edges = gpd.GeoDataFrame(
        {"drawn": pieces.source, "class": pieces.road_class, "name": pieces.name, "bridge": pieces.bridge},
        geometry=list(pieces.lines),
        crs=METRES,
    )
    rows = edges.dissolve(["class", "drawn", "name", "bridge"], method="unary", sort=True).reset_index()
    rows["geometry"] = shapely.line_merge(rows.geometry.to_numpy())
    rows = rows.iloc[np.argsort(rows["class"].map(RANK.index), kind="stable")]
    rows = rows.assign(oneway="no", surface=rows["class"].map(SURFACE).fillna("asphalt"))
    rows.insert(0, "road_id", [f"R{k:05d}" for k in range(1, len(rows) + 1)])
    rows["name"] = rows["name"].where(rows["name"] != "", None)
    frame = generated(
        rows[["road_id", "name", "class", "oneway", "surface", "bridge", "geometry"]], "made-up course", 5000
    )
    frame.loc[frame["name"].notna(), "source"] = "name: facts/roads.csv; course: generated"
    return frame
