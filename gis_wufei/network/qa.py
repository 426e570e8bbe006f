"""What a road network is worth before anything is planned on it: figures, findings with their place, a file of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gis_wufei.errors import visible, writing
from gis_wufei.layers.outgoing import fixed_date
from gis_wufei.network.findings import Ways, dead_ends, detours, parallels, piece_of, traps
from gis_wufei.network.graph import Floats, Ints, RoadGraph
from gis_wufei.network.network import Network
from gis_wufei.text import say

KINDS = {
    "piece": "finding.piece",
    "trap_in": "finding.trap_in",
    "trap_out": "finding.trap_out",
    "cut_off": "finding.cut_off",
    "gap_closed": "finding.gap_closed",
    "near_miss": "finding.near_miss",
    "crossing": "finding.crossing",
    "crossing_split": "finding.crossing_split",
    "bridge": "finding.bridge",
    "duplicate": "finding.duplicate",
    "same_place": "finding.same_place",
    "mixed_class": "finding.mixed_class",
    "dead_end": "finding.dead_end",
    "loop": "finding.loop",
    "parallel": "finding.parallel",
}
"""Kinds of findings, the gravest first, and the words for them."""

SAMPLE = 2500
"""Pairs of nodes for the detour ratio: its 95th percentile is then known to about one percentile."""


@dataclass(frozen=True, eq=False)
class NetworkQa:
    """Figures and findings of one road network."""

    figures: Mapping[str, float]
    """nodes, edges, km, pieces, share_in_largest (0-1), detour_median, detour_p95 (nan = no pair), tolerance_m
    (0 = no gaps were closed), unknown_class_km, and the number of each kind of ``KINDS``."""
    ignored: Mapping[str, int]
    """Rows left out, by cause."""
    speeds: pd.DataFrame
    """A row for each class: class, km (open), speed_kmh (nan = none told), banned."""
    points: gpd.GeoDataFrame
    """kind, size_m (of a gap: its width; of a dead end: the length of its edge; nan = has none), row, other_row
    (labels of the road layer as text)."""
    lines: gpd.GeoDataFrame
    """kind, size_m (length), row, edges (their number): a row for each piece but the longest, trap, loop, parallel."""

    def summary(self, lang: str = "zh") -> list[str]:
        """The findings in sentences, ``zh`` or ``en``; what was not found is not told."""
        f = self.figures
        told = [
            say("qa.size", lang, km=f["km"], nodes=int(f["nodes"]), edges=int(f["edges"])),
            say("qa.pieces", lang, count=int(f["pieces"]), share=100 * f["share_in_largest"]),
        ]
        if f["tolerance_m"] > 0:
            told.append(say("qa.tolerance", lang, metres=f["tolerance_m"]))
        told += [
            say("qa.count", lang, what=say(words, lang), count=int(f[kind]))
            for kind, words in KINDS.items()
            if kind != "piece" and f[kind]
        ]
        if np.isfinite(f["detour_median"]):
            told.append(say("qa.detour", lang, median=f["detour_median"], p95=f["detour_p95"]))
        if f["unknown_class_km"]:
            told.append(say("qa.unknown_class", lang, km=f["unknown_class_km"]))
        return told

    def write(self, path: str | Path) -> Path:
        """Write a GeoPackage with the layers ``points``, ``lines`` and ``speeds``; words are codes.

        Raises
        ------
        InputError
            The file cannot be written (E-OUT-002).
        """
        path = Path(path)
        shapes = {"points": "Point", "lines": "MultiLineString"}
        with writing(path), fixed_date():
            path.unlink(missing_ok=True)
            for number, name in enumerate(("points", "lines", "speeds")):
                frame = getattr(self, name)
                words = {c: frame[c].astype(object) for c in ("kind", "row", "other_row", "class") if c in frame}
                options: dict[str, Any] = {"append": False} if number else {"dataset_options": {"VERSION": "1.2"}}
                if name in shapes:
                    options["geometry_type"] = shapes[name]
                pyogrio.write_dataframe(frame.assign(**words), path, layer=name, driver="GPKG", **options)
        return path


def qa(graph: RoadGraph, network: Network | None = None, sample: int = SAMPLE, seed: int = 0) -> NetworkQa:
    """Look a road graph over: what a vehicle finds open of it where a network is given, else what the signs allow.

    Parameters
    ----------
    graph
        From lines, OSM or OSMnx; what its reader mended is told, too.
    network
        The same graph with a profile: closed roads count as missing, and its speeds are told.
    sample
        Pairs of nodes for the detour ratio (way over straight line, in metres).
    seed
        Of the random pairs.
    """
    ways = Ways(graph, graph.forward, graph.backward)
    if network is not None:
        ways = Ways(graph, np.isfinite(network.costs.forward_s), np.isfinite(network.costs.backward_s))
    piece, length = piece_of(ways)
    lines, points = _lines(ways, piece), _points(ways)
    ratio = detours(ways, sample, seed)
    speeds = _speeds(ways, network)
    seen = pd.concat([points["kind"], lines["kind"]]).value_counts()
    known = speeds["class"].ne("") & (speeds["speed_kmh"].notna() | speeds["banned"] | (network is None))
    figures = {
        "nodes": float(len(graph.node_xy)),
        "edges": float(ways.open.sum()),
        "km": float(graph.length_m[ways.open].sum() / 1000),
        "pieces": float(len(length)),
        "share_in_largest": float(length[0] / length.sum()) if len(length) else 0.0,
        "detour_median": float(np.median(ratio)) if len(ratio) else np.nan,
        "detour_p95": float(np.quantile(ratio, 0.95)) if len(ratio) else np.nan,
        "tolerance_m": graph.tolerance_m,
        "unknown_class_km": float(speeds.loc[~known, "km"].sum()),
        **{kind: float(seen.get(kind, 0)) for kind in KINDS},
    }
    ignored = dict(graph.ignored) | (dict(network.costs.closed_rows) if network is not None else {})
    return NetworkQa(figures, ignored, speeds, points, lines)


def _points(ways: Ways) -> gpd.GeoDataFrame:
    graph = ways.graph
    node, edge = dead_ends(ways)
    ends = pd.DataFrame({"kind": "dead_end", "x": graph.node_xy[node, 0], "y": graph.node_xy[node, 1]})
    ends["size_m"], ends["row"], ends["other_row"] = graph.length_m[edge], graph.roads.index[graph.row[edge]], ""
    both = pd.concat([frame for frame in (graph.mended, ends) if len(frame)] or [ends], ignore_index=True)
    told = pd.DataFrame({"kind": both["kind"].astype(object), "size_m": both["size_m"].astype(float)})
    for name in ("row", "other_row"):
        told[name] = [visible(str(label)) for label in both[name]]
    xy = both[["x", "y"]].to_numpy(dtype=np.float64)
    return gpd.GeoDataFrame(told, geometry=shapely.points(xy), crs=graph.crs)


def _lines(ways: Ways, piece: Ints) -> gpd.GeoDataFrame:
    beside, loop = parallels(ways)
    islands = np.flatnonzero(piece > 0)
    caught = traps(ways)
    kind = np.concatenate(
        [np.full(len(islands), "piece"), caught["kind"], np.full(len(loop), "loop"), np.full(len(beside), "parallel")]
    ).astype(object)
    edge = np.concatenate([islands, caught["edge"].to_numpy(dtype=np.int64), loop, beside]).astype(np.int64)
    alone = np.concatenate([loop, beside])
    group = np.concatenate([piece[islands], caught["group"].to_numpy(dtype=np.int64), alone]).astype(np.int64)
    table = pd.DataFrame({"kind": kind, "edge": edge, "group": group, "size_m": ways.graph.length_m[edge]})
    told, shapes = [], []
    for (name, _), rows in table.groupby(["kind", "group"], sort=True):
        at = rows["edge"].to_numpy()
        label = visible(str(ways.graph.roads.index[ways.graph.row[at[0]]]))
        told.append({"kind": name, "size_m": float(rows["size_m"].sum()), "row": label, "edges": len(at)})
        shapes.append(shapely.MultiLineString(list(ways.graph.lines[at])))
    columns = {"kind": object, "size_m": float, "row": object, "edges": np.int64}
    frame = pd.DataFrame(told, columns=list(columns)).astype(columns)
    return gpd.GeoDataFrame(frame, geometry=np.array(shapes, dtype=object), crs=ways.graph.crs)


def _speeds(ways: Ways, network: Network | None) -> pd.DataFrame:
    graph, on = ways.graph, ways.open
    length: Floats = graph.length_m[on]
    km = np.bincount(graph.class_code[on] + 1, length, minlength=len(graph.classes) + 1) / 1000
    names = ["", *graph.classes]
    speeds = network.profile.speeds_kmh if network is not None else {}
    banned = network.profile.banned_classes if network is not None else ()
    table = pd.DataFrame(
        {
            "class": pd.Series([visible(str(name)) for name in names], dtype=object),
            "km": km,
            "speed_kmh": [float(speeds.get(name, np.nan)) for name in names],
            "banned": [name in banned for name in names],
        }
    )
    return table[(table["class"] != "") | (table["km"] > 0)].reset_index(drop=True)
