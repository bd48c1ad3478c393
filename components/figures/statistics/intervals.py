"""Intervals: what a figure would be if the images were drawn again.

Three kinds, each for one kind of figure: a delete-group jackknife for a statistic of two sets
of images, Student's t for a mean over images, Wilson's for a share of images.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from components.errors import AlphabarError

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

GROUPS = 20
"""Groups a set is split into: enough for a steady variance, few enough to be quick."""

MINIMUM_IMAGES = 10
"""Fewer images than this give no interval worth the name."""

_GROUP_SEED = 0  # fixed: the same images must give the same interval


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        value: the estimate.
        low, high: the ends of the interval.
        confidence: its level, such as 0.95.
        method: how the interval was made.
    """

    value: float
    low: float
    high: float
    confidence: float
    method: str


@dataclass(frozen=True)
class Replicates:
    """A statistic's values as one set's groups are left out in turn.

    Attributes:
        values: (groups,) the statistic without each group.
        sizes: (groups,) images in each group.
    """

    values: Floats
    sizes: NDArray[np.int64]

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the variance."""
        return len(self.values) - 1


def split_groups(n: int, groups: int = GROUPS) -> list[Rows]:
    """Split rows 0 … n-1 at random, but always alike, into groups that differ by at most one.

    At random, since stored images may be sorted or cycle through their classes, and a group of
    one class would make the interval far too wide.

    Raises:
        AlphabarError: n is below `MINIMUM_IMAGES`.
    """
    if n < MINIMUM_IMAGES:
        raise AlphabarError(
            f"{n} images are too few for an interval", f"give at least {MINIMUM_IMAGES}"
        )
    order = np.random.default_rng(_GROUP_SEED).permutation(n)
    return [np.sort(rows) for rows in np.array_split(order, min(groups, n))]


def group_sizes(groups: Sequence[Rows]) -> NDArray[np.int64]:
    """(groups,) rows in each."""
    return np.array([len(rows) for rows in groups], np.int64)


def jackknife_variance(value: float, replicates: Replicates) -> float:
    """Variance of a statistic from its delete-group replicates, for groups of unequal size.

    With h = n / m for a group of m, the pseudo-values h θ - (h - 1) θ_(g) scatter about their
    weighted mean (Busing, Meijer and van der Leeden, 1999, equation 8). A bias of order 1/n
    drops out of it.
    """
    h = replicates.sizes.sum() / replicates.sizes
    pseudo = h * value - (h - 1) * replicates.values
    centre = len(h) * value - np.sum((1 - 1 / h) * replicates.values)
    return float(np.mean((pseudo - centre) ** 2 / (h - 1)))


def pseudo_values(value: float, replicates: Replicates) -> Floats:
    """(groups,) pseudo-values v with var(v, ddof=1) / groups equal to `jackknife_variance`.

    Where groups are equal they are h θ - (h - 1) θ_(g) themselves. Else those are scaled about
    their mean as `jackknife_variance` weighs them.
    """
    h = replicates.sizes.sum() / replicates.sizes
    pseudo = h * value - (h - 1) * replicates.values
    centre = float(np.sum(pseudo / h))
    apart = (pseudo - centre) * ((len(h) - 1) / (h - 1)) ** 0.5
    wanted, apart = float(np.sum(apart**2)), apart - apart.mean()
    left = float(np.sum(apart**2))
    values: Floats = centre + apart * ((wanted / left) ** 0.5 if left > 0.0 else 1.0)
    return values


def two_set_interval(
    value: float, first: Replicates, second: Replicates, confidence: float, floor: float = -np.inf
) -> Estimate:
    """The interval of a statistic of two independent sets of images.

    The variances that the two sets bring are added; the quantile is Student's t with Welch's
    and Satterthwaite's degrees of freedom (Welch, 1947).

    It states how far the figure would move if both sets were drawn again *at the same sizes*:
    it is about the figure's expected value at that n. It does not contain the bias that a
    Fréchet distance has at small n, so figures are comparable only at equal n.

    It errs on the wide side: in simulations 95 to 100 of 100 intervals at 0.95 held the expected
    distance. They were 1.1 to 1.25 times as wide as needed between sets that differ, and 1.3 to
    1.8 times between sets from one source, where the statistic's first order vanishes
    (tests/reference/test_interval_coverage.py).

    Args:
        floor: the smallest value that the statistic can have; the interval stops there.
    """
    parts = [jackknife_variance(value, each) for each in (first, second)]
    variance = sum(parts)
    if variance == 0.0:
        half = 0.0
    else:
        shares = parts[0] ** 2 / first.freedom + parts[1] ** 2 / second.freedom
        half = _t_quantile(confidence, variance**2 / shares) * variance**0.5
    method = f"delete-group jackknife over both sets ({GROUPS} groups), t"
    return Estimate(value, max(value - half, floor), value + half, confidence, method)


def mean_interval(values: NDArray[np.floating], confidence: float) -> Estimate:
    """Mean of independent values with Student's t interval (Student, 1908).

    Raises:
        AlphabarError: there are fewer than two values.
    """
    n = len(values)
    if n < 2:
        raise AlphabarError(f"{n} images are too few for a mean's interval", "give at least 2")
    mean = float(np.mean(values, dtype=np.float64))
    error = float(np.std(values, ddof=1, dtype=np.float64)) / n**0.5
    half = _t_quantile(confidence, n - 1) * error
    return Estimate(mean, mean - half, mean + half, confidence, "t over images")


def normal_interval(
    value: float, variance: float, confidence: float, method: str, floor: float = -np.inf
) -> Estimate:
    """Normal interval about a value of known variance.

    Args:
        floor: the smallest value that the figure can have; the interval stops there.
    """
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * variance**0.5
    return Estimate(value, max(value - half, floor), value + half, confidence, method)


def share_interval(successes: int, n: int, confidence: float) -> Estimate:
    """Share of n with the score interval (Wilson, 1927), which stays inside [0, 1].

    Raises:
        AlphabarError: n is 0.
    """
    if n < 1:
        raise AlphabarError("a share of no images has no value", "give at least one image")
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    share = successes / n
    scale = 1 + z**2 / n
    centre = (share + z**2 / (2 * n)) / scale
    half = z / scale * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    # at a share of 0 or 1 rounding would put the end a hair inside of the value
    low, high = min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share)
    return Estimate(share, low, high, confidence, "Wilson score")


def _t_quantile(confidence: float, freedom: float) -> float:
    return float(stats.t.ppf(0.5 + confidence / 2, freedom))
