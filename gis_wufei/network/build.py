"""From a road layer to the network of one vehicle."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_wufei.errors import ProblemError
from gis_wufei.network.assemble import assemble
from gis_wufei.network.costs import Closed, edge_costs
from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph
from gis_wufei.network.network import Network
from gis_wufei.network.profile import RoadProfile
from gis_wufei.network.slope import Slopes

NODE_GRID_M = 0.01
"""Vertices that round to the same centimetre are one. Wider gaps are the layer's to mend; a bridge
and the road below it share no vertex and so stay apart."""

LINE_TYPES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
ONEWAY = ("no", "forward", "backward")


def network_of(
    graph: RoadGraph, profile: RoadProfile, closed: Closed = (), slope: Slopes | Floats | None = None
) -> Network:
    """The graph for one vehicle; cheap, so each profile and each closure gets its own; see ``edge_costs``."""
    return Network(graph, profile, edge_costs(graph, profile, closed, slope))


def build_network(lines: gpd.GeoDataFrame, profile: RoadProfile, closed: Closed = ()) -> Network:
    """Cut the lines of a road layer at their junctions, for one vehicle.

    Parameters
    ----------
    lines
        LineString or MultiLineString in a projected system in metres; column ``class``, optional
        ``oneway`` (no, forward, backward against the drawing direction; missing = no); all other
        columns (name, road_id, bridge ...) are kept in ``RoadGraph.roads``.
    profile
        Speeds and banned classes of the vehicle.
    closed
        Roads out of use: index labels of ``lines``, or a boolean Series on its index.

    Raises
    ------
    InputError
        Classes without a speed (E-NET-001), all of them.
    ProblemError
        What reading a layer has already made sure of: a system in metres, known values of
        ``oneway``; or a closed row that is not in the layer.
    """
    return network_of(read_lines(lines), profile, closed)


def read_lines(lines: gpd.GeoDataFrame) -> RoadGraph:
    """The road graph of a layer whose lines share their vertices at junctions."""
    crs = lines.crs
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_conversion_factor != 1:
        raise ProblemError(f"roads: a projected system in metres is needed, not {crs and crs.name}")
    if "oneway" in lines:
        wrong = sorted({str(value) for value in lines["oneway"].dropna().unique()} - set(ONEWAY))
        if wrong:
            raise ProblemError(f"roads: oneway must be one of {', '.join(ONEWAY)}, not {', '.join(wrong)}")
    geometry = lines.geometry.to_numpy()
    broken = _not_a_line(geometry)
    keep = np.flatnonzero(~broken)
    parts, row_of_part = shapely.get_parts(geometry[keep], return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    vertex, place = _weld(xy)
    roads = pd.DataFrame(lines.drop(columns=lines.geometry.name))
    return assemble(crs, place, vertex, part, keep[row_of_part], roads, {"no_line": int(broken.sum())})


def _not_a_line(geometry: np.ndarray) -> Flags:
    """Rows without a usable line: missing, empty, another type, or a coordinate that is no number."""
    broken = ~np.isin(shapely.get_type_id(geometry), LINE_TYPES) | shapely.is_empty(geometry)
    xy, row = shapely.get_coordinates(geometry, return_index=True)
    broken[row[~np.isfinite(xy).all(axis=1)]] = True
    return np.asarray(broken, dtype=bool)


def _weld(xy: Floats) -> tuple[Ints, Floats]:
    """Vertex id of each coordinate and the place of each id (the first coordinate that had it)."""
    cell = np.rint(xy / NODE_GRID_M).astype(np.int64)
    cell -= cell.min(axis=0, initial=np.iinfo(np.int64).max)
    # One integer for both axes sorts ten times faster than pairs do; 2**63 cells of a centimetre
    # hold a square of 30,000 km.
    key = cell[:, 0] * (cell[:, 1].max(initial=0) + 1) + cell[:, 1]
    _, first, vertex = np.unique(key, return_index=True, return_inverse=True)
    return vertex, xy[first]
