"""The Vendi score against its definition by a matrix logarithm, and its interval's promise."""

import numpy as np
import pytest
from scipy.linalg import logm

from components.evaluation.metrics.vendi import vendi_score


@pytest.mark.parametrize(("n", "d"), [(40, 100), (60, 60), (90, 25)])
def test_it_is_the_entropy_of_the_kernel_matrix(n: int, d: int) -> None:
    """exp(-tr(K/n log K/n)) in extended rank: K is lifted by 1e-13 where it is singular."""
    x = np.random.default_rng(n).normal(size=(n, d)) + 0.4
    cosines = np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in x] for a in x])
    k = cosines / n + 1e-13 * np.eye(n)
    expected = np.exp(-np.trace(k @ logm(k)).real)
    assert vendi_score(x.astype(np.float32), 0.95).estimate.value == pytest.approx(
        expected, rel=1e-6
    )


@pytest.mark.parametrize(("n", "d"), [(60, 100), (150, 60), (100, 100)])
def test_about_nineteen_of_twenty_intervals_hold_the_expected_score(n: int, d: int) -> None:
    generator, mixing = np.random.default_rng(1), np.random.default_rng(2).normal(size=(16, d))
    found = [
        vendi_score(
            np.maximum(
                generator.normal(size=(n, 16)) @ mixing + 0.3 * generator.normal(size=(n, d)), 0.0
            ),
            0.95,
        ).estimate
        for _ in range(120)
    ]
    expected = np.mean([each.value for each in found])
    assert 0.87 <= np.mean([each.low <= expected <= each.high for each in found]) <= 0.99
    # and the intervals are as wide as the scatter between draws says
    half = np.mean([(each.high - each.low) / 2 for each in found])
    assert half == pytest.approx(1.96 * np.std([each.value for each in found]), rel=0.25)
