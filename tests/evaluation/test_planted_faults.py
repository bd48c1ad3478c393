"""Faults that are planted in a generator are seen, each by the figures that are for it."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from components.evaluation.domain_clip import DomainClip, distinct_captions
from components.evaluation.extractors.efficientnet import EfficientNetLite0
from components.evaluation.metrics.authenticity import authenticity, neighbour_ratio
from components.evaluation.metrics.clip_score import clip_score_estimate, clip_scores
from components.evaluation.metrics.frechet import frechet_distance, frechet_measured
from components.evaluation.metrics.overlap import overlap
from components.evaluation.metrics.r_precision import clip_r_precision
from components.evaluation.metrics.training_neighbours import closest_pairs, training_neighbours
from components.evaluation.metrics.vendi import vendi_score

N = 240


@dataclass(frozen=True)
class Sets:
    """Features of the same number of images: real ones, and what generators made of them.

    Attributes:
        training: what every generator has learnt from.
        reference: held out.
        honest: new images from the same source.
        few_modes: new images of half the kinds only.
        blurred: the honest ones, blurred.
    """

    training: np.ndarray
    reference: np.ndarray
    honest: np.ndarray
    few_modes: np.ndarray
    blurred: np.ndarray


@pytest.fixture(scope="module")
def synthetic() -> Sets:
    """Ten clusters; blur pulls each image towards its cluster's middle."""
    generator = np.random.default_rng(0)
    middles = 3 * generator.normal(size=(10, 12))

    def draw(kinds: int, spread: float = 1.0) -> np.ndarray:
        return middles[np.arange(N) % kinds] + spread * generator.normal(size=(N, 12))

    return Sets(draw(10), draw(10), draw(10), draw(5), draw(10, 0.3))


@pytest.fixture(scope="module")
def rows(digit_arrays: tuple[np.ndarray, np.ndarray, list[str]]) -> dict[str, np.ndarray]:
    classes = digit_arrays[1]
    later = np.arange(600 + N, len(classes))
    return {
        "training": np.arange(N),
        "reference": np.arange(400, 400 + N),
        "honest": later[:N],
        "few_modes": later[classes[later] < 5][:N],
    }


@pytest.fixture(scope="module")
def real(
    digit_arrays: tuple[np.ndarray, np.ndarray, list[str]],
    rows: dict[str, np.ndarray],
    extractor: EfficientNetLite0,
) -> Sets:
    """EfficientNet-Lite0's features of scanned digits."""
    images = digit_arrays[0]
    needed = np.unique(np.concatenate(list(rows.values())))
    features = extractor(images[needed])
    sets = {name: features[np.searchsorted(needed, rows[name])] for name in rows}
    soft = gaussian_filter(images[rows["honest"]].astype(np.float64), (0, 0.5, 0.5, 0))
    return Sets(**sets, blurred=extractor(np.round(soft).astype(np.uint8)))


@pytest.fixture(params=["synthetic", "real"])
def sets(request: pytest.FixtureRequest) -> Sets:
    found: Sets = request.getfixturevalue(request.param)
    return found


def test_mode_dropping_lowers_recall_and_coverage_and_not_precision(sets: Sets) -> None:
    whole = overlap(sets.honest, sets.reference, 0.95)
    few = overlap(sets.few_modes, sets.reference, 0.95)
    assert few.recall.estimate.value < whole.recall.estimate.value - 0.1
    assert few.coverage.estimate.high < whole.coverage.estimate.low
    assert few.precision.estimate.value > whole.precision.estimate.value - 0.03
    assert few.density.estimate.high > whole.density.estimate.low


def test_a_memoriser_has_the_best_distance_and_no_authenticity(sets: Sets) -> None:
    """It returns 200 of its 240 training images, 40 of them twice. Against the training images,
    as published distances are, it beats a generator that makes new ones; the holdout does not
    tell the two apart; authenticity does.
    """
    memorised = sets.training[np.arange(N) % 200]
    copied = frechet_distance(memorised, sets.training)
    for other in (sets.honest, sets.blurred, sets.few_modes):
        assert copied < 0.5 * frechet_distance(other, sets.training)
    held_out, new = (
        frechet_measured(each, sets.reference, 0.95).estimate for each in (memorised, sets.honest)
    )
    assert held_out.low < new.high
    near = training_neighbours(memorised, sets.training)
    honest = training_neighbours(sets.honest, sets.training)
    assert authenticity(near, 0.95).estimate.high < 0.05
    assert authenticity(honest, 0.95).estimate.low > 0.4
    assert neighbour_ratio(near, 0.95).estimate.high < 0.01
    assert neighbour_ratio(honest, 0.95).estimate.low > 0.9


def test_a_few_copies_among_honest_images_are_the_closest_pairs(sets: Sets) -> None:
    copied = [3, 50, 171]
    mixed = sets.honest.copy()
    mixed[[20, 90, 200]] = sets.training[copied]
    pairs = closest_pairs(training_neighbours(mixed, sets.training), 4)
    assert {(pair.generated, pair.training) for pair in pairs[:3]} == {
        (20, 3),
        (90, 50),
        (200, 171),
    }
    assert [pair.ratio for pair in pairs[:3]] == [0.0, 0.0, 0.0]
    assert pairs[3].ratio > 0.1


def test_blur_worsens_the_distance(sets: Sets) -> None:
    sharp = frechet_distance(sets.honest, sets.reference)
    assert frechet_distance(sets.blurred, sets.reference) > 1.3 * sharp


def test_mode_dropping_lowers_the_number_of_images_that_a_set_is_worth(synthetic: Sets) -> None:
    whole, few = (vendi_score(each, 0.95) for each in (synthetic.honest, synthetic.few_modes))
    assert few.estimate.high < whole.estimate.low


def test_shuffled_captions_lower_r_precision_to_chance_and_the_score_with_it(
    digit_arrays: tuple[np.ndarray, np.ndarray, list[str]],
    rows: dict[str, np.ndarray],
    real: Sets,
    clip: DomainClip,
) -> None:
    captions = [digit_arrays[2][row] for row in rows["honest"]]
    distinct, caption_of = distinct_captions(captions)
    shuffled = np.random.default_rng(0).permutation(caption_of)
    images, texts = clip.project_features(real.honest), clip.encode_captions(distinct)
    right = clip_r_precision(images, texts, caption_of, 0, 0.95)
    wrong = clip_r_precision(images, texts, shuffled, 0, 0.95)
    assert right.top1.low > 0.8
    assert wrong.top1.low < wrong.chance < wrong.top1.high
    score, lower = (clip_score_estimate(images, texts[of], 0.95) for of in (caption_of, shuffled))
    assert lower.estimate.high < score.estimate.low
    every = [clip_scores(images, texts[np.full(N, k)]) for k in range(len(texts))]
    chance = np.bincount(caption_of, minlength=len(texts)) / N @ np.mean(every, axis=1)
    assert lower.estimate.low < chance < lower.estimate.high
