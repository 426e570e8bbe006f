"""Layers held against each other: is one of them shifted as a whole, the way a Chinese online map shifts?

At a place the shift of GCJ-02 (and BD-09) is one known vector. So nothing is searched for: each pair of
layers is asked whether that one translation makes them fit far better than none does, and far better than
translations as long in other directions. A sound pair fits best as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_wufei.crs import WGS84, in_china, transformer
from gis_wufei.layers.certificate import Layer, Remark
from gis_wufei.layers.webmap import from_webmap, to_webmap

Places = NDArray[np.float64]

DATUMS = ("GCJ-02", "BD-09")
REFERENCES = ("roads", "boundary", "units", "context")  # roles with edges on which others lie
SAMPLES = 400  # places of a layer that are looked at
MOST_EDGES = 300_000  # of a reference; a larger one is not held against the others
BLOCK_M = 1000.0  # neighbours say the same thing: a square kilometre has one voice
LEAST_BLOCKS = 8
SOFT_M = 10.0  # below this a distance is drawing accuracy
BETTER = 1.6  # times nearer (geometric mean) than unmoved
DISTINCT = 1.35  # times nearer than moved any other way; of sound pairs none that was tried reaches 1.15
CERTAIN = 5.0  # standard errors
TURNS = np.radians([45, 67.5, 90, 112.5, 135, 225, 247.5, 270, 292.5, 315])  # not along the shift itself


@dataclass(frozen=True)
class Misfit:
    """Median distance (m) between two layers as they are, and once the shift is undone."""

    before_m: float
    after_m: float


def doubted(layers: Mapping[str, Layer]) -> dict[str, Layer]:
    """The layers, with a warning on each that looks like one of an online map against the others.

    Outside China no online map shifts, and nothing is asked. All layers are in one metric system.
    """
    found: dict[tuple[str, str, str], dict[str, Misfit]] = {}
    for datum, one, other, misfit in _suspicions(layers):
        code, blamed, against = "R-LAYER-SHIFT", one, other
        if _was_undone(layers[other], datum):
            # Undone in a layer that never had it, the shift lies the other way round.
            code, blamed, against = "R-LAYER-SHIFT-BACK", other, one
        pairs = found.setdefault((blamed, code, datum), {})
        if against not in pairs or misfit.after_m < pairs[against].after_m:  # seen from either side
            pairs[against] = misfit
    told = dict(layers)
    for (name, code, datum), pairs in found.items():
        layer = told[name]
        ids = tuple(f"{other} {fit.before_m:.0f} → {fit.after_m:.0f} m" for other, fit in pairs.items())
        facts = {"datum": datum, "metres": round(_length(layer, datum))}
        remark = Remark(code, len(ids), ids, facts)
        certificate = replace(layer.certificate, warned=(*layer.certificate.warned, remark))
        told[name] = replace(layer, certificate=certificate)
    return told


def _was_undone(layer: Layer, datum: str) -> bool:
    return any(
        remark.code == "R-LAYER-OFFSET" and remark.facts.get("datum") == datum for remark in layer.certificate.repaired
    )


def _suspicions(layers: Mapping[str, Layer]) -> Iterator[tuple[str, str, str, Misfit]]:
    """Datum, the layer that looks shifted by it, the layer it was held against, and how they fit."""
    places = {name: xy for name, layer in layers.items() if len(xy := _places(layer)) and _in_china(layer, xy)}
    moves = {(name, datum): _moves(layers[name], xy, datum) for name, xy in places.items() for datum in DATUMS}
    for name, reference in layers.items():
        if reference.role not in REFERENCES:
            continue
        edges = _edges(reference) if name in places else None
        if edges is None:
            continue
        tree = shapely.STRtree(edges)
        before = {other: _nearest(xy, tree) for other, xy in places.items() if other != name}
        for (other, datum), (undone, done) in moves.items():
            if other == name:
                continue
            misfit = explained(places[other], tree, undone, before[other])
            if misfit is not None:
                yield datum, other, name, misfit
            misfit = explained(places[other], tree, done, before[other])
            if misfit is not None:
                yield datum, name, other, misfit


def explained(xy: Places, tree: shapely.STRtree, move: Places, before: Places | None = None) -> Misfit | None:
    """Whether a move of all places brings them to the edges of a tree, as nothing else of its length does.

    Parameters
    ----------
    xy
        Places, metres, shape (n, 2).
    tree
        Edges of the other layer, metres.
    move
        The move of each place, metres, shape (n, 2).
    before
        Distances (m) of the places as they are, where they are known already.

    Notes
    -----
    Compared are logarithms of distances, so that a few far places say no more than many near ones, in
    means by square kilometre, so that the thousand vertices of one shape have one voice. The other
    directions are what chance would give: where edges are everywhere, every move ends near one.
    """
    _, block = np.unique(np.floor(xy / BLOCK_M), axis=0, return_inverse=True)
    block = block.reshape(-1)
    count = np.bincount(block)
    if len(count) < LEAST_BLOCKS:
        return None

    def voices(distance: Places) -> Places:
        return np.asarray(np.bincount(block, weights=np.log(distance + SOFT_M)) / count)

    before = _nearest(xy, tree) if before is None else before
    still = voices(before)
    nearest_yet = np.maximum(before - np.hypot(move[:, 0], move[:, 1]), 0.0)
    if (still - voices(nearest_yet)).mean() < np.log(BETTER):
        return None  # too far from every edge for such a move to matter
    after = _nearest(xy + move, tree)
    moved = voices(after)
    gain = still - moved
    error = max(float(gain.std(ddof=1)) / np.sqrt(len(gain)), 1e-9)
    if gain.mean() < np.log(BETTER) or gain.mean() / error < CERTAIN:
        return None
    for turn in TURNS:
        cos, sin = np.cos(turn), np.sin(turn)
        turned = move @ np.array([[cos, sin], [-sin, cos]])
        if voices(_nearest(xy + turned, tree)).mean() - moved.mean() < np.log(DISTINCT):
            return None
    return Misfit(float(np.median(before)), float(np.median(after)))


def _nearest(xy: Places, tree: shapely.STRtree) -> Places:
    _, distance = tree.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
    return np.asarray(distance)


def _places(layer: Layer) -> Places:
    """Points, or vertices of lines and edges, evenly thinned."""
    xy = shapely.get_coordinates(layer.frame.geometry.to_numpy())
    xy = xy[np.isfinite(xy).all(axis=1)]
    return np.asarray(xy[:: max(1, -(-len(xy) // SAMPLES))], dtype=float)


def _edges(layer: Layer) -> NDArray[np.object_] | None:
    shapes = layer.frame.geometry.to_numpy()
    kinds = shapely.get_dimensions(shapes)
    if shapely.get_num_coordinates(shapes).sum() > MOST_EDGES or not (kinds >= 1).any():
        return None
    lines = shapely.get_parts(np.where(kinds == 2, shapely.boundary(shapes), shapes)[kinds >= 1])
    xy, line = shapely.get_coordinates(lines, return_index=True)
    joined = line[1:] == line[:-1]
    return np.asarray(shapely.linestrings(np.stack([xy[:-1][joined], xy[1:][joined]], axis=1)))


def _degrees(layer: Layer, xy: Places) -> tuple[Places, Places]:
    lon, lat = transformer(CRS(layer.frame.crs), WGS84).transform(xy[:, 0], xy[:, 1])
    return np.asarray(lon), np.asarray(lat)


def _in_china(layer: Layer, xy: Places) -> bool:
    return bool(in_china(*_degrees(layer, xy)).mean() >= 0.5)


def _moves(layer: Layer, xy: Places, datum: str) -> tuple[Places, Places]:
    """For each place the move that undoes a datum's shift, and the one that does it."""
    lon, lat = _degrees(layer, xy)
    back = transformer(WGS84, CRS(layer.frame.crs))
    undone = np.column_stack(back.transform(*from_webmap(datum, lon, lat)))
    done = np.column_stack(back.transform(*to_webmap(datum, lon, lat)))
    return undone - xy, done - xy


def _length(layer: Layer, datum: str) -> float:
    xy = _places(layer)
    return float(np.median(np.hypot(*_moves(layer, xy, datum)[1].T)))
