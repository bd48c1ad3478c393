"""CLIP R-precision: does an image lead back to the caption that it was asked for?"""

import numpy as np
from numpy.typing import NDArray

from components.evaluation.metrics.distances import unit_rows
from components.evaluation.metrics.retrieval import Retrieval, retrieval


def clip_r_precision(
    images: NDArray[np.float32],
    captions: NDArray[np.float32],
    caption_of: NDArray[np.intp],
    seed: int,
    confidence: float,
) -> Retrieval:
    """The share of images whose own caption is nearest among 100 (Park et al., 2021).

    The other 99 are drawn anew for each image from the run's distinct captions; a run with fewer
    distinct captions is judged among all of them, which the result's ``candidates`` says: compare
    at equal ones. A tie is a miss, so that a model blind to captions reaches 0. Wilson's interval
    over images, at the run's captions; it errs on the wide side where captions differ in how
    easily they are found.

    Args:
        images: (n, dimension) embeddings of any length.
        captions: (m, dimension) embeddings of the run's distinct captions.
        caption_of: (n,) row of ``captions`` that each image was asked for.
        seed: draws the other captions.

    Raises:
        AlphabarError: there are no images, or an embedding is nought.
    """
    seen, read = (unit_rows(rows).astype(np.float32) for rows in (images, captions))
    return retrieval(seen, read, caption_of, seed, confidence)
