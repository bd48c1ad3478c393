from collections.abc import Callable

import numpy as np
import pytest

from components.errors import AlphabarError
from components.evaluation.metrics.clip_score import (
    clip_cosine_estimate,
    clip_cosines,
    clip_score_estimate,
    clip_scores,
)
from components.figures.statistics.measured import Measured

EAST = np.array([[1.0, 0.0]], np.float32)


def test_a_caption_in_the_same_direction_scores_a_hundred() -> None:
    assert clip_scores(EAST, 7 * EAST) == pytest.approx([100.0])


def test_a_caption_in_the_opposite_direction_scores_nought_not_less() -> None:
    assert clip_scores(EAST, -EAST) == pytest.approx([0.0])


def test_an_angle_of_sixty_degrees_scores_fifty() -> None:
    assert clip_scores(EAST, np.array([[0.5, 3**0.5 / 2]], np.float32)) == pytest.approx([50.0])


def test_the_estimate_is_the_mean_of_the_clipped_scores() -> None:
    images = np.repeat(EAST, 4, axis=0)
    captions = np.array([[1, 0], [1, 0], [-1, 0], [0, 1]], "f4")
    found = clip_score_estimate(images, captions, 0.95)
    estimate = found.estimate
    assert estimate.value == pytest.approx(50.0)
    assert found.generated == pytest.approx([100.0, 100.0, 0.0, 0.0])
    assert estimate.low < 50.0 < estimate.high


def test_a_cosine_is_neither_cut_nor_scaled() -> None:
    captions = np.array([[1, 0], [-3, 0], [0, 1], [0.5, 3**0.5 / 2]], "f4")
    cosines = clip_cosines(np.repeat(2 * EAST, 4, axis=0), captions)
    np.testing.assert_allclose(cosines, [1.0, -1.0, 0.0, 0.5], atol=1e-7)


def test_captions_that_images_turn_away_from_lower_the_cosine_below_nought() -> None:
    images, captions = (
        np.repeat(EAST, 4, axis=0),
        np.array([[-1, 0], [-1, 0], [-1, 0], [0, 1]], "f4"),
    )
    cosine, score = (
        f(images, captions, 0.95).estimate for f in (clip_cosine_estimate, clip_score_estimate)
    )
    assert (cosine.value, score.value) == pytest.approx((-0.75, 0.0))
    assert cosine.low < -0.75 < cosine.high


@pytest.mark.parametrize("estimate", [clip_score_estimate, clip_cosine_estimate])
def test_an_embedding_that_is_nought_is_named_and_not_a_score(
    estimate: Callable[[np.ndarray, np.ndarray, float], Measured],
) -> None:
    sound, broken = np.repeat(EAST, 4, axis=0), np.repeat(EAST, 4, axis=0)
    broken[2] = 0.0
    for images, captions in ((broken, sound), (sound, broken)):
        with pytest.raises(AlphabarError, match="1 of 4 embeddings are nought"):
            estimate(images, captions, 0.95)


def test_a_single_image_is_too_few() -> None:
    with pytest.raises(AlphabarError, match="too few"):
        clip_score_estimate(EAST, EAST, 0.95)
    with pytest.raises(AlphabarError, match="too few"):
        clip_cosine_estimate(EAST, EAST, 0.95)
