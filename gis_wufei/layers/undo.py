"""A layer in the degrees of a Chinese online map, brought back to WGS 84 where the study declares it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import GEOD, WGS84, in_china
from gis_wufei.errors import Fault
from gis_wufei.layers.certificate import Remark
from gis_wufei.layers.settled import Settled
from gis_wufei.layers.tell import rows
from gis_wufei.layers.webmap import from_webmap, to_webmap

BORDER_DEG = 0.05  # an online map may reach so far across the border and still be shifted


def undo(datum: str, where: str, out: Settled) -> None:
    """Degrees of an online map as WGS 84; outside China nothing is shifted, so such rows have two readings."""
    system = CRS(out.frame.crs)
    frame = out.frame if system.is_geographic else out.frame.to_crs(WGS84)
    shapes = frame.geometry.to_numpy()
    boxes = shapely.bounds(shapes)
    boxes[~(np.abs(boxes) <= 1000)] = np.nan
    lon, lat = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    near = in_china(lon, lat)
    for dx in (-BORDER_DEG, 0.0, BORDER_DEG):
        for dy in (-BORDER_DEG, 0.0, BORDER_DEG):
            near[~near] = in_china(lon[~near] + dx, lat[~near] + dy)
    known = (np.abs(lon) <= 180) & (np.abs(lat) <= 90) & ~((lon == 0) & (lat == 0))  # others are told by their rows
    foreign = known & ~near
    if foreign.any():
        facts = {"rows": rows(frame, pd.Series(foreign, index=frame.index)), "datum": datum}
        out.faults.append(Fault("E-LAYER-047", where, facts))
        return
    moved = shapely.transform(shapes, lambda xy: np.column_stack(from_webmap(datum, xy[:, 0], xy[:, 1])))
    out.frame = frame.set_geometry(gpd.GeoSeries(moved, frame.index)).set_crs(WGS84, allow_override=True)
    out.datum = datum
    out.repaired.append(
        Remark(
            "R-LAYER-OFFSET", int(near.sum()), facts={"datum": datum, "metres": _metres(datum, lon[near], lat[near])}
        )
    )


def _metres(datum: str, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> int:
    """How far the online map shifts the middle of the places; 0 of none."""
    if not len(lon):
        return 0
    x, y = np.median(lon, keepdims=True), np.median(lat, keepdims=True)
    shown_x, shown_y = to_webmap(datum, x, y)
    return round(float(GEOD.inv(x, y, shown_x, shown_y)[2][0]))
