"""Intervals against SciPy, and against what they promise: how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from components.evaluation.metrics.frechet import frechet_measured
from components.evaluation.metrics.kernel import kernel_estimate
from components.figures.statistics.intervals import Estimate, mean_interval, share_interval


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (487, 500), (500, 500)])
def test_a_share_s_interval_is_scipy_s_wilson(k: int, n: int) -> None:
    theirs = stats.binomtest(k, n).proportion_ci(0.9, method="wilson")
    ours = share_interval(k, n, 0.9)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_a_mean_s_interval_is_scipy_s_t() -> None:
    values = np.random.default_rng(0).normal(size=23)
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    ours = mean_interval(values, 0.9)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def draws(estimate: object, apart: float, d: int, repeats: int = 120) -> list[Estimate]:
    generator = np.random.default_rng(5)
    scale = np.linspace(0.2, 1.5, d)
    return [
        estimate(  # type: ignore[operator]
            generator.normal(size=(60, d)) * scale + apart, generator.normal(size=(70, d)), 0.95
        )
        for _ in range(repeats)
    ]


def frechet_interval(x: np.ndarray, y: np.ndarray, confidence: float) -> Estimate:
    return frechet_measured(x, y, confidence).estimate


def kernel_interval(x: np.ndarray, y: np.ndarray, confidence: float) -> Estimate:
    return kernel_estimate(x, y, confidence).estimate


@pytest.mark.parametrize("estimate", [frechet_interval, kernel_interval])
@pytest.mark.parametrize(("apart", "widest"), [(0.0, 1.9), (0.3, 1.4)])
@pytest.mark.parametrize("d", [40, 150])
def test_about_nineteen_of_twenty_intervals_hold_the_expected_distance(
    estimate: object, apart: float, widest: float, d: int
) -> None:
    found = draws(estimate, apart, d)
    expected = np.mean([each.value for each in found])
    held = np.mean([each.low <= expected <= each.high for each in found])
    assert held >= 0.9
    # and not by being far too wide for the scatter between draws
    half = np.mean([(each.high - each.low) / 2 for each in found])
    assert half < widest * 1.96 * np.std([each.value for each in found])
