"""A model and the held-out images of its data: what figures of a network alone are taken of."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from components.data.arrays import Split
from components.evaluation.likelihood import BOUND_IMAGES, holdout_bits
from components.networks.checkpoint import Checkpoint
from components.runtime import Progress
from components.spec.metric_family import Judge


@dataclass(frozen=True)
class ModelView:
    """What `Sight` is to samples, for a model whatever sampler draws.

    Attributes:
        holdout: real images that it has not seen.
        confidence: level of every interval.
    """

    model: Checkpoint
    holdout: Split
    confidence: float
    progress: Progress

    kind: ClassVar[Judge] = "model"

    def bits(self) -> NDArray[np.float64]:
        """Bits per dimension of each of the first `BOUND_IMAGES` images."""
        return holdout_bits(
            self.model,
            self.holdout.images[:BOUND_IMAGES],
            self.holdout.classes[:BOUND_IMAGES].tolist(),
            self.holdout.captions[:BOUND_IMAGES],
            self.progress,
        )
