"""Image-to-caption retrieval: what a scorer's scores are worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.figures.statistics.intervals import Estimate
from components.figures.statistics.measured import Measured
from components.figures.statistics.per_image import share_of_images

CANDIDATES = 100
"""Captions that an image chooses from, when there are more distinct ones."""

_COSINES_A_BLOCK = 4_000_000


@dataclass(frozen=True)
class Retrieval:
    """How often an image finds its caption.

    Attributes:
        measured: share of images whose own caption is nearest, with Wilson's interval.
        candidates: captions to choose from.
        chance: what a guess would reach.
    """

    measured: Measured
    candidates: int

    @property
    def top1(self) -> Estimate:
        """The share with its interval."""
        return self.measured.estimate

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
    found = np.empty(n, np.bool_)
    generator, step = np.random.default_rng(seed), max(1, _COSINES_A_BLOCK // m)
    for start in range(0, n, step):
        of = caption_of[start : start + step]
        cosines = images[start : start + step] @ captions.T
        own = cosines[np.arange(len(of)), of].copy()
        cosines[np.arange(len(of)), of] = -np.inf
        if m > CANDIDATES:
            cosines = _drawn(cosines, of, generator)
        found[start : start + step] = own > cosines.max(axis=1)
    return Retrieval(share_of_images(found, confidence), min(m, CANDIDATES))


def _drawn(
    cosines: NDArray[np.float32], of: NDArray[np.intp], generator: np.random.Generator
) -> NDArray[np.float32]:
    """Each row's cosines with `CANDIDATES` - 1 other captions, drawn without its own."""
    others = np.empty((len(cosines), CANDIDATES - 1), np.float32)
    for row, own in enumerate(of):
        drawn = generator.choice(cosines.shape[1] - 1, CANDIDATES - 1, replace=False)
        others[row] = cosines[row, drawn + (drawn >= own)]
    return others
