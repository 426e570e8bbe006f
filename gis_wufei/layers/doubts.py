"""What is legal and suspicious about shapes: far vertices, twins, points on one spot, rounded coordinates."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gis_wufei.errors import Fault
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.kinds import kinds_of
from gis_wufei.layers.measure import unit_m
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Role
from gis_wufei.layers.tell import remark, rows

FAR_M = 300_000.0
"""A vertex is wild only beyond this distance from all the rest, and only by more than the rest's own size."""
MOST_FAR = 0.4  # of all vertices; more are no slip but a second place
LEAST_ROUNDED = 5  # points; fewer may stand on round numbers by chance
NEAR_M = 1.0
"""Ends of lines closer than this, and not the same, were most likely meant to meet."""
SAME_M = 0.01  # as the network welds its vertices


def far_vertices(frame: gpd.GeoDataFrame, where: str, faults: list[Fault], notes: Notes) -> gpd.GeoDataFrame:
    """Rows without a wild vertex: one that a single stroke carries far from all the rest of the layer.

    A shape that lies far off as a whole is doubted and stays.
    """
    shapes = frame.geometry.to_numpy()
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    floor = FAR_M / unit_m(frame.crs)
    off = np.abs(xy - np.median(xy, axis=0)).max(axis=1)
    far = off > floor
    if len(xy) < 4 or not far.any() or far.mean() > MOST_FAR:
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
    if (touched & ~torn).any():
        notes.warned.append(remark("R-LAYER-FAR", frame, touched & ~torn, km=km))
    return frame[~torn]


def _leaps(shapes: NDArray[np.object_], chosen: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """Which of the chosen shapes have a single straight stroke longer than ``least``."""
    leaps = np.zeros(len(shapes), dtype=bool)
    at = np.flatnonzero(chosen)
    parts, owner = shapely.get_parts(shapes[at], return_index=True)
    areas = kinds_of(parts) == "polygon"
    rings, ring_owner = shapely.get_rings(parts[areas], return_index=True)
    lines = np.concatenate([parts[~areas], rings])
    owner = np.concatenate([owner[~areas], owner[areas][ring_owner]])
    xy, line = shapely.get_coordinates(lines, return_index=True)
    long = (np.abs(np.diff(xy, axis=0)).max(axis=1) > least) & (line[1:] == line[:-1])
    leaps[at[owner[line[1:][long]]]] = True
    return leaps


def doubt_shapes(frame: gpd.GeoDataFrame, role: Role, notes: Notes) -> None:
    """Note twins, points on one spot, rounded coordinates, and for lines what a network stumbles over."""
    shapes = frame.geometry.to_numpy()
    points = kinds_of(shapes) == "point"
    _twins(frame, points, notes)
    if points.all():
        _rounded(frame, notes)
    if role.geometry == ("line",):
        _lines(frame, shapes, notes)


def _twins(frame: gpd.GeoDataFrame, points: NDArray[np.bool_], notes: Notes) -> None:
    """Rows whose shape another row has, to the last digit; first those that repeat its attributes, too."""
    bytes_ = pd.Series(shapely.to_wkb(frame.geometry.to_numpy()), index=frame.index)
    same = bytes_.duplicated(keep=False)
    if not same.any():
        return
    few = frame[same].drop(columns=["row", frame.geometry.name]).astype(str)
    again = pd.Series(False, index=frame.index)
    again[same] = few.assign(shape=pd.factorize(bytes_[same])[0]).duplicated(keep="first")
    if again.any():
        notes.warned.append(remark("R-LAYER-TWIN", frame, again))
    others = (same & ~again).to_numpy() & bytes_.duplicated(keep="first").to_numpy()
    for code, mask in (("R-LAYER-COINCIDE", others & points), ("R-LAYER-SAMESHAPE", others & ~points)):
        if mask.any():
            notes.warned.append(remark(code, frame, mask))


def _rounded(frame: gpd.GeoDataFrame, notes: Notes) -> None:
    """Points of which nearly all stand on a lattice of a hundredth of a degree, or of a hundred metres."""
    if len(frame) < LEAST_ROUNDED or frame.crs is None:
        return
    xy, owner = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    step = 0.01 if frame.crs.is_geographic else 100.0 / unit_m(frame.crs)
    on = (np.abs(xy / step - np.round(xy / step)) < 1e-6).all(axis=1)
    if on.mean() >= 0.9:
        mask = np.zeros(len(frame), dtype=bool)
        mask[owner[on]] = True
        metres = 1000 if frame.crs.is_geographic else 100
        notes.warned.append(remark("R-LAYER-ROUNDED", frame, mask, metres=metres))


def _lines(frame: gpd.GeoDataFrame, shapes: NDArray[np.object_], notes: Notes) -> None:
    """Loops, and ends that stop just short of another line's end."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    first, last = (shapely.get_coordinates(shapely.get_point(parts, at)) for at in (0, -1))
    loop = np.zeros(len(frame), dtype=bool)
    loop[owner[(first == last).all(axis=1)]] = True
    if loop.any():
        notes.found.append(remark("R-LAYER-LOOPS", frame, loop))
    near = _near_misses(frame, np.concatenate([first, last]), np.concatenate([owner, owner]))
    if near is not None:
        notes.warned.append(near)


def _near_misses(frame: gpd.GeoDataFrame, ends: NDArray[np.float64], owner: NDArray[np.intp]) -> Remark | None:
    """Ends used by one line alone that lie within ``NEAR_M`` of another end."""
    if frame.crs is None or not len(ends):
        return None
    metres = unit_m(frame.crs)
    scale = np.array([metres, metres])
    if frame.crs.is_geographic:
        scale[0] *= np.cos(np.radians(np.median(ends[:, 1])))
    xy = (ends - ends.min(axis=0)) * scale
    cell = np.round(xy / SAME_M).astype(np.int64)
    code, _ = pd.factorize(cell[:, 0] * (1 << 31) + cell[:, 1])
    uses = np.bincount(code)
    spots = np.empty((len(uses), 2))
    spots[code] = xy
    alone = np.flatnonzero(uses == 1)
    gap, _ = cKDTree(spots).query(spots[alone], k=2, distance_upper_bound=NEAR_M)
    misses = alone[np.isfinite(gap[:, 1]) & (gap[:, 1] > 2 * SAME_M)] if len(spots) > 1 else alone[:0]
    if not len(misses):
        return None
    mask = np.zeros(len(frame), dtype=bool)
    hit = np.isin(code, misses)
    mask[owner[hit]] = True
    told = remark("R-LAYER-NEARMISS", frame, mask, metres=f"{NEAR_M:g}")
    return replace(told, facts={**told.facts, "count": int(hit.sum())})
