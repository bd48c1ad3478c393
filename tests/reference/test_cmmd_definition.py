"""CMMD against sums over all pairs, and against what the authors' program computes."""

import itertools

import numpy as np
import pytest

from components.evaluation.metrics.cmmd import cmmd_estimate


@pytest.fixture(scope="module")
def sets() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(40, 30)) + 0.8, generator.normal(size=(25, 30)) * 1.2 + 0.5


def k(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.exp(-np.sum((a - b) ** 2) / (2 * 10.0**2)))


def test_it_is_the_unbiased_sum_over_all_pairs(sets: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = sets
    within_x = np.mean([k(a, b) for a, b in itertools.permutations(x, 2)])
    within_y = np.mean([k(a, b) for a, b in itertools.permutations(y, 2)])
    between = np.mean([k(a, b) for a, b in itertools.product(x, y)])
    expected = 1000 * (within_x + within_y - 2 * between)
    assert cmmd_estimate(x, y, 0.95).estimate.value == pytest.approx(expected, rel=1e-9)


def test_the_published_program_s_is_higher_by_the_stated_bias(
    sets: tuple[np.ndarray, np.ndarray],
) -> None:
    """It takes means over all pairs, those of an image with itself included."""
    x, y = sets
    xx, yy, xy = (
        np.array([[k(a, b) for b in second] for a in first])
        for first, second in ((x, x), (y, y), (x, y))
    )
    published = 1000 * (xx.mean() + yy.mean() - 2 * xy.mean())
    bias = sum(
        1000 * (1 - (each.sum() - len(each)) / (len(each) * (len(each) - 1))) / len(each)
        for each in (xx, yy)
    )
    assert cmmd_estimate(x, y, 0.95).estimate.value == pytest.approx(published - bias, rel=1e-9)


def test_about_nineteen_of_twenty_intervals_hold_the_expected_distance() -> None:
    generator = np.random.default_rng(5)
    found = [
        cmmd_estimate(
            generator.normal(size=(60, 20)) + 0.4, generator.normal(size=(70, 20)), 0.95
        ).estimate
        for _ in range(150)
    ]
    expected = np.mean([each.value for each in found])
    assert np.mean([each.low <= expected <= each.high for each in found]) >= 0.9
    half = np.mean([(each.high - each.low) / 2 for each in found])
    assert half < 1.4 * 1.96 * np.std([each.value for each in found])
