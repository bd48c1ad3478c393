"""How far people agree with each other and with themselves, and whether they like one side."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from components.preference.statistics.choices import Choices, Flags, Floats, Indices, Outcome
from components.preference.statistics.crossed import Interval, clustered_interval, percentile
from components.preference.statistics.win_rate import wilson

Level = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True)
class Share:
    """A share of answers.

    Attributes:
        count, of: how many, of how many.
        interval: about other people; None with fewer than two of them, or no answers.
        wilson: as if answers were independent; None with no answers.
    """

    count: int
    of: int
    interval: Interval | None
    wilson: Interval | None


def alpha(
    ratings: Floats, level: Level, confidence: float = 0.95, draws: int = 1000, seed: int = 0
) -> Interval | None:
    """Krippendorff's α = 1 - D_o / D_e (Krippendorff, 2019, section 12.3), 1 where all agree.

    The interval resamples units, which are what raters may disagree about; it is about other units
    and the same raters.

    Args:
        ratings: (raters, units) numbers; NaN where a rater left a unit out.
        level: what differences count: any alike (nominal), by ranks between (ordinal), squared
            (interval).
        draws: of the bootstrap.
        seed: of it.

    Returns:
        None where no unit was rated twice, or every rating is the same one: then there is nothing
        that could differ, and α has no value.
    """
    values = np.unique(ratings[~np.isnan(ratings)])
    units = coincidences(ratings, values)
    units = units[units.sum(axis=(1, 2)) > 0]
    if not len(units):
        return None
    value = float(_alpha(units.sum(axis=0)[None], values, level)[0])
    if np.isnan(value):
        return None
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(units), np.full(len(units), 1 / len(units)), size=draws)
    drawn = _alpha(np.tensordot(weights, units, axes=1), values, level)
    return percentile(value, drawn, confidence, "bootstrap over units")


def coincidences(ratings: Floats, values: Floats) -> Floats:
    """(units, v, v) pairs of ratings a unit, each weighed by 1 / (ratings of the unit - 1)."""
    counts = np.stack([(ratings == value).sum(axis=0) for value in values], axis=1).astype(float)
    m = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs -= np.eye(len(values)) * counts[:, :, None]
    weighed: Floats = pairs / np.maximum(m - 1, 1)[:, None, None]
    return weighed


def ratings_of(choices: Choices) -> Floats:
    """(people, pairs) first answers: 0 the first model, 1 tie, 2 the second, 3 both bad.

    The order of models is that of their indices, whatever the sides; for `alpha`'s ordinal and
    interval levels leave out 3, which is on no scale with the rest (`without_both_bad`).
    """
    shown = choices.shown()
    ratings = np.full((len(choices.people), len(choices.pairs)), np.nan)
    first = np.minimum(shown.left, shown.right)
    decided = np.where(shown.winner == first, 0.0, 2.0)
    told = np.select(
        [shown.is_decided, shown.outcome == Outcome.TIE], [decided, np.ones(len(shown))], 3.0
    )
    ratings[shown.person, shown.pair] = told
    return ratings


def without_both_bad(ratings: Floats) -> Floats:
    """The ratings with both bad as if the person had not answered."""
    return np.where(ratings == 3.0, np.nan, ratings)


def consistency(choices: Choices, confidence: float = 0.95) -> Share:
    """How many hidden repeats got the same answer as at first: one model, or tie, or both bad."""
    same, person = same_again(choices)
    return _share(same, person, confidence)


def same_again(choices: Choices) -> tuple[Flags, Indices]:
    """(repeats,) whether each was answered as at first, and whose it is."""
    told = np.where(choices.is_decided, choices.winner, -1 - choices.outcome)
    first = {
        (choices.person[i], choices.pair[i], choices.question[i]): told[i]
        for i in np.flatnonzero(~choices.repeat & ~choices.attention)
    }
    repeats = [
        i
        for i in np.flatnonzero(choices.repeat)
        if (choices.person[i], choices.pair[i], choices.question[i]) in first
    ]
    same = [
        told[i] == first[choices.person[i], choices.pair[i], choices.question[i]] for i in repeats
    ]
    return np.array(same, bool), choices.person[np.array(repeats, np.intp)]


def side_bias(choices: Choices, confidence: float = 0.95) -> Share:
    """How often the left image was chosen where one was; ½ where nobody likes a side."""
    decided = choices.where(~choices.attention).decided()
    return _share(decided.outcome == Outcome.LEFT, decided.person, confidence)


def failed_checks(choices: Choices, confidence: float = 0.95) -> Share:
    """How many attention checks were answered otherwise than is plain."""
    checks = choices.where(choices.attention)
    return _share(checks.outcome != checks.expected, checks.person, confidence)


def median_seconds(choices: Choices) -> Floats:
    """(people,) the median time of each person's answers; NaN where none is known."""
    medians = np.full(len(choices.people), np.nan)
    for person in range(len(medians)):
        seconds = choices.seconds[choices.person == person]
        if not np.isnan(seconds).all():
            medians[person] = np.nanmedian(seconds)
    return medians


def _share(holds: NDArray[np.bool_], person: Indices, confidence: float) -> Share:
    count, n = int(holds.sum()), len(holds)
    if not n:
        return Share(0, 0, None, None)
    interval = clustered_interval(holds.astype(np.float64), person, confidence)
    return Share(count, n, interval, wilson(count, n, confidence))


def _alpha(matrices: Floats, values: Floats, level: Level) -> Floats:
    """(draws,) α of (draws, v, v) coincidences; NaN where all ratings are the same one."""
    margins = matrices.sum(axis=2)
    n = margins.sum(axis=1)
    differences = _differences(margins, values, level)
    seen = (matrices * differences).sum(axis=(1, 2))
    expected = np.einsum("bc,bk,bck->b", margins, margins, differences)
    ratio = np.full(len(n), np.nan)
    np.divide((n - 1) * seen, expected, out=ratio, where=expected > 0)
    return 1 - ratio


def _differences(margins: Floats, values: Floats, level: Level) -> Floats:
    """(draws, v, v) squared differences; ordinal ones hang on how often each value was given."""
    v = len(values)
    if level == "nominal":
        return np.broadcast_to(1.0 - np.eye(v), (len(margins), v, v))
    places = values[None] if level == "interval" else np.cumsum(margins, axis=1) - margins / 2
    apart: Floats = (places[:, :, None] - places[:, None, :]) ** 2
    return np.broadcast_to(apart, (len(margins), v, v))
