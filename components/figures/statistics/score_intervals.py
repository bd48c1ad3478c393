"""Intervals for shares and mean counts that depend on two sets of images.

A share in [0, 1] or a mean count near its end has a skewed distribution, and at the end itself a
jackknife sees no spread at all. A score interval asks which true values would make the figure
plausible, with the variance that each of them implies; the jackknife tells by how much the
figure scatters more than independent images would. The same is done for shares from complex
surveys (Kott and Carr, 1997; Dean and Pagano, 2015).

How often they hold the expected figure: tests/reference/test_overlap_intervals.py.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from components.figures.statistics.intervals import (
    GROUPS,
    Estimate,
    Floats,
    Replicates,
    jackknife_variance,
    share_interval,
)

_FEW = (25.0, 50.0)
"""Images that a share is worth: below the first nothing is taken off, from the second all."""

_METHOD = f"delete-group jackknife over both sets ({GROUPS} groups) less their double count, t"


@dataclass(frozen=True)
class Jackknifed:
    """A figure of two independent sets of images, and what it is without parts of them.

    Attributes:
        value: the figure.
        generated, reference: the figure as each group of that set is left out.
        both: (generated groups, reference groups) the figure without one group of each.
    """

    value: float
    generated: Replicates
    reference: Replicates
    both: Floats

    def parts(self) -> list[float]:
        """The variances that the generated set and the reference bring."""
        return [jackknife_variance(self.value, each) for each in (self.generated, self.reference)]

    def variance(self) -> tuple[float, float]:
        """The variance that both sets bring, and the degrees of freedom (Welch, 1947)."""
        sets, parts = (self.generated, self.reference), self.parts()
        if sum(parts) == 0.0:
            return 0.0, float(np.inf)
        crossed = float(np.sum(self.crossed() ** 2))
        shares = sum(part**2 / each.freedom for part, each in zip(parts, sets, strict=True))
        variance = less_the_double_count(parts[0], parts[1], crossed)
        return variance, sum(parts) ** 2 / shares

    def crossed(self) -> Floats:
        """What groups of the two sets do together, whose squares' sum both jackknives contain.

        (generated groups * reference groups,): how much more leaving out both changes the figure
        than leaving out each, in the jackknife's weights.
        """
        first, second = self.generated, self.reference
        apart = self.both - first.values[:, None] - second.values + self.value
        apart = apart - apart.mean(axis=0) - apart.mean(axis=1, keepdims=True) + apart.mean()
        weighted: Floats = np.sqrt(_weights(first))[:, None] * apart * np.sqrt(_weights(second))
        return weighted.ravel()


def less_the_double_count(generated: float, reference: float, crossed: float) -> float:
    """The variance of a figure of two sets, from what the jackknife over each says.

    By Efron and Stein (1981) a figure is a sum of uncorrelated parts: of images of one set, of the
    other, and of images of both, such as a generated image with the reference images that make the
    ball it lies in. Each of the two jackknives contains that last part, and ``crossed`` is it once
    more. A figure that is a mean over the images of one set has the exact share of that set, so
    the variance is never below the smaller of the two.
    """
    return max(generated + reference - crossed, min(generated, reference))


def share_of_two_sets(figure: Jackknifed, n: int, confidence: float) -> Estimate:
    """The interval of a share of n images, never narrower than n independent ones would give.

    Below one half it is Wilson's, at the number of images that the jackknife says the share is
    worth (value (1 - value) / variance, and n at most): there few balls hold what is found, and
    the share's distribution is as skewed as that interval. What counts twice is then taken off
    only as far as the share is worth enough (`_cautious`). From one half on it is the jackknife's
    t interval, widened to Wilson's over n images where that reaches further: near 1 the jackknife
    is up to twice too wide, and Wilson's would make that several times.

    Args:
        figure: the share.
        n: images of which it is the share, of either set.
    """
    value, (variance, freedom) = figure.value, figure.variance()
    plain = share_interval(round(value * n), n, confidence)
    if value in (0.0, 1.0) or variance == 0.0:
        return plain
    t = _t_quantile(confidence, freedom)
    if value >= 0.5:
        half = t * variance**0.5
        low, high = min(value - half, plain.low), max(min(value + half, 1.0), plain.high)
        return Estimate(value, max(low, 0.0), high, confidence, f"{_METHOD}; at least Wilson score")
    spread = value * (1.0 - value)
    worth = min(spread / _cautious(variance, sum(figure.parts()), spread), n)
    scale = 1.0 + t**2 / worth
    middle = (value + t**2 / (2.0 * worth)) / scale
    half = t / scale * (spread / worth + t**2 / (4.0 * worth**2)) ** 0.5
    return Estimate(value, middle - half, middle + half, confidence, f"Wilson score, {_METHOD}")


def count_of_two_sets(figure: Jackknifed, unit: float, confidence: float) -> Estimate:
    """The score interval of a mean count, whose variance grows in proportion to it.

    The ends are the means μ with (value - μ)² = t² c μ. The dispersion c is variance / value,
    and ``unit`` at least, which is a Poisson count's; so a count of 0 has an upper end too.

    Args:
        figure: the mean count, 0 or above.
        unit: what a single one counted adds to it.
    """
    value, (variance, freedom) = figure.value, figure.variance()
    dispersion = max(variance / value, unit) if value > 0.0 else unit
    t = _t_quantile(confidence, freedom)
    middle = value + t**2 * dispersion / 2.0
    half = max(middle**2 - value**2, 0.0) ** 0.5
    return Estimate(value, middle - half, middle + half, confidence, f"Poisson score, {_METHOD}")


def _cautious(once: float, twice: float, spread: float) -> float:
    """The variance of a share below one half, between what counts everything once and twice.

    A share that a few images hold together, as next to a far set, comes out small where they
    happen to be few, and its variance smaller still: taking anything off would then leave out the
    true share in up to 13 of 100 intervals (tests/reference/test_overlap_intervals.py).
    """
    few, many = _FEW
    certain = min(max((spread / twice - few) / (many - few), 0.0), 1.0)
    return twice + certain * (once - twice)


def _weights(replicates: Replicates) -> Floats:
    """(groups,) what the squared change by each group counts in the jackknife's variance."""
    shares: Floats = replicates.sizes.sum() / replicates.sizes - 1.0
    return shares / len(shares)


def _t_quantile(confidence: float, freedom: float) -> float:
    return float(stats.t.ppf(0.5 + confidence / 2, freedom))
