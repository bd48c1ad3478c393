"""The Fréchet distance between two sets of features, seen as Gaussians.

d² = |μ1 - μ2|² + tr Σ1 + tr Σ2 - 2 tr (Σ1 Σ2)^½  (Fréchet, 1957; Dowson and Landau, 1982,
equation 4; as FID by Heusel et al., 2017, equation 6). With factors Σ1 = D Dᵀ and Σ2 = E Eᵀ the
last trace is the sum of the singular values of Dᵀ E, in the span of the smaller set.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from components.evaluation.features.comparable import Features, check_comparable
from components.evaluation.metrics.frechet_variance import influences, two_set_variance
from components.evaluation.metrics.gaussian import (
    EPSILON,
    Gaussian,
    gaussian_of,
    gaussian_of_moments,
)
from components.evaluation.metrics.moments import Moments
from components.evaluation.metrics.transport import (
    cross_factor,
    exact_roots,
    rounding,
    squared_roots,
    transport,
)
from components.figures.statistics.intervals import (
    MINIMUM_IMAGES,
    Floats,
    normal_interval,
)
from components.figures.statistics.measured import Measured

TOLERANCE = 1e-9
"""Relative error of the distance above which slower, exact roots are taken."""

_NOUGHT = 64 * EPSILON
"""A distance below this part of both traces is rounding: of equal sets, of 12 to 5,000 images of 1
to 1,280 numbers, up to 8 ε were left, of either sign."""

METHOD = "influence of each image in both sets, less the second order's double count, normal"


@dataclass(frozen=True)
class FrechetReference:
    """A reference set that many generated sets are compared with: its matrices are made once.

    Attributes:
        features: (n, d); kept, not copied.
    """

    features: Features

    @cached_property
    def gaussian(self) -> Gaussian:
        """Its mean and covariance; the covariance's factor stays with it once made."""
        return gaussian_of(self.features)


Reference = Features | FrechetReference


def frechet_distance(generated: Features, reference: Reference) -> float:
    """The squared Fréchet distance, in float64, with covariances over n - 1.

    Biased upwards at small n: compare only at equal n, or with the floor at the same n.

    Args:
        generated: (n1, d) with n1 at least 2.
        reference: (n2, d) with n2 at least 2, or a reference made before.

    Raises:
        AlphabarError: a set is too small, or the dimensions differ.
    """
    prepared = prepare(generated, reference, 2)
    return _distance(gaussian_of(generated), prepared.gaussian)


def frechet_of_moments(
    generated: Moments, reference: Moments, tolerance: float = TOLERANCE
) -> float:
    """The squared Fréchet distance between two sets' (merged) statistics.

    Args:
        tolerance: largest relative error that rounding may leave.

    Raises:
        AlphabarError: a set has fewer than two rows, or the dimensions differ.
    """
    check_comparable(generated.mean[None], reference.mean[None], 1)
    sets = gaussian_of_moments(generated), gaussian_of_moments(reference)
    return _distance(*sets, tolerance)


@dataclass(frozen=True)
class FrechetParts:
    """A distance with what its interval is made of.

    Attributes:
        measured: the distance with its interval and pseudo-values.
        pairs: the part of its variance that pairs of images bring.
    """

    measured: Measured
    pairs: float


def frechet_parts(generated: Features, reference: Reference, confidence: float) -> FrechetParts:
    """`frechet_measured`, for a caller who extrapolates from it too.

    Raises:
        AlphabarError: a set has fewer than `MINIMUM_IMAGES` images, or the dimensions differ.
    """
    prepared = prepare(generated, reference, MINIMUM_IMAGES)
    first, second = gaussian_of(generated), prepared.gaussian
    between = transport(first, second)
    value = _of_roots(first, second, between.squares, between.cross)
    found = influences(generated, prepared.features, between)
    variance = two_set_variance(found)
    estimate = normal_interval(value, variance.total, confidence, METHOD, floor=0.0)
    measured = Measured(
        estimate,
        value + variance.shrink * found.first.values,
        value + variance.shrink * found.second.values,
    )
    return FrechetParts(measured, variance.pairs)


def frechet_measured(generated: Features, reference: Reference, confidence: float) -> Measured:
    """The distance with its interval and each image's pseudo-value.

    The target is the expected distance *at these sizes*: the interval says how far the figure
    would move if both sets were drawn again at the same n, and leaves the bias that a Fréchet
    distance has at small n where it is. So figures are comparable only at equal n, and
    `fd_infinity` is for the distance without that bias.

    The variance is `frechet_variance.two_set_variance`. In simulations
    (tests/reference/test_fd_coverage.py) 90 to 99 of 100 intervals at 0.95 hold the target,
    between equal sets and unequal ones, with fewer images than numbers and with more.

    Returns:
        A figure whose pseudo-values are value + influence of each image, in the images' order.
        The influences are shrunk by one factor for both sets, so that the pseudo-values have
        the interval's variance.

    Raises:
        AlphabarError: a set has fewer than `MINIMUM_IMAGES` images, or the dimensions differ.
    """
    return frechet_parts(generated, reference, confidence).measured


def prepare(generated: Features, reference: Reference, at_least: int) -> FrechetReference:
    """The reference with its statistics, new or made before, fit for these generated features.

    Raises:
        AlphabarError: a set has fewer than ``at_least`` images, or the dimensions differ.
    """
    if not isinstance(reference, FrechetReference):
        reference = FrechetReference(reference)
    check_comparable(generated, reference.features, at_least)
    return reference


def _distance(first: Gaussian, second: Gaussian, tolerance: float = TOLERANCE) -> float:
    cross = cross_factor(first, second)
    return _of_roots(first, second, squared_roots(cross), cross, tolerance)


def _of_roots(
    first: Gaussian,
    second: Gaussian,
    squares: Floats,
    cross: Floats,
    tolerance: float = TOLERANCE,
) -> float:
    """The distance from ℓ², or from exact roots ℓ where rounding might show.

    What not even exact roots tell from rounding is 0: equal sets are at no distance.
    """
    apart = first.mean - second.mean
    rest = float(apart @ apart) + first.trace + second.trace
    value = rest - 2 * float(np.sqrt(np.maximum(squares, 0.0)).sum())
    if rounding(squares) <= tolerance * value:
        return value
    value = rest - 2 * float(exact_roots(cross).sum())
    return value if value > _NOUGHT * rest else 0.0
