import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.frechet import (
    factor,
    frechet_distance,
    frechet_estimate,
    frechet_replicates,
)
from components.evaluation.intervals import split_groups

SHAPES = [(40, 60, 100), (40, 150, 100), (150, 40, 100), (200, 150, 30)]


def pair(n: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(n + m + d)
    mixing = generator.normal(size=(d, d)) / d**0.5
    x, y = generator.normal(size=(n, d)) @ mixing + 0.3, generator.normal(size=(m, d))
    return x.astype(np.float32), y.astype(np.float32)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_each_replicate_is_the_distance_without_its_group(n: int, m: int, d: int) -> None:
    x, y = (part.astype(np.float64) for part in pair(n, m, d))
    groups = split_groups(n)
    replicates = frechet_replicates(x, y, groups)
    direct = [frechet_distance(np.delete(x, rows, axis=0), y) for rows in groups]
    np.testing.assert_allclose(replicates.values, direct, rtol=1e-6)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_the_distance_is_symmetric(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-9)


def test_equal_sets_are_at_distance_nought_in_whatever_order() -> None:
    x, _ = pair(50, 50, 80)
    assert frechet_distance(x, x[::-1]) == pytest.approx(0.0, abs=1e-6)


def test_a_large_common_offset_costs_no_digits() -> None:
    x, y = (part.astype(np.float64) for part in pair(40, 60, 100))
    assert frechet_distance(x + 1e4, y + 1e4) == pytest.approx(frechet_distance(x, y), rel=1e-8)


@pytest.mark.parametrize("n", [20, 200])
def test_a_factor_times_itself_is_the_covariance(n: int) -> None:
    x = np.random.default_rng(0).normal(size=(n, 50)) + 3.0
    np.testing.assert_allclose(factor(x) @ factor(x).T, np.cov(x.T), atol=1e-10)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_the_interval_lies_around_the_distance(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    estimate = frechet_estimate(x, y, 0.95)
    assert estimate.value == frechet_distance(x, y)
    assert 0.0 <= estimate.low < estimate.value < estimate.high


def test_more_images_give_a_narrower_interval() -> None:
    x, y = pair(400, 400, 30)
    few, many = frechet_estimate(x[:60], y[:60], 0.95), frechet_estimate(x, y, 0.95)
    assert many.high - many.low < 0.6 * (few.high - few.low)


def test_too_few_images_are_named() -> None:
    x, y = pair(40, 60, 100)
    with pytest.raises(AlphabarError, match="5 generated images are too few"):
        frechet_estimate(x[:5], y, 0.95)
    with pytest.raises(AlphabarError, match="1 reference images are too few"):
        frechet_distance(x, y[:1])


def test_features_of_different_extractors_are_refused() -> None:
    x, y = pair(40, 60, 100)
    with pytest.raises(AlphabarError, match="cannot be compared"):
        frechet_distance(x, y[:, :50])
