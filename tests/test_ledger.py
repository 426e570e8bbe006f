"""The account of every hectare: pictures whose sums a pencil can check, and the area to the square metre.

Cells of 100 m; ``#`` is marked, ``.`` is not; north above. On the central meridian of EPSG:4508 (500 000 m east)
the map is as large as the ground, so a cell there is one hectare to within a millionth.
"""

from __future__ import annotations

from itertools import permutations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod
from test_land import TODAY, rule
from test_land import box as cells
from test_land import frame as land_frame
from test_land import layers as land_layers

from gis_wufei.crs import transformer
from gis_wufei.land import Masks, assess
from gis_wufei.land.accounts import account
from gis_wufei.land.areas import authalic_m, cell_areas
from gis_wufei.land.grid import make_grid
from gis_wufei.land.ledger import SHARES, Taking, ledger
from gis_wufei.land.nearness import Near

X, Y, CELL = 500_000.0, 4_400_000.0, 100.0


def frame(shape, crs="EPSG:4508"):
    return gpd.GeoDataFrame(geometry=[shape], crs=crs)


def ground(columns, rows, west=X, south=Y, cell=CELL):
    area = frame(shapely.box(west, south, west + columns * cell, south + rows * cell))
    return cell_areas(make_grid(area, cell), area)


def picture(*lines):
    return np.array([[sign == "#" for sign in line] for line in lines])


# --- areas -----------------------------------------------------------------------------------------


def geodesic_m2(area):
    """Area on the ellipsoid by Karney's algorithm, edges straight on the map: cut every 20 m."""
    crs = CRS(area.crs)
    to = transformer(crs, crs.geodetic_crs)
    dense = shapely.segmentize(area.geometry.iloc[0], 20)
    degrees = shapely.transform(dense, lambda xy: np.stack(to.transform(xy[:, 0], xy[:, 1]), axis=1))
    geod = Geod(a=crs.ellipsoid.semi_major_metre, rf=crs.ellipsoid.inverse_flattening)
    shell, *holes = (abs(geod.geometry_area_perimeter(ring)[0]) for ring in shapely.get_rings(degrees))
    return shell - sum(holes)


STAR = shapely.Polygon(
    [(0, 0), (40_000, 3000), (83_000, -9000), (70_000, 31_000), (90_000, 66_600), (44_000, 51_000), (3000, 60_000)],
    [[(30_000, 20_000), (50_000, 21_111), (41_000, 40_000)], [(60_000, 10_000), (61_000, 10_000), (60_500, 12_345)]],
)


@pytest.mark.parametrize("cell", [2000, 317, 100])
@pytest.mark.parametrize(
    ("crs", "east", "north"),
    [("EPSG:4508", 600_000, 4_400_000), ("EPSG:32649", 300_000, 4_400_000), ("EPSG:3035", 4_000_000, 2_800_000)],
)
def test_cells_sum_to_the_area_of_the_boundary_on_the_ellipsoid_to_the_square_metre(crs, east, north, cell):
    """80 km off the central meridian the map is some 0.03 % too large: 2 km2 that the account must not have."""
    area = frame(shapely.transform(STAR, lambda xy: xy + np.array([east, north])), crs)
    found = cell_areas(make_grid(area, cell), area).total_m2
    assert found == pytest.approx(geodesic_m2(area), abs=0.5)


def test_a_cell_that_the_boundary_cuts_counts_with_its_part():
    """A triangle over 2 x 2 cells: one whole, two halves."""
    area = frame(shapely.Polygon([(X, Y), (X + 200, Y), (X, Y + 200)]))
    m2 = cell_areas(make_grid(area, CELL), area).rows(0, 2)
    assert m2 / 10_000 == pytest.approx(np.array([[0.5, 0.0], [1.0, 0.5]]), abs=1e-6)


def test_a_hole_and_a_second_part_are_cut_out_and_put_in():
    hole = shapely.box(X, Y, X + 300, Y + 300) - shapely.box(X + 100, Y + 100, X + 200, Y + 200)
    area = frame(shapely.union_all([hole, shapely.box(X + 400, Y, X + 450, Y + 100)]))
    m2 = cell_areas(make_grid(area, CELL), area).rows(0, 3)
    wanted = [[1, 1, 1, 0, 0], [1, 0, 1, 0, 0], [1, 1, 1, 0, 0.5]]
    assert m2 / 10_000 == pytest.approx(np.array(wanted, float), abs=1e-6)


def test_rows_taken_in_blocks_are_those_taken_at_once():
    area = frame(shapely.transform(STAR, lambda xy: xy / 100 + (X, Y)))
    areas = cell_areas(make_grid(area, 37.0, reach_m=100), area)
    rows = areas.grid.shape[0]
    at_once = areas.rows(0, rows)
    assert np.vstack([areas.rows(r, min(r + 3, rows)) for r in range(0, rows, 3)]) == pytest.approx(at_once, abs=1e-8)
    assert at_once.sum() == pytest.approx(areas.total_m2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), min_size=3, max_size=12))
def test_any_ring_of_points_is_covered_as_shapely_cuts_it(points):
    hull = shapely.MultiPoint([(X + x, Y + y) for x, y in points]).convex_hull
    if hull.geom_type != "Polygon" or hull.area < 1:
        return
    area = frame(hull)
    areas = cell_areas(make_grid(area, 100.0), area)
    rows, columns = areas.grid.shape
    place = areas.grid.transform
    for row in range(rows):
        for column in range(columns):
            west, north = place.c + column * CELL, place.f - row * CELL
            cell = shapely.box(west, north - CELL, west + CELL, north)
            part = shapely.area(shapely.intersection(hull, cell))
            assert areas.rows(row, row + 1)[0, column] == pytest.approx(part, rel=1e-5, abs=1e-3)


def test_a_hemisphere_is_two_pi_r_squared():
    """The equal-area northing of the pole times the equator's length is half the ellipsoid's 510 065 622 km2."""
    wgs = CRS.from_epsg(32650)
    half = 2 * np.pi * wgs.ellipsoid.semi_major_metre * authalic_m(wgs, np.array([90.0]))[0]
    assert 2 * half / 1e6 == pytest.approx(510_065_621.724, abs=0.01)


# --- the account -----------------------------------------------------------------------------------


def test_what_a_rule_takes_is_taken_alone_or_shared_and_the_classes_sum_to_the_county():
    rivers = Taking("rivers", "exclude", picture("##..", "##.."))
    homes = Taking("homes", "exclude", picture(".##.", "...."))
    found = ledger(ground(4, 2), [rivers, homes])
    # rivers: 4 ha, 1 of them shared; homes: 2 ha, 1 shared; 5 of 8 ha are excluded.
    told = {name: (e.touched, e.alone, e.shared) for name, e in found.entries.items()}
    assert told["rivers"] == pytest.approx((4e4, 3e4, 1e4), rel=1e-5)
    assert told["homes"] == pytest.approx((2e4, 1e4, 1e4), rel=1e-5)
    assert (found.excluded, found.shared, found.open) == pytest.approx((5e4, 1e4, 3e4), rel=1e-5)
    assert found.excluded + found.unknown + found.open == found.total == pytest.approx(8e4, rel=1e-5)


def test_a_soft_rule_excludes_nothing_and_tells_what_it_touches_of_what_is_left():
    hard = Taking("hard", "exclude", picture("##.."))
    soft = Taking("soft", "condition", picture(".##."))
    found = ledger(ground(4, 1), [hard, soft])
    assert (found.excluded, found.entries["soft"].touched, found.entries["soft"].left) == pytest.approx(
        (2e4, 2e4, 1e4), rel=1e-5
    )
    assert found.entries["hard"].alone == pytest.approx(2e4, rel=1e-5)


def test_the_curve_tells_what_comes_back_and_what_goes_at_each_part_of_the_distance():
    """A river in the west: cells are 0, 100 … 700 m from it; 400 m are required, so four cells are taken."""
    near = np.arange(0.0, 800.0, 100.0)[None, :]
    found = ledger(ground(8, 1), [Taking("river", "exclude", near < 400, near, 400.0)])
    wanted = {0.0: 3, 0.25: 3, 0.5: 2, 0.75: 1, 0.9: 0, 1.0: 0, 1.1: -1, 1.25: -1, 1.5: -2, 2.0: -4}
    assert dict(zip(SHARES, found.entries["river"].curve, strict=True)) == pytest.approx(
        {share: change * 1e4 for share, change in wanted.items()}, rel=1e-5, abs=1e-6
    )


def test_ground_that_another_rule_takes_neither_comes_back_nor_goes():
    """The same river; a park takes the cells at 300 and 400 m."""
    near = np.arange(0.0, 800.0, 100.0)[None, :]
    park = Taking("park", "exclude", picture("...##..."))
    found = ledger(ground(8, 1), [Taking("river", "exclude", near < 400, near, 400.0), park])
    curve = dict(zip(SHARES, found.entries["river"].curve, strict=True))
    assert (curve[0.75], curve[0.5], curve[1.25], curve[1.5]) == pytest.approx((0, 1e4, 0, -1e4), rel=1e-5, abs=1e-6)
    assert found.entries["park"].curve == ()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_curve_is_what_the_account_itself_says_at_that_distance(kind):
    """The whole account is made anew at every part of the distance, on random ground."""
    random = np.random.default_rng(5)
    near = random.uniform(0, 700, (20, 30)).astype(kind)
    near[random.uniform(size=near.shape) < 0.1] = 0
    other = Taking("other", "exclude", random.uniform(size=near.shape) < 0.3)
    areas = ground(30, 20)
    now = ledger(areas, [Taking("it", "exclude", near < 300, near, 300.0), other])
    for share, change in zip(SHARES, now.entries["it"].curve, strict=True):
        mask = near < share * 300 if share else near <= 0
        then = ledger(areas, [Taking("it", "exclude", mask), other])
        assert now.excluded - then.excluded == pytest.approx(change, abs=1e-3)


def test_dropping_a_rule_brings_back_what_it_takes_alone():
    random = np.random.default_rng(7)
    takings = [Taking(f"r{i}", "exclude", random.uniform(size=(20, 30)) < 0.2) for i in range(5)]
    areas = ground(30, 20)
    whole = ledger(areas, takings)
    for at, taking in enumerate(takings):
        without = ledger(areas, takings[:at] + takings[at + 1 :])
        assert whole.excluded - without.excluded == pytest.approx(whole.entries[taking.rule_id].alone, abs=1e-3)


def test_ground_without_data_is_neither_open_nor_excluded_unless_another_rule_takes_it():
    """The slope is known in the west only; a park takes one cell of the east."""
    slope = Taking("slope", "exclude", picture("#...", "...."), blank=picture("..##", "..##"))
    park = Taking("park", "exclude", picture("...#", "#..."))
    found = ledger(ground(4, 2), [slope, park])
    assert (found.excluded, found.unknown, found.open) == pytest.approx((3e4, 3e4, 2e4), rel=1e-5)
    assert found.entries["slope"].no_data == pytest.approx(4e4, rel=1e-5)
    # Without the park its eastern cell would be unknown, the western one open.
    assert (found.entries["park"].alone, found.entries["park"].marginal) == pytest.approx((2e4, 1e4), rel=1e-5)


def test_a_rule_without_a_layer_takes_nothing_and_is_without_data_and_a_dropped_one_asks_nothing():
    areas = ground(4, 2)
    blind = ledger(areas, [Taking("it", "exclude")])
    assert (blind.open, blind.entries["it"].no_data) == (blind.total, blind.total)
    assert ledger(areas, [Taking("it", "exclude", dropped=True)]).entries["it"].no_data == 0


def random_takings():
    random = np.random.default_rng(11)
    made = []
    for name, effect in zip("abcd", ("exclude", "exclude", "condition", "exclude"), strict=True):
        near = random.uniform(0, 500, (13, 17))
        made.append(Taking(name, effect, near < 150, near, 150.0, random.uniform(size=near.shape) < 0.1))
    return made


def test_the_order_of_the_rules_and_the_number_of_threads_change_no_figure():
    areas = ground(17, 13)
    first = ledger(areas, random_takings())
    for takings in permutations(random_takings()):
        assert ledger(areas, takings, workers=1) == first


def test_the_table_tells_hectares_and_mu_and_no_figure_without_a_meaning():
    table = ledger(ground(17, 13), random_takings()).table()
    assert table.loc["a", "touched_mu"] == pytest.approx(15 * table.loc["a", "touched_ha"])
    assert np.isnan(table.loc["c", "alone_ha"]) and np.isnan(table.loc["a", "left_ha"])
    sums = ledger(ground(17, 13), random_takings()).sums()
    assert sums["excluded_ha"] + sums["unknown_ha"] + sums["open_ha"] == pytest.approx(sums["total_ha"], abs=1e-9)


# --- nearness --------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.001, 0.05]),
    st.floats(0, 900),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_distances_made_by_rows_are_those_of_the_whole_up_to_their_reach(seed, part, reach, rows, columns):
    burned = np.random.default_rng(seed).uniform(size=(rows, columns)) < part
    grid = make_grid(frame(shapely.box(X, Y, X + columns * CELL, Y + rows * CELL)), CELL)
    whole, near = grid.distance_m(burned), Near(burned, CELL, reach)
    made = np.vstack([near[row : row + 7] for row in range(0, rows, 7)])
    assert made.shape == burned.shape
    within = whole <= reach
    assert np.allclose(made[within], whole[within], rtol=1e-6, atol=1e-6)
    assert (made[within] <= whole[within]).all() and (made[~within] > reach).all()


def test_distances_of_thousands_of_cells_do_not_overflow():
    burned = np.zeros((3, 700), bool)
    burned[1, 0] = True
    near = Near(burned, CELL, 69_000.0)[0:3]
    assert near[1, 690] == pytest.approx(69_000 - 100 * np.sqrt(0.5) * 1.02)


def test_the_account_by_rows_is_that_of_the_whole():
    random = np.random.default_rng(3)
    burned = random.uniform(size=(300, 40)) < 0.002
    areas = ground(40, 300)
    whole = areas.grid.distance_m(burned)
    by_rows, other = Near(burned, CELL, 1000.0), Taking("other", "exclude", random.uniform(size=whole.shape) < 0.2)
    one = ledger(areas, [Taking("a", "exclude", near_m=by_rows, distance_m=500.0), other])
    two = ledger(areas, [Taking("a", "exclude", whole < 500, whole, 500.0), other])
    assert one.entries["a"].curve == pytest.approx(two.entries["a"].curve, abs=1e-3)
    assert (one.open, one.excluded) == pytest.approx((two.open, two.excluded), abs=1e-3)


# --- in a study ------------------------------------------------------------------------------------


def assessed(bound, area, **by_role):
    """A county of ``test_land`` (cells of 100 m) and the account of a transfer station in it."""
    given = land_layers(**by_role)
    given = type(given)(land_frame(area), given.by_name)
    masks = Masks(make_grid(given.area, CELL, 1000.0), given)
    found = assess("TS", bound, masks, TODAY)
    return found, account(found, bound, masks), masks


def test_the_account_of_a_study_is_that_of_its_masks_on_the_ground_of_the_boundary():
    """A diamond cut through cells; a river in the west, a wood over it."""
    area = shapely.Polygon([cells(0, 5, 1, 6).centroid.coords[0], *cells(4, 0, 9, 10).exterior.coords[:4]]).convex_hull
    bound = [rule("R91-a", "rivers", 250.0), rule("R92-b", "forest"), rule("R93-c", "sand", 50.0)]
    river, wood = land_frame(cells(0, 0, 0.5, 10)), land_frame(cells(2.2, 3.3, 6.1, 4.4))
    found, told, masks = assessed(bound, area, rivers=river, forest=wood)
    m2 = cell_areas(masks.grid, masks.layers.area).rows(0, masks.grid.shape[0])
    assert told.total == pytest.approx(geodesic_m2(land_frame(area)), abs=0.5)
    for name in ("R91-a", "R92-b"):
        assert told.entries[name].touched == pytest.approx(m2[found.marks[name]].sum(), abs=1e-3)
    assert told.excluded == pytest.approx(m2[found.excluded].sum(), abs=1e-3)
    # No layer of sand: the rule takes nothing, and all is without data for it.
    assert (told.entries["R93-c"].touched, told.entries["R93-c"].no_data) == (0, pytest.approx(told.total))
    curve = dict(zip(SHARES, told.entries["R91-a"].curve, strict=True))
    assert (
        curve[1.0] == 0 and curve[0.0] > curve[0.5] > 0 > curve[1.5] > curve[2.0] and told.entries["R92-b"].curve == ()
    )


def test_a_rule_that_the_study_drops_is_in_the_account_without_a_figure():
    dropped = rule("R91-a", "rivers", 250.0).model_copy(update={"dropped": True, "reason": "agreed"})
    _, told, _ = assessed([dropped], cells(0, 0, 9, 9), rivers=land_frame(cells(0, 0, 1, 9)))
    entry = told.entries["R91-a"]
    assert (entry.touched, entry.alone, entry.no_data) == (0, 0, 0) and told.excluded == 0
