"""One metric system a study, x is east: zones by hand."""

from __future__ import annotations

import math

import pytest
from pyproj import CRS

from gis_wufei.crs import WGS84, crs_label, is_metric, length_error, metric_crs, transformer


@pytest.mark.parametrize(
    ("west", "south", "east", "north", "code", "why"),
    [
        (108.9, 39.9, 110.8, 40.9, 4508, "Dalad: straddles 109.5 E between two three-degree zones, within 108-114 E"),
        (14.1, 35.7, 14.6, 36.1, 32633, "Malta: 12-18 E"),
        (1.4, 42.4, 1.8, 42.7, 32631, "Andorra: 0-6 E"),
        (116.0, 39.5, 117.0, 40.5, 4509, "Beijing: 114-120 E"),
        (107.0, 40.0, 109.0, 41.0, 32649, "across 108 E: no six-degree zone holds it, so UTM of the centre"),
        (-70.7, -33.6, -70.5, -33.3, 32719, "Santiago: south, 72-66 W"),
        (-180.0, 10.0, -179.0, 11.0, 32601, "the first zone"),
        (179.0, 10.0, 180.0, 11.0, 32660, "the last zone"),
        (-0.2, 51.4, -0.1, 51.6, 32630, "just west of Greenwich"),
    ],
)
def test_the_area_decides_the_zone(west, south, east, north, code, why):
    assert metric_crs(west, south, east, north).to_epsg() == code, why


@pytest.mark.parametrize("area", [(108.9, 39.9, 110.8, 40.9), (14.1, 35.7, 14.6, 36.1)])
def test_the_working_system_counts_metres(area):
    assert is_metric(metric_crs(*area))


@pytest.mark.parametrize(("code", "metric"), [(4508, True), (32633, True), (4326, False), (2263, False), (4978, False)])
def test_degrees_feet_and_geocentric_axes_are_not_metric(code, metric):
    assert is_metric(CRS.from_epsg(code)) is metric


def test_x_is_east_though_the_authority_puts_north_first():
    # EPSG:4508 is north, east; on its meridian 111 E the easting is 500 km, at 40 N about 4 430 km of arc.
    east, north = transformer(WGS84, CRS.from_epsg(4508)).transform(111.0, 40.0)
    assert east == pytest.approx(500_000, abs=1) and north == pytest.approx(4_429_529, abs=1000)
    further, _ = transformer(WGS84, CRS.from_epsg(4508)).transform(111.01, 40.0)
    assert further - east == pytest.approx(0.01 * 111_320 * math.cos(math.radians(40)), rel=0.01)


def test_there_and_back_is_the_same_place_and_a_transformer_is_made_once():
    metric = CRS.from_epsg(4508)
    there, back = transformer(WGS84, metric), transformer(metric, WGS84)
    assert back.transform(*there.transform(109.8, 40.3)) == pytest.approx((109.8, 40.3), abs=1e-9)
    assert transformer(WGS84, metric) is there


def test_a_system_is_named_by_code_and_name_or_by_name_alone():
    assert crs_label(CRS.from_epsg(4508)) == "EPSG:4508 CGCS2000 / Gauss-Kruger CM 111E"
    own = CRS.from_proj4("+proj=tmerc +lon_0=109.7 +k=1 +x_0=500000 +ellps=GRS80 +units=m")
    assert crs_label(own) == own.name


def test_the_error_of_lengths_is_that_of_the_worst_place_by_pencil():
    # UTM: 0.9996 on the meridian; at d from it about 0.9996 (1 + (d cos lat)^2 / 2).
    assert length_error(CRS.from_epsg(32631), 3, 42, 3, 42) == pytest.approx(0.0004, abs=1e-6)
    edge = 0.9996 * (1 + (math.radians(3) * math.cos(math.radians(10))) ** 2 / 2) - 1
    assert length_error(CRS.from_epsg(32631), 3, 10, 6, 10) == pytest.approx(edge, abs=2e-5)
    # Mercator: 1 / cos(lat), whatever the longitude.
    mercator = 1 / math.cos(math.radians(42)) - 1
    assert length_error(CRS.from_epsg(3857), 1, 42, 2, 42) == pytest.approx(mercator, abs=0.01)
    # 69 W goes on beyond the pole as 111 E: there the scale is right again, but north is south.
    assert length_error(CRS.from_epsg(32719), 109, 40, 110, 41) == math.inf


@pytest.mark.parametrize(
    "area", [(-179.9, 10, -179, 11), (108.9, 39.9, 110.8, 40.9), (108.0, 0.0, 114.0, 1.0), (-70.7, -33.6, -70.5, -33.3)]
)
def test_the_derived_system_is_true_to_scale(area):
    assert length_error(metric_crs(*area), *area) < 0.0015
