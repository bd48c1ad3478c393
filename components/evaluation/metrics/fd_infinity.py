"""The Fréchet distance extrapolated to infinitely many images, free of the bias at small n.

Chong and Forsyth (2020, section 3) saw that the expected distance is a straight line in 1/n and
fit one to distances at smaller n. Here the smaller sets leave out one of G random groups of
each set in turn, so that with T the distance and T_(-g) those without a group the line meets
1/n = 0 at

    G T - (G - 1) mean T_(-g),

which is the jackknife's correction of bias (Quenouille, 1956). As every image is left out
equally often, the first order of the noise is not magnified.

Both sets shrink together, so the line is that of (1/n, 1/m), and the target is the distance
between the two *sources* of images. The line holds as long as no subset has fewer images than
numbers (it bends below, and no extrapolation is then known to be right), which decides G: 2
where n ≥ 2 (d + 1), up to 5 where n ≥ 1.25 (d + 1).
"""

import math

import numpy as np

from components.errors import AlphabarError
from components.evaluation.features.comparable import Features, check_comparable
from components.evaluation.metrics.frechet import (
    FrechetParts,
    Reference,
    frechet_of_moments,
    frechet_parts,
    prepare,
)
from components.evaluation.metrics.moments import Moments, merge_moments, moments_of
from components.figures.statistics.intervals import MINIMUM_IMAGES, Floats, normal_interval
from components.figures.statistics.measured import Measured

MOST_GROUPS = 5

TOLERANCE = 1e-5
"""Relative error of the subsets' distances, far below what any interval can show."""


def extrapolation_groups(n: int, d: int) -> int | None:
    """Groups to leave out in turn for sets of n features of d numbers; None where n is too small.

    Args:
        n: size of the smaller set.
        d: numbers in a feature.
    """
    for groups in range(2, MOST_GROUPS + 1):
        if n - math.ceil(n / groups) > d:
            return groups
    return None


def fd_infinity(
    generated: Features,
    reference: Reference,
    confidence: float,
    seed: int = 0,
    parts: FrechetParts | None = None,
    lesser: Floats | None = None,
) -> Measured:
    """The extrapolated distance, with an interval about the two sources' own distance.

    It is almost unbiased, so it may be negative between sources that are alike, and the interval
    is not cut at nought. The variance is that of the distance, and 1 / (G - 1) of its part of
    pairs of images on top: a pair counts G / (G - 1) times, and not at all within a group. The
    interval's coverage of the true distance is checked in tests/reference/test_fd_coverage.py.

    Args:
        generated: (n1, d).
        reference: (n2, d), or a reference made before.
        seed: of the random groups.
        parts: of the same two sets, to save the work.
        lesser: their `subset_distances`, to save that.

    Returns:
        A figure with one pseudo-value for each image, in the images' order.

    Raises:
        AlphabarError: the smaller set has fewer than about 1.25 d images, or fewer than
            `MINIMUM_IMAGES`, or the dimensions differ.
    """
    prepared = prepare(generated, reference, MINIMUM_IMAGES)
    if lesser is None:
        lesser = subset_distances(generated, prepared.features, seed)
    parts = parts or frechet_parts(generated, prepared, confidence)
    whole, groups = parts.measured, len(lesser)
    value = groups * whole.estimate.value - (groups - 1) * float(lesser.mean())
    return _at(value, whole, parts.pairs / (groups - 1), groups)


def _at(value: float, whole: Measured, added: float, groups: int) -> Measured:
    """The whole sets' figure, moved to ``value`` and widened by a variance."""
    assert whole.generated is not None
    assert whole.reference is not None
    known = sum(float(x.var(ddof=1)) / len(x) for x in (whole.generated, whole.reference))
    widened = (1 + added / known) ** 0.5 if known else 1.0
    method = f"line in 1/n through the whole and {groups} subsets; influence of each image, normal"
    estimate = normal_interval(value, known + added, whole.estimate.confidence, method)
    centre = whole.estimate.value
    return Measured(
        estimate,
        value + widened * (whole.generated - centre),
        value + widened * (whole.reference - centre),
    )


def subset_distances(generated: Features, reference: Features, seed: int) -> Floats:
    """(groups,) the distance as each random group of both sets is left out.

    Raises:
        AlphabarError: as `fd_infinity` does.
    """
    check_comparable(generated, reference, MINIMUM_IMAGES)
    smaller, d = min(len(generated), len(reference)), generated.shape[1]
    groups = extrapolation_groups(smaller, d)
    if groups is None:
        raise AlphabarError(
            f"{smaller} images are too few to extrapolate the Fréchet distance of {d} numbers",
            f"give at least {math.ceil((d + 1) * MOST_GROUPS / (MOST_GROUPS - 1))} in both sets,"
            " or leave fd_infinity out",
        )
    generator = np.random.default_rng(seed)
    sets = [_group_moments(x, groups, generator) for x in (generated, reference)]
    lesser = []
    for g in range(groups):
        one, other = (merge_moments(x[:g] + x[g + 1 :]) for x in sets)
        lesser.append(frechet_of_moments(one, other, TOLERANCE))
    return np.array(lesser)


def _group_moments(x: Features, groups: int, generator: np.random.Generator) -> list[Moments]:
    order = generator.permutation(len(x))
    return [moments_of(x, np.sort(rows)) for rows in np.array_split(order, groups)]
