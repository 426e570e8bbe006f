"""Each point to its road: the nearest place on the nearest edge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import cast

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_wufei.errors import ProblemError
from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph
from gis_wufei.network.network import Network

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
    side: NDArray[np.int8]
    """int8[n], where the point lies as one looks along the drawn edge: 1 right, -1 left, 0 on it or no edge."""

    @cached_property
    def place(self) -> Ints:
        """int[n], a number for each place: points with the same coordinates share it."""
        return np.asarray(np.unique(self.xy, axis=0, return_inverse=True)[1], dtype=np.int64)


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
    Roads of the profile's ``no_access_classes`` are passed over: nobody lives on an expressway. Roads
    that are only out of use (closures) are not: who lives there stays there, and is cut off.
    """
    xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(xy).all():
        raise ProblemError("snap: a point has a coordinate that is not a number")
    limit = network.profile.max_snap_m if max_snap_m is None else max_snap_m
    graph, network = network.graph, network.before or network
    closed = [code for code, name in enumerate(graph.classes) if name in network.profile.no_access_classes]
    usable = network.open & ~np.isin(graph.class_code, closed) & (network.part_share >= least_share)
    edge, access, along = _nearest(network, xy, usable)
    edge[access > limit] = -1

    on = np.flatnonzero(edge >= 0)
    length = graph.length_m[edge[on]]
    along = np.clip(along[on], 0.0, length)
    along[along < AT_NODE_M] = 0.0
    along = np.where(length - along < AT_NODE_M, length, along)
    fraction, foot = np.full(len(xy), np.nan), np.full((len(xy), 2), np.nan)
    fraction[on] = along / length
    foot[on], ahead = _place(graph, edge[on], along)
    off = xy[on] - foot[on]
    side = np.zeros(len(xy), np.int8)
    side[on] = np.sign(ahead[:, 1] * off[:, 0] - ahead[:, 0] * off[:, 1])
    side[access <= AT_NODE_M] = 0
    return Snap(xy=xy, edge=edge, fraction=fraction, access_m=access, foot_xy=foot, side=side)


def _nearest(network: Network, xy: Floats, usable: Flags) -> tuple[Ints, Floats, Floats]:
    """Nearest usable edge of each point (-1 = none), distance, and metres from the edge's begin."""
    graph = network.graph
    if not usable.any() or not len(xy):
        return np.full(len(xy), -1), np.full(len(xy), np.inf), np.zeros(len(xy))
    owner = np.repeat(np.arange(len(graph.tail)), np.diff(graph.offset))
    if find_spec("numba") is None:
        which = np.flatnonzero(usable)
        points, lines = shapely.points(xy), graph.lines[which]
        point, found = shapely.STRtree(lines).query_nearest(points)
        order = np.lexsort((found, point))
        edge = which[found[order][np.unique(point[order], return_index=True)[1]]]
        line = graph.lines[edge]
        return edge, shapely.distance(points, line), shapely.line_locate_point(line, points)
    from gis_wufei.network.engine import grid

    if "grid" not in graph.prepared:
        graph.prepared["grid"] = grid.build(graph.xy, graph.offset)
    segments = cast(grid.SegmentGrid, graph.prepared["grid"])
    vertex, distance, place = grid.nearest(segments, graph.xy, xy, usable[owner])
    at = np.append(graph.along, 0.0)
    return owner[vertex], distance, at[vertex] + place * (at[vertex + 1] - at[vertex])


def _place(graph: RoadGraph, edge: Ints, along: Floats) -> tuple[Floats, Floats]:
    """float[n, 2], the place so many metres along each edge, and the way its segment runs."""
    last = graph.offset[edge + 1] - 1
    # Metres run on over all edges, so one search finds the segment of every point.
    run = graph.along + np.repeat(graph.begin_m, np.diff(graph.offset))
    vertex = np.searchsorted(run, graph.begin_m[edge] + along, side="right") - 1
    vertex = np.clip(vertex, graph.offset[edge], last - 1)
    step = graph.along[vertex + 1] - graph.along[vertex]
    share = np.clip((along - graph.along[vertex]) / np.where(step > 0, step, 1.0), 0.0, 1.0)[:, None]
    ahead = graph.xy[vertex + 1] - graph.xy[vertex]
    return graph.xy[vertex] + share * ahead, ahead
