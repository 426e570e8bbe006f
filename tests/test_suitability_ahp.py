"""Weights out of pairwise judgements: textbook matrices, what contradicts what, several experts, workbooks.

Textbooks: Saaty, *The Analytic Hierarchy Process* (1980), the school; Saaty, *How to make a decision*,
EJOR 48 (1990) 9, and *Why is the principal eigenvector necessary*, EJOR 145 (2003) 85, the house;
Saaty, *Decision making with the AHP*, Int. J. Services Sciences 1 (2008) 83, drinks.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_wufei.errors import InputError, ProblemError
from gis_wufei.suitability import (
    PairwiseMatrix,
    aggregate,
    group_weights,
    mends,
    pairwise,
    priorities,
    read_panel,
    structure,
)
from gis_wufei.suitability.ahp import RANDOM_INDEX, on_scale
from gis_wufei.suitability.panel import TOP


def matrix(text, names=None):
    """A matrix from lines of judgements."""
    rows = [line.split() for line in text.strip().splitlines()]
    return pairwise([[None if cell == "." else cell for cell in row] for row in rows], names)


SCHOOL = """
1   4   3 1   3   4
1/4 1   7 3   1/5 1
1/3 1/7 1 1/5 1/5 1/6
1   1/3 5 1   1   1/3
1/3 5   5 1   1   3
1/4 1   6 3   1/3 1
"""
HOUSE = """
1   5   3   7 6   6   1/3 1/4
1/5 1   1/3 5 3   3   1/5 1/7
1/3 3   1   6 3   4   6   1/5
1/7 1/5 1/6 1 1/3 1/4 1/7 1/8
1/6 1/3 1/3 3 1   1/2 1/5 1/6
1/6 1/3 1/4 4 2   1   1/5 1/6
3   5   1/6 7 5   5   1   1/2
4   7   5   8 6   6   2   1
"""
HOUSE_NAMES = ("size", "transport", "neighbourhood", "age", "yard", "modern", "condition", "finance")


# --- textbook numbers ---


def test_saatys_school_has_the_published_weights():
    found = priorities(matrix(SCHOOL))
    np.testing.assert_allclose(found.weights, [0.32, 0.14, 0.03, 0.13, 0.24, 0.14], atol=0.006)
    assert not found.consistent  # he says so himself: 0.24


def test_saatys_house_has_the_published_weights_and_consistency():
    found = priorities(matrix(HOUSE))
    np.testing.assert_allclose(found.weights, [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333], atol=0.0006)
    assert (round(found.lambda_max, 3), round(found.ci, 3), round(found.cr, 3)) == (9.669, 0.238, 0.169)


def test_the_judgement_that_saaty_asks_to_revise_is_found_with_the_value_that_he_proposes():
    """2003: 6 for neighbourhood against condition; 1/2 instead brings lambda_max to 8.811 and CR to 0.083."""
    house = matrix(HOUSE, HOUSE_NAMES)
    worst = mends(house)[0]
    assert (worst.first, worst.second, worst.judged, worst.value) == ("neighbourhood", "condition", 6.0, 0.5)
    after = priorities(house.with_judgement("neighbourhood", "condition", 0.5))
    assert after.lambda_max == pytest.approx(8.811, abs=0.001) and after.cr == pytest.approx(0.083, abs=0.001)
    assert worst.cr_after == pytest.approx(after.cr) and worst.cr == pytest.approx(0.169, abs=0.0005)


def test_composing_two_levels_gives_the_published_choice_of_school():
    """Learning .. music with the schools' own weights: A .37, B .38, C .25 (Saaty 1980)."""
    shape = structure(list("lfsvcm"))
    weights = group_weights({"family": {TOP: matrix(SCHOOL, tuple("lfsvcm"))}}, shape).weights
    schools = [
        "1 1/3 1/2\n3 1 3\n2 1/3 1",
        "1 1 1\n1 1 1\n1 1 1",
        "1 5 1\n1/5 1 1/5\n1 5 1",
        "1 9 7\n1/9 1 1/5\n1/7 5 1",
        "1 1/2 1\n2 1 2\n1 1/2 1",
        "1 6 4\n1/6 1 1/3\n1/4 3 1",
    ]
    found = np.array([priorities(matrix(text)).weights for text in schools]).T @ weights
    np.testing.assert_allclose(found, [0.37, 0.38, 0.25], atol=0.006)


def test_the_random_index_is_saatys_of_1980():
    assert RANDOM_INDEX[:10] == (0, 0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49)
    with pytest.raises(ProblemError, match="16 criteria"):
        priorities(pairwise(np.ones((16, 16)).tolist()))


# --- properties ---


weights_ = st.lists(st.floats(1, 3), min_size=2, max_size=7)


@given(weights_)
@settings(max_examples=30, deadline=None)
def test_consistent_judgements_give_back_the_weights_that_they_come_from(weights):
    weights = np.array(weights)
    found = priorities(PairwiseMatrix(tuple(map(str, range(len(weights)))), weights[:, None] / weights[None, :]))
    np.testing.assert_allclose(found.weights, weights / weights.sum(), rtol=1e-9)
    np.testing.assert_allclose(found.row_mean, found.weights, rtol=1e-9)
    assert found.cr == 0.0 and found.consistent and not mends(pairwise([[1, 2], ["", 1]]))


def test_the_order_of_the_criteria_does_not_matter():
    house = matrix(HOUSE, HOUSE_NAMES)
    turned = priorities(house.sorted_as(HOUSE_NAMES[::-1]))
    np.testing.assert_allclose(turned.weights[::-1], priorities(house).weights)


def test_one_slip_in_consistent_judgements_is_found_and_mended_exactly():
    """Weights 4 : 2 : 1 : 1 judged without fault but for the last pair, 5 for 1."""
    slipped = matrix("1 2 4 4\n. 1 2 2\n. . 1 5\n. . . 1")
    worst = mends(slipped)[0]
    assert (worst.first, worst.second, worst.judged, worst.value) == ("3", "4", 5.0, 1.0)
    assert worst.fits == pytest.approx(1.0) and worst.cr_after == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("value", "nearest"), [(20, 9), (0.01, 1 / 9), (1.3, 1), (0.45, 0.5), (2.6, 3)])
def test_what_fits_is_told_on_the_scale_of_judgements(value, nearest):
    assert on_scale(value) == pytest.approx(nearest)


# --- how judgements are written ---


def test_one_triangle_is_enough_and_the_other_half_is_its_reciprocal():
    full = matrix(HOUSE)
    upper = pairwise([[full.ratios[i, j] if i <= j else None for j in range(8)] for i in range(8)])
    lower = pairwise([[full.ratios[i, j] if i >= j else "" for j in range(8)] for i in range(8)])
    np.testing.assert_allclose(upper.ratios, full.ratios)
    np.testing.assert_allclose(lower.ratios, full.ratios)


@pytest.mark.parametrize("cell", ["1/3", "１／３", " 1 / 3", "1:3", "⅓", "0.33", 1 / 3])
def test_a_third_may_be_written_in_many_ways(cell):
    assert pairwise([[1, cell], [3, 1]]).judged("1", "2") == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([[1, "much"], ["", 1]], "E-AHP-CELL"),
        ([[1, True], ["", 1]], "E-AHP-CELL"),
        ([[1, "2026-01-03"], ["", 1]], "E-AHP-DATE"),
        ([[1, 10], ["", 1]], "E-AHP-SCALE"),
        ([[1, 0], ["", 1]], "E-AHP-SCALE"),
        ([[1, "1/0"], ["", 1]], "E-AHP-SCALE"),
        ([[2, 3], ["", 1]], "E-AHP-DIAGONAL"),
        ([[1, None], ["", 1]], "E-AHP-MISSING"),
        ([[1, 3], [3, 1]], "E-AHP-RECIPROCAL"),
        ([[1, 3], [1]], "E-AHP-SQUARE"),
        ([], "E-AHP-SQUARE"),
    ],
)
def test_what_cannot_be_a_judgement_is_refused_with_its_code(rows, code):
    with pytest.raises(InputError) as caught:
        pairwise(rows)
    assert [fault.code for fault in caught.value.faults] == [code]
    assert all("{" not in fault.text(lang) for fault in caught.value.faults for lang in ("zh", "en"))


# --- several experts ---


def test_the_mean_of_judgements_keeps_the_reciprocal():
    """3 and 1/3 make 1; 2 and 8 make 4 (geometric)."""
    both = aggregate([matrix("1 3 2\n. 1 2\n. . 1"), matrix("1 1/3 8\n. 1 2\n. . 1")])
    np.testing.assert_allclose(both.ratios, [[1, 1, 4], [1, 1, 2], [1 / 4, 1 / 2, 1]])


def test_both_ways_of_aggregating_agree_on_consistent_experts_and_the_panel_without_one_is_the_other():
    shape = structure(["a", "b"])
    panel = {"X": {TOP: matrix("1 4\n. 1", ("a", "b"))}, "Y": {TOP: matrix("1 1\n. 1", ("a", "b"))}}
    by_judgements = group_weights(panel, shape)
    by_weights = group_weights(panel, shape, "priorities")
    np.testing.assert_allclose(by_judgements.weights, [2 / 3, 1 / 3])
    np.testing.assert_allclose(by_weights.weights, [2 / 3, 1 / 3])
    table = by_judgements.drop_one
    assert table.index.tolist() == ["X", "Y"]
    np.testing.assert_allclose(table.loc["X", ["a", "b"]].astype(float), [0.5, 0.5])
    np.testing.assert_allclose(table.loc["Y", ["a", "b"]].astype(float), [0.8, 0.2])
    assert table["most"].to_numpy() == pytest.approx([1 / 6, 0.8 - 2 / 3])
    assert table["order_changes"].tolist() == [False, False]  # equal weights keep the order of the criteria


def test_two_levels_multiply_and_a_group_of_one_passes_its_weight_on():
    """Groups 3 : 1; within the first 2 : 1."""
    shape = structure(["a", "b", "c"], {"a": "g", "b": "g", "c": "h"})
    judged = {TOP: matrix("1 3\n. 1", ("g", "h")), "g": matrix("1 2\n. 1", ("a", "b"))}
    np.testing.assert_allclose(group_weights({"X": judged}, shape).weights, [0.5, 0.25, 0.25])
    assert group_weights({"X": judged}, shape).drop_one.empty


# --- workbooks ---


def book(path: Path, **sheets):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


SHAPE = structure(["slope", "road", "people"])
WANG = [["王工的判断"], [], ["", "坡度", "道路", "人口"], ["坡度", 1, "１／３", "0.5"], ["道路", None, 1, 2], ["人口"]]
LABELS = {"坡度": "slope", "道路": "road", "人口": "people"}


def test_a_workbook_gives_each_experts_matrix_by_the_names_on_its_sides(tmp_path):
    """Two experts, names in another order and language, a title above, one triangle, an empty sheet."""
    li = [["", "people", "road", "slope"], ["people", 1, "1/2", 2], ["road", "", 1, 3], ["slope", "", "", 1]]
    panel = read_panel(book(tmp_path / "e.xlsx", 王=WANG, Li=li, Sheet3=[]), SHAPE, LABELS)
    assert list(panel) == ["王", "Li"]
    assert panel["王"][TOP].names == ("slope", "road", "people")
    np.testing.assert_allclose(panel["王"][TOP].ratios[0], [1, 1 / 3, 0.5])
    assert panel["Li"][TOP].judged("slope", "road") == pytest.approx(1 / 3)


def test_two_levels_are_several_tables_on_a_sheet(tmp_path):
    shape = structure(["a", "b", "c"], {"a": "ground", "b": "ground", "c": "people"})
    sheet = [
        ["", "ground", "people"],
        ["ground", 1, 3],
        ["people", "", 1],
        [],
        ["", "b", "a"],
        ["b", 1, 2],
        ["a", "", 1],
    ]
    judged = read_panel(book(tmp_path / "e.xlsx", Zhao=sheet), shape)["Zhao"]
    assert judged[TOP].judged("ground", "people") == 3 and judged["ground"].judged("a", "b") == 0.5


NAMES = ["", "slope", "road", "people"]
FIRST, LAST = ["slope", 1, 3, 2], ["people"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([NAMES, FIRST, ["road", "", 1, "x"], LAST], ("E-AHP-CELL", "!D3")),
        ([["", "slope", "raod", "people"], FIRST, ["raod", "", 1, 1], LAST], ("E-AHP-NAME", "!C1")),
        ([NAMES, FIRST, ["road", "", 1, 1]], ("E-AHP-ROWS", "!A1")),
        ([["", "slope", "road"], ["slope", 1, 3], ["road", "", 1]], ("E-AHP-NOTABLE", "X")),
        ([NAMES, FIRST, ["slope", "", 1, 1], LAST], ("E-AHP-TWICE", "!A3")),
        ([NAMES, FIRST, ["road", 1, 1, 1], LAST], ("E-AHP-RECIPROCAL", "!C2")),
        ([NAMES, ["slope", 1, datetime.date(2026, 1, 3), 2], ["road", "", 1, 1], LAST], ("E-AHP-DATE", "!C2")),
        ([NAMES, ["slope", 1, "=1/3", 2], ["road", "", 1, 1], LAST], ("E-AHP-FORMULA", "!C2")),
    ],
)
def test_a_fault_of_a_workbook_names_sheet_and_cell(tmp_path, rows, told):
    with pytest.raises(InputError) as caught:
        read_panel(book(tmp_path / "e.xlsx", X=rows), SHAPE)
    fault = caught.value.faults[0]
    assert (fault.code, fault.where) == (told[0], fault.where) and fault.where.endswith(told[1])
    assert fault.where.startswith("e.xlsx X") and "{" not in fault.text("zh") + fault.text("en")


def test_faults_of_all_sheets_are_told_together_and_a_workbook_without_judgements_is_refused(tmp_path):
    bad = [["", "slope", "road", "people"], ["slope", 1, 30, "?"], ["road", "", 1, 1], ["people"]]
    with pytest.raises(InputError) as caught:
        read_panel(book(tmp_path / "e.xlsx", A=bad, B=bad), SHAPE)
    assert [(fault.code, fault.where) for fault in caught.value.faults] == [
        (code, f"e.xlsx {sheet}!{cell}")
        for sheet in "AB"
        for code, cell in (("E-AHP-SCALE", "C2"), ("E-AHP-CELL", "D2"))
    ]
    with pytest.raises(InputError, match="E-AHP-EMPTY"):
        read_panel(book(tmp_path / "none.xlsx", A=[]), SHAPE)
    (tmp_path / "no.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    with pytest.raises(InputError, match="E-LAYER-"):
        read_panel(tmp_path / "no.xlsx", SHAPE)
