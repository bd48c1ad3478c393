"""The Vendi score: how many different images a set is worth."""

from collections.abc import Iterator

import numpy as np

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features
from components.evaluation.metrics.distances import row_blocks, unit_rows
from components.figures.statistics.intervals import (
    MINIMUM_IMAGES,
    Estimate,
    Floats,
    mean_interval,
)
from components.figures.statistics.measured import Measured

_NOUGHT = 1e-12
"""Eigenvalues below this part of the largest are rounding."""

_LOG_NODES, _LOG_STEP = (-36.0, 24.0), 0.5
"""Where the integral over log s is taken."""


def vendi_score(features: Features, confidence: float) -> Measured:
    """exp of the entropy of the eigenvalues of K / n, with K the cosines of all pairs.

    Friedman and Dieng, 2023, section 3. Between 1 (all alike) and n (all orthogonal); it
    grows with n, so compare at equal n. The eigenvalues are taken of the smaller of K and the
    (d, d) matrix that shares them.

    The interval is about the score that sets of this size reach on average: the entropy with the
    error that the jackknife gives it, t, its ends to the power of e and cut at 1 and n. The entropy
    without each image is exact (`_pseudo_values`): its derivative, the infinitesimal jackknife,
    takes the directions that an image alone has for those of all, and is up to a seventh
    too narrow. An image's pseudo-value is the score times 1 + that of the entropy less their mean.

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
    shares, blocks = _spectrum(features)
    entropy = -float(shares @ np.log(shares))
    pseudo = np.concatenate([_pseudo_values(shares, scores, n) for scores in blocks])
    spread = mean_interval(pseudo, confidence)
    value, low, high = (
        float(np.clip(np.exp(entropy + off), 1.0, n))
        for off in (0.0, spread.low - spread.value, spread.high - spread.value)
    )
    estimate = Estimate(value, low, high, confidence, "jackknife of the entropy, t over images")
    return Measured(estimate, value * (1.0 + pseudo - spread.value))


def _pseudo_values(shares: Floats, scores: Floats, n: int) -> Floats:
    """(b,) n H - (n - 1) H_i of some of n images, with H_i the entropy without image i.

    Without x the matrix is (Σ - x xᵀ / n) n / (n - 1), and with R = (Σ + s)⁻¹

        tr B log B - tr Σ log Σ = ∫₀^∞ s xᵀR²x / (n - xᵀRx) - 1 / (n (1 + s)) ds,  B = Σ - x xᵀ / n,

    by the integral of the logarithm (Higham, 2008, section 11.1) and Sherman and Morrison's
    inverse. Over log s the integrand is analytic up to ±iπ, so that the trapezoidal rule is exact
    to rounding (Trefethen, Weideman, 2014).

    Args:
        shares: (r,) positive eigenvalues of Σ, which sum to 1.
        scores: (b, r) squared coordinates of those images along its eigenvectors.
    """
    s = np.exp(np.arange(*_LOG_NODES, _LOG_STEP))
    once = scores @ (1.0 / (shares[:, None] + s))
    twice = scores @ (1.0 / (shares[:, None] + s) ** 2)
    integrand = s * twice / (n - once) - 1.0 / (n * (1.0 + s))
    change = _LOG_STEP * (integrand @ s)
    left, trace = 1.0 - 1.0 / n, float(shares @ np.log(shares))
    without = np.log(left) - (trace + change) / left
    pseudo: Floats = -n * trace - (n - 1) * without
    return pseudo


def _spectrum(features: Features) -> tuple[Floats, Iterator[Floats]]:
    """The positive eigenvalues (r,) of the mean of x xᵀ over unit rows x, and the squares of all
    rows' coordinates along their eigenvectors, (b, r) at a time."""
    # numbers that are nought in every image, as dead channels are, share in nothing
    features = features[:, features.any(axis=0)]
    n, d = features.shape
    if n <= d:
        rows = unit_rows(features)
        values, vectors = np.linalg.eigh(rows @ rows.T / n)
        shares, vectors = _positive(values, vectors)
        return shares, iter([n * vectors**2 * shares])
    total = np.zeros((d, d))
    for block in row_blocks(n):
        rows = unit_rows(features[block])
        total += rows.T @ rows
    values, vectors = np.linalg.eigh(total / n)
    shares, vectors = _positive(values, vectors)
    return shares, ((unit_rows(features[block]) @ vectors) ** 2 for block in row_blocks(n))


def _positive(values: Floats, vectors: Floats) -> tuple[Floats, Floats]:
    kept = values > _NOUGHT * values.max()
    return values[kept], vectors[:, kept]
