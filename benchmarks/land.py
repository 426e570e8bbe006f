"""Exclusions of a county and their account: ``benchmarks/land.py [--cell M] [--rules N] [--peer] [--seed N]``.

Draws a county of 8,250 km2 and sixteen layers of random points, lines and polygons, burns them, and takes N rules of
0 to 3 km over them through the ledger (excluded, alone, shared, curves, all in ellipsoidal m2). Prints seconds of the
clock and of the processor, the peak of memory, and the sum of the classes against the geodesic area of the boundary.
With ``--peer`` the same rules go through atlite's ``ExclusionContainer`` (its own environment must have it), which
gives the mask alone: no account, no curves; the cells in which the two differ are counted by what each says of them.
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

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Geod

from gis_wufei.crs import transformer
from gis_wufei.land.areas import cell_areas
from gis_wufei.land.grid import make_grid
from gis_wufei.land.ledger import SHARES, Taking, ledger
from gis_wufei.land.nearness import Near

METRES = "EPSG:4508"
WEST, SOUTH = 430_000.0, 4_410_000.0
DISTANCES = (0, 50, 100, 200, 300, 500, 1000, 3000)

PEER = """
import json, sys, time
import geopandas as gpd, numpy as np
from atlite.gis import ExclusionContainer
from rasterio.transform import Affine
folder, cell, out = sys.argv[1], float(sys.argv[2]), sys.argv[3]
rules = json.load(open(folder + "/rules.json"))
area = gpd.read_file(folder + "/area.gpkg")
layers = {n: gpd.read_file(f"{folder}/{n}.gpkg") for n in {r[0] for r in rules}}
begin, cpu = time.perf_counter(), time.process_time()
box = ExclusionContainer(crs=area.crs, res=cell)
for name, distance in rules:
    box.add_geometry(layers[name].geometry, buffer=distance)
box.open_files()  # else geometries that are no files are not buffered (atlite 0.7.0)
mask, transform = box.compute_shape_availability(area.geometry)
took = time.perf_counter() - begin, time.process_time() - cpu
np.savez(out, mask=mask, transform=np.array(transform)[:6])
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 2**20
print(json.dumps([*took, peak]))
"""


def county(random: np.random.Generator) -> shapely.Polygon:
    """A ragged outline of 8,250 km2, 130 km wide."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    radius = 1 + 0.12 * np.cumsum(random.normal(0, 0.15, angle.size)) / 4
    xy = np.stack([65_000 * radius * np.cos(angle), 40_000 * radius * np.sin(angle)], axis=1)
    outline = shapely.make_valid(shapely.Polygon(xy + np.array([WEST + 65_000, SOUTH + 40_000])))
    outline = max(shapely.get_parts(outline), key=shapely.area)
    factor = np.sqrt(8.25e9 / outline.area)
    return shapely.transform(outline, lambda at: (at - (WEST, SOUTH)) * factor + (WEST, SOUTH))


def layers(area: shapely.Polygon, random: np.random.Generator) -> dict[str, gpd.GeoDataFrame]:
    """Sixteen layers: villages and shops, roads and rivers that wander, parks and ponds."""
    west, south, east, north = area.bounds

    def places(count: int) -> np.ndarray:
        return np.stack([random.uniform(west, east, count), random.uniform(south, north, count)], axis=1)

    made: dict[str, np.ndarray] = {}
    for i in range(6):
        made[f"points_{i}"] = shapely.points(places(int(300 * 2**i / 4)))
    for i in range(6):
        walks = places(60)[:, None, :] + np.cumsum(random.normal(0, 400, (60, 80, 2)), axis=1)
        made[f"lines_{i}"] = shapely.linestrings(walks)
    for i in range(4):
        made[f"areas_{i}"] = shapely.buffer(shapely.points(places(120)), random.uniform(200, 1500, 120), quad_segs=4)
    return {name: gpd.GeoDataFrame(geometry=list(shapes), crs=METRES) for name, shapes in made.items()}


def geodesic_m2(area: shapely.Polygon) -> float:
    """Area of the outline on the ellipsoid, its edges straight on the map."""
    crs = CRS(METRES)
    to = transformer(crs, crs.geodetic_crs)
    degrees = shapely.transform(
        shapely.segmentize(area, 20), lambda xy: np.stack(to.transform(xy[:, 0], xy[:, 1]), axis=1)
    )
    geod = Geod(a=crs.ellipsoid.semi_major_metre, rf=crs.ellipsoid.inverse_flattening)
    return float(abs(geod.geometry_area_perimeter(degrees)[0]))


def main() -> int:
    """Draw, account, compare."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--cell", type=float, default=30.0)
    ask.add_argument("--rules", type=int, default=40)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--threads", type=int, default=2)
    ask.add_argument("--peer", metavar="PYTHON", help="interpreter that has atlite")
    told = ask.parse_args()
    random = np.random.default_rng(told.seed)
    outline = county(random)
    area = gpd.GeoDataFrame(geometry=[outline], crs=METRES)
    drawn = layers(outline, random)
    names = list(drawn)
    rules = [(names[i % len(names)], DISTANCES[(i * 5 + i // len(names)) % len(DISTANCES)]) for i in range(told.rules)]
    rules = [(name, metres or 30 * (not name.startswith("areas"))) for name, metres in rules]

    begin, cpu = time.perf_counter(), time.process_time()
    grid = make_grid(area, told.cell, max(metres for _, metres in rules))
    burned = {name: grid.burn(frame.geometry) for name, frame in drawn.items()}
    burned_s = time.perf_counter() - begin
    areas = cell_areas(grid, area)
    reach = {name: SHARES[-1] * max(metres for other, metres in rules if other == name) for name, _ in rules}
    near = {name: Near(burned[name], told.cell, reach[name]) for name in reach}
    takings = [
        Taking(f"{i}", "exclude", near_m=near[name], distance_m=metres)
        if metres
        else Taking(f"{i}", "exclude", mask=burned[name])
        for i, (name, metres) in enumerate(rules)
    ]
    found = ledger(areas, takings, told.threads)
    took, spent = time.perf_counter() - begin, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"grid {grid.shape[0]} x {grid.shape[1]} of {told.cell:g} m, {len(rules)} rules over {len(drawn)} layers")
    print(f"ours  {took:6.1f} s (burning {burned_s:.1f}), processor {spent:.1f} s, peak {peak:.2f} GB")
    print("      ", {key: round(value, 4) for key, value in found.sums().items() if key.endswith("_ha")})
    print(f"      sum of the classes - geodesic area of the boundary: {found.total - geodesic_m2(outline):+.3f} m2")
    if told.peer:
        with tempfile.TemporaryDirectory() as folder:
            compare(told.peer, Path(folder), area, drawn, rules, told.cell)
    return 0


def compare(
    python: str, folder: Path, area: gpd.GeoDataFrame, drawn: dict[str, gpd.GeoDataFrame], rules: list, cell: float
) -> None:
    """The same rules through atlite, and at the middles of its cells the true distances where the masks differ."""
    area.to_file(folder / "area.gpkg")
    for name, frame in drawn.items():
        frame.to_file(folder / f"{name}.gpkg")
    (folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    run = [python, "-c", PEER, str(folder), str(cell), str(folder / "peer.npz")]
    answer = subprocess.run(run, capture_output=True, text=True, check=False)
    if answer.returncode:
        print(answer.stderr[-2000:], file=sys.stderr)
        return
    took, spent, peak = json.loads(answer.stdout.splitlines()[-1])
    print(f"atlite {took:5.1f} s, processor {spent:.1f} s, peak {peak:.2f} GB (the mask alone)")
    with np.load(folder / "peer.npz") as saved:
        free, place = saved["mask"].astype(bool), saved["transform"]
    random = np.random.default_rng(0)
    row, column = (random.integers(0, size, 40_000) for size in free.shape)
    x, y = place[2] + (column + 0.5) * place[0], place[5] + (row + 0.5) * place[4]
    points = shapely.points(x, y)
    inside = shapely.contains_xy(area.geometry.iloc[0], x, y)
    row, column, points = row[inside], column[inside], points[inside]
    barred = np.zeros(len(points), bool)
    for name, metres in rules:
        tree = shapely.STRtree(drawn[name].geometry.to_numpy())
        hit = tree.query(points, "dwithin", metres)[0] if metres else tree.query(points, "intersects")[0]
        barred[hit] = True
    grid = make_grid(area, cell, max(metres for _, metres in rules))
    ours = np.zeros(len(points), bool)
    at_row, at_column = grid.cells(shapely.get_x(points), shapely.get_y(points))
    for name, metres in rules:
        burned = grid.burn(drawn[name].geometry)
        if not metres:
            ours |= burned[at_row, at_column]
            continue
        near = Near(burned, cell, metres)
        for first in range(0, grid.shape[0], 256):
            here = (at_row >= first) & (at_row < first + 256)
            block = near[first : first + 256]
            ours[here] |= block[at_row[here] - first, at_column[here]] < metres
    theirs = ~free[row, column]
    print(f"at {len(points):,} middles of its cells, by true distances to the shapes:")
    for who, mask in (("ours", ours), ("atlite", theirs)):
        print(
            f"  {who:6} open though barred {np.sum(~mask & barred):6,}; barred though open {np.sum(mask & ~barred):6,}"
        )


if __name__ == "__main__":
    sys.exit(main())
