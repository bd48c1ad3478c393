"""Intervals for looking at a study whenever one likes, and stopping it at any look.

An interval at 0.95 that is looked at often leaves out the truth at some look far more often than
once in twenty. A confidence sequence holds at all looks together with that chance.

Two of them, for two claims:
- `crossed_look` is about other people and other prompts. It is asymptotic: the normal mixture
  of Robbins (1970) in the form of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024, theorem
  2.2), in units of the crossed variance at each look, with the normal deviate made Student's t of
  that variance's degrees of freedom. Clustered answers enter through that variance alone.
- `people_sequence` is exact at any number of people, by betting (Waudby-Smith and Ramdas, 2024,
  theorem 3): each person's mean score is one bounded observation, people in order of arrival, so
  answers of one person may hang together as they like. It is about other people and *these*
  prompts, whichever of them a person is given by lot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from components.preference.statistics.choices import Choices, Floats
from components.preference.statistics.crossed import Interval, crossed_variance
from components.preference.statistics.win_rate import scores

LEAST_PEOPLE = 5
"""A look at fewer people says nothing about others."""


@dataclass(frozen=True)
class Look:
    """What a look at the answers so far shows.

    Attributes:
        people, answers: so far; answers that the rate counts.
        interval: of the win rate; from 0 to 1 where nothing can be said yet, about the rate so
            far (one half without any decided answer).
    """

    people: int
    answers: int
    interval: Interval


def crossed_look(
    choices: Choices,
    candidate: int,
    baseline: int,
    confidence: float = 0.95,
    *,
    planned_error: float = 0.05,
) -> Look:
    """The always-valid interval of the win rate, ties apart, at this look.

    Looks may be at any time, whatever the last one showed.

    Args:
        choices: all first answers so far.
        planned_error: the standard error at which the sequence is tightest, chosen before the
            first look; 0.05 is what about 100 independent answers have. A wrong one costs width
            and nothing else.
    """
    decided = choices.shown().between(candidate, baseline).decided()
    people = len(np.unique(decided.person))
    method = "normal mixture over looks, two-way clustered"
    values = scores(decided, candidate)
    n = len(values)
    rate = float(values.mean()) if n else 0.5
    nothing = Interval(rate, 0.0, 1.0, confidence, method)
    if people < LEAST_PEOPLE or len(np.unique(decided.prompt)) < LEAST_PEOPLE:
        return Look(people, n, nothing)
    found = crossed_variance(
        (values - rate) / n,
        decided.person,
        decided.prompt,
        lean=rate - 0.5,
        floor=rate * (1 - rate) / n,
    )
    if found.value == 0.0:
        return Look(people, n, nothing)
    deviate = mixture_deviate(found.value / planned_error**2, 1 - confidence)
    # the same tail by Student's t: with few people the variance is itself uncertain
    deviate = float(stats.t.isf(stats.norm.sf(deviate), found.freedom))
    half = deviate * found.value**0.5
    ends = max(rate - half, 0.0), min(rate + half, 1.0)
    return Look(people, n, Interval(rate, *ends, confidence, method))


def mixture_deviate(relative: float, alpha: float) -> float:
    """How many standard errors the normal mixture allows, over all times, at one of them.

    √((1 + u) (log(1 + 1/u) - 2 log α)), u the variance so far by the mixture's own scale: with
    information t = 1/V and prior precision λ, √((λ + t)/t · log((λ + t)/(λ α²))).

    Args:
        relative: the variance at this look over the planned one.
        alpha: the chance to leave out the truth at any look.
    """
    # the planned variance is where the boundary is tightest: λ / t solves this once
    scale = _tightest(alpha) * relative
    return float(((1 + scale) * (np.log1p(1 / scale) - 2 * np.log(alpha))) ** 0.5)


def people_sequence(
    means: Sequence[float] | Floats, confidence: float = 0.95, grid: int = 1001
) -> list[Interval]:
    """After each person, the interval of the mean score of all people about these prompts.

    Args:
        means: (people,) in order of arrival, within [0, 1]: `mean_scores`.
        grid: means that are tried.

    Returns:
        One interval a person, each within the one before.
    """
    m = np.linspace(0, 1, grid)
    bets = _bets(np.asarray(means, np.float64), 1 - confidence)
    up, down = np.zeros(grid), np.zeros(grid)
    edge, alive = np.log(2 / (1 - confidence)), np.ones(grid, bool)
    found, total = [], 0.0
    with np.errstate(divide="ignore"):
        caps = 0.5 / m, 0.5 / (1 - m)
    for count, (value, bet) in enumerate(zip(means, bets, strict=True), start=1):
        up += np.log1p(np.minimum(bet, caps[0]) * (value - m))
        down += np.log1p(-np.minimum(bet, caps[1]) * (value - m))
        alive &= np.maximum(up, down) < edge
        total += value
        kept = m[alive]
        # a grid point dropped beside one kept: the end lies between the two
        step = 1 / (grid - 1)
        low, high = (
            (max(kept[0] - step, 0.0), min(kept[-1] + step, 1.0)) if len(kept) else (0.0, 1.0)
        )
        found.append(
            Interval(total / count, float(low), float(high), confidence, "betting over people")
        )
    return found


def mean_scores(choices: Choices, candidate: int, baseline: int) -> Floats:
    """(people,) in order of arrival: wins and half the undecided, over all that each answered.

    Ties and both bad count half, so that what is divided by is what was asked and no outcome; the
    mean is above one half exactly where wins are more than losses.
    """
    asked = choices.shown().between(candidate, baseline)
    people, first = np.unique(asked.person, return_index=True)
    values = scores(asked, candidate)
    means = np.array([values[asked.person == person].mean() for person in people])
    ordered: Floats = means[np.argsort(first)]
    return ordered


def _bets(means: Floats, alpha: float) -> Floats:
    """(people,) √(2 log(2/α) / (σ̂² t log(1 + t))), σ̂² from the people before."""
    t = np.arange(1, len(means) + 1)
    running = (0.5 + np.cumsum(means)) / (t + 1)
    spread = (0.25 + np.cumsum((means - running) ** 2)) / (t + 1)
    before = np.r_[0.25, spread[:-1]]
    bets: Floats = np.sqrt(2 * np.log(2 / alpha) / (before * t * np.log1p(t)))
    return bets


def _tightest(alpha: float) -> float:
    """λ / t at which the mixture's boundary is the least number of standard errors."""
    tried = np.geomspace(1e-4, 1.0, 400)
    return float(tried[np.argmin((1 + tried) * (np.log1p(1 / tried) - 2 * np.log(alpha)))])
