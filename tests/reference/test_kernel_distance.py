"""The kernel distance against a brute-force sum, torchmetrics and clean-fid."""

import itertools

import numpy as np
import pytest
import torch
from cleanfid.fid import kernel_distance as cleanfid_distance
from torchmetrics.image.kid import poly_mmd

from components.evaluation.kernel import kernel_distance


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


def test_it_is_torchmetrics_on_sets_of_equal_size(sets: tuple[np.ndarray, np.ndarray]) -> None:
    theirs = poly_mmd(torch.tensor(sets[0]), torch.tensor(sets[1])).item()
    assert kernel_distance(*sets) == pytest.approx(theirs, rel=1e-10)


def test_it_is_clean_fid_s_on_a_subset_that_is_the_whole_set(
    sets: tuple[np.ndarray, np.ndarray],
) -> None:
    theirs = cleanfid_distance(*sets, num_subsets=1, max_subset_size=40)
    assert kernel_distance(*sets) == pytest.approx(theirs, rel=1e-9)
