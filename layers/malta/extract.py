"""What the sources hold: the parts of the map, the councils, and the settlements in them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

POPULATION_FILE = "settlement_population_geonames.csv"
DEGREES, METRES = "EPSG:4326", "EPSG:32633"
ISLANDS = {"Malta": "Malta", "Għawdex": "Gozo", "Kemmuna": "Comino"}

URBAN_FROM = 5000  # residents; smallest urban cluster of the EU's degree of urbanisation
NAME_REACH_M = 2000.0  # farthest a GeoNames point may lie from the place or council that has its name
ARTICLE = re.compile(r"^(?:il|l|id|in|ir|is|it|ix|iz|ta|tal|tas|hal|had|haz|h)[-' ]+")


class SourceError(Exception):
    """The source folder cannot be used; the text says why."""


@dataclass(frozen=True)
class Extract:
    """What was read, in degrees: the parts of the map, and the land they lie on."""

    origin: str
    lines: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    islands: gpd.GeoDataFrame
    """Land by name: island, geometry; one row an island, islets with the nearest."""
    councils: gpd.GeoDataFrame
    """Local councils: osm_id, name, names (spellings), island, population, class."""
    settlements: gpd.GeoDataFrame
    """The population list, each with its council and its place on the map."""


def read(folder: Path) -> Extract:
    """Read both sources and put every settlement into its council; SourceError if one is not usable."""
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder")
    maps = sorted(folder.glob("malta*.osm.pbf"))
    if len(maps) != 1:
        raise SourceError(f"{folder}: needs exactly one malta*.osm.pbf, found {len(maps)}")
    if not (folder / POPULATION_FILE).is_file():
        raise SourceError(f"{folder}: needs {POPULATION_FILE}")
    people = _people(folder / POPULATION_FILE)
    try:
        lines, areas, points = (_part(maps[0], part) for part in ("lines", "multipolygons", "points"))
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, RuntimeError) as error:
        raise SourceError(f"{maps[0].name}: not readable as an OpenStreetMap extract: {error}") from error
    borders = areas[areas["boundary"] == "administrative"]
    islands = _islands(borders[borders["admin_level"] == "4"])
    # Ħal Tarxien is a council, too, but was mapped one level higher than the other 67.
    councils = _with_spellings(borders[borders["admin_level"].isin(["7", "8"])])
    if islands.empty or councils.empty:
        raise SourceError(f"{maps[0].name}: lacks the islands (admin_level 4) or the local councils (7, 8)")
    councils = joined(councils, islands, ["island"])
    twice = councils["name"].duplicated(keep=False)
    councils["name"] = councils["name"].where(~twice, councils["name"] + " (" + councils["island"] + ")")
    settlements = _settle(people, points, councils)
    population = settlements[~settlements["doubt"]].groupby("township")["population"].sum()
    councils["population"] = councils["name"].map(population).fillna(0).astype(int)
    councils["class"] = np.where(councils["population"] >= URBAN_FROM, "urban", "rural")
    west, south, east, north = islands.total_bounds + np.array([-0.01, -0.01, 0.01, 0.01])
    lines, areas, points = (part.cx[west:east, south:north] for part in (lines, areas, points))
    origin = f"OpenStreetMap contributors (ODbL 1.0), {maps[0].name}"
    return Extract(origin, lines, areas, points, islands, councils, settlements)


def _people(path: Path) -> pd.DataFrame:
    numbers = ["latitude", "longitude", "population"]
    try:
        people = pd.read_csv(path, dtype={"geonameid": str, "admin1code": str})
        missing = {"geonameid", "name", "admin1code", *numbers} - set(people.columns)
        if missing:
            raise SourceError(f"{path.name}: columns missing: {', '.join(sorted(missing))}")
        people[numbers] = people[numbers].apply(pd.to_numeric)
    except ValueError as error:
        raise SourceError(f"{path.name}: not readable as a table of settlements: {error}") from error
    gaps = people.index[people.isna().any(axis=1)]
    if len(gaps):
        raise SourceError(f"{path.name}: empty cells in row {gaps[0] + 2}")
    return people


def tag(frame: pd.DataFrame, key: str) -> pd.Series:
    """The value of an OSM tag, whether the driver made it a column or left it in ``other_tags``."""
    if key in frame:
        return frame[key].astype(object)
    found = frame["other_tags"].astype(object).str.extract(rf'(?:^|,)"{re.escape(key)}"=>"((?:[^"\\]|\\.)*)"')
    return found[0]


def _part(path: Path, part: str) -> gpd.GeoDataFrame:
    """One part of the extract in the order of its ids; areas get w (way) or r (relation) before theirs."""
    frame = pyogrio.read_dataframe(path, layer=part)
    if part == "multipolygons":
        way = frame["osm_way_id"].astype(object)
        frame["osm_id"] = ("w" + way).fillna("r" + frame["osm_id"].astype(object))
    elif part == "points":
        frame["osm_id"] = "n" + frame["osm_id"]
    return frame.sort_values("osm_id", kind="stable").reset_index(drop=True)


def _islands(land: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    land = land.assign(island=land["name"].map(ISLANDS))[["island", "geometry"]]
    main = land[land["island"].notna()].dissolve("island").reset_index()
    if main.empty:
        return main
    return joined(land, main, ["island"]).dissolve("island").reset_index()


def _with_spellings(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add ``names``: every folded spelling of a place, with and without its article."""
    keys = ("name", "name:en", "name:mt", "alt_name", "int_name")
    spelled = pd.concat([tag(frame, key) for key in keys], axis=1).fillna("")
    names = [{fold(name) for cell in row for name in cell.split(";") if name} for row in spelled.to_numpy()]
    return frame.assign(names=[own | {ARTICLE.sub("", name) for name in own} for own in names])


def fold(name: str) -> str:
    """A name without case, accents and kinds of apostrophe: ``Ħ’Attard`` is ``h'attard``."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ħ", "h").replace("’", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()


def _settle(people: pd.DataFrame, points: gpd.GeoDataFrame, councils: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Match each settlement to the map by name and nearness: its place, and the council it belongs to."""
    spots = gpd.points_from_xy(people["longitude"], people["latitude"], crs=DEGREES)
    here = gpd.GeoSeries(spots).to_crs(METRES)
    nodes = _with_spellings(points[points["place"].isin(["city", "town", "village", "hamlet", "suburb"])])
    node = _namesake(people["name"], here, nodes)
    centre = gpd.GeoSeries([nodes.geometry[n] if n is not None else None for n in node], crs=DEGREES)
    own = _namesake(people["name"], here, councils)
    stand = gpd.GeoDataFrame(geometry=centre.fillna(gpd.GeoSeries(spots)), crs=DEGREES)
    around = joined(stand, councils, ["name", "island"])
    township = [councils["name"][c] if c is not None else around["name"][i] for i, c in enumerate(own)]
    off_m = here.distance(centre.to_crs(METRES))
    named = pd.Series([c is not None for c in own])
    # Two settlements under one GeoNames code, but not in one council: the one without its name is doubtful.
    split = pd.Series(township).groupby(people["admin1code"]).transform("nunique") > 1
    return gpd.GeoDataFrame(
        {
            "place_id": "g" + people["geonameid"],
            "name": people["name"],
            "township": township,
            "island": around["island"],
            "class": np.where(people["population"] >= URBAN_FROM, "urban", "rural"),
            "population": people["population"].astype(int),
            "osm_id": [nodes["osm_id"][n] if n is not None else None for n in node],
            "osm_lon": centre.x,
            "osm_lat": centre.y,
            "accuracy_m": np.ceil(off_m.fillna(NAME_REACH_M) / 10) * 10,
            "doubt": split & ~named,
        },
        geometry=spots,
    )


def _namesake(names: pd.Series, here: gpd.GeoSeries, there: gpd.GeoDataFrame) -> list[int | None]:
    """Index label of the nearest row of ``there`` that has the name and is in reach; None if none has."""
    shapes = there.to_crs(METRES).geometry
    matches: list[int | None] = []
    for name, spot in zip(names, here, strict=True):
        same = shapes[[fold(name) in known for known in there["names"]]].distance(spot)
        same = same[same <= NAME_REACH_M]
        matches.append(same.idxmin() if len(same) else None)
    return matches


def joined(frame: gpd.GeoDataFrame, other: gpd.GeoDataFrame, columns: list[str]) -> gpd.GeoDataFrame:
    """Take columns from the area of ``other`` that a row lies in, or else is nearest to."""
    spot = gpd.GeoDataFrame(geometry=frame.geometry.to_crs(METRES).representative_point())
    hit = gpd.sjoin_nearest(spot, other[[*columns, "geometry"]].to_crs(METRES))
    hit = hit[~hit.index.duplicated()].loc[frame.index]
    return frame.assign(**{column: hit[column] for column in columns})
