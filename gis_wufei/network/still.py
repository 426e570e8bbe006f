"""Junctions at one and the same place, joined by a road of no length, are one junction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gis_wufei.network.graph import Flags, Floats, Ints


def joined(vertex: Ints, part: Ints, place: Floats) -> Ints:
    """The vertex numbers of polylines, those that follow each other at the same place made one.

    Parameters
    ----------
    vertex, part, place
        As for ``assemble``.
    """
    if len(vertex) < 2:
        return vertex
    still = (
        (part[1:] == part[:-1]) & (vertex[1:] != vertex[:-1]) & (place[vertex[1:]] == place[vertex[:-1]]).all(axis=1)
    )
    if not still.any():
        return vertex
    ends = (vertex[:-1][still], vertex[1:][still])
    links = csr_matrix((np.ones(len(ends[0]), np.int8), ends), shape=(len(place), len(place)))
    group = connected_components(links, directed=False)[1]
    _, first = np.unique(group, return_index=True)
    return np.asarray(first[group][vertex], np.int64)


def welded(vertex: Ints, part: Ints, key: NDArray[Any], plain: Flags) -> tuple[Ints, Ints]:
    """The vertex numbers of polylines, those at one place on the ground made one, and the vertices that changed.

    Two nodes of OpenStreetMap at the same place to the last digit, on roads that are neither bridge nor
    tunnel nor on another layer, are one node drawn twice: a mapping fault that tears the road.

    Parameters
    ----------
    vertex, part
        As for ``assemble``.
    key
        [V], of each vertex number: equal where places are.
    plain
        bool[L], of each line: on the ground.
    """
    if not len(vertex):
        return vertex, vertex
    on_ground = np.zeros(len(key), bool)
    on_ground[vertex] = True
    on_ground[vertex[~plain[part]]] = False
    ground = np.flatnonzero(on_ground)
    _, first, group = np.unique(key[ground], return_index=True, return_inverse=True)
    target = np.arange(len(key))
    target[ground] = ground[first[group]]
    return target[vertex], np.flatnonzero(target != np.arange(len(key)))


def told_apart(xy: Floats) -> pd.DataFrame:
    """Rows of ``RoadGraph.mended`` for places where ``welded`` made two vertices one."""
    none = [None] * len(xy)
    told = {"kind": ["same_place"] * len(xy), "x": xy[:, 0], "y": xy[:, 1], "size_m": np.zeros(len(xy))}
    return pd.DataFrame({**told, "row": none, "other_row": none})
