"""Streets of settlements: the county town's grid, a small grid at each seat, a ladder in each natural village."""

from __future__ import annotations

import numpy as np
import shapely
from gen_facts import Floats
from gen_ground import GRID_M, Ground

TOWN_BLOCK_M = (240.0, 210.0)
"""Blocks of the county town, east and north."""
SEAT_BLOCK_M = 170.0
ROW_M = 60.0
"""Distance between two rows of farmhouses."""


def town_grid(ground: Ground) -> tuple[Floats, list[shapely.LineString]]:
    """Corners and streets of the county town, the area of its street offices."""
    west, south, east, north = ground.townships[ground.townships["kind"] == "street"].total_bounds
    x = np.rint(np.arange(west + 60, east - 59, TOWN_BLOCK_M[0]))
    y = np.rint(np.arange(south + 60, north - 59, TOWN_BLOCK_M[1]))
    corners = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    across = [shapely.LineString([(x[0], v), (x[-1], v)]) for v in y]
    along = [shapely.LineString([(u, y[0]), (u, y[-1])]) for u in x]
    return corners, across + along


def seat_streets(centre: Floats, turn: float, columns: int, rows: int) -> list[shapely.LineString]:
    """A grid of streets round a township seat; its middle corner is the centre."""
    u = (np.arange(columns) - columns // 2) * SEAT_BLOCK_M
    v = (np.arange(rows) - rows // 2) * SEAT_BLOCK_M
    across = [[(u[0] - 60, y), (u[-1] + 60, y)] for y in v]
    along = [[(x, v[0] - 60), (x, v[-1] + 60)] for x in u]
    return [_placed(line, centre, turn) for line in across + along]


def ladder(centre: Floats, turn: float, rungs: int, rows: int, rng: np.random.Generator) -> list[shapely.LineString]:
    """Streets of a natural village: rows of farmhouses and the lanes across them; a lane runs through the centre."""
    gaps = rng.uniform(50, 85, rungs)
    u = np.cumsum(gaps)
    u -= u[rungs // 2]
    v = (np.arange(rows) - rows // 2) * ROW_M
    ends = rng.uniform(25, 60, (rows, 2))
    across = [[(u[0] - end[0], y), (u[-1] + end[1], y)] for y, end in zip(v, ends, strict=True)]
    tips = rng.uniform(10, 40, rungs)
    along = [[(x, v[0]), (x, v[-1] + tip)] for x, tip in zip(u, tips, strict=True)]
    return [_placed(line, centre, turn) for line in across + along]


def homes_of(streets: list[shapely.LineString]) -> shapely.Polygon:
    """The built-up land along the streets: a rectangle with a yard's depth beyond them."""
    box = shapely.oriented_envelope(shapely.MultiLineString(streets))
    return shapely.set_precision(box.buffer(22, join_style="mitre"), GRID_M)


def _placed(line: list[tuple[float, float]], centre: Floats, turn: float) -> shapely.LineString:
    rotate = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return shapely.LineString(np.rint((np.array(line) @ rotate + centre) / GRID_M) * GRID_M)
