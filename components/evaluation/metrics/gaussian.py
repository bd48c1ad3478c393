"""A set of features seen as a Gaussian, in the form that is the smaller: rows or covariance."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.evaluation.metrics.moments import Moments, moments_of
from components.figures.statistics.intervals import Floats

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Gaussian:
    """Mean and covariance of n features, the covariance over n - 1.

    Attributes:
        n: features seen.
        mean: (d,).
        trace: of the covariance.
        rows: (n - 1, d) with rowsᵀ rows the covariance, where n ≤ d; else None.
        covariance: (d, d) where there are no rows.
    """

    n: int
    mean: Floats
    trace: float
    rows: Floats | None
    covariance: Floats | None

    @cached_property
    def factor(self) -> Floats:
        """(d, r) E with the covariance E Eᵀ, without directions in which the set does not vary."""
        if self.rows is not None:
            return self.rows.T
        assert self.covariance is not None
        return pivoted_factor(self.covariance)


def pivoted_factor(covariance: Floats) -> Floats:
    """(d, r) Cholesky's factor of a (d, d) covariance of rank r (Higham, 1990).

    Taken of the correlations, where rounding is alike for all numbers however little they vary,
    with the largest rest first, until what is left of every number is rounding.
    """
    deviations = np.sqrt(np.diag(covariance))
    # a number that does not vary correlates with none: its row and column stay nought
    inverse = np.divide(1.0, deviations, out=np.zeros_like(deviations), where=deviations > 0)
    correlations = covariance * inverse
    correlations *= inverse[:, None]
    tolerance = len(covariance) * EPSILON
    # the transpose is as good, symmetric as it is, and LAPACK's order of columns
    lower, order, rank, _ = linalg.lapack.dpstrf(correlations.T, tolerance, 1, overwrite_a=True)
    factor = np.empty((len(covariance), rank))
    factor[order - 1] = np.tril(lower[:, :rank])
    factor *= deviations[:, None]
    return factor


def gaussian_of(features: Features) -> Gaussian:
    """The Gaussian of features (n, d), from rows where n ≤ d and from streamed moments else.

    Raises:
        AlphabarError: a feature is not finite.
    """
    n, d = features.shape
    if n > d:
        return gaussian_of_moments(moments_of(features))
    mean = features.mean(axis=0, dtype=np.float64)
    rows = contrasts(features - mean) / (n - 1) ** 0.5
    return Gaussian(n, mean, _finite(float(np.einsum("nd,nd->", rows, rows))), rows, None)


def gaussian_of_moments(moments: Moments) -> Gaussian:
    """The Gaussian of merged statistics.

    Raises:
        AlphabarError: there are fewer than two rows, or one was not finite.
    """
    covariance = moments.covariance
    trace = _finite(float(np.trace(covariance)))
    return Gaussian(moments.n, moments.mean, trace, None, covariance)


def contrasts(centred: Floats) -> Floats:
    """n - 1 rows with the scatter of n centred rows, so that no row is a sum of the others.

    The rows but the first of H x, H the reflection that takes (1, …, 1) to the first axis
    (Householder, 1958).
    """
    return np.asarray(centred[1:] + centred[0] / (len(centred) ** 0.5 - 1))


def from_contrasts(x: Floats) -> Floats:
    """H (0, x): (n - 1, k) → (n, k), the reflection back to one row for each feature."""
    root_n = (len(x) + 1) ** 0.5
    first = x.sum(axis=0) / root_n
    return np.concatenate([first[None], x - first / (root_n - 1)])


def _finite(trace: float) -> float:
    if not np.isfinite(trace):
        raise AlphabarError(
            "some features are not finite numbers", "look for broken images or network weights"
        )
    return trace
