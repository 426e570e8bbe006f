"""What is legal and suspicious about shapes: twins, points on one spot, rounded coordinates."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.layers.junctions import doubt_lines
from gis_wufei.layers.kinds import kinds_of
from gis_wufei.layers.measure import unit_m
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Role
from gis_wufei.layers.tell import remark

LEAST_ROUNDED = 5  # points; fewer may stand on round numbers by chance


def doubt_shapes(frame: gpd.GeoDataFrame, role: Role, notes: Notes) -> None:
    """Note twins, points on one spot, rounded coordinates, and for lines what a network stumbles over."""
    shapes = frame.geometry.to_numpy()
    points = kinds_of(shapes) == "point"
    _twins(frame, points, notes)
    if points.all():
        _rounded(frame, notes)
    if role.geometry == ("line",):
        doubt_lines(frame, shapes, notes)


def _twins(frame: gpd.GeoDataFrame, points: NDArray[np.bool_], notes: Notes) -> None:
    """Rows whose shape another row has, to the last digit and in any direction; first those that repeat all of it."""
    bytes_ = pd.Series(shapely.to_wkb(_undirected(frame, points)), index=frame.index)
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


def _undirected(frame: gpd.GeoDataFrame, points: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Shapes by their course alone, wherever begun and whichever way drawn; one-way roads as they are."""
    shapes = frame.geometry.to_numpy().copy()
    either = ~points
    if "oneway" in frame:
        either &= frame["oneway"].fillna("no").astype(str).eq("no").to_numpy()
    shapes[either] = shapely.normalize(shapes[either])
    return np.asarray(shapes)


def _rounded(frame: gpd.GeoDataFrame, notes: Notes) -> None:
    """Points of which nearly all stand on whole hundredths of a degree, whole minutes, or hundreds of metres."""
    if len(frame) < LEAST_ROUNDED or frame.crs is None:
        return
    xy, owner = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    # Lattices: their step, its size in metres, and how far off (in steps) a point of so many decimals may stand.
    degrees = ((0.01, 1000, 1e-6), (1 / 60, 1850, 3e-3))
    for step, metres, off in degrees if frame.crs.is_geographic else ((100.0 / unit_m(frame.crs), 100, 1e-6),):
        on = (np.abs(xy / step - np.round(xy / step)) < off).all(axis=1)
        if on.mean() >= 0.9:
            mask = np.zeros(len(frame), dtype=bool)
            mask[owner[on]] = True
            notes.warned.append(remark("R-LAYER-ROUNDED", frame, mask, metres=metres))
            return
