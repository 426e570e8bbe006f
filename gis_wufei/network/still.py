"""Junctions at one and the same place, joined by a road of no length, are one junction."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from gis_wufei.network.graph import Floats, Ints


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
