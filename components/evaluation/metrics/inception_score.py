"""The Inception Score: images that are each of one class, and together of many."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from components.errors import AlphabarError
from components.figures.statistics.intervals import Estimate, Floats, Rows, mean_interval
from components.figures.statistics.measured import Measured

SPLITS = 10
"""Splits of the published figure (Salimans et al., 2016), of torch-fidelity and torchmetrics."""


def inception_score(
    probabilities: NDArray[np.floating], confidence: float, seed: int, splits: int = SPLITS
) -> Measured:
    """`inception_score_of_blocks` of probabilities (n, classes) that are at hand."""
    return inception_score_of_blocks([probabilities], len(probabilities), confidence, seed, splits)


def inception_score_of_blocks(
    blocks: Iterable[NDArray[np.floating]],
    n: int,
    confidence: float,
    seed: int,
    splits: int = SPLITS,
) -> Measured:
    """exp of the mean divergence of each image's classes from all images' classes.

    Salimans et al., 2016, section 4: the mean over splits of the images, drawn at random (as
    torch-fidelity's and torchmetrics' are; stored images may be sorted by class). It grows with
    the size of a split, so compare at equal n and splits. The splits share no image, so the
    interval is Student's t over them, about the score that a split of this size reaches; their
    scores are the pseudo-values.

    Args:
        blocks: class probabilities of the images, (rows, classes) each; one is held at a time.
        n: images in all of them.
        seed: draws the splits.
        splits: at least 2.

    Raises:
        AlphabarError: there are fewer than two images a split or two splits, or rows are not
            probabilities.
    """
    if splits < 2 or n < 2 * splits:
        raise AlphabarError(
            f"{n} images cannot make {splits} splits for an Inception Score",
            "give at least 2 splits, and 2 images for each",
        )
    order = np.random.default_rng(seed).permutation(n)
    scores = split_scores(blocks, cut(order, splits), splits)
    score = mean_interval(scores, confidence)
    method = f"t over {splits} splits"
    return Measured(Estimate(score.value, score.low, score.high, confidence, method), scores)


def cut(order: Rows, splits: int) -> Rows:
    """(n,) the split of each row when rows in this order are cut where torch-fidelity cuts."""
    n = len(order)
    cuts = [n * split // splits for split in range(splits + 1)]
    split_of = np.empty(n, np.intp)
    split_of[order] = np.repeat(np.arange(splits), np.diff(cuts))
    return split_of


def split_scores(blocks: Iterable[NDArray[np.floating]], split_of: Rows, splits: int) -> Floats:
    """(splits,) the score of each split, from sums of p and of p log p over its rows.

    Args:
        blocks: class probabilities, (rows, classes) each.
        split_of: (n,) the split of each row of all blocks.
        splits: how many; each has a row.

    Raises:
        AlphabarError: rows are not probabilities, or not as many as the splits have.
    """
    totals: Floats | float = 0.0
    negentropies, done = np.zeros(splits), 0
    for block in blocks:
        p = _checked(block)
        own = split_of[done : done + len(p)]
        done += len(p)
        if len(own) < len(p):
            break
        totals = totals + (own == np.arange(splits)[:, None]).astype(np.float64) @ p
        negentropies += np.bincount(own, xlogy(p, p).sum(axis=1), splits)
    if done != len(split_of):
        raise AlphabarError(
            f"class probabilities came for {done} images instead of {len(split_of)}",
            "classify every image once",
        )
    sizes = np.bincount(split_of, minlength=splits)
    means = totals / sizes[:, None]
    return np.asarray(np.exp((negentropies - xlogy(totals, means).sum(axis=1)) / sizes))


def _checked(block: NDArray[np.floating]) -> Floats:
    p = block.astype(np.float64)
    if (p < 0).any() or not np.allclose(p.sum(axis=1), 1.0, atol=1e-3):
        raise AlphabarError(
            "an Inception Score needs class probabilities, and these do not sum to 1",
            "give the softmax of the classifier's logits",
        )
    return p
