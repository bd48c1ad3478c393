"""The interval of a rate that several people gave about several pairs: how often it holds."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from components.preference.statistics.crossed import crossed_variance
from components.preference.statistics.win_rate import crossed_rate

Answers = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """A rate, its interval, the p-value of one half, the variance and its degrees of freedom."""

    rate: float
    low: float
    high: float
    p_value: float
    variance: float
    freedom: float


def crossed(answers: Answers, asked: NDArray[np.bool_]) -> Found:
    """What a (people, pairs) table of answers says."""
    person, pair = np.nonzero(asked)
    values = answers[person, pair]
    interval, p_value = crossed_rate(values, person, pair, 0.95)
    apart, n = values - values.mean(), len(values)
    variance = crossed_variance(
        apart / n, person, pair, lean=values.mean() - 0.5, floor=float((apart**2).mean()) / n
    )
    return Found(
        interval.value, interval.low, interval.high, p_value, variance.value, variance.freedom
    )


def drawn(
    rng: np.random.Generator, people: int, pairs: int, lean: float, pair_sd: float, person_sd: float
) -> Answers:
    """Answers whose log-odds are ``lean``, and vary from pair to pair and from person to person."""
    odds = lean + pair_sd * rng.standard_normal(pairs)
    odds = odds + person_sd * rng.standard_normal((people, 1))
    return (rng.random((people, pairs)) < special.expit(odds)).astype(np.float64)


def expected(lean: float, spread: float) -> float:
    """The rate over all people and pairs, by Gauss and Hermite."""
    x, weight = np.polynomial.hermite_e.hermegauss(60)
    return float((weight * special.expit(lean + spread * x)).sum() / weight.sum())


def all_asked(answers: Answers) -> NDArray[np.bool_]:
    return np.ones(answers.shape, bool)


def by_loops(answers: Answers, asked: NDArray[np.bool_]) -> float:
    """The variance, written out over all pairs of answers that share a cluster."""
    people, pairs = answers.shape
    rows = [(a, p, answers[a, p]) for a in range(people) for p in range(pairs) if asked[a, p]]
    n = len(rows)
    rate = sum(y for _, _, y in rows) / n
    by_person = by_pair = by_both = 0.0
    for (a, p, y), (b, q, z) in itertools.product(rows, rows):
        product = (y - rate) * (z - rate) / n**2
        by_person += product * (a == b)
        by_pair += product * (p == q)
        by_both += product * (a == b and p == q)
    by_person = (by_person + ((rate - 0.5) / people) ** 2) * people / (people - 1)
    by_pair = (by_pair + ((rate - 0.5) / pairs) ** 2) * pairs / (pairs - 1)
    return max(by_person + by_pair - by_both, by_person, by_pair, rate * (1 - rate) / n)


def test_the_variance_is_the_sum_over_answers_that_share_a_person_or_a_pair() -> None:
    rng = np.random.default_rng(1)
    for people, pairs in ((2, 3), (5, 12), (7, 4)):
        answers = drawn(rng, people, pairs, 0.7, 1.5, 0.5)
        asked = rng.random(answers.shape) < 0.8
        asked[:, 0] = asked[0, :] = True
        found = crossed(answers, asked)
        assert found.variance == pytest.approx(by_loops(answers, asked), rel=1e-12)
        t, freedom = (found.rate - 0.5) / found.variance**0.5, found.freedom
        assert min(people, pairs) - 1 <= freedom <= people + pairs - 2
        assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), freedom))
        half = stats.t.ppf(0.975, freedom) * found.variance**0.5
        assert (found.low, found.high) == (max(found.rate - half, 0), min(found.rate + half, 1))


def test_with_many_people_and_pairs_it_is_the_interval_of_independent_answers() -> None:
    rng, widths = np.random.default_rng(2), []
    for _ in range(40):
        answers = drawn(rng, 100, 100, 0.4, 0.0, 0.0)
        found = crossed(answers, all_asked(answers))
        pooled = 1.984 * (found.rate * (1 - found.rate) / 1e4) ** 0.5
        widths.append((found.high - found.low) / 2 / pooled)
    assert np.mean(widths) == pytest.approx(1.07, abs=0.07)


@pytest.mark.parametrize(
    ("people", "pair_sd", "person_sd"),
    [(5, 1.5, 0.5), (5, 0, 1), (10, 1.5, 0), (10, 3, 0.5)],
)
def test_models_that_are_equal_are_told_apart_in_at_most_7_of_100_studies(
    people: int, pair_sd: float, person_sd: float
) -> None:
    """Pooled, as independent answers, such studies of 40 pairs alarm in 12 to 40 of 100."""
    rng = np.random.default_rng(3)
    alarms = pooled = 0
    for _ in range(2000):
        answers = drawn(rng, people, 40, 0.0, pair_sd, person_sd)
        found = crossed(answers, all_asked(answers))
        alarms += found.p_value < 0.05
        assert (found.p_value < 0.05) == (not found.low <= 0.5 <= found.high)
        pooled += abs(answers.mean() - 0.5) * 2 * answers.size**0.5 > 1.96
    assert alarms <= 0.07 * 2000
    assert pooled >= 0.11 * 2000


@pytest.mark.parametrize("lean", [0.8, 2.5])
def test_the_interval_holds_the_rate_of_all_people_and_pairs(lean: float) -> None:
    rng = np.random.default_rng(4)
    rate = expected(lean, (1.5**2 + 0.5**2) ** 0.5)
    held = 0
    for _ in range(1000):
        answers = drawn(rng, 8, 40, lean, 1.5, 0.5)
        found = crossed(answers, all_asked(answers))
        held += found.low <= rate <= found.high
    assert held >= 935


def test_answers_of_one_person_under_five_names_are_worth_that_persons() -> None:
    answers = np.tile(np.repeat([1.0, 0.0], [23, 17]), (5, 1))
    found = crossed(answers, all_asked(answers))
    alone = stats.binomtest(23, 40)
    assert alone.pvalue == pytest.approx(0.43, abs=0.01)
    assert found.p_value > 0.33  # pooled: 0.039; the exact binomial of one person: 0.43
    assert found.variance >= 0.575 * 0.425 / 39
    wilson = alone.proportion_ci(0.95, method="wilson")
    assert found.low < wilson.low
    assert found.high > wilson.high


def test_agreement_of_everybody_leaves_an_interval_that_fewer_people_widen() -> None:
    lows = []
    for people in (2, 3, 4, 5, 8, 20):
        answers = np.ones((people, 40))
        found = crossed(answers, all_asked(answers))
        assert (found.rate, found.high) == (1.0, 1.0)
        lows.append(found.low)
    assert lows == sorted(lows)
    assert lows[1] < 0.5 < lows[2] < 0.6  # three people who agree are not enough
    answers[0, 0] = 0.0  # one answer against all others makes nobody surer
    assert crossed(answers, all_asked(answers)).low < lows[-1]


def test_one_person_or_one_pair_has_no_crossed_variance() -> None:
    for answers in (np.ones((1, 40)), np.ones((40, 1))):
        with pytest.raises(ValueError, match="no crossed variance"):
            crossed(answers, all_asked(answers))
