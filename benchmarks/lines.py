"""From dirty lines to a road graph: ``benchmarks/lines.py FOLDER [--rounds N] [--pairs N]``.

Takes the roads of every GeoPackage under FOLDER (layer ``roads``, OSM column ``highway``), spoils them in several ways
whose truth is known, reads them with ``read_lines``, and prints for each kind of dirt: pieces of the graph and of the
truth, closed gaps, path lengths between random points of the road against the truth (scipy's Dijkstra on the vertices,
none of our topology), and the time as a multiple of ``shapely.node`` on the same lines. Rounding changes the lengths
of the lines themselves; there the truth is the rounded roads with the old topology.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from gis_wufei.network.lines import read_lines

Lines = list[np.ndarray]


@dataclass
class Truth:
    """Vertices (numbered; shared ones once), lines as vertex numbers, and what the lines are."""

    xy: np.ndarray
    lines: list[np.ndarray]
    table: gpd.GeoDataFrame

    def graph(self, xy: np.ndarray) -> csr_matrix:
        a = np.concatenate([line[:-1] for line in self.lines])
        b = np.concatenate([line[1:] for line in self.lines])
        return weighted(a, b, np.hypot(*(xy[a] - xy[b]).T), len(xy))


def weighted(a: np.ndarray, b: np.ndarray, metres: np.ndarray, size: int) -> csr_matrix:
    """Undirected graph; of parallel pieces the shortest, never none (scipy would add them, and drop zeros)."""
    low, high, metres = np.minimum(a, b), np.maximum(a, b), np.maximum(metres, 1e-9)
    order = np.lexsort((metres, high, low))
    low, high, metres = low[order], high[order], metres[order]
    first = (np.diff(low, prepend=-1) != 0) | (np.diff(high, prepend=-1) != 0)
    return coo_matrix((metres[first], (low[first], high[first])), shape=(size, size)).tocsr()


def load(path: Path) -> Truth:
    """The largest piece of a road layer, lines meeting at shared vertices only (same micro-degree)."""
    roads = gpd.read_file(path, layer="roads")
    xy, row = shapely.get_coordinates(roads.geometry.to_numpy(), return_index=True)
    _, first, vertex = np.unique(np.rint(xy * 1e7).astype(np.int64), axis=0, return_index=True, return_inverse=True)
    roads = roads.to_crs(roads.estimate_utm_crs())
    xy = shapely.get_coordinates(roads.geometry.to_numpy())[first]
    lines = np.split(vertex.ravel(), np.flatnonzero(np.diff(row)) + 1)
    size = len(xy)
    a, b = np.concatenate([line[:-1] for line in lines]), np.concatenate([line[1:] for line in lines])
    piece = connected_components(csr_matrix((np.ones(len(a)), (a, b)), shape=(size, size)), directed=False)[1]
    main = np.bincount(piece[a]).argmax()
    keep = [k for k, line in enumerate(lines) if piece[line[0]] == main and len(line) > 1]
    columns = [c for c in ("layer", "bridge", "tunnel") if c in roads]
    table = roads.iloc[keep][["highway", *columns, "geometry"]].rename(columns={"highway": "class"})
    return Truth(xy, [lines[k] for k in keep], table.reset_index(drop=True))


def cut_at_junctions(truth: Truth) -> tuple[list[np.ndarray], list[int]]:
    """The lines between junctions, and the row of each."""
    use = np.bincount(np.concatenate(truth.lines), minlength=len(truth.xy))
    parts, rows = [], []
    for row, line in enumerate(truth.lines):
        inner = np.flatnonzero(use[line[1:-1]] > 1) + 1
        for a, b in zip([0, *inner], [*inner, len(line) - 1], strict=True):
            parts.append(line[a : b + 1])
            rows.append(row)
    return parts, rows


def merged(truth: Truth, rng: np.random.Generator) -> tuple[list[np.ndarray], list[int]]:
    """Neighbouring lines of one row joined through their junctions, as planners draw them; then cut somewhere else."""
    parts, rows = [], []
    for row, line in enumerate(truth.lines):
        cuts = np.flatnonzero(rng.random(max(len(line) - 2, 0)) < 0.03) + 1
        for a, b in zip([0, *cuts], [*cuts, len(line) - 1], strict=True):
            parts.append(line[a : b + 1])
            rows.append(row)
    return parts, rows


def shift(xy: np.ndarray, rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    angle, far = rng.uniform(0, 2 * np.pi, len(xy)), rng.uniform(low, high, len(xy))
    return xy + (far * np.stack([np.cos(angle), np.sin(angle)])).T


def spoil(truth: Truth, kind: str, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """The dirty layer, and where the vertices of the truth lie in it."""
    place = np.rint(truth.xy) if kind in ("rounded to 1 m", "everything") else truth.xy
    whole = kind in ("clean", "rounded to 1 m", "overshoots", "short T-ends")
    parts, rows = (truth.lines, list(range(len(truth.lines)))) if whole else merged(truth, rng)
    if kind == "cut at every junction":
        parts, rows = cut_at_junctions(truth)
    shapes: Lines = [place[part].copy() for part in parts]
    use = np.bincount(np.concatenate([np.unique(part) for part in parts]), minlength=len(place))
    share = {"ends moved 0.2-2 m": 0.03, "cut at every junction": 0.03, "ends moved 0.2-5 m": 0.03}.get(kind, 0.0)
    share = 0.02 if kind == "everything" else share
    most = 5.0 if kind == "ends moved 0.2-5 m" else 2.0
    for shape, part in zip(shapes, parts, strict=True):
        for end, inner in ((0, 1), (-1, -2)):
            length = np.hypot(*(shape[end] - shape[inner]))
            if use[part[end]] < 2 or not length:
                continue
            if kind in ("overshoots", "everything") and rng.random() < 0.1:
                shape[end] += (shape[end] - shape[inner]) / length * rng.uniform(0.2, 1.5)
            elif kind in ("short T-ends", "everything") and rng.random() < 0.1:
                shape[end] += (shape[inner] - shape[end]) / length * min(rng.uniform(0.2, 2.0), length / 2)
            elif rng.random() < share and length > 2 * most:
                shape[end] = shift(shape[[end]], rng, 0.2, most)[0]
    if kind in ("lost T-vertices", "everything"):
        ends = np.isin(np.arange(len(place)), [part[k] for part in parts for k in (0, -1)])
        shapes = [straightened(shape, part, ends & (use == 2)) for shape, part in zip(shapes, parts, strict=True)]
    rows_ = np.array(rows)
    if kind not in ("clean", "rounded to 1 m"):
        again = np.flatnonzero(rng.random(len(shapes)) < 0.01)
        turned = rng.random(len(again)) < 0.5
        shapes += [shapes[k][::-1] if turn else shapes[k] for k, turn in zip(again, turned, strict=True)]
        rows_ = np.concatenate([rows_, rows_[again]])
    order = rng.permutation(len(shapes))
    table = truth.table.iloc[rows_[order]].reset_index(drop=True)
    return table.set_geometry([shapely.LineString(shapes[k]) for k in order], crs=truth.table.crs), place


def straightened(shape: np.ndarray, part: np.ndarray, tee: np.ndarray) -> np.ndarray:
    """Without the inner vertices within 5 cm of the straight where another line ends: those ends touch bare line."""
    if len(shape) < 3:
        return shape
    a, b, c = shape[:-2], shape[1:-1], shape[2:]
    run = c - a
    off = np.abs(run[:, 0] * (b - a)[:, 1] - run[:, 1] * (b - a)[:, 0]) / np.maximum(np.hypot(*run.T), 1e-9)
    lost = (off < 0.05) & tee[part[1:-1]]
    lost[1:] &= ~lost[:-1]
    return shape[np.concatenate([[True], ~lost, [True]])]


def compare(truth: Truth, place: np.ndarray, graph: object, pairs: int, rng: np.random.Generator) -> dict[str, float]:
    """Lengths between random inner vertices, far from what was spoilt, in the graph and in the truth."""
    right = truth.graph(place)
    ends = np.unique(np.concatenate([line[[0, -1]] for line in truth.lines]))
    use = np.bincount(np.concatenate(truth.lines), minlength=len(place))
    ends = np.union1d(ends, np.flatnonzero(use > 1))
    inner = np.setdiff1d(np.concatenate(truth.lines), ends)
    tree = shapely.STRtree(shapely.points(place[ends]))
    near = tree.query(shapely.points(place[inner]), predicate="dwithin", distance=6.0)[0]
    inner = np.delete(inner, np.unique(near))
    size = graph.offset[1:] - graph.offset[:-1]
    edge = np.repeat(np.arange(len(size)), size)
    number = len(graph.node_xy) + np.arange(len(graph.xy))
    number[graph.offset[:-1]], number[graph.offset[1:] - 1] = graph.tail, graph.head
    same = edge[:-1] == edge[1:]
    a, b = number[:-1][same], number[1:][same]
    metres = np.hypot(*np.diff(graph.xy, axis=0).T)[same]
    got = weighted(a, b, metres, len(graph.node_xy) + len(graph.xy))
    root = int(pairs**0.5)
    od = rng.choice(inner, 2 * root, replace=False)
    at = number[shapely.STRtree(shapely.points(graph.xy)).nearest(shapely.points(place[od]))]
    want = dijkstra(right, directed=False, indices=od[:root])[:, od[root:]]
    have = dijkstra(got, directed=False, indices=at[:root])[:, at[root:]]
    off = np.abs(have / want - 1)[np.isfinite(have) & np.isfinite(want)]
    part = connected_components(
        csr_matrix((np.ones(len(graph.tail)), (graph.tail, graph.head)), shape=(len(graph.node_xy),) * 2),
        directed=False,
    )[1]
    count = len(np.unique(part))
    share = np.bincount(part[graph.tail], graph.length_m).max() / graph.length_m.sum()
    return {
        "pieces": count,
        "share": share,
        "reached": float(np.isfinite(have).mean()),
        "median": float(np.median(off)),
        "p95": float(np.quantile(off, 0.95)),
        "worst": float(off.max()),
    }


KINDS = (
    "clean",
    "ends moved 0.2-2 m",
    "ends moved 0.2-5 m",
    "cut at every junction",
    "rounded to 1 m",
    "overshoots",
    "short T-ends",
    "lost T-vertices",
    "everything",
)


def timed(work: Callable[[], object]) -> tuple[float, object]:
    began = time.perf_counter()
    made = work()
    return time.perf_counter() - began, made


def main() -> int:
    """Print the table."""
    ask = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    ask.add_argument("folder", type=Path)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--pairs", type=int, default=10_000)
    given = ask.parse_args()
    files = [path for path in sorted(given.folder.rglob("*.gpkg")) if "roads" in gpd.list_layers(path)["name"].tolist()]
    if not files:
        print(f"no GeoPackage with a layer 'roads' under {given.folder}: skipped")
        return 0
    print("length error against the truth: median / 95th percentile / worst; time: seconds, multiple of shapely.node")
    for path in files:
        truth = load(path)
        print(f"\n{path.name}: {len(truth.lines)} lines, {sum(map(len, truth.lines))} vertices, one piece")
        head = (
            "dirt",
            "pieces",
            "share",
            "reached",
            "median %",
            "p95 %",
            "worst %",
            "tol m",
            "gaps",
            "miss",
            "s",
            "x node",
        )
        print("{:24}{:>7}{:>9}{:>9}{:>10}{:>9}{:>9}{:>7}{:>7}{:>6}{:>8}{:>8}".format(*head))
        for kind in KINDS:
            dirty, place = spoil(truth, kind, np.random.default_rng(7))
            collection = shapely.MultiLineString(list(dirty.geometry))
            ours, node = [], []
            for _ in range(given.rounds):
                try:
                    node.append(timed(lambda lines=collection: shapely.node(lines))[0])  # type: ignore[misc]
                except shapely.errors.GEOSException:  # its noding does not always converge
                    node.append(np.nan)
                seconds, graph = timed(lambda lines=dirty: read_lines(lines))  # type: ignore[misc]
                ours.append(seconds)
            told = compare(truth, place, graph, given.pairs, np.random.default_rng(1))
            kinds = graph.mended["kind"].value_counts()  # type: ignore[attr-defined]
            print(
                f"{kind:24}{told['pieces']:7.0f}{told['share']:9.5f}{told['reached']:9.4f}{100 * told['median']:10.4f}"
                f"{100 * told['p95']:9.4f}{100 * told['worst']:9.3f}"
                f"{graph.tolerance_m:7.2f}"
                f"{kinds.get('gap_closed', 0):7}{kinds.get('near_miss', 0):6}"
                f"{np.median(ours):8.2f}{np.median(np.array(ours) / np.array(node)):8.2f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
