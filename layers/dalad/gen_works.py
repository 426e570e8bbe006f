"""Where waste is treated and where hazardous waste arises: facilities and small enterprises."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from gen_facts import METRES, Facts, Floats, generated, stream
from gen_fields import township_of
from gen_ground import Ground
from gen_places import Places
from scipy.spatial import cKDTree

IN_TOWN_SHARE = 0.6
"""Share of the enterprises that stand in the county town."""
COUNTRY_ROADS = {
    "truck_repair": ["昭君—高头窑运煤公路", "展旦召—青达门公路", "G210", "梁外东西线"],
    "farm_machinery": ["沿黄公路（吉巴线）", "羊巴线"],
}
"""Sectors that stay out of the county town, and where they stand."""
OTHER_ROADS = ["G210", "沿黄公路（吉巴线）"]
DEALERS_PER_SEAT = 3
"""Shops of pesticides near each seat that take film and packaging back: assumed."""


def enterprises(
    facts: Facts, ground: Ground, main_roads: gpd.GeoDataFrame, roads: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """The small sources of hazardous waste: kinds and range from the table, place and tonnes by chance."""
    rng = stream("enterprises")
    row = facts.sectors.loc[np.repeat(facts.sectors.index, facts.sectors["count"])].reset_index(drop=True)
    low, usual, high = (
        row[column].to_numpy(float) for column in ("low_kg_per_year", "kg_per_year", "high_kg_per_year")
    )
    # A sector without a range has its one value; the triangle then needs a width to be one.
    drawn = rng.triangular(low, usual, np.where(high > low, high, low + 1))
    frame = gpd.GeoDataFrame({"sector": row["sector"]}, geometry=_shops(row["sector"], ground, main_roads, roads, rng))
    serial = frame.groupby("sector").cumcount() + 1
    frame["name"] = row["label"] + "-" + serial.astype(str).str.zfill(3)
    frame["hw_codes"] = row["hw_codes"]
    frame["t_per_year"] = (np.where(high > low, drawn, usual) / 1000).round(3)
    frame["township"] = township_of(frame.geometry, ground)
    frame.insert(0, "source_id", [f"E{k:03d}" for k in range(1, len(frame) + 1)])
    return generated(frame, "fictitious enterprise; tonnes within the range of its sector", 3000)


def facilities(facts: Facts, ground: Ground, places: Places, roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Existing facilities: the named landfill, a pyrolysis station in each town, plants, receivers, dealers."""
    rng = stream("facilities")
    corners = np.unique(shapely.get_coordinates(roads.geometry.to_numpy()), axis=0)
    homes = cKDTree(shapely.get_coordinates(shapely.centroid(np.array(places.homes))))
    dry = shapely.distance(ground.beds, shapely.points(corners)) > 400
    lonely = corners[(homes.query(corners)[0] > 700) & dry]
    shops = shapely.get_coordinates(places.points.geometry.to_numpy())
    rows = []
    for spot_kind, kind, where in (
        ("landfill", "LF", lonely),
        ("plant", "PLANT", corners),
        ("receiver", "HWR", corners),
    ):
        for spot in facts.spots_of(spot_kind).itertuples():
            point = _near(where, spot.geometry, 0)
            rows.append((kind, spot.name, point, spot.capacity_t_per_day, spot.capacity_t_per_year))
    for seat in facts.seats.itertuples():
        station = _near(lonely, seat.geometry, 900)
        rows.append(("PY", f"{seat.name}低温裂解站", station, float(rng.integers(5, 11)), np.nan))
        near = np.argsort(np.hypot(*(shops - np.array(seat.geometry.coords[0])).T), kind="stable")
        for k, shop in enumerate(rng.choice(near[: 4 * DEALERS_PER_SEAT], DEALERS_PER_SEAT, replace=False), start=1):
            point = shapely.Point(shops[shop] + [30, 5])
            rows.append(("AGF", f"{seat.name}示例农资店-{k}（虚构）", point, np.nan, np.nan))
    columns = ["kind", "name", "geometry", "capacity_t_per_day", "capacity_t_per_year"]
    frame = gpd.GeoDataFrame(rows, columns=columns, crs=METRES).sort_values("kind", kind="stable")
    serial = frame.groupby("kind").cumcount() + 1
    frame.insert(0, "facility_id", frame["kind"] + "-" + serial.astype(str).str.zfill(2))
    return generated(frame.assign(state="keep"), "position and capacity are assumed", 5000)


def _shops(
    sector: pd.Series, ground: Ground, main_roads: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, rng: np.random.Generator
) -> gpd.GeoSeries:
    """A place beside a road for each enterprise: streets of the county town, or the main roads of its sector."""
    country = sector.isin(list(COUNTRY_ROADS))
    in_town = np.zeros(len(sector), dtype=bool)
    in_town[rng.choice(np.flatnonzero(~country), round(IN_TOWN_SHARE * len(sector)), replace=False)] = True
    town = ground.townships[ground.townships["kind"] == "street"].union_all()
    streets = roads[(roads["class"] == "town_street") & roads.intersects(town)].union_all()
    open_road = ground.outline.buffer(-1500).difference(shapely.union_all([ground.beds.buffer(500), town]))
    courses = main_roads.set_index("name").geometry
    place = np.empty(len(sector), dtype=object)
    place[in_town] = _along(streets.intersection(town.buffer(-50)), int(in_town.sum()), rng)
    for name in sector.unique():
        mine = np.flatnonzero((sector == name) & ~in_town)
        line = courses[COUNTRY_ROADS.get(name, OTHER_ROADS)].union_all().intersection(open_road)
        place[mine] = _along(line, len(mine), rng)
    return gpd.GeoSeries(place, crs=METRES)


def _along(line: shapely.Geometry, count: int, rng: np.random.Generator) -> list[shapely.Point]:
    """So many points beside a road, evenly by chance along its length."""
    at = np.sort(rng.uniform(0, line.length, count))
    parts = shapely.get_parts(line)
    ends = np.cumsum(shapely.length(parts))
    which = np.searchsorted(ends, at)
    points = shapely.line_interpolate_point(parts[which], at - np.append(0.0, ends)[which])
    return list(shapely.points(np.rint(shapely.get_coordinates(points) + rng.uniform(-30, 30, (count, 2)))))


def _near(corners: Floats, place: shapely.Point, apart_m: float) -> shapely.Point:
    """Beside the road corner nearest to a place, but not nearer than so far."""
    off = np.hypot(*(corners - np.array(place.coords[0])).T)
    return shapely.Point(corners[np.argmin(np.where(off < apart_m, np.inf, off))] + [25, 20])
