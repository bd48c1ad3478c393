import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.features import feature_bank
from components.evaluation.features.feature_bank import FeatureBank, FeatureSet
from components.evaluation.metrics.inception_score import (
    cut,
    inception_score,
    inception_score_of_blocks,
    split_scores,
)


def in_order(p: np.ndarray, splits: int) -> np.ndarray:
    """Scores of runs of rows."""
    return split_scores([p], cut(np.arange(len(p)), splits), splits)


def test_sure_images_of_every_class_score_the_number_of_classes() -> None:
    assert inception_score(np.tile(np.eye(5), (200, 1)), 0.95, 0).estimate.value == pytest.approx(
        5, rel=0.1
    )
    assert in_order(np.tile(np.eye(5), (200, 1)), 10) == pytest.approx(np.full(10, 5.0))


def test_images_of_one_class_and_images_of_any_score_one() -> None:
    one = np.repeat(np.eye(5)[:1], 60, axis=0)
    for probabilities in (one, np.full((60, 5), 0.2)):
        assert inception_score(probabilities, 0.95, 0).estimate.value == pytest.approx(1.0)


def test_splits_are_drawn_at_random_so_that_sorted_images_score_alike() -> None:
    sure = np.repeat(np.eye(5), 100, axis=0)
    assert inception_score(sure, 0.95, 0).estimate.value > 4.5
    assert in_order(sure, 10).mean() < 2.0


def test_the_draw_follows_the_seed() -> None:
    p = np.random.default_rng(0).dirichlet(np.full(6, 0.3), 90)
    scores = [inception_score(p, 0.95, seed).estimate.value for seed in (0, 0, 1)]
    assert scores[0] == scores[1] != scores[2]


def test_splits_differ_by_at_most_one_and_use_every_image() -> None:
    """Cut as torch-fidelity cuts: 0, 7, 15, 23 of 23 rows in three."""
    p = np.random.default_rng(0).dirichlet(np.full(6, 0.3), 23)
    alone = [in_order(p[a:b], 1)[0] for a, b in ((0, 7), (7, 15), (15, 23))]
    np.testing.assert_allclose(in_order(p, 3), alone, rtol=1e-12)


@pytest.mark.parametrize("rows", [1, 7, 90])
def test_the_score_does_not_depend_on_the_blocks_in_which_probabilities_come(rows: int) -> None:
    p = np.random.default_rng(0).dirichlet(np.full(6, 0.3), 90)
    blocks = (p[start : start + rows] for start in range(0, 90, rows))
    found, whole = inception_score_of_blocks(blocks, 90, 0.95, 4), inception_score(p, 0.95, 4)
    assert found.estimate.value == pytest.approx(whole.estimate.value, rel=1e-12)
    np.testing.assert_allclose(found.generated, whole.generated, rtol=1e-12)


def test_probabilities_of_too_few_or_too_many_images_are_refused() -> None:
    p = np.full((60, 4), 0.25)
    for blocks in ([p[:59]], [p, p[:1]]):
        with pytest.raises(AlphabarError, match=r"for (59|61) images instead of 60"):
            inception_score_of_blocks(blocks, 60, 0.95, 0)


@pytest.fixture(scope="module")
def seen() -> FeatureSet:
    """3,000 features that EfficientNet's classifier can read: 12 MB of probabilities."""
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    found = FeatureBank("cpu").features(images, "efficientnet_lite0", 32)
    values = np.random.default_rng(1).exponential(size=(3000, 1280)).astype(np.float32)
    return replace(found, values=values)


def test_no_more_than_a_few_blocks_of_probabilities_are_held(
    seen: FeatureSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_bank, "_ROWS", 100)
    next(seen.probability_blocks())  # the classifier's weights are loaded
    tracemalloc.start()
    found = inception_score_of_blocks(seen.probability_blocks(), 3000, 0.95, 0)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 0.4 * 3000 * 1000 * 4
    whole = inception_score(seen.probabilities(), 0.95, 0)
    assert found.estimate.value == pytest.approx(whole.estimate.value, rel=1e-9)


def test_about_nineteen_of_twenty_intervals_hold_the_expected_score() -> None:
    generator = np.random.default_rng(0)
    found = [
        inception_score(generator.dirichlet(np.full(6, 0.3), 200), 0.95, 0).estimate
        for _ in range(300)
    ]
    expected = np.mean([each.value for each in found])
    assert 0.92 <= np.mean([each.low <= expected <= each.high for each in found]) <= 0.98


@pytest.mark.parametrize(("n", "splits"), [(19, 10), (40, 1)])
def test_too_few_images_for_the_splits_are_named(n: int, splits: int) -> None:
    with pytest.raises(AlphabarError, match=f"{n} images cannot make {splits} splits"):
        inception_score(np.full((n, 4), 0.25), 0.95, 0, splits)


def test_logits_are_refused() -> None:
    with pytest.raises(AlphabarError, match="do not sum to 1"):
        inception_score(np.random.default_rng(0).normal(size=(40, 4)), 0.95, 0)
