"""The kernel distance against a brute-force sum, torchmetrics and clean-fid."""

import itertools

import numpy as np
import pytest
import torch
from cleanfid.fid import kernel_distance as cleanfid_distance
from torchmetrics.image.kid import poly_mmd

from components.evaluation.metrics.kernel import kernel_distance, kernel_distances
from components.figures.statistics.measured import Measured


@pytest.fixture(scope="module")
def sets() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(40, 30)), generator.normal(size=(40, 30)) * 1.2 + 0.3


def test_it_is_the_sum_over_all_pairs(sets: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = sets[0], sets[1][:25]

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return (sum(p * q for p, q in zip(a, b, strict=True)) / 30 + 1) ** 3

    within_x = np.mean([k(a, b) for a, b in itertools.permutations(x, 2)])
    within_y = np.mean([k(a, b) for a, b in itertools.permutations(y, 2)])
    between = np.mean([k(a, b) for a, b in itertools.product(x, y)])
    assert kernel_distance(x, y) == pytest.approx(within_x + within_y - 2 * between, rel=1e-9)


def test_features_with_a_large_common_part_cost_no_digits() -> None:
    """As Inception's, all positive, from one source; in extended precision throughout.

    Products in float32 would be alike off in many pairs, and the distance in its third digit.
    """
    generator = np.random.default_rng(0)
    x, y = (generator.gamma(4.0, 0.1, size=(160, 256)).astype(np.float32) for _ in range(2))

    def k(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        products = a.astype(np.longdouble) @ b.astype(np.longdouble).T
        return (products / 256 + 1) ** 3

    def within(a: np.ndarray) -> np.longdouble:
        pairs = k(a, a)
        return (pairs.sum() - np.trace(pairs)) / (160 * 159)

    exact = float(within(x) + within(y) - 2 * k(x, y).mean())
    assert 0 < abs(exact) < 1e-4
    assert kernel_distance(x, y) == pytest.approx(exact, rel=1e-9)


def test_it_is_torchmetrics_on_sets_of_equal_size(sets: tuple[np.ndarray, np.ndarray]) -> None:
    theirs = poly_mmd(torch.tensor(sets[0]), torch.tensor(sets[1])).item()
    assert kernel_distance(*sets) == pytest.approx(theirs, rel=1e-10)


def test_it_is_clean_fid_s_on_a_subset_that_is_the_whole_set(
    sets: tuple[np.ndarray, np.ndarray],
) -> None:
    theirs = cleanfid_distance(*sets, num_subsets=1, max_subset_size=40)
    assert kernel_distance(*sets) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("n", "m", "size"), [(40, 40, 25), (60, 45, 30), (45, 60, 1000)])
def test_over_subsets_it_is_clean_fid_s_on_the_same_subsets(n: int, m: int, size: int) -> None:
    generator = np.random.default_rng(n)
    x, y = generator.normal(size=(n, 12)) * 1.1 + 0.2, generator.normal(size=(m, 12))
    np.random.seed(7)
    theirs = cleanfid_distance(x, y, num_subsets=20, max_subset_size=size)
    ours = kernel_distances(x, y, 0.95, seed=7, subsets=20, size=size).over_subsets
    assert ours.measured.estimate.value == pytest.approx(theirs, rel=1e-9)
    assert (ours.subsets, ours.size) == (20, min(n, m, size))
    other = kernel_distances(
        x, y, 0.95, seed=8, subsets=20, size=size
    ).over_subsets.measured.estimate.value
    assert other != pytest.approx(theirs, rel=1e-3)


def test_about_nineteen_of_twenty_intervals_over_subsets_hold_the_expected_distance() -> None:
    """Student's t over the subsets, as if they shared no image, would hold far fewer."""
    generator = np.random.default_rng(5)
    drawn = [
        kernel_distances(
            generator.normal(size=(80, 10)) + 0.3, generator.normal(size=(80, 10)), 0.95, k, 30, 40
        ).over_subsets.measured.estimate
        for k in range(150)
    ]
    values = np.array([each.value for each in drawn])
    held = [each.low <= values.mean() <= each.high for each in drawn]
    assert 0.9 <= np.mean(held) <= 0.99
    half = np.mean([(each.high - each.low) / 2 for each in drawn])
    assert half < 1.4 * 1.96 * values.std()
    # the subsets' own scatter: their mean moves by this when only they are drawn again
    x, y = generator.normal(size=(80, 10)) + 0.3, generator.normal(size=(80, 10))
    again = [
        kernel_distances(x, y, 0.95, seed, 30, 40).over_subsets.measured.estimate.value
        for seed in range(60)
    ]
    assert np.std(again) < 0.5 * values.std()


def variance(of: Measured) -> float:
    """What the pseudo-values say."""
    return sum(
        float(np.var(part, ddof=1)) / len(part)
        for part in (of.generated, of.reference)
        if part is not None
    )


def test_few_small_subsets_widen_the_interval_by_their_own_scatter() -> None:
    """With 10 of 300 images in 4 subsets the subsets bring most of the variance."""
    generator = np.random.default_rng(6)
    x, y = generator.normal(size=(300, 10)) + 0.3, generator.normal(size=(300, 10))
    found = [kernel_distances(x, y, 0.95, seed, 4, 10).over_subsets.measured for seed in range(100)]
    scatter = np.std([each.estimate.value for each in found])
    own = variance(kernel_distances(x, y, 0.95, 0).whole)
    error = np.mean([variance(each) for each in found])
    assert error == pytest.approx(own + scatter**2, rel=0.3)
    assert scatter**2 > 2 * own
