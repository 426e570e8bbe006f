"""Time and memory of reading and certifying large layers: ``benchmarks/layers.py [--features N] [--vertices N]``.

Each case runs in a process of its own: once as a bare ``geopandas.read_file``, once through the door
for layers. Reading itself is not ours: what counts is the ratio, and the seconds beyond it.
Needs a POSIX system for the memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CASES = ("many.gpkg", "many.shp", "many.geojson", "many.csv", "one.gpkg", "one.geojson")


def make(folder: Path, features: int, vertices: int) -> None:
    """The files: many small fields beside one another, places, and one polygon with very many vertices."""
    import geopandas as gpd
    import numpy as np
    import shapely

    side = int(np.ceil(np.sqrt(features)))
    at = np.arange(features)
    west, south = 109 + at % side * 0.002, 40 + at // side * 0.002
    fields = gpd.GeoDataFrame(
        {"field_id": [f"F{number}" for number in at], "crop": np.where(at % 2 == 0, "玉米", "向日葵"), "note": "甲"},
        geometry=shapely.box(west, south, west + 0.0015, south + 0.0015),
        crs=4490,
    )
    fields.to_file(folder / "many.gpkg")
    fields.to_file(folder / "many.shp", encoding="utf-8")
    fields.to_crs(4326).to_file(folder / "many.geojson")
    rows = zip(at, west, south, strict=True)
    lines = (f"V{number},村{number},{number % 900},{x:.6f},{y:.6f}\n" for number, x, y in rows)
    (folder / "many.csv").write_text("place_id,name,population,lon,lat\n" + "".join(lines), encoding="utf-8")
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radius = 0.5 + 0.01 * np.sin(angle * 1000)
    shape = shapely.Polygon(np.column_stack([110 + radius * np.cos(angle), 40 + radius * np.sin(angle)]))
    one = gpd.GeoDataFrame({"name": ["一"]}, geometry=[shape], crs=4490)
    one.to_file(folder / "one.gpkg")
    one.to_crs(4326).to_file(folder / "one.geojson")


def measure(folder: Path, name: str, ours: bool) -> None:
    """One reading; seconds and peak memory (MB) as JSON on stdout."""
    import geopandas as gpd
    import pandas as pd

    from gis_wufei.layers import LayerSpec, open_layer

    role = {"many.csv": "settlements"}.get(name, "fields" if name.startswith("many") else "context")
    spec = LayerSpec.model_validate({"path": name, "role": role})
    began = time.perf_counter()
    if ours:
        open_layer("layer", spec, folder)
    elif name.endswith(".csv"):
        pd.read_csv(folder / name)
    else:
        gpd.read_file(folder / name)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "mb": peak}))


def main() -> None:
    """Make the files, measure each case both ways, print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--features", type=int, default=300_000)
    options.add_argument("--vertices", type=int, default=1_000_000)
    options.add_argument("--make", metavar="FOLDER", help=argparse.SUPPRESS)
    options.add_argument("--measure", nargs=3, metavar=("FOLDER", "NAME", "WHO"), help=argparse.SUPPRESS)
    told = options.parse_args()
    if told.measure:
        folder, name, who = told.measure
        measure(Path(folder), name, who == "ours")
        return
    if told.make:
        make(Path(told.make), told.features, told.vertices)
        return
    with tempfile.TemporaryDirectory() as home:
        # In a process of its own: a child's highest memory is at least what its parent had.
        sizes = ["--features", str(told.features), "--vertices", str(told.vertices)]
        subprocess.run([sys.executable, __file__, "--make", home, *sizes], check=True)
        print(f"{'file':14} {'plain s':>8} {'ours s':>8} {'beyond s':>9} {'ratio':>6} {'peak MB':>8} {'plain MB':>9}")
        for name in CASES:
            found = {}
            for who in ("plain", "ours"):
                command = [sys.executable, __file__, "--measure", home, name, who]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    print(f"{name:14} {who}: {done.stderr.strip().splitlines()[-1]}")
                    break
                found[who] = json.loads(done.stdout)
            if len(found) < 2:
                continue
            plain, ours = found["plain"], found["ours"]
            print(
                f"{name:14} {plain['seconds']:8.2f} {ours['seconds']:8.2f} {ours['seconds'] - plain['seconds']:9.2f} "
                f"{ours['seconds'] / plain['seconds']:6.1f} {ours['mb']:8.0f} {plain['mb']:9.0f}"
            )


if __name__ == "__main__":
    main()
