"""CMMD: the maximum mean discrepancy of CLIP embeddings, with a Gaussian kernel."""

import numpy as np

from components.evaluation.features.comparable import Features, check_comparable
from components.evaluation.metrics.distances import unit_rows
from components.evaluation.metrics.kernel_sums import kernel_sums
from components.figures.statistics.intervals import (
    MINIMUM_IMAGES,
    Floats,
    Replicates,
    pseudo_values,
    split_groups,
    two_set_interval,
)
from components.figures.statistics.measured import Measured

SIGMA, SCALE = 10.0, 1000.0
"""The kernel's width and the factor of Jayasumana et al., 2024, section 4."""


def cmmd_estimate(generated: Features, reference: Features, confidence: float) -> Measured:
    """1,000 times the unbiased squared discrepancy (Jayasumana et al., 2024, section 4).

    k(x, y) = exp(-|x - y|² / (2 · 10²)) on embeddings of length 1. Unbiased, so its expectation
    does not depend on n and it may be negative. The authors' published program takes the biased
    one, which is higher by 1,000 times the mean of 1 - k within each set over its n: by some 2.5
    / n for each set whose mean cosine is 0.5.

    The interval is a delete-group jackknife's over both sets.

    Args:
        generated, reference: (n, d) image embeddings of any length.

    Raises:
        AlphabarError: a set has fewer than `MINIMUM_IMAGES` images, the dimensions differ, or an
            embedding is nought.
    """
    check_comparable(generated, reference, MINIMUM_IMAGES)
    groups = split_groups(len(generated)), split_groups(len(reference))
    sums = kernel_sums(generated, reference, groups, _less_one)
    value = SCALE * sums.distance()
    first, second = (Replicates(SCALE * each.values, each.sizes) for each in sums.replicates())
    return Measured(
        two_set_interval(value, first, second, confidence),
        pseudo_values(value, first),
        pseudo_values(value, second),
    )


def _less_one(x: Features, y: Features) -> Floats:
    """k - 1 of all pairs: (n, d), (m, d) → (n, m).

    On unit rows |x - y|² is 2 - 2 x·y. The ones would cancel in the discrepancy, and with them
    most digits.
    """
    cosines = unit_rows(x) @ unit_rows(y).T
    cosines -= 1.0
    cosines /= SIGMA**2
    less_one: Floats = np.expm1(cosines)
    return less_one
