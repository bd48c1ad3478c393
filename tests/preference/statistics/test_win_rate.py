"""The win rate: what is counted, what has no interval, and small cases by enumeration."""

import itertools
from fractions import Fraction
from math import comb

import numpy as np
import pytest

from components.preference.statistics.choices import Answer, Outcome, choices_of
from components.preference.statistics.crossed import crossed_weights
from components.preference.statistics.win_rate import clopper_pearson, win_rate


def test_ties_are_apart_or_count_half_and_both_bad_is_never_in_the_rate() -> None:
    outcomes = [Outcome.LEFT] * 5 + [Outcome.RIGHT, Outcome.TIE, Outcome.TIE, Outcome.BOTH_BAD]
    choices = choices_of(
        Answer(f"p{i % 3}", f"{i}", "new", "old", outcome) for i, outcome in enumerate(outcomes)
    )
    new, old = choices.model("new"), choices.model("old")
    apart, half = win_rate(choices, new, old), win_rate(choices, new, old, ties="half")
    assert (apart.wins, apart.losses, apart.ties, apart.both_bad) == (5, 1, 2, 1)
    assert (apart.value, half.value) == (5 / 6, 6 / 8)
    assert win_rate(choices, old, new).value == pytest.approx(1 / 6)
    assert apart.bootstrap == win_rate(choices, new, old).bootstrap


def test_one_person_one_prompt_or_no_preference_has_no_crossed_interval() -> None:
    alone = choices_of(Answer("p", str(i), "a", "b", Outcome.LEFT) for i in range(5))
    assert "says nothing about other people" in win_rate(alone, 0, 1).without
    assert win_rate(alone, 0, 1).crossed is None
    one = choices_of(Answer(p, "1", "a", "b", Outcome.LEFT) for p in "pqr")
    assert "one prompt only" in win_rate(one, 0, 1).without
    tied = choices_of(Answer(p, "1", "a", "b", Outcome.TIE) for p in "pqr")
    found = win_rate(tied, 0, 1)
    assert (found.value, found.without) == (None, "nobody preferred either model")


def test_the_bootstrap_s_spread_is_that_of_all_redraws() -> None:
    """Three people and two prompts: 27 · 4 equally likely studies, each counted."""
    person, prompt = np.repeat(np.arange(3), 2), np.tile(np.arange(2), 3)
    y = np.array([1.0, 0, 1, 1, 0, 0])
    every = [
        np.mean([y[2 * a + b] for a in people for b in prompts])
        for people in itertools.product(range(3), repeat=3)
        for prompts in itertools.product(range(2), repeat=2)
    ]
    weights = np.concatenate(list(crossed_weights(person, prompt, 20_000, seed=3)))
    drawn = weights @ y / weights.sum(axis=1)
    assert drawn.mean() == pytest.approx(np.mean(every), abs=0.005)
    assert drawn.std() == pytest.approx(np.std(every), rel=0.02)
    for value in np.unique(np.round(every, 9)):
        share = np.mean(np.isclose(every, value))
        assert np.mean(np.isclose(drawn, value)) == pytest.approx(share, abs=0.02)


def test_the_exact_interval_holds_every_share_by_enumeration() -> None:
    n = 9
    ends = [clopper_pearson(k, n, 0.9) for k in range(n + 1)]
    for p in (Fraction(i, 40) for i in range(1, 40)):
        held = sum(
            comb(n, k) * p**k * (1 - p) ** (n - k)
            for k, each in enumerate(ends)
            if each.low <= p <= each.high
        )
        assert held >= Fraction(9, 10)
