"""The way in words, turn by turn and road by road, for the driver's sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely

from gis_wufei import standards
from gis_wufei.network.areas import pieces
from gis_wufei.network.graph import Flags, Floats
from gis_wufei.network.network import DURATION, Network
from gis_wufei.network.paths import Path
from gis_wufei.text import say

Code = Literal["depart", "straight", "left", "right", "u_turn", "arrive"]
SENTENCES: dict[Code, str] = {
    "depart": "direction.depart",
    "straight": "direction.straight",
    "left": "direction.left",
    "right": "direction.right",
    "u_turn": "direction.u_turn",
    "arrive": "direction.arrive",
}
STRAIGHT_DEG, BACK_DEG = 45.0, 165.0
"""A bend up to the first is straight on, one from the second a U-turn."""
SIGHT_M = 20.0
"""The bearing at a junction is that of so many metres of road, or of the piece if it is shorter."""


@dataclass(frozen=True)
class Instruction:
    """What to do, and how far the road then goes."""

    code: Code
    road: str
    """Name of the road; empty where it has none."""
    road_class: str
    distance_m: float
    duration_s: float
    """On this road, until the next instruction."""
    x: float
    y: float
    """Where, in the system of the network."""

    def sentence(self, lang: str) -> str:
        """In words, ``zh`` or ``en``."""
        return say(SENTENCES[self.code], lang, road=self._road(lang), distance=_distance(self.distance_m, lang))

    def _road(self, lang: str) -> str:
        if self.road:
            return self.road
        known = standards.roads().get(self.road_class)
        of_class = self.road_class if known is None or known.label is None else known.label.in_lang(lang)
        return say("direction.unnamed", lang, road_class=of_class) if of_class else say("direction.road", lang)


def _distance(metres: float, lang: str) -> str:
    if metres < 995:
        return say("direction.metres", lang, count=f"{round(metres, -1):.0f}" if metres >= 95 else f"{metres:.0f}")
    return say("direction.kilometres", lang, count=f"{metres / 1000:.1f}")


def directions(network: Network, path: Path) -> list[Instruction]:
    """The turns of a path: depart, what to do wherever the road changes or bends away at a junction, arrive.

    Parameters
    ----------
    network
        The network that the path was found in.
    path
        One of ``paths``, ``alternatives`` or ``front``.

    Notes
    -----
    Distances and times are those on the road, without the straight access legs. Whoever follows one
    road, its name or, nameless, its class, is told nothing as long as it runs straight on or has no other
    way. Roundabouts are told as the turns that they consist of.
    """
    graph = network.graph
    if not len(path.edges):
        (x, y), (to_x, to_y) = path.xy[0].tolist(), path.xy[-1].tolist()
        return [
            Instruction("depart", "", "", 0.0, 0.0, x, y),
            Instruction("arrive", "", "", 0.0, 0.0, to_x, to_y),
        ]
    edge, ahead = path.edges, path.start < path.stop
    share = np.abs(path.stop - path.start)
    metres = share * graph.length_m[edge]
    there, back = network.cost(DURATION)
    seconds = share * np.where(ahead, there[edge], np.where(share > 0, back[edge], 0.0))
    row = graph.row[edge]
    names = [_name(value) for value in graph.roads["name"].iloc[row]] if "name" in graph.roads else [""] * len(row)
    classes = [graph.classes[code] if code >= 0 else "" for code in graph.class_code[edge]]
    lines = pieces(graph, edge, path.start, path.stop)
    begin, end = (shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1))
    turn = _turns(lines)
    choice = _choice(network, path)

    told: list[tuple[int, Code]] = [(0, "depart")]
    for k in range(1, len(edge)):
        same = names[k] == names[k - 1] and (bool(names[k]) or classes[k] == classes[k - 1])
        code: Code = "straight"
        if abs(turn[k - 1]) >= BACK_DEG and edge[k] == edge[k - 1]:
            code = "u_turn"
        elif choice[k - 1]:
            code = _code(turn[k - 1])
        if code != "straight" or not same:
            told.append((k, code))
    stops = [k for k, _ in told[1:]] + [len(edge)]
    found = [
        Instruction(code, names[k], classes[k], float(metres[k:stop].sum()), float(seconds[k:stop].sum()),
                    float(begin[k, 0]), float(begin[k, 1]))
        for (k, code), stop in zip(told, stops, strict=True)
    ]  # fmt: skip
    last = Instruction("arrive", names[-1], classes[-1], 0.0, 0.0, float(end[-1, 0]), float(end[-1, 1]))
    return [*found, last]


def _name(value: object) -> str:
    return "" if value is None or value != value else str(value).strip()


def _code(turn: float) -> Code:
    if abs(turn) <= STRAIGHT_DEG:
        return "straight"
    if abs(turn) >= BACK_DEG:
        return "u_turn"
    return "left" if turn > 0 else "right"


def _turns(lines: np.ndarray) -> Floats:
    """Degrees to the left between each piece and the next, -180 to 180."""
    sight = np.minimum(shapely.length(lines), SIGHT_M)
    first, last = (shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1))
    on = shapely.get_coordinates(shapely.line_interpolate_point(lines, sight)) - first
    off = last - shapely.get_coordinates(shapely.line_interpolate_point(lines, -sight))
    come, go = off[:-1], on[1:]
    cross = come[:, 0] * go[:, 1] - come[:, 1] * go[:, 0]
    turned: Floats = np.degrees(np.arctan2(cross, (come * go).sum(axis=1)))
    return turned


def _choice(network: Network, path: Path) -> Flags:
    """Whether more than two open edges meet at the junction behind each piece but the last."""
    graph, on = network.graph, network.open
    ends = np.concatenate([graph.tail[on], graph.head[on]])
    degree = np.bincount(ends, minlength=len(graph.node_xy))
    ahead = path.start < path.stop
    node = np.where(ahead, graph.head[path.edges], graph.tail[path.edges])
    return np.asarray(degree[node[:-1]] > 2)
