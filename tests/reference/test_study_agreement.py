"""Agreement against Krippendorff's printed examples and a library; careless people by draws."""

import krippendorff
import numpy as np
import pytest

from components.preference.statistics.agreement import (
    alpha,
    consistency,
    failed_checks,
    ratings_of,
    side_bias,
)
from components.preference.statistics.careless import exclusions, judged
from components.preference.statistics.choices import Answer, Outcome, choices_of
from components.preference.statistics.minds import Population
from components.preference.statistics.simulate import Design, simulate

N = np.nan
FIFTEEN = np.array(
    [
        [N, N, N, N, N, 3, 4, 1, 2, 1, 1, 3, 3, N, 3],
        [1, N, 2, 1, 3, 3, 4, 3, N, N, N, N, N, N, N],
        [N, N, 2, 1, 3, 4, 4, N, 2, 1, 1, 3, 3, N, 4],
    ]
)
"""Three observers of fifteen units, twelve of which were rated twice or more."""

TWELVE = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
)
"""Four observers of twelve units (Krippendorff, 2011, section C)."""


@pytest.mark.parametrize(
    ("ratings", "level", "printed"),
    [
        (FIFTEEN, "nominal", 0.691),
        (FIFTEEN, "ordinal", 0.807),
        (FIFTEEN, "interval", 0.811),
        (TWELVE, "nominal", 0.743),
        (TWELVE, "ordinal", 0.815),
        (TWELVE, "interval", 0.849),
    ],
)
def test_krippendorff_s_examples_come_out_to_the_printed_digits(
    ratings: np.ndarray, level: str, printed: float
) -> None:
    found = alpha(ratings, level)
    theirs = krippendorff.alpha(ratings, level_of_measurement=level)
    assert found.value == pytest.approx(theirs, abs=1e-12)
    assert round(found.value, 3) == printed
    assert found.low < found.value < found.high


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_alpha_is_the_library_s_on_sparse_answers(level: str) -> None:
    choices = simulate(Population(), Design(12, 30, 3), 1).choices
    ratings = ratings_of(choices)
    theirs = krippendorff.alpha(ratings, level_of_measurement=level)
    assert alpha(ratings, level).value == pytest.approx(theirs, abs=1e-12)


def test_alpha_s_interval_holds_the_alpha_of_many_units() -> None:
    population, held = Population(utilities=(0.0, 0.3), prompt_sd=2.0), 0
    wide = [ratings_of(simulate(population, Design(20, 1500, 4), s).choices) for s in range(3)]
    many = np.mean([alpha(ratings, "nominal", draws=2).value for ratings in wide])
    for seed in range(200):
        ratings = ratings_of(simulate(population, Design(20, 80, 4), seed).choices)
        found = alpha(ratings, "nominal", draws=200)
        held += found.low <= many <= found.high
    assert 0.90 <= held / 200 <= 0.99


def test_alpha_has_no_value_where_nothing_differs_or_nothing_was_rated_twice() -> None:
    assert alpha(np.ones((3, 5)), "nominal") is None
    assert alpha(np.array([[1.0, N], [N, 2.0]]), "nominal") is None


def test_shares_are_counted_by_hand() -> None:
    a = Answer("p", "1", "x", "y", Outcome.LEFT)
    choices = choices_of(
        [
            a,
            Answer("p", "2", "x", "y", Outcome.TIE),
            Answer("p", "1", "y", "x", Outcome.RIGHT, repeat=True),
            Answer("p", "2", "y", "x", Outcome.LEFT, repeat=True),
            Answer("q", "1", "y", "x", Outcome.LEFT),
            Answer("q", "c", "", "", Outcome.LEFT, expected=Outcome.RIGHT),
            Answer("p", "c", "", "", Outcome.RIGHT, expected=Outcome.RIGHT),
        ]
    )
    again, side, checks = consistency(choices), side_bias(choices), failed_checks(choices)
    assert [(s.count, s.of) for s in (again, side, checks)] == [(1, 2), (3, 4), (1, 2)]
    assert again.interval is None
    assert again.wilson.independent
    assert side.interval is not None


def test_the_side_s_interval_holds_its_share_and_the_pooled_one_does_not() -> None:
    # equal models, so the mean over people is that of σ(side): by a study of a great many
    population = Population(utilities=(0.0, 0.0), side=0.3, side_sd=1.2)
    truth = side_bias(simulate(population, Design(4000, 2000, 20), 0).choices)
    held = pooled = 0
    for seed in range(200):
        found = side_bias(simulate(population, Design(12, 60, 4), seed).choices)
        for kind in ("interval", "wilson"):
            inside = getattr(found, kind).low <= truth.count / truth.of <= getattr(found, kind).high
            held, pooled = (
                held + inside * (kind == "interval"),
                pooled + inside * (kind == "wilson"),
            )
    assert 0.90 <= held / 200 <= 0.99
    assert pooled / 200 < 0.80


@pytest.mark.parametrize("utilities", [(0.0, 0.0), (0.0, 0.6), (0.0, 0.3, 0.6, 0.9, 1.2)])
@pytest.mark.parametrize("seconds", [2.0, 6.0])
def test_random_clickers_are_flagged_and_careful_people_are_not(
    utilities: tuple[float, ...], seconds: float
) -> None:
    """Those who hurry, and those who take a careful person's time; six checks, six repeats."""
    population = Population(utilities=utilities, clickers=0.2, side=0.4, clicker_seconds=seconds)
    prompts = 60 if len(utilities) == 2 else 12
    seen = np.zeros((2, 2))
    for seed in range(15):
        study = simulate(population, Design(20, prompts, 4, repeats=6, checks=6), seed)
        for verdict in judged(study.choices):
            who = study.choices.people.index(verdict.person)
            seen[int(study.clicks[who])] += verdict.flagged, 1
            assert verdict.level <= 0.02
    careful, clickers = seen[:, 0] / seen[:, 1]
    assert clickers >= 0.80
    assert careful <= 0.02


def test_exclusions_are_a_list_with_reasons_and_leave_the_answers() -> None:
    study = simulate(Population(clickers=0.3), Design(20, 60, 4, 6, 6), 5)
    n, found = len(study.choices), exclusions(judged(study.choices))
    assert found
    assert "attention checks failed" in found[0].reason
    left = study.choices.without([each.person for each in found])
    assert len(study.choices) == n > len(left)


def test_without_checks_and_repeats_the_rule_says_that_it_cannot_tell() -> None:
    study = simulate(Population(clickers=0.2), Design(20, 60, 4), 5)
    assert not any(verdict.enough for verdict in judged(study.choices))
