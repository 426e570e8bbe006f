"""What lies along each edge: people within reach, zones it runs through, rivers it crosses, and the risk made of them.

Each result is float[E] or int[E], one number for each edge of the graph, to be handed to ``Network.extra``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, model_validator

from gis_wufei.errors import ProblemError
from gis_wufei.network.graph import Floats, Ints, RoadGraph
from gis_wufei.standards.models import Cited, Status

Shapes = NDArray[np.object_]
PAIRS = 2_000_000
"""About so many points beside edges are held at once."""
PLACES = (shapely.GeometryType.POINT,)
AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING, shapely.GeometryType.LINEARRING)
QUARTER = 16
"""Corners of a quarter circle around an edge where areas are cut by one: its land is 0.2 % too small."""


def people_within(graph: RoadGraph, places: ArrayLike, people: ArrayLike, radius_m: float) -> Floats:
    """Persons within the radius of each edge, each person once for each edge.

    Parameters
    ----------
    graph
        The roads.
    places
        Geometries in the system of the graph: points, or areas over which their people are spread evenly.
    people
        float[n], persons at each.
    radius_m
        Radius of the neighbourhood (the lambda of Erkut and Verter, 1998), at least 0.

    Returns
    -------
    float[E]. Summed along a path, who lives beside two edges of it counts twice: right for a risk that
    each edge adds to, too much for a head count. ``people_along`` does not depend on how roads are cut.
    """
    shapes, held = _places(places, people, (*PLACES, *AREAS), radius_m)
    told = np.zeros(len(graph.lines))
    point = np.isin(shapely.get_type_id(shapes), PLACES)
    roads = shapely.STRtree(graph.lines)
    for part in _parts(np.flatnonzero(point), shapes, roads, radius_m):
        place, edge = roads.query(shapes[part], predicate="dwithin", distance=radius_m)
        told += np.bincount(edge, held[part][place], minlength=len(told))
    area = np.flatnonzero(~point)
    if len(area) and radius_m > 0:
        place, edge = roads.query(shapes[area], predicate="dwithin", distance=radius_m)
        near, back = np.unique(edge, return_inverse=True)
        land = shapely.buffer(graph.lines[near], radius_m, quad_segs=QUARTER)
        share = shapely.area(shapely.intersection(shapes[area][place], land[back])) / shapely.area(shapes[area])[place]
        told += np.bincount(edge, held[area][place] * share, minlength=len(told))
    return told


def people_along(graph: RoadGraph, places: ArrayLike, people: ArrayLike, radius_m: float) -> Floats:
    """Person-metres of each edge: the people within the radius of each metre of it, summed over its metres.

    float[E]. Over the edge's length, the mean number of persons within reach of a vehicle on it. A sum
    along a path is the same however its roads are cut, so least sums are least exposed paths.

    Parameters
    ----------
    graph, people, radius_m
        As for ``people_within``.
    places
        Points in the system of the graph.
    """
    shapes, held = _places(places, people, PLACES, radius_m)
    inner = np.setdiff1d(np.arange(len(graph.xy) - 1), graph.offset[1:] - 1)
    begin, end = graph.xy[inner], graph.xy[inner + 1]
    owner = np.searchsorted(graph.offset, inner, side="right") - 1
    segments = shapely.linestrings(np.stack([begin, end], axis=1))
    tree, told = shapely.STRtree(segments), np.zeros(len(graph.lines))
    for part in _parts(np.arange(len(shapes)), shapes, tree, radius_m):
        place, segment = tree.query(shapes[part], predicate="dwithin", distance=radius_m)
        metres = _chord(shapely.get_coordinates(shapes[part])[place], begin[segment], end[segment], radius_m)
        told += np.bincount(owner[segment], held[part][place] * metres, minlength=len(told))
    return told


def _chord(centre: Floats, begin: Floats, end: Floats, radius_m: float) -> Floats:
    """Length of each segment inside the circle around its point."""
    way = end - begin
    length = np.hypot(*way.T)
    unit = way / np.maximum(length, 1e-300)[:, None]
    off = centre - begin
    along = (off * unit).sum(axis=1)
    aside = off[:, 0] * unit[:, 1] - off[:, 1] * unit[:, 0]
    half = np.sqrt(np.maximum(radius_m**2 - aside**2, 0.0))
    inside: Floats = np.maximum(np.minimum(along + half, length) - np.maximum(along - half, 0.0), 0.0)
    return inside


def _places(places: ArrayLike, people: ArrayLike, kinds: tuple[int, ...], radius_m: float) -> tuple[Shapes, Floats]:
    shapes, held = np.asarray(places, dtype=object).reshape(-1), np.asarray(people, dtype=np.float64).reshape(-1)
    if shapes.shape != held.shape:
        raise ProblemError(f"people: {len(shapes)} places and {len(held)} numbers of people do not match")
    if not np.isfinite(held).all() or (held < 0).any():
        raise ProblemError("people: a number is negative or not a number")
    if not (np.isfinite(radius_m) and radius_m >= 0):
        raise ProblemError(f"people: radius_m must be a length of 0 or more, not {radius_m}")
    if (~np.isin(shapely.get_type_id(shapes), kinds) | shapely.is_empty(shapes)).any():
        raise ProblemError("people: a place is missing, empty, or of another kind of geometry")
    return shapes, held


def _parts(which: Ints, shapes: Shapes, tree: shapely.STRtree, radius_m: float) -> Iterator[Ints]:
    """The places in parts, so that not all their neighbours are held at once."""
    if not len(which):
        return
    probe = which[:: max(len(which) // 64, 1)]
    near = max(tree.query(shapes[probe], predicate="dwithin", distance=radius_m).shape[1] / len(probe), 1.0)
    size = max(int(PAIRS / near), 1)
    for begin in range(0, len(which), size):
        yield which[begin : begin + size]


def metres_inside(graph: RoadGraph, areas: ArrayLike) -> Floats:
    """Metres of each edge inside the areas (water zones, control units), float[E]; overlaps count once.

    The border belongs to the area.
    """
    shapes = _shapes(areas, AREAS)
    told = np.zeros(len(graph.lines))
    if not len(shapes):
        return told
    parts = shapely.get_parts(shapely.union_all(shapes))
    part, edge = shapely.STRtree(graph.lines).query(parts, predicate="intersects")
    whole = np.zeros(len(part), bool)
    order = np.argsort(part, kind="stable")
    part, edge = part[order], edge[order]
    shapely.prepare(parts)
    whole = shapely.contains_properly(parts[part], graph.lines[edge])
    length = graph.length_m[edge].copy()
    cut = np.flatnonzero(~whole)
    length[cut] = shapely.length(shapely.intersection(graph.lines[edge[cut]], parts[part[cut]]))
    return np.minimum(np.bincount(edge, length, minlength=len(told)), graph.length_m)


def share_inside(graph: RoadGraph, areas: ArrayLike) -> Floats:
    """Share (0-1) of each edge inside the areas, float[E]."""
    return metres_inside(graph, areas) / graph.length_m


def crosses(graph: RoadGraph, lines: ArrayLike) -> Ints:
    """How often each edge crosses the lines, e.g. its bridges over rivers, int[E].

    A crossing at a junction counts for one edge alone, the first; a stretch along a line counts once.
    Several lines at one place, the parts of a river, are one crossing.
    """
    shapes = _shapes(lines, LINES)
    told = np.zeros(len(graph.lines), np.int64)
    if not len(shapes):
        return told
    line, edge = shapely.STRtree(graph.lines).query(shapes, predicate="intersects")
    met, pair = shapely.get_parts(shapely.intersection(shapes[line], graph.lines[edge]), return_index=True)
    spot = shapely.get_coordinates(shapely.point_on_surface(met))
    edge = edge[pair]
    # A crossing where edges or parts of a line end is met by each of them: the lowest edge has it.
    cell = np.rint(spot * 100).astype(np.int64)
    order = np.lexsort((edge, cell[:, 1], cell[:, 0]))
    first = np.append(True, (np.diff(cell[order], axis=0) != 0).any(axis=1))[: len(order)]
    return told + np.bincount(edge[order][first], minlength=len(told))


def _shapes(shapes: ArrayLike, kinds: tuple[int, ...]) -> Shapes:
    """Geometries of the kinds wanted; missing and empty ones left out."""
    found = np.asarray(shapes, dtype=object).reshape(-1)
    found = found[~(shapely.is_missing(found) | shapely.is_empty(found))]
    if (~np.isin(shapely.get_type_id(found), kinds)).any():
        raise ProblemError("edge attributes: a geometry is of another kind than wanted")
    return np.asarray(found, dtype=object)


class AccidentRates(BaseModel):
    """Accidents of one kind of vehicle with one kind of load, by road class, with their source."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    per_vehicle_km: Mapping[str, NonNegativeFloat] = Field(
        default_factory=dict, description="Road class: accidents for each kilometre that a vehicle drives."
    )
    otherwise: NonNegativeFloat | None = Field(None, description="Rate of all other classes.")
    release: float = Field(1.0, ge=0, le=1, description="Share of accidents in which the load gets out.")
    status: Status
    source: Cited

    @model_validator(mode="after")
    def _some_rate(self) -> Self:
        if not self.per_vehicle_km and self.otherwise is None:
            raise ValueError("a rate is needed, of a class or otherwise")
        return self


def risk(graph: RoadGraph, persons: ArrayLike, rates: AccidentRates, trips: float = 1.0, load: float = 1.0) -> Floats:
    """Expected persons affected by accidents on each edge, float[E].

    Parameters
    ----------
    graph
        The roads.
    persons
        float[E], persons within reach of a vehicle on each edge: ``people_within``, all along the edge
        at once as the US guideline counts them, or ``people_along / graph.length_m``, as many as
        are near at each moment.
    rates
        Accidents for each kilometre, by class.
    trips
        Vehicles, e.g. in a year.
    load
        Weight of the consequence, e.g. tonnes on board; 1 = counted in persons.

    Notes
    -----
    trips x rate x km x release x persons x load: probability of an accident with a release times the
    population of the lambda-neighbourhood, the "traditional risk" of Erkut and Verter (1998,
    doi:10.1287/opre.46.5.625) and of the US Department of Transportation's guideline for routes
    (1994, FHWA-SA-94-083). Edges add up, as the probabilities are small.

    Raises
    ------
    ProblemError
        A class of the roads has no rate.
    """
    near = np.asarray(persons, dtype=np.float64)
    if near.shape != graph.length_m.shape or not np.isfinite(near).all() or (near < 0).any():
        raise ProblemError(f"risk: persons must be {len(graph.length_m)} numbers of 0 or more, one for each edge")
    if not (np.isfinite([trips, load]).all() and trips >= 0 and load >= 0):
        raise ProblemError(f"risk: trips and load must be 0 or more, not {trips} and {load}")
    rate = [rates.per_vehicle_km.get(name, rates.otherwise) for name in graph.classes]
    unknown = [name for name, value in zip(graph.classes, rate, strict=True) if value is None]
    if unknown or (rates.otherwise is None and (graph.class_code < 0).any()):
        raise ProblemError(f"risk: no accident rate for the road classes {', '.join(unknown) or '(empty)'}")
    of_class = np.array([*rate, rates.otherwise or 0.0], dtype=np.float64)
    expected: Floats = trips * of_class[graph.class_code] * graph.length_m / 1000 * rates.release * near * load
    return expected
