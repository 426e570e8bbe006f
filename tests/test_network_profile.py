"""What a vehicle may use and how fast: signs, sizes, surfaces, grades, hours, closures; by pencil.

Every road is 1000 m of a main road (60 km/h: 60 s) unless it says otherwise.
"""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pydantic import ValidationError

from gis_wufei.errors import InputError, ProblemError
from gis_wufei.network import RoadProfile, build_network
from gis_wufei.network.build import read_lines
from gis_wufei.network.closures import ClosureSpec, closures
from gis_wufei.network.conditional import Moment, said
from gis_wufei.network.costs import WHY, edge_costs
from gis_wufei.network.grades import GRAVITY_M_PER_S2, grade_kmh
from gis_wufei.network.profile import HourBan
from gis_wufei.network.slope import slope_of
from gis_wufei.network.trucks import truck_profile

SPEEDS = {"main": 60, "track": 12}
CRS = "EPSG:32650"
FAR = np.array([500_000.0, 4_000_000.0])
KM = ((0, 0), (1000, 0))


def roads(*lines, **columns):
    """A graph of roads drawn in metres; columns of the layer, ``class`` main where it says nothing."""
    shapes = [shapely.transform(shapely.LineString(line), lambda xy: xy + FAR) for line in lines or (KM,)]
    table = {"class": ["main"] * len(shapes), **columns}
    return read_lines(gpd.GeoDataFrame(table, geometry=shapes, crs=CRS))


def both(graph, **fields):
    """Seconds as drawn and against of the first edge, and why it is closed."""
    costs = edge_costs(graph, RoadProfile(speeds_kmh=SPEEDS, **fields))
    return costs.forward_s[0], costs.backward_s[0], WHY[costs.why[0]]


OPEN = (pytest.approx(60), pytest.approx(60), "")


def shut(cause):
    return (np.inf, np.inf, cause)


# --- signs ---


@pytest.mark.parametrize(
    ("tags", "fields", "result"),
    [
        ({}, {}, OPEN),
        ({"access": "private"}, {}, shut("access")),
        ({"access": "no"}, {}, shut("access")),
        ({"access": "private"}, {"signs": False}, OPEN),
        ({"access": "no", "motor_vehicle": "yes"}, {}, OPEN),  # the most particular word holds
        ({"access": "yes", "vehicle": "no"}, {}, shut("access")),
        ({"access": "no", "hgv": "yes"}, {}, OPEN),
        ({"access": "no", "hgv": "yes"}, {"vehicle": ("motorcar",)}, shut("access")),
        ({"hgv": "no"}, {}, shut("sign")),
        ({"hgv": "no"}, {"vehicle": ("motorcar",)}, OPEN),
        ({"access": "destination"}, {}, OPEN),
        ({"access": "agricultural"}, {"access": {"agricultural": "closed"}}, shut("access")),
        ({"hazmat": "no"}, {}, OPEN),
        ({"hazmat": "no"}, {"dangerous_goods": True}, shut("dangerous_goods")),
        ({"maxweight": "7.5"}, {}, OPEN),
        ({"maxweight": "7.5"}, {"gross_t": 7.5}, OPEN),  # what stands on the sign may pass
        ({"maxweight": "7.5"}, {"gross_t": 7.6}, shut("weight")),
        ({"maxweight": "7.5"}, {"gross_t": 18, "tare_t": 7, "loaded": False}, OPEN),
        ({"maxweight": "7.5"}, {"gross_t": 18, "tare_t": 7}, shut("weight")),
        ({"maxweight_t": 7.5}, {"gross_t": 18}, shut("weight")),  # our own column, a number
        ({"maxheight": "3.5"}, {"height_m": 4}, shut("height")),
        ({"maxheight": "13'6\""}, {"height_m": 4}, OPEN),
        ({"maxheight": "default"}, {"height_m": 4}, OPEN),
        ({"maxwidth": "2.2"}, {"width_m": 2.55}, shut("width")),
        ({"maxlength": "10"}, {"length_m": 12}, shut("length")),
        ({"maxaxleload": "10"}, {"axle_load_t": 11.5}, shut("axle_load")),
        ({"class": "track"}, {"banned_classes": ("track",)}, shut("class")),
        ({"maxspeed": "30"}, {}, OPEN),
        ({"maxspeed": "30"}, {"maxspeed": True}, (pytest.approx(120), pytest.approx(120), "")),
        ({"maxspeed": "90"}, {"maxspeed": True}, OPEN),
        ({"maxspeed": "90", "maxspeed:hgv": "30"}, {"maxspeed": True}, (pytest.approx(120), pytest.approx(120), "")),
        ({"oneway": "forward"}, {}, (pytest.approx(60), np.inf, "")),
        ({"oneway:hgv": "yes"}, {}, (pytest.approx(60), np.inf, "")),
        ({"oneway:hgv": "yes"}, {"vehicle": ("motorcar",)}, OPEN),
        ({"oneway": "forward", "oneway:hgv": "-1"}, {}, shut("sign")),
    ],
)  # fmt: skip
def test_a_sign_closes_a_road_to_the_vehicle_that_it_means(tags, fields, result):
    assert both(roads(**{key: [value] for key, value in tags.items()}), **fields) == result


def test_tags_of_a_fetched_layer_are_found_under_the_name_that_fetch_gives_them():
    assert both(roads(osm_hgv=["no"])) == shut("sign")


def test_a_road_to_avoid_is_open_and_slow():
    fields = {"access": {"destination": "avoid"}, "avoid_factor": 3}
    assert both(roads(access=["destination"]), **fields) == (pytest.approx(180), pytest.approx(180), "")


def test_the_first_cause_is_told_and_rows_are_counted_by_it():
    graph = roads(KM, ((0, 9), (9, 9)), hgv=["no", None], access=["private", None], maxheight=["2", "2"])
    costs = edge_costs(graph, RoadProfile(speeds_kmh=SPEEDS, height_m=4))
    assert [WHY[code] for code in costs.why] == ["sign", "height"]  # hgv is the most particular word
    assert costs.closed_rows == {"closed": 0, "banned": 0, "sign": 1, "height": 1}


def test_all_unknown_classes_are_told_at_once():
    with pytest.raises(InputError) as told:
        edge_costs(roads(**{"class": ["ice"]}), RoadProfile(speeds_kmh=SPEEDS))
    assert told.value.faults[0].facts == {"classes": "ice", "known": "main, track", "rows": 1}


def test_a_closure_may_be_rows_a_column_or_edges_and_outranks_every_sign():
    graph = roads(KM, ((0, 9), (9, 9)), hgv=["no", None])
    for closed in ([0], graph.roads.index == 0, np.array([True, False])):
        costs = edge_costs(graph, RoadProfile(speeds_kmh=SPEEDS), closed)
        assert [WHY[code] for code in costs.why] == ["closure", ""]
    with pytest.raises(ProblemError, match="one for each edge"):
        edge_costs(graph, RoadProfile(speeds_kmh=SPEEDS), np.array([True]))


# --- hours ---


@pytest.mark.parametrize(
    ("text", "hour", "day", "word"),
    [
        ("no @ (22:00-06:00)", 23, None, "no"),
        ("no @ (22:00-06:00)", 5.99, None, "no"),
        ("no @ (22:00-06:00)", 6, None, None),
        ("no @ (22:00-06:00)", None, None, None),
        ("no @ (Mo-Fr 07:00-09:00,16:00-18:00)", 17, "we", "no"),
        ("no @ (Mo-Fr 07:00-09:00,16:00-18:00)", 17, "sa", None),
        ("no @ (Mo-Fr 07:00-09:00)", 8, None, "no"),
        ("no @ (Sa-Mo 07:00-09:00)", 8, "su", "no"),
        ("no @ (Sa-Mo 07:00-09:00)", 8, "tu", None),
        ("no @ (Mo-Fr 07:00-09:00; Sa 10:00-12:00)", 11, "sa", "no"),
        ("no @ 22:00-06:00", 1, None, "no"),
        ("no @ (weight>7.5)", None, None, "no"),
        ("no @ (weight>18)", None, None, None),
        ("no @ (22:00-06:00 AND weight>7.5)", 23, None, "no"),
        ("no @ (22:00-06:00 AND weight>7.5)", 12, None, None),
        ("destination @ (07:00-19:00); no @ (19:00-07:00)", 12, None, "destination"),
    ],
)
def test_a_conditional_sign_holds_at_its_hours_days_and_weights(text, hour, day, word):
    told = said(text, Moment(hour, day, {"weight": 12.0}))
    assert (told.word, told.unread) == (word, False)


@pytest.mark.parametrize(
    "text", ["no @ (wet)", "no @ (PH)", "no", "no @ (sunset-sunrise)", "@@((", "no @ (22:00-06:00 AND wet)"]
)
def test_a_condition_that_is_not_understood_does_not_hold_and_is_told(text):
    assert said(text, Moment(23, "mo")) == said(text, Moment(23, "mo"))
    assert said(text, Moment(23, "mo")).unread and said(text, Moment(23, "mo")).word is None


def test_a_ban_of_the_night_closes_a_road_at_night_alone():
    graph = roads(**{"hgv:conditional": ["no @ (22:00-06:00)"]})
    assert both(graph) == both(graph, at_hour=12) == OPEN
    assert both(graph, at_hour=23) == shut("time")
    odd = edge_costs(roads(**{"hgv:conditional": ["no @ (snow)"]}), RoadProfile(speeds_kmh=SPEEDS))
    assert odd.unread == 1 and odd.why[0] == 0


def test_a_road_closed_by_day_may_be_opened_by_its_condition():
    graph = roads(**{"motor_vehicle": ["no"], "motor_vehicle:conditional": ["yes @ (06:00-10:00)"]})
    assert both(graph, at_hour=8) == OPEN and both(graph, at_hour=12) == shut("access")


def test_the_profile_s_own_bans_hold_for_classes_at_hours():
    ban = HourBan(classes=("main",), begin=22, until=6, source="a local notice")
    assert both(roads(), hour_bans=(ban,), at_hour=2) == shut("time")
    assert both(roads(), hour_bans=(ban,), at_hour=6) == both(roads(), hour_bans=(ban,)) == OPEN


# --- ground ---


def test_a_surface_slows_by_its_factor_but_not_the_class_whose_speed_is_told_for_it():
    """Tracks drive 12 km/h on gravel (300 s a kilometre): sand halves that, gravel and asphalt leave it."""
    fields = {
        "surface_factor": {"asphalt": 1.0, "gravel": 0.5, "sand": 0.25, "grade5": 0.25},
        "class_surface": {"track": "gravel"},
    }
    expected = {("main", "gravel"): 120, ("main", "asphalt"): 60, ("main", None): 60, ("main", "lava"): 60}
    expected |= {("track", "gravel"): 300, ("track", "sand"): 600, ("track", "asphalt"): 300, ("track", None): 300}
    for (name, surface), seconds in expected.items():
        assert both(roads(**{"class": [name], "surface": [surface]}), **fields)[0] == pytest.approx(seconds), (
            name,
            surface,
        )
    assert both(roads(tracktype=["grade5"]), **fields)[0] == pytest.approx(240)
    assert both(roads(surface=[None]), unknown_surface="gravel", **fields)[0] == pytest.approx(120)


def test_power_bounds_the_climb_and_brakes_the_descent():
    """10 t, 98.0665 kW, no rolling, no air: 10 % up is 98066.5 N x 0.1 against 98066.5 W, that is 10 m/s."""
    profile = RoadProfile(speeds_kmh=SPEEDS, gross_t=10, power_kw=10 * GRAVITY_M_PER_S2, brake_kw=20 * GRAVITY_M_PER_S2)
    assert grade_kmh(profile, np.array([0.10, 0.05, -0.10, -0.20])) == pytest.approx([36, 72, 72, 36], abs=0.01)
    assert grade_kmh(profile, np.array([0.0]))[0] >= 199
    slow = profile.model_copy(update={"power_kw": 1.0})
    assert grade_kmh(slow, np.array([0.2]))[0] == slow.crawl_kmh
    assert np.isinf(grade_kmh(RoadProfile(speeds_kmh=SPEEDS), np.array([0.1]))[0])


def test_empty_trucks_climb_faster_than_loaded_ones_and_all_keep_the_speeds_of_the_level():
    for kind in ("light", "medium", "heavy", "articulated"):
        loaded, empty = truck_profile(kind), truck_profile(kind, loaded=False)
        grades = np.arange(0.01, 0.15, 0.01)
        assert (grade_kmh(empty, grades) > grade_kmh(loaded, grades)).all()
        assert (np.diff(grade_kmh(loaded, grades)) <= 0).all()
        assert grade_kmh(loaded, np.zeros(1))[0] >= 75


def test_grades_make_the_way_up_slower_than_the_way_down():
    profile = RoadProfile(speeds_kmh=SPEEDS, gross_t=10, power_kw=10 * GRAVITY_M_PER_S2)
    graph = roads()
    costs = edge_costs(graph, profile, slope=np.array([0.10]))
    assert (costs.forward_s[0], costs.backward_s[0]) == (pytest.approx(100, abs=0.05), pytest.approx(60))
    assert costs.kmh["main"] == pytest.approx(2 / 160 * 3600, abs=0.05)


def hill(tmp_path, height, cell=10.0, size=200, nodata=None):
    """A height raster around the roads: ``height(x, y)`` in metres from the corner ``FAR``."""
    origin = FAR + np.array([-500, size * cell - 500])
    x = origin[0] + (np.arange(size) + 0.5) * cell - FAR[0]
    y = origin[1] - (np.arange(size) + 0.5) * cell - FAR[1]
    band = height(*np.meshgrid(x, y)).astype(np.float32)
    path = tmp_path / "dem.tif"
    profile = {
        "driver": "GTiff",
        "width": size,
        "height": size,
        "count": 1,
        "dtype": "float32",
        "crs": CRS,
        "nodata": nodata,
    }
    with rasterio.open(path, "w", transform=Affine(cell, 0, origin[0], 0, -cell, origin[1]), **profile) as target:
        target.write(band, 1)
    return path


def test_an_even_slope_is_read_to_the_digit_and_against_the_drawing_it_falls(tmp_path):
    graph = roads(KM, ((1000, 0), (1000, 500)), ((900, 500), (100, 500)))
    slopes = slope_of(graph, hill(tmp_path, lambda x, y: 0.05 * x))
    assert slopes.rise_m_per_m == pytest.approx([0.05, 0, -0.05], abs=1e-3)  # smoothing takes a hair at the ends
    exact = slope_of(graph, hill(tmp_path, lambda x, y: 0.05 * x), smooth_m=0)
    assert exact.rise_m_per_m == pytest.approx([0.05, 0, -0.05], abs=1e-6)
    assert np.add.reduceat(slopes.share, slopes.offset[:-1]) == pytest.approx([1, 1, 1])
    assert np.diff(slopes.offset).tolist() == [34, 17, 27]  # pieces of at most 30 m
    assert slopes.unknown == 0


def test_a_bridge_takes_the_straight_grade_between_its_ends_over_the_valley_and_its_own_junctions(tmp_path):
    """Road, bridge of two pieces over a valley 80 m deep, road: from 10 m to 30 m over 400 m."""
    graph = roads(
        ((0, 0), (200, 0)), ((200, 0), (400, 0)), ((400, 0), (600, 0)), ((600, 0), (800, 0)),
        bridge=[False, True, True, False],
    )  # fmt: skip
    valley = lambda x, y: np.where(x < 250, 10.0, np.where(x > 550, 30.0, -80.0))  # noqa: E731
    slopes = slope_of(graph, hill(tmp_path, valley), smooth_m=0)
    pieces = [slopes.grade[a:b] for a, b in zip(slopes.offset[:-1], slopes.offset[1:], strict=True)]
    for flat in (pieces[0], pieces[3]):
        assert flat == pytest.approx(np.zeros(len(flat)), abs=1e-6)
    for span in pieces[1:3]:
        assert span == pytest.approx(np.full(len(span), 20 / 400), abs=1e-6)


def test_noise_of_the_raster_is_smoothed_and_what_no_road_has_is_cut(tmp_path):
    noise = np.random.default_rng(7).normal(0, 2, (200, 200))
    graph = roads()
    path = hill(tmp_path, lambda x, y: noise)
    rough, smooth = slope_of(graph, path, smooth_m=0), slope_of(graph, path)
    assert np.abs(smooth.grade).mean() < np.abs(rough.grade).mean() / 2
    cliff = slope_of(graph, hill(tmp_path, lambda x, y: np.where(x > 500, 900.0, 0.0)))
    assert np.abs(cliff.grade).max() == pytest.approx(0.20)


def test_where_the_raster_has_no_heights_the_road_is_level_and_counted(tmp_path):
    graph = roads(KM, ((50_000, 0), (51_000, 0)))
    slopes = slope_of(graph, hill(tmp_path, lambda x, y: np.where(x < 500, 7.0, -9999.0), nodata=-9999.0))
    assert slopes.unknown == 2 and np.abs(slopes.grade).max() < 1e-9


# --- trucks of the standards ---


def test_dangerous_goods_are_capped_and_closed_out_by_their_sign():
    plain, danger = truck_profile("medium"), truck_profile("medium", dangerous_goods=True)
    assert (
        danger.speeds_kmh["expressway"] == 75
        and max(v for k, v in danger.speeds_kmh.items() if k != "expressway") <= 60
    )
    fast = truck_profile("medium", dangerous_goods=True, speeds_kmh={"expressway": 100, "national": 80})
    assert (fast.speeds_kmh["expressway"], fast.speeds_kmh["national"]) == (80, 60)
    assert danger.dangerous_goods and not plain.dangerous_goods


def test_a_long_truck_turns_at_dead_ends_and_any_field_may_be_set():
    assert truck_profile("articulated").u_turns == "dead_ends" and truck_profile("light").u_turns == "anywhere"
    assert truck_profile("heavy", height_m=3.2, at_hour=5).height_m == 3.2
    assert truck_profile("heavy", loaded=False).mass_t == 11
    with pytest.raises(KeyError):
        truck_profile("zeppelin")
    with pytest.raises(ValidationError):
        truck_profile("heavy", wings=2)


# --- closures ---


def loop():
    """A direct road of 1000 m and a way round of 3000 m between two places, and a spur of 500 m at the far end."""
    far = ((0, 0), (0, 1000), (1000, 1000), (1000, 0))
    return roads(KM, far, ((1000, 0), (1500, 0)), surface=["sand", "asphalt", "asphalt"], name=["ford", "ring", "spur"])


@pytest.mark.parametrize(
    ("rule", "when", "shut_names"),
    [
        ({"rows": (0,)}, None, ["ford"]),
        ({"where": {"surface": ("sand",)}}, None, ["ford"]),
        ({"where": {"class": ("main",), "name": ("ring", "spur")}}, None, ["ring", "spur"]),
        ({"rows": (0,), "months": (7, 8)}, 7, ["ford"]),
        ({"rows": (0,), "months": (7, 8)}, date(2026, 9, 1), []),
        ({"rows": (0,), "begin": "11-15", "until": "03-20"}, date(2026, 3, 20), ["ford"]),
        ({"rows": (0,), "begin": "11-15", "until": "03-20"}, date(2026, 3, 21), []),
        ({"rows": (0,), "begin": "11-15", "until": "03-20"}, date(2026, 12, 1), ["ford"]),
        ({"rows": (0,), "begin": "11-15", "until": "03-20"}, 3, ["ford"]),
        ({"rows": (0,), "begin": "11-15", "until": "03-20"}, 4, []),
        ({"layer": "flood"}, None, ["spur"]),
        ({"layer": "gully", "within_m": 5}, None, ["ford"]),
        ({"layer": "gully", "within_m": 1}, None, []),
        ({"layer": "flood", "where": {"name": ("ford",)}}, None, []),
    ],
)
def test_a_rule_closes_the_roads_that_it_names_in_its_season(rule, when, shut_names):
    flood, gully = shapely.box(1100, -50, 1200, 50), shapely.Point(500, 3)
    layers = {
        name: gpd.GeoDataFrame(geometry=[shapely.transform(shape, lambda xy: xy + FAR)], crs=CRS).to_crs(4326)
        for name, shape in (("flood", flood), ("gully", gully))
    }
    graph = loop()
    made = closures(graph, [ClosureSpec(label="one", **rule)], when, layers)
    assert graph.roads["name"].iloc[np.unique(graph.row[made.edges])].tolist() == shut_names
    assert made.km["one"] == pytest.approx(graph.length_m[made.edges].sum() / 1000)
    assert set(made.rule[made.edges]) <= {0} and (made.rule[~made.edges] == -1).all()


def test_a_rule_that_names_no_road_or_half_a_season_or_what_is_not_there_is_refused():
    for wrong in ({}, {"rows": (0,), "begin": "01-01"}, {"rows": (0,), "months": (13,)}):
        with pytest.raises(ValidationError):
            ClosureSpec(label="x", **wrong)
    for wrong, word in (({"rows": (9,)}, "9"), ({"where": {"mood": ("bad",)}}, "mood"), ({"layer": "flood"}, "flood")):
        with pytest.raises(InputError, match=word):
            closures(loop(), [ClosureSpec(label="x", **wrong)])


# --- profile ---


def test_a_bare_profile_and_its_bounds():
    profile = RoadProfile(speeds_kmh=SPEEDS)
    assert profile.mass_t is None and profile.speed_m_per_s("main") == pytest.approx(16.667, abs=0.001)
    for wrong in (
        {"at_hour": 25},
        {"u_turns": "never"},
        {"access": {"no": "maybe"}},
        {"gross_t": 0},
        {"avoid_factor": 0.5},
    ):
        with pytest.raises(ValidationError):
            RoadProfile(speeds_kmh=SPEEDS, **wrong)


def test_a_profile_of_speeds_alone_is_what_it_was():
    lines = gpd.GeoDataFrame({"class": ["main"]}, geometry=[shapely.LineString(KM)], crs=CRS)
    network = build_network(lines, RoadProfile(speeds_kmh=SPEEDS))
    assert network.costs.forward_s.tolist() == pytest.approx([60])
