"""The kernel distance between two sets of features: KID's statistic on any extractor.

Everything comes from sums of the kernel over pairs of groups of images, which are taken block
by block: the distance over the whole sets, and the distance without any one group.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.evaluation.features import Features, check_comparable
from components.evaluation.intervals import (
    MINIMUM_IMAGES,
    Estimate,
    Floats,
    Replicates,
    group_sizes,
    split_groups,
    two_set_interval,
)

Counts = NDArray[np.int64]

_ROWS_A_BLOCK = 2048


def polynomial_kernel(x: Floats, y: Floats) -> Floats:
    """k(x, y) = (x·y / d + 1)³ (Bińkowski et al., 2018, section 4); (n, d), (m, d) → (n, m)."""
    base = x @ y.T / x.shape[1] + 1.0
    kernel: Floats = base * base * base
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
    return _group_sums(generated, reference, groups=1).distance()


def kernel_estimate(generated: Features, reference: Features, confidence: float) -> Estimate:
    """The distance with a delete-group jackknife interval over both sets.

    Raises:
        AlphabarError: a set has fewer than `MINIMUM_IMAGES` images.
    """
    check_comparable(generated, reference, MINIMUM_IMAGES)
    sums = _group_sums(generated, reference)
    first, second = sums.replicates()
    return two_set_interval(sums.distance(), first, second, confidence)


@dataclass(frozen=True)
class _GroupSums:
    """Sums of the kernel over pairs of groups.

    Attributes:
        n, m: sizes of the groups of the first and the second set.
        xx, yy: (groups, groups) sums within a set, without a row's pair with itself.
        xy: (groups, groups) sums between the sets.
    """

    n: Counts
    m: Counts
    xx: Floats
    yy: Floats
    xy: Floats

    def distance(self) -> float:
        return float(self._distance(self.xx.sum(), self.yy.sum(), self.xy.sum(), self.n, self.m))

    def replicates(self) -> tuple[Replicates, Replicates]:
        """The distance as each group of the first set, and of the second, is left out."""
        n, m = len(self.n), len(self.m)
        first, second = np.empty(n), np.empty(m)
        for g in range(n):
            k = np.arange(n) != g
            xx, xy = self.xx[np.ix_(k, k)].sum(), self.xy[k].sum()
            first[g] = self._distance(xx, self.yy.sum(), xy, self.n[k], self.m)
        for g in range(m):
            k = np.arange(m) != g
            yy, xy = self.yy[np.ix_(k, k)].sum(), self.xy[:, k].sum()
            second[g] = self._distance(self.xx.sum(), yy, xy, self.n, self.m[k])
        return Replicates(first, self.n), Replicates(second, self.m)

    @staticmethod
    def _distance(xx: float, yy: float, xy: float, n_sizes: Counts, m_sizes: Counts) -> float:
        n, m = int(n_sizes.sum()), int(m_sizes.sum())
        return xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * xy / (n * m)


def _group_sums(first: Features, second: Features, groups: int | None = None) -> _GroupSums:
    """The sums over the jackknife's groups, or over each set as one group."""
    x, n = _by_group(first, groups)
    y, m = _by_group(second, groups)
    return _GroupSums(
        n, m, _block_sums(x, n, x, n), _block_sums(y, m, y, m), _block_sums(x, n, y, m)
    )


def _by_group(features: Features, groups: int | None) -> tuple[Floats, Counts]:
    """Rows in the order of their groups, in float64, and the groups' sizes."""
    if groups == 1:
        return features.astype(np.float64), np.array([len(features)])
    split = split_groups(len(features))
    return features[np.concatenate(split)].astype(np.float64), group_sizes(split)


def _block_sums(x: Floats, n: Counts, y: Floats, m: Counts) -> Floats:
    """Kernel sums over each pair of groups; a row's pair with itself is left out when y is x."""
    x_starts, y_starts = np.cumsum(n) - n, np.cumsum(m) - m
    rows = np.empty((len(x), len(m)))
    for start in range(0, len(x), _ROWS_A_BLOCK):
        block = polynomial_kernel(x[start : start + _ROWS_A_BLOCK], y)
        if y is x:
            np.fill_diagonal(block[:, start:], 0.0)
        rows[start : start + _ROWS_A_BLOCK] = np.add.reduceat(block, y_starts, axis=1)
    sums: Floats = np.add.reduceat(rows, x_starts, axis=0)
    return sums
