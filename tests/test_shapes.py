"""Shapes as they arrive: the unusual passes, one reading is repaired and told, the rest is refused with its rows."""

from __future__ import annotations

import sqlite3
import struct

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon, box

from gis_wufei.errors import Fault
from gis_wufei.layers import LayerSpec, roles
from gis_wufei.layers.geopackage import read_geopackage
from gis_wufei.layers.kinds import one_kind
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.shapes import check_geometry

FIELD = box(109.1, 40.1, 109.2, 40.2)
BESIDE = box(109.3, 40.1, 109.4, 40.2)


def checked(shapes, role="forest", crs=4490, **columns):
    """What the checks make of shapes: the frame, the codes of its faults with their rows, the notes."""
    found = gpd.GeoDataFrame({"row": range(1, len(shapes) + 1), **columns}, geometry=list(shapes), crs=crs)
    notes, faults = Notes("layer", LayerSpec(path="a.gpkg", role=role)), list[Fault]()
    frame = check_geometry(found, roles()[role], "a.gpkg", faults, notes)
    return frame, [(fault.code, fault.rows_meant.numbers) for fault in faults], notes


def told(notes):
    """Code and rows of every remark."""
    books = ("found", "repaired", "dropped", "warned")
    return {remark.code: remark.rows for book in books for remark in getattr(notes, book)}


# --- accepted -----------------------------------------------------------------------------------


def test_heights_parts_holes_and_either_ring_direction_are_nothing_unusual_and_noted():
    shapes = [
        shapely.force_3d(FIELD, 1000.0),
        MultiPolygon([BESIDE, box(110, 40, 110.1, 40.1)]),
        Polygon(box(111, 40, 112, 41).exterior.coords, [box(111.1, 40.1, 111.2, 40.2).exterior.coords]),
        Polygon(list(box(112.1, 40, 112.2, 40.1).exterior.coords)[::-1]),
    ]
    frame, faults, notes = checked(shapes)
    assert faults == [] and len(frame) == 4 and not frame.has_z.any()
    assert told(notes) == {"R-LAYER-HEIGHTS": (1,), "R-LAYER-PARTS": (2,), "R-LAYER-HOLES": (3,)}
    assert not notes.warned and not notes.repaired


def test_measures_are_left_aside_like_heights():
    frame, faults, notes = checked([shapely.from_wkt("LINESTRING M (109 40 1, 110 41 2)")], "railway")
    assert faults == [] and not shapely.has_m(frame.geometry.to_numpy()).any() and "R-LAYER-HEIGHTS" in told(notes)


# --- validity -------------------------------------------------------------------------------------

SPIKE = Polygon([(109, 40), (110, 40), (110, 41), (109, 41), (109, 41.5), (109, 41), (109, 40)])
BOWTIE = Polygon([(109, 40), (110, 41), (110, 40), (109, 41), (109, 40)])
WRONG_HOLE = Polygon(box(109, 40, 110, 41).exterior.coords, [box(111, 40, 112, 41).exterior.coords])


def test_a_spike_is_repaired_and_the_area_before_and_after_is_told():
    frame, faults, notes = checked([SPIKE])
    (remark,) = notes.repaired
    assert faults == [] and frame.geometry.is_valid.all() and remark.rows == (1,)
    assert remark.before == pytest.approx(remark.after) == pytest.approx(945_000, rel=0.01) and remark.unit == "ha"
    assert "→" in remark.text("zh")


def test_repeated_vertices_are_taken_out_and_counted_and_a_closing_one_is_none():
    twice = Polygon([(109, 40), (109, 40), (110, 40), (110, 41), (110, 41), (109, 41), (109, 40)])
    line = LineString([(109, 40), (109, 40), (110, 41)])
    for shape, role, vertices in ((twice, "forest", 2), (line, "railway", 1)):
        frame, faults, notes = checked([shape], role)
        (remark,) = notes.repaired
        assert faults == [] and (remark.code, remark.rows) == ("R-LAYER-REPEATED", (1,))
        assert f"{vertices} 个连续重复" in remark.text("zh") and frame.geometry.iloc[0].equals(shape)
        assert shapely.get_num_coordinates(frame.geometry.iloc[0]) == shapely.get_num_coordinates(shape) - vertices
    loop = LineString([(109, 40), (110, 40), (110, 41), (109, 40)])
    assert checked([FIELD])[2].repaired == checked([loop], "railway")[2].repaired == []


@pytest.mark.parametrize("shape", [BOWTIE, WRONG_HOLE])
def test_a_repair_that_would_change_the_area_is_refused_with_its_row(shape):
    _, faults, notes = checked([FIELD, shape])
    assert faults == [("E-LAYER-017", (2,))] and "R-LAYER-VALID" not in told(notes)


@pytest.mark.parametrize(
    ("shape", "cause"),
    [
        (BOWTIE, "自相交"),
        (WRONG_HOLE, "孔在外环之外"),
        (Polygon(FIELD.exterior.coords, [box(109, 40, 110, 41).exterior.coords]), "孔盖住了整个外环"),
        (Polygon(FIELD.exterior.coords, [box(109.15, 40.12, 109.3, 40.18).exterior.coords]), "孔与外环"),
        (Polygon([(109, 40), (110, 41), (109, 40), (109, 40)]), "不同顶点不足 3 个"),
        (Polygon([(109, 40), (110, 41), (111, 42), (109, 40)]), "面积为 0"),
        (MultiPolygon([box(109, 40, 110, 41), box(109.5, 40.5, 111, 42)]), "部件互相重叠"),
    ],
)
def test_the_true_cause_is_named_with_its_place_in_both_languages(shape, cause):
    found = gpd.GeoDataFrame({"row": [1]}, geometry=[shape], crs=4490)
    faults = list[Fault]()
    check_geometry(found, roles()["forest"], "a.gpkg", faults, Notes("layer", LayerSpec(path="a", role="forest")))
    (fault,) = faults
    assert fault.code == "E-LAYER-017" and cause in fault.text("zh") and "{" not in fault.text("en")
    assert ("自相交" in fault.text("zh")) == (shape is BOWTIE)
    x, y = map(float, str(fault.facts["at"]).split(", "))
    assert 108 < x < 113 and 39 < y < 43


def test_a_spike_and_a_border_that_touches_itself_are_named_as_what_they_are():
    pinch = Polygon([(0, 0), (1000, 0), (1000, 1000), (500, 1000), (505, 1002), (495, 1002), (500, 1000), (0, 1000)])
    moved = shapely.transform(pinch, lambda xy: xy + np.array([370_000, 4_470_000]))
    assert "尖刺 1" in checked([SPIKE])[2].repaired[0].text("zh").replace("（线原路折返）", "")
    assert "边界自相接触" in checked([moved], crs=4508)[2].repaired[0].text("zh")


def test_a_part_that_would_vanish_is_refused():
    collapsed = Polygon([(111, 40), (112, 40), (111, 40), (111, 40)])
    assert checked([MultiPolygon([FIELD, collapsed])])[1] == [("E-LAYER-076", (1,))]
    assert checked([MultiPolygon([FIELD, BESIDE])])[1] == []


# --- coordinates ------------------------------------------------------------------------------------


def test_shapes_without_a_place_are_refused_with_their_rows():
    shapes = [Point(109.5, 40.5), Point(0, 0), Point(np.nan, 40), Point(190, 40), Point(109, np.inf), Point(), None]
    _, faults, _ = checked(shapes, "heritage")
    assert faults == [
        ("E-LAYER-008", (6, 7)),
        ("E-LAYER-078", (2,)),
        ("E-LAYER-078", (3, 5)),
        ("E-LAYER-012", (4,)),
    ]


def test_a_line_with_one_vertex_that_is_no_number_is_refused():
    with np.errstate(invalid="ignore"):
        line = LineString([(109, 40), (109.5, np.nan), (110, 41)])
    assert checked([line], "railway")[1] == [("E-LAYER-078", (1,))]


def test_a_shape_across_the_180th_meridian_is_told_so():
    assert checked([box(179.9, 10, 180.1, 10.2)], "forest")[1] == [("E-LAYER-077", (1,))]


def test_a_wild_vertex_is_refused_with_its_row():
    wild = Polygon([(109.5, 40.1), (109.6, 40.1), (10.96, 40.2), (109.5, 40.2)])
    _, faults, _ = checked([FIELD, BESIDE, wild])
    assert faults == [("E-LAYER-075", (3,))]
    assert checked([Polygon([(109, 40), (110, 40), (110, 41), (119, 41), (109, 40)])])[1] == [("E-LAYER-075", (1,))]


def test_a_wild_vertex_is_found_in_metres_too():
    wild = LineString([(370_000, 4_470_000), (371_000, 4_470_000), (0, 0), (372_000, 4_471_000)])
    roads = [LineString([(370_000 + i, 4_470_000), (371_000, 4_470_100 + i)]) for i in range(0, 500, 50)]
    assert checked([*roads, wild], "roads", 4508)[1] == [("E-LAYER-075", (11,))]


def circle(vertices=20, radius=0.02, x=109.5, y=40.3):
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


@pytest.mark.parametrize("away_deg", [0.25, 0.6, 3.0])
@pytest.mark.parametrize("at", [0, 7])
def test_one_vertex_tens_of_kilometres_off_its_ring_is_refused_with_its_row(away_deg, at):
    ring = circle()
    ring[at, 0] += away_deg
    others = [Polygon(circle(x=x)) for x in (109.1, 109.9, 110.3)]
    assert checked([*others, Polygon(ring)])[1] == [("E-LAYER-075", (4,))]
    assert checked([*others, Polygon(circle())])[1] == []


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        (LineString([(109, 40), (109.6, 40.2)]).buffer(0.001), "a corridor of 60 km"),
        (Polygon([(109, 40), (109.9, 40.4), (109.9, 40.41)]), "a long thin wedge"),
        (Polygon(circle(8, 3.0)), "a province in a few strokes"),
        (Polygon([(109, 40), (109.3, 40), (109.3, 40.01), (110, 40.01), (110, 40.02), (109, 40.02)]), "a panhandle"),
    ],
)
def test_long_and_thin_areas_are_sound(shape, why):
    assert checked([FIELD, BESIDE, shape])[1] == [], why


def test_a_road_out_and_back_by_way_of_a_wild_vertex_is_refused_and_a_long_straight_one_is_sound():
    street = np.column_stack([109.5 + np.arange(10) / 1000, np.full(10, 40.3)])
    wild = street.copy()
    wild[4, 1] += 0.3
    assert checked([LineString(street), LineString(wild)], "railway")[1] == [("E-LAYER-075", (2,))]
    assert checked([LineString(street), LineString([*street, (109.9, 40.3)])], "railway")[1] == []


@pytest.mark.parametrize("wild", [[(13, 1), (300, 1.1)], [(13, 1), (300, 1), (13.5, 1)]])
def test_a_stroke_out_of_all_the_layer_is_refused_and_one_in_a_layer_of_long_strokes_is_sound(wild):
    """Kilometres from a corner; streets of 1 km over 10 km, and lines of 100 km over 500 km."""

    def line(*places, unit=1000):
        return LineString([(370_000 + unit * x, 4_470_000 + unit * y) for x, y in places])

    streets = [line((at, 0), (at + 1, 0), (at + 1, 1)) for at in range(10)]
    assert checked([*streets, line(*wild)], "roads", 4508)[1] == [("E-LAYER-075", (11,))]
    assert checked([*streets, line((9, 1), (13, 1), (30, 2))], "roads", 4508)[1] == []
    wide = [line((at, 0), (at + 1, 0), (at + 1, 1), unit=20_000) for at in range(5)]
    assert checked([*wide, line(*wild)], "roads", 4508)[1] == []


def test_rows_in_metres_that_have_no_place_in_the_system_are_refused_among_others_that_have_one():
    county = [Point(370_123 + 1000 * at, 4_470_456 + 700 * at) for at in range(6)]
    local = [Point(5000 + 100 * at, 5000) for at in range(5)]
    assert checked([*county, *local], "heritage", 4508)[1] == [("E-LAYER-012", (7, 8, 9, 10, 11))]
    assert checked(county, "heritage", 4508)[1] == []


def test_a_point_on_another_continent_than_its_county_is_refused_and_one_in_the_next_province_doubted():
    county = [Point(109.5 + i / 20, 40.1 + i / 29) for i in range(6)]
    assert checked([*county, Point(10.95, 40.2)], "heritage")[1] == [("E-LAYER-079", (7,))]
    _, faults, notes = checked([*county, Point(116.4, 39.9)], "heritage")
    assert faults == [] and told(notes) == {"R-LAYER-FAR": (7,)}
    world = [Point(x, y) for x, y in ((109.5, 40.1), (14.5, 35.9), (-70.6, -33.4), (37.6, 55.7), (2.3, 48.9))]
    assert checked(world, "heritage")[1] == []


def test_a_long_line_that_runs_in_ordinary_strokes_is_sound():
    town = [LineString([(109.1 + i / 1000, 40.1), (109.1 + i / 1000, 40.11)]) for i in range(200)]
    railway = LineString([(109.1 + i / 10, 40.1) for i in range(60)])
    _, faults, notes = checked([*town, railway], "railway")
    assert faults == [] and set(told(notes)) <= {"R-LAYER-FAR"}


def test_a_shape_far_off_as_a_whole_is_doubted_and_stays():
    frame, faults, notes = checked([FIELD, BESIDE, box(109.5, 40.1, 109.6, 40.2), box(120.1, 30.1, 120.2, 30.2)])
    assert faults == [] and len(frame) == 4 and told(notes) == {"R-LAYER-FAR": (4,)}


def test_a_shape_around_the_globe_is_refused():
    assert checked([FIELD, box(-170, 40, 170, 41)])[1] == [("E-LAYER-077", (2,))]


# --- kinds ------------------------------------------------------------------------------------------


def test_of_a_collection_the_areas_are_kept_where_areas_are_asked_for():
    leftovers = shapely.GeometryCollection([FIELD, LineString([(109, 40), (109.1, 40.1)]), Point(109, 40)])
    frame, faults, notes = checked([leftovers, shapely.GeometryCollection([BESIDE])])
    assert faults == [] and set(frame.geom_type) == {"Polygon"} and told(notes) == {"R-LAYER-LEFTOVER": (1,)}


def test_a_collection_of_another_kind_is_refused():
    both = shapely.GeometryCollection([FIELD, LineString([(109, 40), (110, 41)])])
    assert checked([both], "railway")[1] == [("E-LAYER-006", (1,))]
    assert checked([shapely.GeometryCollection([FIELD, Point(109, 40)])], "receptors")[1] == [("E-LAYER-006", (1,))]


def test_nested_collections_are_opened():
    inner = (shapely.GeometryCollection([FIELD]), shapely.GeometryCollection([BESIDE, Point(1, 2)]))
    nested = shapely.GeometryCollection(inner)
    frame, faults, _ = checked([nested])
    assert faults == [] and frame.geometry.iloc[0].equals(MultiPolygon([FIELD, BESIDE]))


def test_mixed_kinds_are_refused_with_the_rows_of_the_wrong_ones():
    assert checked([FIELD, LineString([(109, 40), (110, 41)]), Point(109, 40)])[1] == [("E-LAYER-006", (2, 3))]


def test_a_multi_point_is_one_place_if_its_points_are_one():
    shapes = [MultiPoint([(109.1, 40.1), (109.1, 40.1)]), MultiPoint([(109.2, 40.1)])]
    frame, faults, notes = checked(shapes, "enterprises")
    assert faults == [] and set(frame.geom_type) == {"Point"} and told(notes) == {"R-LAYER-TOGETHER": (1,)}
    assert checked([MultiPoint([(109.1, 40.1), (109.2, 40.1)])], "enterprises")[1] == [("E-LAYER-006", (1,))]


def test_a_layer_of_areas_has_a_point_inside_each_where_points_are_asked_for():
    ring = Polygon(box(109, 40, 110, 41).exterior.coords, [box(109.1, 40.1, 109.9, 40.9).exterior.coords])
    frame, faults, notes = checked([ring, BESIDE], "settlements")
    assert faults == [] and set(frame.geom_type) == {"Point"} and ring.contains(frame.geometry.iloc[0])
    assert told(notes) == {"R-LAYER-INSIDE": (1, 2)} and "111" in notes.repaired[0].text("zh")
    assert checked([ring, Point(109, 40)], "settlements")[1] == [("E-LAYER-006", (1,))]


def test_closed_lines_of_a_drawing_are_areas_where_areas_are_asked_for():
    frame, faults, notes = checked([LineString(FIELD.exterior.coords), LineString(BESIDE.exterior.coords)])
    assert faults == [] and frame.geometry.tolist() == [FIELD, BESIDE] and told(notes) == {"R-LAYER-CLOSED": (1, 2)}
    assert checked([LineString([(109, 40), (110, 40), (110, 41)])])[1] == [("E-LAYER-006", (1,))]


@pytest.mark.parametrize(("miss", "closed"), [(5e-8, True), (5e-6, False)])
def test_a_line_that_misses_its_start_by_millimetres_is_closed_and_an_open_one_is_told_as_open(miss, closed):
    ring = list(FIELD.exterior.coords)
    line = LineString([*ring[:-1], (ring[0][0] + miss, ring[0][1])])
    frame, faults, notes = checked([line])
    if closed:
        assert faults == [] and frame.geometry.tolist() == [FIELD]
        assert [r.code for r in notes.repaired] == ["R-LAYER-ENDS", "R-LAYER-CLOSED"]
    else:
        assert faults == [("E-LAYER-006", (1,))] and notes.repaired == []
        gone: list[Fault] = []
        one_kind(gpd.GeoDataFrame({"row": [1]}, geometry=[line], crs=4490), roles()["units"], "a.dxf", gone, notes)
        assert "没有围成面" in gone[0].text("zh") and "not closed" in gone[0].text("en")


def curve(path):
    """A GeoPackage that holds a circle of 0.1 degrees as a curve polygon, written byte by byte."""
    gpd.GeoDataFrame({"name": ["池"]}, geometry=[FIELD], crs=4490).to_file(path, layer="a", SPATIAL_INDEX="NO")
    ring = [(109.0, 40.0), (109.1, 40.1), (109.2, 40.0), (109.1, 39.9), (109.0, 40.0)]
    points = b"".join(struct.pack("<2d", *xy) for xy in ring)
    wkb = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 8, 5) + points
    with sqlite3.connect(path) as db:
        for (trigger,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            db.execute(f'drop trigger "{trigger}"')
        db.execute("update a set geom = ?", (b"GP\0\1" + struct.pack("<i", 4490) + wkb,))
        db.execute("update gpkg_geometry_columns set geometry_type_name = 'CURVEPOLYGON'")
        db.execute("pragma writable_schema = on")
        db.execute("update sqlite_master set sql = replace(sql, ' POLYGON', ' CURVEPOLYGON') where name = 'a'")


def test_curves_become_lines_and_the_tolerance_is_told(tmp_path):
    curve(tmp_path / "c.gpkg")
    notes = Notes("layer", LayerSpec(path="c.gpkg", role="forest"))
    frame = read_geopackage(tmp_path / "c.gpkg", None, "c.gpkg", notes)
    assert frame.geometry.iloc[0].area == pytest.approx(np.pi * 0.01, rel=0.002)
    (remark,) = [r for r in notes.found if r.code == "R-LAYER-CURVES"]
    assert remark.facts == {"degrees": 4, "share": "0.06"}


# --- doubts -------------------------------------------------------------------------------------------


def test_rows_that_repeat_another_are_doubted_and_those_with_its_shape_alone_are_told_apart():
    _, _, notes = checked([FIELD, FIELD, FIELD, BESIDE], name=["a", "a", "b", "c"])
    assert told(notes) == {"R-LAYER-TWIN": (2,), "R-LAYER-SAMESHAPE": (3,)}


def test_a_road_drawn_twice_in_opposite_directions_is_a_twin_and_a_pair_of_one_way_roads_is_none():
    road = LineString([(109.5, 40.1), (109.52, 40.11), (109.53, 40.15)])
    both = [road, road.reverse()]
    assert told(checked(both, "roads", name=["a", "a"])[2]) == {"R-LAYER-TWIN": (2,)}
    assert told(checked(both, "roads", name=["a", "b"], oneway=["no", None])[2]) == {"R-LAYER-SAMESHAPE": (2,)}
    assert told(checked(both, "roads", name=["a", "a"], oneway=["forward", "forward"])[2]) == {}
    begun_elsewhere = Polygon([(109.6, 40.1), (109.6, 40.2), (109.5, 40.2), (109.5, 40.1)])
    assert told(checked([box(109.5, 40.1, 109.6, 40.2), begun_elsewhere])[2]) == {"R-LAYER-TWIN": (2,)}


def test_points_on_one_spot_are_doubted():
    points = [Point(109.123, 40.456), Point(109.123, 40.456), Point(109.2, 40.4)]
    assert told(checked(points, "enterprises", name=["a", "b", "c"])[2]) == {"R-LAYER-COINCIDE": (2,)}


def test_coordinates_rounded_to_a_kilometre_are_doubted():
    rounded = [Point(round(109 + i / 7, 2), round(40 + i / 9, 2)) for i in range(1, 9)]
    exact = [Point(109 + i / 7, 40 + i / 9) for i in range(1, 9)]
    assert "R-LAYER-ROUNDED" in told(checked(rounded, "enterprises")[2])
    assert told(checked(exact, "enterprises")[2]) == {}
    metres = [Point(370_000 + 100 * i, 4_470_000 + 300 * i) for i in range(6)]
    assert told(checked(metres, "enterprises", 4508)[2]) == {"R-LAYER-ROUNDED": (1, 2, 3, 4, 5, 6)}


def test_coordinates_of_whole_minutes_are_doubted():
    minutes = [Point(109 + 7 * i / 60, 40 + 11 * i / 60) for i in range(1, 9)]
    for decimals in (12, 6, 4):
        written = [Point(round(p.x, decimals), round(p.y, decimals)) for p in minutes]
        assert "R-LAYER-ROUNDED" in told(checked(written, "enterprises")[2])
    seconds = [Point(p.x + i / 3600, p.y + 2 * i / 3600) for i, p in enumerate(minutes, 1)]
    assert told(checked(seconds, "enterprises")[2]) == {}


# --- lines of a network ---------------------------------------------------------------------------------


def test_loops_and_lines_without_length_are_told():
    loop = LineString([(109, 40), (109.1, 40), (109.1, 40.1), (109, 40)])
    still = LineString([(109, 40), (109, 40)])
    frame, _, notes = checked([loop, still, MultiLineString([[(110, 40), (110.1, 40)]])], "roads")
    assert len(frame) == 2 and told(notes) == {"R-LAYER-NOTHING": (2,), "R-LAYER-LOOPS": (1,)}
    assert [remark.code for remark in notes.dropped] == ["R-LAYER-NOTHING"]


@pytest.mark.parametrize(("gap_m", "told_codes"), [(0.0, {}), (0.5, {"R-LAYER-NEARMISS": (1, 2)}), (8.0, {})])
def test_ends_that_nearly_meet_are_counted_and_those_that_meet_or_lie_apart_are_not(gap_m, told_codes):
    left = LineString([(370_000, 4_470_000), (371_000, 4_470_000)])
    right = LineString([(371_000 + gap_m, 4_470_000), (372_000, 4_470_000)])
    _, faults, notes = checked([left, right], "roads", 4508)
    assert faults == [] and told(notes) == told_codes
    degrees = gpd.GeoSeries([left, right], crs=4508).to_crs(4490)
    assert told(checked(degrees, "roads")[2]) == told_codes


def test_ends_that_nearly_meet_are_counted_one_by_one():
    starts = ((370_000, 371_000), (371_000.5, 372_000))
    near = [LineString([(west, 4_470_000), (east, 4_470_000)]) for west, east in starts]
    (remark,) = checked(near, "roads", 4508)[2].warned
    assert "2 个线端" in remark.text("zh")


@pytest.mark.parametrize(
    ("gap_m", "told_codes"), [(0.0, {}), (0.5, {"R-LAYER-SHORT": (2,)}), (4.0, {"R-LAYER-SHORT": (2,)}), (6.0, {})]
)
def test_an_end_that_stops_short_of_the_middle_of_another_line_is_told(gap_m, told_codes):
    through = LineString([(370_000, 4_470_000), (371_000, 4_470_000)])
    side = LineString([(370_400, 4_470_000 + gap_m), (370_400, 4_470_300)])
    _, faults, notes = checked([through, side], "roads", 4508)
    assert faults == [] and told(notes) == told_codes


def test_a_stub_and_an_end_just_beyond_a_crossing_stop_short_of_nothing():
    through = LineString([(370_000, 4_470_000), (371_000, 4_470_000)])
    stub = LineString([(370_400, 4_470_000), (370_400, 4_470_003)])
    beyond = LineString([(370_600, 4_469_998), (370_600, 4_470_300)])
    assert told(checked([through, stub, beyond], "roads", 4508)[2]) == {}
