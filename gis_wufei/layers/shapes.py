"""Geometry held against its role: what is sound passes, what has one reading is repaired and told."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import crs_label
from gis_wufei.errors import Fault, InputError
from gis_wufei.layers.certificate import Layer, Remark
from gis_wufei.layers.spec import Role
from gis_wufei.layers.tell import LONLAT, first, rows

KINDS = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon", 7: "collection"}
MULTIPOINT = 4
MOST_CHANGE = 0.01  # of a polygon's area, by a repair


def check_geometry(
    frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault]
) -> tuple[gpd.GeoDataFrame, list[Remark], list[Remark]]:
    """The rows with a sound geometry, what was repaired, and what was dropped; all else is a fault."""
    empty = frame.geometry.isna() | frame.geometry.is_empty
    if LONLAT in frame:
        words = empty & frame[LONLAT].notna()
        if words.any():
            facts = {"rows": rows(frame, words, LONLAT), "limits": "[-∞, ∞]"}
            faults.append(Fault("E-LAYER-009", f"{where} {LONLAT}", facts))
        blank = empty & ~words
        frame = frame.drop(columns=LONLAT)
    else:
        blank = empty
    if blank.any():
        faults.append(Fault("E-LAYER-008", f"{where} geometry", {"rows": rows(frame, blank)}))
    frame = frame[~empty]
    wild = _wild(frame)
    if wild.any():
        named = rows(frame, pd.Series(wild, index=frame.index))
        faults.append(Fault("E-LAYER-012", where, {"rows": named, "crs": crs_label(CRS(frame.crs))}))
        frame = frame[~wild]
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    if role.geometry == ("point",):  # a place is one point; alone in a multi-point it is one, too
        single = (shapely.get_type_id(shapes) == MULTIPOINT) & (shapely.get_num_geometries(shapes) == 1)
        shapes[single] = shapely.get_geometry(shapes[single], 0)
    frame = frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs))
    kinds = np.array([KINDS.get(int(i), "?") for i in shapely.get_type_id(shapes)], dtype=object)
    if role.geometry == ("point",):
        kinds[shapely.get_type_id(shapes) == MULTIPOINT] = "multi-point"
    wrong = ~np.isin(kinds, role.geometry)
    if wrong.any():
        found = ", ".join(sorted(set(kinds[wrong])))
        facts = {"found": found, "wanted": "/".join(role.geometry), "rows": rows(frame, pd.Series(wrong, frame.index))}
        faults.append(Fault("E-LAYER-006", where, facts))
        frame, kinds = frame[~wrong], kinds[~wrong]
    frame, dropped = _without_nothing(frame, kinds)
    frame, repaired = _repaired(frame, where, faults)
    return frame, repaired, dropped


def _wild(frame: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Rows whose coordinates cannot be: not finite, beyond the globe, or exactly (0, 0)."""
    bounds = frame.geometry.bounds.to_numpy()
    wild = ~np.isfinite(bounds).all(axis=1) | (bounds == 0).all(axis=1)
    if frame.crs.is_geographic:
        wild |= (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) | (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)
    return np.asarray(wild)


def _without_nothing(frame: gpd.GeoDataFrame, kinds: NDArray[np.object_]) -> tuple[gpd.GeoDataFrame, list[Remark]]:
    """Lines of no length (a click too many when digitising) lead nowhere: dropped and told."""
    nothing = pd.Series((kinds == "line") & (shapely.length(frame.geometry.to_numpy()) == 0), index=frame.index)
    if not nothing.any():
        return frame, []
    return frame[~nothing], [Remark("R-LAYER-NOTHING", int(nothing.sum()), first(frame, nothing))]


def _repaired(frame: gpd.GeoDataFrame, where: str, faults: list[Fault]) -> tuple[gpd.GeoDataFrame, list[Remark]]:
    invalid = ~frame.geometry.is_valid
    if not invalid.any():
        return frame, []
    broken = frame.geometry[invalid].to_numpy()
    fixed = shapely.make_valid(broken, method="structure", keep_collapsed=False)
    before, after = shapely.area(broken), shapely.area(fixed)
    lost = (np.abs(after - before) > MOST_CHANGE * np.maximum(before, after)) | shapely.is_empty(fixed)
    if lost.any():
        gone = pd.Series(False, index=frame.index)
        gone.loc[invalid[invalid].index[lost]] = True
        faults.append(Fault("E-LAYER-017", where, {"rows": rows(frame, gone)}))
    frame = frame.copy()
    frame.loc[invalid, "geometry"] = fixed
    return frame, [Remark("R-LAYER-VALID", int(invalid.sum()), first(frame, invalid))]


def project(layer: Layer, crs: CRS) -> Layer:
    """The layer in another system; a row that has no place there is a fault, never dropped."""
    frame = layer.frame.to_crs(crs)
    lost = ~np.isfinite(frame.geometry.bounds.to_numpy()).all(axis=1)
    if lost.any():
        named = rows(frame, pd.Series(lost, index=frame.index))
        raise InputError([Fault("E-LAYER-012", layer.certificate.path.name, {"crs": crs_label(crs), "rows": named})])
    return replace(layer, frame=frame)
