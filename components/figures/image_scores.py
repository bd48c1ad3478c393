"""What each image adds to a figure that is a mean of one number an image: the images' scores."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.figures.judgement import Judgement
from components.figures.statistics.intervals import Floats
from components.spec.metric_family import Judge
from components.spec.metrics import METRICS, family_of

_ALONE: tuple[Judge, ...] = ("clip", "preference", "classifier")
"""Judges who see an image and what it was asked for, and no other image."""


@dataclass(frozen=True)
class ImageScores:
    """The scores of n images.

    Attributes:
        seeds: (n,) each image's.
        scores: a figure's full name → (n,) numbers, of which the figure is the mean.
    """

    seeds: NDArray[np.int64]
    scores: Mapping[str, Floats]

    def of_seed(self, figure: str, seed: int) -> float | None:
        """The score of the image that was drawn from ``seed``; None where there is none."""
        rows = np.flatnonzero(self.seeds == seed)
        return float(self.scores[figure][rows[0]]) if len(rows) else None


def image_scores(judgement: Judgement) -> ImageScores:
    """The scores by which captions' readers and classifiers have judged each image.

    They are the figures' pseudo-values, which `pseudo_values.npz` keeps: CLIP score and cosine,
    whether an image finds its caption or is recognised, and the scores of preference models.

    Raises:
        AlphabarError: nobody knows from what the images were drawn.
    """
    if judgement.origins is None:
        raise AlphabarError(
            "these figures do not say from which seeds their images were drawn",
            "give those of samples that `alphabar` has drawn",
        )
    found: dict[str, Floats] = {}
    for name, figure in judgement.figures.items():
        family = METRICS[family_of(name) or name]
        each = figure.measured.generated
        if family.judge in _ALONE and family.of_each_image and each is not None:
            found[name] = each
    return ImageScores(judgement.origins.seeds, found)
