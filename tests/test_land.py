"""Land: pictures of what rules take, an account of every hectare, and the sites that are left.

Pictures show the grid with north above; ``#`` is marked, ``.`` is not. Cells are 100 m (1 ha) and the
pictures lie at (500 000, 4 400 000), as far from the origin as land usually is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gis_wufei.errors import InputError
from gis_wufei.land import (
    BoundRule,
    CandidateSpec,
    Masks,
    RuleChange,
    assess,
    binding_rules,
    candidate_sites,
    existing_sites,
    make_grid,
)
from gis_wufei.layers import Certificate, Layer, Layers
from gis_wufei.standards import facilities, rules, unit_verdicts
from gis_wufei.text import Text

CRS = "EPSG:32650"
X, Y, CELL = 500_000.0, 4_400_000.0, 100.0
TODAY = date(2026, 1, 1)


def box(west, south, east, north):
    """A rectangle, in cells from the south-west corner."""
    return shapely.box(X + west * CELL, Y + south * CELL, X + east * CELL, Y + north * CELL)


def point(x, y):
    return shapely.Point(X + x * CELL, Y + y * CELL)


def frame(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)


def land(columns, rows, reach_m=0.0):
    return make_grid(frame(box(0, 0, columns, rows)), CELL, reach_m)


def layers(**by_role):
    """Layers from ``role=frame`` or ``role=[frame, ...]``."""
    named = {}
    for role, frames in by_role.items():
        for number, table in enumerate(frames if isinstance(frames, list) else [frames]):
            certificate = Certificate(Path(f"{role}.csv"), None, "", "utf-8", CRS, len(table), len(table))
            name = f"{role}{number}"
            named[name] = Layer(name, role, Text(zh=role, en=role), table, certificate)
    return Layers(frame(box(0, 0, 1, 1)), named)


def draw(mask):
    return ["".join(".#"[int(cell)] for cell in row) for row in mask]


def rule(id_="R90-test", role="wetland", distance_m=0.0, effect="exclude", **changes):
    """A rule made for a test out of one of the standards."""
    model = next(iter(rules().values()))
    distance = model.distance_m.model_copy(update={"value": distance_m, "low": 0.0, "high": max(distance_m, 1)})
    update = {"id": id_, "role": role, "effect": effect, "distance_m": distance, "where": None, **changes}
    return BoundRule(rule=model.model_copy(update=update), distance_m=distance_m)


def assessed(bound, grid, on=TODAY, kind="TS", **by_role):
    return assess(kind, bound, Masks(grid, layers(**by_role)), on)


# --- grid ---


def test_a_grid_snaps_to_whole_cells_and_marks_the_cells_whose_centre_lies_inside():
    grid = make_grid(frame(box(0.4, 0.6, 3.2, 1.7)), CELL)
    assert draw(grid.inside) == [
        "###.",
        "....",
    ]
    assert (grid.transform.c, grid.transform.f) == (X, Y + 200)
    assert grid.area_ha(np.ones(grid.shape, bool)) == 3 and grid.cell_ha == 1


def test_a_grid_is_padded_by_the_reach_of_its_rules():
    grid = land(2, 1, reach_m=150)
    assert draw(grid.inside) == [
        "......",
        "......",
        "..##..",
        "......",
        "......",
    ]


def test_burning_marks_every_cell_that_a_shape_touches():
    grid = land(5, 4)
    assert draw(grid.burn([point(1.5, 0.5)])) == [
        ".....",
        ".....",
        ".....",
        ".#...",
    ]
    assert draw(grid.burn([shapely.LineString([point(0.5, 0.5), point(4.5, 2.5)])])) == [
        ".....",
        "...##",
        ".###.",
        "##...",
    ]
    assert draw(grid.burn([box(1.9, 1.9, 3.1, 2.1)])) == [
        ".....",
        ".###.",
        ".###.",
        ".....",
    ]


def test_a_field_just_as_wide_as_a_cell_leaves_its_mark():
    assert draw(land(3, 3).burn([box(0.0, 0.75, 0.99999, 1.25)])) == [
        "...",
        "#..",
        "#..",
    ]


def test_nothing_burns_nothing_and_is_infinitely_far():
    grid = land(2, 2)
    for shapes in ([], [shapely.Point()], [point(9, 9)]):
        mask = grid.burn(shapes)
        assert not mask.any() and np.isinf(grid.distance_m(mask)).all()


def test_cells_and_centres_are_each_others_inverse():
    grid = land(7, 3, reach_m=250)
    row, column = (part.ravel() for part in np.indices(grid.shape))
    back = grid.cells(*grid.centres(row, column))
    assert (back[0] == row).all() and (back[1] == column).all()
    assert [int(part[0]) for part in land(7, 3).cells(np.array([X + 250]), np.array([Y + 50]))] == [2, 2]


def test_distance_is_round_and_no_diamond():
    # Between centres 3 cells are 300 m and 2 cells diagonally 283 m; half a diagonal of a cell less: 229 m, 212 m.
    # One more cell to the side, 316 m, is 245 m.
    grid = land(7, 7)
    mask = grid.distance_m(grid.burn([point(3.5, 3.5)])) < 230
    assert draw(mask) == [
        "...#...",
        ".#####.",
        ".#####.",
        "#######",
        ".#####.",
        ".#####.",
        "...#...",
    ]


shapes = st.one_of(
    st.tuples(st.floats(0, 9), st.floats(0, 9)).map(lambda at: point(*at)),
    st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9)), min_size=2, max_size=4, unique=True).map(
        lambda line: shapely.LineString([point(*at) for at in line])
    ),
    st.tuples(st.floats(0, 8), st.floats(0, 8), st.floats(0.01, 5), st.floats(0.01, 5)).map(
        lambda at: box(at[0], at[1], min(at[0] + at[2], 9), min(at[1] + at[3], 9))
    ),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=6, unique=True)
    .map(lambda ring: shapely.convex_hull(shapely.MultiPoint([point(*at) for at in ring])))
    .filter(lambda hull: hull.area > 0),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(shapes, min_size=1, max_size=3), st.floats(1, 800))
def test_a_cell_closer_than_the_distance_is_always_excluded_and_one_a_cell_beyond_never(drawn, distance_m):
    grid = land(9, 9, reach_m=CELL)
    mask = grid.distance_m(grid.burn(drawn)) < distance_m
    row, column = np.indices(grid.shape)
    centres = shapely.points(*grid.centres(row, column))
    true_m = np.min([shapely.distance(centres, shape) for shape in drawn], axis=0)
    assert mask[true_m < distance_m - 1e-6].all()
    assert not mask[true_m > distance_m + CELL * 2**0.5 * 1.01 + 1e-6].any()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(shapes)
def test_every_part_of_a_shape_lies_in_a_burned_cell_or_a_hundredth_beside_it(shape):
    grid = land(9, 9, reach_m=CELL)
    x, y = grid.centres(*np.nonzero(grid.burn([shape])))
    burned = shapely.union_all(shapely.box(x - CELL / 2, y - CELL / 2, x + CELL / 2, y + CELL / 2))
    assert shape.distance(burned) < 1e-6
    assert shapely.difference(shape, shapely.buffer(burned, 0.0101 * CELL, join_style="mitre")).is_empty


# --- rules and their account ---


def test_a_distance_of_nought_takes_what_the_feature_touches_and_one_above_takes_what_is_closer():
    grid = land(5, 1)
    marsh = frame(box(2.2, 0, 2.8, 1))
    inside = assessed([rule()], grid, wetland=marsh)
    near = assessed([rule(distance_m=30.0)], grid, wetland=marsh)
    assert draw(inside.excluded) == ["..#.."] and draw(near.excluded) == [".###."]
    assert draw(near.eligible) == ["#...#"]


def test_the_account_tells_what_each_rule_takes_and_what_it_takes_alone():
    grid = land(6, 1, reach_m=100)
    found = assessed(
        [rule("R91-a", "wetland"), rule("R92-b", "sand"), rule("R93-c", "forest", effect="condition")],
        grid,
        wetland=frame(box(-0.9, 0.1, 2.9, 0.9)),  # 3 cells of the area; what lies outside does not count
        sand=frame(box(2.1, 0.1, 3.9, 0.9)),  # 2 cells, one of them wet, too
        forest=frame(box(3.1, 0.1, 4.9, 0.9)),
        units=frame(box(-9, -9, 9, 9), **{"class": ["general"], "sub_class": ["general"]}),
    )
    lines = {line.rule_id: line for line in found.ledger}
    assert [(lines[i].touched_ha, lines[i].alone_ha) for i in ("R91-a", "R92-b", "R93-c")] == [(3, 2), (2, 1), (2, 0)]
    assert grid.area_ha(found.excluded) == 4 and grid.area_ha(found.eligible) == 2
    assert all(lines[i].applied for i in ("R91-a", "R92-b", "R93-c"))


def test_the_order_of_rules_changes_nothing_but_the_order_of_the_account():
    grid = land(6, 4)
    bound = [
        rule("R91-a", "wetland", 120.0),
        rule("R92-b", "sand"),
        rule("R93-c", "forest", effect="prefer_not"),
        rule("R94-d", "sand", 50.0, effect="condition"),
    ]
    by_role = {"wetland": frame(point(1, 1)), "sand": frame(box(2, 2, 4, 3)), "forest": frame(box(0, 0, 2, 4))}
    first = assessed(bound, grid, **by_role)
    for order in permutations(bound):
        other = assessed(order, grid, **by_role)
        assert (other.excluded == first.excluded).all() and (other.score == first.score).all()
        assert set(other.ledger) == set(first.ledger)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(shapes, min_size=1, max_size=4))
def test_what_rules_take_alone_never_sums_to_more_than_all_take(drawn):
    grid = land(9, 9)
    by_role = {role: frame(shape) for role, shape in zip(("wetland", "sand", "forest", "scenic"), drawn, strict=False)}
    found = assessed([rule(f"R9{i}-x", role, 50.0 * i) for i, role in enumerate(by_role)], grid, **by_role)
    taken = grid.area_ha(found.excluded)
    used = [line for line in found.ledger if line.effect == "exclude" and line.applied]
    assert sum(line.alone_ha for line in used) <= taken <= sum(line.touched_ha for line in used)
    assert all(line.alone_ha <= line.touched_ha for line in used)
    assert taken + grid.area_ha(found.eligible) == 81


def test_the_score_falls_with_every_soft_rule():
    found = assessed(
        [rule("R91-a", "wetland", effect="prefer_not"), rule("R92-b", "sand", effect="prefer_not")],
        land(4, 1),
        wetland=frame(box(0.1, 0, 1.9, 1)),
        sand=frame(box(1.1, 0, 2.9, 1)),
    )
    assert found.score.tolist() == [[0.5, 0.0, 0.5, 1.0]] and not found.excluded.any()


def test_a_rule_without_layer_and_a_dropped_one_are_told_and_take_nothing():
    dropped = replace_bound(rule("R92-b"), dropped=True, reason="another study says so")
    found = assessed([rule("R91-a", "heritage"), dropped], land(2, 1), wetland=frame(box(0, 0, 2, 1)))
    lines = {line.rule_id: line for line in found.ledger}
    assert not lines["R91-a"].applied and lines["R91-a"].reason == ""
    assert not lines["R92-b"].applied and lines["R92-b"].reason == "another study says so"
    assert not found.excluded.any() and found.marks == {}


def replace_bound(bound, **changes):
    return bound.model_copy(update=changes)


def test_a_rule_takes_only_the_features_with_its_values():
    level = rule(role="water_source", where={"level": ("1", "2")})
    sources = frame(box(0.1, 0, 0.9, 1), box(2.1, 0, 2.9, 1), box(3.1, 0, 3.9, 1), level=["1", "quasi", "2"])
    assert draw(assessed([level], land(5, 1), water_source=sources).excluded) == ["#..#."]
    number = sources.assign(level=[1, 3, 2])
    assert draw(assessed([level], land(5, 1), water_source=number).excluded) == ["#..#."]


def test_a_rule_that_chooses_by_a_column_no_layer_has_is_told_as_not_applied():
    bridges = rule(role="roads", where={"bridge": ("True",)})
    mute, telling = frame(box(0, 0, 1, 1)), frame(box(2.1, 0, 2.9, 1), bridge=[True])
    (line, *_) = assessed([bridges], land(4, 1), roads=mute).ledger
    assert not line.applied and line.touched_ha == 0
    found = assessed([bridges], land(4, 1), roads=[mute, telling])
    assert found.ledger[0].applied and draw(found.excluded) == ["..#."]
    # No feature has the value: the rule was applied, and took nothing.
    (line, *_) = assessed([bridges], land(4, 1), roads=telling.assign(bridge=False)).ledger
    assert line.applied and line.touched_ha == 0


def test_all_layers_of_a_role_count():
    found = assessed([rule()], land(4, 1), wetland=[frame(box(0.1, 0, 0.9, 1)), frame(box(3.1, 0, 3.9, 1))])
    assert draw(found.excluded) == ["#..#"]


def test_one_mask_serves_every_rule_that_asks_the_same():
    masks = Masks(land(4, 1), layers(wetland=frame(box(0, 0, 1, 1))))
    assert masks.of_rule(rule("R91-a")) is masks.of_rule(rule("R92-b"))
    assert masks.of_rule(rule("R91-a")) is not masks.of_rule(rule("R91-a", distance_m=20.0))


def test_the_rules_of_a_cell_are_named_by_effect():
    found = assessed([rule("R91-a"), rule("R92-b", effect="condition")], land(2, 1), wetland=frame(box(0.1, 0, 0.9, 1)))
    assert found.rules_at(0, 0, "exclude") == ("R91-a",) and found.rules_at(0, 0, "condition") == ("R92-b",)
    assert found.rules_at(0, 1, "exclude") == ()


# --- which rules bind ---


def test_every_standard_rule_of_a_kind_binds_with_its_own_distance_and_status():
    bound = binding_rules("TS")
    assert [item.rule.id for item in bound] == [one.id for one in rules().values() if "TS" in one.kinds]
    assert all((item.distance_m, item.status) == (item.rule.distance_m.value, item.rule.status) for item in bound)
    assert not any(item.dropped or item.reason for item in bound)


def test_a_study_changes_a_distance_or_drops_a_rule_and_says_why():
    first, second, third = (item.rule.id for item in binding_rules("TS")[:3])
    changes = (
        RuleChange(rule=first, distance_m=123.0, reason="measured"),
        RuleChange(rule=second, drop=True, reason="no such land"),
    )
    bound = {item.rule.id: item for item in binding_rules("TS", changes)}
    assert (bound[first].distance_m, bound[first].status, bound[first].dropped) == (123, "user", False)
    assert bound[second].dropped and bound[second].reason == "no such land" and bound[second].status == "user"
    assert bound[third] == {item.rule.id: item for item in binding_rules("TS")}[third]


def test_a_change_needs_a_known_rule_and_a_reason():
    known = next(iter(rules()))
    for wrong in (
        {"rule": "R99-none", "reason": "because"},
        {"rule": known},
        {"rule": known, "reason": "x"},
        {"rule": known, "reason": "because", "distance_m": -1},
    ):
        with pytest.raises(ValidationError):
            RuleChange(**wrong)


def test_a_law_is_superseded_from_its_day_on():
    law = rule(basis_superseded_on=date(2026, 8, 15))
    days = {date(2026, 8, 14): False, date(2026, 8, 15): True, date(2027, 1, 1): True}
    for day, old in days.items():
        (line, *_) = assessed([law], land(1, 1), on=day, wetland=frame(box(0, 0, 1, 1))).ledger
        assert line.superseded is old and line.applied  # the number itself may live on


# --- control units ---


def units(*rows):
    """Units from (rectangle, class, sub-class)."""
    return frame(
        *(row[0] for row in rows), **{"class": [row[1] for row in rows], "sub_class": [row[2] for row in rows]}
    )


def test_a_unit_forbids_conditions_or_allows_by_the_table():
    # For a store of hazardous waste: red line forbids, town restricts, general allows.
    table = unit_verdicts()
    verdicts = [
        table.verdict(*unit, "HWC") for unit in (("priority", "red_line"), ("key", "town"), ("general", "general"))
    ]
    assert verdicts == ["forbid", "restrict", "allow"]
    found = assessed(
        [],
        land(5, 1),
        kind="HWC",
        units=units(
            (box(0.1, 0, 0.9, 1), "priority", "red_line"),
            (box(1.1, 0, 2.9, 1), "key", "town"),
            (box(3.1, 0, 4.9, 1), "general", "general"),
        ),
    )
    assert draw(found.excluded) == ["#...."]
    assert {line.rule_id: (line.effect, line.touched_ha) for line in found.ledger} == {
        "R48-forbid": ("exclude", 1),
        "R48-restrict": ("condition", 2),
    }


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_where_units_overlap_the_strictest_verdict_decides(order):
    rows = [
        (box(0.1, 0, 2.9, 1), "general", "general"),
        (box(1.1, 0, 2.9, 1), "key", "town"),
        (box(2.1, 0, 2.9, 1), "priority", "red_line"),
    ]
    found = assessed([], land(3, 1), kind="HWC", units=units(*(rows[i] for i in order)))
    assert draw(found.eligible) == ["##."]
    assert [found.rules_at(0, column, "condition") for column in range(2)] == [(), ("R48-restrict",)]


def test_unknown_is_never_allowed():
    # A class that the table lacks, and ground that no unit covers, beside a unit that allows.
    found = assessed(
        [],
        land(4, 1),
        kind="HWC",
        units=units((box(0.1, 0, 1.9, 1), "general", "general"), (box(1.1, 0, 2.9, 1), "key", "harbour")),
    )
    assert [found.rules_at(0, column, "condition") for column in range(4)] == [(), *[("R48-unknown",)] * 3]
    assert unit_verdicts().verdict("general", "general", "a kind of tomorrow") == "unknown"
    assert all(line.effect != "exclude" for line in found.ledger)


def test_a_study_without_units_is_told_so():
    (line,) = assessed([], land(2, 1)).ledger
    assert (line.rule_id, line.role, line.applied, line.touched_ha) == ("R48-unknown", "units", False, 0)


# --- candidate sites ---

TS = facilities()["TS"]
ROAD = frame(shapely.LineString([point(0, 0.5), point(40, 0.5)]))


def candidates(found, roads=ROAD, **spec):
    given_ = {"spacing_m": 1000, "max_road_m": 500, "min_area_m2": 1}
    return candidate_sites(found, roads, CandidateSpec(**(given_ | spec)), TS)


def test_every_square_of_the_spacing_gives_one_site_at_most_and_the_best():
    # Free land along a road in the southern row: of each square the western cell of that row.
    found = assessed([], land(20, 10))
    sites = candidates(found)
    assert sites.index.tolist() == ["TS-001", "TS-002"] and sites.index.name == "site_id"
    assert [(p.x - X, p.y - Y) for p in sites.geometry] == [(50, 50), (1050, 50)]
    assert sites["area_m2"].tolist() == [2e6, 2e6] and set(sites["state"]) == {"candidate"}


def test_a_square_is_never_smaller_than_the_spacing():
    found = assessed([], land(40, 10))
    assert len(candidates(found, spacing_m=340)) == 10 * 2  # squares of 4 cells; row 2 of squares lies too far
    assert len(candidates(found, spacing_m=400)) == len(candidates(found, spacing_m=340))


def test_fewest_soft_rules_come_before_the_nearest_road():
    found = assessed([rule(effect="prefer_not")], land(10, 10), wetland=frame(box(0, 0, 10, 2.9)))
    (site,) = candidates(found).geometry
    assert site.y - Y == 350 and site.x - X == 50


def test_no_site_stands_farther_from_a_road_than_asked():
    found = assessed([], land(10, 10))
    for shift in (0.0, 0.3, 0.5, 0.99):
        road = frame(shapely.LineString([point(shift, -3 + shift), point(shift, 20)]))
        sites = candidates(found, road, max_road_m=60, spacing_m=200)
        assert len(sites) and (sites.distance(road.geometry.iloc[0]) <= 60).all()
    assert len(candidates(found, frame(shapely.LineString([point(0, 30), point(9, 30)])))) == 0
    assert len(candidates(found, ROAD.iloc[:0])) == 0


def test_ground_in_pieces_too_small_is_passed_over():
    # Wetland leaves two columns in the west (20 ha) and one cell in the east; cells that meet in a corner are apart.
    found = assessed([rule()], land(10, 10), wetland=frame(box(2.1, 0, 10, 8.9), box(2.1, 8.9, 8.9, 10)))
    assert sorted(candidates(found, max_road_m=2000, spacing_m=200)["area_m2"].unique()) == [1e4, 2e5]
    assert set(candidates(found, max_road_m=2000, spacing_m=200, min_area_m2=1.1e4)["area_m2"]) == {2e5}
    smallest = min(size.land_m2 for size in TS.sizes)
    assert smallest <= 1e4 and len(candidates(found, max_road_m=2000, spacing_m=200, min_area_m2=None)) > 5


def test_a_candidate_stands_on_eligible_ground_and_knows_its_conditions():
    rng = np.random.default_rng(1)
    wet = frame(*(box(x, y, x + 2, y + 2) for x, y in rng.uniform(0, 18, (12, 2))))
    dry = frame(*(box(x, y, x + 3, y + 3) for x, y in rng.uniform(0, 18, (6, 2))))
    found = assessed([rule("R91-a"), rule("R92-b", "sand", effect="condition")], land(20, 20), wetland=wet, sand=dry)
    sites = candidates(found, max_road_m=2000, spacing_m=300)
    row, column = found.grid.cells(sites.geometry.x.to_numpy(), sites.geometry.y.to_numpy())
    assert len(sites) > 20 and found.eligible[row, column].all()
    assert (sites["conditions"] == np.where(found.marks["R92-b"][row, column], "R92-b", "")).all()
    again = candidates(found, max_road_m=2000, spacing_m=300)
    assert again.equals(sites)


def test_no_eligible_ground_gives_no_site():
    sites = candidates(assessed([rule()], land(4, 4), wetland=frame(box(0, 0, 4, 4))))
    assert len(sites) == 0 and {"name", "state", "area_m2", "score", "capacity"} <= set(sites.columns)


# --- facilities that stand ---


def standing(*at, **columns):
    count = len(at)
    table = {
        "facility_id": [f"f{i}" for i in range(count)],
        "name": [f"station {i}" for i in range(count)],
        "kind": ["TS"] * count,
        "capacity_t_per_day": [50.0] * count,
        "row": range(2, count + 2),
    }
    return frame(*(point(*xy) for xy in at), **(table | columns))


def test_a_facility_that_stands_is_kept_and_the_rules_it_breaks_are_named():
    found = assessed(
        [rule("R91-a"), rule("R92-b", "sand", effect="condition")], land(4, 1), wetland=frame(box(0.1, 0, 0.9, 1))
    )
    sites = existing_sites(found, standing((0.5, 0.5), (2.5, 0.5), (99, 99)), "facilities.csv", TS)
    assert sites.index.tolist() == ["f0", "f1", "f2"] and set(sites["state"]) == {"keep"}
    assert sites["conflicts"].tolist() == ["R91-a", "", ""]  # the last lies beyond the grid: nothing is known
    assert sites["capacity"].tolist() == [50, 50, 50]


def test_facilities_of_another_kind_are_left_alone():
    found = assessed([], land(4, 1))
    assert len(existing_sites(found, standing((1, 0.5), kind=["LF"]), "facilities.csv", TS)) == 0
    other = standing((1, 0.5), kind=["LF"], capacity_t_per_day=[np.nan])
    assert len(existing_sites(found, other, "facilities.csv", TS)) == 0


def test_a_missing_capacity_is_a_fault_with_its_rows_and_no_guess():
    found = assessed([], land(4, 1))
    tables = {
        "3": standing((1, 0.5), (2, 0.5), capacity_t_per_day=[50, np.nan]),
        "2": standing((1, 0.5)).drop(columns="capacity_t_per_day"),
    }
    for rows, table in tables.items():
        with pytest.raises(InputError) as told:
            existing_sites(found, table, "facilities.csv", TS)
        (fault,) = told.value.faults
        assert (fault.where, fault.facts["rows"]) == ("facilities.csv capacity_t_per_day", rows)


def test_the_spec_of_candidates_refuses_nonsense():
    for wrong in ({"spacing_m": 100}, {"max_road_m": 0}, {"min_area_m2": 0}, {"step": 3}):
        with pytest.raises(ValidationError):
            CandidateSpec(**wrong)
    assert replace(assessed([], land(1, 1)), kind="LF").kind == "LF"
