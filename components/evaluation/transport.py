"""The optimal map between two Gaussians, and the coordinates in which both look alike.

With Σ2 = E Eᵀ and Eᵀ Σ1 E = R ℓ² Rᵀ, the matrix S = C Cᵀ for C = E R ℓ^-½ maps one set to the
other: S Σ1 S = Σ2 (Olkin and Pukelsheim, 1982). In the scores u = Cᵀ (x - μ1) and
v = C⁻¹ (y - μ2) both sets have the covariance diag(ℓ), and Σ ℓ is the trace of (Σ1 Σ2)^½.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from components.evaluation.gaussian import EPSILON, Gaussian, Root, from_contrasts
from components.evaluation.intervals import Floats

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
        squares: (r,) eigenvalues of (Σ1 Σ2), ascending, with rounding errors about nought.
        common: (k,) ℓ, the roots of those that stand above rounding.
        first, second: each set's scores.
    """

    squares: Floats
    common: Floats
    first: Scores
    second: Scores


def squared_roots(first: Gaussian, second: Gaussian) -> Floats:
    """(r,) eigenvalues of Σ1 Σ2, ascending."""
    base, other = _base_first(first, second)
    matrix = other.seen_through(base.root)
    if not len(matrix):
        return np.zeros(0)
    values: Floats = linalg.eigh(matrix, eigvals_only=True, overwrite_a=True, check_finite=False)
    return values


def exact_roots(first: Gaussian, second: Gaussian) -> Floats:
    """(r,) roots of the eigenvalues of Σ1 Σ2: singular values, for what rounding would hide."""
    cross = first.spectral_root.matrix.T @ second.spectral_root.matrix
    if not cross.size:
        return np.zeros(0)
    roots: Floats = linalg.svdvals(cross, overwrite_a=True)
    return roots


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


def transport(first: Gaussian, second: Gaussian) -> Transport:
    """The map between the two sets, from one eigendecomposition."""
    base, other = _base_first(first, second)
    root = base.root
    matrix = other.seen_through(root)
    if not len(matrix):
        none = np.zeros((len(first.mean), 0))
        return Transport(
            np.zeros(0),
            np.zeros(0),
            Scores(first.mean, none, None),
            Scores(second.mean, none, None),
        )
    squares, vectors = linalg.eigh(matrix, driver="evd", overwrite_a=True, check_finite=False)
    kept = squares > _KEPT * max(squares[-1], 0.0)
    common = np.sqrt(squares[kept])
    vectors = vectors[:, kept]
    mapped = Scores(other.mean, root.matrix @ (vectors / np.sqrt(common)), None)
    based = _base_scores(base, root, vectors * np.sqrt(common))
    pair = (based, mapped) if base is first else (mapped, based)
    return Transport(squares, common, *pair)


def _base_scores(base: Gaussian, root: Root, scaled: Floats) -> Scores:
    if base.rows is not None:
        return Scores(base.mean, None, (base.n - 1) ** 0.5 * from_contrasts(scaled))
    return Scores(base.mean, root.dual(scaled), None)


def _base_first(first: Gaussian, second: Gaussian) -> tuple[Gaussian, Gaussian]:
    """The set whose factor is the smaller, and the other; the second's, which may be kept."""
    if first.rows is not None and (second.rows is None or first.n < second.n):
        return first, second
    return second, first
