"""The features that a rule speaks of: those of its role's layers that have the values it chooses by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.layers import Layer, Layers, roles
from gis_wufei.layers.tell import as_text
from gis_wufei.standards import Clause

PIECE = 16
"""Vertices of a piece: shorter ones make the index larger, longer ones each distance dearer."""
COLLECTION = 7


@dataclass(frozen=True, eq=False)
class Features:
    """N features with the name by which people know each."""

    shapes: NDArray[np.object_]
    """In the study's system (m)."""
    names: NDArray[np.object_]
    """Name and id as the layer tells them; a row number where it tells neither."""
    layers: NDArray[np.object_]
    """Name of the study's layer that holds each."""

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the shapes, which are ready for being asked many times."""
        shapely.prepare(self.shapes)
        return shapely.STRtree(self.shapes)

    @cached_property
    def pieces(self) -> Pieces:
        """Their points, lines and outlines in short pieces."""
        return pieces_of(self.shapes)

    @cached_property
    def ground(self) -> shapely.Geometry:
        """The ground that they cover together."""
        return shapely.union_all(self.shapes)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Points, lines and outlines cut short: the distance to a long outline costs as little as to its nearest piece."""

    shapes: NDArray[np.object_]
    owner: NDArray[np.intp]
    """int[pieces], position of the feature."""

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the pieces."""
        return shapely.STRtree(self.shapes)


def pieces_of(shapes: NDArray[np.object_]) -> Pieces:
    """Every point, line and outline of shapes, in pieces of ``PIECE`` vertices at most."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) == COLLECTION).any():
        parts, at = shapely.get_parts(parts, return_index=True)
        owner = owner[at]
    areas = shapely.get_dimensions(parts) == 2
    rings, at = shapely.get_rings(parts[areas], return_index=True)
    dots = shapely.get_dimensions(parts) == 0
    lines = np.concatenate([rings, parts[~areas & ~dots]])
    of_line = np.concatenate([owner[areas][at], owner[~areas & ~dots]])
    count = shapely.get_num_coordinates(lines)
    first = np.cumsum(count) - count
    cuts = np.maximum(np.ceil((count - 1) / (PIECE - 1)).astype(np.intp), 1)  # neighbours share a vertex
    line = np.repeat(np.arange(len(lines)), cuts)
    begin = (np.arange(len(line)) - np.repeat(np.cumsum(cuts) - cuts, cuts)) * (PIECE - 1)
    length = np.minimum(PIECE, count[line] - begin)
    piece = np.repeat(np.arange(len(line)), length)
    within = np.arange(len(piece)) - np.repeat(np.cumsum(length) - length, length)
    xy = shapely.get_coordinates(lines)[(first[line] + begin)[piece] + within]
    cut = shapely.linestrings(xy, indices=piece) if len(piece) else np.empty(0, dtype=object)
    return Pieces(np.concatenate([cut, parts[dots]]), np.concatenate([of_line[line], owner[dots]]))


def selection(rule: Clause) -> tuple[object, ...]:
    """What decides which features a rule speaks of: equal for rules that choose alike."""
    where = tuple(sorted((column, tuple(values)) for column, values in (rule.where or {}).items()))
    between = tuple(sorted((column, tuple(span)) for column, span in (rule.between or {}).items()))
    return (rule.role, where, between, rule.untold)


def features_of(rule: Clause, layers: Layers) -> Features | None:
    """The features a rule chooses; ``None`` where no layer of its role tells what it chooses by.

    A feature whose cell is empty, or whose layer lacks the column, counts as the rule's ``untold`` says.
    """
    found = []
    for layer in layers.of_role(rule.role):
        if layer.raster is not None:
            continue
        chosen = _chosen(layer.frame, rule)
        if chosen is not None:
            found.append(_named(layer, chosen))
    if not found:
        return None
    parts = zip(*((one.shapes, one.names, one.layers) for one in found), strict=True)
    return Features(*(np.concatenate(part) for part in parts))


def _chosen(frame: gpd.GeoDataFrame, rule: Clause) -> NDArray[np.bool_] | None:
    """bool[rows]; ``None`` where the frame lacks a column and the rule leaves such layers out."""
    chosen: NDArray[np.bool_] = ~(frame.geometry.is_empty | frame.geometry.isna()).to_numpy()
    columns = (*(rule.where or {}), *(rule.between or {}))
    if rule.untold == "leave" and any(column not in frame for column in columns):
        return None
    take = rule.untold == "take"
    for column in columns:
        if column not in frame:
            chosen &= take
            continue
        cells = frame[column]
        told = cells.notna().to_numpy()
        values = (rule.where or {}).get(column)
        fits = _within(cells, rule, column) if values is None else _has(cells, values)
        chosen &= np.where(told, fits, take)
    return chosen


def _has(cells: pd.Series, values: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.asarray(cells.astype(str).isin(values), bool)


def _within(cells: pd.Series, rule: Clause, column: str) -> NDArray[np.bool_]:
    above, most = (rule.between or {})[column]
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
    with np.errstate(invalid="ignore"):
        return (numbers > (-np.inf if above is None else above)) & (numbers <= (np.inf if most is None else most))


def _named(layer: Layer, chosen: NDArray[np.bool_]) -> Features:
    frame = layer.frame[chosen]
    rows = frame.get("row", frame.index)
    names = np.array([f"#{row}" for row in rows], dtype=object)
    key = roles()[layer.role].id
    for at, columns in enumerate(frame[column] for column in (key, "name") if column is not None and column in frame):
        words = np.array(["" if pd.isna(cell) else as_text(cell) for cell in columns], dtype=object)
        joined = names if at == 0 else words + " · " + names
        names = np.where(words == "", names, words if at == 0 else joined)
    shapes = np.asarray(frame.geometry.to_numpy(), dtype=object)
    return Features(shapes, names, np.full(len(frame), layer.name, dtype=object))
