"""Rate, half-life and horizons of curves made by hand."""

import math

import numpy as np
import pytest

from pipeline.analysis.curves import FLOOR, curve, fit


def test_measures_of_a_curve_made_by_hand() -> None:
    norms = np.array([[8.0, 6.0, 0.4, 0.02], [2.0, 4.0, 0.2, 0.06]])
    measured = curve(norms, first=0)
    np.testing.assert_allclose(measured["mean"], [5.0, 5.0, 0.3, 0.04])
    np.testing.assert_allclose(measured["relative"], [1.0, 1.0, 0.06, 0.008])
    np.testing.assert_allclose(measured["median"], [5.0, 5.0, 0.3, 0.04])
    np.testing.assert_allclose(measured["p5"], [2.3, 4.1, 0.21, 0.022])
    np.testing.assert_allclose(measured["p95"], [7.7, 5.9, 0.39, 0.058])
    assert measured["horizons"] == {"10pct": 2, "1pct": 3, "0.1pct": None}


def test_the_curve_of_c_is_relative_to_lag_1() -> None:
    measured = curve(np.array([[0.0, 4.0, 2.0, 1.0, 0.25]]), first=1)
    assert measured["relative"] == [0.0, 1.0, 0.5, 0.25, 0.0625]
    assert measured["horizons"] == {"10pct": 4, "1pct": None, "0.1pct": None}
    assert measured["first_lag"] == 1


def test_the_fit_is_numpys_least_squares_line() -> None:
    mean = np.array([3.0, 2.0, 1.5, 0.5, 0.4])
    k, log_g = np.arange(5.0), np.log(mean)
    slope = ((k - k.mean()) * (log_g - log_g.mean())).sum() / ((k - k.mean()) ** 2).sum()
    measured = fit(mean, first=0)
    assert measured["slope"] == pytest.approx(slope)
    assert measured["half_life"] == pytest.approx(math.log(2) / -slope)
    assert measured["r_squared"] == pytest.approx(np.corrcoef(k, log_g)[0, 1] ** 2)


def test_the_fit_ends_where_norms_underflow_and_says_nothing_of_rising_or_flat_curves() -> None:
    halving = 0.5 ** np.arange(4.0)
    underflown = fit(np.concatenate([halving, [0.1 * FLOOR, 0.0, 0.0]]), first=0)
    assert underflown["slope"] == pytest.approx(-math.log(2))
    rising = fit(1 / halving, first=0)
    assert rising["slope"] == pytest.approx(math.log(2))
    assert rising["half_life"] is None
    assert fit(np.array([1.0, 0.0, 0.0]), first=0) == {"slope": None, "half_life": None, "r_squared": None}
    assert fit(np.array([1.0, 1.0, 1.0]), first=0)["r_squared"] is None
