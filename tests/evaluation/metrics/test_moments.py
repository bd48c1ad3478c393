import tracemalloc

import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics.frechet import frechet_measured, frechet_of_moments
from components.evaluation.metrics.moments import Moments, merge_moments, moments_of


def features(n: int, d: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(d, d)) / d**0.5
    return (generator.normal(size=(n, d)) @ mixing + 3.0).astype(np.float32)


@pytest.mark.parametrize("n", [50, 2048, 5000])
def test_they_are_the_mean_and_the_covariance_in_float64(n: int) -> None:
    x = features(n, 20)
    moments = moments_of(x)
    np.testing.assert_allclose(moments.mean, x.astype(np.float64).mean(0), rtol=1e-13)
    np.testing.assert_allclose(moments.covariance, np.cov(x.T.astype(np.float64)), rtol=1e-10)


def test_chosen_rows_are_those_rows() -> None:
    x, rows = features(60, 8), np.array([3, 50, 7, 8])
    np.testing.assert_array_equal(moments_of(x, rows).scatter, moments_of(x[rows]).scatter)


@pytest.mark.parametrize("cuts", [[1], [1500], [10, 11, 900, 2400], [700, 1400, 2100, 2800]])
@pytest.mark.parametrize(("n", "d"), [(3000, 40), (3000, 150)])
def test_shards_in_any_order_give_the_distance_of_one_pass(cuts: list[int], n: int, d: int) -> None:
    x, y = features(n, d), moments_of(features(2000, d, seed=1) * np.float32(1.1))
    shards = [moments_of(part) for part in np.split(x, cuts)]
    order = np.random.default_rng(len(cuts)).permutation(len(shards))
    merged = merge_moments(shards[i] for i in order)
    assert merged.n == n
    whole = frechet_of_moments(moments_of(x), y)
    assert frechet_of_moments(merged, y) == pytest.approx(whole, rel=1e-9)


def test_shards_of_different_scale_and_place_lose_no_digits() -> None:
    x = np.concatenate([features(400, 12) * 1e-3, features(400, 12, 1) + 1e4])
    merged = merge_moments([moments_of(x[:7]), moments_of(x[500:]), moments_of(x[7:500])])
    np.testing.assert_allclose(merged.scatter, moments_of(x).scatter, rtol=1e-11)
    exact = np.cov(x.T.astype(np.longdouble)).astype(np.float64)
    np.testing.assert_allclose(merged.covariance, exact, rtol=1e-11)


def test_shards_smaller_than_their_dimension_merge_too() -> None:
    x, y = features(90, 60), moments_of(features(40, 60, 1) * np.float32(0.8))
    merged = merge_moments(moments_of(part) for part in np.split(x, [5, 6, 50]))
    whole = frechet_of_moments(moments_of(x), y)
    assert frechet_of_moments(merged, y) == pytest.approx(whole, rel=1e-9)


def test_what_cannot_be_merged_or_compared_is_said() -> None:
    one, other = moments_of(features(5, 4)), moments_of(features(5, 6))
    with pytest.raises(AlphabarError, match="cannot be merged"):
        one.merged(other)
    with pytest.raises(AlphabarError, match="cannot be compared"):
        frechet_of_moments(one, other)
    with pytest.raises(AlphabarError, match="1 images have no covariance"):
        frechet_of_moments(moments_of(features(1, 4)), one)
    with pytest.raises(AlphabarError, match="no statistics to merge"):
        merge_moments([])


def test_an_empty_shard_changes_nothing() -> None:
    one = moments_of(features(5, 4))
    empty = moments_of(np.zeros((0, 4), np.float32))
    for merged in (one.merged(empty), empty.merged(one)):
        np.testing.assert_array_equal(merged.scatter, one.scatter)
        np.testing.assert_array_equal(merged.mean, one.mean)
    assert isinstance(empty.merged(empty), Moments)


def test_distance_and_interval_never_hold_the_features_in_float64() -> None:
    """24 MB of float32 features a set: a float64 copy of one would be 48 MB."""
    x = np.random.default_rng(0).normal(size=(80_000, 75)).astype(np.float32)
    tracemalloc.start()
    frechet_measured(x[:40_000], x[40_000:], 0.95)
    half = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    frechet_measured(x, x + 1, 0.95)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - 80_000 * 75 * 4 < 24e6
    # what grows with n is a few numbers an image: far from its 75 features
    assert peak - 80_000 * 75 * 4 - half < 40_000 * 8 * 12
