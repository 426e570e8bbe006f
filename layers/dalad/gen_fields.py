"""Irrigated parcels of the plain, small fields along the gullies of the hills, and the protected share of them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from gen_facts import METRES, Facts, Flags, generated, stream
from gen_ground import GRID_M, GULLY_BED_M, Ground, polygons_of, waves
from gen_lattice import Lattice
from gen_places import Places
from scipy.spatial import cKDTree
from shapely.ops import substring

MU_M2 = 2000 / 3
CROPS = {
    "corn": 0.75,
    "sunflower": 0.10,
    "wheat": 0.06,
    "forage": 0.04,
    "silage_corn": 0.03,
    "soybean": 0.01,
    "potato": 0.01,
}
GULLY_CROPS = {"millet": 0.45, "corn": 0.30, "potato": 0.25}
GULLY_SHARE = 0.55
"""Share of the banks in the hills with a field."""
EDGE_M = 7.0
"""Half of the strip that a track and its ditch take between two parcels."""
LEAST_M2 = 12_000.0
PROTECTED_SHARE = 0.66
"""Share of the irrigated parcels that are permanent basic farmland."""


def farmed(facts: Facts, lattice: Lattice, places: Places) -> Flags:
    """Which parcels are tilled: those near natural villages first, until the published irrigated area is reached.

    Returns
    -------
    bool[C]
        By parcel of the lattice.
    """
    rng = stream("soil")
    parcels = lattice.parcels()
    centre = shapely.get_coordinates(shapely.centroid(parcels))
    homes = shapely.get_coordinates(shapely.centroid(np.array(places.homes)))
    off = cKDTree(homes).query(centre)[0]
    # Good and poor soil come in patches of some kilometres.
    soil = waves(centre[:, 0] + 0.4 * centre[:, 1], rng, 9000) + waves(centre[:, 1] - 0.5 * centre[:, 0], rng, 7000)
    order = np.argsort(np.minimum(off, 4000) / 2000 + 0.35 * soil + rng.uniform(0, 0.7, len(parcels)), kind="stable")
    # Roads, homes and edges take about so much of a parcel.
    net = np.cumsum(shapely.area(shapely.buffer(parcels[order], -EDGE_M, join_style="mitre")))
    wanted = float(facts.figures["irrigated_land"]) * MU_M2 * 1.06
    tilled = np.zeros(len(parcels), dtype=bool)
    tilled[order[: int(np.searchsorted(net, wanted))]] = True
    return tilled


def fields(
    facts: Facts, ground: Ground, lattice: Lattice, places: Places, main_roads: gpd.GeoDataFrame, tilled: Flags
) -> gpd.GeoDataFrame:
    """The fields layer."""
    rng = stream("crops")
    kept = lattice.parcels()[tilled]
    clear = _clearings(ground, places, main_roads, homes_m=15, roads_m=18)
    pieces = _less(shapely.buffer(kept, -EDGE_M, join_style="mitre"), clear)
    gully = _gully_fields(ground, clear, rng)
    shapes = [*pieces, *gully]
    irrigated = np.arange(len(shapes)) < len(pieces)
    crop = np.where(irrigated, _draw(CROPS, len(shapes), rng), _draw(GULLY_CROPS, len(shapes), rng))
    frame = gpd.GeoDataFrame({"crop": crop, "irrigated": irrigated}, geometry=shapes, crs=METRES)
    frame["township"] = township_of(frame.representative_point(), ground)
    frame = frame.iloc[np.lexsort((frame.centroid.x.round(), frame["township"], ~irrigated))]
    frame.insert(0, "field_id", [f"F{k:05d}" for k in range(1, len(frame) + 1)])
    return generated(frame, "parcels, crops by share; irrigated area as published", 5000)


def basic_farmland(
    ground: Ground, lattice: Lattice, places: Places, main_roads: gpd.GeoDataFrame, tilled: Flags
) -> gpd.GeoDataFrame:
    """Permanent basic farmland: the middle of two parcels in three, clear of roads and homes; one row a township."""
    rng = stream("protection")
    kept = lattice.parcels()[tilled]
    kept = kept[rng.uniform(size=len(kept)) < PROTECTED_SHARE]
    clear = _clearings(ground, places, main_roads, homes_m=150, roads_m=90)
    pieces = _less(shapely.buffer(kept, -45, join_style="mitre"), clear)
    frame = gpd.GeoDataFrame(geometry=pieces, crs=METRES)
    frame["name"] = township_of(frame.representative_point(), ground)
    rows = frame.dissolve("name", method="unary", sort=True).reset_index()
    rows["name"] = rows["name"] + "永久基本农田（虚构）"
    return generated(rows, "two thirds of the irrigated parcels", 5000)


def township_of(points: gpd.GeoSeries, ground: Ground) -> pd.Series:
    """Name of the township of each point; the nearest one beyond the border."""
    found = gpd.sjoin_nearest(gpd.GeoDataFrame(geometry=points), ground.townships[["name", "geometry"]])
    names: pd.Series = found[~found.index.duplicated()]["name"].loc[points.index]
    return names


def _clearings(
    ground: Ground, places: Places, main_roads: gpd.GeoDataFrame, homes_m: float, roads_m: float
) -> list[shapely.Geometry]:
    """What fields must leave free, as many small shapes."""
    homes = shapely.buffer(np.array(places.homes), homes_m, join_style="mitre")
    pieces = [substring(line, a, a + 1000) for line in main_roads.geometry for a in np.arange(0, line.length, 1000)]
    roads = shapely.buffer(np.array(pieces), roads_m, quad_segs=1)
    return [*homes, *roads, *ground.parks.geometry]


def _less(shapes: np.ndarray, clear: list[shapely.Geometry]) -> list[shapely.Polygon]:
    """Each shape without what must stay free: the polygons that are still worth a tractor."""
    shape, hit = shapely.STRtree(clear).query(shapes, predicate="intersects")
    left = shapes.copy()
    for k in np.unique(shape):
        cut = shapely.union_all([clear[h] for h in hit[shape == k]])
        left[k] = shapely.simplify(shapely.difference(left[k], cut, grid_size=GRID_M), 2.0)
    pieces = shapely.set_precision([piece for rest in left for piece in polygons_of(rest, LEAST_M2)], GRID_M)
    return list(shapely.normalize(pieces))


def _gully_fields(ground: Ground, clear: list[shapely.Geometry], rng: np.random.Generator) -> list[shapely.Polygon]:
    """Strips of field on the terraces of the gullies in the hills."""
    keep_off = ground.beds.buffer(GULLY_BED_M)
    strips: list[shapely.Polygon] = []
    for course in ground.gullies.geometry:
        for at in np.arange(0, course.length - 700, 700):
            for side in (-1, 1):
                length, depth, chance = rng.uniform(250, 560), rng.uniform(90, 190), rng.uniform()
                if chance > GULLY_SHARE:
                    continue
                bank = substring(course, at, at + length).simplify(60)
                near, far = (bank.offset_curve(side * (GULLY_BED_M + 40 + d)) for d in (0, depth))
                if near.geom_type != "LineString" or far.geom_type != "LineString":
                    continue
                strip = shapely.Polygon([*near.coords, *far.coords[::-1]])
                free = strip.is_valid and not strip.intersects(keep_off) and ground.hills.contains(strip)
                if free and not any(strip.intersects(other) for other in strips[-4:]):
                    strips.append(strip)
    return _less(np.array(strips), clear)


def _draw(shares: dict[str, float], count: int, rng: np.random.Generator) -> np.ndarray:
    weight = np.array(list(shares.values()))
    return rng.choice(list(shares), count, p=weight / weight.sum())
