"""Who was preferred: win rates, what ties say, worths of several models, and a mixed model."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from components.figures.study_figures import COUNTED, Finding, View
from components.preference.analysis.made import adjusted, at, of_interval, of_values
from components.preference.statistics.bradley_terry import bradley_terry
from components.preference.statistics.choices import Choices, Outcome
from components.preference.statistics.davidson import davidson
from components.preference.statistics.mixed import mixed_logistic
from components.preference.statistics.ranking import Ranking
from components.preference.statistics.win_rate import Rate, win_rate

NOBODY_ASKED = "nobody was asked about these two"
MOST_CLUSTERS = 1500
"""People and prompts that the mixed model is fitted to: its steps keep a square of them in memory,
and with more it takes minutes."""

PSEUDO = 0.5
"""Pseudo-answers where maximum likelihood has no finite answer."""


@dataclass(frozen=True)
class Settings:
    """Of all intervals: their confidence, draws of each bootstrap, and its seed."""

    confidence: float = 0.95
    draws: int = 1000
    seed: int = 0


def win_rates(
    choices: Choices, question: str, models: Sequence[str], settings: Settings, view: View
) -> list[Finding]:
    """The win rate of each model over each that stands before it.

    The crossed interval is the one that the gate reads; beside it, of the counted answers, the
    crossed bootstrap, and Wilson's and the exact one, which take answers for independent.

    Args:
        choices: of the question.
    """
    first: list[Finding] = []
    rest: list[Finding] = []
    for baseline, candidate in combinations(models, 2):
        of: dict[str, Any] = {"question": question, "model": candidate, "against": baseline}
        of["view"] = view
        ends, draws = (at(choices, candidate), at(choices, baseline)), settings.draws
        rate = win_rate(
            choices,
            *ends,
            settings.confidence,
            draws=draws if view == COUNTED else 0,
            seed=settings.seed,
        )
        first.append(of_rate(rate, **of))
        asked = choices.shown().between(*ends)
        for name, outcome in (("ties", Outcome.TIE), ("both_bad", Outcome.BOTH_BAD)):
            holds = (asked.outcome == outcome).astype(float)
            share = of_values(
                name, holds, asked.person, asked.prompt, settings.confidence, NOBODY_ASKED, **of
            )
            rest.append(replace(share, p_value=None))
        if view == COUNTED:
            half = win_rate(choices, *ends, settings.confidence, ties="half", draws=0)
            rest += _beside(rate, half, of)
    return [*adjusted(first), *rest]


def of_rate(rate: Rate, **of: Any) -> Finding:
    """The win rate with the crossed interval."""
    decided = rate.wins + rate.losses
    note = rate.without and f"no interval: {rate.without}"
    if rate.crossed is None:
        return Finding("win_rate", value=rate.value, answers=decided, note=note, **of)
    return of_interval("win_rate", rate.crossed, decided, p_value=rate.p_value, **of)


def _beside(rate: Rate, half: Rate, of: dict[str, Any]) -> Iterator[Finding]:
    decided = rate.wins + rate.losses
    for name, interval in (
        ("win_rate_bootstrap", rate.bootstrap),
        ("win_rate_wilson", rate.wilson),
        ("win_rate_exact", rate.exact),
    ):
        if interval is not None:
            yield of_interval(name, interval, decided, **of)
    if half.crossed is not None and half.ties:
        yield of_interval("win_rate_ties_half", half.crossed, decided + half.ties, **of)


def ranked(
    choices: Choices, question: str, models: Sequence[str], settings: Settings
) -> list[Finding]:
    """Davidson's model, whose ν says how willing people are to call a tie; and of more than two
    models Bradley's and Terry's worths.

    Where maximum likelihood has no finite answer it is said why, and worths with pseudo-answers
    stand in its place, under another name.
    """
    wanted: list[tuple[str, Callable[..., Ranking]]] = [("davidson", davidson)]
    if len(models) > 2:
        wanted.insert(0, ("bradley_terry", bradley_terry))
    return [
        each
        for name, model in wanted
        for each in _ranked(name, model, choices, question, models, settings)
    ]


def _ranked(
    name: str,
    fit: Callable[..., Ranking],
    choices: Choices,
    question: str,
    models: Sequence[str],
    settings: Settings,
) -> Iterator[Finding]:
    def made(pseudo: float) -> Iterator[Finding]:
        found = fit(choices, settings.confidence, pseudo=pseudo)
        called, note = name, ""
        if pseudo:
            called = f"{name}_pseudo"
            note = f"{pseudo:g} pseudo-answers for every outcome draw the worths to each other"
        for model in models:
            if (index := at(choices, model)) >= 0:
                worth = found.worths[index]
                yield of_interval(
                    called, worth, found.answers, note, question=question, model=model
                )
        if found.nu is not None:
            bad = f"{found.both_bad} answers that find both bad are apart"
            yield of_interval(f"{called}_nu", found.nu, found.answers, bad, question=question)

    if len(choices.models) < 2 or not len(choices):
        yield Finding(name, question=question, note="nobody answered yet")
        return
    try:
        yield from list(made(0.0))
        return
    except ValueError as error:  # of few people, and NoFiniteEstimateError
        yield Finding(name, question=question, note=str(error))
    try:
        yield from list(made(PSEUDO))
    except ValueError:
        return  # too few people or prompts, which has been said


def mixed(
    choices: Choices, question: str, models: Sequence[str], settings: Settings
) -> list[Finding]:
    """The mixed logistic model of each candidate beside the baseline, or why there is none."""
    found: list[Finding] = []
    for candidate in models[1:]:
        of: dict[str, Any] = {"question": question, "model": candidate, "against": models[0]}
        ends = at(choices, candidate), at(choices, models[0])
        clusters = len(choices.people) + len(choices.prompts)
        if clusters > MOST_CLUSTERS:
            note = f"{clusters} people and prompts are too many for statsmodels to fit in time"
            found.append(Finding("mixed_rate", note=note, **of))
            continue
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                made = mixed_logistic(choices, *ends, settings.confidence)
        except ImportError:
            found.append(Finding("mixed_rate", note="statsmodels is not installed", **of))
            continue
        except (ValueError, ArithmeticError) as error:
            found.append(Finding("mixed_rate", note=str(error), **of))
            continue
        note = made.assumes + ("; its fit did not settle" if told else "")
        found.append(of_interval("mixed_rate", made.rate, made.answers, note, **of))
        found.append(of_interval("mixed_side", made.side, made.answers, **of))
        for name, value in (("person", made.person_sd), ("prompt", made.prompt_sd)):
            found.append(Finding(f"mixed_{name}_sd", value=value, answers=made.answers, **of))
    return found
