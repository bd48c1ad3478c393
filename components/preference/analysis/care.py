"""How far people agree, with others and with themselves, and who clicks at random."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from components.figures.study_figures import COUNTED, Finding, Person, View
from components.preference.analysis.made import of_interval, of_question, of_share
from components.preference.analysis.preferred import Settings
from components.preference.design.size import Kind
from components.preference.statistics.agreement import (
    Level,
    alpha,
    consistency,
    failed_checks,
    median_seconds,
    ratings_of,
    side_bias,
    without_both_bad,
)
from components.preference.statistics.careless import Verdict, judged
from components.preference.statistics.choices import Choices, Floats, Outcome

NO_ALPHA = "nothing was judged by two people, or all said the same"


def agreements(
    choices: Choices, questions: Collection[str], kind: Kind, settings: Settings, view: View
) -> list[Finding]:
    """Krippendorff's α, repeat consistency and side bias of each question; attention checks and
    the time of a choice of all.

    Args:
        choices: of all questions, with hidden repeats and attention checks.
    """
    found: list[Finding] = []
    for question in questions:
        asked = of_question(choices, question)
        found += _alphas(asked, question, kind, settings, view)
        same = consistency(asked, settings.confidence)
        nothing = "nobody saw anything twice"
        found.append(of_share("consistency", same, nothing, question=question, view=view))
        if kind == "pairwise":
            side = side_bias(asked, settings.confidence)
            nothing = "nobody chose a side"
            found.append(of_share("left", side, nothing, question=question, view=view))
    failed = failed_checks(choices, settings.confidence)
    found.append(of_share("checks_failed", failed, "nobody saw an attention check", view=view))
    return [*found, _seconds(choices, view)]


def _alphas(
    asked: Choices, question: str, kind: Kind, settings: Settings, view: View
) -> Iterator[Finding]:
    ratings = ratings_of(asked) if kind == "pairwise" else called_real(asked)
    yield _alpha("alpha", ratings, "nominal", "", settings, question=question, view=view)
    if kind == "pairwise" and view == COUNTED:
        graded, note = without_both_bad(ratings), "a tie between the two models, both bad left out"
        yield _alpha("alpha_ordinal", graded, "ordinal", note, settings, question=question)


def _alpha(
    name: str, ratings: Floats, level: Level, note: str, settings: Settings, **of: Any
) -> Finding:
    count, found = int((~np.isnan(ratings)).sum()), None
    if count:
        draws = max(settings.draws, 1)
        found = alpha(ratings, level, settings.confidence, draws, settings.seed)
    return of_interval(name, found, count, note if found else NO_ALPHA, **of)


def called_real(choices: Choices) -> Floats:
    """(people, images) 1 where the image was called real, 0 where generated; NaN elsewhere."""
    shown = choices.shown()
    ratings = np.full((len(choices.people), len(choices.pairs)), np.nan)
    ratings[shown.person, shown.pair] = shown.outcome == Outcome.LEFT
    return ratings


def _seconds(choices: Choices, view: View) -> Finding:
    """The median person's median, and the middle half of people."""
    medians = median_seconds(choices)
    medians = medians[~np.isnan(medians)]
    if not len(medians):
        return Finding("seconds", view=view, note="no time is known")
    low, middle, high = (float(each) for each in np.quantile(medians, (0.25, 0.5, 0.75)))
    note = f"half of the people take {low:.1f} to {high:.1f} s"
    return Finding("seconds", view=view, value=middle, answers=len(choices), note=note)


def verdicts(choices: Choices) -> tuple[Verdict, ...]:
    """What the rule says of everybody; nothing where nobody answered."""
    return judged(choices) if len(choices) else ()


def people(
    choices: Choices, told: Sequence[Verdict], excluded: dict[str, str]
) -> tuple[Person, ...]:
    """Everybody who answered, and what the rule says.

    Args:
        choices: all that came.
        told: of them, `verdicts`.
        excluded: name → why their answers are not counted.
    """
    seconds = median_seconds(choices)
    found = []
    for verdict in told:
        index = choices.people.index(verdict.person)
        (failed, checks), (unlike, repeats), *_ = verdict.counts
        found.append(
            Person(
                name=verdict.person,
                answers=int((choices.person == index).sum()),
                seconds=None if np.isnan(seconds[index]) else float(seconds[index]),
                failed=failed,
                checks=checks,
                unlike=unlike,
                repeats=repeats,
                flagged=verdict.flagged,
                enough=verdict.enough,
                reason=verdict.reason,
                excluded=excluded.get(verdict.person, ""),
            )
        )
    return tuple(found)
