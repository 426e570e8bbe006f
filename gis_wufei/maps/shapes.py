"""Geometry and values as the page takes them: degrees with five decimals, plain JSON, nothing that is not a number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_wufei.crs import WGS84
from gis_wufei.text import Text

Json = dict[str, Any]

DECIMALS = 5
"""Of a degree: about a metre."""

TOLERANCE_M = 10.0
"""How far a drawn line may stray from the true one; for the page only, no computation uses it."""

KINDS = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon"}


def features(
    geometry: gpd.GeoSeries,
    properties: Iterable[Mapping[str, object]],
    coverage: bool = False,
    tolerance_m: float = TOLERANCE_M,
    decimals: int = DECIMALS,
) -> Json:
    """A GeoJSON collection in degrees, simplified for drawing.

    Parameters
    ----------
    geometry
        In the study's metric system.
    properties
        One mapping a shape; what is empty is left out.
    coverage
        The polygons share borders, which stay shared.
    tolerance_m, decimals
        How far a drawn line may stray, and decimals of a degree.
    """
    drawn = [
        {"type": "Feature", "geometry": shape, "properties": plain(values)}
        for shape, values in zip(_in_degrees(geometry, coverage, tolerance_m, decimals), properties, strict=True)
        if shape is not None
    ]
    return {"type": "FeatureCollection", "features": drawn}


def _in_degrees(geometry: gpd.GeoSeries, coverage: bool, tolerance_m: float, decimals: int) -> list[Json | None]:
    shapes = geometry.to_numpy()
    if coverage and shapely.coverage_is_valid(shapes):
        shapes = shapely.coverage_simplify(shapes, tolerance_m)
    else:
        shapes = shapely.simplify(shapes, tolerance_m)
    degrees = gpd.GeoSeries(shapes, crs=geometry.crs).to_crs(WGS84).to_numpy()
    rounded = shapely.transform(degrees, lambda xy: np.round(xy, decimals))
    rounded = np.where(shapely.is_valid(rounded), shapely.remove_repeated_points(rounded), rounded)
    return [None if shape is None or shape.is_empty else shapely.geometry.mapping(shape) for shape in rounded]


def bounds(geometry: gpd.GeoSeries) -> list[list[float]]:
    """``[[south, west], [north, east]]`` in degrees."""
    west, south, east, north = (round(float(value), DECIMALS) for value in geometry.to_crs(WGS84).total_bounds)
    return [[south, west], [north, east]]


def degrees_of(geometry: gpd.GeoSeries) -> list[str]:
    """Longitude and latitude of points as text."""
    xy = shapely.get_coordinates(geometry.to_crs(WGS84).to_numpy())
    return [f"{x:.5f}, {y:.5f}" for x, y in xy]


def plain(values: Mapping[str, object]) -> Json:
    """The values that JSON can tell; the empty ones are left out."""
    told = {key: plain_value(value) for key, value in values.items()}
    return {key: value for key, value in told.items() if value is not None and value != ""}


def plain_value(value: object) -> Any:
    """A value as JSON; None for NaN and everything else that says "nothing"."""
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return round(number, 4) if math.isfinite(number) else None
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    return str(value)


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table by column names; ``Index`` is the index."""
    yield from table.itertuples()


def kinds_of(geometry: gpd.GeoSeries) -> np.ndarray[Any, np.dtype[np.object_]]:
    """``point``, ``line`` or ``polygon`` of each shape; anything else is None."""
    return np.array([KINDS.get(int(code)) for code in shapely.get_type_id(geometry.to_numpy())], dtype=object)


def joined(texts: Sequence[Text]) -> Text | None:
    """Several sentences as one; None for none."""
    if not texts:
        return None
    return Text(zh="；".join(one.zh for one in texts), en="; ".join(one.en for one in texts))
