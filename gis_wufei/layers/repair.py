"""Invalid polygons made valid, if that changes next to nothing; lines and points are always valid."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.errors import Fault
from gis_wufei.layers.measure import areas_ha
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.tell import remark, rows

MOST_CHANGE = 0.01  # of a polygon's area, by a repair


def repaired(frame: gpd.GeoDataFrame, where: str, faults: list[Fault], notes: Notes) -> gpd.GeoDataFrame:
    """The frame with valid polygons; one that a repair would change noticeably, or rob of a part, is a fault."""
    invalid = ~shapely.is_valid(frame.geometry.to_numpy())
    if not invalid.any():
        return frame
    broken = frame.geometry.to_numpy()[invalid]
    fixed = shapely.make_valid(broken, method="structure", keep_collapsed=False)
    before, after = shapely.area(broken), shapely.area(fixed)
    changed = (np.abs(after - before) > MOST_CHANGE * np.maximum(before, after)) | shapely.is_empty(fixed)
    robbed = ~changed & _robbed(broken)
    for code, told in (("E-LAYER-017", changed), ("E-LAYER-076", robbed)):
        if told.any():
            faults.append(Fault(code, where, {"rows": rows(frame, _among(frame, invalid, told))}, field="geometry"))
    mended = _among(frame, invalid, ~(changed | robbed)).to_numpy()
    if mended.any():
        kept = ~(changed | robbed)
        ha = areas_ha(fixed[kept], frame.crs)
        old, new = float((ha * before[kept] / after[kept]).sum()), float(ha.sum())
        notes.repaired.append(
            remark("R-LAYER-VALID", frame, mended, before=old, after=new, unit="ha", old=f"{old:.6g}", new=f"{new:.6g}")
        )
    shapes = frame.geometry.to_numpy().copy()
    shapes[invalid] = fixed
    return frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs))


def _among(frame: gpd.GeoDataFrame, invalid: NDArray[np.bool_], told: NDArray[np.bool_]) -> pd.Series:
    mask = np.zeros(len(frame), dtype=bool)
    mask[np.flatnonzero(invalid)[told]] = True
    return pd.Series(mask, index=frame.index)


def _robbed(broken: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which shapes of several parts have one without any area, which a repair leaves out."""
    parts, owner = shapely.get_parts(broken, return_index=True)
    outer = shapely.polygons(shapely.get_exterior_ring(parts))
    gone = np.zeros(len(broken), dtype=bool)
    sick = ~shapely.is_valid(outer)
    lost = shapely.is_empty(shapely.make_valid(outer[sick], method="structure", keep_collapsed=False))
    gone[owner[np.flatnonzero(sick)[lost]]] = True
    return gone
