import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics.fd_infinity import extrapolation_groups, fd_infinity
from components.evaluation.metrics.frechet import FrechetReference, frechet_distance, frechet_parts


def pair(n: int, m: int, d: int, apart: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(n + m + d)
    x, y = generator.normal(size=(n, d)) * 1.2 + apart, generator.normal(size=(m, d))
    return x.astype(np.float32), y.astype(np.float32)


@pytest.mark.parametrize(
    ("n", "d", "groups"), [(2000, 64, 2), (18, 8, 2), (17, 8, 3), (2000, 1280, 3), (25, 19, 5)]
)
def test_no_subset_has_fewer_images_than_numbers(n: int, d: int, groups: int) -> None:
    assert extrapolation_groups(n, d) == groups
    assert n - -(-n // groups) > d


def test_sets_hardly_larger_than_their_dimension_are_refused() -> None:
    x, y = pair(100, 60, 50)
    assert extrapolation_groups(60, 50) is None
    with pytest.raises(AlphabarError, match="60 images are too few to extrapolate") as error:
        fd_infinity(x, y, 0.95)
    assert "at least 64 in both sets" in str(error.value)
    assert extrapolation_groups(64, 50) == 5


@pytest.mark.parametrize(("n", "m", "d"), [(200, 300, 8), (90, 200, 50)])
def test_it_lies_on_the_line_through_the_whole_and_its_subsets(n: int, m: int, d: int) -> None:
    """Recomputed with plain distances of plain subsets."""
    x, y = pair(n, m, d)
    groups = extrapolation_groups(min(n, m), d)
    generator = np.random.default_rng(4)
    lots = [np.array_split(generator.permutation(len(each)), groups) for each in (x, y)]
    lesser = [
        frechet_distance(np.delete(x, lots[0][g], axis=0), np.delete(y, lots[1][g], axis=0))
        for g in range(groups)
    ]
    slope, intercept = np.polyfit(
        [1.0, groups / (groups - 1)], [frechet_distance(x, y), np.mean(lesser)], 1
    )
    assert slope > 0
    assert fd_infinity(x, y, 0.95, seed=4).estimate.value == pytest.approx(intercept, rel=1e-9)


def test_a_seed_fixes_it_and_parts_or_a_prepared_reference_do_not_change_it() -> None:
    x, y = pair(200, 300, 8)
    once = fd_infinity(x, y, 0.9, seed=3)
    again = fd_infinity(x, FrechetReference(y), 0.9, seed=3, parts=frechet_parts(x, y, 0.9))
    assert once.estimate == again.estimate
    assert fd_infinity(x, y, 0.9, seed=5).estimate.value != once.estimate.value


@pytest.mark.parametrize(("n", "m", "d"), [(200, 300, 8), (90, 200, 50)])
def test_the_pseudo_values_have_the_interval_s_variance(n: int, m: int, d: int) -> None:
    x, y = pair(n, m, d)
    measured = fd_infinity(x, y, 0.95)
    variance = measured.generated.var(ddof=1) / n + measured.reference.var(ddof=1) / m
    half = measured.estimate.high - measured.estimate.value
    assert variance**0.5 * 1.959964 == pytest.approx(half, rel=1e-6)
    assert measured.generated.shape == (n,)


def test_most_of_the_bias_at_small_n_is_gone() -> None:
    """The true distance is 30 (0.3² + 0.2²) = 3.9."""
    x, y = pair(400, 400, 30)
    assert frechet_distance(x, y) > 4.8
    estimate = fd_infinity(x, y, 0.95).estimate
    assert estimate.low < 3.9 < estimate.high
    assert abs(estimate.value - 3.9) < 0.6


def test_images_that_are_all_alike_give_no_noise() -> None:
    measured = fd_infinity(np.ones((20, 5)), np.zeros((30, 5)), 0.95)
    assert (measured.estimate.low, measured.estimate.high) == (5.0, 5.0)
