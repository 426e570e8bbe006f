"""Thirty made-up environmental control units that tile the banner, and the red line they hold."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from gen_facts import METRES, Facts, generated
from gen_ground import GRID_M, Ground
from shapely.ops import polygonize

CRUMB_M2 = 20_000.0
"""Faces smaller than this go to a neighbour."""
CLASS_DIGIT = {"priority": 1, "key": 2, "general": 3}
WINS = ("red_line", "water", "park", "town", "mining", "other", "farming", "general")
"""Where two units claim the same land, the sub-class that stands first here has it."""

Claim = tuple[str, str, shapely.Geometry]
"""Class, sub-class, and the land a unit claims."""


def units(
    facts: Facts, ground: Ground, sand: gpd.GeoDataFrame, water: gpd.GeoDataFrame, scenic: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """The units layer: 12 priority, 16 key, 2 general."""
    claims = [*_priority(facts, ground, sand, water, scenic), *_key(facts, ground), *_general(ground)]
    ranked = sorted(range(len(claims)), key=lambda k: WINS.index(claims[k][1]))
    shapes = _tile(ground.outline, [claims[k][2] for k in ranked])
    shape_of = dict(zip(ranked, shapes, strict=True))
    rows, serial = [], dict.fromkeys(CLASS_DIGIT, 0)
    for k, (unit_class, sub_class, _) in enumerate(claims):
        serial[unit_class] += 1
        code = f"ZH150621{CLASS_DIGIT[unit_class]}99{serial[unit_class]:02d}"
        rows.append((code, f"示例单元-{k + 1:02d}（虚构）", unit_class, sub_class, shape_of[k]))
    frame = gpd.GeoDataFrame(rows, columns=["unit_code", "name", "class", "sub_class", "geometry"], crs=METRES)
    return generated(frame, "fictitious unit: code, name, class and extent are made up", 5000)


def red_line(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The ecological red line: exactly the units of that sub-class."""
    inside = units[units["sub_class"] == "red_line"]
    names = "示例红线区-" + inside["name"].str.extract(r"(\d+)", expand=False) + "（虚构）"
    return generated(gpd.GeoDataFrame({"name": names}, geometry=inside.geometry), "fictitious red line", 5000)


def _priority(
    facts: Facts, ground: Ground, sand: gpd.GeoDataFrame, water: gpd.GeoDataFrame, scenic: gpd.GeoDataFrame
) -> list[Claim]:
    dunes = sand[sand["state"] == "mobile"].union_all()
    core = dunes.buffer(-500).simplify(80)
    shore = ground.river.buffer(1200)
    island = facts.spots_of("wetland").geometry[0]
    level_1 = water[water["level"] == "1"].geometry.to_numpy()
    engebei, bay = scenic.geometry[1], scenic.geometry[0]
    middle = island.x
    thirds = np.quantile(shapely.get_coordinates(core)[:, 0], [0, 0.33, 0.66, 1])
    lands = [
        *(("red_line", _slice(core, west, east)) for west, east in pairwise(thirds)),
        ("red_line", _slice(ground.river.buffer(700), middle - 9000, middle + 9000)),
        ("water", level_1[0]),
        ("water", level_1[1]),
        ("water", shapely.union_all(level_1[2:])),
        ("other", _slice(shore, -np.inf, middle)),
        ("other", _slice(shore, middle, np.inf)),
        ("other", engebei),
        ("other", bay),
        ("other", _slice(ground.sand, -np.inf, middle)),
    ]
    return [("priority", sub_class, land) for sub_class, land in lands]


def _key(facts: Facts, ground: Ground) -> list[Claim]:
    towns = ground.townships.set_index("name").geometry
    streets = ground.townships[ground.townships["kind"] == "street"].union_all()
    seats = facts.townships.set_index("name").geometry
    mines = facts.placed_mines.geometry
    fields = [
        ["中和西镇", "恩格贝镇", "鄂尔多斯市生态示范区"],
        ["昭君镇"],
        ["展旦召苏木"],
        ["树林召镇", "王爱召镇", "达拉特经济开发区"],
        ["白泥井镇", "吉格斯太镇", "风水梁镇"],
    ]
    pits = [["昭君镇"], ["展旦召苏木", "树林召镇"], ["风水梁镇"]]
    parts = [mines[mines.within(shapely.union_all(towns[names].to_numpy()))] for names in pits]
    lands = [
        *(("park", park) for park in ground.parks.geometry),
        ("town", streets),
        *(("town", _square(seats[name], 1300)) for name in ("白泥井镇", "王爱召镇", "昭君镇", "吉格斯太镇")),
        *(("mining", shapely.convex_hull(part.union_all()).buffer(2500, quad_segs=4)) for part in parts),
        *(("farming", shapely.union_all(towns[names].to_numpy()).intersection(ground.plain)) for names in fields),
    ]
    return [("key", sub_class, land) for sub_class, land in lands]


def _general(ground: Ground) -> list[Claim]:
    middle = ground.outline.centroid.x
    return [
        ("general", "general", _slice(ground.outline, -np.inf, middle)),
        ("general", "general", _slice(ground.outline, middle, np.inf)),
    ]


def _tile(outline: shapely.Polygon, claims: list[shapely.Geometry]) -> list[shapely.Geometry]:
    """Give every face of the overlay to the first claim that holds it; the result is a coverage without gaps."""
    edges = shapely.boundary(np.array([outline, *claims]))
    faces = np.array(polygonize(shapely.union_all(edges, grid_size=GRID_M)))
    faces = faces[shapely.contains(outline, shapely.point_on_surface(faces))]
    middle = shapely.point_on_surface(faces)
    owner = np.argmax([shapely.intersects(claim, middle) for claim in claims], axis=0)
    small = shapely.area(faces) < CRUMB_M2
    for k in np.flatnonzero(small):
        beside = np.flatnonzero(shapely.intersects(faces, faces[k]) & ~small)
        shared = shapely.length(shapely.intersection(faces[beside], faces[k]))
        if len(beside) and shared.max() > 0:
            owner[k] = owner[beside[np.argmax(shared)]]
    return [shapely.normalize(shapely.coverage_union_all(faces[owner == k])) for k in range(len(claims))]


def _slice(land: shapely.Geometry, west: float, east: float) -> shapely.Geometry:
    left, low, right, high = land.bounds
    return land.intersection(shapely.box(max(west, left - 1), low - 1, min(east, right + 1), high + 1))


def _square(centre: shapely.Point, half_m: float) -> shapely.Polygon:
    return shapely.box(*np.rint([centre.x - half_m, centre.y - half_m, centre.x + half_m, centre.y + half_m]))
