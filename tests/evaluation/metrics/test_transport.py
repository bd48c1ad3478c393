import numpy as np
import pytest

from components.evaluation.metrics.gaussian import gaussian_of
from components.evaluation.metrics.transport import (
    Scores,
    cross_factor,
    exact_roots,
    rounding,
    squared_roots,
    transport,
)

SHAPES = [(40, 60, 100), (60, 40, 100), (40, 150, 100), (150, 40, 100), (200, 150, 30)]


def pair(n: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(n + m + d)
    mixing = generator.normal(size=(d, d)) / d**0.5
    return generator.normal(size=(n, d)) @ mixing + 0.3, generator.normal(size=(m, d))


def scores(x: np.ndarray, known: Scores) -> np.ndarray:
    if known.values is not None:
        return known.values
    return (x - known.mean) @ known.map


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_both_sets_scores_have_the_common_covariance(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    between = transport(gaussian_of(x), gaussian_of(y))
    assert len(between.common) == min(n - 1, m - 1, d)
    for features, known in ((x, between.first), (y, between.second)):
        u = scores(features, known)
        np.testing.assert_allclose(u.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(np.cov(u.T), np.diag(between.common), atol=1e-9)
        assert (known.values is not None) == (len(features) <= d)


def test_the_scores_are_those_of_the_optimal_map() -> None:
    """C Cᵀ = S with S Σ1 S = Σ2, and the second set's scores are by C⁻¹."""
    x, y = pair(200, 150, 30)
    between = transport(gaussian_of(x), gaussian_of(y))
    optimal = between.first.map @ between.first.map.T
    np.testing.assert_allclose(optimal @ np.cov(x.T) @ optimal, np.cov(y.T), atol=1e-10)
    np.testing.assert_allclose(between.first.map.T @ between.second.map, np.eye(30), atol=1e-9)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_the_three_ways_to_the_roots_agree(n: int, m: int, d: int) -> None:
    first, second = (gaussian_of(x) for x in pair(n, m, d))
    cross = cross_factor(first, second)
    quick = np.sqrt(squared_roots(cross))
    np.testing.assert_allclose(quick.sum(), exact_roots(cross).sum(), rtol=1e-11)
    np.testing.assert_allclose(quick, transport(first, second).common, rtol=1e-6)


def test_sets_that_do_not_vary_have_no_roots() -> None:
    first = gaussian_of(np.ones((60, 20)))
    second = gaussian_of(pair(50, 50, 20)[0])
    for one, other in ((first, second), (second, first), (first, first)):
        assert len(transport(one, other).common) == 0
        assert exact_roots(cross_factor(one, other)).sum() == 0.0


def test_rounding_is_seen_where_an_eigenvalue_should_be_nought() -> None:
    assert rounding(np.array([0.5, 1.0])) < 1e-14
    assert rounding(np.array([1e-17, 1.0])) > 1e-9
    assert rounding(np.array([-1e-17, 1.0])) > 1e-9
    assert rounding(np.zeros(3)) == 0.0
