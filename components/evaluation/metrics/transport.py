"""The optimal map between two Gaussians, and the coordinates in which both look alike.

With Σ1 = D Dᵀ, Σ2 = E Eᵀ and Dᵀ E = U ℓ Vᵀ, the matrix S = C Cᵀ for C = E V ℓ^-½ maps one set to
the other: S Σ1 S = Σ2 (Olkin and Pukelsheim, 1982). In the scores u = Cᵀ (x - μ1) and
v = ℓ^-½ Uᵀ Dᵀ (y - μ2) both sets have the covariance diag(ℓ), and Σ ℓ is the trace of (Σ1 Σ2)^½.
"""

from dataclasses import dataclass

import numpy as np

from components.evaluation.metrics.gaussian import EPSILON, Gaussian, from_contrasts
from components.figures.statistics.intervals import Floats

_KEPT = 1e-12
"""Directions whose squared root is below this share of the largest carry no scores."""


@dataclass(frozen=True)
class Scores:
    """How one set's scores are had.

    Attributes:
        mean: (d,) of the set.
        map: (d, k) from centred features to scores, or None where ``values`` are given.
        values: (n, k) scores, for a set of fewer features than numbers.
    """

    mean: Floats
    map: Floats | None
    values: Floats | None


@dataclass(frozen=True)
class Transport:
    """Two Gaussians in coordinates in which both have one covariance.

    Attributes:
        cross: (r1, r2) Dᵀ E.
        squares: (min(r1, r2),) ℓ², ascending, with rounding errors about nought.
        common: (k,) ℓ, the roots that stand above rounding.
        first, second: each set's scores.
    """

    cross: Floats
    squares: Floats
    common: Floats
    first: Scores
    second: Scores


def cross_factor(first: Gaussian, second: Gaussian) -> Floats:
    """(r1, r2) Dᵀ E, whose singular values are ℓ."""
    return np.asarray(first.factor.T @ second.factor)


def squared_roots(cross: Floats) -> Floats:
    """(min(r1, r2),) ℓ², ascending: quick, with rounding errors of the largest in them all."""
    return np.asarray(np.linalg.eigvalsh(_smaller_square(cross)), np.float64)


def exact_roots(cross: Floats) -> Floats:
    """(min(r1, r2),) ℓ: singular values, for what rounding would hide."""
    return np.asarray(np.linalg.svd(cross, compute_uv=False), np.float64)


def transport(first: Gaussian, second: Gaussian) -> Transport:
    """The map between the two sets, from one eigendecomposition."""
    cross = cross_factor(first, second)
    squares, vectors = np.linalg.eigh(_smaller_square(cross))
    kept = squares > _KEPT * max(squares.max(initial=0.0), 0.0)
    common, vectors = np.sqrt(squares[kept]), vectors[:, kept]
    # where U ℓ or V ℓ is made of the other, its small columns keep their digits
    if cross.shape[0] < cross.shape[1]:
        of_first, of_second = vectors * common, cross.T @ vectors
    else:
        of_first, of_second = cross @ vectors, vectors * common
    return Transport(
        cross,
        squares,
        common,
        _scores(first, of_first, second, of_second, common),
        _scores(second, of_second, first, of_first, common),
    )


def _smaller_square(cross: Floats) -> Floats:
    return np.asarray(cross @ cross.T if cross.shape[0] < cross.shape[1] else cross.T @ cross)


def _scores(of: Gaussian, own: Floats, other: Gaussian, others: Floats, common: Floats) -> Scores:
    """Scores of one set, from the left vectors and the right ones times ℓ: its own and others."""
    if of.rows is not None:
        return Scores(of.mean, None, (of.n - 1) ** 0.5 * from_contrasts(own / np.sqrt(common)))
    return Scores(of.mean, other.factor @ (others / common**1.5), None)


def rounding(squares: Floats) -> float:
    """How far the sum of the roots of these eigenvalues may be off.

    Each eigenvalue is off by a few rounding errors of the largest. Among large eigenvalues
    these errors are of either sign; those of eigenvalues that should be nought add up.
    """
    if not len(squares) or squares[-1] <= 0:
        return 0.0
    noise = 4 * EPSILON * squares[-1]
    errors = noise / (2 * np.sqrt(np.maximum(squares, noise)))
    lost = squares < 100 * noise
    return float(errors[lost].sum() + np.linalg.norm(errors[~lost]))
