"""Wild vertices and lost points: what a slip of a digit carries far from all the rest."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.errors import Fault
from gis_wufei.layers.measure import lines_of, scale_m, unit_m
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.tell import remark, rows

FAR_M = 300_000.0
"""A vertex is wild only beyond this distance from all the rest, and only by more than the rest's own size."""
MOST_FAR = 0.4  # of all vertices; more are no slip but a second place
LOST_M = 2_000_000.0
"""A point so far from all the rest of a county's, which ``COUNTY_M`` holds, is on no plan of it."""
COUNTY_M = 600_000.0
SPIKE_M = 10_000.0  # both strokes of a wild vertex
NARROW, LONGER = 3.5, 3.0  # out and back against the way between its neighbours; against the next longest stroke
NEEDLE, USUAL = 20.0, 10.0  # the same for lines with some long strokes, against the usual stroke
AWAY_M, BOLT = (
    60_000.0,
    20.0,
)  # a stroke out of the layer: beyond its bulk; against what three quarters of its strokes are


def far_vertices(frame: gpd.GeoDataFrame, where: str, faults: list[Fault], notes: Notes) -> gpd.GeoDataFrame:
    """Rows without a wild vertex: one that a single stroke carries far from all the rest of the layer, or of its line.

    A shape that lies far off as a whole is doubted and stays; a point a continent away is a fault.
    """
    frame = _without_spikes(frame, where, faults)
    shapes = frame.geometry.to_numpy()
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    if len(xy) < 4:
        return frame
    floor = FAR_M / unit_m(frame.crs)
    off = np.abs(xy - np.median(xy, axis=0)).max(axis=1)
    far = off > floor
    if not far.any() or far.mean() > MOST_FAR:
        return frame
    low, high = xy[~far].min(axis=0), xy[~far].max(axis=0)
    beyond = np.maximum(low - xy, xy - high).max(axis=1)
    far = beyond > max(floor, float((high - low).max()))
    if not far.any():
        return frame
    touched = np.bincount(owner[far], minlength=len(frame)) > 0
    torn = touched & _leaps(shapes, touched, floor)
    km = f"{beyond.max() * unit_m(frame.crs) / 1000:.0f}"
    if torn.any():
        named = rows(frame, pd.Series(torn, index=frame.index))
        faults.append(Fault("E-LAYER-075", where, {"rows": named, "km": km}, field="geometry"))
    # A handful of rows, whose whole shape lies on another continent than a county's.
    hopeless = beyond * unit_m(frame.crs) > LOST_M
    lost = touched & ~torn & (np.bincount(owner[hopeless], minlength=len(frame)) > 0)
    if lost.any() and float((high - low).max()) * unit_m(frame.crs) < COUNTY_M:
        named = rows(frame, pd.Series(lost, index=frame.index))
        faults.append(Fault("E-LAYER-079", where, {"rows": named, "km": km}, field="geometry"))
    else:
        lost[:] = False
    if (touched & ~torn & ~lost).any():
        notes.warned.append(remark("R-LAYER-FAR", frame, touched & ~torn & ~lost, km=km))
    return frame[~(torn | lost)]


def _without_spikes(frame: gpd.GeoDataFrame, where: str, faults: list[Fault]) -> gpd.GeoDataFrame:
    """Rows without a vertex that two long strokes carry out and back, or one out of all the layer."""
    lines, owner = lines_of(frame.geometry.to_numpy())
    xy, line = shapely.get_coordinates(lines, return_index=True)
    if len(xy) < 4:
        return frame
    flat = xy * scale_m(frame.crs, xy)
    new = np.concatenate([[True], (flat[1:] != flat[:-1]).any(axis=1) | (line[1:] != line[:-1])])
    flat, line = flat[new], line[new]  # a vertex that is there twice is no turn
    first = np.flatnonzero(np.concatenate([[True], line[1:] != line[:-1]]))
    last = np.append(first[1:], len(line)) - 1
    before, after = np.arange(len(line)) - 1, np.arange(len(line)) + 1
    before[first], after[last] = first, last
    closed = (flat[first] == flat[last]).all(axis=1) & (last > first)
    before[first[closed]] = last[closed] - 1
    there, back = (np.hypot(*(flat[other] - flat).T) for other in (before, after))
    across = np.hypot(*(flat[after] - flat[before]).T)
    shorter = np.minimum(there, back)
    if not (back > SPIKE_M).any():
        return frame
    # Strokes of each line by length; a line's last vertex has none, which counts as the shortest.
    ranked = back[np.lexsort((back, line))]
    third, usual = ranked[np.maximum(last - 2, first)][line], ranked[(first + last + 1) // 2][line]
    several = (last - first >= 4)[line]
    spike = (there + back > NARROW * across) & (shorter > LONGER * third)
    needle = (there + back > NEEDLE * across) & (shorter > USUAL * usual)
    found = several & (shorter > SPIKE_M) & (spike | needle)
    bolt, beyond = _bolts(flat, back, after)
    if not (found | bolt).any():
        return frame
    wild = np.bincount(owner[line[found | bolt]], minlength=len(frame)) > 0
    km = max(shorter[found].max(initial=0), beyond) / 1000
    facts = {"rows": rows(frame, pd.Series(wild, index=frame.index)), "km": f"{km:.0f}"}
    faults.append(Fault("E-LAYER-075", where, facts, field="geometry"))
    return frame[~wild]


def _bolts(
    flat: NDArray[np.float64], stroke: NDArray[np.float64], after: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], float]:
    """Vertices whose stroke leaves the layer by more than all its size, and how far (m).

    ``stroke`` is the length from each vertex to the one ``after`` it. The layer's bulk are the vertices
    that any ordinary stroke reaches; a layer of long strokes has no such leap.
    """
    own = stroke[stroke > 0]
    long = stroke > max(AWAY_M, BOLT * float(np.percentile(own, 75, method="lower")))
    ordinary = (stroke > 0) & ~long
    bulk = ordinary.copy()
    bulk[after[ordinary]] = True
    if not long.any() or not bulk.any():
        return np.zeros(len(flat), dtype=bool), 0.0
    low, high = flat[bulk].min(axis=0), flat[bulk].max(axis=0)
    beyond = np.maximum(low - flat, flat - high).max(axis=1)
    away = beyond > max(AWAY_M, float((high - low).max()))
    bolt = long & (away != away[after])
    return bolt, float(np.maximum(beyond, beyond[after])[bolt].max(initial=0))


def _leaps(shapes: NDArray[np.object_], chosen: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """Which of the chosen shapes have a single straight stroke longer than ``least``."""
    leaps = np.zeros(len(shapes), dtype=bool)
    at = np.flatnonzero(chosen)
    lines, owner = lines_of(shapes[at])
    xy, line = shapely.get_coordinates(lines, return_index=True)
    long = (np.abs(np.diff(xy, axis=0)).max(axis=1) > least) & (line[1:] == line[:-1])
    leaps[at[owner[line[1:][long]]]] = True
    return leaps
