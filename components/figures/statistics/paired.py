"""Differences between cells: paired where they share seeds or the reference, and Holm's p-values.

Two samplers that start from the same seeds make images that belong together, so what the seeds
bring to both figures cancels in the difference. What the shared reference brings cancels too.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

import numpy as np
from scipy import stats

from components.errors import AlphabarError
from components.figures.statistics.intervals import Estimate, Floats
from components.figures.statistics.measured import Measured
from components.figures.statistics.score_intervals import less_the_double_count

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Difference:
    """One cell's figure less another's.

    Attributes:
        value: the difference.
        low, high: the ends of its interval.
        p_value: two-sided, of no difference; None where only the two intervals were compared.
        paired: whether the generated images were compared seed by seed.
    """

    value: float
    low: float
    high: float
    p_value: float | None
    paired: bool

    def negated(self) -> "Difference":
        """The other figure less this one."""
        return replace(self, value=-self.value, low=-self.high, high=-self.low)

    def apart(self, confidence: float) -> bool:
        """Whether the two figures differ beyond noise."""
        if self.p_value is None:
            return self.low > 0.0 or self.high < 0.0
        return self.p_value <= 1.0 - confidence


@dataclass(frozen=True)
class AgainstBest:
    """A cell beside the best one.

    Attributes:
        difference: the cell's figure less the best one's.
        adjusted: its p-value for the whole family of comparisons.
        within_noise: whether the best may be no better than this cell.
    """

    difference: Difference
    adjusted: float
    within_noise: bool


@dataclass(frozen=True)
class _Part:
    """A part of the difference's variance, with its degrees of freedom."""

    variance: float
    freedom: float


def difference(
    a: Measured,
    b: Measured,
    confidence: float,
    *,
    same_seeds: bool,
    same_reference: bool = True,
) -> Difference:
    """``a`` less ``b``, with Student's t interval and p-value.

    Each set (generated, reference) brings the variance of the differences of its pseudo-values
    where both cells have those of the same images or places in the order of seeds (Student,
    1908), and the sum of both cells' variances elsewhere. The degrees of freedom of the sum are
    Welch's and Satterthwaite's (Welch, 1947). What images of both sets bring together is taken off
    once, as it is counted with both (`score_intervals.less_the_double_count`). A figure without
    pseudo-values, or whose pseudo-values are all alike though its interval has a width (a share of
    0 or 1), brings the variance that its interval stands for, unpaired.

    The interval is about the difference of what both cells reach on average at these sizes.

    Args:
        same_seeds: whether image k of both was made from the same noise for the same prompt.
        same_reference: whether both were measured against the same images.

    Raises:
        AlphabarError: a figure is not finite.
    """
    value = a.estimate.value - b.estimate.value
    if not np.isfinite(value):
        raise AlphabarError(
            f"{a.estimate.value} and {b.estimate.value} have no difference",
            "look at why a figure is not finite before comparing it",
        )
    known = has_spread(a) and has_spread(b)
    paired = known and same_seeds and _fit(a.generated, b.generated)
    if not known:
        return _student(value, _together([_own_part(each) for each in (a, b)]), confidence, paired)
    sets = [
        _set_parts(a.generated, b.generated, paired),
        _set_parts(a.reference, b.reference, same_reference),
    ]
    whole = _once(sets, _crossed(a, b, paired and same_reference))
    return _student(value, whole, confidence, paired)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given (Holm, 1979).

    Rejecting those at or below α makes at least one false claim in at most α of families,
    however the tests depend on each other.

    Raises:
        AlphabarError: a p-value is outside [0, 1].
    """
    if any(not 0.0 <= p <= 1.0 for p in p_values):
        raise AlphabarError(
            f"{[p for p in p_values if not 0.0 <= p <= 1.0]} are no p-values",
            "give numbers from 0 to 1",
        )
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(p[order] * np.arange(len(p), 0, -1), 1.0)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(stepped)
    return [float(each) for each in adjusted]


def against_best(
    measured: Mapping[Key, Measured],
    lower: bool,
    confidence: float,
    *,
    same_seeds: bool | Callable[[Key, Key], bool],
    same_reference: bool = True,
    best: Key | None = None,
) -> dict[Key, AgainstBest]:
    """Each cell beside the one with the best value, or beside ``best``, in the order given.

    The best is chosen by the same figures that the tests use. Holm's correction over the tests
    against it alone would not cover that choice: of six equal cells it calls one worse than the
    best in 10 of 100 sweeps at 0.95 (tests/reference/test_paired_differences.py). So the family
    is all pairs of cells, whichever turns out best; then a false claim in the column is rarer
    than 1 - ``confidence`` (3 of 100 there).

    What it does not cover: the value of the best, which is flattered by having been chosen; the
    intervals of the differences, which are each for itself at ``confidence``; and other metrics
    or other sweeps, each of which is a family of its own.

    Args:
        measured: figures of one metric by cell.
        lower: whether a lower one is better; chooses the best where ``best`` does not.
        same_seeds: see `difference`; of all cells, or of two that are given.
        same_reference: see `difference`; of all cells.
        best: a cell that was chosen otherwise, such as by another metric; the family is the same.

    Raises:
        AlphabarError: there is no cell, ``best`` is none of them, or a figure is not finite.
    """
    if not measured:
        raise AlphabarError("no cells, so none is best", "give the figures of at least one cell")
    cells = list(measured)
    if best is None:
        best = (min if lower else max)(cells, key=lambda cell: measured[cell].estimate.value)
    if best not in measured:
        raise AlphabarError(f"{best} is none of the cells", "name the one to compare with")
    paired = same_seeds if callable(same_seeds) else lambda _, __: bool(same_seeds)
    found = {
        (a, b): difference(
            measured[a],
            measured[b],
            confidence,
            same_seeds=paired(a, b),
            same_reference=same_reference,
        )
        for a, b in combinations(cells, 2)
    }
    p_values = [each.p_value for each in found.values() if each.p_value is not None]
    adjusted = dict(zip(found, holm(p_values), strict=True))
    beside = {best: AgainstBest(_nothing(measured[best], paired(best, best)), 1.0, True)}
    for (a, b), each in found.items():
        if best in (a, b):
            cell, less_best = (a, each) if b == best else (b, each.negated())
            p = adjusted[a, b]
            beside[cell] = AgainstBest(less_best, p, p > 1.0 - confidence)
    return {cell: beside[cell] for cell in cells}


def _set_parts(a: Floats | None, b: Floats | None, paired: bool) -> list[_Part]:
    """What one of the sets brings: a part of the differences, or one for each cell."""
    if paired and a is not None and b is not None and len(a) == len(b):
        return [_spread(a - b)]
    return [_spread(each) for each in (a, b) if each is not None]


def _crossed(a: Measured, b: Measured, alike: bool) -> float:
    """The variance that both sets' parts contain; ``alike`` where both cells' sets are the same."""
    known = [each.crossed for each in (a, b) if each.crossed is not None]
    if len(known) == 2 and alike and len(known[0]) == len(known[1]):
        return float(np.sum((known[0] - known[1]) ** 2))
    return float(sum(np.sum(each**2) for each in known))


def _once(sets: Sequence[Sequence[_Part]], crossed: float) -> _Part:
    """The parts of both sets together, less what is counted with both."""
    whole = _together([part for parts in sets for part in parts])
    generated, reference = (sum(part.variance for part in parts) for parts in sets)
    return _Part(less_the_double_count(generated, reference, crossed), whole.freedom)


def _fit(a: Floats | None, b: Floats | None) -> bool:
    return a is not None and b is not None and len(a) == len(b)


def _spread(pseudo: Floats) -> _Part:
    return _Part(float(np.var(pseudo, ddof=1)) / len(pseudo), len(pseudo) - 1)


def has_spread(figure: Measured) -> bool:
    """Whether the pseudo-values tell how far the figure may be off."""
    sets = [each for each in (figure.generated, figure.reference) if each is not None]
    if not sets or min(len(each) for each in sets) < 2:
        return False
    certain = figure.estimate.low == figure.estimate.high
    return certain or any(np.ptp(each) > 0.0 for each in sets)


def _own_part(figure: Measured) -> _Part:
    """A figure's variance from its pseudo-values or, failing these, from its interval's width."""
    if has_spread(figure):
        generated = [] if figure.generated is None else [_spread(figure.generated)]
        reference = [] if figure.reference is None else [_spread(figure.reference)]
        return _once([generated, reference], _crossed(figure, Measured(figure.estimate), False))
    return _Part(_interval_variance(figure.estimate), np.inf)


def _interval_variance(estimate: Estimate) -> float:
    z = float(stats.norm.ppf(0.5 + estimate.confidence / 2))
    return ((estimate.high - estimate.low) / (2 * z)) ** 2


def _together(parts: Sequence[_Part]) -> _Part:
    """The sum of independent parts, with Welch's and Satterthwaite's degrees of freedom."""
    variance = sum(part.variance for part in parts)
    shares = sum(part.variance**2 / part.freedom for part in parts)
    return _Part(variance, variance**2 / shares if shares > 0.0 else np.inf)


def _student(value: float, whole: _Part, confidence: float, paired: bool) -> Difference:
    error = whole.variance**0.5
    if error == 0.0:
        return Difference(value, value, value, 1.0 if value == 0.0 else 0.0, paired)
    half = float(stats.t.ppf(0.5 + confidence / 2, whole.freedom)) * error
    p_value = float(2 * stats.t.sf(abs(value) / error, whole.freedom))
    return Difference(value, value - half, value + half, p_value, paired)


def _nothing(figure: Measured, same_seeds: bool) -> Difference:
    """A cell less itself."""
    return Difference(0.0, 0.0, 0.0, 1.0, same_seeds and figure.generated is not None)
