"""Verdicts on points and parcels: true distances, what a threshold means, and that the grid never says more.

Pictures and shapes are those of ``test_land``: cells of 100 m, x and y in cells from the south-west corner.
"""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from test_land import CELL, TODAY, box, frame, layers, point, replace_bound, rule, shapes

from gis_wufei.land import Masks, assess, make_grid
from gis_wufei.land.features import features_of
from gis_wufei.land.measures import Places
from gis_wufei.land.verdicts import GRAVITY, summary, verdicts
from gis_wufei.layers import Layers, LayerSpec, open_layer
from gis_wufei.layers.shapes import project
from gis_wufei.standards import Quantity

SYSTEM = "EPSG:32650"


def asked(bound, *places, kind="TS", on=TODAY, **by_role):
    """One rule at places: the lines of that rule, in order of the places."""
    found = layers(**by_role)
    table = verdicts(gpd.GeoSeries(list(places), crs=SYSTEM), kind, [bound], found, on)
    return table[table["rule_id"] == bound.rule.id].reset_index(drop=True)


# --- what a threshold means ---


@pytest.mark.parametrize(("off", "verdict"), [(0.9990, "excluded"), (1.0, "clear"), (1.0010, "clear")])
def test_closer_than_the_distance_is_excluded_and_just_the_distance_is_clear(off, verdict):
    # A home, and points 500 m x off to its north on the ellipsoid, not on the map.
    crs = CRS(SYSTEM)
    there = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = there.transform(*point(0, 0).coords[0])
    lon, lat, _ = crs.get_geod().fwd(lon, lat, 17.0, 500.0 * off)
    place = shapely.Point(there.transform(lon, lat, direction="INVERSE"))
    (line,) = asked(rule(distance_m=500.0), place, wetland=frame(point(0, 0))).to_dict("records")
    assert line["verdict"] == verdict and line["required"] == 500 and line["unit"] == "m"
    assert line["measured"] == pytest.approx(500 * off, abs=1e-3)
    assert place.distance(point(0, 0)) == pytest.approx(500 * off * 0.9996, abs=0.01)  # the map is too short here


def test_a_distance_of_nought_asks_whether_a_place_meets_the_feature():
    marsh = frame(box(0, 0, 2, 2))
    found = asked(
        rule(), point(1, 1), point(2, 1), point(2.00001, 1), box(2, 0, 3, 1), box(2.1, 0, 3, 1), wetland=marsh
    )
    assert found["verdict"].tolist() == ["excluded", "excluded", "clear", "excluded", "clear"]
    assert found["measured"].tolist()[:2] == [0, 0] and found["measured"][4] == pytest.approx(10.004, abs=1e-3)


def test_a_parcel_is_as_near_as_its_nearest_part_and_knows_to_what():
    homes = frame(point(0, 0), point(9, 0), name=["west", None])
    found = asked(rule(distance_m=150.0), box(2, 0, 8, 1), wetland=homes.assign(row=[2, 3]))
    assert found["nearest"].tolist() == ["#3"] and found["measured"][0] == pytest.approx(100.04, abs=0.01)
    assert found["verdict"].tolist() == ["excluded"] and found["layer"].tolist() == ["wetland0"]
    (line,) = asked(rule(distance_m=150.0), point(1, 0), wetland=homes).to_dict("records")
    assert line["nearest"] == "west"


def test_the_opposite_sign_asks_the_place_to_lie_wholly_inside():
    ground = frame(box(0, 0, 2, 1), box(2, 0, 4, 1))  # two features that meet
    wanted = rule(operator="outside")
    found = asked(wanted, point(1, 0.5), box(1, 0.2, 3, 0.8), box(3, 0, 5, 1), point(6, 0.5), wetland=ground)
    assert found["verdict"].tolist() == ["clear", "clear", "excluded", "excluded"]
    assert found["measured"].round(1).tolist() == [0, 0, 0, 200.1]
    assert asked(wanted, box(0, 0, 4, 1), wetland=ground)["verdict"].tolist() == ["clear"]  # drawn on the border


def test_the_effect_of_a_rule_is_the_word_of_its_verdict():
    words = {"exclude": "excluded", "condition": "conditional", "prefer_not": "avoided"}
    for effect, word in words.items():
        assert asked(rule(effect=effect), point(1, 1), wetland=frame(box(0, 0, 2, 2)))["verdict"].tolist() == [word]


def test_a_rule_without_layer_is_unknown_and_one_that_is_dropped_or_of_another_day_says_so():
    marsh = frame(box(0, 0, 2, 2))
    assert asked(rule(role="heritage"), point(1, 1), wetland=marsh)["verdict"].tolist() == ["unknown"]
    dropped = replace_bound(rule(), dropped=True, reason="another study says so")
    (line,) = asked(dropped, point(1, 1), wetland=marsh).to_dict("records")
    assert (line["verdict"], line["reason"], line["status"]) == ("dropped", "another study says so", "user")
    later = rule(valid_from=date(2030, 1, 1))
    assert asked(later, point(1, 1), wetland=marsh)["verdict"].tolist() == ["not_in_force"]
    law = rule(basis_superseded_on=date(2026, 8, 15))
    days = [asked(law, point(1, 1), on=date(2026, 8, day), wetland=marsh)["superseded"][0] for day in (14, 15)]
    assert days == [False, True]


def test_a_layer_without_features_of_that_kind_is_clear_with_nothing_to_measure():
    level = rule(role="water_source", where={"level": ("1",)})
    (line,) = asked(level, point(1, 1), water_source=frame(box(0, 0, 2, 2), level=["2"])).to_dict("records")
    assert line["verdict"] == "clear" and np.isnan(line["measured"]) and line["nearest"] == ""


# --- which features a rule chooses ---


def chosen(bound, **by_role):
    found = features_of(bound.rule, layers(**by_role))
    return None if found is None else found.names.tolist()


def test_a_number_above_the_first_and_not_above_the_second_is_chosen():
    lines = frame(*(point(x, 0) for x in range(5)), name=list("abcde"), voltage_kv=[10.0, 35, 110, 220, np.nan])
    span = {"role": "power_line", "between": {"voltage_kv": (10.0, 110.0)}}
    assert chosen(rule(**span), power_line=lines) == ["b", "c"]
    assert chosen(rule(**span | {"between": {"voltage_kv": (110.0, None)}}), power_line=lines) == ["d"]
    assert chosen(rule(**span | {"between": {"voltage_kv": (None, 10.0)}}), power_line=lines) == ["a"]


def test_what_does_not_tell_is_left_out_taken_or_covered_by_another_rule():
    told = frame(point(0, 0), point(1, 0), name=["a", "b"], level=["danger", None])
    mute = frame(point(2, 0), name=["c"])
    only = {"role": "hazard", "where": {"level": ("danger",)}}
    for untold, both, alone in (("leave", ["a"], None), ("take", ["a", "b", "c"], ["c"]), ("covered", ["a"], [])):
        assert chosen(rule(**only, untold=untold), hazard=[told, mute]) == both, untold
        assert chosen(rule(**only, untold=untold), hazard=mute) == alone, untold


def test_a_feature_is_called_by_its_name_and_id():
    units = frame(box(0, 0, 1, 1), box(1, 0, 2, 1), name=["park", None], unit_code=["ZH1", "ZH2"])
    assert chosen(rule(role="units"), units=units) == ["park · ZH1", "ZH2"]


# --- rasters ---

GROUND = """
0 0 9 9
0 0 9 -
0 0 0 0
"""


def slope(tmp_path, picture=GROUND, cell=1.0, crs=SYSTEM, **offset):
    """A layer of slopes (degrees) whose cells are ``cell`` cells wide; ``-`` holds no number."""
    rows = [line.split() for line in picture.split("\n") if line]
    numbers = np.array([[-9999.0 if one == "-" else float(one) for one in row] for row in rows], np.float32)
    corner = point(offset.get("x", 0.0), offset.get("y", 0.0) + len(rows) * cell)
    path = tmp_path / "slope.tif"
    place = Affine(cell * CELL, 0, corner.x, 0, -cell * CELL, corner.y)
    shape = {"height": len(rows), "width": len(rows[0]), "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=place, nodata=-9999, **shape) as out:
        out.write(numbers, 1)
    layer = open_layer("slope", LayerSpec(path="slope.tif", role="slope"), tmp_path)
    return project(layer, CRS(SYSTEM))


def steep(threshold=5.0, **changes):
    number = Quantity(value=threshold, unit="deg", status="user", source="practice")
    return rule(role="slope", operator="above", threshold=number, **changes)


def on_raster(layer, bound, *places):
    found = Layers(frame(box(0, 0, 4, 3)), {"slope": layer})
    table = verdicts(gpd.GeoSeries(list(places), crs=SYSTEM), "TS", [bound], found, TODAY)
    return table[table["rule_id"] == bound.rule.id]


def test_a_place_is_as_steep_as_the_steepest_cell_under_it(tmp_path):
    layer = slope(tmp_path)
    places = (point(0.5, 0.5), point(2.5, 2.5), box(0.5, 1.5, 1.5, 2.5), box(0.5, 1.5, 2.5, 2.5))
    found = on_raster(layer, steep(), *places)
    assert found["verdict"].tolist() == ["clear", "excluded", "clear", "excluded"]
    assert found["measured"].tolist() == [0, 9, 0, 9] and found["required"].tolist() == [5] * 4
    assert on_raster(layer, steep(9.0), point(2.5, 2.5))["verdict"].tolist() == ["clear"]  # just the threshold
    assert set(found["unit"]) == {"deg"}


def test_ground_without_a_number_is_unknown_excluded_or_allowed_as_the_rule_says(tmp_path):
    layer = slope(tmp_path)
    bare, beyond = point(3.5, 1.5), point(7, 1)
    for policy, verdict in (("unknown", "unknown"), ("exclude", "excluded"), ("allow", "clear")):
        found = on_raster(layer, steep(no_data=policy), bare, beyond)
        assert found["verdict"].tolist() == [verdict] * 2, policy
        assert found["measured"].isna().all()


def test_the_grid_marks_every_cell_that_a_steep_cell_touches(tmp_path):
    grid = make_grid(frame(box(0, 0, 4, 3)), CELL)
    layer = slope(tmp_path, "9 0\n0 0", cell=1.5)  # its steep cell reaches half a cell into the next
    masks = Masks(grid, Layers(frame(box(0, 0, 4, 3)), {"slope": layer}))
    assert ["".join(".#"[int(one)] for one in row) for row in masks.of_rule(steep())] == ["##..", "##..", "...."]
    assert ["".join(".#"[int(one)] for one in row) for row in masks.blank(steep())] == ["...#"] * 3
    strict = masks.of_rule(steep(no_data="exclude"))
    assert ["".join(".#"[int(one)] for one in row) for row in strict] == ["##.#", "##.#", "...#"]


# --- the grid never says more than the shapes ---

# A map that is too short (UTM on its meridian) and one that is too long (Gauss-Krueger 200 km off its meridian).
SYSTEMS = {"EPSG:32650": 0.0, "EPSG:4508": 200_000.0}
distances = st.one_of(st.just(0.0), st.floats(1, 800))


def moved(shape, east):
    return shapely.transform(shape, lambda xy: xy + np.array([east, 0.0]))


def cells(crs, east, drawn, bound):
    """The grid's unmarked cells: centres, and the layers it was burned from."""
    area = gpd.GeoDataFrame(geometry=[moved(box(0, 0, 9, 9), east)], crs=crs)
    found = layers(wetland=[gpd.GeoDataFrame(geometry=[moved(one, east) for one in drawn], crs=crs)])
    found = Layers(area, found.by_name)
    grid = make_grid(area, CELL, CELL)
    return np.stack(grid.centres(*np.nonzero(~Masks(grid, found).of_rule(bound))), axis=1), found, area.crs


@pytest.mark.parametrize("crs", SYSTEMS)
@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(shapes, min_size=1, max_size=3), distances, st.sampled_from(["closer", "outside"]), st.integers(0, 99))
def test_a_cell_that_the_grid_calls_free_is_free_where_it_is_measured(crs, drawn, distance_m, operator, seed):
    """Its centre always; any place in it for 0 and for the opposite sign, a hundredth at its border aside;
    any place in it for a distance less by half a diagonal of a cell."""
    bound = rule(distance_m=distance_m if operator == "closer" else 0.0, operator=operator)
    middle, found, system = cells(crs, SYSTEMS[crs], drawn, bound)
    somewhere = middle + np.random.default_rng(seed).uniform(-0.49, 0.49, middle.shape) * CELL

    def touched(xy, bound):
        return Places(gpd.GeoSeries(shapely.points(xy), crs=system), found).measure(bound).touched

    assert not touched(middle, bound).any()
    less = replace_bound(bound, distance_m=max(bound.distance_m - CELL * 0.5**0.5, 0.0))
    if bound.distance_m == 0 or less.distance_m > 0:
        assert not touched(somewhere, less).any()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(shapes, min_size=1, max_size=3), st.floats(1, 800))
def test_the_grid_takes_no_cell_whose_centre_lies_a_diagonal_beyond_the_distance(drawn, distance_m):
    bound = rule(distance_m=distance_m)
    free, found, system = cells(SYSTEM, 0.0, drawn, bound)
    grid = make_grid(found.area, CELL, CELL)
    every = np.stack(grid.centres(*np.nonzero(np.ones(grid.shape, bool))), axis=1)
    taken = every[~(every[:, None] == free[None]).all(axis=2).any(axis=1)]
    wider = replace_bound(bound, distance_m=distance_m * 1.001 + CELL * 2**0.5 * 1.02)
    assert Places(gpd.GeoSeries(shapely.points(taken), crs=system), found).measure(wider).touched.all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(shapes, min_size=1, max_size=4), st.lists(shapes, min_size=1, max_size=5), st.floats(1, 800))
def test_measured_is_the_least_of_all_distances_found_one_by_one(features, places, distance_m):
    found = asked(rule(distance_m=distance_m), *places, wetland=frame(*features))
    least = [min(place.distance(one) for one in features) for place in places]
    assert found["measured"].to_numpy() == pytest.approx(np.array(least) / 0.9996, rel=2e-5, abs=1e-9)


# --- the table ---


def test_every_place_has_every_rule_in_order_and_the_index_names_the_places():
    bound = [rule("R91-a"), rule("R92-b", "sand", effect="condition"), rule("R93-c", "heritage")]
    places = gpd.GeoSeries([point(0.5, 0.5), point(9, 9)], index=["P2", "P1"], crs=SYSTEM)
    table = verdicts(places, "TS", bound, layers(wetland=frame(box(0, 0, 1, 1)), sand=frame(box(0, 0, 1, 1))), TODAY)
    assert table["place"].tolist() == ["P2"] * 4 + ["P1"] * 4
    assert table["rule_id"].tolist() == ["R91-a", "R92-b", "R93-c", "R48-unknown"] * 2
    assert set(table["verdict"]) <= set(GRAVITY)
    told = summary(table)
    assert told.index.tolist() == ["P2", "P1"] and told["verdict"].tolist() == ["excluded", "eligible"]
    assert told["by"].tolist() == ["R91-a", ""] and told["unknown"].tolist() == [2, 2]


def test_no_place_gives_an_empty_table_with_its_columns():
    table = verdicts(gpd.GeoSeries([], crs=SYSTEM), "TS", [rule()], layers(wetland=frame(point(0, 0))), TODAY)
    assert len(table) == 0 and {"place", "verdict", "measured"} <= set(table.columns) and len(summary(table)) == 0


def test_the_order_of_places_and_features_changes_nothing_but_the_order_of_the_table():
    rng = np.random.default_rng(3)
    dots = [point(*xy) for xy in rng.uniform(0, 20, (30, 2))]
    parcels = [box(x, y, x + 1, y + 1) for x, y in rng.uniform(0, 20, (12, 2))]
    first = asked(rule(distance_m=200.0), *parcels, wetland=frame(*dots, name=[str(n) for n in range(30)]))
    back = asked(
        rule(distance_m=200.0), *parcels[::-1], wetland=frame(*dots[::-1], name=[str(n) for n in range(29, -1, -1)])
    )
    columns = ["verdict", "nearest", "measured"]
    assert isinstance(first, pd.DataFrame) and first[columns].equals(back[columns][::-1].reset_index(drop=True))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(shapes, min_size=4, max_size=4), st.floats(1, 400), st.floats(0.5, 8.5))
def test_the_centre_of_an_eligible_cell_is_excluded_by_no_rule_and_no_unit(drawn, distance_m, border):
    marsh, sand, wood, home = drawn
    bound = [
        rule("R91-a"),
        rule("R92-b", "sand", distance_m),
        rule("R93-c", "forest", operator="outside", effect="prefer_not"),
        rule("R94-d", "receptors", 2 * distance_m, effect="condition"),
    ]
    units = frame(box(0, 0, border, 9), box(border, 0, 9, 9), **{
        "unit_code": ["A", "B"], "class": ["priority", "general"], "sub_class": ["red_line", "general"]})  # fmt: skip
    by_role = {"wetland": marsh, "sand": sand, "forest": wood, "receptors": home}
    found = layers(**{role: frame(shape) for role, shape in by_role.items()}, units=units)
    grid = make_grid(frame(box(0, 0, 9, 9)), CELL)
    result = assess("HWC", bound, Masks(grid, found), TODAY)
    centres = shapely.points(*grid.centres(*np.nonzero(result.eligible)))
    told = summary(verdicts(gpd.GeoSeries(centres, crs=SYSTEM), "HWC", bound, found, TODAY))
    assert not (told["verdict"] == "excluded").any()
    free = [not result.rules_at(*cell, "condition") for cell in np.argwhere(result.eligible)]
    assert (told["verdict"][free] == "eligible").all()
