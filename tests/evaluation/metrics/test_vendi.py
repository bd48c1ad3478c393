import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics import distances
from components.evaluation.metrics.vendi import vendi_score


@pytest.mark.parametrize("d", [12, 60])
def test_images_all_alike_are_worth_one(d: int) -> None:
    score = vendi_score(np.outer(np.arange(1.0, 31.0), np.ones(d)), 0.95).estimate
    assert (score.value, score.low, score.high) == pytest.approx((1.0, 1.0, 1.0))


def test_images_that_share_nothing_are_worth_their_number() -> None:
    assert vendi_score(np.eye(40) * 3.0, 0.95).estimate.value == pytest.approx(40.0)


@pytest.mark.parametrize("d", [5, 80])
def test_five_kinds_of_equal_number_are_worth_five(d: int) -> None:
    kinds = np.repeat(np.eye(5, d), 12, axis=0)
    assert vendi_score(kinds, 0.95).estimate.value == pytest.approx(5.0)


def test_kinds_of_unequal_number_are_worth_less() -> None:
    kinds = np.repeat(np.eye(5), [40, 5, 5, 5, 5], axis=0)
    shares = np.array([40, 5, 5, 5, 5]) / 60
    score = vendi_score(kinds, 0.95).estimate
    assert score.value == pytest.approx(np.exp(-np.sum(shares * np.log(shares))))
    assert 1.0 <= score.low < score.value < score.high < 5.0


def test_the_score_does_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(90, 20)).astype(np.float32) + 0.5
    whole = vendi_score(x, 0.95).estimate
    monkeypatch.setattr(distances, "_HEIGHT", 7)
    cut = vendi_score(x, 0.95).estimate
    assert (cut.value, cut.low) == pytest.approx((whole.value, whole.low), rel=1e-9)


def test_wide_and_tall_features_go_through_different_matrices_to_the_same_score() -> None:
    """Columns of nought add nothing to any cosine."""
    x = np.random.default_rng(0).normal(size=(50, 20)) + 0.5
    padded = np.pad(x, ((0, 0), (0, 60)))
    tall, wide = (vendi_score(each, 0.95).estimate for each in (x, padded))
    assert (wide.value, wide.low) == pytest.approx((tall.value, tall.low), rel=1e-9)


@pytest.mark.parametrize(("n", "d"), [(50, 20), (20, 50)])
def test_eigenvalues_are_those_of_the_smaller_matrix(
    n: int, d: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides, solve = [], np.linalg.eigh

    def watched(matrix: np.ndarray) -> object:
        sides.extend(matrix.shape)
        return solve(matrix)

    monkeypatch.setattr(np.linalg, "eigh", watched)
    vendi_score(np.random.default_rng(0).normal(size=(n, d)), 0.95)
    assert sides == [20, 20]


def test_too_few_images_are_named() -> None:
    with pytest.raises(AlphabarError, match="9 images are too few"):
        vendi_score(np.eye(9), 0.95)
