"""Is the model copying? Authenticity, and how close images are to the nearest training image.

Read both beside what the holdout reaches in the place of generated images: real images that the
model has never seen lie at a ratio near 1, not far above it.
"""

import numpy as np
from scipy import stats

from components.errors import AlphabarError
from components.evaluation.metrics.distances import closer
from components.evaluation.metrics.training_neighbours import TrainingNeighbours
from components.figures.statistics.intervals import Estimate, Floats
from components.figures.statistics.measured import Measured
from components.figures.statistics.per_image import share_of_images


def authenticity(neighbours: TrainingNeighbours, confidence: float) -> Measured:
    """The share of generated images that are farther from their nearest training image than
    that is from its own nearest other training image (Alaa et al., 2022).

    AuthPct of dgm-eval is 100 times this. As there, a duplicate in the training set is an other
    image at distance 0, so that only its exact copies are seen; `neighbour_ratio` sees past it.

    Wilson's interval over generated images: the training set is the one that the model has
    learnt from, and is not drawn again.

    Raises:
        AlphabarError: there are no images.
    """
    gap = np.where(neighbours.duplicated, 0.0, neighbours.gap)
    authentic = closer(gap**2, neighbours.distance**2)
    return share_of_images(authentic, confidence)


def neighbour_ratio(neighbours: TrainingNeighbours, confidence: float) -> Measured:
    """The median over generated images of their distance to the nearest training image, over
    that image's distance to the nearest other one; 0 where most are copies.

    The interval lies between order statistics, for the training set that there is. A median has
    no pseudo-values, so cells are compared by its interval, unpaired.

    Raises:
        AlphabarError: there are no images.
    """
    return Measured(_median_interval(neighbours.distance / neighbours.gap, confidence))


def _median_interval(values: Floats, confidence: float) -> Estimate:
    """The sample median between the order statistics that hold the true one at least that often,
    whatever the distribution (Thompson, 1936); the ends of the sample when it is too small.
    """
    n = len(values)
    if n < 1:
        raise AlphabarError("the median of no images has no value", "give at least one image")
    ordered = np.sort(values)
    rank = max(int(stats.binom.ppf(0.5 - confidence / 2, n, 0.5)), 1)
    low, high = float(ordered[rank - 1]), float(ordered[n - rank])
    return Estimate(float(np.median(ordered)), low, high, confidence, "order statistics")
