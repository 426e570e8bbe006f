"""How firmly a site is the best: intervals of weights, least changes, draws; each held against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from gis_wufei.errors import ProblemError
from gis_wufei.suitability import (
    OwaMethod,
    TopsisMethod,
    WeightRegion,
    WlcMethod,
    acceptability,
    all_weights,
    around,
    least_changes,
    of_experts,
    rank_reversals,
    ranks,
    weight_intervals,
)
from gis_wufei.suitability.acceptability import draw_weights
from gis_wufei.suitability.ranks import winner
from gis_wufei.suitability.stability import moved

WLC = WlcMethod(method="wlc")
TOPSIS = TopsisMethod(method="topsis")
METHODS = [
    WLC,
    TOPSIS,
    OwaMethod(method="owa", orness=0.3),
    OwaMethod(method="owa", orness=0.75),
    OwaMethod(method="owa", alpha=2.0),
]
ids = [f"{m.method}-{n}" for n, m in enumerate(METHODS)]


# --- one weight at a time ---


def test_the_interval_of_a_weight_is_worked_out_by_pencil():
    """A (1, 0) leads B (0.4, 0.8) by 1.4 t - 0.8 with the first weight at t: B takes over below 4/7."""
    found = weight_intervals(WLC, np.array([[1, 0], [0.4, 0.8]]), np.array([0.7, 0.3]), ["near", "flat"])
    np.testing.assert_allclose(found.loc["near", ["low", "high", "room"]].astype(float), [4 / 7, 1, 0.7 - 4 / 7])
    np.testing.assert_allclose(found.loc["flat", ["low", "high", "room"]].astype(float), [0, 3 / 7, 3 / 7 - 0.3])
    assert found["next_low"].tolist() == [1, -1] and found["next_high"].tolist() == [-1, 1]


def test_a_site_that_is_better_in_everything_wins_with_any_weights():
    found = weight_intervals(WLC, np.array([[0.9, 0.8], [0.5, 0.8]]), np.array([0.5, 0.5]), ["a", "b"])
    assert found[["low", "high"]].to_numpy().tolist() == [[0, 1], [0, 1]] and np.isinf(found["room"]).all()


def test_the_least_move_upsets_a_winner_that_shares_its_place():
    found = weight_intervals(WLC, np.array([[1, 0], [0, 1]]), np.array([0.5, 0.5]), ["a", "b"])
    assert found["room"].tolist() == [0, 0] and found.loc["a", ["low", "high"]].tolist() == [0.5, 1]


@pytest.mark.parametrize("method", METHODS, ids=ids)
def test_within_the_interval_the_winner_stays_and_beyond_it_another_takes_over(method):
    """Against 1001 weights for each criterion of random problems."""
    rng = np.random.default_rng(7)
    grid = np.linspace(0, 1, 1001)
    for _ in range(4):
        count, size = int(rng.integers(2, 7)), int(rng.integers(2, 5))
        values, weights = rng.random((count, size)), rng.dirichlet(np.ones(size))
        best = winner(method.scores(values, weights))
        found = weight_intervals(method, values, weights, [str(j) for j in range(size)])
        for j, (low, high) in enumerate(found[["low", "high"]].to_numpy()):
            scores = np.array([method.scores(values, w) for w in moved(weights, j, grid)])
            wins = scores[:, best] >= scores.max(axis=1) - 1e-9
            assert wins[(grid >= low) & (grid <= high)].all()
            below, above = np.flatnonzero(grid < low - 1e-3), np.flatnonzero(grid > high + 1e-3)
            assert not len(below) or not wins[below[-1]]
            assert not len(above) or not wins[above[0]]
            for end, other in ((low, found["next_low"].iloc[j]), (high, found["next_high"].iloc[j])):
                if other >= 0:  # at the end both share the place
                    there = method.scores(values, moved(weights, j, np.array([end]))[0])
                    assert there[best] == pytest.approx(there[other], abs=1e-6)


def test_other_weights_keep_their_proportions_and_share_alike_where_they_were_nothing():
    np.testing.assert_allclose(moved(np.array([0.5, 0.3, 0.2]), 0, np.array([0.0])), [[0, 0.6, 0.4]])
    np.testing.assert_allclose(moved(np.array([1.0, 0, 0]), 0, np.array([0.4])), [[0.4, 0.3, 0.3]])


# --- all weights together ---


def test_the_least_change_is_worked_out_by_pencil():
    """A leads B by 1.4 t - 0.8, so t falls from 0.7 to 4/7 and the other weight rises as much."""
    found = least_changes(np.array([[1, 0], [0.4, 0.8], [0.4, 0.7]]), np.array([0.7, 0.3]), ["A", "B", "C"], ["x", "y"])
    assert found["change"].to_numpy() == pytest.approx([0, 2 * (0.7 - 4 / 7), np.nan], nan_ok=True)
    np.testing.assert_allclose(found.loc["B", ["x", "y"]].astype(float), [4 / 7, 3 / 7])


def test_the_least_change_makes_the_site_win_and_no_smaller_one_among_many_does():
    rng = np.random.default_rng(3)
    values, weights = rng.random((5, 3)), rng.dirichlet(np.ones(3))
    found = least_changes(values, weights, list("ABCDE"), list("xyz"))
    tried = rng.dirichlet(np.ones(3), 20_000)
    first = np.argmax(tried @ values.T, axis=1)
    change = np.abs(tried - weights).sum(axis=1)
    for at, site in enumerate("ABCDE"):
        told = found.loc[site]
        wins = change[first == at]
        if np.isnan(told["change"]):
            assert not len(wins)
            continue
        there = told[list("xyz")].to_numpy(float)
        assert there.sum() == pytest.approx(1) and there.min() >= -1e-9
        assert (values @ there)[at] >= (values @ there).max() - 1e-7
        assert np.abs(there - weights).sum() == pytest.approx(told["change"])
        assert not len(wins) or wins.min() >= told["change"] - 1e-9


def test_a_single_site_needs_no_change():
    assert least_changes(np.array([[0.3, 0.4]]), np.array([0.5, 0.5]), ["A"], ["x", "y"])["change"].tolist() == [0]


# --- draws of weights ---


def test_draws_are_spread_evenly_over_all_weights_and_are_the_same_for_the_same_seed():
    """Weights of three criteria, evenly over the triangle: mean 1/3, variance 1/18 each."""
    found = draw_weights(all_weights(3), 20_000, seed=1)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(found.mean(axis=0), 1 / 3, atol=0.006)
    np.testing.assert_allclose(found.var(axis=0), 1 / 18, atol=0.002)
    np.testing.assert_array_equal(found, draw_weights(all_weights(3), 20_000, seed=1))


def test_draws_keep_within_the_experts_and_a_weight_on_which_all_agree_is_fixed():
    each = np.array([[0.5, 0.3, 0.1, 0.1], [0.3, 0.5, 0.1, 0.1]])
    found = draw_weights(of_experts(each), 500, seed=2)
    assert found.min(axis=0) == pytest.approx([0.3, 0.3, 0.1, 0.1], abs=0.01)
    assert found.max(axis=0) == pytest.approx([0.5, 0.5, 0.1, 0.1], abs=0.01)
    np.testing.assert_allclose(found[:, 2:], 0.1)


def test_how_often_a_site_wins_is_the_part_of_the_weights_with_which_it_does():
    """A wins for t above 4/7 (see above), so with 3/7 of all weights; its central weight is 11/14."""
    found = acceptability(WLC, np.array([[1, 0], [0.4, 0.8]]), all_weights(2), ["A", "B"], ["x", "y"], 20_000, 1)
    assert found.ranks.loc["A", 1] == pytest.approx(3 / 7, abs=found.error)
    assert found.ranks.sum(axis=1).tolist() == [1, 1] and found.error < 0.01
    assert found.central.loc["A", "x"] == pytest.approx(11 / 14, abs=0.01)


def test_a_site_that_never_wins_has_no_central_weights_and_ties_share_the_first_rank():
    values = np.array([[0.9, 0.9], [0.9, 0.9], [0.1, 0.2]])
    found = acceptability(WLC, values, around(np.array([0.5, 0.5]), 0.5), list("ABC"), ["x", "y"], 50, 1)
    assert found.ranks[1].tolist() == [1, 1, 0] and found.central.loc["C"].isna().all()


def test_a_region_without_weights_that_sum_to_one_is_refused():
    with pytest.raises(ProblemError, match="sum to 1"):
        WeightRegion(np.array([0.6, 0.6]), np.array([1.0, 1.0]))
    with pytest.raises(ProblemError, match="low <= high"):
        WeightRegion(np.array([0.6, 0.0]), np.array([0.5, 1.0]))


# --- reversals ---


def test_topsis_may_turn_the_order_when_a_site_is_dropped_and_what_is_told_is_true():
    rng = np.random.default_rng(5)
    seen = 0
    for _ in range(30):
        values, weights = rng.random((5, 3)), rng.dirichlet(np.ones(3))

        def score(rows, w=weights):
            return TOPSIS.scores(rows, w)

        found = rank_reversals(score, values, list("ABCDE"))
        seen += len(found)
        for row in found.itertuples():
            kept = [at for at, site in enumerate("ABCDE") if site != row.site_id]
            before, after = score(values)[kept], score(values[kept])
            names = [site for site in "ABCDE" if site != row.site_id]
            first, second = (names.index(site) for site in row.example.split(" > "))
            assert ranks(before)[first] < ranks(before)[second] and ranks(after)[first] > ranks(after)[second]
            assert (names[winner(before)], names[winner(after)]) == (row.winner_before, row.winner_after)
    assert seen > 0
