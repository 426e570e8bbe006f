"""Road graphs from and to OSMnx (a networkx.MultiDiGraph with an edge for each way of travel)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from gis_wufei.crs import WGS84, in_china, is_metric, metric_crs, transformer
from gis_wufei.errors import MissingExtraError, ProblemError
from gis_wufei.network.assemble import assemble
from gis_wufei.network.graph import Flags, Floats, Ints, RoadGraph
from gis_wufei.network.network import Network
from gis_wufei.network.still import joined, told_apart, welded
from gis_wufei.network.tags import road_words, route_letter

if TYPE_CHECKING:
    import networkx as nx

MADE = ("geometry", "length", "oneway", "reversed", "speed_kph", "travel_time", "from", "to", "class", "u", "v", "key")
"""Attributes of an edge that follow from the graph and are made anew on the way back."""
FLAGS = ("bridge", "tunnel")


def from_osmnx(graph: nx.MultiDiGraph[Any], crs: CRS | str | int | None = None) -> RoadGraph:
    """The roads of an OSMnx graph.

    Both ways of a street are one edge; which ways it may be driven is told by the edges that are
    there, not by their ``oneway``. The geometry decides on the length: OSMnx's ``length`` is measured
    on a sphere, ours in the plane of the system, as for lines and extracts, so that all three make
    the same matrix. An edge without geometry is straight.

    Parameters
    ----------
    graph
        As OSMnx makes it, in degrees or projected, simplified or not.
    crs
        A projected system in metres; default: the graph's own where it is one, else the working
        system of its area.

    Returns
    -------
    RoadGraph
        ``roads`` has a row for each street, with the attributes of the edge (a list, as simplifying
        makes it, is told with semicolons) and its ``u``, ``v`` and ``key``. A street of several classes,
        as simplifying makes them too, takes the least of them (nobody can tell where one ends and the
        other begins) and is told in ``mended`` as ``mixed_class``: a graph that was not simplified, or
        with ``edge_attrs_differ=["highway"]``, has none. Edges of other highways are left out
        (``ignored["no_road"]``).

    Raises
    ------
    ProblemError
        Not a directed graph, no system, or nodes without x and y.
    """
    system = graph.graph.get("crs")
    if not graph.is_directed() or not graph.is_multigraph() or system is None:
        raise ProblemError("from_osmnx: a MultiDiGraph with a crs is needed, as OSMnx makes it")
    try:
        node_xy = np.array([(float(data["x"]), float(data["y"])) for _, data in graph.nodes(data=True)]).reshape(-1, 2)
    except KeyError as error:
        raise ProblemError("from_osmnx: every node needs x and y") from error
    source = CRS.from_user_input(system)
    streets = _streets(graph, node_xy)
    target = _target(source, crs, node_xy)
    lines = [street.xy for street in streets]
    size = np.array([len(line) for line in lines], np.int64)
    xy = np.concatenate(lines) if lines else np.zeros((0, 2))
    first = np.cumsum(size) - size
    inner = np.ones(len(xy), bool)
    inner[first] = inner[first + size - 1] = False
    # The junctions' own places stand for the ends of their edges: those may differ in the last digits.
    place = _project(np.concatenate([node_xy, xy[inner]]), source, target)
    vertex = np.empty(len(xy), np.int64)
    vertex[inner] = len(node_xy) + np.arange(int(inner.sum()))
    vertex[first] = [street.tail for street in streets]
    vertex[first + size - 1] = [street.head for street in streets]
    part = np.repeat(np.arange(len(streets)), size)

    roads, mixed = _table(streets, source)
    without = road_words().without.items()
    outline = np.array([any(s.data.get(key) in words for key, words in without) for s in streets], bool)
    is_road = roads["class"].notna().to_numpy(bool)
    taken = is_road & ~outline
    keep = taken[part] if len(part) else np.zeros(0, bool)
    mended = pd.DataFrame(
        {
            "kind": "mixed_class",
            "x": [float(place[vertex[first[at]], 0]) for at in mixed],
            "y": [float(place[vertex[first[at]], 1]) for at in mixed],
            "size_m": np.nan,
            "row": mixed,
            "other_row": None,
        }
    )
    left_out = {"no_road": int((~is_road).sum()), "outline": int((is_road & outline).sum())}
    part = (np.cumsum(taken) - 1)[part[keep]] if len(part) else part
    vertex, torn = welded(
        vertex[keep], part, place.astype(np.float64).copy().view(np.complex128).ravel(), _plain(roads)[taken]
    )
    vertex = joined(vertex, part, place)
    mended = pd.concat([mended, told_apart(place[torn])]) if len(mended) and len(torn) else mended
    mended = mended if len(mended) else told_apart(place[torn])
    return assemble(target, place, vertex, part, np.flatnonzero(taken), roads, left_out, mended)


def to_osmnx(network: Network | RoadGraph) -> nx.MultiDiGraph[Any]:
    """An OSMnx graph of a network or of its roads.

    Every way of travel is an edge with ``length`` (metres), ``highway``, ``oneway``, ``reversed``,
    ``name``, ``geometry`` and what else the road's row has; those of a network have ``speed_kph`` and
    ``travel_time`` (seconds), too, and ways closed to its vehicle are left out. Nodes have ``x`` and
    ``y`` in the system of the network, which is the graph's ``crs``. OSMnx knows no turn bans.

    Raises
    ------
    MissingExtraError
        networkx is not installed.
    """
    try:
        import networkx as nx
    except ImportError as error:
        raise MissingExtraError("networkx is needed (需要 networkx): pip install 'gis-wufei[osm]'") from error
    roads = network.graph if isinstance(network, Network) else network
    graph = nx.MultiDiGraph(crs=roads.crs.to_string() if roads.crs.to_authority() else roads.crs.to_wkt())
    if isinstance(network, Network):
        costs: tuple[Floats, Floats] | None = (network.costs.forward_s, network.costs.backward_s)
        ways = (np.isfinite(network.costs.forward_s), np.isfinite(network.costs.backward_s))
    else:
        costs, ways = None, (roads.forward, roads.backward)
    label = _labels(roads)
    for node, name in enumerate(label):
        if name is not None:
            graph.add_node(name, x=float(roads.node_xy[node, 0]), y=float(roads.node_xy[node, 1]))
    told = _records(roads.roads.drop(columns=[name for name in MADE if name in roads.roads]))
    lines = roads.lines
    for trail in _trails(roads):
        on = [bool(way[trail].all()) for way in ways]
        line = lines[trail[0]] if len(trail) == 1 else shapely.LineString(_shape(roads, trail))
        ends = label[roads.tail[trail[0]]], label[roads.head[trail[-1]]]
        data = dict(told[roads.row[trail[0]]])
        data.setdefault("highway", roads.classes[roads.class_code[trail[0]]] if roads.class_code[trail[0]] >= 0 else "")
        data |= {"length": float(roads.length_m[trail].sum()), "oneway": on != [True, True]}
        for against in (False, True):
            if not on[against]:
                continue
            made = {**data, "reversed": against, "geometry": shapely.reverse(line) if against else line}
            if costs is not None:
                seconds = float(costs[against][trail].sum())
                made["travel_time"] = seconds
                made["speed_kph"] = made["length"] / seconds * 3.6 if seconds else np.inf
            graph.add_edge(*(ends[::-1] if against else ends), **made)
    return graph


class _Street:
    """Both ways of one street."""

    def __init__(self, tail: int, head: int, xy: Floats, data: dict[str, Any], names: tuple[Any, Any, int]) -> None:
        self.tail, self.head, self.xy, self.data, self.names = tail, head, xy, data, names
        self.both = False


def _streets(graph: nx.MultiDiGraph[Any], node_xy: Floats) -> list[_Street]:
    """Every street once, in the order of the edges; the way back of a street finds it by its mirrored line."""
    number = {node: at for at, node in enumerate(graph.nodes)}
    streets: list[_Street] = []
    waiting: dict[tuple[Any, ...], list[_Street]] = {}
    for u, v, key, data in graph.edges(keys=True, data=True):
        tail, head = number[u], number[v]
        line = data.get("geometry")
        xy = None if line is None else shapely.get_coordinates(line)
        same = data.get("osmid")
        same = frozenset(same) if isinstance(same, list) else same
        mirror = waiting.get((head, tail, None if xy is None else xy[::-1].tobytes(), same))
        if mirror:
            mirror.pop(0).both = True
            continue
        street = _Street(tail, head, node_xy[[tail, head]] if xy is None else xy, data, (u, v, key))
        streets.append(street)
        waiting.setdefault((tail, head, None if xy is None else xy.tobytes(), same), []).append(street)
    return streets


def _target(source: CRS, crs: CRS | str | int | None, node_xy: Floats) -> CRS:
    if crs is not None:
        return CRS.from_user_input(crs)
    if is_metric(source) or not len(node_xy):
        return source
    lonlat = _project(node_xy, source, WGS84)
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    return metric_crs(west, south, east, north)


def _project(xy: Floats, source: CRS, target: CRS) -> Floats:
    if source == target or not len(xy):
        return xy
    return np.stack(transformer(source, target).transform(xy[:, 0], xy[:, 1]), axis=1)


def _table(streets: list[_Street], source: CRS) -> tuple[pd.DataFrame, Ints]:
    """A row for each street, and which of them have several classes."""
    names = list(dict.fromkeys(name for street in streets for name in street.data if name not in MADE))
    table: dict[str, Any] = {}
    for name in names:
        cells = [street.data.get(name) for street in streets]
        # As objects: words stay words, whatever column they stand in.
        table[name] = pd.Series([cell if name == "osmid" else _text(cell) for cell in cells], dtype=object)
    highways = [_words(street.data.get("highway")) for street in streets]
    told = road_words()
    rank = {word: at for at, word in enumerate(told.classes)}
    highways = [sorted(words, key=lambda word: -rank.get(word, -1)) for words in highways]
    letters = [
        route_letter(words[0], _text(street.data.get("ref"))) for words, street in zip(highways, streets, strict=True)
    ]
    classes = [told.classes.get(words[0]) for words in highways]
    numbered = [at for at, letter in enumerate(letters) if letter is not None and classes[at] is not None]
    if numbered:
        lonlat = [_project(streets[at].xy, source, WGS84) for at in numbered]
        lines = [shapely.LineString(line) for line in lonlat]
        middle = shapely.get_coordinates(shapely.line_interpolate_point(lines, 0.5, normalized=True))
        for at, inside in zip(numbered, in_china(middle[:, 0], middle[:, 1]), strict=True):
            letter = letters[at]
            classes[at] = told.refs[letter] if inside and letter else classes[at]
    for name in FLAGS:
        if name in table:
            table[name] = [word not in (None, "no", False) for word in table[name]]
    front = {
        "class": pd.Series(classes, dtype=object),
        "oneway": ["no" if street.both else "forward" for street in streets],
    }
    ends = {name: pd.Series([street.names[at] for street in streets], dtype=object) for at, name in enumerate("uv")}
    frame = pd.DataFrame({**front, **table, **ends, "key": [street.names[2] for street in streets]})
    mixed = [at for at, words in enumerate(highways) if len({told.classes.get(word) for word in words}) > 1]
    return frame, np.array(mixed, np.int64)


def _plain(roads: pd.DataFrame) -> Flags:
    """bool[R]: on the ground, neither bridge nor tunnel nor on another layer."""
    off = np.zeros(len(roads), bool)
    for name in FLAGS:
        if name in roads:
            off |= roads[name].to_numpy(bool)
    if "layer" in roads:
        off |= ~roads["layer"].isin([None, np.nan, "0", 0]).to_numpy(bool)
    return ~off


def _words(value: Any) -> list[str]:
    return _text(value).split(";") if isinstance(value, str | list) else [""]


def _text(value: Any) -> Any:
    """A list as its words with semicolons between; all else as it is."""
    return ";".join(str(word) for word in value) if isinstance(value, list) else value


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """What each row tells, without what it does not."""
    rows: list[dict[str, Any]] = [{} for _ in range(len(table))]
    for name in table:
        column = table[name]
        on = np.flatnonzero(column.notna())
        for at, value in zip(on, column.iloc[on].tolist(), strict=True):
            rows[at][str(name)] = value
    return rows


def _shape(roads: RoadGraph, trail: Ints) -> Floats:
    """The line of edges that follow each other."""
    lines = [roads.xy[roads.offset[e] : roads.offset[e + 1]] for e in trail]
    return np.concatenate([lines[0], *(line[1:] for line in lines[1:])])


def _trails(roads: RoadGraph) -> list[Ints]:
    """Edges to be told as one: the two halves of a closed lane that came from a single edge of OSMnx."""
    edges = np.arange(len(roads.tail))
    if not {"u", "v", "key"} <= set(roads.roads):
        return [edges[[e]] for e in edges]
    begin = np.flatnonzero(np.diff(roads.row, prepend=-1) != 0)
    return list(np.split(edges, begin[1:])) if len(edges) else []


def _labels(roads: RoadGraph) -> list[Any]:
    """Names of the nodes: OSMnx's own where the roads came from there, else their numbers; ``None`` = within a lane."""
    if not {"u", "v", "key"} <= set(roads.roads):
        return list(range(len(roads.node_xy)))
    label: list[Any] = [None] * len(roads.node_xy)
    u, v = roads.roads["u"].to_numpy(), roads.roads["v"].to_numpy()
    for trail in _trails(roads):
        label[roads.tail[trail[0]]] = u[roads.row[trail[0]]]
        label[roads.head[trail[-1]]] = v[roads.row[trail[-1]]]
    return label
