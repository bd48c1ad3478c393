"""Findings from what the statistics give."""

from dataclasses import replace
from typing import Any

import numpy as np

from components.figures.statistics.paired import holm
from components.figures.study_figures import Finding
from components.preference.statistics.agreement import Share
from components.preference.statistics.choices import Choices, Floats, Indices
from components.preference.statistics.crossed import Interval
from components.preference.statistics.win_rate import crossed_rate

ABSENT = -2
"""The index of a model that nobody was asked about: no answer has it."""


def at(choices: Choices, model: str) -> int:
    """A model's index; `ABSENT` where there is no answer about it."""
    return choices.models.index(model) if model in choices.models else ABSENT


def of_question(choices: Choices, question: str) -> Choices:
    """The answers to a question; none where nobody answered it."""
    if question in choices.questions:
        return choices.of_question(question)
    return choices.where(np.zeros(len(choices), bool))


def of_interval(
    name: str, found: Interval | None, answers: int, note: str = "", **of: Any
) -> Finding:
    """A finding with its interval; without one where there is none, and why.

    Args:
        of: further fields of the finding.
    """
    if found is None:
        return Finding(name, answers=answers, note=note, **of)
    return Finding(
        name,
        value=found.value,
        low=found.low,
        high=found.high,
        confidence=found.confidence,
        method=found.method,
        independent=found.independent,
        answers=answers,
        note=note,
        **of,
    )


def of_share(name: str, share: Share, nothing: str, **of: Any) -> Finding:
    """A share over people; ``nothing`` says why there is none."""
    if not share.of:
        return Finding(name, note=nothing, **of)
    if share.interval is None:
        alone = "one person, so nothing is said about others"
        return Finding(name, value=share.count / share.of, answers=share.of, note=alone, **of)
    return of_interval(name, share.interval, share.of, **of)


def of_values(
    name: str,
    values: Floats,
    person: Indices,
    place: Indices,
    confidence: float,
    nothing: str,
    **of: Any,
) -> Finding:
    """The mean of values in [0, 1] with its crossed interval over people and places.

    Args:
        place: what else than the person answers hang together by: prompts or images.
        nothing: why there is no value where there are none.
    """
    n = len(values)
    if not n:
        return Finding(name, note=nothing, **of)
    people, places = (len(np.unique(each)) for each in (person, place))
    if people < 2 or places < 2:
        few = "one person" if people < 2 else "one prompt or image"
        note = f"no interval: all answers are of {few}"
        return Finding(name, value=float(values.mean()), answers=n, note=note, **of)
    interval, p_value = crossed_rate(values, person, place, confidence)
    return of_interval(name, interval, n, p_value=p_value, **of)


def adjusted(findings: list[Finding]) -> list[Finding]:
    """The findings with p-values by Holm's method over all of them that have one."""
    tested = [each for each in findings if each.p_value is not None]
    if len(tested) < 2:
        return findings
    found = dict(zip(map(id, tested), holm([f.p_value or 0.0 for f in tested]), strict=True))
    return [replace(each, p_adjusted=found.get(id(each))) for each in findings]
