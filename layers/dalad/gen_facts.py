"""The hand tables of this study, read into metric shapes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("facts")
DEGREES = "EPSG:4326"
METRES = "EPSG:32649"
SEED = 150621
ADDRESS_M = 10_000.0
"""A mine whose point is worse than this was placed by its address and is no place to build on."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Facts:
    """The tables as they stand; those with a place or a course carry it as metric geometry."""

    outline: shapely.Polygon
    townships: gpd.GeoDataFrame
    villages: gpd.GeoDataFrame
    """Empty point where no position was found."""
    mines: gpd.GeoDataFrame
    power_stations: gpd.GeoDataFrame
    spots: gpd.GeoDataFrame
    kongdui: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    railways: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    landscape: gpd.GeoDataFrame
    sectors: pd.DataFrame
    """Kinds of small enterprise: count, waste codes, range of kilograms a year."""
    figures: pd.Series
    """Banner-wide figures by item."""

    @property
    def placed_mines(self) -> gpd.GeoDataFrame:
        """The mines whose point is that of the mine."""
        return self.mines[self.mines["accuracy_m"] < ADDRESS_M].reset_index(drop=True)

    @property
    def seats(self) -> gpd.GeoDataFrame:
        """The seats of the towns and of the sumu."""
        return self.townships[self.townships["kind"].isin(["town", "sumu"])].reset_index(drop=True)

    def spots_of(self, kind: str) -> gpd.GeoDataFrame:
        """The single places of one kind, in the order of the table."""
        return self.spots[self.spots["kind"] == kind].reset_index(drop=True)


def read_facts(folder: Path = FOLDER) -> Facts:
    """Read every table of the folder."""
    corners = _table(folder, "outline")
    outline = gpd.GeoSeries([shapely.Polygon(corners[["lon", "lat"]].to_numpy(float))], crs=DEGREES)
    return Facts(
        outline=outline.to_crs(METRES).iloc[0],
        townships=_points(folder, "townships"),
        villages=_points(folder, "villages"),
        mines=_points(folder, "mines"),
        power_stations=_points(folder, "power_stations"),
        spots=_points(folder, "spots"),
        kongdui=_lines(folder, "kongdui"),
        roads=_lines(folder, "roads"),
        railways=_lines(folder, "railways"),
        borders=_lines(folder, "township_borders"),
        landscape=_lines(folder, "landscape"),
        sectors=_table(folder, "sectors"),
        figures=_table(folder, "population").set_index("item")["value"],
    )


def stream(part: str) -> np.random.Generator:
    """The random stream of one part, so that a change in one part leaves the others as they are."""
    return np.random.default_rng([SEED, zlib.crc32(part.encode())])


def generated(frame: gpd.GeoDataFrame, note: str, accuracy_m: float) -> gpd.GeoDataFrame:
    """Sign a layer that this folder's script made up."""
    return frame.assign(synthetic=True, source=f"generated: {note}", accuracy_m=accuracy_m).reset_index(drop=True)


def known(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sign a layer that is carried over: each row keeps the source and accuracy of its table."""
    return frame.assign(synthetic=False).drop(columns="status").reset_index(drop=True)


def _table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype={"code": str, "township_code": str, "ur_code": str})


def _points(folder: Path, name: str) -> gpd.GeoDataFrame:
    table = _table(folder, name)
    points = gpd.GeoSeries.from_xy(table["lon"], table["lat"], crs=DEGREES)
    points[table["lon"].isna()] = shapely.Point()
    return gpd.GeoDataFrame(table.drop(columns=["lon", "lat"]), geometry=points, crs=DEGREES).to_crs(METRES)


def _lines(folder: Path, name: str) -> gpd.GeoDataFrame:
    table = _table(folder, name)
    lines = [
        shapely.LineString([[float(x) for x in vertex.split()] for vertex in row.split(",")]) for row in table["line"]
    ]
    return gpd.GeoDataFrame(table.drop(columns="line"), geometry=lines, crs=DEGREES).to_crs(METRES)
