"""What is measured at sites: distances, people around, what they lie in, numbers of a raster. Points or parcels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import transformer
from gis_wufei.errors import Fault, InputError, ProblemError, listed
from gis_wufei.layers import Layer, Layers
from gis_wufei.layers.raster import Raster
from gis_wufei.layers.tell import as_text, missing_column
from gis_wufei.suitability.pairwise import Floats

Shapes = NDArray[np.object_]
CHUNK = 200_000
"""Pairs of site and place held at once: they stay in the processor's cache."""


@dataclass(frozen=True)
class Ground:
    """What sites are measured against.

    ``demand`` are the places that make waste (point geometry, ``t_per_year``); ``road_m`` is float[places,
    sites], the way by road, where it is known for the sites at hand; else distances are straight.
    """

    layers: Layers
    demand: gpd.GeoDataFrame | None = None
    road_m: Floats | None = None


@dataclass(frozen=True, eq=False)
class Chosen:
    """Rows of one role, in the frames of their layers."""

    frames: tuple[gpd.GeoDataFrame, ...]
    at: str
    """The criterion, as a person would name it."""

    @property
    def shapes(self) -> Shapes:
        """The geometries."""
        shapes = np.concatenate([frame.geometry.to_numpy() for frame in self.frames])
        return np.asarray(shapes, dtype=object)

    def column(self, name: str) -> NDArray[Any]:
        """One value a shape; nan where a layer has no such column.

        Raises
        ------
        InputError
            None of the layers has it.
        """
        if not any(name in frame for frame in self.frames):
            raise InputError([missing_column(self.at, name, self.frames[0])])
        blank = [np.full(len(frame), np.nan) if name not in frame else frame[name].to_numpy() for frame in self.frames]
        return np.concatenate(blank)


def features(ground: Ground, role: str, where: Mapping[str, Sequence[str]], at: str) -> Chosen:
    """Rows of all layers of a role that have one of the values in each column of ``where``.

    A layer without such a column says nothing and is left out, as with the rules.

    Raises
    ------
    InputError
        The study has no layer of the role, or none of them has the columns.
    """
    layers = ground.layers.of_role(role)
    if not layers:
        known = listed({layer.role for layer in ground.layers.by_name.values()})
        raise InputError([Fault("E-SUIT-ROLE", at, {"role": role, "known": known})])
    telling = [layer.frame for layer in layers if all(column in layer.frame for column in where)]
    if not telling:
        first = layers[0]
        column = next(column for column in where if column not in first.frame)
        raise InputError([missing_column(f"{at} {first.certificate.path.name}", column, first.frame)])
    frames = []
    for frame in telling:
        for column, values in where.items():
            frame = frame[frame[column].map(as_text).isin(values)]
        frames.append(frame[~(frame.geometry.is_empty | frame.geometry.isna())])
    return Chosen(tuple(frames), at)


def nearest_m(sites: Shapes, shapes: Shapes) -> Floats:
    """Distance (m) from each site to the nearest shape, 0 where they touch; inf where there is no shape."""
    found = np.full(len(sites), np.inf)
    if len(shapes) and len(sites):
        (at, _), distance = shapely.STRtree(shapes).query_nearest(sites, return_distance=True, all_matches=False)
        found[at] = distance
    return found


def sum_within(sites: Shapes, shapes: Shapes, amounts: Floats, radius_m: float) -> Floats:
    """Sum of the amounts of all shapes that come within ``radius_m`` of each site."""
    site, shape = shapely.STRtree(shapes).query(sites, predicate="dwithin", distance=radius_m)
    return np.bincount(site, weights=amounts[shape], minlength=len(sites)).astype(float)


def share_inside(sites: Shapes, shapes: Shapes) -> Floats:
    """Part of each site's ground that the shapes cover together; a point is in (1) or out (0), the edge is in."""
    site, shape = shapely.STRtree(shapes).query(sites, predicate="intersects")
    found = np.zeros(len(sites))
    flat = shapely.area(sites) > 0
    found[np.unique(site[~flat[site]])] = 1.0
    for at in np.unique(site[flat[site]]).tolist():
        cover = shapely.union_all(shapes[shape[site == at]])
        found[at] = shapely.area(shapely.intersection(sites[at], cover)) / shapely.area(sites[at])
    return np.minimum(found, 1.0)


def zone_at(sites: Shapes, shapes: Shapes, names: NDArray[Any]) -> NDArray[np.object_]:
    """Name of the polygon that a point of each site lies in; ``None`` outside and where two names overlap."""
    site, shape = shapely.STRtree(shapes).query(shapely.point_on_surface(sites), predicate="intersects")
    told: dict[int, set[str]] = {}
    for at, of in zip(site.tolist(), shape.tolist(), strict=True):
        told.setdefault(at, set()).add(as_text(names[of]))
    found = np.full(len(sites), None, object)
    for at, several in told.items():
        found[at] = several.pop() if len(several) == 1 else None
    return found


def mean_distance_m(sites: Shapes, ground: Ground) -> Floats:
    """Mean way (m) of a tonne from its place to each site: by road where known, else straight.

    Places without a way to a site make its mean infinite: part of the waste would not arrive.
    """
    return _by_demand(sites, ground, lambda way, tonnes: tonnes @ way)


def share_within(sites: Shapes, ground: Ground, within_m: float) -> Floats:
    """Part of all tonnes whose place is at most ``within_m`` from each site."""
    return _by_demand(sites, ground, lambda way, tonnes: tonnes @ (way <= within_m))


def _by_demand(sites: Shapes, ground: Ground, counted: Any) -> Floats:
    if ground.demand is None or not len(ground.demand):
        raise InputError([Fault("E-SUIT-DEMAND", "suitability", {})])
    tonnes = ground.demand["t_per_year"].to_numpy(float)
    some = tonnes > 0  # a place without waste counts nothing, be it ever so far
    if not some.any():
        raise InputError([Fault("E-SUIT-DEMAND", "suitability", {})])
    tonnes = tonnes[some] / tonnes[some].sum()
    if ground.road_m is not None:
        if ground.road_m.shape != (len(some), len(sites)):
            raise ProblemError(f"measure: road_m is {ground.road_m.shape}, not {(len(some), len(sites))}")
        return np.asarray(counted(ground.road_m[some], tonnes), float)
    place = shapely.get_coordinates(ground.demand.geometry.to_numpy()[some])
    point = shapely.get_coordinates(shapely.point_on_surface(sites))
    found = np.empty(len(sites))
    step = max(CHUNK // len(place), 1)
    for start in range(0, len(sites), step):
        part = point[start : start + step]
        way = place[:, :1] - part[:, 0]
        north = place[:, 1:] - part[:, 1]
        way *= way
        north *= north
        way += north
        np.sqrt(way, out=way)
        found[start : start + step] = counted(way, tonnes)
    return found


def raster_numbers(sites: Shapes, crs: CRS, layer: Layer, statistic: str) -> Floats:
    """A raster's number at each site; nan where it has none.

    A point takes the cell it lies in; a parcel the mean, least or greatest of the cells whose centre lies in
    it, or the cell of a point inside where it holds no centre. Cells without a number do not count.
    """
    raster = _raster(layer)
    lattice = shapely.transform(sites, _to_cells(raster, crs))
    site, column, row = _cells(lattice)
    number = _numbers(raster, column, row)
    found = pd.DataFrame({"site": site, "number": number}).groupby("site")["number"].agg(statistic)
    return np.asarray(found.reindex(range(len(sites))).to_numpy(float))


def raster_at(xy: Floats, crs: CRS, layer: Layer) -> Floats:
    """A raster's number in the cell of each place; nan where it has none."""
    raster = _raster(layer)
    column, row = np.floor(_to_cells(raster, crs)(xy)).astype(np.int64).T
    return _numbers(raster, column, row)


def _raster(layer: Layer) -> Raster:
    if layer.raster is None:
        raise ProblemError(f"measure: the layer {layer.name} is no raster")
    return layer.raster


def _to_cells(raster: Raster, crs: CRS) -> Callable[[Floats], Floats]:
    """From places to columns and rows, counted so that the cell (c, r) has its centre at (c + 0.5, r + 0.5)."""
    with raster.opened() as source:
        there = transformer(crs, CRS.from_user_input(source.crs.to_wkt()))
        back = ~source.transform

    def cells(xy: Floats) -> Floats:
        x, y = (np.asarray(axis) for axis in there.transform(xy[:, 0], xy[:, 1]))
        return np.stack([back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f], axis=1)

    return cells


def _numbers(raster: Raster, column: NDArray[np.int64], row: NDArray[np.int64]) -> Floats:
    number = np.full(len(column), np.nan)
    for window, numbers, known in raster.windows():
        c, r = column - int(window.col_off), row - int(window.row_off)
        here = (c >= 0) & (c < numbers.shape[1]) & (r >= 0) & (r < numbers.shape[0])
        if here.any():
            told = numbers[r[here], c[here]].astype(float)
            number[here] = np.where(known[r[here], c[here]], told, np.nan)
    return number


def _cells(lattice: Shapes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Site, column and row of every cell that counts for a site."""
    flat = shapely.area(lattice) > 0
    centre = np.floor(shapely.get_coordinates(shapely.point_on_surface(lattice))).astype(np.int64)
    lone = np.flatnonzero(~flat)
    sites, columns, rows = [lone], [centre[lone, 0]], [centre[lone, 1]]
    for at in np.flatnonzero(flat).tolist():
        west, north, east, south = np.floor(shapely.bounds(lattice[at])).astype(np.int64)
        c, r = (axis.ravel() for axis in np.meshgrid(np.arange(west, east + 1), np.arange(north, south + 1)))
        held = shapely.contains_xy(lattice[at], c + 0.5, r + 0.5)
        c, r = (c[held], r[held]) if held.any() else (centre[at : at + 1, 0], centre[at : at + 1, 1])
        sites.append(np.full(len(c), at))
        columns.append(c)
        rows.append(r)
    return np.concatenate(sites), np.concatenate(columns), np.concatenate(rows)
