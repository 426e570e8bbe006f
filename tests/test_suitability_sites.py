"""Suitability of sites: what is measured at points, parcels and cells, what is missing, and the tables that come of it.

The land is drawn in hundreds of metres from a corner, as in ``test_land.py``.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import rasterio
import shapely
from affine import Affine
from conftest import draw_county
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gis_wufei.errors import InputError, ProblemError
from gis_wufei.land import make_grid
from gis_wufei.layers import Certificate, Layer, Layers, LayerSpec, roles
from gis_wufei.layers.notes import Notes
from gis_wufei.layers.raster import read_raster
from gis_wufei.plan import read_study
from gis_wufei.study import Study
from gis_wufei.suitability import CriterionSpec, Ground, SuitabilitySpec, around, suitability, suitability_map, weigh
from gis_wufei.text import Text

CRS = "EPSG:32650"
X, Y, CELL = 500_000.0, 4_400_000.0, 100.0
CRITERION = TypeAdapter(CriterionSpec)


def box(west, south, east, north):
    return shapely.box(X + west * CELL, Y + south * CELL, X + east * CELL, Y + north * CELL)


def point(x, y):
    return shapely.Point(X + x * CELL, Y + y * CELL)


def frame(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)


def sites(*shapes, **columns):
    table = frame(*shapes, **columns)
    table.index = [f"S{n + 1}" for n in range(len(shapes))]
    return table.rename_axis("site_id")


def layer(name, role, table, raster=None):
    certificate = Certificate(Path(f"{name}.csv"), None, "", "utf-8", CRS, len(table), len(table))
    return Layer(name, role, Text(zh=name, en=name), table, certificate, raster)


def ground(demand=None, road_m=None, **by_role):
    layers = {role: layer(role, role, table) for role, table in by_role.items()}
    return Ground(Layers(frame(box(0, 0, 1, 1)), layers), demand, road_m)


def height(folder, rows, cell=CELL, nodata=-9999.0):
    """A raster layer ``height`` whose north-west corner lies at (0, number of rows)."""
    numbers = np.array(rows, "float32")
    place = Affine(cell, 0, X, 0, -cell, Y + len(rows) * cell)
    shape = {"height": len(rows), "width": len(rows[0]), "count": 1, "dtype": "float32", "nodata": nodata}
    with rasterio.open(folder / "height.tif", "w", driver="GTiff", crs=CRS, transform=place, **shape) as out:
        out.write(numbers, 1)
    spec = LayerSpec(path="height.tif", role="dem")
    table, raster = read_raster(folder / "height.tif", spec, roles()["dem"], "height.tif", Notes("height", spec))
    return layer("height", "dem", table, raster)


RISING = {"shape": "linear", "zero_at": 0, "one_at": 1}


def measured(criterion, where, there):
    return CRITERION.validate_python({"value": RISING, **criterion}).measured(where, there, "suitability").tolist()


METRES = {"shape": "linear", "unit": "m", "zero_at": 1000, "one_at": 0}


# --- what is measured ---


def test_distance_is_true_and_counts_from_a_parcels_edge():
    """A point 3-4-5 from the village; a parcel whose edge is 200 m from it; one that touches it."""
    there = ground(receptors=frame(point(0, 0)))
    where = sites(point(3, 4), box(2, 0, 3, 1), box(-1, -1, 1, 1))
    assert measured({"measure": "distance", "role": "receptors", "value": METRES}, where, there) == [500, 200, 0]


def test_distance_to_roads_may_be_to_one_class_and_is_endless_where_none_is_left():
    roads = frame(*(shapely.LineString([(X, Y + y), (X + 900, Y + y)]) for y in (100, 300)), **{"class": ["G", "Y"]})
    where, there = sites(point(1, 0)), ground(roads=roads)
    spec = {"measure": "distance", "role": "roads", "value": METRES}
    assert measured({**spec, "where": {"class": ["Y"]}}, where, there) == [300]
    assert measured({**spec, "where": {"class": ["X"]}}, where, there) == [np.inf]


def test_a_raster_is_read_at_the_cell_of_a_point_and_over_the_cells_of_a_parcel(tmp_path):
    """North row 1 2 3, south row 4 5 and no number."""
    there = Ground(Layers(frame(box(0, 0, 1, 1)), {"height": height(tmp_path, [[1, 2, 3], [4, 5, -9999]])}))
    where = sites(
        point(0.5, 1.5), point(2.5, 0.5), point(9, 9), box(0, 0, 2, 2), box(0.1, 0.1, 0.2, 0.2), box(2, 0, 3, 2)
    )
    spec = {"measure": "raster", "layer": "height"}
    assert measured(spec, where, there) == pytest.approx([1, np.nan, np.nan, 3, 4, 3], nan_ok=True)
    assert measured({**spec, "statistic": "max"}, where, there)[3] == 5
    assert measured({**spec, "statistic": "min"}, where, there)[3] == 1


def demand(*shapes, t_per_year):
    return frame(*shapes, t_per_year=t_per_year)


def test_access_is_the_mean_way_of_a_tonne_or_the_share_of_tonnes_near():
    """3 t at 100 m and 1 t at 500 m: 200 m a tonne; within 100 m three quarters."""
    there = ground(demand=demand(point(1, 0), point(3, 4), t_per_year=[3.0, 1.0]))
    where = sites(point(0, 0))
    assert measured({"measure": "access", "value": METRES}, where, there) == [200]
    assert measured({"measure": "access", "within_m": 100}, where, there) == [0.75]


def test_access_by_road_takes_the_ways_that_are_known():
    there = ground(demand=demand(point(1, 0), point(3, 4), t_per_year=[3.0, 1.0]), road_m=np.array([[200.0], [np.inf]]))
    assert measured({"measure": "access", "value": METRES}, sites(point(0, 0)), there) == [np.inf]
    assert measured({"measure": "access", "within_m": 300}, sites(point(0, 0)), there) == [0.75]


def test_a_place_without_waste_counts_nothing_however_far():
    there = ground(demand=demand(point(1, 0), point(3, 4), t_per_year=[3.0, 0.0]), road_m=np.array([[200.0], [np.inf]]))
    assert measured({"measure": "access", "value": METRES}, sites(point(0, 0)), there) == [200]
    with pytest.raises(ProblemError, match="road_m"):
        measured({"measure": "access", "value": METRES}, sites(point(0, 0), point(1, 1)), there)


def test_people_and_features_are_summed_within_a_radius_its_rim_included():
    there = ground(settlements=frame(point(0, 0), point(3, 0), point(5, 0), population=[10, 20, 40]))
    where = sites(point(0, 0), box(1, 0, 2, 1))
    spec = {"measure": "around", "role": "settlements", "radius_m": 300}
    assert measured(spec, where, there) == [2, 3]
    assert measured({**spec, "column": "population"}, where, there) == [30, 70]


def test_the_share_inside_counts_ground_that_two_polygons_cover_once():
    there = ground(units=frame(box(0, 0, 2, 2), box(1, 0, 2, 2)))
    where = sites(box(1, 0, 3, 1), point(2, 2), point(3, 3), box(5, 5, 6, 6))
    assert measured({"measure": "inside", "role": "units"}, where, there) == [0.5, 1, 0, 0]


def test_a_zone_is_named_where_one_name_holds_and_unknown_elsewhere():
    there = ground(units=frame(box(0, 0, 2, 2), box(1, 0, 3, 2), kind=["keep", "build"]))
    value = {"shape": "categories", "values": {"keep": 0, "build": 1}}
    where = sites(point(0.5, 1), point(1.5, 1), point(2.5, 1), point(9, 9))
    spec = {"measure": "zone", "role": "units", "column": "kind", "value": value}
    assert measured(spec, where, there) == ["keep", None, "build", None]


def test_columns_and_areas_are_taken_from_the_sites_themselves():
    where = sites(box(0, 0, 2, 1), point(0, 0), area_m2=[1.0, 500.0], price=[3, np.nan])
    area = {"measure": "area", "value": {**RISING, "unit": "m2"}}
    assert measured(area, where, ground()) == [20_000, 500]
    assert measured({"measure": "column", "column": "price"}, where, ground()) == pytest.approx(
        [3, np.nan], nan_ok=True
    )


@given(st.floats(0.5, 9.5), st.floats(0.5, 9.5), st.floats(0, 10), st.floats(0, 10))
@settings(max_examples=40, deadline=None)
def test_distance_by_the_grid_is_never_more_than_the_true_one_and_less_by_a_cell_and_a_half_at_most(x, y, a, b):
    grid = make_grid(frame(box(0, 0, 10, 10)), CELL)
    there = ground(receptors=frame(shapely.LineString([point(x, y), point(a, b)]).buffer(1)))
    criterion = CRITERION.validate_python({"measure": "distance", "role": "receptors", "value": METRES})
    row, column = np.nonzero(grid.inside)
    by_grid = criterion.measured_in_cells(grid, row, column, there, "")
    centres = frame(*(shapely.Point(*xy) for xy in np.stack(grid.centres(row, column), axis=1)))
    true = criterion.measured(centres, there, "")
    assert (by_grid <= true + 1e-6).all() and (by_grid >= true - 1.5 * CELL).all()


# --- the whole ---


SPEC = {
    "criteria": {
        "school": {"measure": "distance", "role": "receptors", "value": {**METRES, "zero_at": 0, "one_at": 1000}},
        "park": {"measure": "inside", "role": "units", "value": RISING},
    },
    "weights": {"by": "direct", "weights": {"school": 3, "park": 1}},
}
THREE = (point(5, 0), point(10, 0), point(2, 0))  # 500, 1000 and 200 m from the school; the last in the park
LAND = {"receptors": frame(point(0, 0)), "units": frame(box(1, -1, 3, 1))}


def assessed(spec=SPEC, where=None, there=None, **changes):
    return suitability(
        SuitabilitySpec.model_validate({**spec, **changes}), sites(*THREE) if where is None else where,
        ground(**LAND) if there is None else there,
    )  # fmt: skip


def test_sites_are_scored_ranked_and_explained():
    """Values 0.5, 1, 0.2 and 0, 0, 1 with weights 3 : 1."""
    found = assessed()
    assert found.table["score"].tolist() == pytest.approx([0.375, 0.75, 0.4]) and found.winners == ("S2",)
    assert found.table["rank"].tolist() == [3, 1, 2] and found.table.index.name == "site_id"
    told = found.explain("S3")
    assert told["measured"].tolist() == [200, 1] and told["unit"].tolist() == ["m", "1"]
    assert told["part"].tolist() == pytest.approx([0.15, 0.25]) and told["lost"].tolist() == pytest.approx([0.6, -0.25])
    np.testing.assert_allclose(found.parts.sum(axis=1), found.table["score"])
    with pytest.raises(ProblemError, match="S9"):
        found.explain("S9")


def test_the_result_tells_how_firmly_its_winner_stands():
    """S2 against S3: 0.8 t = 1 - t at t = 5/9, where t is the school's weight, now 0.75."""
    found = assessed()
    near = found.intervals().loc["school"]
    assert near["low"] == pytest.approx(5 / 9) and near["next_low"] == "S3" and near["next_high"] == ""
    changes = found.least_changes()["change"]
    assert changes["S2"] == 0 and changes["S3"] == pytest.approx(2 * (0.75 - 5 / 9)) and np.isnan(changes["S1"])
    assert found.reversals().empty
    draws = found.acceptability(draws=200)  # 0.5625 to 0.9375: S2 always wins
    assert draws.ranks.loc["S2", 1] == 1
    wide = found.acceptability(around(found.weights.to_numpy(), 1.0), draws=2000)
    assert 0 < wide.ranks.loc["S3", 1] < 1
    with pytest.raises(ProblemError, match="wlc"):
        assessed(method={"method": "topsis"}).least_changes()


def test_permuting_the_sites_permutes_the_tables():
    turned = assessed(where=sites(*THREE).iloc[[2, 0, 1]])
    assert turned.table.index.tolist() == ["S3", "S1", "S2"]
    assert turned.table.loc["S1"].tolist() == assessed().table.loc["S1"].tolist()


@pytest.mark.parametrize(
    ("missing", "scores", "ranks_"),
    [("worst", [0.5, 0.0], [1, 2]), ("leave_out", [0.5, np.nan], [1, None]), (0.7, [0.5, 0.7], [2, 1])],
)
def test_what_is_missing_is_handled_as_the_criterion_says_and_told(missing, scores, ranks_):
    criterion = {"measure": "column", "column": "price", "value": RISING, "missing": missing}
    spec = {"criteria": {"price": criterion}, "weights": {"by": "direct", "weights": {"price": 1}}}
    found = assessed(spec, sites(*THREE[:2], price=[0.5, np.nan]))
    assert found.table["score"].tolist() == pytest.approx(scores, nan_ok=True)
    assert found.table["rank"].astype(object).where(found.table["rank"].notna(), None).tolist() == ranks_
    assert found.table["missing"].tolist() == ["", "price"]


def test_faults_of_all_criteria_are_told_together():
    """No data and no word about it; no such layer; no such column; no such raster; no demand."""
    criteria = {
        "price": {"measure": "column", "column": "price", "value": RISING},
        "water": {"measure": "distance", "role": "rivers", "value": METRES},
        "class": {"measure": "inside", "role": "units", "where": {"klass": ["x"]}, "value": RISING},
        "slope": {"measure": "raster", "layer": "dem", "value": RISING},
        "access": {"measure": "access", "value": METRES},
    }
    spec = {"criteria": criteria, "weights": {"by": "direct", "weights": dict.fromkeys(criteria, 1)}}
    with pytest.raises(InputError) as caught:
        assessed(spec, sites(*THREE[:2], price=[0.5, np.nan]))
    codes = [fault.code for fault in caught.value.faults]
    assert codes == ["E-SUIT-MISSING", "E-SUIT-ROLE", "E-LAYER-005", "E-SUIT-RASTER", "E-SUIT-DEMAND"]
    assert "S2" in caught.value.faults[0].text() and "criteria.price" in caught.value.faults[0].where
    assert all("{" not in fault.text(lang) for fault in caught.value.faults for lang in ("zh", "en"))


def test_a_map_scores_every_cell_of_the_area_and_agrees_with_the_sites():
    """Five cells in a row; the park covers the second; by distance no cell scores more than its centre."""
    grid = make_grid(frame(box(0, 0, 5, 1)), CELL)
    spec = SuitabilitySpec.model_validate(SPEC)
    there = ground(receptors=frame(point(0.5, 0.5)), units=frame(box(1.2, 0.2, 1.8, 0.8)))
    found = suitability_map(spec, grid, there)
    centres = suitability(spec, sites(*(point(x + 0.5, 0.5) for x in range(5))), there).table["score"].to_numpy()
    assert found.shape == grid.shape
    assert (found[0] <= centres + 1e-9).all() and (found[0] >= centres - 0.75 * 0.15).all()
    part = suitability_map(spec, grid, there, where=grid.inside & (np.arange(5) < 2))
    assert np.isnan(part[0, 2:]).all() and np.isfinite(part[0, :2]).all()
    area = {"criteria": {"a": {"measure": "area", "value": {**RISING, "unit": "m2"}}}}
    only = SuitabilitySpec.model_validate({**area, "weights": {"by": "direct", "weights": {"a": 1}}})
    with pytest.raises(InputError, match="E-SUIT-GRID"):
        suitability_map(only, grid, there)


# --- weights ---


def test_weights_by_comparison_come_from_a_matrix_or_from_a_workbook_in_the_study(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["", "学校", "park"])
    book.active.append(["学校", 1, "3"])
    book.active.append(["park", None, 1])
    book.save(tmp_path / "experts.xlsx")
    named = {**SPEC["criteria"]["school"], "label": {"zh": "学校", "en": "School"}}
    criteria = {**SPEC["criteria"], "school": named}
    by_book = {"criteria": criteria, "weights": {"by": "ahp", "workbook": "experts.xlsx"}}
    weights, panel = weigh(SuitabilitySpec.model_validate(by_book), tmp_path)
    assert weights.tolist() == pytest.approx([0.75, 0.25]) and panel.experts.index.tolist() == ["Sheet"]
    by_matrix = {**SPEC, "weights": {"by": "ahp", "matrix": [[1, 3], [None, 1]]}}
    assert weigh(SuitabilitySpec.model_validate(by_matrix))[0].tolist() == pytest.approx([0.75, 0.25])
    outside = {"criteria": criteria, "weights": {"by": "ahp", "workbook": "../experts.xlsx"}}
    with pytest.raises(InputError, match="E-LAYER-002"):
        weigh(SuitabilitySpec.model_validate(outside), tmp_path)


def test_two_levels_of_criteria_take_their_groups_from_the_study(tmp_path):
    """Ground to people 3 : 1, within the ground slope to road 1 : 2; people are alone in their group."""
    book = openpyxl.Workbook()
    for row in [
        ["", "地", "people"],
        ["地", 1, 3],
        ["people"],
        [],
        ["", "slope", "road"],
        ["slope", 1, "1/2"],
        ["road"],
    ]:
        book.active.append(row)
    book.save(tmp_path / "experts.xlsx")
    column = {"measure": "column", "value": RISING}
    groups = {"slope": "地", "road": "地", "crowd": "people"}
    criteria = {name: {**column, "column": name, "group": group} for name, group in groups.items()}
    spec = SuitabilitySpec.model_validate({"criteria": criteria, "weights": {"by": "ahp", "workbook": "experts.xlsx"}})
    assert weigh(spec, tmp_path)[0].tolist() == pytest.approx([0.25, 0.5, 0.25])


def test_judgements_that_contradict_each_other_are_told_with_the_result():
    """a beats b, b beats c, c beats a."""
    column = {"measure": "column", "value": RISING}
    criteria = {name: {**column, "column": name} for name in "abc"}
    spec = {"criteria": criteria, "weights": {"by": "ahp", "matrix": [[1, 5, "1/5"], ["", 1, 5], ["", "", 1]]}}
    found = assessed(spec, sites(*THREE[:2], a=[1, 0], b=[0, 1], c=[0.5, 0.5]))
    assert [doubt.code for doubt in found.doubts] == ["W-SUIT-CR", "W-SUIT-EXPERTS"]
    assert "- 2.76: a / b 5 → 1/9" in found.doubts[1].text()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weights": {"by": "direct", "weights": {"school": 1}}}, "weights_missing"),
        ({"weights": {"by": "direct", "weights": {"school": 0, "park": 0}}}, "weights_missing"),
        ({"weights": {"by": "direct", "weights": {"school": 1, "perk": 1}}}, "weights_unknown"),
        ({"weights": {"by": "ahp"}}, "one_of"),
        (
            {
                "criteria": {f"c{n}": {"measure": "column", "column": "x", "value": RISING} for n in range(16)},
                "weights": {"by": "ahp", "workbook": "e.xlsx"},
            },
            "ahp_many",
        ),
        ({"method": {"method": "owa", "order_weights": [1]}}, "order_count"),
        ({"method": {"method": "owa", "orness": 1, "trade_off": 0.5}}, "trade_off"),
        ({"criteria": {"x": {"measure": "distance", "role": "roads", "value": RISING}}}, "unit"),
        ({"criteria": {"x": {"measure": "zone", "role": "units", "column": "c", "value": RISING}}}, "zone_shape"),
        ({"criteria": {**SPEC["criteria"], "x": {"measure": "area", "group": "g", "value": {**RISING, "unit": "m2"}}}},
         "group_missing"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused_before_anything_is_measured(change, told):
    with pytest.raises(ValidationError) as caught:
        SuitabilitySpec.model_validate({**SPEC, **change})
    assert told in [error["type"] for error in caught.value.errors()]


def test_site_ids_that_are_not_unique_are_refused_and_the_reach_is_that_of_the_widest_criterion():
    doubled = sites(*THREE[:2])
    doubled.index = ["A", "A"]
    with pytest.raises(ProblemError, match="not unique"):
        assessed(where=doubled)
    assert SuitabilitySpec.model_validate(SPEC).reach_m == 1000


def test_a_map_counts_features_beyond_its_grid():
    """A school 500 m west of a grid of five cells, where nothing was burned."""
    grid = make_grid(frame(box(0, 0, 5, 1)), CELL)
    one = {"criteria": {"school": SPEC["criteria"]["school"]}, "weights": {"by": "direct", "weights": {"school": 1}}}
    found = suitability_map(SuitabilitySpec.model_validate(one), grid, ground(receptors=frame(point(-5, 0.5))))
    np.testing.assert_allclose(found[0], [0.55, 0.65, 0.75, 0.85, 0.95])


def test_cells_and_points_read_the_same_raster(tmp_path):
    grid = make_grid(frame(box(0, 0, 3, 2)), CELL)
    there = Ground(Layers(frame(box(0, 0, 1, 1)), {"height": height(tmp_path, [[1, 2, 3], [4, 5, -9999]])}))
    criterion = CRITERION.validate_python({"measure": "raster", "layer": "height", "value": RISING})
    row, column = np.nonzero(grid.inside)
    found = criterion.measured_in_cells(grid, row, column, there, "")
    assert found.tolist() == pytest.approx([1, 2, 3, 4, 5, np.nan], nan_ok=True)


# --- in a study ---


COMPARED = """
      suitability:
        criteria:
          road: {measure: distance, role: roads, value: {shape: linear, unit: m, zero_at: 300, one_at: 0}}
          waste: {measure: access, value: {shape: linear, unit: m, zero_at: 10000, one_at: 0}}
        weights: {by: ahp, matrix: [[1, "1/3"], [null, 1]]}
"""


def compare(county):
    """The study file of the tiny county, in which the sites of one stream are compared."""
    file = county / "study.yaml"
    one = "candidates: {spacing_m: 3000, max_road_m: 300}}\n"
    text = file.read_text(encoding="utf-8")
    start = text.index("facility: {kind: STD")
    end = text.index(one, start) + len(one)
    facility = text[start:end].strip()
    block = facility.replace("facility: {kind: STD, ", "facility:\n      kind: STD\n      ").removesuffix("}")
    block = block.replace("], candidates", "]\n      candidates") + COMPARED
    file.write_text(text[:start] + block + text[end:], encoding="utf-8")
    return file


def test_a_study_that_compares_its_sites_has_their_suitability_in_its_table(tiny_study, tmp_path):
    """Waste counts three times the road; the tonnes of the plan's places, straight ways."""
    compare(draw_county(tmp_path))
    ground_ = read_study(Study.open(tmp_path), ["straw"]).grounds["straw"]
    found, places = ground_.sites, ground_.demand.places
    tonnes = places["t_per_year"] / places["t_per_year"].sum()
    for site in found.itertuples():
        way = float((tonnes * places.distance(site.geometry)).sum())
        assert site.suitability <= 0.75 * (1 - way / 10_000) + 0.25 and site.suitability >= 0.75 * (1 - way / 10_000)
    assert found["suitability_rank"].min() == 1
    assert found["suitability"].idxmax() == found["suitability_rank"].idxmin()
    plain = read_study(Study.open(tiny_study), ["straw"]).grounds["straw"].sites
    assert plain.index.tolist() == found.index.tolist() and "suitability" not in plain


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("unit: km", "E-STUDY-unit 'streams.straw.facility.suitability.criteria.road': 'value' is in km"),
        ("shape: lineal", 'criteria.road.value.shape\' is "lineal", expected one of: linear'),
        ("one_at: 300", "E-STUDY-same_ends 'streams.straw.facility.suitability.criteria.road.value': both"),
    ],
)
def test_a_fault_of_a_criterion_is_told_at_its_place_in_the_study(tmp_path, written, told):
    study = compare(draw_county(tmp_path))
    key = written.split(":")[0]
    text = study.read_text(encoding="utf-8")
    start = text.index(f"{key}:", text.index("road: {measure"))
    end = min(text.index(mark, start) for mark in ",}")
    study.write_text(text[:start] + written + text[end:], encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Study.open(tmp_path)
    assert len(caught.value.faults) == 1 and told in caught.value.faults[0].text()
