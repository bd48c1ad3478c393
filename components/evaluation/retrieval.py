"""Image-to-caption retrieval: what a scorer's scores are worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.evaluation.intervals import Estimate, share_interval

CANDIDATES = 100
"""Captions that an image chooses from, when there are more distinct ones."""


@dataclass(frozen=True)
class Retrieval:
    """How often an image finds its caption.

    Attributes:
        top1: share of images whose own caption is nearest, with Wilson's interval.
        candidates: captions to choose from.
        chance: what a guess would reach.
    """

    top1: Estimate
    candidates: int

    @property
    def chance(self) -> float:
        return 1.0 / self.candidates


def retrieval(
    images: NDArray[np.float32],
    captions: NDArray[np.float32],
    caption_of: NDArray[np.intp],
    seed: int,
    confidence: float,
) -> Retrieval:
    """Rank each image's own caption among the distinct ones; a tie counts as a miss.

    Args:
        images: (n, dimension) unit embeddings.
        captions: (m, dimension) unit embeddings of the distinct captions.
        caption_of: (n,) row of ``captions`` for each image.
        seed: draws each image's other captions when m is above `CANDIDATES`.
    """
    n, m = len(images), len(captions)
    cosines = images @ captions.T
    own = cosines[np.arange(n), caption_of].copy()
    cosines[np.arange(n), caption_of] = -np.inf
    if m > CANDIDATES:
        generator, others = np.random.default_rng(seed), np.empty((n, CANDIDATES - 1))
        for row in range(n):
            drawn = generator.choice(m - 1, CANDIDATES - 1, replace=False)
            others[row] = cosines[row, drawn + (drawn >= caption_of[row])]  # skips its own
        cosines = others
    found = int((own > cosines.max(axis=1)).sum())
    return Retrieval(share_interval(found, n, confidence), min(m, CANDIDATES))
