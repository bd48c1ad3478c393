import mpmath
import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics.frechet import (
    FrechetReference,
    frechet_distance,
    frechet_measured,
    frechet_of_moments,
)
from components.evaluation.metrics.moments import moments_of

SHAPES = [(40, 60, 100), (40, 150, 100), (150, 40, 100), (200, 150, 30)]


def pair(n: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(n + m + d)
    mixing = generator.normal(size=(d, d)) / d**0.5
    x, y = generator.normal(size=(n, d)) @ mixing + 0.3, generator.normal(size=(m, d))
    return x.astype(np.float32), y.astype(np.float32)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_the_distance_is_symmetric(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-9)


@pytest.mark.parametrize(("n", "d"), [(50, 80), (80, 50)])
def test_equal_sets_are_at_distance_nought_in_whatever_order(n: int, d: int) -> None:
    x, _ = pair(n, n, d)
    assert frechet_distance(x, x[::-1]) == 0.0
    assert frechet_of_moments(moments_of(x), moments_of(x)) == 0.0


@pytest.mark.parametrize(("n", "d"), [(20, 1), (50, 80), (80, 50), (60, 400), (900, 16)])
@pytest.mark.parametrize("seed", range(4))
def test_the_interval_of_equal_sets_begins_at_nought(n: int, d: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    x = np.maximum(generator.normal(size=(n, d)) + 0.5, 0.0).astype(np.float32)
    estimate = frechet_measured(x, generator.permutation(x), 0.95).estimate
    assert estimate.low == estimate.value == 0.0


@pytest.mark.parametrize("d", [20, 100])
def test_a_distance_of_a_few_millionths_of_a_deviation_is_still_seen(d: int) -> None:
    """Means that differ by 2e-6 in every number: far less than sets of images do."""
    x = np.random.default_rng(0).normal(size=(60, d))
    assert frechet_distance(x + 2e-6, x) == pytest.approx(d * 4e-12, rel=0.05)


def test_with_fewer_images_than_numbers_it_is_that_of_extended_precision() -> None:
    """By singular values of all rows' products, with 40 digits."""
    x, y = (part.astype(np.float64) for part in pair(12, 9, 20))
    with mpmath.workdps(40):
        centred = []
        for part in (x, y):
            rows = mpmath.matrix(part.tolist())
            n = rows.rows
            mean = mpmath.ones(1, n) * rows / n
            centred.append((mean, (rows - mpmath.ones(n, 1) * mean) / mpmath.sqrt(n - 1)))
        (first, a), (second, b) = centred
        root = mpmath.fsum(mpmath.svd_r(a * b.T, compute_uv=False))
        exact = sum(mpmath.norm(each) ** 2 for each in (first - second, a, b)) - 2 * root
    assert frechet_distance(x, y) == pytest.approx(float(exact), rel=1e-12)


def test_a_large_common_offset_costs_no_digits() -> None:
    x, y = (part.astype(np.float64) for part in pair(40, 60, 100))
    assert frechet_distance(x + 1e4, y + 1e4) == pytest.approx(frechet_distance(x, y), rel=1e-8)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_a_reference_made_before_gives_the_same_figures(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    prepared = FrechetReference(y)
    for _ in range(2):
        assert frechet_distance(x, prepared) == frechet_distance(x, y)
        assert frechet_measured(x, prepared, 0.9).estimate == frechet_measured(x, y, 0.9).estimate


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_statistics_give_the_features_distance(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    from_statistics = frechet_of_moments(moments_of(x), moments_of(y))
    assert from_statistics == pytest.approx(frechet_distance(x, y), rel=1e-8)


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_the_interval_lies_around_the_distance(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    estimate = frechet_measured(x, y, 0.95).estimate
    assert estimate.value == pytest.approx(frechet_distance(x, y), rel=1e-10)
    assert 0.0 <= estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize(("n", "m", "d"), SHAPES)
def test_the_pseudo_values_have_the_interval_s_variance(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    measured = frechet_measured(x, y, 0.95)
    variance = measured.generated.var(ddof=1) / n + measured.reference.var(ddof=1) / m
    half = measured.estimate.high - measured.estimate.value
    assert variance**0.5 * 1.959964 == pytest.approx(half, rel=1e-6)
    assert measured.generated.shape == (n,)
    assert measured.reference.shape == (m,)


@pytest.mark.parametrize("d", [8, 90])
def test_an_image_that_worsens_the_distance_has_the_largest_pseudo_value(d: int) -> None:
    x, y = pair(60, 70, d)
    x[17] += 9.0
    y[5] -= 9.0
    measured = frechet_measured(x, y, 0.95)
    assert int(measured.generated.argmax()) == 17
    assert int(measured.reference.argmax()) == 5


def test_an_interval_ends_at_nought() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 12, 1))
    estimate = frechet_measured(x, y, 0.999).estimate
    assert estimate.low == 0.0 < estimate.value


def test_sets_that_do_not_vary_are_as_far_as_their_means() -> None:
    estimate = frechet_measured(np.ones((20, 5)), np.zeros((30, 5)), 0.95).estimate
    assert (estimate.low, estimate.value, estimate.high) == (5.0, 5.0, 5.0)


def test_more_images_give_a_narrower_interval() -> None:
    x, y = pair(400, 400, 30)
    few, many = (
        frechet_measured(x[:60], y[:60], 0.95).estimate,
        frechet_measured(x, y, 0.95).estimate,
    )
    assert many.high - many.low < 0.6 * (few.high - few.low)


def test_too_few_images_are_named() -> None:
    x, y = pair(40, 60, 100)
    with pytest.raises(AlphabarError, match="5 generated images are too few"):
        frechet_measured(x[:5], y, 0.95)
    with pytest.raises(AlphabarError, match="1 reference images are too few"):
        frechet_distance(x, y[:1])


def test_features_of_different_extractors_are_refused() -> None:
    x, y = pair(40, 60, 100)
    with pytest.raises(AlphabarError, match="cannot be compared"):
        frechet_distance(x, y[:, :50])
