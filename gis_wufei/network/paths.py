"""The way itself: its line on the map, its roads and their classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis_wufei.network.graph import Floats, Ints, Network
from gis_wufei.network.snap import AT_NODE_M
from gis_wufei.network.trips import TIE_S_PER_M, Trips, arcs_between, trees


@dataclass(frozen=True, eq=False)
class Path:
    """The fastest way between two points, access legs included."""

    xy: Floats
    """float[k, 2], k >= 2, from point to point."""
    distance_m: float
    duration_s: float
    access_m: float
    """Straight legs at both ends together, part of ``distance_m``."""
    km_by_class: dict[str, float]
    """Kilometres on each class of road, without the access legs."""
    roads: tuple[str, ...]
    """Names of the roads in the order of travel, unnamed ones left out."""
    edges: Ints
    """int[s], edges of the network in the order of travel (the first and the last perhaps in part)."""


def paths(trips: Trips, pairs: ArrayLike) -> list[Path | None]:
    """The way of each pair (origin, destination) of points; None where there is none.

    Same trips as ``od_matrix``. One search serves all pairs that share a root, on the side that
    has fewer distinct points.
    """
    pair = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    found: list[Path | None] = [None] * len(pair)
    source, target = trips.node[pair[:, 0]], trips.node[pair[:, 1]]
    same = (trips.snap.xy[pair[:, 0]] == trips.snap.xy[pair[:, 1]]).all(axis=1)
    for p in np.flatnonzero(same):
        found[p] = _stay(trips.snap.xy[pair[p, 0]])
    open_pairs = np.flatnonzero((source >= 0) & (target >= 0) & ~same)
    source, target = source[open_pairs], target[open_pairs]
    to_root = len(np.unique(target)) < len(np.unique(source))
    root, leaf = (target, source) if to_root else (source, target)
    roots = np.unique(root)
    for block, weight, toward in trees(trips, roots, to_root):
        for k in np.flatnonzero(np.isin(root, roots[block])):
            row = int(np.searchsorted(roots[block], root[k]))
            if np.isinf(weight[row, leaf[k]]):
                continue
            nodes = _walk(toward[row], int(leaf[k]))
            nodes = nodes if to_root else nodes[::-1]
            p = open_pairs[k]
            found[p] = _path(trips, arcs_between(trips, nodes[:-1], nodes[1:]), *pair[p])
    return found


def _stay(xy: Floats) -> Path:
    return Path(np.stack([xy, xy]), 0.0, 0.0, 0.0, {}, (), np.zeros(0, dtype=np.int64))


def _walk(toward: NDArray[np.int32], node: int) -> Ints:
    """The nodes from ``node`` to the root of its tree."""
    nodes = [node]
    while toward[nodes[-1]] >= 0:
        nodes.append(int(toward[nodes[-1]]))
    return np.array(nodes, dtype=np.int64)


def _path(trips: Trips, arcs: Ints, origin: int, destination: int) -> Path:
    """Put the arcs of one way together."""
    network, snap = trips.network, trips.snap
    edge, length = trips.edge[arcs], trips.length_m[arcs]
    # Arcs that continue along one edge are one stretch; other points that split it leave no mark.
    turn = (np.diff(edge, prepend=-1) != 0) | (trips.start[arcs] != np.roll(trips.stop[arcs], 1))
    first = np.flatnonzero(turn)
    last = np.append(first, len(arcs))[1:] - 1
    legs = [snap.xy[[origin]], snap.foot_xy[[origin]]]
    for e, a, b in zip(edge[first], trips.start[arcs[first]], trips.stop[arcs[last]], strict=True):
        legs.append(_stretch(network, int(e), float(a), float(b)))
    xy = np.concatenate([*legs, snap.foot_xy[[destination]], snap.xy[[destination]]])
    # The foot was measured from the road's start and so was the cut; they differ in the last digits.
    step = np.hypot(*np.diff(xy, axis=0).T)
    xy = np.concatenate([xy[:1], xy[1:][step > AT_NODE_M]])
    xy = xy if len(xy) > 1 else xy[[0, 0]]
    xy[-1] = snap.xy[destination]

    access_m = float(snap.access_m[origin] + snap.access_m[destination])
    access_s = float(trips.access_s[origin] + trips.access_s[destination])
    weight = float(np.asarray(trips.graph.data)[arcs].sum())
    km = np.bincount(network.class_code[edge], length, minlength=len(network.classes)) / 1000
    return Path(
        xy=xy,
        distance_m=float(length.sum()) + access_m,
        duration_s=weight - TIE_S_PER_M * float(length.sum()) + access_s,
        access_m=access_m,
        km_by_class={name: float(k) for name, k in zip(network.classes, km, strict=True) if k},
        roads=_names(network, edge[first]),
        edges=edge[first],
    )


def _stretch(network: Network, edge: int, start: float, stop: float) -> Floats:
    """The polyline of an edge between two fractions, in the way of travel."""
    xy = network.xy[network.offset[edge] : network.offset[edge + 1]]
    if abs(stop - start) < 1:
        along = np.append(0.0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T)))
        low, high = sorted((start * along[-1], stop * along[-1]))
        inner = along[(along > low) & (along < high)]
        cuts = np.concatenate([[low], inner, [high]])
        xy = np.stack([np.interp(cuts, along, xy[:, 0]), np.interp(cuts, along, xy[:, 1])], axis=1)
    return xy if start < stop else xy[::-1]


def _names(network: Network, edges: Ints) -> tuple[str, ...]:
    """Road names in order, repeats in a row told once."""
    if "name" not in network.roads:
        return ()
    names = network.roads["name"].iloc[network.row[edges]]
    told: list[str] = []
    for name in names[names.notna() & (names != "")]:
        if not told or told[-1] != name:
            told.append(str(name))
    return tuple(told)
