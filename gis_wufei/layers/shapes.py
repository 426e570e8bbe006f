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
from gis_wufei.layers.certificate import Layer
from gis_wufei.layers.coordinates import beyond_sixty
from gis_wufei.layers.coverage import check_coverage
from gis_wufei.layers.doubts import doubt_shapes
from gis_wufei.layers.kinds import kinds_of, one_kind
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.repair import repaired, without_repeats
from gis_wufei.layers.spec import Role
from gis_wufei.layers.tell import LONLAT, remark, rows
from gis_wufei.layers.whereabouts import check_place
from gis_wufei.layers.wild import far_vertices
from gis_wufei.layers.zones import off_ground
from gis_wufei.text import text


def check_geometry(
    frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault], notes: Notes
) -> gpd.GeoDataFrame:
    """The rows with a sound geometry; what is repaired, dropped or doubted is noted, all else is a fault."""
    frame = _present(frame, where, faults)
    frame = _on_earth(frame, where, faults)
    if frame.empty:
        return frame
    check_place(frame, role, where, faults, notes)
    frame = _plane(frame, notes)
    frame = one_kind(frame, role, where, faults, notes)
    frame = _without_nothing(frame, notes)
    if frame.empty:
        return frame
    frame = _placed(far_vertices(frame, where, faults, notes), where, faults)
    frame = without_repeats(frame, notes)
    frame = repaired(frame, where, faults, notes)
    _form(frame, notes)
    doubt_shapes(frame, role, notes)
    return check_coverage(frame, role, notes) if not faults and (role.tiles or role.apart) else frame


def _present(frame: gpd.GeoDataFrame, where: str, faults: list[Fault]) -> gpd.GeoDataFrame:
    """The rows that have a geometry."""
    empty = frame.geometry.isna() | frame.geometry.is_empty
    if LONLAT in frame:
        words = empty & frame[LONLAT].notna()
        if words.any():
            sixty = words & frame[LONLAT].map(_beyond_sixty)
            for cause, told in (("cell.sixty", sixty), ("cell.word", words & ~sixty)):
                if told.any():
                    facts = {"rows": rows(frame, told, LONLAT), "limits": "[-∞, ∞]", "why": text(cause)}
                    faults.append(Fault("E-LAYER-009", f"{where} {LONLAT}", facts))
        blank = empty & ~words
        frame = frame.drop(columns=LONLAT)
    else:
        blank = empty
    if blank.any():
        faults.append(Fault("E-LAYER-008", f"{where} geometry", {"rows": rows(frame, blank)}, field="geometry"))
    return frame[~empty]


def _beyond_sixty(cells: object) -> bool:
    return isinstance(cells, str) and beyond_sixty(cells)


def _on_earth(frame: gpd.GeoDataFrame, where: str, faults: list[Fault]) -> gpd.GeoDataFrame:
    """Rows whose coordinates can be: finite, on the globe, not exactly (0, 0), and not around half of it."""
    shapes = frame.geometry.to_numpy()
    bounds = shapely.bounds(shapes)
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    nought = (bounds == 0).all(axis=1)
    endless = np.zeros(len(frame), dtype=bool)
    endless[row[~np.isfinite(xy).all(axis=1)]] = True
    for cause, named in (("shape.nought", nought), ("shape.endless", endless)):
        if named.any():
            facts: dict[str, object] = {"rows": rows(frame, pd.Series(named, index=frame.index)), "why": text(cause)}
            faults.append(Fault("E-LAYER-078", where, facts, field="geometry"))
    frame, bounds = frame[~(nought | endless)], bounds[~(nought | endless)]
    wild = np.zeros(len(frame), dtype=bool)
    wide = np.zeros(len(frame), dtype=bool)
    if frame.crs is not None and frame.crs.is_geographic:
        high = (np.abs(bounds[:, [1, 3]]) > 90).any(axis=1)
        across = (np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) & (np.abs(bounds[:, [0, 2]]) <= 180).any(axis=1)
        wild = high | ((np.abs(bounds[:, [0, 2]]) > 180).any(axis=1) & ~across)
        wide = ~wild & (across | (bounds[:, 2] - bounds[:, 0] > 180))
    if wild.any():
        faults.append(_impossible(frame, wild, where))
    if wide.any():
        named = rows(frame, pd.Series(wide, index=frame.index))
        faults.append(Fault("E-LAYER-077", where, {"rows": named}, field="geometry"))
    return frame[~(wild | wide)]


def _impossible(frame: gpd.GeoDataFrame, mask: NDArray[np.bool_], where: str) -> Fault:
    facts = {"rows": rows(frame, pd.Series(mask, index=frame.index)), "crs": crs_label(CRS(frame.crs))}
    return Fault("E-LAYER-012", where, facts, field="geometry")


def _placed(frame: gpd.GeoDataFrame, where: str, faults: list[Fault]) -> gpd.GeoDataFrame:
    """Rows whose metres have a place; where most have none, their system was refused before."""
    if frame.crs is None or frame.empty:
        return frame
    off = off_ground(CRS(frame.crs), shapely.bounds(frame.geometry.to_numpy()))
    if off.any():
        faults.append(_impossible(frame, off, where))
    return frame[~off]


def _plane(frame: gpd.GeoDataFrame, notes: Notes) -> gpd.GeoDataFrame:
    """Shapes without heights and measures, which no plan here uses."""
    shapes = frame.geometry.to_numpy()
    high = shapely.has_z(shapes) | shapely.has_m(shapes)
    if not high.any():
        return frame
    notes.found.append(remark("R-LAYER-HEIGHTS", frame, high))
    return frame.set_geometry(gpd.GeoSeries(shapely.force_2d(shapes), frame.index, crs=frame.crs))


def _without_nothing(frame: gpd.GeoDataFrame, notes: Notes) -> gpd.GeoDataFrame:
    """Lines of no length (a click too many when digitising) lead nowhere: dropped and told."""
    shapes = frame.geometry.to_numpy()
    nothing: NDArray[np.bool_] = (kinds_of(shapes) == "line") & (shapely.length(shapes) == 0)
    if not nothing.any():
        return frame
    notes.dropped.append(remark("R-LAYER-NOTHING", frame, nothing))
    return frame[~nothing]


def _form(frame: gpd.GeoDataFrame, notes: Notes) -> None:
    """What is unusual and legal: several parts, holes."""
    shapes = frame.geometry.to_numpy()
    many = shapely.get_num_geometries(shapes) > 1
    if many.any():
        notes.found.append(remark("R-LAYER-PARTS", frame, many))
    parts, owner = shapely.get_parts(shapes, return_index=True)
    holes = np.bincount(owner, shapely.get_num_interior_rings(parts), minlength=len(frame)).astype(int)
    if (holes > 0).any():
        notes.found.append(remark("R-LAYER-HOLES", frame, holes > 0, holes=int(holes.sum())))


def project(layer: Layer, crs: CRS) -> Layer:
    """The layer in another system; a row that has no place there is a fault, never dropped."""
    frame = layer.frame.to_crs(crs)
    lost = ~np.isfinite(frame.geometry.bounds.to_numpy()).all(axis=1)
    if lost.any():
        named = rows(frame, pd.Series(lost, index=frame.index))
        raise InputError([Fault("E-LAYER-012", layer.certificate.path.name, {"crs": crs_label(crs), "rows": named})])
    return replace(layer, frame=frame)
