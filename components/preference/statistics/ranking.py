"""Models in the order of their worths, with what these may be among other people and prompts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy import special, stats

from components.preference.statistics.choices import Choices, Floats, Indices, Outcome
from components.preference.statistics.crossed import (
    Interval,
    crossed_variance,
    crossed_weights,
    percentile,
    student,
)
from components.preference.statistics.worths import (
    Fit,
    NoFiniteEstimateError,
    Table,
    fit,
    influences,
    log_likelihood,
    unbounded,
    with_pseudo,
)

STEADY = 1e-3
"""Pseudo-answers in each cell of a bootstrap's draw: a model that never wins there stays finite."""


@dataclass(frozen=True)
class Ranking:
    """Worths of k models.

    Attributes:
        worths: of the choices' models, summing to 1; crossed intervals on the log-odds scale, so
            that none leaves (0, 1).
        independent: the same worths with intervals from the observed information.
        bootstrap: the same with crossed bootstrap intervals; None where none was drawn.
        beats: (k, k) how often the row's model beats the column's where one of them is chosen.
        beats_low, beats_high: (k, k) crossed intervals of it (on the log-odds scale).
        nu: Davidson's ν, how willing people are to call a tie; None where ties are apart.
        nu_independent: the same from the observed information.
        log_likelihood: at these worths, without the multinomial coefficients and pseudo-answers.
        pseudo: pseudo-answers added to every outcome of every duel: above 0 the worths are drawn
            to each other, and are no maximum likelihood.
        answers, both_bad: answers counted, and those that found both bad, which are apart.
    """

    worths: tuple[Interval, ...]
    independent: tuple[Interval, ...]
    bootstrap: tuple[Interval, ...] | None
    beats: Floats
    beats_low: Floats
    beats_high: Floats
    nu: Interval | None
    nu_independent: Interval | None
    log_likelihood: float
    pseudo: float
    answers: int
    both_bad: int


def duels(models: int) -> list[tuple[int, int]]:
    """The pairs of models, in the order of a table's rows."""
    return list(combinations(range(models), 2))


def rank(
    choices: Choices,
    design: Floats,
    confidence: float,
    *,
    pseudo: float,
    draws: int,
    seed: int,
) -> Ranking:
    """The worths by the log-linear model ``design``, from answers that all fall into its outcomes.

    Args:
        choices: first answers about pairs of the study, those counted and those of both bad.
        design: (duels, outcomes, parameters) as in `worths.Table`; outcomes are the first model,
            the second, and where there is a third a tie.

    Raises:
        NoFiniteEstimateError: some worths would be nothing, and there are no pseudo-answers.
        ValueError: there are fewer than two people or prompts.
    """
    models = len(choices.models)
    bad = choices.outcome == Outcome.BOTH_BAD
    counted = choices.where(~bad if design.shape[1] == 3 else choices.is_decided)
    duel, outcome = _placed(counted, models)
    table = Table(design, _counts(duel, outcome, design.shape[:2]), models)
    if not pseudo:
        refuse_unbounded(table, choices.models)
    full = with_pseudo(table, pseudo)
    found = fit(full)
    moved = influences(full, found, duel, outcome)
    measure = _Measure(found, moved, counted, confidence)
    logs = special.log_softmax(found.theta[:models])
    both = [measure.of(*each) for each in _log_odds(logs, len(found.theta))]
    bootstrap = None
    if draws:
        drawn = _drawn(table, found, pseudo, (duel, outcome), counted, draws, seed)
        worths = np.exp(logs)
        bootstrap = tuple(
            percentile(float(w), drawn[:, m], confidence) for m, w in enumerate(worths)
        )
    beats, low, high = _beats(measure, models)
    nu: list[Interval | None] = [None, None]
    if design.shape[1] == 3:
        last = np.eye(len(found.theta))[-1]
        nu = [_through(np.exp, each) for each in measure.of(float(found.theta[-1]), last)]
    return Ranking(
        worths=tuple(_through(special.expit, crossed) for crossed, _ in both),
        independent=tuple(_through(special.expit, alone) for _, alone in both),
        bootstrap=bootstrap,
        beats=beats,
        beats_low=low,
        beats_high=high,
        nu=nu[0],
        nu_independent=nu[1],
        log_likelihood=log_likelihood(table, found.theta),
        pseudo=pseudo,
        answers=len(counted),
        both_bad=int(bad.sum()),
    )


@dataclass(frozen=True)
class _Measure:
    """What any smooth function of the parameters may be."""

    found: Fit
    moved: Floats
    counted: Choices
    confidence: float

    def of(self, value: float, gradient: Floats) -> tuple[Interval, Interval]:
        """The crossed interval and that of the observed information, by the delta method."""
        moved = self.moved @ gradient
        variance = max(float(gradient @ self.found.covariance @ gradient), 0.0)
        crossed = crossed_variance(moved, self.counted.person, self.counted.prompt)
        half = float(stats.norm.ppf(0.5 + self.confidence / 2)) * variance**0.5
        alone = Interval(
            value, value - half, value + half, self.confidence, "observed information", True
        )
        return student(value, crossed, self.confidence), alone


def _through(link: Callable[[float], Any], interval: Interval) -> Interval:
    """An interval seen through a growing function."""
    value, low, high = (float(link(each)) for each in (interval.value, interval.low, interval.high))
    return replace(interval, value=value, low=low, high=high)


def _log_odds(logs: Floats, parameters: int) -> Iterator[tuple[float, Floats]]:
    """Of each worth log w / (1 - w) with its gradient, by d log w_m / d θ_j = [m = j] - w_j.

    Args:
        logs: (models,) of worths that sum to 1.
        parameters: how many θ has, worths first.
    """
    for m, log in enumerate(logs):
        rest = float(special.logsumexp(np.delete(logs, m)))
        gradient = np.zeros(parameters)
        gradient[: len(logs)] = (np.eye(len(logs))[m] - np.exp(logs)) / np.exp(rest)
        yield float(log) - rest, gradient


def _beats(measure: _Measure, models: int) -> tuple[Floats, Floats, Floats]:
    shares = [np.full((models, models), 0.5) for _ in range(3)]
    unit = np.eye(len(measure.found.theta))
    for one, other in duels(models):
        apart = float(measure.found.theta[one] - measure.found.theta[other])
        crossed, _ = measure.of(apart, unit[one] - unit[other])
        ends = (crossed.value, crossed.low, crossed.high)
        mirrored = (-crossed.value, -crossed.high, -crossed.low)
        for share, here, there in zip(shares, ends, mirrored, strict=True):
            share[one, other], share[other, one] = special.expit((here, there))
    return shares[0], shares[1], shares[2]


def _placed(counted: Choices, models: int) -> tuple[Indices, Indices]:
    """(n,) the duel of each answer, and its outcome: the first model, the second, neither."""
    first = np.minimum(counted.left, counted.right)
    second = np.maximum(counted.left, counted.right)
    at = np.zeros((models, models), np.intp)
    for duel, (one, other) in enumerate(duels(models)):
        at[one, other] = duel
    outcome = np.select([counted.winner == first, counted.winner == second], [0, 1], 2)
    return at[first, second], outcome.astype(np.intp)


def _counts(duel: Indices, outcome: Indices, shape: tuple[int, int], weights: Any = None) -> Floats:
    place = duel * shape[1] + outcome
    counts: Floats = np.bincount(place, weights, shape[0] * shape[1]).astype(np.float64)
    return counts.reshape(shape)


def _drawn(
    table: Table,
    found: Fit,
    pseudo: float,
    placed: tuple[Indices, Indices],
    counted: Choices,
    draws: int,
    seed: int,
) -> Floats:
    """(draws, models) worths in studies drawn again; NaN where Newton's steps found none."""
    shape = (table.counts.shape[0], table.counts.shape[1])
    worths = np.full((draws, table.models), np.nan)
    chunks = crossed_weights(counted.person, counted.prompt, draws, seed)
    for draw, weights in enumerate(row for chunk in chunks for row in chunk):
        again = Table(table.design, _counts(*placed, shape, weights), table.models)
        try:
            theta = fit(with_pseudo(again, max(pseudo, STEADY)), found.theta).theta
        except NoFiniteEstimateError:
            continue
        worths[draw] = special.softmax(theta[: table.models])
    return worths


def refuse_unbounded(table: Table, names: Sequence[str]) -> None:
    """Raise NoFiniteEstimateError, naming models, unless maximum likelihood has a finite answer."""
    direction = unbounded(table)
    if direction is None:
        return
    worths = direction[: table.models]
    if np.ptp(worths) < 1e-6:
        raise NoFiniteEstimateError(
            "the answers do not tell all worths: some models were never compared with the others, "
            "directly or through a third, or nobody decided anything"
        )
    lost = tuple(int(m) for m in np.flatnonzero(worths < worths.max() - 1e-6))
    listed = ", ".join(names[m] for m in lost)
    raise NoFiniteEstimateError(
        f"{listed}: never chosen against the other models, so the likelihood grows as the worth "
        "goes to 0 and no finite estimate exists (Ford, 1957); drop what never wins, or give "
        "pseudo-answers and say so",
        lost,
    )
