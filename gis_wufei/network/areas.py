"""Service areas: what lies within some time of a place, edge piece by edge piece, and the land around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from gis_wufei.errors import ProblemError
from gis_wufei.network.engine.fan import fan_of
from gis_wufei.network.graph import Floats, Ints, RoadGraph
from gis_wufei.network.trips import COSTS, Trips
from gis_wufei.network.weights import CEILING, Packed

Direction = Literal["from", "to"]
QUARTER = 4
"""Corners of a quarter circle around the end of a road: the area is at most 2 % of the width too narrow there."""


@dataclass(frozen=True, eq=False)
class ServiceAreas:
    """Pieces of edges within the times of M points; K pieces, no two of one point overlap."""

    trips: Trips
    points: Ints
    """int[M], points of the snap."""
    breaks_s: tuple[float, ...]
    """Times, ascending; band k lies beyond ``breaks_s[k - 1]`` and within ``breaks_s[k]``."""
    direction: Direction
    first: Ints
    """int[M + 1]: the pieces of point i are ``first[i]:first[i + 1]``."""
    edge: Ints
    start: Floats
    stop: Floats
    """Of each piece: the edge, and from which share of it to which; start < stop, as drawn."""
    band: NDArray[np.int16]

    @property
    def owner(self) -> Ints:
        """int[K], position in ``points``."""
        return np.repeat(np.arange(len(self.points)), np.diff(self.first))

    @property
    def metres(self) -> Floats:
        """float[M, B], metres of road within each break, edges counted once and not for each way."""
        length = (self.stop - self.start) * self.trips.network.graph.length_m[self.edge]
        bands = len(self.breaks_s)
        told = np.bincount(self.owner * bands + self.band, length, minlength=len(self.points) * bands)
        return np.cumsum(told.reshape(len(self.points), bands), axis=1)

    def lines(self) -> gpd.GeoDataFrame:
        """The pieces as lines: columns point (of the snap), within_s, edge, start, stop."""
        table = {
            "point": self.points[self.owner],
            "within_s": np.array(self.breaks_s)[self.band],
            "edge": self.edge,
            "start": self.start,
            "stop": self.stop,
        }
        shapes = pieces(self.trips.network.graph, self.edge, self.start, self.stop)
        return gpd.GeoDataFrame(table, geometry=shapes, crs=self.trips.network.crs)

    def polygons(self, width_m: float, gap_m: float | None = None, dissolve: bool = False) -> gpd.GeoDataFrame:
        """The land along the reached pieces, for the map; people are counted by ``served``, never by it.

        Parameters
        ----------
        width_m
            How far from the road the land counts, to either side and beyond the ends.
        gap_m
            A gap inside is filled where no road runs through it and no place in it lies farther than
            ``width_m + gap_m`` from a reached road; default: the width.
        dissolve
            One area for all points together, instead of one each.

        Returns
        -------
        Columns within_s and, not dissolved, point (of the snap); the area of a break holds those of the
        shorter ones. A point that reaches no road has none.

        Notes
        -----
        Each reached piece is buffered and the buffers are united. So every reached piece is inside, and
        no road farther than the width from one: a gap with a road in it stays open.
        """
        if not (np.isfinite(width_m) and width_m > 0):
            raise ProblemError(f"service areas: width_m must be above 0, not {width_m}")
        shapes = pieces(self.trips.network.graph, self.edge, self.start, self.stop)
        land = shapely.buffer(shapes, width_m, quad_segs=QUARTER)
        group = np.zeros(len(land), np.int64) if dissolve else self.owner
        roads = shapely.STRtree(self.trips.network.graph.lines)
        rows: list[tuple[int, float, object]] = []
        for one in np.unique(group):
            mine = group == one
            whole: object = shapely.Polygon()
            for band, within in enumerate(self.breaks_s):
                whole = shapely.union(whole, shapely.union_all(land[mine & (self.band == band)]))
                if not shapely.is_empty(whole):
                    rows.append((int(one), within, _filled(whole, roads, width_m if gap_m is None else gap_m)))
        table: dict[str, object] = {"within_s": [row[1] for row in rows]}
        if not dissolve:
            table = {"point": self.points[[row[0] for row in rows]], **table}
        return gpd.GeoDataFrame(table, geometry=[row[2] for row in rows], crs=self.trips.network.crs)


def service_areas(trips: Trips, points: ArrayLike, breaks_s: ArrayLike, direction: Direction = "from") -> ServiceAreas:
    """What lies within some times of each of M points, to the metre.

    Parameters
    ----------
    trips
        The prepared network.
    points
        Points of the snap. A point off the network reaches nothing.
    breaks_s
        Times (s), the straight leg between the point and its road included.
    direction
        ``from``: where one gets to in that time; ``to``: from where one arrives in that time.

    Notes
    -----
    A piece of an edge is reached from its begin, from its end, or from the point itself where that
    stands on it, in the ways that the vehicle may drive; where two of them meet, each place counts at
    the lesser time. Turn bans hold.
    """
    from gis_wufei.network.engine.cover import Sides, cover, sides

    chosen = np.asarray(points, dtype=np.int64).reshape(-1)
    breaks = _breaks(breaks_s)
    if direction not in ("from", "to"):
        raise ProblemError(f"service areas: direction must be from or to, not {direction}")
    network, backward = trips.network, direction == "to"
    fan = fan_of(network, COSTS, backward)
    key = ("sides", backward)
    if key not in network.made:
        network.made[key] = sides(fan, network.arcs.arc[fan.arc], len(network.graph.tail))
    weighing = trips.weighing()
    shift, unit = np.uint64(weighing.units.shift), weighing.units.first
    leaving, arriving, spots = trips.ends()
    ends = (arriving if backward else leaving).take(chosen)

    order = np.argsort(spots.point, kind="stable")
    begin = np.searchsorted(spots.point[order], chosen, side="left")
    count = np.searchsorted(spots.point[order], chosen, side="right") - begin
    spot_first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    spot = order[np.arange(spot_first[-1]) + np.repeat(begin - spot_first[:-1], count)]
    edge = spots.edge[spot]
    # A place is left downward against the drawing, and reached from below along it.
    ways = ((weighing.forward, spots.before[0]), (weighing.backward, spots.before[1]))
    if not backward:
        ways = ((weighing.backward, spots.behind[1]), (weighing.forward, spots.behind[0]))
    costs = np.stack([np.where(there[spot] < CEILING, _units(way[edge], shift), np.inf) for way, there in ways], axis=1)
    limits = (np.array(breaks)[None, :] - trips.access_s[chosen][:, None]) / unit
    limits[trips.snap.edge[chosen] < 0] = -1.0
    first, where, start, stop, band = cover(
        fan=fan,
        on=cast(Sides, network.made[key]),
        backward=backward,
        sources=ends,
        source_cost=(ends.weight.astype(np.uint64) >> shift).astype(np.int64),
        spot_first=spot_first,
        spot_edge=edge,
        spot_share=spots.share[spot],
        spot_costs=costs,
        limits=np.ascontiguousarray(limits),
    )
    return ServiceAreas(trips, chosen, breaks, direction, first, where.astype(np.int64), start, stop, band)


def _units(packed: Packed, shift: np.uint64) -> Floats:
    """The minimised cost in its units; inf where closed."""
    return np.where(packed < CEILING, (packed >> shift).astype(np.float64), np.inf)


def _breaks(breaks_s: ArrayLike) -> tuple[float, ...]:
    breaks = np.asarray(breaks_s, dtype=np.float64).reshape(-1)
    if not len(breaks) or not np.isfinite(breaks).all() or (breaks < 0).any() or (np.diff(breaks) <= 0).any():
        told = ", ".join(f"{value:g}" for value in breaks)
        raise ProblemError(f"service areas: breaks_s must ascend and not be negative: {told}")
    return tuple(float(value) for value in breaks)


def pieces(graph: RoadGraph, edge: Ints, start: Floats, stop: Floats) -> NDArray[np.object_]:
    """Parts of edges as lines in the way of travel, LineString[K]."""
    from gis_wufei.network.engine.draw import draw

    lines: NDArray[np.object_] = graph.lines[edge]
    part = np.flatnonzero((start != 0) | (stop != 1))
    if len(part):
        ends = [
            shapely.get_coordinates(shapely.line_interpolate_point(lines[part], share[part], normalized=True))
            for share in (start, stop)
        ]
        before, after = (np.repeat(xy[:, None], 2, axis=1) for xy in ends)
        first = np.arange(len(part) + 1)
        xy, offset = draw(
            first, edge[part], start[part], stop[part], graph.xy, graph.offset, before, after, 0.0
        )  # fmt: skip
        lines[part] = shapely.linestrings(xy, indices=np.repeat(np.arange(len(part)), np.diff(offset)))
    return lines


def _filled(land: object, roads: shapely.STRtree, gap_m: float) -> object:
    """The area without its gaps, but for those that a road enters or that are too wide."""
    parts = shapely.get_parts(land)
    rings, part = shapely.get_rings(parts, return_index=True)
    hole = np.flatnonzero(np.diff(part, prepend=-1) == 0)  # the first ring of a part is its outside
    if not len(hole):
        return land
    gaps = shapely.polygons(rings[hole])
    entered = np.unique(roads.query(gaps, predicate="intersects")[0])
    narrow = shapely.is_empty(shapely.buffer(gaps, -gap_m))
    narrow[entered] = False
    return shapely.union_all(np.append(parts, gaps[narrow])) if narrow.any() else land


@dataclass(frozen=True, eq=False)
class Served:
    """How much of what the places hold lies within each time of the points."""

    by_point: pd.DataFrame
    """Index: point of the snap; columns: the times (s); weight of the places within."""
    union: pd.Series
    """Index: the times; weight within the time of at least one point, each place counted once."""
    overlap: pd.Series
    """Index: the times; weight within the time of two points or more."""
    total: float
    """Weight of all places."""
    duration_s: Floats
    """float[P], time between each place and its nearest point; inf = beyond the last break or no way."""
    point: Ints
    """int[P], that point of the snap; -1 = none."""


def served(
    trips: Trips,
    points: ArrayLike,
    places: ArrayLike,
    weight: ArrayLike,
    breaks_s: ArrayLike,
    direction: Direction = "from",
) -> Served:
    """People, or tonnes, within some times of the points, each place at its own door.

    Parameters
    ----------
    trips
        The prepared network.
    points, places
        Points of the snap.
    weight
        float[P], what each place holds.
    breaks_s
        Times (s), the straight legs at both ends included.
    direction
        ``from`` the points to the places, or ``to`` the points.
    """
    from gis_wufei.network.nearest import od_pairs

    chosen, where = (np.asarray(some, dtype=np.int64).reshape(-1) for some in (points, places))
    held = np.asarray(weight, dtype=np.float64).reshape(-1)
    if held.shape != where.shape:
        raise ProblemError(f"served: one weight for each place is needed, {len(where)}, not {len(held)}")
    breaks = _breaks(breaks_s)
    if direction == "from":
        pairs = od_pairs(trips, chosen, where, limit_s=breaks[-1])
        point, place = pairs.row, pairs.col
    else:
        pairs = od_pairs(trips, where, chosen, limit_s=breaks[-1])
        point, place = pairs.col, pairs.row
    columns, once, twice = {}, {}, {}
    for within in breaks:
        near = pairs.duration_s <= within
        columns[within] = np.bincount(point[near], held[place[near]], minlength=len(chosen))
        times = np.bincount(place[near], minlength=len(where))
        once[within], twice[within] = float(held[times > 0].sum()), float(held[times > 1].sum())
    order = np.lexsort((point, pairs.duration_s, place))
    place, best = np.unique(place[order], return_index=True)
    least, nearest = np.full(len(where), np.inf), np.full(len(where), -1)
    least[place], nearest[place] = pairs.duration_s[order][best], chosen[point[order][best]]
    return Served(
        by_point=pd.DataFrame(columns, index=pd.Index(chosen, name="point")),
        union=pd.Series(once, name="weight"),
        overlap=pd.Series(twice, name="weight"),
        total=float(held.sum()),
        duration_s=least,
        point=nearest,
    )
