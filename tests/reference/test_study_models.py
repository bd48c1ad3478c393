"""The models of paired comparisons against printed examples, other libraries and enumeration."""

import itertools

import choix
import numpy as np
import pytest
from scipy import special
from scipy.sparse.csgraph import connected_components

from components.preference.statistics import bradley_terry as bt
from components.preference.statistics import davidson as dv
from components.preference.statistics.choices import Answer, Choices, Outcome, choices_of
from components.preference.statistics.minds import Population
from components.preference.statistics.ranking import _log_odds, duels
from components.preference.statistics.simulate import Design, simulate
from components.preference.statistics.win_rate import win_rate
from components.preference.statistics.worths import (
    NoFiniteEstimateError,
    Table,
    fit,
    log_likelihood,
    unbounded,
    with_pseudo,
)

PUDDINGS = {
    # duel: wins of the first, wins of the second, ties (Davidson, 1970, example 2)
    "12": (19, 22, 16), "13": (16, 19, 12), "23": (19, 19, 10), "14": (18, 23, 13),
    "24": (23, 19, 9), "34": (19, 20, 15), "15": (13, 19, 18), "25": (16, 20, 12),
    "35": (16, 15, 17), "45": (17, 14, 16), "16": (18, 21, 12), "26": (22, 20, 12),
    "36": (13, 18, 10), "46": (14, 19, 18), "56": (11, 21, 12),
}  # fmt: skip


def puddings() -> Choices:
    """As answers of twelve people, about a prompt each time."""
    answers = []
    for duel, counts in PUDDINGS.items():
        outcomes = np.repeat([Outcome.LEFT, Outcome.RIGHT, Outcome.TIE], counts)
        for i, outcome in enumerate(outcomes):
            pair = f"{duel}-{i}"
            answers.append(Answer(f"p{i % 12:02d}", pair, duel[0], duel[1], Outcome(outcome)))
    return choices_of(answers)


def test_davidson_s_puddings_come_out_to_the_printed_digits() -> None:
    found = dv.davidson(puddings())
    printed = [0.1388, 0.1730, 0.1617, 0.1654, 0.1587, 0.2024]
    np.testing.assert_allclose([w.value for w in found.worths], printed, atol=5e-5)
    assert found.nu.value == pytest.approx(0.7468, abs=5e-5)
    assert found.log_likelihood == pytest.approx(-809.71, abs=5e-3)
    assert (found.answers, found.both_bad, found.pseudo) == (745, 0, 0.0)
    assert all(each.independent for each in found.independent)


def test_the_information_is_the_likelihood_s_curvature() -> None:
    counts = np.array([PUDDINGS[f"{i + 1}{j + 1}"] for i, j in duels(6)], float)
    table = Table(dv.design(6), counts, 6)
    found = fit(table)
    step, free = 1e-4, np.eye(7)
    top = log_likelihood(table, found.theta)
    for i in range(7):
        ahead, behind = (log_likelihood(table, found.theta + s * free[i]) for s in (step, -step))
        curvature = (2 * top - ahead - behind) / step**2
        assert np.linalg.pinv(found.covariance)[i, i] == pytest.approx(curvature, rel=1e-3)


@pytest.mark.parametrize("utilities", [(0.0, 0.5), (0.0, 0.3, -0.4, 0.8, 0.2)])
def test_bradley_and_terry_s_worths_are_choix_s(utilities: tuple[float, ...]) -> None:
    choices = simulate(Population(utilities=utilities, side=0.3), Design(10, 20, 4), 1).choices
    decided = choices.shown().decided()
    data = list(zip(decided.winner.tolist(), decided.loser.tolist(), strict=True))
    theirs = np.exp(choix.opt_pairwise(len(utilities), data, method="Newton-CG", tol=1e-10))
    ours = [each.value for each in bt.bradley_terry(choices).worths]
    np.testing.assert_allclose(ours, theirs / theirs.sum(), rtol=1e-5)


def test_with_two_models_the_worth_is_the_win_rate() -> None:
    choices = simulate(Population(), Design(10, 20, 4), 2).choices
    found, rate = bt.bradley_terry(choices), win_rate(choices, 1, 0, draws=0)
    assert found.worths[1].value == pytest.approx(rate.value, rel=1e-9)
    assert found.beats[1, 0] == pytest.approx(rate.value, rel=1e-9)
    n, r = rate.wins + rate.losses, rate.value
    log_odds_error = (n * r * (1 - r)) ** -0.5
    alone = found.independent[1]
    for end in (alone.low, alone.high):
        apart = abs(special.logit(end) - special.logit(r))
        assert apart == pytest.approx(1.959964 * log_odds_error, rel=1e-6)
    # crossed, too: of two models the worth is the chance to be chosen, on the same scale
    crossed = found.worths[1]
    ends = found.beats_low[1, 0], found.beats_high[1, 0]
    assert (crossed.low, crossed.high) == pytest.approx(ends, rel=1e-9)
    # crossed: about as wide as the rate's, which lives on another scale
    width = found.beats_high[1, 0] - found.beats_low[1, 0]
    assert width == pytest.approx(rate.crossed.high - rate.crossed.low, rel=0.05)


def test_no_interval_of_a_worth_leaves_its_scale() -> None:
    """Two people of whom one chooses the third model hardly ever: the log scale went beyond 1."""
    duels_of_three = (("a", "b"), ("a", "c"), ("b", "c"))
    answers = [
        Answer(f"p{p}", f"{one}{other}{k}", one, other, Outcome((k + p) % 5 == 0))
        for p in range(2)
        for one, other in duels_of_three
        for k in range(6)
    ]
    for model in (bt.bradley_terry, dv.davidson):
        found = model(choices_of(answers), pseudo=0.5)
        for each in (*found.worths, *found.independent):
            assert 0 <= each.low < each.value < each.high <= 1
        # the delta method by finite differences: log w / (1 - w) of each model
        theta = np.log([each.value for each in found.worths])
        for m, (value, gradient) in enumerate(_log_odds(theta, 3)):
            ahead, behind = (
                [special.logit(special.softmax(theta + s * e)[m]) for e in np.eye(3)]
                for s in (1e-5, -1e-5)
            )
            steps = (np.array(ahead) - behind) / 2e-5
            np.testing.assert_allclose(gradient, steps, atol=1e-6)
            assert value == pytest.approx(special.logit(found.worths[m].value))


def test_a_finite_estimate_exists_where_ford_says_in_all_small_tournaments() -> None:
    """Every way in which three models may have met (never, one won, either did), many of four."""
    ways = ((0, 0), (1, 0), (0, 1), (1, 1))
    fours = np.random.default_rng(0).integers(4, size=(300, 6))
    for each in [*itertools.product(ways, repeat=3), *([ways[w] for w in four] for four in fours)]:
        k = 3 if len(each) == 3 else 4
        table = Table(bt.design(k), np.array(each, float), k)
        won = np.zeros((k, k))
        for (i, j), (first, second) in zip(duels(k), each, strict=True):
            won[i, j], won[j, i] = first, second
        parts, _ = connected_components(won, directed=True, connection="strong")
        assert (unbounded(table) is None) == (parts == 1), each


def test_davidson_s_estimate_exists_where_newton_s_steps_stay() -> None:
    rng, seen = np.random.default_rng(0), [0, 0]
    for _ in range(150):
        counts = rng.integers(0, 3, (3, 3)).astype(float) * (rng.random((3, 3)) < 0.6)
        table = Table(dv.design(3), counts, 3)
        direction = unbounded(table)
        if direction is not None and np.ptp(direction[:3]) < 1e-6 and direction[3] == direction[0]:
            continue  # not separated: some model met no other
        finite = direction is None
        seen[finite] += 1
        tiny = fit(with_pseudo(table, 1e-7)).theta
        assert (np.abs(tiny).max() < 6) == finite, counts
    assert min(seen) > 20


def test_who_never_wins_is_named_and_gets_no_number_unless_it_is_asked_for() -> None:
    answers = [
        Answer(person, f"{prompt}-{left}{right}", left, right, outcome, prompt=prompt)
        for person in ("p", "q", "r")
        for prompt in ("x", "y")
        for left, right, outcome in (
            ("a", "b", Outcome.LEFT if prompt == "x" else Outcome.RIGHT),
            ("c", "a", Outcome.RIGHT),
            ("b", "c", Outcome.LEFT),
        )
    ]
    choices = choices_of(answers)
    with pytest.raises(NoFiniteEstimateError, match=r"^c: never chosen.*worth goes to 0") as caught:
        bt.bradley_terry(choices)
    assert caught.value.models == (2,)
    found = bt.bradley_terry(choices, pseudo=0.5)
    assert found.pseudo == 0.5
    assert 0 < found.worths[2].value < 0.15
    with pytest.raises(NoFiniteEstimateError, match="nobody called a tie"):
        dv.davidson(choices)
    alone = choices_of([*answers, *(Answer(p, "d", "d", "e", Outcome.LEFT) for p in "pq")])
    with pytest.raises(NoFiniteEstimateError, match=r"."):
        bt.bradley_terry(alone)


def test_both_bad_is_counted_and_apart() -> None:
    choices = simulate(Population(both_bad=0.5, tie=0.6), Design(8, 30, 4), 3).choices
    found = dv.davidson(choices)
    bad = int((choices.outcome == Outcome.BOTH_BAD).sum())
    assert found.both_bad == bad > 5
    rest = choices.where(choices.outcome != Outcome.BOTH_BAD)
    assert dv.davidson(rest).worths == found.worths
