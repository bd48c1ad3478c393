"""The derivatives against finite differences of an independent, weighted distance."""

import numpy as np
import pytest

from components.evaluation.metrics.frechet_variance import (
    Influences,
    _pairs_between,
    _pairs_within,
    _products,
    influences,
    two_set_variance,
)
from components.evaluation.metrics.gaussian import gaussian_of
from components.evaluation.metrics.transport import transport

SHAPES = [(60, 48, 8), (48, 60, 90), (60, 48, 90), (40, 100, 50)]


def pair(n: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(n + m + d)
    mixing = generator.normal(size=(d, d)) / d**0.5
    return generator.normal(size=(n, d)) @ mixing + 0.3, generator.normal(size=(m, d))


def found(x: np.ndarray, y: np.ndarray) -> Influences:
    return influences(x, y, transport(gaussian_of(x), gaussian_of(y)))


def weighted_distance(x: np.ndarray, y: np.ndarray, v: np.ndarray, w: np.ndarray) -> float:
    """The distance of weighted sets: a nuclear norm, whatever the dimension."""
    v, w = v / v.sum(), w / w.sum()
    apart = v @ x - w @ y
    x, y = (x - v @ x) * v[:, None] ** 0.5, (y - w @ y) * w[:, None] ** 0.5
    root = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    return float(apart @ apart + (x**2).sum() + (y**2).sum() - 2 * root)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_an_influence_is_the_derivative_by_the_image_s_weight(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    both = found(x, y)
    step = 1e-4

    def derivative(which: int, row: int) -> float:
        ends = []
        for sign in (1, -1):
            weights = [np.ones(n), np.ones(m)]
            weights[which][row] += sign * step
            ends.append(weighted_distance(x, y, *weights))
        return (ends[0] - ends[1]) / (2 * step)

    for which, size, values in ((0, n, both.first.values), (1, m, both.second.values)):
        direct = np.array([derivative(which, row) for row in range(0, size, 5)]) * size
        # covariances over n - 1 instead of n: a common factor of 1 + O(1 / n)
        spread = values.std()
        np.testing.assert_allclose(values[::5], direct, atol=0.1 * spread)
        assert np.corrcoef(values[::5], direct)[0, 1] > 0.999


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_a_product_is_the_second_derivative_by_two_groups_weights(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    both = found(x, y)
    groups = [*both.first.groups, *(n + rows for rows in both.second.groups)]
    chosen = [0, 1, 2, 3, len(both.first.groups), len(both.first.groups) + 1]
    step = 1e-3

    def second(g: int, h: int) -> float:
        total = 0.0
        for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            weights = np.ones(n + m)
            weights[groups[g]] += a * step
            weights[groups[h]] += b * step
            total += a * b * weighted_distance(x, y, weights[:n], weights[n:])
        return total / (4 * step**2)

    direct = np.array([[second(g, h) for h in chosen] for g in chosen])
    products = _products(both)[np.ix_(chosen, chosen)]
    # the differences of rows and columns are what centring leaves
    for part in (np.s_[:2, 2:4], np.s_[:4, 4:6]):
        expected = np.diff(np.diff(direct[part], axis=0), axis=1)
        ours = np.diff(np.diff(products[part], axis=0), axis=1)
        # covariances over n - 1 instead of n: a common factor of 1 + O(1 / n)
        np.testing.assert_allclose(ours, expected, atol=0.08 * np.abs(expected).max())


def test_u_centring_finds_the_pairs_variance_of_independent_groups() -> None:
    """Products z_g · z_h of standard normal z of 7 numbers have the variance 7."""
    generator = np.random.default_rng(0)
    within, between = [], []
    for _ in range(400):
        x, y = generator.normal(size=(12, 7)), generator.normal(size=(9, 7))
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        within.append(_pairs_within(x @ x.T))
        between.append(_pairs_between(x @ y.T))
    assert np.mean(within) == pytest.approx(7 * 12**2 / 2, rel=0.05)
    assert np.mean(between) == pytest.approx(7 * 12 * 9, rel=0.05)


def test_sets_from_one_source_have_a_variance_of_pairs_alone() -> None:
    generator = np.random.default_rng(0)
    shares = []
    for _ in range(10):
        x, y = generator.normal(size=(2, 1500, 15))
        variance = two_set_variance(found(x, y))
        shares.append(variance.pairs / variance.total)
    assert np.mean(shares) == pytest.approx(1.0, abs=0.15)


def test_sets_far_apart_have_hardly_any_variance_of_pairs() -> None:
    x, y = pair(800, 800, 5)
    variance = two_set_variance(found(x + 2.0, y))
    assert variance.shrink > 0.99


def test_a_sample_of_a_large_set_tells_its_pairs_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(3000, 20)), generator.normal(size=(3000, 20))
    whole = two_set_variance(found(x, y))
    monkeypatch.setattr("components.evaluation.metrics.frechet_variance._SAMPLE", 500)
    part = two_set_variance(found(x, y))
    assert part.pairs == pytest.approx(whole.pairs, rel=0.15)


def test_images_that_are_all_alike_bring_no_variance() -> None:
    variance = two_set_variance(found(np.ones((20, 5)), np.zeros((30, 5))))
    assert variance.total == 0.0
