"""Units that should tile the ground: what overlaps, what no unit covers, and what is only drawn twice."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import box

from gis_wufei.errors import Fault
from gis_wufei.layers import LayerSpec, gather, roles
from gis_wufei.layers.coverage import check_coverage, coverage_remarks, overlaps
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.shapes import check_geometry

X, Y = 370_000.0, 4_470_000.0


def km(west, south, east, north):
    """A box in kilometres from a corner of the county."""
    return box(X + 1000 * west, Y + 1000 * south, X + 1000 * east, Y + 1000 * north)


def units(*shapes, crs=4508):
    keys = [f"ZH{at}" for at in range(1, len(shapes) + 1)]
    return gpd.GeoDataFrame({"row": range(1, len(shapes) + 1), "unit_code": keys}, geometry=list(shapes), crs=crs)


def check(frame, role="units"):
    notes = Notes("units", LayerSpec(path="u.gpkg", role=role))
    return check_coverage(frame, roles()[role], notes), notes


SOUND = (km(0, 0, 1, 1), km(1, 0, 2, 1), km(0, 1, 2, 2))


def test_units_that_tile_the_ground_pass_in_silence_even_where_a_border_has_more_vertices_on_one_side():
    frame, notes = check(units(*SOUND[:2], shapely.segmentize(SOUND[2], 100)))
    assert not notes.warned
    frame, notes = check(units(*SOUND))
    assert not notes.warned and not notes.repaired and frame.geometry.tolist() == list(SOUND)


def test_an_overlap_is_told_with_ids_area_and_rows():
    _, notes = check(units(km(0, 0, 1.1, 1), *SOUND[1:]))
    (remark,) = notes.warned
    assert remark.code == "R-LAYER-OVERLAP" and remark.facts["pairs"] == "ZH1 / ZH2 10 ha" and remark.rows == (1, 2)
    assert "ZH1 / ZH2" in remark.text("zh") and "1 overlap" in remark.text("en")


def test_a_unit_drawn_twice_or_within_another_is_an_overlap():
    for within in (SOUND[0], km(0.2, 0.2, 0.4, 0.4)):
        _, notes = check(units(*SOUND, within))
        (remark,) = [r for r in notes.warned if r.code == "R-LAYER-OVERLAP"]
        assert "ZH1 / ZH4" in remark.facts["pairs"]


def test_a_gap_between_units_is_told_and_so_is_a_hole_within_one_that_no_other_fills():
    ring = km(0, 0, 3, 3).difference(km(1, 1, 2, 2))
    _, notes = check(units(ring, km(1, 1, 2, 1.5)))
    (remark,) = notes.warned
    assert remark.code == "R-LAYER-GAP" and remark.facts["pairs"] == "ZH1 / ZH2 50 ha" and remark.rows == (1, 2)
    _, notes = check(units(ring, km(3, 0, 4, 3)))
    (remark,) = notes.warned
    assert remark.code == "R-LAYER-ENCLAVE" and remark.facts["pairs"] == "ZH1 100 ha" and remark.rows == (1,)
    _, notes = check(units(ring, km(1, 1, 2, 2)))
    assert notes.warned == []


def test_a_sliver_is_told():
    sliver = box(X + 2000, Y, X + 2001, Y + 1000)
    _, notes = check(units(*SOUND, sliver))
    (remark,) = [r for r in notes.warned if r.code == "R-LAYER-SLIVER"]
    assert remark.rows == (4,) and "ZH4" in remark.text("en")


@pytest.mark.parametrize("shift", [-0.3, 0.3])
def test_what_is_narrower_than_the_tolerance_is_closed_and_told(shift):
    frame = units(SOUND[0], box(X + 1000 + shift, Y, X + 2000, Y + 1000), SOUND[2], km(0, -1, 2, 0))
    closed, notes = check(frame)
    (remark,) = notes.repaired
    assert remark.code == "R-LAYER-SNAPPED" and {1, 2} <= set(remark.rows) and not notes.warned
    assert remark.before == pytest.approx(remark.after, abs=0.1) and remark.unit == "ha"
    assert shapely.coverage_is_valid(closed.geometry.to_numpy())
    assert np.abs(closed.area - frame.area).max() < 400
    again, notes = check(closed)
    assert notes.repaired == [] and again.geometry.tolist() == closed.geometry.tolist()


def test_a_wide_gap_or_overlap_is_never_closed():
    for shift in (-20.0, 20.0):
        frame = units(SOUND[0], box(X + 1000 + shift, Y, X + 2000, Y + 1000), SOUND[2])
        after, notes = check(frame)
        assert notes.repaired == [] and after.geometry.tolist() == frame.geometry.tolist()


def test_fields_may_lie_apart_but_not_on_one_another():
    _, notes = check(units(km(0, 0, 1, 1), km(2, 0, 3, 1)), "fields")
    assert notes.warned == []
    _, notes = check(units(km(0, 0, 1, 1), km(0.5, 0, 3, 1)), "fields")
    assert [remark.code for remark in notes.warned] == ["R-LAYER-OVERLAP"]


def test_degrees_give_the_same_hectares():
    frame = units(km(0, 0, 1.1, 1), *SOUND[1:]).to_crs(4490)
    assert overlaps(frame).ha.max() == pytest.approx(10, rel=0.02)
    _, notes = check(frame)  # straight borders bend a centimetre when they are put in degrees
    assert [r.code for r in notes.warned] == ["R-LAYER-OVERLAP"] and [r.code for r in notes.found] == ["R-LAYER-NARROW"]


def test_ground_that_no_unit_covers_is_told_with_its_place_and_a_border_drawn_twice_does_not_count():
    area = gpd.GeoDataFrame(geometry=[km(0, 0, 2, 2)], crs=4508)
    (remark,) = coverage_remarks(units(*SOUND[:2]), area)
    assert remark.code == "R-LAYER-UNCOVERED" and remark.facts["ha"] == "200" and "109." in str(remark.facts["pairs"])
    assert coverage_remarks(units(*SOUND), area) == []
    wider = gpd.GeoDataFrame(geometry=[box(X - 0.5, Y - 0.5, X + 2000.5, Y + 2000.5)], crs=4508)
    assert coverage_remarks(units(*SOUND), wider) == []


def test_a_study_tells_a_unit_that_is_missing_and_codes_without_a_partner_on_both_sides(tmp_path):
    border = gpd.GeoDataFrame({"name": ["县"]}, geometry=[km(0, 0, 2, 2)], crs=4508)
    border.to_file(tmp_path / "b.gpkg")
    units(*SOUND[:2]).drop(columns="row").assign(**{"class": "key", "sub_class": "a"}).to_file(tmp_path / "u.gpkg")
    degrees = gpd.GeoSeries([km(0.2, 0.2, 0.3, 0.3), km(0.5, 0.5, 0.6, 0.6)], crs=4508).centroid.to_crs(4490)
    spots = [f"{p.x:.6f},{p.y:.6f}" for p in degrees]
    (tmp_path / "v.csv").write_text(f"place_id,name,population,lon,lat\nV1,a,1,{spots[0]}\nV2,b,1,{spots[1]}\n")
    (tmp_path / "p.csv").write_text(f"point_id,place_id,share,lon,lat\n1,v1,1,{spots[0]}\n2,V9,1,{spots[1]}\n")
    named = {"border": ("b.gpkg", "boundary"), "units": ("u.gpkg", "units"), "villages": ("v.csv", "settlements"),
             "points": ("p.csv", "collection_points")}  # fmt: skip
    layers = gather({name: LayerSpec(path=path, role=role) for name, (path, role) in named.items()}, tmp_path)
    assert [r.code for r in layers["units"].certificate.warned] == ["R-LAYER-UNCOVERED"]
    assert layers["points"].frame["place_id"].tolist() == ["V1", "V9"]
    assert [r.code for r in layers["points"].certificate.repaired] == ["R-LAYER-KEYS"]
    (here,) = layers["points"].certificate.warned
    (there,) = [r for r in layers["villages"].certificate.warned if r.code == "R-LAYER-UNMATCHED"]
    assert (here.ids, here.rows, there.ids, there.rows) == (("V9",), (2,), ("V2",), (2,))


def lattice(side):
    """A tiling of side x side cells with 20 vertices each, in degrees."""
    d = np.round(np.linspace(0, 0.01, 6), 8)
    rings = []
    for i in range(side * side):
        x, y = 109 + 0.01 * (i % side), 40 + 0.01 * (i // side)
        south, north = np.c_[x + d, np.full(6, y)], np.c_[x + d[::-1], np.full(6, y + 0.01)]
        east, west = np.c_[np.full(6, x + 0.01), y + d], np.c_[np.full(6, x), y + d[::-1]]
        rings.append(np.round(np.concatenate([south, east[1:], north[1:], west[1:]]), 8))
    return units(*(shapely.Polygon(ring) for ring in rings), crs=4490)


def test_thirty_units_are_checked_in_less_than_a_second_and_thousands_in_a_few():
    for side, most in ((6, 1.0), (70, 3.0)):
        frame = lattice(side)
        start = time.perf_counter()
        _, notes = check(frame)
        assert time.perf_counter() - start < most and notes.warned == []


def test_a_faulty_layer_is_not_tiled_on_top():
    bowtie = shapely.Polygon([(X, Y), (X + 1000, Y + 1000), (X + 1000, Y), (X, Y + 1000)])
    faults: list[Fault] = []
    notes = Notes("units", LayerSpec(path="u.gpkg", role="units"))
    check_geometry(units(*SOUND, bowtie), roles()["units"], "u.gpkg", faults, notes)
    assert [fault.code for fault in faults] == ["E-LAYER-017"]


def wavy(west=0.0, east=None, count=300):
    """The ground from a winding border eastwards or, with ``east``, from the west up to one."""
    y = np.linspace(0, 11_000, count)
    x = X + 5000 + 200 * np.sin(y / 700)
    if east is None:
        return shapely.Polygon([*zip(x + west, Y + y, strict=True), (X + 10_000, Y + 11_000), (X + 10_000, Y)])
    return shapely.Polygon([(X, Y), *zip(x + east, Y + y, strict=True), (X, Y + 11_000)])


@pytest.mark.parametrize("crs", [4508, 4490])
def test_a_slit_that_is_open_to_the_outside_is_closed_if_narrow_else_told_and_a_common_border_is_neither(crs):
    sound, notes = check(units(wavy(east=0.0), wavy()))
    assert not notes.warned and not notes.repaired
    closed, notes = check(units(wavy(east=0.0), wavy(0.25)).to_crs(crs))
    assert [r.code for r in notes.repaired] == ["R-LAYER-SNAPPED"] and not notes.warned
    assert closed.to_crs(4508).area.sum() == pytest.approx(sound.area.sum(), rel=1e-7)
    for metres in (2, 20, 85):
        frame = units(wavy(east=0.0), wavy(metres)).to_crs(crs)
        same, notes = check(frame)
        (remark,) = notes.warned
        assert remark.code == "R-LAYER-GAP" and remark.rows == (1, 2) and "ZH1 / ZH2" in remark.facts["pairs"]
        assert float(remark.facts["ha"]) == pytest.approx(1.1 * metres, rel=0.04) and not notes.repaired
        assert same.geometry.tolist() == frame.geometry.tolist()
    _, notes = check(units(km(0, 0, 1, 1), km(1.05 if crs == 4508 else 1.035, 0, 2, 1)).to_crs(crs))
    assert [remark.code for remark in notes.warned] == ["R-LAYER-GAP"]
    _, notes = check(units(wavy(east=0.0), wavy(150.0)).to_crs(crs))
    assert not notes.warned


def test_units_that_touch_at_a_corner_a_creek_between_two_and_a_bay_of_one_are_no_slit():
    _, notes = check(units(km(0, 0, 1, 1), km(1, 1, 2, 2)))
    assert not notes.warned
    diamond = shapely.Polygon([(X + 1000, Y + 500), (X + 1900, Y), (X + 1900, Y + 1000)])
    _, notes = check(units(km(0, 0, 1, 1), diamond))
    assert not notes.warned
    creek = shapely.Polygon([(X + 970, Y), (X + 1030, Y), (X + 1005, Y + 500), (X + 1000, Y + 700)])
    _, notes = check(units(km(0, 0, 1, 1).difference(creek), km(1, 0, 2, 1).difference(creek)))
    assert not notes.warned
    bay = km(0, 0, 1, 1).difference(box(X + 500, Y, X + 520, Y + 900))
    _, notes = check(units(bay, km(1, 0, 2, 1)))
    assert not notes.warned
