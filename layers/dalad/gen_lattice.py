"""The plain as farmers cut it: strips between gullies, each a lattice of parcels with tracks between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from gen_facts import Floats, Ints, stream
from gen_ground import GRID_M, GULLY_BED_M, Ground, polygons_of
from numpy.typing import NDArray

PARCEL_M = (520.0, 390.0)
"""Mean size of a parcel along and across the strip."""
TURN_DEG = 7.0
"""How far a strip's lattice may be turned from east."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """N nodes, C cells (parcels), M edges (possible tracks)."""

    xy: Floats
    """float[N, 2], corners of parcels, metric."""
    turn: Floats
    """float[N], direction of the strip at each node, radians."""
    cells: Ints
    """int[C, 4], corners of each parcel in turn."""
    edges: Ints
    """int[M, 2], neighbouring corners."""
    sides: Ints
    """int[M, 2], the parcels left and right of each edge; -1 = none."""
    line: Ints
    """int[M], which of the long lines each edge is a piece of."""

    def parcels(self) -> NDArray[np.object_]:
        """The cells as polygons."""
        polygons: NDArray[np.object_] = shapely.polygons(self.xy[self.cells])
        return polygons


def cut_lattice(ground: Ground) -> Lattice:
    """Lay one lattice over every strip of the plain; the county town keeps its own streets."""
    rng = stream("lattice")
    streets = ground.townships[ground.townships["kind"] == "street"].union_all()
    open_land = ground.plain.difference(shapely.union_all([ground.beds.buffer(GULLY_BED_M), ground.shore, streets]))
    strips = sorted(polygons_of(open_land, 1e6), key=lambda strip: strip.centroid.x)
    parts = [_one_strip(strip, rng) for strip in strips]
    xy, turn, cells, edges, sides, line = ([] for _ in range(6))
    nodes = parcels = lines = 0
    for part in parts:
        xy.append(part.xy)
        turn.append(part.turn)
        cells.append(part.cells + nodes)
        edges.append(part.edges + nodes)
        sides.append(np.where(part.sides < 0, -1, part.sides + parcels))
        line.append(part.line + lines)
        nodes, parcels, lines = nodes + len(part.xy), parcels + len(part.cells), lines + int(part.line.max()) + 1
    return Lattice(*(np.concatenate(column) for column in (xy, turn, cells, edges, sides, line)))


def _one_strip(strip: shapely.Polygon, rng: np.random.Generator) -> Lattice:
    turn = np.deg2rad(rng.uniform(-TURN_DEG, TURN_DEG))
    centre = np.array(strip.centroid.coords[0])
    rotate = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    reach = 0.5 * np.hypot(*np.ptp(np.reshape(strip.bounds, (2, 2)), axis=0))
    u, v = (np.cumsum(size * rng.uniform(0.8, 1.2, int(2 * reach / size))) - reach for size in PARCEL_M)
    grid = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2) @ rotate + centre
    grid = np.rint(grid / GRID_M) * GRID_M
    shapely.prepare(strip)
    inside = shapely.contains_xy(strip, *grid.T).reshape(len(u), len(v))
    number = np.where(inside, np.cumsum(inside).reshape(inside.shape) - 1, -1)

    ring = [number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]]
    corners = np.stack(ring, axis=-1)
    whole = (corners >= 0).all(axis=-1)
    cell = np.pad(np.where(whole, np.cumsum(whole).reshape(whole.shape) - 1, -1), 1, constant_values=-1)

    east = np.stack([number[:-1], number[1:]], axis=-1)
    north = np.stack([number[:, :-1], number[:, 1:]], axis=-1)
    east_sides = np.stack([cell[1:-1, :-1], cell[1:-1, 1:]], axis=-1)
    north_sides = np.stack([cell[:-1, 1:-1], cell[1:, 1:-1]], axis=-1)
    east_line = np.broadcast_to(np.arange(len(v)), east.shape[:2])
    north_line = np.broadcast_to(len(v) + np.arange(len(u))[:, None], north.shape[:2])
    edges = np.concatenate([east.reshape(-1, 2), north.reshape(-1, 2)])
    sides = np.concatenate([east_sides.reshape(-1, 2), north_sides.reshape(-1, 2)])
    line = np.concatenate([east_line.ravel(), north_line.ravel()])
    real = (edges >= 0).all(axis=1)
    xy = grid[inside.ravel()]
    return Lattice(xy, np.full(len(xy), turn), corners[whole], edges[real], sides[real], line[real])
