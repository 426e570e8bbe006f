"""Where numbers lie: one reading is taken, two are refused with what to write, and no datum is shifted in silence.

Each fault stands beside its sound twin. The place is 109.9 E, 40.4 N, between the three-degree zones 36 and 37.
"""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import prcoords
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from gis_wufei.crs import WGS84, area_crs, in_china, metric_crs, prefixed_zone, three_degree_zone, transformer
from gis_wufei.errors import InputError
from gis_wufei.layers import LayerSpec, gather, open_layer
from gis_wufei.layers.datum import settle
from gis_wufei.layers.fits import fits, told
from gis_wufei.layers.webmap import from_webmap, to_webmap, webmap

PLACES = [(109.9, 40.4), (109.95, 40.42), (110.0, 40.38)]
UTM_ROMA = [(291_000.0, 4_641_000.0), (292_000.0, 4_642_000.0), (293_000.0, 4_640_000.0)]


def spec(**more):
    return LayerSpec.model_validate({"path": "places.gpkg", "role": "context", **more})


def frame(places, crs=None):
    made = gpd.GeoDataFrame(geometry=[shapely.Point(place) for place in places], crs=crs)
    made.insert(0, "row", range(1, len(made) + 1))
    return made


def in_system(code, places=PLACES):
    """The places as numbers of a system, x east."""
    return [transformer(WGS84, CRS.from_user_input(code)).transform(*place) for place in places]


def turned(places):
    return [(y, x) for x, y in places]


def settled(places, crs=None, implied=False, **more):
    return settle(frame(places, crs), spec(**more), "places.gpkg", implied)


def fault_of(places, crs=None, implied=False, **more):
    (fault,) = settled(places, crs, implied, **more).faults
    for lang in ("zh", "en"):
        assert fault.text(lang).startswith(f"places.gpkg: {fault.code} ")
    return fault


def lies(out, places=PLACES, metres=1.0):
    """Whether the settled frame lies at the places."""
    assert out.faults == []
    found = shapely.get_coordinates(out.frame.to_crs(4326).geometry.to_numpy())
    return bool(np.abs(found - np.array(places)).max() < metres / 85_000)


# --- no system -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "lines"),
    [
        ("EPSG:4326", ["crs: EPSG:4490", "crs: EPSG:4326"]),
        ("EPSG:4525", ["crs: EPSG:4525 "]),  # zone 37 before the easting
        ("EPSG:4524", ["crs: EPSG:4524 "]),  # the same place in zone 36
        ("EPSG:4497", ["crs: EPSG:4497 "]),  # six degrees, zone 19
        ("EPSG:3857", ["crs: EPSG:3857 "]),
        ("EPSG:4546", ["EPSG:4534", "4546 (111°E)", "UTM"]),  # six digits do not tell their meridian
    ],
)
def test_a_file_without_a_system_is_told_which_ones_its_numbers_fit_and_what_to_write(system, lines):
    fault = fault_of(in_system(system))
    assert fault.code == "E-LAYER-004"
    for line in lines:
        assert line in fault.text("en") and line in fault.text("zh")


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:4525", "EPSG:4546"])
def test_the_fit_of_numbers_that_are_exchanged_says_so(system):
    fault = fault_of(turned(in_system(system)))
    assert fault.code == "E-LAYER-004" and "swap_axes: true" in fault.text("en")


def test_numbers_that_fit_two_systems_are_told_both():
    # 14 500 000 m is zone 14 before half a million, and 130 E in Web Mercator.
    assert [fit.code for fit in fits((14_450_000, 4_700_000, 14_550_000, 4_800_000))] == ["EPSG:4492", "EPSG:3857"]


def test_numbers_of_a_local_system_fit_none_and_that_is_told():
    assert fits((1200.0, 3400.0, 5600.0, 7800.0)) == [] and "local" in told((1200.0, 3400.0, 5600.0, 7800.0)).en


@pytest.mark.parametrize("system", ["EPSG:4490", "EPSG:4525", "EPSG:4508", "EPSG:3857", "EPSG:32649"])
def test_a_declared_system_settles_a_file_that_states_none(system):
    assert lies(settle(frame(in_system(system)), spec(crs=system), "places.gpkg"))


@pytest.mark.parametrize("name", ["Undefined Cartesian SRS", "Undefined geographic SRS"])
def test_a_geopackage_that_says_it_has_no_system_has_none(name):
    kind = "ENGCRS" if "Cartesian" in name else "GEOGCRS"
    datum = 'EDATUM["x"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]'
    if kind == "GEOGCRS":
        datum = 'DATUM["unknown",ELLIPSOID["unknown",6378137,298.257223563]],CS[ellipsoidal,2],'
        datum += 'AXIS["lat",north],AXIS["lon",east],ANGLEUNIT["degree",0.0174532925199433]'
    assert fault_of(PLACES, CRS.from_wkt(f'{kind}["{name}",{datum}]')).code == "E-LAYER-004"


# --- a stated system and its sound twin ------------------------------------------------------------


@pytest.mark.parametrize(
    "system",
    ["EPSG:4326", "EPSG:4490", "EPSG:4525", "EPSG:4524", "EPSG:4546", "EPSG:4545", "EPSG:4508", "EPSG:4497",
     "EPSG:32649", "EPSG:3857", "EPSG:4490+5737"],
)  # fmt: skip
def test_numbers_in_the_system_that_a_file_states_pass_without_a_word(system):
    out = settled(in_system(system), system)
    assert lies(out) and out.repaired == out.warned == []


def test_a_county_across_a_zone_border_may_stand_in_either_zone():
    west = [(108.9, 40.0), (110.8, 40.9)]
    for system in ("EPSG:4524", "EPSG:4525", "EPSG:4545", "EPSG:4546"):
        out = settled(in_system(system, west), system)
        assert lies(out, west) and out.warned == []


@pytest.mark.parametrize(("stated", "declared"), [("EPSG:4326", "EPSG:4490"), ("EPSG:4546", "EPSG:4508")])
def test_systems_that_are_one_where_the_layer_lies_do_not_contradict_each_other(stated, declared):
    assert lies(settle(frame(in_system(stated), stated), spec(crs=declared), "places.gpkg"))


def test_a_declared_system_against_the_stated_one_is_refused_until_the_study_overrides_it():
    numbers = in_system("EPSG:4525")
    fault = settle(frame(numbers, "EPSG:4524"), spec(crs="EPSG:4525"), "f").faults[0]
    assert fault.code == "E-LAYER-023" and "override_crs: true" in fault.text("zh")
    out = settle(frame(numbers, "EPSG:4524"), spec(crs="EPSG:4525", override_crs=True), "f")
    assert lies(out) and [remark.code for remark in out.repaired] == ["R-LAYER-OVERRIDE"]
    assert "4524" in out.repaired[0].text("zh") and "4525" in out.repaired[0].text("en")


def test_a_list_without_a_word_on_its_system_yields_to_a_declared_one_but_not_against_its_numbers():
    metres = in_system("EPSG:4508")
    assert lies(settle(frame(metres, 4326), spec(crs="EPSG:4508"), "f", implied=True))
    assert settle(frame(PLACES, 4326), spec(crs="EPSG:4508"), "f", implied=True).faults[0].code == "E-LAYER-040"
    assert lies(settle(frame(PLACES, 4326), spec(crs="EPSG:4490"), "f", implied=True))


@pytest.mark.parametrize("name", ["CGCS2000", "cgcs 2000", "国家2000", "WGS84", "WGS-84", "4490", " EPSG:4490 "])
def test_the_usual_names_of_a_system_are_known(name):
    assert lies(settle(frame(PLACES), spec(crs=name), "f"))


@pytest.mark.parametrize("name", ["西安80", "Beijing 1954", "北京54"])
def test_an_old_system_declared_by_its_usual_name_is_refused_for_its_datum(name):
    assert settle(frame(PLACES), spec(crs=name), "f").faults[0].code == "E-LAYER-046"


def test_a_system_that_nobody_knows_is_told():
    assert settle(frame(PLACES), spec(crs="EPSG:1"), "f").faults[0].code == "E-LAYER-016"


def test_an_override_without_a_system_is_refused():
    assert fault_of(PLACES, 4326, override_crs=True).code == "E-LAYER-050"


# --- impossible numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["EPSG:4525", "EPSG:3857", "EPSG:4546"])
def test_metres_are_no_degrees(system):
    fault = fault_of(in_system(system), 4326)
    assert fault.code == "E-LAYER-040" and fault.facts["rows"] == "1, 2, 3"
    assert system.removeprefix("EPSG:") in fault.text("en")


@pytest.mark.parametrize("system", ["EPSG:4525", "EPSG:4508", "EPSG:3857", "EPSG:32649"])
def test_degrees_are_no_metres(system):
    fault = fault_of(PLACES, system)
    assert fault.code == "E-LAYER-040" and "EPSG:4490" in fault.text("en")


def test_a_list_of_metres_without_a_word_on_them_states_no_system_and_single_rows_of_metres_are_named():
    assert fault_of(in_system("EPSG:4525"), 4326, implied=True).code == "E-LAYER-004"
    numbers = [PLACES[0], *in_system("EPSG:4525")]
    fault = fault_of(numbers, 4326, implied=True)
    assert (fault.code, fault.facts["rows"]) == ("E-LAYER-040", "2, 3, 4")


def test_a_few_rows_of_degrees_in_a_file_of_metres_are_named():
    numbers = [*in_system("EPSG:4508"), PLACES[0]]
    assert (fault_of(numbers, 4508).code, fault_of(numbers, 4508).facts["rows"]) == ("E-LAYER-040", "4")


def test_what_web_mercator_cannot_hold_is_impossible_there():
    assert fault_of(in_system("EPSG:4525"), 3857).code == "E-LAYER-040"


# --- exchanged axes --------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:4490", "EPSG:4525", "EPSG:4508", "EPSG:32649"])
def test_exchanged_axes_are_refused_and_put_right_when_asked_for(system):
    numbers = turned(in_system(system))
    fault = fault_of(numbers, system)
    assert fault.code == "E-LAYER-041" and fault.facts["rows"] == "1, 2, 3" and "swap_axes" in fault.text("zh")
    out = settled(numbers, system, swap_axes=True)
    assert lies(out) and [(remark.code, remark.count) for remark in out.repaired] == [("R-LAYER-SWAPPED", 3)]


@pytest.mark.parametrize("system", ["EPSG:4326", "EPSG:4525", "EPSG:4508"])
def test_a_few_rows_that_are_exchanged_are_named_and_they_alone_are_put_right(system):
    numbers = in_system(system)
    numbers[1] = numbers[1][::-1]
    assert fault_of(numbers, system).facts["rows"] == "2"
    out = settled(numbers, system, swap_axes=True)
    assert lies(out) and out.repaired[0].rows == (2,)


def test_exchanged_degrees_of_western_china_are_known_though_they_are_a_place_in_the_arctic():
    kashgar = [(75.99, 39.47), (76.1, 39.5), (75.9, 39.4)]
    assert fault_of(turned(kashgar), 4326).code == "E-LAYER-041"
    assert lies(settled(kashgar, 4326), kashgar)


@pytest.mark.parametrize(
    ("places", "why"),
    [
        ([(15.6, 78.2), (16.0, 78.3), (15.2, 78.1)], "Longyearbyen lies at 78 N"),
        ([(14.4, 35.9), (14.5, 35.8), (14.2, 36.0)], "Malta, which fits either way"),
        ([(30.0, 31.0), (31.2, 30.0)], "Egypt, where x and y are alike"),
        ([(-70.6, -33.4), (-70.7, -33.5)], "Santiago"),
        ([(109.9, 40.4), (14.5, 35.8), (37.6, 55.7)], "receivers all over the world"),
    ],
)
def test_sound_degrees_elsewhere_are_left_alone(places, why):
    out = settled(places, 4326)
    assert lies(out, places) and out.warned == [], why


def test_one_exchanged_row_outside_china_stands_out_among_the_others():
    places = [(14.4, 35.9), (14.5, 35.8), (14.2, 36.0), (14.3, 35.95), (35.9, 14.4)]
    assert fault_of(places, 4326).facts["rows"] == "5"


def test_metres_elsewhere_are_left_alone():
    assert settled(UTM_ROMA, 32633).faults == []
    tropics = in_system("EPSG:32636", [(30.0, 1.0), (33.0, 4.0), (29.6, -1.4)])
    assert settled(tropics, 32636).faults == []


def test_an_exchange_that_is_asked_for_although_nothing_is_exchanged_is_refused():
    assert fault_of(PLACES, 4326, swap_axes=True).code == "E-LAYER-049"
    assert fault_of(in_system("EPSG:4525"), 4525, swap_axes=True).code == "E-LAYER-049"


def test_where_the_numbers_do_not_tell_the_study_decides():
    malta = [(14.4, 35.9), (14.5, 35.8), (14.2, 36.0)]
    assert lies(settled(turned(malta), 4326, swap_axes=True), malta)


# --- Gauss-Krueger zones -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "stated", "code", "likely"),
    [
        ("EPSG:4525", "EPSG:4546", "E-LAYER-042", "EPSG:4525"),  # zone number against a system without
        ("EPSG:4497", "EPSG:4508", "E-LAYER-042", "EPSG:4497"),
        ("EPSG:4525", "EPSG:32649", "E-LAYER-042", "EPSG:4525"),
        ("EPSG:4546", "EPSG:4525", "E-LAYER-042", "EPSG:4546"),  # and the other way round
        ("EPSG:4508", "EPSG:4497", "E-LAYER-042", "EPSG:4508"),
        ("EPSG:4524", "EPSG:4525", "E-LAYER-043", "EPSG:4524"),  # the next zone's number
        ("EPSG:4497", "EPSG:4525", "E-LAYER-043", "EPSG:4497"),
    ],
)
def test_a_zone_number_that_the_system_does_not_want_is_refused_with_the_likely_code(numbers, stated, code, likely):
    fault = fault_of(in_system(numbers), stated)
    assert fault.code == code and f"crs: {likely} " in fault.text("en") and "override_crs: true" in fault.text("zh")
    out = settle(frame(in_system(numbers), stated), spec(crs=likely, override_crs=True), "f")
    assert lies(out) and out.repaired[0].code == "R-LAYER-OVERRIDE"


def test_a_file_with_rows_of_two_zones_is_refused_with_those_of_the_other():
    numbers = [*in_system("EPSG:4525"), *in_system("EPSG:4524")[:1]]
    fault = fault_of(numbers, 4525)
    assert (fault.code, fault.facts["rows"]) == ("E-LAYER-043", "4")


def test_a_countys_own_meridian_is_a_system_like_any_other():
    own = CRS.from_proj4("+proj=tmerc +lon_0=109.5 +x_0=500000 +datum=WGS84 +units=m")
    assert lies(settled([transformer(WGS84, own).transform(*place) for place in PLACES], own))


def test_a_layer_far_from_the_zone_of_its_system_is_doubted_and_one_beside_it_is_not():
    out = settled(in_system("EPSG:4547"), 4547)  # 112.5 to 115.5 E
    assert lies(out) and [remark.code for remark in out.warned] == ["R-LAYER-ZONE"]
    assert "109.95" in out.warned[0].text("en")


# --- datums ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "twin"),
    [
        ("EPSG:4214", "EPSG:4490"),
        ("EPSG:4610", "EPSG:4490"),
        ("EPSG:4555", "EPSG:4490"),
        ("+proj=longlat +ellps=krass", "EPSG:4490"),
        ("EPSG:2414", "EPSG:4526"),  # Beijing 1954, zone 38: in the Ordos PROJ knows a transformation to 15 m
        ("EPSG:2333", "EPSG:4497"),  # Xian 1980, zone 19
    ],
)
def test_an_old_datum_is_refused_without_parameters_and_its_twin_of_today_is_not(system, twin):
    numbers = in_system(twin)
    assert lies(settled(numbers, twin))
    fault = fault_of(numbers, system)
    assert fault.code == "E-LAYER-046" and "+towgs84" in fault.text("zh") and "+towgs84" in fault.text("en")


KRASS = "+proj=tmerc +lon_0=111 +x_0=500000 +ellps=krass +units=m"


def test_an_old_datum_with_its_parameters_is_taken_and_told_and_seven_zeros_are_none():
    numbers = in_system(f"{KRASS} +towgs84=15.8,-154.4,-82.3")
    given = spec(crs=f"{KRASS} +towgs84=15.8,-154.4,-82.3,0,0,0,0", override_crs=True)
    out = settle(frame(numbers, 4546), given, "f")
    assert lies(out) and [remark.code for remark in out.warned] == ["R-LAYER-PARAMETERS"]
    zeros = spec(crs=f"{KRASS} +towgs84=0,0,0,0,0,0,0", override_crs=True)
    assert settle(frame(numbers, 4546), zeros, "f").faults[0].code == "E-LAYER-046"


def test_xian_80_with_its_parameters_is_taken_too():
    xian = "+proj=tmerc +lon_0=111 +x_0=500000 +a=6378140 +rf=298.257 +units=m +towgs84=-24,12,6,0,0,0,0"
    out = settle(frame(in_system(xian), 2382), spec(crs=xian, override_crs=True), "f")
    assert lies(out) and [remark.code for remark in out.warned] == ["R-LAYER-PARAMETERS"]
    assert settle(frame(in_system("EPSG:4546"), 2382), spec(), "f").faults[0].code == "E-LAYER-046"


def test_an_old_datum_is_taken_with_its_accuracy_where_proj_knows_it_to_a_metre_or_two():
    hotan = [(79.9, 37.1), (80.0, 37.2)]  # in the Tarim basin
    out = settled(hotan, 4214)
    assert out.faults == [] and [remark.code for remark in out.warned] == ["R-LAYER-DATUM"]
    assert "1 米" in out.warned[0].text("zh")
    assert fault_of([(87.9, 41.9), (88.1, 42.0)], 4214).code == "E-LAYER-046"  # half outside
    assert fault_of(hotan, 4610).code == "E-LAYER-046"


def test_a_rough_datum_is_told_with_its_accuracy_and_a_good_one_is_not():
    (remark,) = settled([(-100.0, 40.0), (-100.1, 40.1)], 4267).warned  # NAD27, without its grids
    assert remark.code == "R-LAYER-DATUM" and any(digit.isdigit() for digit in remark.text("en"))
    assert settled([(14.4, 35.9), (14.5, 35.8)], 4258).warned == []  # ETRS89


def test_an_ellipsoid_without_a_datum_is_taken_with_a_warning():
    own = CRS.from_proj4("+proj=tmerc +lon_0=109.5 +x_0=500000 +ellps=GRS80 +units=m")
    out = settled([transformer(WGS84, own).transform(*place) for place in PLACES], own)
    assert lies(out) and [remark.code for remark in out.warned] == ["R-LAYER-NODATUM"]


def test_a_local_system_is_refused():
    local = CRS.from_wkt('LOCAL_CS["mine grid",UNIT["m",1]]')
    assert fault_of([(1200.0, 3400.0), (1300.0, 3500.0)], local).code == "E-LAYER-044"


@pytest.mark.parametrize("code", ["EPSG:4978", "EPSG:5737"])
def test_a_system_that_is_not_of_maps_is_refused(code):
    assert settle(frame(PLACES), spec(crs=code), "f").faults[0].code == "E-LAYER-048"


# --- online maps -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "datum"),
    [
        ("GCJ-02", "GCJ-02"), ("gcj02", "GCJ-02"), ("GCJ_02", "GCJ-02"), ("火星坐标", "GCJ-02"), ("高德", "GCJ-02"),
        ("BD-09", "BD-09"), ("bd09ll", "BD-09"), ("百度", "BD-09"), ("EPSG:4490", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_the_names_of_online_maps_are_known_in_their_usual_spellings(word, datum):
    assert webmap(word) == datum


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_the_shift_is_that_of_prcoords_and_undone_it_is_nothing(datum):
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(75, 134, 200), rng.uniform(20, 52, 200)
    shown = [prcoords.wgs_gcj((y, x)) for x, y in zip(lon, lat, strict=True)]
    if datum == "BD-09":
        shown = [prcoords.gcj_bd(place) for place in shown]
    x, y = to_webmap(datum, lon, lat)
    assert np.allclose(x, [place.lon for place in shown], atol=1e-12, rtol=0)
    assert np.allclose(y, [place.lat for place in shown], atol=1e-12, rtol=0)
    back = from_webmap(datum, x, y)
    assert np.abs(back[0] - lon).max() < 1e-10 and np.abs(back[1] - lat).max() < 1e-10


def shown(datum, places=PLACES):
    x, y = to_webmap(datum, *np.array(places).T)
    return list(zip(x, y, strict=True))


@pytest.mark.parametrize("word", ["GCJ-02", "gcj-02", "高德", "BD-09", "百度"])
@pytest.mark.parametrize("stated", [None, "EPSG:4326", "EPSG:4490"])
def test_declared_places_of_an_online_map_are_turned_into_wgs_84_and_told(word, stated):
    datum = webmap(word)
    out = settle(frame(shown(datum), stated), spec(crs=word), "f")
    assert lies(out, metres=0.01) and out.frame.crs == WGS84 and out.datum == datum
    (remark,) = out.repaired
    assert (remark.code, remark.count) == ("R-LAYER-OFFSET", 3) and datum in remark.text("zh")
    assert 400 < remark.facts["metres"] < 1500


def test_web_mercator_of_an_online_map_is_undone_too():
    numbers = in_system("EPSG:3857", shown("GCJ-02"))
    assert lies(settle(frame(numbers, 3857), spec(crs="GCJ-02"), "f"), metres=0.01)


def test_rows_of_an_online_map_outside_china_have_two_readings():
    places = [*shown("GCJ-02"), (106.9, 47.9)]  # Ulaanbaatar
    fault = settle(frame(places), spec(crs="GCJ-02"), "f").faults[0]
    assert (fault.code, fault.facts["rows"]) == ("E-LAYER-047", "4")


def test_degrees_declared_as_an_online_map_are_checked_like_any_others():
    out = settle(frame(turned(shown("GCJ-02"))), spec(crs="GCJ-02"), "f")
    assert [fault.code for fault in out.faults] == ["E-LAYER-041"]
    assert settle(frame(in_system("EPSG:4525")), spec(crs="GCJ-02"), "f").faults[0].code == "E-LAYER-040"


# --- anywhere ---


@st.composite
def places_in_china(draw):
    """Three places within a few kilometres, well inside China, each with the three-degree meridian beside it."""
    lon, lat = draw(
        st.sampled_from([(76.0, 39.5), (87.6, 43.8), (91.1, 29.6), (109.9, 40.4), (121.4, 31.2), (130.0, 46.8)])
    )
    x, y = draw(st.floats(-0.3, 0.3)), draw(st.floats(-0.3, 0.3))
    return [(lon + x, lat + y), (lon + x + 0.03, lat + y + 0.02), (lon + x - 0.01, lat + y - 0.03)]


@pytest.mark.parametrize("code", ["EPSG:4525", "EPSG:4497", "EPSG:4546", "EPSG:4508"])
@pytest.mark.parametrize("places", [[(5000, 5000), (5200, 5100)], [(1200, 48_000), (50_000, 1500), (20_000, 9000)]])
def test_coordinates_from_a_point_of_the_surveyors_own_have_no_place_in_any_system(code, places):
    fault = fault_of(places, code)
    assert fault.code == "E-LAYER-053" and fault.facts["x"] == places[0][0]
    assert fault.rows_meant.numbers == tuple(range(1, len(places) + 1))


def test_numbers_that_fit_another_system_name_it_and_the_neighbouring_zones_are_only_doubted():
    fault = fault_of(in_system("EPSG:4525"), "EPSG:3577")  # Australia's
    assert fault.code == "E-LAYER-040" and "EPSG:4525" in fault.text("zh")
    for lon in (96.0, 106.6, 109.6, 112.4, 115.0, 126.0):  # of 109.5 to 112.5
        places = [(lon + i / 100, 40.4) for i in range(3)]
        out = settled(in_system("EPSG:4546", places), "EPSG:4546")
        assert lies(out, places) and {remark.code for remark in out.warned} <= {"R-LAYER-ZONE"}


@settings(max_examples=60, deadline=None)
@given(places_in_china(), st.sampled_from(["lonlat", "bare", "numbered", "six", "utm", "mercator"]))
def test_sound_numbers_of_every_kind_of_system_pass_anywhere_in_china_and_exchanged_they_do_not(places, kind):
    lon = places[0][0]
    three, six, utm = round(lon / 3) * 3, int(lon // 6) * 6 + 3, int(lon + 180) // 6 + 1
    code = {
        "lonlat": 4490,
        "bare": three_degree_zone(three),
        "numbered": prefixed_zone(three // 3),
        "six": prefixed_zone((six + 3) // 6),
        "utm": 32600 + utm,
        "mercator": 3857,
    }[kind]
    numbers = in_system(f"EPSG:{code}", places)
    out = settled(numbers, code)
    assert lies(out, places) and out.repaired == out.warned == []
    if kind != "mercator":
        assert fault_of(turned(numbers), code).code == "E-LAYER-041"
        assert lies(settled(turned(numbers), code, swap_axes=True), places)


NUMBER = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-200, 200), st.floats(-5e7, 5e7))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=6),
    st.sampled_from([None, 4326, 4490, 4525, 4546, 3857, 32649, 4214, 2414, 27700]),
    st.sampled_from([None, "EPSG:4525", "EPSG:4546", "GCJ-02", "BD-09", "x"]),
    st.booleans(),
    st.booleans(),
)
def test_whatever_the_numbers_they_are_settled_or_refused_in_words(numbers, stated, declared, swap, override):
    out = settle(frame(numbers, stated), spec(crs=declared, swap_axes=swap, override_crs=override), "f")
    assert out.faults or out.frame.crs is not None
    assert len(out.frame) == len(numbers)
    for told_ in (*out.faults, *out.repaired, *out.warned):
        assert told_.text("zh") and told_.text("en")


# --- files -----------------------------------------------------------------------------------------


def written(tmp_path, places, file="places.geojson", crs=None):
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": list(place)}}
        for place in places
    ]
    told = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        told["crs"] = {"type": "name", "properties": {"name": crs}}
    (tmp_path / file).write_text(json.dumps(told), encoding="utf-8")
    return file


def opened(tmp_path, path, **more):
    return open_layer("places", LayerSpec.model_validate({"path": path, "role": "context", **more}), tmp_path)


def test_the_certificate_says_which_online_map_was_undone(tmp_path):
    paper = opened(tmp_path, written(tmp_path, shown("GCJ-02")), crs="火星坐标系").certificate
    assert "GCJ-02" in paper.datum and paper.crs == "EPSG:4326 WGS 84"
    assert [remark.code for remark in paper.repaired] == ["R-LAYER-OFFSET"]


def test_a_geojson_of_metres_without_a_word_on_them_is_settled_by_the_study(tmp_path):
    path = written(tmp_path, in_system("EPSG:4525"))
    with pytest.raises(InputError, match=r"E-LAYER-004.*EPSG:4525"):
        opened(tmp_path, path)
    assert opened(tmp_path, path, crs="EPSG:4525").certificate.zone.startswith("CM 111")


def shapefile(tmp_path, prj):
    frame(in_system("EPSG:4525"), 4525).to_file(tmp_path / "places.shp")
    words = (tmp_path / "places.prj").read_text()
    (tmp_path / "places.prj").write_text(prj(words))
    return "places.shp"


@pytest.mark.parametrize("prj", [lambda words: words[:150], lambda words: words[:-1], lambda words: "CGCS2000 zone 37"])
def test_a_prj_that_is_cut_or_no_prj_is_refused_with_what_the_numbers_fit(tmp_path, prj):
    with pytest.raises(InputError) as caught:
        opened(tmp_path, shapefile(tmp_path, prj))
    assert [fault.code for fault in caught.value.faults] == ["E-LAYER-045"]
    assert "EPSG:4525" in str(caught.value)
    assert len(opened(tmp_path, "places.shp", crs="EPSG:4525").frame) == 3


def test_a_whole_prj_is_read(tmp_path):
    assert "4525" in opened(tmp_path, shapefile(tmp_path, lambda words: words)).certificate.crs


# --- all layers ------------------------------------------------------------------------------------


def county(tmp_path, numbers, system, **more):
    ring = [[109.0, 40.0], [110.9, 40.0], [110.9, 40.9], [109.0, 40.9], [109.0, 40.0]]
    border = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "border.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [border]}))
    frame(numbers, system).drop(columns="row").to_file(tmp_path / "places.gpkg")
    layers = {
        "border": {"path": "border.geojson", "role": "boundary"},
        "places": {"path": "places.gpkg", "role": "context", **more},
    }
    return {name: LayerSpec.model_validate(entry) for name, entry in layers.items()}


@pytest.mark.parametrize(
    ("numbers", "stated", "hint"),
    [
        (in_system("EPSG:4545"), "EPSG:4547", "EPSG:4545"),  # six digits under the wrong meridian
        (turned([(14.4, 35.9), (14.5, 35.8)]), "EPSG:4326", None),  # another country either way
    ],
)
def test_a_layer_elsewhere_is_told_the_system_in_which_it_would_lie_here(tmp_path, numbers, stated, hint):
    with pytest.raises(InputError) as caught:
        gather(county(tmp_path, numbers, stated), tmp_path)
    (fault,) = caught.value.faults
    assert fault.code == "E-LAYER-013"
    assert (f"crs: {hint} " in fault.text("zh")) if hint else ("crs: EPSG" not in fault.text("en"))


def test_exchanged_degrees_that_fit_either_way_are_found_by_the_study_area(tmp_path):
    ring = [[14.0, 35.7], [14.7, 35.7], [14.7, 36.2], [14.0, 36.2], [14.0, 35.7]]
    specs = county(tmp_path, turned([(14.4, 35.9), (14.5, 35.8)]), 4326)
    border = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "border.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [border]}))
    with pytest.raises(InputError, match=r"E-LAYER-013.*swap_axes: true"):
        gather(specs, tmp_path)
    fixed = {**specs, "places": specs["places"].model_copy(update={"swap_axes": True})}
    assert len(gather(fixed, tmp_path)["places"].frame) == 2


@pytest.mark.parametrize("system", ["EPSG:4490", "EPSG:4524", "EPSG:4525", "EPSG:4508", "EPSG:3857"])
def test_layers_in_several_known_systems_meet_in_one(tmp_path, system):
    layers = gather(county(tmp_path, in_system(system), system), tmp_path)
    assert layers.area.crs == CRS.from_epsg(4508)
    found = shapely.get_coordinates(layers["places"].frame.to_crs(4326).geometry.to_numpy())
    assert np.abs(found - PLACES).max() < 1e-6


@pytest.mark.parametrize(
    ("west", "south", "east", "north", "code", "why"),
    [
        (114.2, 47.8, 114.9, 48.3, 32650, "Choibalsan: within the box of EPSG:4509, in Mongolia"),
        (105.5, 20.8, 106.1, 21.2, 32648, "Hanoi"),
        (125.5, 38.8, 126.0, 39.2, 32651, "Pyongyang"),
        (111.6, 43.4, 112.2, 43.9, 4508, "Erenhot, at the border"),
        (113.9, 22.4, 114.3, 22.6, 32650, "Shenzhen: across 114 E"),
        (97.5, 23.9, 98.0, 24.6, 4506, "Ruili, among the hills of Myanmar"),
    ],
)
def test_the_working_system_follows_the_national_outline(west, south, east, north, code, why):
    assert metric_crs(west, south, east, north).to_epsg() == code, why


def test_a_shape_decides_better_than_its_box():
    west = shapely.Polygon([(105.0, 20.9), (106.0, 20.9), (105.0, 21.5)])
    assert area_crs(west).to_epsg() == 32648
    assert in_china(np.array([109.9, 106.9, np.nan]), np.array([40.4, 47.9, 40.0])).tolist() == [True, False, False]


# --- lists -----------------------------------------------------------------------------------------

LIST = "place_id,name,population,{}\nV1,East,120,109.512,40.41\nV2,West,80,109.61,40.522\n"


def villages(tmp_path, columns="lon,lat", text=LIST, **more):
    (tmp_path / "v.csv").write_text(text.format(columns), encoding="utf-8")
    return open_layer("v", LayerSpec.model_validate({"path": "v.csv", "role": "settlements", **more}), tmp_path)


@pytest.mark.parametrize("columns", ["lon,lat", "经度,纬度", "x(°),y(°)"])
def test_a_list_that_names_no_system_is_told_what_was_taken_and_one_that_does_is_not(tmp_path, columns):
    paper = villages(tmp_path, columns).certificate
    (remark,) = [one for one in paper.guessed if one.code == "R-LAYER-ASSUMED"]
    assert "WGS 84" in remark.text("zh") and "crs: GCJ-02" in remark.text("en") and paper.status == "accepted"
    declared = villages(tmp_path, columns, crs="EPSG:4490").certificate
    named = villages(tmp_path, "经度(CGCS2000),纬度(CGCS2000)").certificate
    assert "R-LAYER-ASSUMED" not in {one.code for one in (*declared.guessed, *named.guessed)}


@pytest.mark.parametrize("columns", ["x,y", "X坐标,Y坐标", "POINT_X,POINT_Y"])
def test_degrees_in_plain_x_and_y_state_no_system_until_something_says_degrees(tmp_path, columns):
    with pytest.raises(InputError, match=r"E-LAYER-004.*EPSG:4490.*EPSG:4326"):
        villages(tmp_path, columns)
    assert len(villages(tmp_path, columns, crs="EPSG:4490").frame) == 2
    first, second = columns.split(",")
    assert len(villages(tmp_path, columns, fields={"lon": first, "lat": second}).frame) == 2


@pytest.mark.parametrize("word", ["西安80", "北京54坐标", "GCJ02"])
def test_a_column_that_names_another_datum_must_be_declared(tmp_path, word):
    with pytest.raises(InputError, match="E-LAYER-118"):
        villages(tmp_path, f"经度({word}),纬度({word})")
    assert len(villages(tmp_path, "经度(WGS84),纬度(WGS84)").frame) == 2


@pytest.mark.parametrize("cell", ["109°75′", "109°60′", "109°30′75″", "109度30.5分20秒"])
def test_minutes_and_seconds_stay_below_sixty(tmp_path, cell):
    text = LIST.replace("109.61", cell)
    with pytest.raises(InputError) as caught:
        villages(tmp_path, text=text)
    (fault,) = caught.value.faults
    assert fault.code == "E-LAYER-009" and cell in fault.text("zh") and "60" in fault.text("zh")
    assert len(villages(tmp_path, text=LIST.replace("109.61", "109°59′59.5″")).frame) == 2


# --- whereabouts -----------------------------------------------------------------------------------

CODED = LIST.replace("V1,East", "150621100201,东村").replace("V2,West", "150621100202,西村")


def abroad(text):
    return text.replace("109.", "19.").replace(",40.", ",9.")


def test_chinas_codes_on_another_continent_contradict_their_coordinates(tmp_path):
    with pytest.raises(InputError) as caught:
        villages(tmp_path, text=abroad(CODED))
    (fault,) = caught.value.faults
    assert fault.code == "E-LAYER-051" and "19.56°" in fault.text("zh") and fault.rows_meant.numbers == (1, 2)
    assert villages(tmp_path, text=CODED).certificate.status == "accepted"


def test_chinese_names_abroad_are_doubted_and_other_words_anywhere_are_not(tmp_path):
    named = abroad(LIST.replace("East", "东村").replace("West", "西村"))
    (remark,) = villages(tmp_path, text=named).certificate.warned
    assert remark.code == "R-LAYER-ABROAD" and "中文" in remark.text("zh")
    assert villages(tmp_path, text=abroad(LIST)).certificate.warned == ()
    germany = LIST.replace("V1", "150890000000").replace("V2", "150890000001")  # codes of 12 digits, too
    assert villages(tmp_path, text=germany.replace("109.", "11.").replace(",40.", ",52.")).certificate.warned == ()


def test_a_translation_of_the_names_into_chinese_says_nothing_of_the_place(tmp_path):
    for column, doubted in (("name:zh", False), ("name_zh-Hans", False), ("alias", True)):
        head, *lines = abroad(LIST).splitlines()
        text = "\n".join([f"{head},{column}", *(f"{line},村" for line in lines)]) + "\n"
        assert ("R-LAYER-ABROAD" in codes(villages(tmp_path, text=text).certificate.warned)) == doubted


def test_chinas_datum_abroad_is_doubted(tmp_path):
    path = written(tmp_path, [(36.8, -1.3), (36.9, -1.2)], crs="urn:ogc:def:crs:EPSG::4490")
    (remark,) = opened(tmp_path, path).certificate.warned
    assert remark.code == "R-LAYER-ABROAD" and "CGCS2000" in remark.text("zh")
    assert opened(tmp_path, written(tmp_path, PLACES, crs="urn:ogc:def:crs:EPSG::4490")).certificate.warned == ()


# --- Ovital ----------------------------------------------------------------------------------------


def codes(remarks):
    return [remark.code for remark in remarks]


def ovital(tmp_path, *datums):
    noted = "".join(
        f"<Placemark><name>a</name>{f'<OvCoordType>{datum}</OvCoordType>' if datum else ''}"
        f"<Point><coordinates>{x},{y}</coordinates></Point></Placemark>"
        for (x, y), datum in zip(PLACES, datums, strict=True)
    )
    told = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder>{noted}</Folder></Document></kml>'
    (tmp_path / "a.ovkml").write_text(told, encoding="utf-8")
    return "a.ovkml"


def test_an_ovital_file_without_a_datum_carries_a_hint_and_a_declared_one_is_undone(tmp_path):
    path = ovital(tmp_path, "", "", "")
    assert "R-LAYER-OVITAL" in codes(opened(tmp_path, path).certificate.warned)
    paper = opened(tmp_path, path, crs="GCJ-02").certificate
    assert "R-LAYER-OVITAL" not in codes(paper.warned) and codes(paper.repaired) == ["R-LAYER-OFFSET"]
    assert "R-LAYER-OVITAL" not in codes(opened(tmp_path, path, crs="EPSG:4490").certificate.warned)


def test_the_datum_that_an_ovital_file_notes_is_undone_and_told(tmp_path):
    paper = opened(tmp_path, ovital(tmp_path, *["GCJ-02"] * 3)).certificate
    assert paper.datum.startswith("GCJ-02") and codes(paper.repaired) == ["R-LAYER-OFFSET"]
    sound = opened(tmp_path, ovital(tmp_path, *["CGCS2000"] * 3)).certificate
    assert sound.repaired == () and "R-LAYER-OVITAL" not in codes(sound.warned)


def test_an_ovital_file_that_contradicts_the_study_or_itself_is_refused(tmp_path):
    with pytest.raises(InputError, match="E-LAYER-052"):
        opened(tmp_path, ovital(tmp_path, "GCJ-02", "CGCS2000", "GCJ-02"))
    for noted, declared in (("GCJ-02", "EPSG:4490"), ("CGCS2000", "GCJ-02")):
        path = ovital(tmp_path, *[noted] * 3)
        with pytest.raises(InputError, match="E-LAYER-023"):
            opened(tmp_path, path, crs=declared)
        assert len(opened(tmp_path, path, crs=declared, override_crs=True).frame) == 3
