"""A set of features seen as a Gaussian, in the form that is the smaller: rows or covariance."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from components.errors import AlphabarError
from components.evaluation.features import Features
from components.evaluation.intervals import Floats
from components.evaluation.moments import Moments, moments_of

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Root:
    """A factor E of a covariance Σ = E Eᵀ.

    Attributes:
        matrix: (d, r).
        triangular: whether it is Cholesky's lower triangle.
    """

    matrix: Floats
    triangular: bool

    def dual(self, x: Floats) -> Floats:
        """E⁺ᵀ x for x (r, k): (d, k); for a triangle, or columns that are orthogonal."""
        if self.triangular:
            solved: Floats = linalg.solve_triangular(self.matrix, x, trans=1, lower=True)
            return solved
        squares = np.einsum("dr,dr->r", self.matrix, self.matrix)
        return np.asarray(self.matrix @ (x / squares[:, None]))


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
    def root(self) -> Root:
        """A quick factor: the rows, or Cholesky's triangle where the covariance has one."""
        if self.covariance is None:
            return self.spectral_root
        try:
            return Root(linalg.cholesky(self.covariance, lower=True), triangular=True)
        except linalg.LinAlgError:
            return self.spectral_root

    @cached_property
    def spectral_root(self) -> Root:
        """A factor without the directions in which the set does not vary."""
        if self.rows is not None:
            return Root(self.rows.T, triangular=False)
        values, vectors = linalg.eigh(self.covariance, driver="evd")
        real = values > len(values) * EPSILON * values[-1]
        return Root(vectors[:, real] * np.sqrt(values[real]), triangular=False)

    def seen_through(self, root: Root) -> Floats:
        """Eᵀ Σ E (r, r) for a factor E (d, r); only the lower triangle is sure to be filled."""
        if self.rows is not None:
            image = self.rows @ root.matrix
            return np.asarray(image.T @ image)
        assert self.covariance is not None
        if not root.triangular:
            return np.asarray(root.matrix.T @ (self.covariance @ root.matrix))
        product, _ = linalg.lapack.dsygst(self.covariance, root.matrix, itype=2, lower=1)
        return np.asarray(product)


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
