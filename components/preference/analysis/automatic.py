"""Whether automatic figures prefer what people prefer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from components.figures.study_figures import Finding
from components.preference.analysis.made import at, of_interval
from components.preference.analysis.preferred import Settings
from components.preference.statistics.choices import Choices
from components.preference.statistics.crossed import Interval
from components.preference.statistics.judges import agreement_with
from components.preference.statistics.win_rate import win_rate

Scores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Score → pair → model → its image's score, higher is better; pairs and models may lack."""

Aggregates = Mapping[str, Mapping[str, float]]
"""Figure → model → its value, higher is better; models may lack."""


Spans = Mapping[str, Mapping[str, tuple[float, float]]]
"""Figure → model → the ends of its value's interval; where they lack it is the value alone."""


@dataclass(frozen=True)
class Automatic:
    """What machines say of a study's models.

    Attributes:
        scores: of single images.
        aggregates: of all samples of a model.
        spans: of aggregates.
    """

    scores: Scores = field(default_factory=dict)
    aggregates: Aggregates = field(default_factory=dict)
    spans: Spans = field(default_factory=dict)


def agreeing(
    choices: Choices, question: str, scores: Scores, settings: Settings
) -> Iterator[Finding]:
    """How far each score agrees with people, as `judges.agreement_with` has it.

    ``agrees`` is how often a decided answer is for the image with the higher score; beside it how
    often most people's choice has it, how often people agree with each other, and Kendall's τ_b of
    how far scores and shares lie apart. One half is what a score reaches that knows nothing.

    Args:
        choices: of the question.
    """
    for name, of_pairs in scores.items():
        of: dict[str, Any] = {"question": question, "model": name}
        found = agreement_with(
            choices, of_pairs, settings.confidence, draws=settings.draws, seed=settings.seed
        )
        if not found.judged:
            nothing = "no decided answer is about two scored images"
            yield Finding("agrees", note=nothing, **of)
            continue
        left = f"{found.left_out} answers are about images without a score" * (found.left_out > 0)
        agrees = _of(found.answers, found.answers_value, found.judged, "agrees", left, of)
        yield replace(agrees, p_value=found.p_value)
        yield _of(found.pairs, found.pairs_value, found.decided_pairs, "agrees_pairs", "", of)
        people = found.people, found.people_value, found.people_answers
        yield _of(*people, "people_agree", "", of)
        yield _of(found.tau, found.tau_value, found.judged, "agrees_tau", "", of)


def _of(
    interval: Interval | None,
    value: float | None,
    count: int,
    name: str,
    note: str,
    of: dict[str, Any],
) -> Finding:
    if interval is not None:
        return of_interval(name, interval, count, note, **of)
    return Finding(name, value=value, answers=count, note=note or "no interval", **of)


def directions(
    choices: Choices,
    question: str,
    models: Sequence[str],
    automatic: Automatic,
    confidence: float,
) -> Iterator[Finding]:
    """Whether a figure of all samples ranks a candidate and the baseline as people do: 1 or 0; no
    value where people cannot be told to prefer either, or the figure's two values cannot be told
    apart: their intervals overlap, or without intervals they are equal.

    Args:
        choices: of the question.
    """
    for candidate in models[1:]:
        ends = at(choices, candidate), at(choices, models[0])
        rate = win_rate(choices, *ends, confidence, draws=0)
        of: dict[str, Any] = {"question": question, "model": candidate, "against": models[0]}
        for name, values in automatic.aggregates.items():
            if candidate not in values or models[0] not in values:
                continue
            ahead = values[candidate] - values[models[0]]
            prefers = candidate if ahead > 0 else models[0]
            beyond = rate.crossed is not None and not rate.crossed.low <= 0.5 <= rate.crossed.high
            people = None
            if beyond and rate.value is not None:
                people = candidate if rate.value > 0.5 else models[0]
            spans = automatic.spans.get(name, {})
            ends_of = [spans.get(m, (values[m], values[m])) for m in (candidate, models[0])]
            alike = max(low for low, _ in ends_of) <= min(high for _, high in ends_of)
            note = f"it prefers {prefers}"
            if alike:
                note = "its intervals overlap" if ahead else "it has both alike"
            note += f", people prefer {people}" if people else ", people cannot be told apart"
            value = float(prefers == people) if people and not alike else None
            yield Finding("direction", value=value, method=name, note=note, **of)
