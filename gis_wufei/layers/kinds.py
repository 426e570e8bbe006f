"""Kinds of geometry: each row of the kind its role asks for, turned into it where there is one reading."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.errors import Fault
from gis_wufei.layers.measure import extents_m, unit_m
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.spec import Role
from gis_wufei.layers.tell import remark, rows
from gis_wufei.text import Text, text

NAMES = np.array(["point", "line", "line", "polygon", "point", "line", "polygon", "collection", "-"], dtype=object)
"""Kind by shapely's type id; the last for none."""
CLOSED_M = 0.01
"""A line whose ends lie this close was drawn closed, though its file does not say so."""
MULTIPOINT, COLLECTION = 4, 7
MULTI = {"point": shapely.multipoints, "line": shapely.multilinestrings, "polygon": shapely.multipolygons}


def kinds_of(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Kind of each shape: point, line, polygon, collection."""
    kinds: NDArray[np.object_] = NAMES[shapely.get_type_id(shapes)]
    return kinds


def one_kind(frame: gpd.GeoDataFrame, role: Role, where: str, faults: list[Fault], notes: Notes) -> gpd.GeoDataFrame:
    """The rows whose geometry is of the role's kind; others are turned into it, or told."""
    shapes = frame.geometry.to_numpy().copy()
    shapes = _from_collections(frame, shapes, role, notes)
    if role.geometry == ("point",):
        shapes = _to_points(frame, shapes, notes)
    elif role.geometry == ("polygon",):
        shapes = _to_areas(frame, shapes, notes)
    frame = frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs))
    kinds = kinds_of(shapes)
    if role.geometry == ("point",):
        kinds[shapely.get_type_id(shapes) == MULTIPOINT] = "multi-point"
    wrong = ~np.isin(kinds, role.geometry)
    if wrong.any():
        found = ", ".join(sorted(set(kinds[wrong])))
        named = rows(frame, pd.Series(wrong, frame.index))
        drawn = role.geometry == ("polygon",) and (kinds[wrong] == "line").all()
        why = text("kind.open") if drawn else Text(zh="", en="")
        facts = {"found": found, "wanted": "/".join(role.geometry), "rows": named, "why": why}
        faults.append(Fault("E-LAYER-006", where, facts, field="geometry"))
        frame = frame[~wrong]
    return frame


def _from_collections(
    frame: gpd.GeoDataFrame, shapes: NDArray[np.object_], role: Role, notes: Notes
) -> NDArray[np.object_]:
    """Collections by their members of the role's highest kind, if what is left over is of a lower one.

    An overlay leaves lines and points beside its areas; those are not what was drawn. A collection
    with points and areas of which the role knows both stays as it is, and is told.
    """
    kept = np.zeros(len(shapes), dtype=bool)
    kind = ""
    for at in np.flatnonzero(shapely.get_type_id(shapes) == COLLECTION):
        members = _members(shapes[at])
        held = [name for name in ("polygon", "line", "point") if (kinds_of(members) == name).any()]
        wanted = [name for name in held if name in role.geometry]
        if not wanted or held[0] != wanted[0] or (len(wanted) > 1 and len(role.geometry) < 3):
            continue
        kind = wanted[0]
        chosen = members[kinds_of(members) == kind]
        parts = shapely.get_parts(chosen)
        shapes[at] = parts[0] if len(parts) == 1 else MULTI[kind](parts)
        kept[at] = len(chosen) < len(members)
    if kept.any():
        notes.repaired.append(remark("R-LAYER-LEFTOVER", frame, kept, kind=kind))
    return shapes


def _members(shape: shapely.Geometry) -> NDArray[np.object_]:
    """Members of a collection, those of collections within it included."""
    members = shapely.get_parts([shape])
    while (shapely.get_type_id(members) == COLLECTION).any():
        members = shapely.get_parts(members)
        if (
            not (shapely.get_num_geometries(members) > 1).any()
            and not (shapely.get_type_id(members) == COLLECTION).any()
        ):
            break
    return np.asarray(members[~shapely.is_empty(members)], dtype=object)


def _to_points(frame: gpd.GeoDataFrame, shapes: NDArray[np.object_], notes: Notes) -> NDArray[np.object_]:
    """A place is one point: alone in a multi-point it is one, too, and a layer of areas has one inside each."""
    types = shapely.get_type_id(shapes)
    several = types == MULTIPOINT
    if several.any():
        bounds = shapely.bounds(shapes)
        same = several & (bounds[:, 0] == bounds[:, 2]) & (bounds[:, 1] == bounds[:, 3])
        repeated = same & (shapely.get_num_geometries(shapes) > 1)
        if repeated.any():
            notes.repaired.append(remark("R-LAYER-TOGETHER", frame, repeated))
        shapes[same] = shapely.get_geometry(shapes[same], 0)
    if (kinds_of(shapes) == "polygon").all():
        km = extents_m(shapes, frame.crs).max() / 1000
        every = np.ones(len(shapes), dtype=bool)
        notes.repaired.append(remark("R-LAYER-INSIDE", frame, every, km=f"{km:.3g}"))
        shapes = shapely.point_on_surface(shapes)
    return shapes


def _to_areas(frame: gpd.GeoDataFrame, shapes: NDArray[np.object_], notes: Notes) -> NDArray[np.object_]:
    """Closed lines, as a drawing keeps its areas, are areas where areas are asked for."""
    shapes = _joined_ends(frame, shapes, notes)
    closed = (shapely.get_type_id(shapes) == 1) & shapely.is_closed(shapes) & (shapely.get_num_coordinates(shapes) > 3)
    if closed.any():
        shapes[closed] = shapely.polygons(
            shapely.linearrings(shapely.get_coordinates(shapes[closed]), indices=_owner(shapes[closed]))
        )
        notes.repaired.append(remark("R-LAYER-CLOSED", frame, closed))
    return shapes


def _joined_ends(frame: gpd.GeoDataFrame, shapes: NDArray[np.object_], notes: Notes) -> NDArray[np.object_]:
    """Lines whose last vertex lies within ``CLOSED_M`` of the first, and that are long beside that, end in it."""
    lines = np.flatnonzero((shapely.get_type_id(shapes) == 1) & (shapely.get_num_coordinates(shapes) > 3))
    lines = lines[~shapely.is_closed(shapes[lines])]
    within = CLOSED_M / unit_m(frame.crs)
    ends = shapely.distance(shapely.get_point(shapes[lines], 0), shapely.get_point(shapes[lines], -1))
    near = lines[(ends < within) & (shapely.length(shapes[lines]) > 100 * within)]
    for at in near:
        xy = shapely.get_coordinates(shapes[at])
        xy[-1] = xy[0]
        shapes[at] = shapely.linestrings(xy)
    if len(near):
        mask = np.isin(np.arange(len(shapes)), near)
        notes.repaired.append(remark("R-LAYER-ENDS", frame, mask, cm=f"{CLOSED_M * 100:g}"))
    return shapes


def _owner(shapes: NDArray[np.object_]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(shapes)), shapely.get_num_coordinates(shapes))
