"""The Vendi score: how many different images a set is worth."""

import numpy as np

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.evaluation.metrics.distances import row_blocks, unit_rows
from components.evaluation.statistics.intervals import (
    MINIMUM_IMAGES,
    Estimate,
    Floats,
    mean_interval,
)
from components.evaluation.statistics.measured import Measured

_NOUGHT = 1e-12
"""Eigenvalues below this part of the largest are rounding."""


def vendi_score(features: Features, confidence: float) -> Measured:
    """exp of the entropy of the eigenvalues of K / n, with K the cosines of all pairs.

    Friedman and Dieng, 2023, section 3. Between 1 (all alike) and n (all orthogonal); it
    grows with n, so compare at equal n. The eigenvalues are taken of the smaller of K and the
    (d, d) matrix that shares them.

    The interval is about the score that sets of this size reach on average. The entropy is the
    mean over images of -x log(Σ) x, their first-order influence on it (an infinitesimal
    jackknife; Efron, 1982, chapter 6): a t interval of that mean, its ends to the power of e and
    cut at 1 and n. In simulations 88 to 98 of 100 at 0.95 held the expected score, the fewest
    at 60 images (tests/reference/test_vendi_score.py). An image's pseudo-value is the score times
    1 + its influence - the entropy.

    Args:
        features: (n, d) of any length.

    Raises:
        AlphabarError: there are fewer than `MINIMUM_IMAGES` images, or a row is nought.
    """
    n = len(features)
    if n < MINIMUM_IMAGES:
        raise AlphabarError(
            f"{n} images are too few for a Vendi score", f"give at least {MINIMUM_IMAGES}"
        )
    influences = _influences(features)
    entropy = mean_interval(influences, confidence)
    value, low, high = (
        float(np.clip(np.exp(end), 1.0, n)) for end in (entropy.value, entropy.low, entropy.high)
    )
    method = "infinitesimal jackknife of the entropy, t over images"
    return Measured(
        Estimate(value, low, high, confidence, method), value * (1.0 + influences - entropy.value)
    )


def _influences(features: Features) -> Floats:
    """(n,) -x log(Σ) x of the unit rows x with Σ = mean of x xᵀ; their mean is the entropy."""
    # numbers that are nought in every image, as dead channels are, share in nothing
    features = features[:, features.any(axis=0)]
    n, d = features.shape
    if n <= d:
        rows = unit_rows(features)
        values, vectors = np.linalg.eigh(rows @ rows.T / n)
        shares, vectors = _positive(values, vectors)
        small: Floats = -(n * vectors**2 * shares) @ np.log(shares)
        return small
    total = np.zeros((d, d))
    for block in row_blocks(n):
        rows = unit_rows(features[block])
        total += rows.T @ rows
    values, vectors = np.linalg.eigh(total / n)
    shares, vectors = _positive(values, vectors)
    blocks = (unit_rows(features[block]) @ vectors for block in row_blocks(n))
    return np.concatenate([-(along**2) @ np.log(shares) for along in blocks])


def _positive(values: Floats, vectors: Floats) -> tuple[Floats, Floats]:
    kept = values > _NOUGHT * values.max()
    return values[kept], vectors[:, kept]
