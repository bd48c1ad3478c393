"""Figures that are the mean of one number an image: each image's own number is its pseudo-value."""

import numpy as np
from numpy.typing import NDArray

from components.figures.statistics.intervals import mean_interval, share_interval
from components.figures.statistics.measured import Measured


def mean_of_images(values: NDArray[np.floating], confidence: float) -> Measured:
    """The mean of (n,) numbers with Student's t interval.

    Raises:
        AlphabarError: there are fewer than two.
    """
    return Measured(mean_interval(values, confidence), values.astype(np.float64))


def share_of_images(holds: NDArray[np.bool_], confidence: float) -> Measured:
    """The share of (n,) images for which something holds, with Wilson's interval.

    Raises:
        AlphabarError: there are none.
    """
    estimate = share_interval(int(holds.sum()), len(holds), confidence)
    return Measured(estimate, holds.astype(np.float64))
