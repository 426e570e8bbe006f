"""What a road network stumbles over: loops, and ends that stop short of another line."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.measure import scale_m
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.tell import remark

NEAR_M = 1.0
"""Ends of lines closer than this, and not the same, were most likely meant to meet."""
SHORT_M = 5.0
"""An end that stops so short of another line, and meets none, was most likely meant to reach it."""
SAME_M = 0.01  # as the network welds its vertices


def doubt_lines(frame: gpd.GeoDataFrame, shapes: NDArray[np.object_], notes: Notes) -> None:
    """Loops, and ends that stop just short of another line's end."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    first, last = (shapely.get_coordinates(shapely.get_point(parts, at)) for at in (0, -1))
    loop = np.zeros(len(frame), dtype=bool)
    loop[owner[(first == last).all(axis=1)]] = True
    if loop.any():
        notes.found.append(remark("R-LAYER-LOOPS", frame, loop))
    notes.warned += _near_misses(frame, parts, np.concatenate([first, last]), np.concatenate([owner, owner]))


def _near_misses(
    frame: gpd.GeoDataFrame, parts: NDArray[np.object_], ends: NDArray[np.float64], owner: NDArray[np.intp]
) -> list[Remark]:
    """Ends used by one line alone that lie within ``NEAR_M`` of another end, or stop short of another line."""
    if frame.crs is None or not len(ends):
        return []
    scale, origin = scale_m(frame.crs, ends), ends.min(axis=0)
    xy = (ends - origin) * scale
    cell = np.round(xy / SAME_M).astype(np.int64)
    code, _ = pd.factorize(cell[:, 0] * (1 << 31) + cell[:, 1])
    uses = np.bincount(code)
    spots = np.empty((len(uses), 2))
    spots[code] = xy
    alone = np.flatnonzero(uses == 1)
    gap, _ = cKDTree(spots).query(spots[alone], k=2, distance_upper_bound=NEAR_M)
    misses = alone[np.isfinite(gap[:, 1]) & (gap[:, 1] > 2 * SAME_M)] if len(spots) > 1 else alone[:0]
    near = np.isin(code, misses)
    open_ends = np.flatnonzero(np.isin(code, alone) & ~near)
    short = np.zeros(len(ends), dtype=bool)
    short[open_ends[_stop_short(shapely.transform(parts, lambda at: (at - origin) * scale), xy, open_ends)]] = True
    told = []
    for name, hit, metres in (("R-LAYER-NEARMISS", near, NEAR_M), ("R-LAYER-SHORT", short, SHORT_M)):
        if hit.any():
            mask = np.zeros(len(frame), dtype=bool)
            mask[owner[hit]] = True
            one = remark(name, frame, mask, metres=f"{metres:g}")
            told.append(replace(one, facts={**one.facts, "count": int(hit.sum())}))
    return told


def _stop_short(lines: NDArray[np.object_], xy: NDArray[np.float64], at: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which of the ends ``at`` lie within ``SHORT_M`` of another line that theirs never meets, and touch none.

    ``xy`` are the first ends of all lines, then the last ones, in metres.
    """
    points = shapely.points(xy[at])
    end, other = shapely.STRtree(lines).query(points, predicate="dwithin", distance=SHORT_M)
    mine = at[end] % len(lines)
    end, other, mine = (side[other != mine] for side in (end, other, mine))
    gap = shapely.distance(points[end], lines[other])
    touching = np.bincount(end[gap <= 2 * SAME_M], minlength=len(at)) > 0
    apart = ~shapely.intersects(lines[mine], lines[other])
    missing = np.bincount(end[apart], minlength=len(at)) > 0
    return missing & ~touching
