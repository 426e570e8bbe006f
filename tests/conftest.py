"""A county of 10 x 10 km that a pencil can check, and its plan."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gis_wufei.plan import Plan, make_plan
from gis_wufei.study import Study

METRES = "EPSG:4508"
WEST, SOUTH = 430_000.0, 4_440_000.0  # near 110.2 E, 40.1 N
MADE_UP = {"synthetic": True, "source": "drawn by hand for a test", "accuracy_m": 1}

STUDY = """\
name: tiny
title: {zh: 小县, en: Tiny county}
notice: {zh: 测试数据, en: Test data}
date: 2026-11-25
seed: 3
cell_m: 50
layers:
  boundary: {path: boundary.geojson, role: boundary}
  roads: {path: roads.geojson, role: roads}
  villages: {path: villages.csv, role: settlements}
  fields: {path: fields.geojson, role: fields}
  enterprises: {path: enterprises.csv, role: enterprises}
  facilities: {path: facilities.csv, role: facilities}
  units: {path: units.geojson, role: units}
  water_source: {path: water_source.geojson, role: water_source}
roads: {layer: roads, max_snap_m: 1200}
streams:
  straw:
    label: {zh: 秸秆, en: Straw}
    demand: {formula: crop_residue, layer: fields, times: [straw_available_for_depots_share], season: straw_autumn}
    facility: {kind: STD, sizes: [STD_5000], candidates: {spacing_m: 3000, max_road_m: 300}}
    siting: {max_road_km: 15}
    collection: {vehicle: straw_flatbed_8t, cycle_days: 52, workdays: 45, cycles_per_year: 1,
                 stop_min: 10, load_min_per_t: 6, unload_min: 45, solve: {iterations: 50}}
    haul: {layer: facilities, kind: PLANT, vehicle: straw_semi_15t}
  domestic:
    label: {zh: 生活垃圾, en: Domestic waste}
    demand: {formula: per_person, layer: villages, factor: msw_rural_kg_per_person_day, season: msw_north}
    facility: {kind: PY, existing: facilities, candidates: {spacing_m: 3000, max_road_m: 300}}
    siting: {max_road_km: 15}
    collection: {vehicle: compactor_5t, cycle_days: 2, workdays: 2, stop_min: 5, unload_min: 12,
                 solve: {iterations: 50}}
    haul: {layer: facilities, kind: LF, vehicle: hook_lift_16t, output_shares: [msw_pyrolysis_residue_share]}
  hazardous:
    label: {zh: 危险废物, en: Hazardous waste}
    demand: {formula: reported, layer: enterprises}
    facility: {kind: HWC, candidates: {spacing_m: 3000, max_road_m: 300}}
    siting: {max_road_km: 15}
    collection: {vehicle: hw_van_5t, cycle_days: 90, workdays: 60, stop_min: 20, unload_min: 20,
                 solve: {iterations: 50}}
    haul: {layer: facilities, kind: HWR, vehicle: hw_van_5t}
scenarios:
  too_small:
    label: {zh: 站点太少, en: Too few sites}
    set: {streams: {straw: {siting: {max_open: 1}, facility: {sizes: [STD_5000]}, demand: {level: high}}}}
  near:
    label: {zh: 服务距离三公里, en: Within 3 km}
    set: {streams: {domestic: {siting: {max_road_km: 3}}}}
"""


def degrees(shape: shapely.Geometry) -> shapely.Geometry:
    """Kilometres in the tiny county as longitude and latitude."""
    placed = shapely.transform(shape, lambda xy: xy * 1000 + (WEST, SOUTH))
    return gpd.GeoSeries([placed], crs=METRES).to_crs("EPSG:4326").iloc[0]


def drawn(rows: list[tuple[shapely.Geometry, dict[str, Any]]], path: Path) -> None:
    """A GeoJSON layer from shapes in kilometres and their columns."""
    table = pd.DataFrame([{**MADE_UP, **columns} for _, columns in rows])
    shapes = [degrees(shape) for shape, _ in rows]
    gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326").to_file(path, driver="GeoJSON")


def listed(rows: list[tuple[float, float, dict[str, Any]]], path: Path) -> None:
    """A CSV list from kilometres east and north and its columns."""
    points = [degrees(shapely.Point(x, y)) for x, y, _ in rows]
    table = [
        {**columns, "lon": point.x, "lat": point.y, **MADE_UP}
        for (_, _, columns), point in zip(rows, points, strict=True)
    ]
    pd.DataFrame(table).to_csv(path, index=False, encoding="utf-8-sig")


def draw_county(folder: Path) -> Path:
    """Write the tiny county.

    Roads every 2 km both ways (county roads; village roads in the odd rows), 6 villages, 8 fields,
    4 enterprises. Village 6 lies on an island road that nothing joins. The north-west quarter is a
    control unit that forbids, the middle a level-1 water zone. One pyrolysis station of 5 t/d stands.
    """
    square, line, box = shapely.box(0, 0, 10, 10), shapely.LineString, shapely.box
    drawn([(square, {"name": "小县"})], folder / "boundary.geojson")
    steps = range(0, 9, 2)
    lanes = [(line([(x, y) for x in steps]), {"class": "county", "name": f"东西路{y}"}) for y in steps]
    lanes += [(line([(x, y) for y in steps]), {"class": "village", "name": f"南北路{x}"}) for x in steps]
    lanes += [(line([(9.2, 9.2), (9.8, 9.2)]), {"class": "village", "name": "孤路"})]
    drawn(lanes, folder / "roads.geojson")
    people = [(1, 1, 1200), (3, 5, 800), (5, 7, 2500), (7, 3, 600), (7, 7, 900), (9.5, 9.3, 150)]
    names = ("=1+1", "<b>北村</b>", "东村", "西村", "南村", "岛村")
    listed(
        [
            (x, y, {"place_id": f"V{i}", "name": name, "township": "甲镇", "class": "rural", "population": count})
            for i, ((x, y, count), name) in enumerate(zip(people, names, strict=True), 1)
        ],
        folder / "villages.csv",
    )
    crops = ("corn", "corn", "sunflower", "wheat")
    drawn(
        [
            (
                box(x + 0.1, y + 0.1, x + 1.6, y + 1.6),
                {"field_id": f"F{i}", "crop": crops[i % 4], "irrigated": True, "township": "甲镇"},
            )
            for i, (x, y) in enumerate([(0, 0), (2, 0), (4, 0), (6, 0), (0, 2), (2, 2), (4, 2), (6, 2)])
        ],
        folder / "fields.geojson",
    )
    listed(
        [
            (x, y, {"source_id": f"E{i}", "name": f"厂{i}", "sector": "garage", "hw_codes": "HW08", "t_per_year": t})
            for i, (x, y, t) in enumerate([(1, 3, 2.0), (5, 1, 5.0), (7, 5, 1.5), (3, 7, 0.5)], 1)
        ],
        folder / "enterprises.csv",
    )
    kinds = [
        (7.2, 7.1, "PY", "裂解站", 5.0, None),
        (8, 1, "LF", "填埋场", 100.0, None),
        (0.1, 8, "PLANT", "电厂", None, 50000.0),
        (8, 8, "HWR", "接收单位", None, 5000.0),
    ]
    listed(
        [
            (
                x,
                y,
                {"facility_id": f"X{i}", "name": name, "kind": kind, "capacity_t_per_day": d, "capacity_t_per_year": a},
            )
            for i, (x, y, kind, name, d, a) in enumerate(kinds, 1)
        ],
        folder / "facilities.csv",
    )
    north_west = box(0, 5, 5, 10)
    drawn(
        [
            (north_west, {"unit_code": "T-1", "name": "甲单元", "class": "priority", "sub_class": "red_line"}),
            (
                square.difference(north_west),
                {"unit_code": "T-2", "name": "乙单元", "class": "general", "sub_class": "general"},
            ),
        ],
        folder / "units.geojson",
    )
    drawn([(shapely.Point(5, 5).buffer(0.7), {"name": "水源", "level": "1"})], folder / "water_source.geojson")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever opens a connection beyond this machine fails."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test reached for {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(scope="session")
def tiny_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny county; do not write into it."""
    return draw_county(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_plan(tiny_study: Path) -> Plan:
    """The plan of the tiny county."""
    return make_plan(Study.open(tiny_study))
