"""The Inception Score: images that are each of one class, and together of many."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from components.errors import AlphabarError
from components.evaluation.intervals import Estimate, Floats, mean_interval
from components.evaluation.measured import Measured

SPLITS = 10
"""Splits of the published figure (Salimans et al., 2016), of torch-fidelity and torchmetrics."""


def inception_score(
    probabilities: NDArray[np.floating], confidence: float, seed: int, splits: int = SPLITS
) -> Measured:
    """exp of the mean divergence of each image's classes from all images' classes.

    Salimans et al., 2016, section 4: the mean over splits of the images, drawn at random (as
    torch-fidelity's and torchmetrics' are; stored images may be sorted by class). It grows with
    the size of a split, so compare at equal n and splits. The splits share no image, so the
    interval is Student's t over them, about the score that a split of this size reaches; their
    scores are the pseudo-values.

    Args:
        probabilities: (n, classes), each row summing to 1.
        seed: draws the splits.
        splits: at least 2.

    Raises:
        AlphabarError: there are fewer than two images a split or two splits, or rows are not
            probabilities.
    """
    n = len(probabilities)
    if splits < 2 or n < 2 * splits:
        raise AlphabarError(
            f"{n} images cannot make {splits} splits for an Inception Score",
            "give at least 2 splits, and 2 images for each",
        )
    if (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=1), 1.0, atol=1e-3):
        raise AlphabarError(
            "an Inception Score needs class probabilities, and these do not sum to 1",
            "give the softmax of the classifier's logits",
        )
    order = np.random.default_rng(seed).permutation(n)
    scores = split_scores(probabilities[order], splits)
    score = mean_interval(scores, confidence)
    method = f"t over {splits} splits"
    return Measured(Estimate(score.value, score.low, score.high, confidence, method), scores)


def split_scores(probabilities: NDArray[np.floating], splits: int) -> Floats:
    """(splits,) the score of each of ``splits`` runs of rows, cut where torch-fidelity cuts."""
    n = len(probabilities)
    cuts = [n * split // splits for split in range(splits + 1)]
    scores = np.empty(splits)
    for split in range(splits):
        p = probabilities[cuts[split] : cuts[split + 1]].astype(np.float64)
        mean = p.mean(axis=0)
        scores[split] = np.exp((xlogy(p, p).sum() - xlogy(p.sum(axis=0), mean).sum()) / len(p))
    return scores
