"""The Fréchet distance between two sets of features, seen as Gaussians.

d² = |μ1 - μ2|² + tr Σ1 + tr Σ2 - 2 tr (Σ1 Σ2)^½  (Fréchet, 1957; Dowson and Landau, 1982,
equation 4; as FID by Heusel et al., 2017, equation 6). For any factors Σi = Fi Fiᵀ the last
trace is the nuclear norm of F1ᵀ F2, so that no square root of a product is taken, and sets
smaller than their dimension are treated in the span of their rows.
"""

from collections.abc import Sequence

import numpy as np

from components.evaluation.features import Features, check_comparable
from components.evaluation.intervals import (
    MINIMUM_IMAGES,
    Estimate,
    Floats,
    Replicates,
    Rows,
    group_sizes,
    split_groups,
    two_set_interval,
)


def frechet_distance(generated: Features, reference: Features) -> float:
    """The squared Fréchet distance, in float64, with covariances over n - 1.

    Biased upwards at small n: compare only at equal n, or with the floor at the same n.

    Args:
        generated: (n1, d) with n1 at least 2.
        reference: (n2, d) with n2 at least 2.

    Raises:
        AlphabarError: a set is too small, or the dimensions differ.
    """
    first, second = _centred(generated, reference)
    cross = factor(first).T @ factor(second)
    root = float(np.linalg.svd(cross, compute_uv=False).sum())
    apart = first.mean(axis=0) - second.mean(axis=0)
    return float(apart @ apart) + _spread(first) + _spread(second) - 2 * root


def frechet_estimate(generated: Features, reference: Features, confidence: float) -> Estimate:
    """The distance with a delete-group jackknife interval over both sets.

    The interval is about the expected distance *at these sizes*; see
    `components.evaluation.intervals.two_set_interval`.

    Raises:
        AlphabarError: a set has fewer than `MINIMUM_IMAGES` images.
    """
    value = frechet_distance(generated, reference)
    first, second = _centred(generated, reference, MINIMUM_IMAGES)
    return two_set_interval(
        value,
        frechet_replicates(first, second, split_groups(len(first))),
        frechet_replicates(second, first, split_groups(len(second))),
        confidence,
        floor=0.0,
    )


def factor(x: Floats) -> Floats:
    """A matrix F (d, r) with F Fᵀ the covariance of x (n, d), r = min(n, d).

    From the rows themselves when n < d; else from the covariance's eigenvectors.
    """
    n, d = x.shape
    x = x - x.mean(axis=0)
    if n < d:
        rows: Floats = x.T / np.sqrt(n - 1)
        return rows
    values, vectors = np.linalg.eigh(x.T @ x / (n - 1))
    scaled: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
    return scaled


def frechet_replicates(moving: Floats, fixed: Floats, groups: Sequence[Rows]) -> Replicates:
    """The distance as each group of ``moving`` is left out.

    With Σ2 = F Fᵀ and p = x F the trace is that of the square root of p's covariance: its
    squared singular values come from a sub-block of the Gram matrix p pᵀ, re-centred (n < r), or
    from pᵀp less the group's part.

    Args:
        moving: (n1, d), roughly centred.
        fixed: (n2, d), roughly centred.
        groups: rows of ``moving``.
    """
    n = len(moving)
    projected = moving @ factor(fixed)
    small = n <= projected.shape[1]
    product = projected @ projected.T if small else projected.T @ projected
    fixed_mean, fixed_spread = fixed.mean(axis=0), _spread(fixed)
    total, squares = moving.sum(axis=0), np.einsum("nd,nd->n", moving, moving)
    values = np.empty(len(groups))
    for index, rows in enumerate(groups):
        kept = np.delete(np.arange(n), rows)
        mean = (total - moving[rows].sum(axis=0)) / len(kept)
        spread = (squares[kept].sum() - len(kept) * mean @ mean) / (len(kept) - 1)
        if small:
            block = _recentred(product[np.ix_(kept, kept)])
        else:
            block = product - projected[rows].T @ projected[rows]
            centre = projected[kept].mean(axis=0)
            block -= len(kept) * np.outer(centre, centre)
        eigenvalues = np.linalg.eigvalsh(block / (len(kept) - 1))
        root = np.sqrt(np.maximum(eigenvalues, 0.0)).sum()
        apart = mean - fixed_mean
        values[index] = apart @ apart + spread + fixed_spread - 2 * root
    return Replicates(values, group_sizes(groups))


def _centred(generated: Features, reference: Features, at_least: int = 2) -> tuple[Floats, Floats]:
    """Both sets in float64, less the mean of the second, so that no digits cancel later."""
    check_comparable(generated, reference, at_least)
    shift = reference.mean(axis=0, dtype=np.float64)
    return generated - shift, reference - shift


def _spread(x: Floats) -> float:
    """The covariance's trace."""
    return float(x.var(axis=0, ddof=1).sum())


def _recentred(gram: Floats) -> Floats:
    """The Gram matrix of the same rows less their mean."""
    rows = gram.mean(axis=0)
    centred: Floats = gram - rows - rows[:, None] + rows.mean()
    return centred
