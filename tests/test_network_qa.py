"""What is wrong with a network is counted, located and written down: each kind by pencil.

The town is a square of 1 km with two-way streets: no trap, no dead end, ratio of ways to straight lines 1 to 1.41.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from gis_wufei.errors import InputError
from gis_wufei.network import RoadProfile, network_of
from gis_wufei.network.lines import read_lines
from gis_wufei.network.qa import KINDS, qa
from gis_wufei.text import text

FAR = np.array([500_000.0, 4_000_000.0])
SQUARE = [[(0, 0), (1000, 0)], [(1000, 0), (1000, 1000)], [(1000, 1000), (0, 1000)], [(0, 1000), (0, 0)]]


def graph(*more, **columns):
    """The square and further roads, (coordinates, oneway)."""
    shapes = [*SQUARE, *(row[0] for row in more)]
    oneway = ["no"] * 4 + [row[1] if len(row) > 1 else "no" for row in more]
    lines = [shapely.transform(shapely.LineString(shape), lambda xy: xy + FAR) for shape in shapes]
    table = {"class": "main", "oneway": oneway, **columns}
    return read_lines(gpd.GeoDataFrame(table, index=range(len(lines)), geometry=lines, crs="EPSG:32650"))


def found(report, kind):
    rows = [frame[frame["kind"] == kind] for frame in (report.points, report.lines)]
    return rows[0] if len(rows[0]) else rows[1]


def test_a_sound_town_has_no_finding_and_a_detour_between_one_and_the_diagonal():
    report = qa(graph())
    assert report.points.empty and report.lines.empty
    assert report.figures["km"] == pytest.approx(4) and report.figures["pieces"] == 1
    assert report.figures["share_in_largest"] == 1 and report.figures["nodes"] == 4
    assert 1 <= report.figures["detour_median"] <= report.figures["detour_p95"] <= 2**0.5 + 1e-9
    assert all(report.figures[kind] == 0 for kind in KINDS)


def test_a_piece_apart_is_told_with_its_length_and_share():
    report = qa(graph(([(5000, 0), (5000, 600)],), ([(5000, 600), (5400, 600)],)))
    (row,) = found(report, "piece").itertuples()
    assert row.size_m == pytest.approx(1000) and row.edges == 2
    assert report.figures["pieces"] == 2 and report.figures["share_in_largest"] == pytest.approx(0.8)


def test_a_dead_end_lies_at_its_end_and_tells_the_length_of_its_road():
    report = qa(graph(([(0, 0), (-300, 0)],)))
    (row,) = found(report, "dead_end").itertuples()
    assert (row.geometry.x - FAR[0], row.geometry.y - FAR[1]) == pytest.approx((-300, 0))
    assert row.size_m == pytest.approx(300) and row.row == "4"


def test_a_one_way_that_leads_nowhere_is_a_trap_and_one_that_comes_from_nowhere_its_reverse():
    report = qa(graph(([(0, 0), (-300, 0)], "yes"), ([(1000, 0), (1300, 0)], "-1")))
    (trap,), (reverse,) = found(report, "trap_in").itertuples(), found(report, "trap_out").itertuples()
    assert (trap.row, reverse.row) == ("4", "5") and trap.size_m == pytest.approx(300)


def test_streets_behind_a_one_way_are_one_trap_together_with_it():
    report = qa(graph(([(0, 0), (-300, 0)], "yes"), ([(-300, 0), (-300, 200)],), ([(-300, 200), (-500, 200)],)))
    (trap,) = found(report, "trap_in").itertuples()
    assert trap.edges == 3 and trap.size_m == pytest.approx(700)


def test_two_traps_on_one_junction_are_two():
    report = qa(graph(([(0, 0), (-300, 0)], "yes"), ([(0, 0), (0, -300)], "yes")))
    assert report.figures["trap_in"] == 2


def test_a_one_way_ring_through_the_town_is_no_trap():
    report = qa(graph(([(0, 0), (-300, 0), (-300, 300)], "yes"), ([(-300, 300), (0, 1000)], "yes")))
    assert report.figures["trap_in"] == report.figures["trap_out"] == report.figures["cut_off"] == 0


def test_two_one_ways_that_point_at_each_other_away_from_town_are_cut_off_behind():
    #   town --> A  and  B --> A, B --> town: A is entered only, B left only; the street between goes from B to A
    report = qa(
        graph(([(0, 0), (-300, 0)], "yes"), ([(-300, 300), (-300, 0)], "yes"), ([(-300, 300), (0, 1000)], "yes"))
    )
    assert report.figures["trap_in"] == report.figures["trap_out"] == report.figures["cut_off"] == 1


def test_a_loop_on_one_junction_and_two_roads_between_the_same_nodes_are_told_apart():
    loop = [(1000, 1000), (1100, 1000), (1100, 1100), (1000, 1100), (1000, 1000)]
    bow = [(0, 0), (500, -200), (1000, 0)]
    report = qa(graph((loop,), (bow,)))
    assert report.figures["loop"] == 2 and report.figures["parallel"] == 2
    assert found(report, "loop")["size_m"].sum() == pytest.approx(400)


def test_a_road_drawn_once_for_each_way_is_no_parallel():
    lane = [(0, 0), (-300, 0)]
    report = qa(graph((lane, "yes"), (lane[::-1], "yes")))
    assert report.figures["parallel"] == report.figures["trap_in"] == 0 and report.figures["dead_end"] == 0


def test_what_the_reader_mended_is_among_the_findings():
    report = qa(graph(([(500, 1), (500, 400)],), ([(200, 6), (200, 300)],), ([(-50, 700), (50, 700)],)))
    assert report.figures["gap_closed"] == report.figures["crossing"] == 1
    assert report.figures["near_miss"] == 1 and found(report, "near_miss")["size_m"].tolist() == pytest.approx([6])
    assert 2.5 <= report.figures["tolerance_m"] <= 3


def test_a_vehicle_sees_closed_roads_as_missing_and_its_speeds_are_told():
    profile = RoadProfile(speeds_kmh={"main": 60, "lane": 30}, banned_classes=("path",))
    classes = ["main", "main", "main", "lane", "path"]
    built = graph(([(0, 0), (-300, 0)],), **{"class": classes})
    report = qa(built, network_of(built, profile, closed=[3]))
    assert report.figures["edges"] == 3 and report.figures["dead_end"] == 2
    speeds = report.speeds.set_index("class")
    assert speeds["speed_kmh"].dropna().to_dict() == {"main": 60, "lane": 30}
    assert speeds["km"].to_dict() == pytest.approx({"main": 3, "lane": 0, "path": 0})
    assert speeds["banned"].to_dict() == {"main": False, "lane": False, "path": True}


def test_roads_without_a_class_are_told_in_kilometres():
    report = qa(graph(**{"class": ["main", None, "main", "main"]}))
    assert report.figures["unknown_class_km"] == pytest.approx(1)
    assert any("1.0 km" in line for line in report.summary("en"))


def test_an_empty_network_has_a_report_too():
    lines = gpd.GeoDataFrame({"class": []}, geometry=[], crs="EPSG:32650")
    report = qa(read_lines(lines))
    assert report.figures["pieces"] == 0 and np.isnan(report.figures["detour_median"])
    assert report.summary("zh") and report.summary("en")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_summary_tells_what_was_found_and_nothing_else(lang):
    told = "\n".join(qa(graph(([(0, 0), (-300, 0)], "yes"))).summary(lang))
    for kind, words in KINDS.items():
        assert (text(words).in_lang(lang) in told) == (kind in ("trap_in", "dead_end"))


def test_the_findings_are_written_as_a_geopackage_and_equal_findings_make_equal_files(tmp_path):
    report = qa(graph(([(0, 0), (-300, 0)], "yes"), ([(5000, 0), (5000, 600)],)))
    one, two = report.write(tmp_path / "a.gpkg"), report.write(tmp_path / "b.gpkg")
    assert one.read_bytes() == two.read_bytes()
    assert pyogrio.list_layers(one)[:, 0].tolist() == ["points", "lines", "speeds"]
    lines = gpd.read_file(one, layer="lines")
    assert sorted(lines["kind"]) == ["piece", "trap_in"] and lines.crs.to_epsg() == 32650
    empty = qa(graph()).write(tmp_path / "a.gpkg")
    assert len(gpd.read_file(empty, layer="points")) == 0


def test_a_file_that_cannot_be_written_is_told_as_such(tmp_path):
    (tmp_path / "folder").write_text("no folder")
    with pytest.raises(InputError) as fault:
        qa(graph()).write(tmp_path / "folder" / "a.gpkg")
    assert fault.value.faults[0].code == "E-OUT-002"


def test_labels_of_rows_cannot_carry_control_characters_into_the_file():
    stub = [(0, 0), (-9, 0)]
    lines = [shapely.transform(shapely.LineString(shape), lambda xy: xy + FAR) for shape in (*SQUARE, stub)]
    layer = gpd.GeoDataFrame({"class": "main"}, index=[*"abcd", "e\u202e\x00"], geometry=lines, crs="EPSG:32650")
    assert qa(read_lines(layer)).points["row"].tolist() == ["e\ufffd\ufffd"]
