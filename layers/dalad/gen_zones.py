"""Zones that rules refer to: water, sand, subsidence, scenic areas."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from gen_facts import METRES, Facts, generated, stream
from gen_ground import BEYOND_M, GRID_M, Ground, polygons_of, wander
from shapely.ops import substring

WELL_FIELD_M = {"1": 280.0, "2": 1100.0, "quasi": 2800.0}
TOWN_WELL_M = {"1": 110.0, "2": 420.0}
"""Radii of the levels round the three named sources and round the wells of the towns."""
SUBSIDENCE_SHARE = {"surface": 0.22, "underground": 0.4}
"""Share of a mine's area that has sunk (pit and edge, or goaf)."""
MINE_KM2 = 4.0
"""Area of a mine that states none."""


def rivers(ground: Ground) -> gpd.GeoDataFrame:
    """The Yellow River along the border and the ten gullies."""
    bed = gpd.GeoDataFrame(
        {"name": "黄河", "kind": "main", "synthetic": False, "accuracy_m": 1500},
        geometry=[ground.river],
        index=[0],
        crs=METRES,
    ).assign(source="north edge of the outline, which follows the channel of its time")
    gullies = ground.gullies[["name", "geometry"]].dissolve("name", sort=False).reset_index()
    gullies = generated(gullies.assign(kind="gully"), "course between the points of facts/kongdui.csv", 6000)
    return pd.concat([bed, gullies], ignore_index=True)


def sand(ground: Ground, main_roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The Kubuqi belt: a core of moving dunes, fixed where gullies and roads cross it and at its edges."""
    rng = stream("sand")
    zone = ground.outline.buffer(BEYOND_M)
    belt = ground.sand.intersection(zone).difference(ground.beds.buffer(500))
    quiet = [line.buffer(900, quad_segs=2) for line in main_roads.geometry]
    core = belt.buffer(-1700).difference(shapely.union_all([*quiet, ground.beds.buffer(1500)]))
    patches = [_blob(p, rng.uniform(900, 2600), rng) for p in _points_in(core, 45, rng)]
    mobile = polygons_of(core.difference(shapely.union_all(patches)).buffer(-150).buffer(150).simplify(60), 2e6)
    fixed = polygons_of(belt.difference(shapely.union_all(mobile)).simplify(30), 1e6)
    table = [("库布其流动沙地", "mobile", mobile), ("库布其半固定沙地", "semi_fixed", fixed)]
    return _table(table, "state", "Kubuqi belt between assumed edges", 5000)


def subsidence(facts: Facts) -> gpd.GeoDataFrame:
    """Sunk land round the mines with a point of their own: moving at working ones, settled at the others."""
    rng = stream("subsidence")
    mines = facts.placed_mines
    size = mines["size_km2"].fillna(MINE_KM2) * mines["mine_type"].map(SUBSIDENCE_SHARE) * 1e6
    rows: list[tuple[str, str, str, shapely.Polygon]] = []
    taken = shapely.Polygon()
    for name, state, area, point in zip(mines["name"], mines["state"], size, mines.geometry, strict=True):
        radius = float(np.sqrt(area / np.pi))
        old = _aside(point, 1.6 * radius, rng.uniform(0, 2 * np.pi))
        works = [("stable", point, radius)]
        if state == "operating":
            works = [("active", point, radius), ("stable", old, 0.6 * radius)]
        for ground_state, centre, reach in works:
            for piece in polygons_of(_blob(centre, reach, rng).difference(taken.buffer(30)), 1e5):
                rows.append((f"示例沉陷区-{len(rows) + 1:02d}（虚构）", name, ground_state, piece))
                taken = taken.union(piece)
    frame = gpd.GeoDataFrame(rows, columns=["name", "mine", "state", "geometry"], crs=METRES)
    return generated(frame, "round the real point of the mine; extent and state are made up", 2000)


def water_source(facts: Facts, ground: Ground) -> gpd.GeoDataFrame:
    """Zones round three named sources and round the wells of the towns; no level overlaps another."""
    rng = stream("wells")
    wells = [
        (name, point, WELL_FIELD_M) for name, point in facts.spots_of("water_source")[["name", "geometry"]].to_numpy()
    ]
    for seat in facts.seats.itertuples():
        way = rng.uniform(0.2 * np.pi, 0.8 * np.pi)
        wells.append((f"{seat.name}水源井", _aside(seat.geometry, 1900, -way), TOWN_WELL_M))
    rows = []
    taken = shapely.Polygon()
    for level in ("1", "2", "quasi"):
        rings = [(name, point.buffer(radii[level], quad_segs=6)) for name, point, radii in wells if level in radii]
        for name, ring in rings:
            rest = shapely.set_precision(ring.difference(taken).intersection(ground.outline), GRID_M)
            rows.append((f"{name}（范围虚构）", level, rest))
            taken = taken.union(rest)
    frame = gpd.GeoDataFrame(rows, columns=["name", "level", "geometry"], crs=METRES)
    return generated(frame, "circles round assumed points", 5000)


def wetland(facts: Facts, ground: Ground) -> gpd.GeoDataFrame:
    """Wet meadows along the river and the named island."""
    rng = stream("wetland")
    river = ground.river
    meadows = [
        substring(river, at, at + rng.uniform(2500, 6500)).buffer(rng.uniform(250, 700), cap_style="flat", quad_segs=3)
        for at in np.arange(2000, river.length - 8000, 9000)
    ]
    bank = river.interpolate(river.project(facts.spots_of("wetland").geometry[0]))
    wet = ground.shore.intersection(ground.outline)
    island = _blob(bank, 1800, rng).intersection(wet)
    rest = shapely.union_all(meadows).intersection(wet).difference(island)
    table = [("沿黄湿地", "meadow", polygons_of(rest.simplify(25), 2e5)), ("昭君岛湿地", "island", polygons_of(island))]
    return _table(table, "kind", "strips along the river", 5000)


def scenic(facts: Facts) -> gpd.GeoDataFrame:
    """The two scenic areas, as blobs round their points."""
    rng = stream("scenic")
    spots = facts.spots_of("scenic")
    areas = [_blob(point, 2300, rng) for point in spots.geometry]
    return generated(gpd.GeoDataFrame(spots[["name"]], geometry=areas, crs=METRES), "extent round a known point", 4000)


def railway(facts: Facts) -> gpd.GeoDataFrame:
    """The two lines that are named, on assumed courses."""
    rng = stream("railway")
    courses = [wander(line, rng, 150, 9000, 900) for line in facts.railways.geometry]
    return generated(gpd.GeoDataFrame(facts.railways[["name"]], geometry=courses, crs=METRES), "assumed course", 5000)


def _blob(centre: shapely.Point, radius_m: float, rng: np.random.Generator) -> shapely.Polygon:
    """A rounded patch of about the given radius."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    phase, size = rng.uniform(0, 2 * np.pi, 3), np.array([0.16, 0.1, 0.07])
    radius = radius_m * (1 + (size * np.sin(np.outer(angle, [2, 3, 5]) + phase)).sum(axis=1))
    xy = np.column_stack([centre.x + radius * np.cos(angle), centre.y + radius * np.sin(angle)])
    return shapely.Polygon(np.rint(xy / GRID_M) * GRID_M)


def _aside(point: shapely.Point, off_m: float, way: float) -> shapely.Point:
    """The point so far off in a direction (radians from east)."""
    return shapely.Point(point.x + off_m * np.cos(way), point.y + off_m * np.sin(way))


def _points_in(area: shapely.Geometry, count: int, rng: np.random.Generator) -> list[shapely.Point]:
    west, south, east, north = area.bounds
    xy = np.column_stack([rng.uniform(west, east, 12 * count), rng.uniform(south, north, 12 * count)])
    return list(shapely.points(xy[shapely.contains_xy(area, *xy.T)][:count]))


def _table(
    table: list[tuple[str, str, list[shapely.Polygon]]], column: str, note: str, accuracy_m: float
) -> gpd.GeoDataFrame:
    rows = [(f"{name}-{k:02d}", value, p) for name, value, shapes in table for k, p in enumerate(shapes, start=1)]
    return generated(gpd.GeoDataFrame(rows, columns=["name", column, "geometry"], crs=METRES), note, accuracy_m)
