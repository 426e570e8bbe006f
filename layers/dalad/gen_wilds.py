"""Tracks of hills and sand: branching trees between scattered spots that keep to their side of a gully."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from gen_facts import Facts, Flags, Floats, Ints, stream
from gen_ground import GRID_M, GULLY_BED_M, Ground
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

HILL_M, SAND_M = 1900.0, 6500.0
"""Usual distance between two spots."""
SECOND_WAYS = 0.35
"""Share of the other near pairs of the hills that have a track, too; in the sand a tree is all there is."""


@dataclass(frozen=True, eq=False)
class Wilds:
    """N spots, M tracks between them."""

    xy: Floats
    """float[N, 2]."""
    in_sand: Flags
    """bool[N]."""
    edges: Ints
    """int[M, 2]."""


def scatter_wilds(facts: Facts, ground: Ground) -> Wilds:
    """Spots of hills, sand and mines, and the tracks that join them."""
    rng = stream("wilds")
    keep_off = ground.beds.buffer(GULLY_BED_M + 100)
    hills = _spots(ground.hills.difference(keep_off), HILL_M, rng)
    sand = _spots(ground.sand.intersection(ground.outline).difference(keep_off), SAND_M, rng)
    mined = np.rint(shapely.get_coordinates(facts.placed_mines.geometry.to_numpy()) / GRID_M) * GRID_M
    hills = hills[cKDTree(mined).query(hills)[0] > 0.5 * HILL_M]
    xy = np.concatenate([hills, mined, sand])
    in_sand = np.arange(len(xy)) >= len(hills) + len(mined)
    return Wilds(xy, in_sand, _tracks(xy, in_sand, ground, rng))


def _spots(land: shapely.Geometry, apart_m: float, rng: np.random.Generator) -> Floats:
    """A grid with every second row shifted and every spot moved by chance."""
    west, south, east, north = land.bounds
    x, y = np.meshgrid(np.arange(west, east, apart_m), np.arange(south, north, apart_m * 0.87))
    x = x + 0.5 * apart_m * (np.arange(len(x)) % 2)[:, None]
    xy = np.stack([x, y], axis=-1).reshape(-1, 2)
    xy = np.rint((xy + rng.uniform(-0.36, 0.36, xy.shape) * apart_m) / GRID_M) * GRID_M
    shapely.prepare(land)
    inside: Floats = xy[shapely.contains_xy(land, *xy.T)]
    return inside


def _tracks(xy: Floats, in_sand: Flags, ground: Ground, rng: np.random.Generator) -> Ints:
    """A tree over the near pairs that no gully parts, and a few second ways."""
    sides = Delaunay(xy).simplices[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    pairs = np.unique(np.sort(sides, axis=1), axis=0).astype(np.int64)
    length = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    longest = np.where(in_sand[pairs].any(axis=1), 1.7 * SAND_M, 2.2 * HILL_M)
    lines = shapely.linestrings(xy[pairs])
    beds, outline = ground.beds.buffer(100), ground.outline
    shapely.prepare([beds, outline])
    dry = ~shapely.intersects(beds, lines) & shapely.contains(outline, lines)
    pairs, length = pairs[dry & (length < longest)], length[dry & (length < longest)]
    weight = length * rng.uniform(1.0, 1.4, len(length))
    tree = minimum_spanning_tree(csr_matrix((weight, pairs.T), shape=(len(xy), len(xy)))).tocoo()
    key = pairs[:, 0] * len(xy) + pairs[:, 1]
    in_tree = np.isin(key, tree.row.astype(np.int64) * len(xy) + tree.col)
    second = (rng.uniform(size=len(pairs)) < SECOND_WAYS) & ~in_sand[pairs].any(axis=1)
    chosen: Ints = pairs[in_tree | second]
    return chosen
