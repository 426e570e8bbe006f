"""From an extract of OpenStreetMap to a road graph: ``python benchmarks/pbf.py FOLDER [--repeat N] [--drop NAME]``.

Each engine reads each ``*.osm.pbf`` of the folder in a process of its own, in turn, ``N`` times on one
core; the table has the median wall seconds (imports apart), the ratio to ours within a round (median),
and the highest resident size beyond that of the bare interpreter with the engine imported.
pyrosm imports its parts at first use, so on small extracts its seconds and its memory hold imports that ours
leave out: compare large ones, and the whole peak. Peers that are not installed are left out.
Needs a POSIX system for the memory.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path


def resident_mb() -> float:
    """Highest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def ours(path: str) -> tuple[int, int, str]:
    """Cut at junctions, with turn restrictions and truck limits."""
    from gis_wufei.network.osm import read_osm

    graph = read_osm(path)
    return len(graph.node_xy), len(graph.tail), f"{len(graph.turns)} turn bans"


def pyrosm_edges(path: str) -> tuple[int, int, str]:
    """Edges between all shape points and their tags."""
    import pyrosm

    nodes, edges = pyrosm.OSM(path).get_network("driving", nodes=True)
    return len(nodes), len(edges), "no turn restrictions"


def pyrosm_graph(path: str) -> tuple[int, int, str]:
    """The above as a directed graph of networkx."""
    import pyrosm

    osm = pyrosm.OSM(path)
    nodes, edges = osm.get_network("driving", nodes=True)
    graph = osm.to_graph(nodes, edges, graph_type="networkx")
    return graph.number_of_nodes(), graph.number_of_edges(), "no turn restrictions"


def osmnx_xml(path: str) -> tuple[int, int, str]:
    """PBF to XML by osmium, XML to a simplified graph by osmnx."""
    import osmium
    import osmnx

    with tempfile.TemporaryDirectory() as folder:
        target = f"{folder}/roads.osm"
        with osmium.SimpleWriter(target) as writer:
            tracker = osmium.IdTracker()
            ways = osmium.FileProcessor(path, osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway"))
            for way in ways:
                tracker.add_references(way)
            for node in osmium.FileProcessor(path, osmium.osm.NODE).with_filter(tracker.id_filter()):
                writer.add(node)
            for way in osmium.FileProcessor(path, osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("highway")):
                writer.add(way)
        graph = osmnx.graph_from_xml(target, retain_all=True)
    return graph.number_of_nodes(), graph.number_of_edges(), "no turn restrictions"


ENGINES = {"ours": ours, "pyrosm_edges": pyrosm_edges, "pyrosm_graph": pyrosm_graph, "osmnx_xml": osmnx_xml}
NEEDS = {"ours": ("gis_wufei.network.osm",), "pyrosm_edges": ("pyrosm",), "pyrosm_graph": ("pyrosm", "networkx")}
NEEDS |= {"osmnx_xml": ("osmnx", "osmium")}


def once(engine: str, path: str) -> None:
    """One reading; its figures as JSON on stdout."""
    warnings.simplefilter("ignore")
    for name in NEEDS[engine]:
        __import__(name)
    if engine == "ours":
        import osmium  # noqa: F401  (the import of a peer's reader is not timed either)
    bare = resident_mb()
    began = time.perf_counter()
    nodes, edges, what = ENGINES[engine](path)
    print(json.dumps([time.perf_counter() - began, resident_mb() - bare, resident_mb(), nodes, edges, what]))


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--drop", action="append", default=[], choices=list(ENGINES))
    parser.add_argument("--once", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        once(arguments.once, str(arguments.folder))
        return
    engines = [
        name
        for name in ENGINES
        if name not in arguments.drop and all(importlib.util.find_spec(part.split(".")[0]) for part in NEEDS[name])
    ]
    core = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_setaffinity") else None
    print("| extract | engine | s | ratio | peak MiB beyond imports | peak MiB | nodes | edges | |")
    print("|---|---|---|---|---|---|---|---|---|")
    for path in sorted(arguments.folder.rglob("*.osm.pbf")):
        runs: dict[str, list[list[float]]] = {name: [] for name in engines}
        for _ in range(arguments.repeat):
            for name in engines:
                done = subprocess.run(
                    [sys.executable, __file__, str(path), "--once", name],
                    capture_output=True,
                    text=True,
                    check=True,
                    env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
                    preexec_fn=(lambda: os.sched_setaffinity(0, core)) if core else None,
                )
                runs[name].append(json.loads(done.stdout.splitlines()[-1]))
        for name in engines:
            seconds = statistics.median(run[0] for run in runs[name])
            ratio = statistics.median(run[0] / own[0] for run, own in zip(runs[name], runs["ours"], strict=True))
            more, peak = (statistics.median(run[at] for run in runs[name]) for at in (1, 2))
            nodes, edges, what = runs[name][0][3:]
            row = (path.name, name, f"{seconds:.2f}", f"{ratio:.2f}", f"{more:.0f}", f"{peak:.0f}", nodes, edges, what)
            print("|", *(f"{cell} |" for cell in row))


if __name__ == "__main__":
    main()
