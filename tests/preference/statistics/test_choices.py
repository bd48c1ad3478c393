"""Answers in long form: who won, what is left out, and what is refused."""

import numpy as np
import pytest

from components.preference.statistics.choices import NOBODY, Answer, Outcome, choices_of
from components.preference.statistics.minds import Population
from components.preference.statistics.simulate import Design, simulate

ANSWERS = [
    Answer("q", "1", "x", "y", Outcome.LEFT, "words", 3.0, "cat", "animals"),
    Answer("p", "1", "y", "x", Outcome.LEFT, "words", 2.0, "cat", "animals"),
    Answer("p", "2", "x", "z", Outcome.TIE, "looks", 2.0, "cup", "things"),
    Answer("p", "2", "z", "x", Outcome.RIGHT, "looks", 2.0, "cup", "things", repeat=True),
    Answer("p", "3", "", "", Outcome.LEFT, "looks", expected=Outcome.RIGHT),
]


def test_names_are_in_the_alphabet_s_order_and_answers_in_their_own() -> None:
    choices = choices_of(ANSWERS)
    assert (choices.people, choices.models) == (("p", "q"), ("x", "y", "z"))
    assert choices.person.tolist() == [1, 0, 0, 0, 0]
    assert choices.winner.tolist() == [0, 1, NOBODY, 0, NOBODY]
    assert choices.loser.tolist() == [1, 0, NOBODY, 2, NOBODY]
    assert choices.attention.tolist() == [False] * 4 + [True]


def test_selections_leave_names_and_indices() -> None:
    choices = choices_of(ANSWERS)
    assert len(choices.shown()) == 3
    assert len(choices.shown().decided()) == 2
    assert choices.of_question("looks").person.tolist() == [0, 0, 0]
    assert len(choices.of_group("animals")) == 2
    assert choices.without(["p"]).person.tolist() == [1]
    assert choices.without(["p"]).people == choices.people
    assert len(choices.between(2, 0)) == 2
    with pytest.raises(KeyError, match="no question 'quality': there are looks, words"):
        choices.of_question("quality")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (ANSWERS[0], "twice"),
        (Answer("r", "4", "x", "x", Outcome.TIE), "shows 'x' beside 'x'"),
        (Answer("r", "1", "x", "y", Outcome.TIE, "words", prompt="dog"), "two prompts"),
    ],
)
def test_what_cannot_be_is_refused(more: Answer, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        choices_of([*ANSWERS, more])


def test_a_simulated_study_is_the_seed_s_and_as_designed() -> None:
    design = Design(10, 30, 3, repeats=4, checks=6)
    one, same = (simulate(Population(clickers=0.3), design, 7).choices for _ in range(2))
    np.testing.assert_array_equal(one.outcome, same.outcome)
    shown = one.shown()
    assert np.bincount(shown.pair)[:30].tolist() == [3] * 30
    assert np.bincount(shown.person).tolist() == [9] * 10
    left = np.bincount(shown.person, weights=shown.left == 1)
    assert set(left) <= {4.0, 5.0}
    assert np.bincount(one.where(one.repeat).person).tolist() == [4] * 10
    assert np.bincount(one.where(one.attention).person).tolist() == [6] * 10


def test_repeats_have_their_sides_swapped() -> None:
    choices = simulate(Population(), Design(5, 20, 3, repeats=4), 1).choices
    shown = choices.shown()
    first = {(p, q): side for p, q, side in zip(shown.person, shown.pair, shown.left, strict=True)}
    again = choices.where(choices.repeat)
    for person, pair, left in zip(again.person, again.pair, again.left, strict=True):
        assert first[person, pair] == 1 - left
