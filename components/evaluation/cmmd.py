"""CMMD: the maximum mean discrepancy of CLIP embeddings, with a Gaussian kernel."""

import numpy as np

from components.evaluation.distances import column_pieces, row_blocks, unit_rows
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

SIGMA, SCALE = 10.0, 1000.0
"""The kernel's width and the factor of Jayasumana et al., 2024, section 4."""


def cmmd_estimate(generated: Features, reference: Features, confidence: float) -> Estimate:
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
    x, y = split_groups(len(generated)), split_groups(len(reference))
    n, m = group_sizes(x).astype(np.float64), group_sizes(y).astype(np.float64)
    xx, yy = _sums(generated, x, generated, x), _sums(reference, y, reference, y)
    xy = _sums(generated, x, reference, y)
    within_x, within_y, between = float(xx.sum()), float(yy.sum()), float(xy.sum())
    every, all_of = float(n.sum()), float(m.sum())
    # leaving out group g takes away its row, its column, and adds what was taken twice
    without_x = within_x - 2 * xx.sum(axis=1) + np.diag(xx)
    without_y = within_y - 2 * yy.sum(axis=1) + np.diag(yy)
    return two_set_interval(
        float(_discrepancy(within_x, within_y, between, every, all_of)),
        Replicates(
            _discrepancy(without_x, within_y, between - xy.sum(axis=1), every - n, all_of),
            group_sizes(x),
        ),
        Replicates(
            _discrepancy(within_x, without_y, between - xy.sum(axis=0), every, all_of - m),
            group_sizes(y),
        ),
        confidence,
    )


def _discrepancy(
    xx: Floats | float, yy: Floats | float, xy: Floats | float, n: Floats | float, m: Floats | float
) -> Floats:
    value = xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)
    scaled: Floats = SCALE * np.asarray(value)
    return scaled


def _sums(x: Features, of_x: list[Rows], y: Features, of_y: list[Rows]) -> Floats:
    """Sums of k - 1 over each pair of groups, where a row's pair with itself brings 0.

    On unit rows |x - y|² is 2 - 2 x·y. The ones would cancel in the discrepancy, and with them
    most digits.
    """
    group_of = np.empty(len(x), np.intp)
    for group, rows in enumerate(of_x):
        group_of[rows] = group
    sums = np.zeros((len(of_x), len(of_y)))
    for block in row_blocks(len(x)):
        unit = unit_rows(x[block])
        for group, columns in column_pieces(of_y):
            cosines = unit @ unit_rows(y[columns]).T
            less_one = np.expm1((cosines - 1.0) / SIGMA**2).sum(axis=1)
            sums[:, group] += np.bincount(group_of[block], less_one, len(of_x))
    return sums
