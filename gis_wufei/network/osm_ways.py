"""Highways and turn restrictions of an OpenStreetMap extract as flat arrays, in one pass over the file."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_wufei.errors import Fault, InputError, MissingExtraError
from gis_wufei.network.graph import Ints
from gis_wufei.network.tags import road_words

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")
WORDS = (
    "name", "ref", "highway", "junction", "service", "oneway", "oneway:hgv", "surface", "smoothness", "tracktype",
    "bridge", "tunnel", "layer", "lanes", "toll", "access", "vehicle", "motor_vehicle", "goods", "hgv", "hazmat",
    "maxspeed", "maxspeed:hgv", "maxweight", "maxaxleload", "maxheight", "maxwidth", "maxlength",
    "access:conditional", "vehicle:conditional", "motor_vehicle:conditional", "hgv:conditional",
)  # fmt: skip
"""Tags of a way that are kept."""

RESTRICTION = "restriction"
WAYS_AT_ONCE = 4096
PER_DEGREE = 1e7
"""Coordinates are whole numbers, as OpenStreetMap keeps them; divided by this they are degrees to the last bit."""


@dataclass
class Words:
    """One tag of all ways: the different words, and which ways have which."""

    code: dict[str, int] = field(default_factory=dict)
    way: array[int] = field(default_factory=lambda: array("i"))
    word: array[int] = field(default_factory=lambda: array("i"))

    def column(self, size: int) -> pd.Categorical:
        """The words of ``size`` ways, missing where a way has none."""
        codes = np.full(size, -1, np.int32)
        codes[np.frombuffer(self.way, np.int32)] = np.frombuffer(self.word, np.int32)
        return pd.Categorical.from_codes(codes, pd.Index(list(self.code), dtype=object))


@dataclass(frozen=True)
class Restriction:
    """A relation of type ``restriction``, as it stands in the file."""

    relation: int
    tags: dict[str, str]
    members: tuple[tuple[str, str, int], ...]
    """Role, kind (n, w, r) and id."""


@dataclass(frozen=True, eq=False)
class Ways:
    """W drivable highways with P nodes in all, as drawn."""

    way: Ints
    """int[W], OpenStreetMap's id."""
    node: Ints
    """int[P], ids of the nodes, way after way."""
    place: NDArray[np.int32]
    """int[P, 2], longitude and latitude in 1e-7 degrees."""
    size: Ints
    """int[W], nodes of each way."""
    words: dict[str, pd.Categorical]
    restrictions: tuple[Restriction, ...]
    left_out: dict[str, int]


def read_ways(path: Path) -> Ways:
    """The ways that a car or truck may drive at all, and the relations that restrict turns.

    Raises
    ------
    MissingExtraError
        pyosmium is not installed.
    InputError
        Not an extract, or damaged (E-FETCH-004).
    """
    path = Path(path)
    if not path.name.lower().endswith(SUFFIXES):
        raise InputError([Fault("E-FETCH-004", path.name, {"wanted": ", ".join(SUFFIXES)})])
    try:
        import osmium
    except ImportError as error:
        raise MissingExtraError("pyosmium is needed (需要 pyosmium): pip install 'gis-wufei[osm]'") from error
    try:
        return _collect(osmium, path)
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError([Fault("E-FETCH-004", path.name, {"wanted": ".osm.pbf"})]) from error


def _collect(osmium: Any, path: Path) -> Ways:
    line = osmium.geom.WKBFactory().create_linestring
    every, direction = osmium.geom.use_nodes.ALL, osmium.geom.direction.FORWARD
    no_place = osmium.InvalidLocationError
    kinds = osmium.filter.EntityFilter(osmium.osm.WAY | osmium.osm.RELATION)
    keys = osmium.filter.KeyFilter(
        "highway", RESTRICTION, *(f"{RESTRICTION}:{word}" for word in ("hgv", "conditional"))
    )
    classes, without = road_words().classes, road_words().without
    wanted = {key: Words() for key in WORDS}
    ids, nodes, sizes = array("q"), array("q"), array("i")
    shapes: list[str] = []
    places: list[NDArray[np.int32]] = []
    restrictions: list[Restriction] = []
    left_out = {"no_line": 0, "outline": 0, "cut_by_extract": 0}
    for element in osmium.FileProcessor(str(path)).with_locations().with_filter(kinds).with_filter(keys):
        if element.is_relation():
            restriction = _restriction(element)
            if restriction is not None:
                restrictions.append(restriction)
            continue
        if element.tags.get("highway") not in classes:
            continue
        tags = {tag.k: tag.v for tag in element.tags}
        if any(tags.get(key) in words for key, words in without.items()):
            left_out["outline"] += 1
            continue
        try:
            shapes.append(line(element, every, direction)[18:])  # hexadecimal: byte order, type, number of points
            runs = [[node.ref for node in element.nodes]]
        except no_place:
            left_out["cut_by_extract"] += 1
            runs, shape = _within(element)
            shapes.extend(shape)
        except RuntimeError:  # a way of one node
            left_out["no_line"] += 1
            continue
        for run in runs:
            way = len(ids)
            ids.append(element.id)
            sizes.append(len(run))
            nodes.extend(run)
            for key, word in tags.items():
                told = wanted.get(key)
                if told is not None:
                    told.way.append(way)
                    told.word.append(told.code.setdefault(word, len(told.code)))
        if len(shapes) >= WAYS_AT_ONCE:
            places.append(_degrees(shapes))
            shapes = []
    places.append(_degrees(shapes))
    return Ways(
        way=np.frombuffer(ids, np.int64) if ids else np.zeros(0, np.int64),
        node=np.frombuffer(nodes, np.int64) if nodes else np.zeros(0, np.int64),
        place=np.concatenate(places),
        size=np.array(sizes, np.int64),
        words={key: told.column(len(ids)) for key, told in wanted.items() if told.code},
        restrictions=tuple(restrictions),
        left_out={cause: count for cause, count in left_out.items() if count},
    )


def _degrees(shapes: list[str]) -> NDArray[np.int32]:
    """Coordinates of lines in hexadecimal WKB without their heads."""
    lonlat = np.frombuffer(bytes.fromhex("".join(shapes)), np.float64).reshape(-1, 2)
    return np.rint(lonlat * PER_DEGREE).astype(np.int32)


def _within(way: Any) -> tuple[list[list[int]], list[str]]:
    """The pieces of a way whose nodes the extract has: their ids, and their places as in ``_degrees``."""
    runs: list[list[int]] = [[]]
    places: list[list[float]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            runs[-1].append(node.ref)
            places[-1] += [node.lon, node.lat]
        elif runs[-1]:
            runs.append([])
            places.append([])
    keep = [at for at, run in enumerate(runs) if len(run) > 1]
    return [runs[at] for at in keep], [np.array(places[at], np.float64).tobytes().hex() for at in keep]


def _restriction(relation: Any) -> Restriction | None:
    tags = {tag.k: tag.v for tag in relation.tags}
    if not tags.get("type", "").startswith(RESTRICTION):
        return None
    members = tuple((member.role, member.type, int(member.ref)) for member in relation.members)
    return Restriction(int(relation.id), tags, members)
