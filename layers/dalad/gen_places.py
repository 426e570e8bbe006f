"""Villages, their natural villages and residents: real names and totals, made-up positions and sizes."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from gen_facts import METRES, Facts, Floats, Ints, generated, stream
from gen_ground import GULLY_BED_M, Ground
from gen_lattice import Lattice
from gen_streets import homes_of, ladder, seat_streets, town_grid
from gen_wilds import Wilds
from scipy.spatial import cKDTree

REACH_M = {"rural": 2900.0, "urban": 1400.0}
"""Farthest a natural village lies from its village, an estate from its community."""
APART_M = 650.0
"""Least distance between two natural villages, where there is room."""
PERSONS_PER_POINT = {"rural": 140, "urban": 1100}
POINTS = {"rural": (3, 8), "urban": (3, 7)}
"""Least and most collection points of a village and of a community."""
PLAIN_TO_HILL = 1.9
"""A village of the plain has so many times the residents of one in the hills."""


@dataclass(frozen=True, eq=False)
class Places:
    """Settlements and everything that stands in them."""

    villages: gpd.GeoDataFrame
    """Index: code; name, township, class, landscape, population, positioned, geometry."""
    points: gpd.GeoDataFrame
    """Collection points: point_id, place_id, name, share, geometry."""
    streets: list[list[shapely.LineString]]
    """Streets at each collection point; empty in the county town, which has its grid."""
    homes: list[shapely.Polygon]
    """Built-up land at each collection point."""


@dataclass(frozen=True, eq=False)
class _Spots:
    """Where a settlement may stand: corners of parcels, spots of the hills, corners of the county town."""

    xy: Floats
    turn: Floats
    landscape: np.ndarray


def settle(facts: Facts, ground: Ground, lattice: Lattice, wilds: Wilds) -> Places:
    """Place every village and its collection points, share out the residents, and lay their streets."""
    rng = stream("places")
    spots = _spots(ground, lattice, wilds, rng)
    villages, taken = _villages(facts, ground, spots, rng)
    villages["population"] = _residents(facts, villages, rng)
    points, at = _collection_points(villages, taken, spots, ground, rng)
    seats = shapely.get_coordinates(facts.seats.geometry.to_numpy())
    seated = {int(np.argmin(np.hypot(*(spots.xy[at] - seat).T))) for seat in seats}
    streets = [_street_plan(spots, spot, k in seated, rng) for k, spot in enumerate(at)]
    beds = ground.beds.buffer(GULLY_BED_M)
    homes = [
        homes_of(lines).difference(beds)
        if lines
        else shapely.box(*(spots.xy[spot] + 25), *(spots.xy[spot] + [185, 150]))
        for lines, spot in zip(streets, at, strict=True)
    ]
    return Places(villages, points, streets, homes)


def settlements(places: Places) -> gpd.GeoDataFrame:
    """The villages layer."""
    table = places.villages.reset_index(names="place_id")
    where = table["positioned"].map({True: "Vonng/adcode (CC BY 4.0)", False: "generated"})
    return table[["place_id", "name", "township", "class", "population", "geometry"]].assign(
        synthetic=True,
        source="name, code: statistical list 2023; residents: generated to the published sums; position: " + where,
        accuracy_m=np.where(table["positioned"], 500, 5000),
    )


def receptors(places: Places) -> gpd.GeoDataFrame:
    """Homes of every natural village, schools and hospitals."""
    homes = gpd.GeoDataFrame({"name": places.points["name"], "kind": "home"}, geometry=places.homes, crs=METRES)
    villages = places.villages.reset_index(drop=True)
    largest = villages.sort_values("population", ascending=False)
    hospital = largest.groupby("township", sort=False).head(1).sort_index()
    school = largest.groupby("township", sort=False).head(4).sort_index()
    public = [
        gpd.GeoDataFrame({"name": _stem(at["name"]) + label, "kind": kind}, geometry=at.translate(*off), crs=METRES)
        for kind, label, at, off in (
            ("school", "学校（虚构）", school, (60, -45)),
            ("hospital", "卫生院（虚构）", hospital, (-75, 40)),
        )
    ]
    frame = pd.concat([homes, *public], ignore_index=True)
    return generated(frame, "homes, schools and hospitals of made-up villages", 5000)


def _street_plan(spots: _Spots, spot: int, is_seat: bool, rng: np.random.Generator) -> list[shapely.LineString]:
    """Streets at one spot: a grid at a seat, a ladder in a natural village, none in the county town."""
    xy, turn = spots.xy[spot], float(spots.turn[spot])
    if spots.landscape[spot] == "town":
        return []
    if is_seat:
        return seat_streets(xy, turn, 7, 6)
    if spots.landscape[spot] == "plain":
        return ladder(xy, turn, int(rng.integers(3, 5)), 3, rng)
    return ladder(xy, turn, int(rng.integers(2, 4)), 2, rng)


def _spots(ground: Ground, lattice: Lattice, wilds: Wilds, rng: np.random.Generator) -> _Spots:
    corners, _ = town_grid(ground)
    hill = wilds.xy[~wilds.in_sand]
    xy = np.concatenate([lattice.xy, hill, corners])
    turn = np.concatenate([lattice.turn, rng.uniform(-np.pi / 4, np.pi / 4, len(hill)), np.zeros(len(corners))])
    landscape = np.repeat(["plain", "hill", "town"], [len(lattice.xy), len(hill), len(corners)])
    beds, edge = ground.beds.buffer(600), ground.outline.buffer(-900)
    shapely.prepare([beds, edge])
    dry = ~shapely.contains_xy(beds, *xy.T) & shapely.contains_xy(edge, *xy.T)
    return _Spots(xy[dry], turn[dry], landscape[dry])


def _villages(facts: Facts, ground: Ground, spots: _Spots, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, Ints]:
    """The table of villages with a point each, and the spot that each took.

    A village with a known point, the first village of a town and a development zone stand where the
    tables say; the others are spread evenly over their township's part of their landscape.
    """
    towns = facts.townships.set_index("code")
    areas = ground.townships.set_index("code").geometry
    table = facts.villages.copy()
    kind = table["township_code"].map(towns["kind"])
    table["township"] = table["township_code"].map(towns["name"])
    table["landscape"] = table["landscape"].where(kind != "street", "town")
    table["positioned"] = ~table.geometry.is_empty
    at_seat = (table["code"].str.endswith("200") & (table["township"] != "树林召镇")) | (kind == "zone")
    given = table.geometry.where(~at_seat, table["township_code"].map(towns.geometry)).set_crs(METRES)
    taken = np.full(len(table), -1)
    for (code, landscape), group in table.groupby(["township_code", "landscape"], sort=True):
        seat = np.array(towns.geometry[code].coords[0])
        land = areas[code].buffer(0 if landscape == "town" else -400)
        usable = np.flatnonzero(shapely.contains_xy(land, *spots.xy.T) & (spots.landscape == landscape))
        if len(usable) < len(group):  # a zone in the sand: the spots nearest to it
            usable = np.argsort(np.hypot(*(spots.xy - seat).T), kind="stable")[:50]
        known, free = group.index[~given[group.index].is_empty], group.index[given[group.index].is_empty]
        anchors = shapely.get_coordinates(given[known].to_numpy())
        centres = _spread(spots.xy[usable], anchors, len(free), rng)
        centres = centres[np.argsort(np.hypot(*(centres - seat).T), kind="stable")]
        for k, xy in zip([*known, *free], [*anchors, *centres], strict=True):
            # A known point may lie just across an assumed border.
            within = np.flatnonzero(spots.landscape == landscape) if k in known else usable
            off = np.hypot(*(spots.xy[within] - xy).T)
            taken[k] = within[np.argmin(np.where(np.isin(within, taken), np.inf, off))]
    own = gpd.GeoSeries.from_xy(*spots.xy[taken].T, crs=METRES)
    return table.set_geometry(given.where(table["positioned"], own)).set_index("code"), taken


def _spread(land: Floats, anchors: Floats, count: int, rng: np.random.Generator) -> Floats:
    """So many centres evenly over the land, given the anchors that stand already (Lloyd's iteration)."""
    centres = land[rng.choice(len(land), count, replace=False)] if count else np.empty((0, 2))
    for _ in range(25):
        every = np.concatenate([anchors, centres])
        near = np.argmin(np.hypot(*(land[:, None] - every[None]).transpose(2, 0, 1)), axis=1)
        mine = [land[near == len(anchors) + k] for k in range(count)]
        centres = np.array([m.mean(axis=0) if len(m) else c for m, c in zip(mine, centres, strict=True)]).reshape(-1, 2)
    return centres


def _residents(facts: Facts, villages: gpd.GeoDataFrame, rng: np.random.Generator) -> Ints:
    """Residents in whole persons: townships by their weights, villages by chance, sums as published."""
    size = rng.lognormal(0, 0.4, len(villages)) * np.where(villages["landscape"] == "hill", 1 / PLAIN_TO_HILL, 1.0)
    people = np.zeros(len(villages), dtype=np.int64)
    for kind in ("urban", "rural"):
        mine = np.flatnonzero(villages["class"] == kind)
        code = villages["township_code"].iloc[mine]
        weight = facts.townships.set_index("code")[f"{kind}_weight"]
        share = size[mine] / pd.Series(size[mine]).groupby(code.to_numpy()).transform("sum").to_numpy()
        people[mine] = apportion(weight[code].to_numpy() * share, int(facts.figures[f"{kind}_residents"]))
    return people


def _stem(names: pd.Series) -> pd.Series:
    """Names without the word for the committee: 天义昌村委会 is 天义昌村."""
    return names.str.replace("村委会", "村")


def apportion(weight: Floats, total: int) -> Ints:
    """Whole numbers in proportion to the weights, summing to the total (largest remainders)."""
    exact = weight / weight.sum() * total
    whole: Ints = np.floor(exact).astype(np.int64)
    rest = np.argsort(whole - exact, kind="stable")[: total - int(whole.sum())]
    whole[rest] += 1
    return whole


def _collection_points(
    villages: gpd.GeoDataFrame, home: Ints, spots: _Spots, ground: Ground, rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, Ints]:
    """Natural villages and estates of every settlement, and the spot each took; the first is the village itself."""
    beds = ground.beds
    shapely.prepare(beds)
    stem = _stem(villages["name"])
    owner = cKDTree(spots.xy[home]).query(spots.xy)[1]
    taken = list(home)
    rows, at = [], []
    for k, (code, village) in enumerate(villages.iterrows()):
        kind, middle = village["class"], spots.xy[home[k]]
        count = int(np.clip(round(village["population"] / PERSONS_PER_POINT[kind]), *POINTS[kind]))
        beside = (owner == k) & (spots.landscape == spots.landscape[home[k]])
        near = np.flatnonzero(beside & (np.hypot(*(spots.xy - middle).T) < REACH_M[kind]))
        ways = shapely.linestrings(np.stack([spots.xy[near], np.broadcast_to(middle, (len(near), 2))], axis=1))
        near = near[~shapely.intersects(beds, ways)]
        chosen = [int(home[k])]
        for apart in (APART_M, APART_M / 2, APART_M / 4):
            for spot in rng.permutation(near):
                if len(chosen) < count and np.hypot(*(spots.xy[taken] - spots.xy[spot]).T).min() > apart:
                    chosen.append(int(spot))
                    taken.append(int(spot))
        weight = rng.uniform(0.6, 1.4, len(chosen)) * np.where(np.arange(len(chosen)) == 0, 1.6, 1.0)
        label = "{}{}号点" if kind == "urban" else "{}{}社"
        for j, (spot, permille) in enumerate(zip(chosen, apportion(weight, 1000), strict=True), start=1):
            place = shapely.Point(spots.xy[spot] + [18, 12])
            rows.append((f"{code}-{j:02d}", code, label.format(stem[code], j), permille / 1000, place))
            at.append(spot)
    columns = ["point_id", "place_id", "name", "share", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, crs=METRES), np.array(at)
