"""The kernel distance between two sets of features: KID's statistic on any extractor.

Everything comes from sums of the kernel over pairs of parts of the sets, taken tile by tile: the
distance over the whole sets, the distance without any one of the jackknife's groups, and
clean-fid's mean over subsets. One pass over the pairs gives them all.
"""

from dataclasses import dataclass

import numpy as np

from components.evaluation.features.comparable import Features, check_comparable
from components.evaluation.metrics.kernel_sums import KernelSums, kernel_sums
from components.figures.statistics.intervals import (
    MINIMUM_IMAGES,
    Estimate,
    Floats,
    Rows,
    pseudo_values,
    split_groups,
    two_set_interval,
)
from components.figures.statistics.measured import Measured

SUBSETS, SUBSET_SIZE = 100, 1000
"""clean-fid's defaults, and those of Bińkowski et al., 2018."""


@dataclass(frozen=True)
class SubsetDistance:
    """The mean distance over random subsets.

    Attributes:
        measured: the figure; its interval is about the expected distance.
        subsets: how many were drawn.
        size: images of either set in each.
    """

    measured: Measured
    subsets: int
    size: int


@dataclass(frozen=True)
class KernelDistances:
    """The distance over all pairs, and its mean over random subsets."""

    whole: Measured
    over_subsets: SubsetDistance


def polynomial_kernel(x: Features, y: Features) -> Floats:
    """k(x, y) = (x·y / d + 1)³ (Bińkowski et al., 2018, section 4); (n, d), (m, d) → (n, m).

    All of it in float64, whatever the features are. Where they share a large part, as
    Inception's do, products in float32 round alike in many pairs: at 2,000 images a distance of
    1e-5 would be off in its third digit.
    """
    base: Floats = x.astype(np.float64) @ y.astype(np.float64).T
    base /= x.shape[1]
    base += 1.0
    kernel: Floats = base * base
    kernel *= base
    return kernel


def kernel_distance(generated: Features, reference: Features) -> float:
    """The unbiased squared maximum mean discrepancy over all pairs, in float64.

    Gretton et al., 2012, equation 3, with `polynomial_kernel`. Unbiased, so it may be negative,
    and its expectation does not depend on n. Not multiplied by 1,000.

    Args:
        generated: (n1, d) with n1 at least 2.
        reference: (n2, d) with n2 at least 2.

    Raises:
        AlphabarError: a set is too small, or the dimensions differ.
    """
    check_comparable(generated, reference, 2)
    every = ([np.arange(len(generated))], [np.arange(len(reference))])
    return kernel_sums(generated, reference, every, polynomial_kernel).distance()


def kernel_estimate(generated: Features, reference: Features, confidence: float) -> Measured:
    """The distance with a delete-group jackknife interval over both sets.

    Raises:
        AlphabarError: a set has fewer than `MINIMUM_IMAGES` images, or the dimensions differ.
    """
    check_comparable(generated, reference, MINIMUM_IMAGES)
    groups = split_groups(len(generated)), split_groups(len(reference))
    return _whole(kernel_sums(generated, reference, groups, polynomial_kernel), confidence)


def kernel_distances(
    generated: Features,
    reference: Features,
    confidence: float,
    seed: int,
    subsets: int = SUBSETS,
    size: int = SUBSET_SIZE,
) -> KernelDistances:
    """The distance over all pairs, and over the subsets of ``cleanfid.fid.kernel_distance``.

    After ``numpy.random.seed(seed)`` clean-fid draws the same subsets for (generated, reference).
    Given the images, subsets are independent and their distances are the whole sets' on average,
    so the mean's variance is the whole distance's (the jackknife's) plus the subsets' over their
    number. Student's t over the subsets alone would hold too seldom, since they share images.

    Args:
        seed: draws the subsets.
        subsets: how many; at least 2.
        size: images of either set in each, and as many as the smaller set has at most.

    Raises:
        AlphabarError: a set has fewer than `MINIMUM_IMAGES` images, or the dimensions differ.
    """
    check_comparable(generated, reference, MINIMUM_IMAGES)
    n, m = len(generated), len(reference)
    size = min(n, m, size)
    drawn = _drawn(n, m, seed, subsets, size)
    groups = split_groups(n), split_groups(m)
    sums = kernel_sums(generated, reference, groups, polynomial_kernel, drawn)
    whole = _whole(sums, confidence)
    mean = _mean_of_subsets(whole, sums.of_subsets())
    return KernelDistances(whole, SubsetDistance(mean, subsets, size))


def _whole(sums: KernelSums, confidence: float) -> Measured:
    value, sets = sums.distance(), sums.replicates()
    estimate = two_set_interval(value, *sets, confidence)
    return Measured(estimate, *(pseudo_values(value, each) for each in sets))


def _mean_of_subsets(whole: Measured, distances: Floats) -> Measured:
    """The mean, with the whole distance's interval and pseudo-values stretched about it."""
    value, centre = float(distances.mean()), whole.estimate.value
    sets = [each for each in (whole.generated, whole.reference) if each is not None]
    variance = sum(float(np.var(each, ddof=1)) / len(each) for each in sets)
    more = float(np.var(distances, ddof=1)) / len(distances)
    stretch = (1.0 + more / variance) ** 0.5 if variance > 0.0 else 1.0
    low, high = (
        value + stretch * (end - centre) for end in (whole.estimate.low, whole.estimate.high)
    )
    method = f"{whole.estimate.method}, and the scatter of the subsets"
    estimate = Estimate(value, low, high, whole.estimate.confidence, method)
    return Measured(estimate, *(value + stretch * (each - each.mean()) for each in sets))


def _drawn(n: int, m: int, seed: int, subsets: int, size: int) -> tuple[list[Rows], list[Rows]]:
    """Rows of the subsets in the order in which clean-fid draws them: the second set first."""
    generator = np.random.RandomState(seed)
    of_x, of_y = [], []
    for _ in range(subsets):
        of_y.append(generator.choice(m, size, replace=False))
        of_x.append(generator.choice(n, size, replace=False))
    return of_x, of_y
