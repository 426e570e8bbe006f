"""Each point to its road: the nearest place on the nearest edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis_wufei.errors import ProblemError
from gis_wufei.network.graph import Floats, Ints, Network

AT_NODE_M = 1e-6
"""A foot this close to an end of its edge is the junction itself, whatever the way of the edge."""


@dataclass(frozen=True, eq=False)
class Snap:
    """Where n points meet the network."""

    xy: Floats
    """float[n, 2], the points."""
    edge: Ints
    """int[n], edge of the network; -1 = no road near enough."""
    fraction: Floats
    """float[n], place on the edge, 0 = tail, 1 = head; nan where there is no edge."""
    access_m: Floats
    """float[n], straight distance to the nearest road, kept even beyond the limit; inf = no road at all."""
    foot_xy: Floats
    """float[n, 2], place on the road; nan where there is no edge."""


def snap(network: Network, xy: Floats, max_snap_m: float | None = None, least_share: float = 0.0) -> Snap:
    """The nearest point of the nearest edge for each of n points.

    Parameters
    ----------
    network
        What to snap to; of equally near edges the first is taken.
    xy
        float[n, 2] in the system of the network.
    max_snap_m
        Farthest a road may lie; default: the profile's.
    least_share
        Use only edges of parts, where every node can reach every other, with at least this share
        (0-1) of all length: so no place is cut off by a stray piece of road while a connected one
        passes near, and an island with roads of its own stays one.

    Notes
    -----
    Roads of the profile's ``no_access_classes`` are passed over: nobody lives on an expressway.
    """
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(xy).all():
        raise ProblemError("snap: a point has a coordinate that is not a number")
    limit = network.profile.max_snap_m if max_snap_m is None else max_snap_m
    closed = [code for code, name in enumerate(network.classes) if name in network.profile.no_access_classes]
    open_to_all = ~np.isin(network.class_code, closed)
    usable = np.flatnonzero(open_to_all & (network.part_share >= least_share))
    points, lines = shapely.points(xy), network.lines[usable]
    nearest = np.full(len(xy), -1)
    if len(xy) and len(lines):
        point, found = shapely.STRtree(lines).query_nearest(points)
        order = np.lexsort((found, point))
        nearest[:] = found[order][np.unique(point[order], return_index=True)[1]]
    edge = np.where(nearest < 0, -1, usable[nearest] if len(usable) else -1)
    access = np.full(len(xy), np.inf)
    on = np.flatnonzero(edge >= 0)
    access[on] = shapely.distance(points[on], network.lines[edge[on]])
    edge[access > limit] = -1

    on = np.flatnonzero(edge >= 0)
    line, length = network.lines[edge[on]], network.length_m[edge[on]]
    along = np.clip(shapely.line_locate_point(line, points[on]), 0.0, length)
    along[along < AT_NODE_M] = 0.0
    along = np.where(length - along < AT_NODE_M, length, along)
    fraction, foot = np.full(len(xy), np.nan), np.full((len(xy), 2), np.nan)
    fraction[on] = along / length
    foot[on] = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    return Snap(xy=xy, edge=edge, fraction=fraction, access_m=access, foot_xy=foot)
