"""The sampling variance of a Fréchet distance, from one eigendecomposition.

Write the distance as a smooth function T of the weights of all images. Its first derivative at
image x of the first set is Hampel's influence (Hampel, 1974)

    2 (μ1 - μ2)·(x - μ1) + |x - μ1|² - |u|²  (less its mean),

with u the image's scores (`components.evaluation.metrics.transport`); for y of the second set
-2 (μ1 - μ2)·(y - μ2) + |y - μ2|² - |v|². The sum over both sets of the influences' variance
over n is the infinitesimal jackknife (Jaeckel, 1972; Efron, 1982, chapter 6).

It is not enough. By Efron and Stein (1981) T is a sum of uncorrelated parts, of single images
(variance V1), of pairs of images (V2), and so on, and jackknives estimate V1 + 2 V2 + …: each
pair counts at both of its images. Between sets from one source V1 is nought, so that a
jackknife's interval is √2 too wide. So V2 is estimated on its own and taken off once. The part
of pairs is the second derivative, which in the common coordinates is

    |ū|² + |v̄|² - 2 x̄·ȳ + ½ Σ_kl (A - B)²_kl / (ℓ_k + ℓ_l),

for changes A, B of the two sets' second moments of scores (the Bures metric; Bhatia, Jain and
Lim, 2019, section 5), ū, v̄ of their mean scores and x̄, ȳ of their mean features: |x̄|² becomes
|ū|² as the covariance is taken about a mean that moves too. Images are put into groups at
random; the inner products between groups' changes have E[product²] = the pairs' variance once
centred, without the bias that centring brings by Székely and Rizzo's U-centring (2014,
equation 2.3).

Parts of three images and more stay counted too often, which errs on the wide side: by up to a
quarter of the width where n is close to d.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.evaluation.features.comparable import Features
from components.evaluation.metrics.transport import Scores, Transport
from components.figures.statistics.intervals import Floats, Rows, split_groups

_ROWS_A_BLOCK = 1024
_COLUMNS_A_TILE = 64

_SAMPLE = 4096
"""Images of a set that are looked at for its pairs' part, which scales with n exactly."""

_SAMPLE_SEED = 0  # fixed: the same images must give the same interval


@dataclass(frozen=True)
class SetInfluence:
    """What one set brings to the variance.

    Attributes:
        values: (n,) influence of each image, of mean nought.
        scores: (s, k) float32 scores of a random sample of the images.
        groups: rows of ``scores`` in each group.
        means: (groups, d) sum of each group's centred features over s.
        score_means: (groups, k) sum of each group's scores over s.
    """

    values: Floats
    scores: Features
    groups: Sequence[Rows]
    means: Floats
    score_means: Floats

    @property
    def variance(self) -> float:
        """The infinitesimal jackknife's."""
        return float(self.values.var(ddof=1)) / len(self.values)

    @property
    def share(self) -> float:
        """Sampled images over all of them."""
        return len(self.scores) / len(self.values)


@dataclass(frozen=True)
class Influences:
    """Both sets' parts.

    Attributes:
        first, second: each set's.
        common: (k,) variances of the scores.
    """

    first: SetInfluence
    second: SetInfluence
    common: Floats


def influences(first: Features, second: Features, between: Transport) -> Influences:
    """How each image of both sets (n1, d), (n2, d) moves their distance."""
    apart = between.first.mean - between.second.mean
    return Influences(
        _set_influence(first, between.first, apart),
        _set_influence(second, between.second, -apart),
        between.common,
    )


@dataclass(frozen=True)
class Variance:
    """A distance's sampling variance.

    Attributes:
        total: of the distance.
        pairs: the part of it that pairs of images bring.
        shrink: the factor by which the influences' own scatter must shrink to the total's.
    """

    total: float
    pairs: float
    shrink: float


def two_set_variance(found: Influences) -> Variance:
    """The infinitesimal jackknife's variance less that of the pairs.

    At least half of it is left: what is left when all variance is of pairs.
    """
    jackknife = found.first.variance + found.second.variance
    if jackknife == 0.0:
        return Variance(0.0, 0.0, 1.0)
    pairs = min(pair_variance(found), jackknife / 2)
    return Variance(jackknife - pairs, pairs, (1 - pairs / jackknife) ** 0.5)


def pair_variance(found: Influences) -> float:
    """Variance of the distance's part of pairs: within each set and between the two."""
    products = _products(found)
    groups = len(found.first.groups)
    share1, share2 = found.first.share, found.second.share
    within1 = _pairs_within(products[:groups, :groups]) * share1**2
    within2 = _pairs_within(products[groups:, groups:]) * share2**2
    return within1 + within2 + _pairs_between(products[:groups, groups:]) * share1 * share2


def _set_influence(x: Features, scores: Scores, apart: Floats) -> SetInfluence:
    n, d = x.shape
    sample = np.sort(np.random.default_rng(_SAMPLE_SEED).permutation(n)[:_SAMPLE])
    kept = np.empty((len(sample), _width(scores)), np.float32)
    values = np.empty(n)
    filled = 0
    for start in range(0, n, _ROWS_A_BLOCK):
        stop = min(start + _ROWS_A_BLOCK, n)
        centred = x[start:stop] - scores.mean
        if scores.map is not None:
            block = centred @ scores.map
        elif scores.values is not None:
            block = scores.values[start:stop]
        values[start:stop] = np.einsum("nd,nd->n", centred, centred) + 2 * centred @ apart
        values[start:stop] -= np.einsum("nk,nk->n", block, block)
        here = sample[(sample >= start) & (sample < stop)] - start
        kept[filled : filled + len(here)] = block[here]
        filled += len(here)
    groups = split_groups(len(sample))
    means = np.stack([(x[sample[g]] - scores.mean).sum(axis=0) for g in groups]) / len(sample)
    score_means = np.stack([kept[g].sum(axis=0, dtype=np.float64) for g in groups]) / len(sample)
    return SetInfluence(values - values.mean(), kept, groups, means, score_means)


def _products(found: Influences) -> Floats:
    """(2 groups, 2 groups) inner products of the groups' changes, both sets' stacked.

    The second set's have the other sign. Only the upper triangle of the scores' products is
    made, tile by tile, in float32: a variance needs few digits.
    """
    sets = (found.first, found.second)
    products = _mean_products(found.first, found.second)
    roots = found.common.astype(np.float32)
    scores = [
        (sign * each.scores[rows], each.scores[rows], len(each.scores))
        for sign, each in zip((1, -1), sets, strict=True)
        for rows in each.groups
    ]
    for start in range(0, len(roots), _COLUMNS_A_TILE):
        stop = min(start + _COLUMNS_A_TILE, len(roots))
        weights = _weights(roots, start, stop)
        tile = np.stack([weights * (a[:, start:stop].T @ b[:, start:]) / n for a, b, n in scores])
        flat = tile.reshape(len(tile), -1)
        half = len(found.first.groups)
        for part in (flat[:half], flat[half:]):
            part -= part.mean(axis=0)
        products += flat @ flat.T
    return products


def _mean_products(first: SetInfluence, second: SetInfluence) -> Floats:
    across = -2 * first.means @ second.means.T
    within1, within2 = (2 * x.score_means @ x.score_means.T for x in (first, second))
    return np.block([[within1, across], [across.T, within2]])


def _weights(roots: Features, start: int, stop: int) -> Features:
    """Square roots of 1 / (ℓ_k + ℓ_l), doubled off the diagonal, for a tile's upper triangle."""
    weights = 2 / (roots[start:stop, None] + roots[start:])
    square = weights[:, : stop - start]
    square[np.tril_indices(stop - start, -1)] = 0.0
    np.fill_diagonal(square, 1 / (2 * roots[start:stop]))
    return np.asarray(np.sqrt(weights))


def _pairs_within(products: Floats) -> float:
    """Σ over pairs of images of E[product²], from products between groups of one set."""
    n = len(products)
    off = products - np.diag(np.diag(products))
    rows = off.sum(axis=0) / (n - 2)
    off = off - rows - rows[:, None] + off.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(off, 0.0)
    # n² / 2 pairs of groups, with those within one group
    return float((off**2).sum() / (n * (n - 3)) * n**2 / 2)


def _pairs_between(products: Floats) -> float:
    """The same from products between groups of the first set and of the second."""
    off = products - products.mean(axis=0) - products.mean(axis=1)[:, None] + products.mean()
    freedom = (products.shape[0] - 1) * (products.shape[1] - 1)
    return float((off**2).sum() / freedom * products.size)


def _width(scores: Scores) -> int:
    table = scores.map if scores.map is not None else scores.values
    assert table is not None
    return int(table.shape[1])
