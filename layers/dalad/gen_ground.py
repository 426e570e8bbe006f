"""The stage of the study: landscapes, gullies, river and townships inside the real outline."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from gen_facts import METRES, Facts, Floats, stream
from scipy.ndimage import gaussian_filter1d
from shapely.ops import polygonize, substring

GRID_M = 1.0
"""All made-up vertices stand on this grid, so that what meets meets exactly."""
BEYOND_M = 3000.0
"""Gullies and sand are drawn so far beyond the border."""
RIVER_END = (109.06, 40.55)
RIVER_MOUTH = (110.61, 40.33)
"""The outline follows the Yellow River between these two (lon, lat)."""
GULLY_BED_M = 250.0
"""Half of the strip along a gully that fields, homes and lesser roads keep clear of."""


@dataclass(frozen=True)
class Ground:
    """Metric shapes that all later parts share."""

    outline: shapely.Polygon
    plain: shapely.Geometry
    sand: shapely.Geometry
    hills: shapely.Geometry
    river: shapely.LineString
    gullies: gpd.GeoDataFrame
    townships: gpd.GeoDataFrame
    """Polygons with code and name; they tile the outline."""
    parks: gpd.GeoDataFrame
    """Industrial parks, rectangles with a name."""

    @property
    def beds(self) -> shapely.Geometry:
        """All gullies as one geometry."""
        return self.gullies.union_all()

    @property
    def shore(self) -> shapely.Geometry:
        """Land too near the Yellow River to live or farm on."""
        return self.river.buffer(1300)


def lay_ground(facts: Facts) -> Ground:
    """Split the outline into plain, sand and hills and lay gullies, river and townships over it."""
    rng = stream("ground")
    zone = facts.outline.buffer(BEYOND_M)
    edges = [wander(line, rng, 900, 9000, 400) for line in facts.landscape.geometry]
    plain, sand, hills = _bands(facts.outline, edges)
    courses = [wander(line, rng, 450, 7000, 350).intersection(zone) for line in facts.kongdui.geometry]
    gullies = facts.kongdui.set_geometry(gpd.GeoSeries(courses, crs=METRES)).explode(ignore_index=True)
    return Ground(
        outline=facts.outline,
        plain=plain,
        sand=sand,
        hills=hills,
        river=_river(facts.outline),
        gullies=gullies,
        townships=_townships(facts),
        parks=_parks(facts),
    )


def wander(
    line: shapely.LineString, rng: np.random.Generator, amplitude_m: float, wave_m: float, step_m: float
) -> shapely.LineString:
    """A natural course along a coarse line: rounded corners, smooth sideways noise, the same ends.

    Parameters
    ----------
    amplitude_m, wave_m
        Size of the noise and its longest wave.
    step_m
        Distance between vertices.
    """
    count = max(3, int(line.length / step_m) + 1)
    along = np.linspace(0, line.length, count)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    round_off = min(1500 / step_m, count / 6)
    fade = np.minimum(1, np.minimum(along, along[::-1]) / (0.5 * wave_m))[:, None]
    xy = xy + fade * (gaussian_filter1d(xy, round_off, axis=0, mode="nearest") - xy)
    way = np.gradient(xy, axis=0)
    normal = np.column_stack([-way[:, 1], way[:, 0]]) / np.hypot(way[:, 0], way[:, 1])[:, None]
    xy = xy + fade * normal * (amplitude_m * waves(along, rng, wave_m))[:, None]
    return shapely.LineString(np.rint(xy / GRID_M) * GRID_M)


def waves(along: Floats, rng: np.random.Generator, wave_m: float) -> Floats:
    """Smooth noise of about unit size: four sines of ever shorter waves."""
    phase = rng.uniform(0, 2 * np.pi, 4)
    harmonic = np.array([1.0, 1.7, 2.9, 4.3])
    size = np.array([0.6, 0.45, 0.25, 0.15])
    noise: Floats = (size * np.sin(2 * np.pi * np.outer(along, harmonic) / wave_m + phase)).sum(axis=1)
    return noise


def lines_of(shape: shapely.Geometry) -> list[shapely.LineString]:
    """The line parts of whatever an overlay left."""
    return [part for part in shapely.get_parts(shape) if part.geom_type == "LineString"]


def polygons_of(shape: shapely.Geometry, least_m2: float = 0.0) -> list[shapely.Polygon]:
    """The polygons of whatever an overlay left, on the grid, those of at least a given area."""
    flat = shapely.get_parts(shapely.get_parts(shapely.set_precision(shape, GRID_M)))
    return [part for part in flat if part.geom_type == "Polygon" and part.area >= least_m2]


def _bands(outline: shapely.Polygon, edges: list[shapely.LineString]) -> list[shapely.Geometry]:
    """Land north of the first edge, between the two, and south of the second."""
    west, south, east, north = outline.buffer(BEYOND_M).bounds
    below = []
    for edge in edges:
        xy = shapely.get_coordinates(edge)
        below.append(shapely.Polygon([(xy[0, 0], south), *xy, (xy[-1, 0], south)]).buffer(0))
    above_all = shapely.box(west, south, east, north).difference(below[0])
    return [above_all.intersection(outline), below[0].difference(below[1]), below[1].intersection(outline)]


def _river(outline: shapely.Polygon) -> shapely.LineString:
    """The northern edge of the outline, west to east."""
    ends = gpd.GeoSeries.from_xy(*zip(RIVER_END, RIVER_MOUTH, strict=True), crs="EPSG:4326").to_crs(METRES)
    ring = shapely.LineString(outline.exterior.coords)
    start, end = (ring.project(point) for point in ends)
    one = substring(ring, min(start, end), max(start, end))
    rest = shapely.line_merge(
        shapely.union_all([substring(ring, max(start, end), ring.length), substring(ring, 0, min(start, end))])
    )
    river = max(one, rest, key=lambda part: part.centroid.y)
    return river if river.coords[0][0] < river.coords[-1][0] else river.reverse()


def _parks(facts: Facts) -> gpd.GeoDataFrame:
    """A rectangle of 3 by 2 km round each park's point."""
    spots = facts.spots_of("park")
    boxes = [shapely.box(*np.rint([p.x - 1500, p.y - 1000, p.x + 1500, p.y + 1000])) for p in spots.geometry]
    return gpd.GeoDataFrame(spots[["name"]], geometry=boxes, crs=METRES)


def _townships(facts: Facts) -> gpd.GeoDataFrame:
    """Polygons of the 17 township-level units: strips between assumed borders, with the town cut out."""
    table = facts.townships
    town = table[table["kind"] == "street"]
    centre = town.union_all().centroid
    square = shapely.box(centre.x - 3400, centre.y - 2300, centre.x + 3400, centre.y + 2300)
    zones = table[table["kind"] == "zone"]
    inside = [square, *[shapely.box(p.x - 2400, p.y - 1900, p.x + 2400, p.y + 1900) for p in zones.geometry]]
    strips = polygonize(shapely.union_all([facts.outline.exterior, *facts.borders.geometry]))
    strips = [strip for strip in strips if facts.outline.contains(strip.representative_point())]
    taken = shapely.union_all(inside)
    shapes = dict(zip(zones["code"], inside[1:], strict=True))
    cells = shapely.get_parts(shapely.voronoi_polygons(town.union_all(), extend_to=square))
    for code, seat in zip(town["code"], town.geometry, strict=True):
        shapes[code] = next(cell for cell in cells if cell.contains(seat)).intersection(square)
    seats = table[~table["code"].isin(list(shapes))]
    # A strip without a seat is a sliver beside the outline: it goes to the nearest seat.
    owner = [seats["code"].iloc[seats.distance(strip).argmin()] for strip in strips]
    for code in seats["code"]:
        mine = [strip for strip, whose in zip(strips, owner, strict=True) if whose == code]
        shapes[code] = shapely.union_all(mine).difference(taken)
    frame = table[["code", "name", "name_en", "kind"]]
    geometry = [shapely.set_precision(shapes[code], GRID_M) for code in table["code"]]
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=METRES)
