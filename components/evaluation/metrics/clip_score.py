"""CLIP score and cosine: how well images fit their captions."""

import numpy as np
from numpy.typing import NDArray

from components.evaluation.metrics.distances import unit_rows
from components.figures.statistics.measured import Measured
from components.figures.statistics.per_image import mean_of_images


def clip_cosines(images: NDArray[np.float32], captions: NDArray[np.float32]) -> NDArray[np.float64]:
    """cos(image, caption) of each pair, in [-1, 1], neither cut nor scaled.

    Args:
        images: (n, dimension) embeddings of any length.
        captions: (n, dimension), row k of the caption that image k was asked for.

    Raises:
        AlphabarError: an embedding is nought.
    """
    cosines: NDArray[np.float64] = np.einsum("nd,nd->n", unit_rows(images), unit_rows(captions))
    return cosines


def clip_scores(images: NDArray[np.float32], captions: NDArray[np.float32]) -> NDArray[np.float64]:
    """100 max(cos(image, caption), 0) of each pair (Hessel et al., 2021, with w = 100).

    torchmetrics' formula, applied to each image as its documentation writes it; its code cuts
    the mean at 0 instead of each image, which differs only where single cosines are negative.

    Args:
        images: (n, dimension) embeddings of any length.
        captions: (n, dimension), row k of the caption that image k was asked for.

    Returns:
        (n,) scores in [0, 100].

    Raises:
        AlphabarError: an embedding is nought.
    """
    return scores_of(clip_cosines(images, captions))


def scores_of(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """`clip_scores` from (n,) cosines."""
    scores: NDArray[np.float64] = 100.0 * np.clip(cosines, 0.0, 1.0)
    return scores


def clip_score_estimate(
    images: NDArray[np.float32], captions: NDArray[np.float32], confidence: float
) -> Measured:
    """Mean score with a t interval over images.

    Raises:
        AlphabarError: there are fewer than two images, or an embedding is nought.
    """
    return mean_of_images(clip_scores(images, captions), confidence)


def clip_cosine_estimate(
    images: NDArray[np.float32], captions: NDArray[np.float32], confidence: float
) -> Measured:
    """Mean cosine with a t interval over images.

    Unlike the score it tells a caption that the model turns away from from one it ignores.

    Raises:
        AlphabarError: there are fewer than two images, or an embedding is nought.
    """
    return mean_of_images(clip_cosines(images, captions), confidence)
