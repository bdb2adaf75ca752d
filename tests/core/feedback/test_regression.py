"""The two regressions, the spline and the hidden scale, against statsmodels, SciPy and the normal table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.special import expit

from collage.feedback.columns import spline
from collage.feedback.regression import linear, logistic
from collage.feedback.tipping import moved


def columns(seed: int, n: int = 400) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    return np.column_stack([np.ones(n), rng.normal(size=(n, 3))])


def test_without_a_ridge_it_is_the_logit_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    x = columns(1)
    y = np.random.default_rng(2).random(400) < expit(x @ np.array([-1.0, 0.8, -0.5, 0.0]))
    assert logistic(x, y, ridge=0.0) == pytest.approx(sm.Logit(y.astype(float), x).fit(disp=0).params, abs=1e-7)


def test_without_a_ridge_it_is_the_least_squares_of_statsmodels() -> None:
    sm = pytest.importorskip("statsmodels.api")
    x = columns(3)
    y = x @ np.array([3.0, 0.5, 0.0, -1.0]) + np.random.default_rng(4).normal(size=400)
    assert linear(x, y, ridge=0.0) == pytest.approx(sm.OLS(y, x).fit().params)


def test_with_a_ridge_it_is_least_squares_with_one_more_row_for_each_column() -> None:
    sm = pytest.importorskip("statsmodels.api")
    x, y = columns(5, 30), np.random.default_rng(6).normal(size=30)
    more = np.vstack([x, np.diag([0.0, 1.0, 1.0, 1.0])])
    assert linear(x, y, ridge=1.0) == pytest.approx(sm.OLS(np.append(y, np.zeros(4)), more).fit().params)


def test_with_a_ridge_the_slope_of_the_likelihood_is_the_ridge_times_the_coefficients() -> None:
    x = columns(7)
    y = np.random.default_rng(8).random(400) < 0.2
    b = logistic(x, y, ridge=3.0)
    assert x.T @ (y - expit(x @ b)) == pytest.approx(3.0 * np.append(0.0, b[1:]), abs=1e-6)


def test_who_can_be_told_without_fail_does_not_make_coefficients_endless() -> None:
    x = columns(9)
    b = logistic(x, x[:, 1] > 0.0)
    assert np.isfinite(b).all()
    assert 2.0 < b[1] < 20.0


def test_the_spline_is_scipys_natural_one_between_its_knots_and_straight_beyond() -> None:
    x = np.linspace(-2.0, 2.0, 41)
    knots = [2, 11, 20, 29, 38]  # the quantiles .05, .275, .5, .725 and .95
    found = spline(x)
    assert found.shape == (41, 4)
    for column in found.T:
        foreign = CubicSpline(x[knots], column[knots], bc_type="natural")
        assert column[2:39] == pytest.approx(foreign(x[2:39]))
        for tail in (column[:3], column[38:]):
            assert np.diff(tail, 2) == pytest.approx([0.0] * (tail.size - 2))


def test_of_numbers_that_are_nearly_all_alike_the_spline_is_they_themselves() -> None:
    x = np.append(np.zeros(99), 1.0)
    assert spline(x).tolist() == x[:, None].tolist()


# ---- the hidden scale


def test_half_and_half_moved_by_a_tenth_is_six_in_ten() -> None:
    found = moved(np.array([0.0, 1.0]), np.array([3.0, 3.0]), high_from=0.75, by=0.1)
    assert (found.mean, found.high) == pytest.approx((0.1, 0.1))


def test_three_scores_by_the_normal_table() -> None:
    # a quarter, a half, a quarter: cuts at ±.6745; moved by d = .5 they hold Φ(-1.1745) = .1201 and Φ(.1745) = .5693
    gained = 1.0 - 0.12010 - 0.56926
    found = moved(np.array([1.0, 2.0, 2.0, 3.0]), np.ones(4), high_from=3.0, by=gained)
    assert found.mean == pytest.approx(gained)
    assert found.high == pytest.approx(0.75 - 0.56926, abs=1e-4)


def test_nothing_moves_beyond_the_end_of_the_scale() -> None:
    found = moved(np.array([1.0, 5.0]), np.array([1.0, 3.0]), high_from=4.0, by=2.0)
    assert (found.mean, found.high) == pytest.approx((1.0, 0.25))
    found = moved(np.array([1.0, 5.0]), np.array([1.0, 3.0]), high_from=4.0, by=-9.0)
    assert (found.mean, found.high) == pytest.approx((-3.0, -0.75))


def test_moved_by_nothing_or_with_no_high_score_nothing_is_gained() -> None:
    assert moved(np.array([1.0, 2.0]), np.ones(2), high_from=2.0, by=0.0).high == 0.0
    assert moved(np.array([1.0, 2.0]), np.ones(2), high_from=4.0, by=0.1).high == 0.0
    assert moved(np.array([1.0, 2.0]), np.ones(2), high_from=0.0, by=0.1).high == 0.0


@given(st.integers(0, 2**32 - 1), st.floats(-0.5, 0.5))
def test_the_mean_moves_as_told_and_the_share_the_same_way_whatever_the_order(seed: int, by: float) -> None:
    rng = np.random.default_rng(seed)
    score = np.append(rng.integers(1, 6, 1000), [1, 5]).astype(float)
    found = moved(score, np.ones(1002), high_from=4.0, by=by)
    assert found.mean == pytest.approx(by, abs=1e-8)
    assert found.high * by >= -1e-9
    order = rng.permutation(1002)
    again = moved(score[order], np.ones(1002), high_from=4.0, by=by)
    assert (again.mean, again.high) == pytest.approx((found.mean, found.high))
