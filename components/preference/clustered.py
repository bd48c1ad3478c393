"""A rate over answers that several people gave about several pairs, with an interval.

Answers of one person lean the same way, and so do answers about one pair: n of them are worth
less than n. The variance is clustered by both (Cameron, Gelbach, Miller, 2011, equation 2.13),

    V = V_people + V_pairs - V_both,   V_c = G / (G - 1) Σ_g (Σ_{i in g} (y_i - r))² / n²,

with Student's t of min(people, pairs) - 1 degrees of freedom. It is about other people *and* other
pairs; with one of either there is none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats


@dataclass(frozen=True)
class ClusteredRate:
    """A rate and what it may be.

    Attributes:
        rate: the share of answers that are 1.
        low, high: its interval, within [0, 1].
        p_value: two-sided, of a rate of one half, by the same variance.
        variance: of the rate.
    """

    rate: float
    low: float
    high: float
    p_value: float
    variance: float


def clustered_rate(
    answers: NDArray[np.float64], asked: NDArray[np.bool_], confidence: float
) -> ClusteredRate:
    """The rate of ``answers`` with the interval that both clusterings leave.

    Where nearly everybody agrees, too few answers differ to measure a variance. So each clustering
    counts one cluster more, undecided, of the others' mean size: it adds (r - ½)² / G² to the sum.
    V is never below that of one clustering alone, nor below r (1 - r) / n.

    Args:
        answers: (people, pairs) of 0 and 1.
        asked: (people, pairs) which of them were given; every row and column has one.
        confidence: of the interval.

    Raises:
        ValueError: there are fewer than two people or pairs.
    """
    people, pairs = answers.shape
    if people < 2 or pairs < 2:
        raise ValueError(f"{people} people and {pairs} pairs have no clustered variance")
    n = int(asked.sum())
    rate = float(answers[asked].sum()) / n
    apart = np.where(asked, answers - rate, 0.0) / n
    by = [_clustered(apart.sum(axis=axis), rate - 0.5) for axis in (0, 1)]
    variance = max(sum(by) - float((apart**2).sum()), *by, rate * (1 - rate) / n)
    freedom, error = min(people, pairs) - 1, variance**0.5
    half = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * error
    p_value = 2 * float(stats.t.sf(abs(rate - 0.5) / error, freedom))
    return ClusteredRate(rate, max(rate - half, 0.0), min(rate + half, 1.0), p_value, variance)


def _clustered(sums: NDArray[np.float64], lean: float) -> float:
    """The variance by one clustering, from its clusters' sums and the rate's distance to ½."""
    clusters = len(sums)
    return (float((sums**2).sum()) + (lean / clusters) ** 2) * clusters / (clusters - 1)
