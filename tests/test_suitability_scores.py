"""Value functions, scores and ranks: textbook numbers and what a pencil can check.

Textbooks: Hwang & Yoon, *Multiple Attribute Decision Making* (1981), the choice of a fighter aircraft; Yager,
IEEE Trans. SMC 18 (1988) 183; Fullér & Majlender, Fuzzy Sets and Systems 136 (2003) 203; Malczewski, Int. J.
Applied Earth Observation 8 (2006) 270; Belton & Gear, Omega 11 (1983) 228.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import TypeAdapter, ValidationError

from gis_wufei.errors import ProblemError
from gis_wufei.suitability import (
    MethodSpec,
    OwaMethod,
    TopsisMethod,
    ValueSpec,
    WlcMethod,
    order_weights,
    orness,
    owa,
    quantifier,
    rank_reversals,
    ranks,
    topsis,
    trade_off,
    wlc,
)

VALUE = TypeAdapter(ValueSpec)
METHOD = TypeAdapter(MethodSpec)


def valued(measured, **spec):
    return VALUE.validate_python(spec).of(np.array(measured))


# --- value functions ---


def test_a_line_is_level_beyond_its_ends_and_may_fall():
    np.testing.assert_allclose(valued([-1, 0, 50, 100, 900], shape="linear", zero_at=0, one_at=100), [0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(valued([0, 25, np.inf], shape="linear", zero_at=100, one_at=0), [1, 0.75, 0])


def test_lines_between_points_pass_through_them():
    found = valued([0, 5, 10, 15, 20], shape="piecewise", points=[(0, 0), (10, 0.8), (20, 1)])
    np.testing.assert_allclose(found, [0, 0.4, 0.8, 0.9, 1])


def test_an_s_curve_has_its_half_and_its_ninety_per_cent_where_they_are_said():
    found = valued([1000, 2000, 0, -1e9, 1e9], shape="sigmoid", half_at=1000, ninety_at=2000)
    np.testing.assert_allclose(found, [0.5, 0.9, 0.1, 0, 1], atol=1e-12)


def test_a_trapezoid_rises_stays_and_falls_and_an_upright_side_belongs_to_the_best():
    spec = {"shape": "trapezoid", "rise_from": 0, "best_from": 2, "best_to": 4, "fall_to": 4}
    np.testing.assert_allclose(valued([0, 1, 2, 3, 4, 4.001], **spec), [0, 0.5, 1, 1, 1, 0])


def test_a_code_has_its_value_and_an_unknown_code_is_missing_unless_others_have_one():
    spec = {"shape": "categories", "values": {"30": 1.0, "park": 0.5}}
    np.testing.assert_array_equal(valued([30.0, 40.0, np.nan], **spec), [1, np.nan, np.nan])
    told = VALUE.validate_python({**spec, "others": 0.2}).of(np.array(["park", "field", None], object))
    np.testing.assert_array_equal(told, [0.5, 0.2, np.nan])


@pytest.mark.parametrize("shape", ["linear", "piecewise", "sigmoid", "trapezoid"])
def test_what_was_not_measured_has_no_value(shape):
    spec = {
        "linear": {"zero_at": 0, "one_at": 1},
        "piecewise": {"points": [(0, 0), (1, 1)]},
        "sigmoid": {"half_at": 0, "ninety_at": 1},
        "trapezoid": {"rise_from": 0, "best_from": 1, "best_to": 2, "fall_to": 3},
    }[shape]
    assert np.isnan(valued([np.nan], shape=shape, **spec)).all()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"shape": "linear", "zero_at": 1, "one_at": 1}, "same_ends"),
        ({"shape": "sigmoid", "half_at": 1, "ninety_at": 1}, "same_ends"),
        ({"shape": "piecewise", "points": [(0, 0), (0, 1)]}, "points_order"),
        ({"shape": "piecewise", "points": [(0, 0), (1, 1), (2, 0)]}, "not_monotonic"),
        ({"shape": "piecewise", "points": [(0, 0), (1, 1.2)]}, "points_form"),
        ({"shape": "trapezoid", "rise_from": 3, "best_from": 2, "best_to": 4, "fall_to": 5}, "points_order"),
    ],
)
def test_a_value_function_that_makes_no_sense_is_refused(spec, told):
    with pytest.raises(ValidationError) as caught:
        VALUE.validate_python(spec)
    assert [error["type"] for error in caught.value.errors()] == [told]
    assert VALUE.validate_python({"shape": "piecewise", "points": [(0, 0), (1, 1), (2, 0)], "monotonic": False})


# --- order weights ---


def test_yagers_example():
    """The values 0.7, 1, 0.3, 0.6 with the order weights 0.4, 0.3, 0.2, 0.1: 0.4 + 0.21 + 0.12 + 0.03."""
    assert owa(np.array([[0.7, 1.0, 0.3, 0.6]]), np.array([0.4, 0.3, 0.2, 0.1])) == pytest.approx(0.76)


def test_order_weights_reach_from_and_to_or():
    values = np.array([[0.2, 0.9, 0.4]])
    for order, score, or_, trade in ([1, 0, 0], 0.9, 1, 0), ([0, 0, 1], 0.2, 0, 0), ([1 / 3] * 3, 0.5, 0.5, 1):
        assert owa(values, np.array(order)) == pytest.approx(score)
        assert (orness(np.array(order)), trade_off(np.array(order))) == pytest.approx((or_, trade))


@pytest.mark.parametrize(
    ("asked", "published"),
    [
        (0.1, [0, 0, 1 / 30, 1 / 3, 19 / 30]),
        (0.3, [0.04, 0.12, 0.2, 0.28, 0.36]),
        (0.5, [0.2] * 5),
        (0, [0, 0, 0, 0, 1]),
    ],
)
def test_the_least_variance_for_an_orness_is_the_published_one(asked, published):
    """Fullér & Majlender 2003, table for five criteria; mirrored for orness above one half."""
    np.testing.assert_allclose(order_weights(5, asked), published, atol=1e-12)
    np.testing.assert_allclose(order_weights(5, 1 - asked), published[::-1], atol=1e-12)


@given(st.integers(2, 9), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_order_weights_have_the_orness_and_the_trade_off_asked_for(size, asked, share):
    flat = order_weights(size, asked)
    assert orness(flat) == pytest.approx(asked, abs=1e-9) and flat.sum() == pytest.approx(1) and flat.min() >= 0
    sharp = order_weights(size, asked, trade_off(_two_neighbours(size, asked)))
    between = trade_off(sharp) + share * (trade_off(flat) - trade_off(sharp))
    found = order_weights(size, asked, between)
    assert orness(found) == pytest.approx(asked, abs=1e-9) and found.min() >= -1e-12
    assert trade_off(found) == pytest.approx(between, abs=1e-6)


def _two_neighbours(size, asked):
    at = (1 - asked) * (size - 1)
    return np.maximum(0, 1 - np.abs(np.arange(size) - at))


def test_a_trade_off_that_no_weights_have_is_refused_with_the_range():
    with pytest.raises(ProblemError, match=r"between 0\.000 and 0\.000, not 0\.5"):
        order_weights(3, 1.0, 0.5)


# --- scores ---


def test_a_weighted_sum_is_worked_out_by_pencil():
    np.testing.assert_allclose(wlc(np.array([[1, 0.5], [0, 1]]), np.array([0.6, 0.4])), [0.8, 0.4])


def test_the_quantifier_with_alpha_one_is_the_weighted_sum_and_its_ends_are_best_and_worst():
    """Malczewski 2006, table 1: alpha 0 at least one, 1 half (WLC), infinite all."""
    values, weights = np.array([[0.2, 0.9, 0.5], [0.7, 0.1, 0.6]]), np.array([0.5, 0.2, 0.3])

    def by(alpha):
        return OwaMethod(method="owa", alpha=alpha).scores(values, weights)

    np.testing.assert_allclose(by(1.0), wlc(values, weights))
    np.testing.assert_allclose(by(0.0), values.max(axis=1))
    np.testing.assert_allclose(by(1e6), values.min(axis=1))
    # 0.9, 0.5, 0.2 with weights 0.2, 0.3, 0.5: squares of the sums 0.04, 0.25, 1 give 0.04, 0.21, 0.75.
    assert by(2.0)[0] == pytest.approx(0.04 * 0.9 + 0.21 * 0.5 + 0.75 * 0.2)
    np.testing.assert_allclose(quantifier(2.0, np.array([0.0, 0.5, 1.0])), [0, 0.25, 1])


tables = arrays(float, st.tuples(st.integers(2, 6), st.just(4)), elements=st.floats(0, 1))
fours = arrays(float, 4, elements=st.floats(0.01, 1)).map(lambda w: w / w.sum())


@given(tables, fours, fours)
@settings(max_examples=60, deadline=None)
def test_an_ordered_average_lies_between_worst_and_best_and_equal_order_weights_are_the_weighted_sum(values, w, order):
    score = owa(values, order, w)
    assert (score >= values.min(axis=1) - 1e-9).all() and (score <= values.max(axis=1) + 1e-9).all()
    np.testing.assert_allclose(owa(values, np.full(4, 0.25), w), wlc(values, w), atol=1e-9)
    np.testing.assert_allclose(owa(values, order, np.full(4, 0.25)), -np.sort(-values, axis=1) @ order, atol=1e-9)


AIRCRAFT = np.array(
    [
        [2.0, 1500, 20000, 5.5, 5, 9],
        [2.5, 2700, 18000, 6.5, 3, 5],
        [1.8, 2000, 21000, 4.5, 7, 7],
        [2.2, 1800, 20000, 5.0, 5, 5],
    ]
)
AIRCRAFT_WEIGHTS = np.array([0.2, 0.1, 0.1, 0.1, 0.2, 0.3])
COST = np.array([False, False, False, True, False, False])


def test_topsis_gives_hwang_and_yoons_closeness():
    found = topsis(AIRCRAFT, AIRCRAFT_WEIGHTS, COST)
    np.testing.assert_allclose(found, [0.643, 0.268, 0.613, 0.312], atol=0.0006)
    assert ranks(found).tolist() == [1, 4, 2, 3]


def test_topsis_does_not_depend_on_units_and_sites_that_are_all_alike_score_one_half():
    scaled = topsis(AIRCRAFT * np.array([10, 1e-3, 7, 2, 3, 1]), AIRCRAFT_WEIGHTS, COST)
    np.testing.assert_allclose(scaled, topsis(AIRCRAFT, AIRCRAFT_WEIGHTS, COST))
    np.testing.assert_allclose(topsis(np.full((3, 2), 0.4), np.array([0.5, 0.5])), 0.5)


@given(tables, fours)
@settings(max_examples=40, deadline=None)
def test_the_parts_of_a_site_sum_to_its_score_whatever_the_method(values, weights):
    for method in (
        WlcMethod(method="wlc"),
        TopsisMethod(method="topsis"),
        OwaMethod(method="owa", orness=0.3),
        OwaMethod(method="owa", alpha=3.0),
    ):
        np.testing.assert_allclose(method.parts(values, weights).sum(axis=1), method.scores(values, weights), atol=1e-9)


@pytest.mark.parametrize(
    "spec",
    [
        {"method": "owa"},
        {"method": "owa", "orness": 0.5, "alpha": 1.0},
        {"method": "owa", "alpha": 1.0, "trade_off": 0.5},
        {"method": "owa", "order_weights": [0.5, 0.4]},
    ],
)
def test_an_ordered_average_needs_one_way_to_its_order_weights(spec):
    with pytest.raises(ValidationError):
        METHOD.validate_python(spec)


# --- ranks and reversals ---


def test_ties_share_the_better_rank_and_what_has_no_score_has_none():
    assert ranks(np.array([0.5, 0.9, 0.5 + 1e-12, np.nan, 0.1])).tolist() == [2, 1, 2, 0, 4]
    assert ranks(np.array([[1.0, 2.0], [2.0, 1.0]])).tolist() == [[2, 1], [1, 2]]


def test_belton_and_gears_copy_of_an_alternative_turns_the_order():
    """Three equal criteria, priorities that sum to 1: B before A; with D, a copy of B, A comes first."""
    ratio = np.array([[1.0, 9.0, 8.0], [9.0, 1.0, 9.0], [1.0, 1.0, 1.0]])

    def distributive(values):
        return (values / values.sum(axis=0)).mean(axis=1)

    np.testing.assert_allclose(distributive(ratio), [0.45, 0.47, 0.08], atol=0.006)
    np.testing.assert_allclose(distributive(np.vstack([ratio, ratio[1]])), [0.37, 0.29, 0.06, 0.29], atol=0.006)
    found = rank_reversals(distributive, ratio, ["A", "B", "C"], added=ratio[1:2], names=["D"])
    row = found.iloc[0]
    assert (row["change"], row["site_id"], row["example"], row["winner_after"]) == ("add", "D", "B > A", "A")


@given(arrays(float, (4, 3), elements=st.floats(0, 1)), arrays(float, 3, elements=st.floats(0.1, 1)))
@settings(max_examples=40, deadline=None)
def test_fixed_value_functions_never_turn_the_order_of_two_sites(values, weights):
    weights = weights / weights.sum()
    for method in WlcMethod(method="wlc"), OwaMethod(method="owa", orness=0.2):
        assert rank_reversals(lambda v, m=method: m.scores(v, weights), values, list("ABCD")).empty
