"""How far a study is, what may be said of it before its end, and what it still needs."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

from components.figures.study_figures import AT_A_LOOK, Finding, Progress
from components.preference.about import About
from components.preference.analysis.made import at, of_interval, of_question
from components.preference.analysis.opened import Study
from components.preference.analysis.peeks import read_peeks
from components.preference.analysis.preferred import Settings
from components.preference.answers.imported import Imported
from components.preference.statistics.choices import Choices
from components.preference.statistics.planning import Spread, still_needed
from components.preference.statistics.sequential import LEAST_PEOPLE, Look, crossed_look

EFFECT, POWER = 0.6, 0.8
"""What the answers that are still needed are reckoned for."""

USUAL_ERROR = 0.05


def progress(study: Study, imported: Imported, *, peek: bool) -> Progress:
    """How far the study is. What is excluded has come: leaving it out makes no new look."""
    came, counted = (
        {name: len(of_question(choices, name).shown()) for name in study.key.questions}
        for choices in (imported.choices, imported.counted)
    )
    people = len({row.annotator for row in imported.kept})
    looked = read_peeks(study.folder)
    return Progress(study.planned, came, counted, people, study.about.people, peek, looked)


def planned_error(about: About) -> float:
    """The standard error of a win rate of one half at the study's planned size.

    It is known before the first look, as an always-valid interval asks for.
    """
    duels = len(about.models) * (len(about.models) - 1) / 2
    if not about.pairs * about.raters * about.people or not duels:
        return USUAL_ERROR
    spread = Spread()
    raters = about.raters * (1 - spread.ties)
    n = about.pairs / duels * raters
    together = max(n / about.people - 1, 0) * spread.person + max(raters - 1, 0) * spread.prompt
    return float((0.25 / n * (1 + together)) ** 0.5)


def look(choices: Choices, about: About, ends: tuple[str, str], confidence: float) -> Look:
    """The always-valid interval of the win rate of the first model over the second.

    Args:
        choices: of one question.
    """
    one, other = (at(choices, model) for model in ends)
    error = planned_error(about)
    return crossed_look(choices, one, other, confidence, planned_error=error)


def looks(choices: Choices, about: About, question: str, settings: Settings) -> Iterator[Finding]:
    """The always-valid interval of each two models, with what follows from it in words."""
    for baseline, candidate in combinations(about.models, 2):
        of: dict[str, Any] = {"question": question, "model": candidate, "against": baseline}
        found = look(choices, about, (candidate, baseline), settings.confidence)
        note = _may_stop(found)
        if not found.answers:
            yield Finding("win_rate_always", note=f"nobody preferred either model; {note}", **of)
            continue
        yield of_interval("win_rate_always", found.interval, found.answers, note, **of)


def _may_stop(found: Look) -> str:
    interval = found.interval
    if (interval.low, interval.high) == (0.0, 1.0):
        few = f"with fewer than {LEAST_PEOPLE} people nothing can be said yet: go on"
        return few if found.people < LEAST_PEOPLE else "nothing can be said yet: go on"
    if interval.low > 0.5 or interval.high < 0.5:
        side = "above" if interval.low > 0.5 else "below"
        return f"the interval lies {side} one half, so the study may stop here"
    return "the interval holds one half: go on, or stop at the planned answers"


def at_a_look(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings of who won as they stand before the planned end: each says what does not hold.

    Only `looks` has intervals for any look.
    """
    for each in findings:
        if each.name == "direction":
            says = each.note.rpartition(", people ")[0]
            yield replace(each, value=None, note=f"{says}; of people only looks are told so far")
        elif each.low is None:
            yield each
        else:
            yield replace(each, note="; ".join(filter(None, (AT_A_LOOK, each.note))))


def needed(choices: Choices, about: About, question: str, confidence: float) -> Iterator[Finding]:
    """The answers that each two models still need for the power; they do not say who wins."""
    for baseline, candidate in combinations(about.models, 2):
        of: dict[str, Any] = {"question": question, "model": candidate, "against": baseline}
        found = still_needed(
            choices,
            at(choices, candidate),
            at(choices, baseline),
            EFFECT,
            POWER,
            people=about.people or None,
            raters=about.raters or None,
            confidence=confidence,
        )
        asked = len(choices.shown().between(at(choices, candidate), at(choices, baseline)))
        told = f"for a power of {POWER:g} at a win rate of {EFFECT:g}"
        if found.plan is None:
            note = f"{told} no number of pairs is enough with so few people: more people are needed"
            yield Finding("answers_needed", answers=asked, note=note, **of)
            continue
        note = f"{told}, by the ties and correlations so far; the power is {found.power:.2f} now"
        yield Finding("answers_needed", value=float(found.answers), answers=asked, note=note, **of)
