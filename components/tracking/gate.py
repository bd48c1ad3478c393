"""Who becomes champion: a version that holds every condition of a gate, measured alike.

It is compared with its rival: the present champion, or the baseline of a fine-tune that is the
first of its name.
"""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from components.figures.comparison import difference, differing
from components.figures.figure import Figure
from components.figures.judgement import Figures
from components.figures.statistics.paired import Difference
from components.figures.win_rate import WinRate
from components.spec.catalogue.evaluation import clip_of
from components.spec.gate import Gate, MetricGate, PreferenceGate
from components.spec.metrics import families_of, family_of, lower_is_better
from components.tracking.fields import brief, exact, protocol_texts, shown, unit_decimals
from components.tracking.versions import CHAMPION

NO_CHAMPION = "there was no champion"
"""Why a comparison passes that has nobody to compare with."""


@dataclass(frozen=True)
class Condition:
    """One condition, and what became of it.

    Attributes:
        metric: the figure's full name, or ``preference``.
        kind: the gate file's key, such as ``at_most``.
        asked: what it was to be, as text; empty for a condition without a number.
        champion: the rival's figure.
        difference: candidate minus rival, where the two were compared.
        win_rate: the study's, for ``preference``.
    """

    metric: str
    kind: str
    asked: str
    passed: bool
    reason: str
    candidate: Figure | None = None
    champion: Figure | None = None
    difference: Difference | None = None
    win_rate: WinRate | None = None


@dataclass(frozen=True)
class Decision:
    """Whether the candidate may be champion, and every condition that this follows from."""

    promote: bool
    conditions: tuple[Condition, ...]

    @property
    def reason(self) -> str:
        """Why, or why not, in one line."""
        return "; ".join(
            dict.fromkeys(c.reason for c in self.conditions if c.passed == self.promote)
        )


def decide(
    gate: Gate,
    candidate: Figures,
    rival: Figures | None,
    study: WinRate | None = None,
    called: str = CHAMPION,
    clip: str = "",
) -> Decision:
    """Hold the candidate against every condition of ``gate``.

    Without a rival the comparisons pass, but not for a figure that is not finite.

    Args:
        candidate, rival: figures by full name; ``NAME/GROUP`` for one of a group.
        study: the win rate of the candidate; None when there was no study.
        called: what the rival is: ``champion`` or ``baseline``.
        clip: `evaluation.clip` of the candidate's experiment; empty where that is not known.
    """
    held = [
        condition
        for name, asked in gate.metrics.items()
        for condition in _of_metric(name, asked, candidate, rival, called, clip)
    ]
    if gate.preference is not None:
        held.append(_of_preference(gate.preference, study))
    return Decision(all(condition.passed for condition in held), tuple(held))


def _of_metric(
    name: str,
    asked: MetricGate,
    candidate: Figures,
    rival: Figures | None,
    called: str,
    clip: str,
) -> Iterator[Condition]:
    mine = candidate.get(name)
    for kind, limit in _asked(asked):
        words = "" if limit is None else f"{limit:g}"
        if asked.certain and limit is not None:
            words += ", for certain"
        if mine is None:
            yield Condition(name, kind, words, False, _missing(name, candidate, clip))
        elif not mine.finite:
            yield Condition(name, kind, words, False, f"its {_told(mine)} is not finite", mine)
        elif kind in ("at_most", "at_least"):
            assert limit is not None
            passed, reason = _absolute(mine, kind, limit, asked.certain)
            yield Condition(name, kind, words, passed, reason, mine)
        elif rival is None:
            yield Condition(name, kind, words, True, NO_CHAMPION, mine)
        else:
            theirs = rival.get(name)
            if theirs is None or (why := _incomparable(mine, theirs, called)):
                why = why if theirs else _not_measured(name, rival, called)
                yield Condition(name, kind, words, False, f"not comparable{why}", mine, theirs)
                continue
            found = difference(mine, theirs)
            passed, reason = _compared(mine, limit, found, asked.certain)
            beside = f"{mine.metric} {shown(mine)} against the {called}'s {shown(theirs)}"
            yield Condition(name, kind, words, passed, f"{reason}: {beside}", mine, theirs, found)


def _asked(asked: MetricGate) -> Iterator[tuple[str, float | None]]:
    if asked.at_most is not None:
        yield "at_most", asked.at_most
    if asked.at_least is not None:
        yield "at_least", asked.at_least
    if asked.better_than_champion:
        yield "better_than_champion", None
    if asked.not_worse_than_champion_by is not None:
        yield "not_worse_than_champion_by", asked.not_worse_than_champion_by


def _absolute(mine: Figure, kind: str, limit: float, certain: bool) -> tuple[bool, str]:
    def holds(value: float) -> bool:
        return value <= limit if kind == "at_most" else value >= limit

    end = mine.value if not certain else mine.high if kind == "at_most" else mine.low
    passed = holds(end)
    # rounded unless that would put it on the other side of the limit
    alike = holds(round(end, unit_decimals(mine))) == passed
    told = f"{mine.metric} {brief(mine)}" if alike else _told(mine)
    return passed, f"{told} is {'' if passed else 'not '}{kind.replace('_', ' ')} {limit:g}"


def _incomparable(mine: Figure, theirs: Figure, called: str) -> str:
    """Why the two cannot be compared, to be read after "not comparable"; empty when they can."""
    if parts := differing(mine, theirs):
        ours, others = protocol_texts(mine), protocol_texts(theirs)
        told = [f"{part} {ours.get(part)} against {others.get(part)}" for part in parts]
        return f", the protocols differ: {', '.join(told)}"
    return "" if theirs.finite else f": the {called}'s {_told(theirs)} is not finite"


def _not_measured(name: str, rival: Figures, called: str) -> str:
    known = ", ".join(list(rival)[:5]) or "no figure"
    return f": measured by {name}, the {called} by {known}"


def _told(figure: Figure) -> str:
    return f"{figure.metric} {exact(figure)}"


def _compared(
    mine: Figure, limit: float | None, found: Difference, certain: bool
) -> tuple[bool, str]:
    loss = found if lower_is_better(mine.metric) else found.negated()
    how = "by the paired difference" if found.paired else "by the intervals"
    if limit is not None:
        passed = (loss.high if certain else loss.value) <= limit
        return passed, f"{'not worse' if passed else 'worse'} by more than {limit:g}, {how}"
    if found.apart(mine.confidence):
        return loss.value < 0, f"{'better' if loss.value < 0 else 'worse'}, {how}"
    beyond = "its paired difference's interval" if found.paired else "the intervals"
    return False, f"not better beyond {beyond}"


def _of_preference(asked: PreferenceGate, study: WinRate | None) -> Condition:
    kind, limit = "win_rate_above", asked.win_rate_above
    words = f"{limit:g}"
    if study is None:
        reason = "no study" + ("" if asked.required else ", and none is required")
        return Condition("preference", kind, words, not asked.required, reason)
    passed, reason = _preferred(asked, study)
    return Condition("preference", kind, words, passed, reason, win_rate=study)


def _preferred(asked: PreferenceGate, study: WinRate) -> tuple[bool, str]:
    limit = asked.win_rate_above
    if study.simulated and not asked.allow_simulated:
        return False, (
            "simulated annotators answered the study, not people "
            "(`preference.allow_simulated: true` would count it)"
        )
    if study.low is None or study.high is None or study.value is None:
        return False, f"the study's win rate has no interval: {study.without}"
    low, high, how = study.low, study.high, ""
    if study.missing > 0:
        # looked at before its end: only an interval that holds at any look decides
        low, high = study.look or (0.0, 1.0)
        how = f", {study.missing} answers before its planned end and so always valid"
    passed = low > limit
    who = f"of {study.model} over {study.against}" + " by simulated annotators" * study.simulated
    about = f" ({study.question})" if study.question else ""
    side = "above" if passed else "not above"
    interval = f"{study.value:.3g} [{low:.3g}, {high:.3g}]"
    return passed, (
        f"the win rate {interval} {who}{about}, of {study.choices} choices{how}, lies {side} "
        f"{limit:g}"
    )


def _missing(name: str, figures: Figures, clip: str) -> str:
    """Why there is no such figure: no CLIP was to read captions, or it has another name."""
    entry = clip_of(clip)
    read = family_of(name.partition("/")[0]) in families_of("clip")
    if read and entry is not None and not entry.reads_captions:
        return (
            f"{name} was not measured, for the experiment has `evaluation.clip: {clip}` (measure "
            f"it: `evaluation.clip: domain`, and run again; or take {name} out of the gate file)"
        )
    return f"no {name} {_recorded(name, figures)}"


def _recorded(name: str, figures: Figures) -> str:
    close = difflib.get_close_matches(name, list(figures), n=3, cutoff=0.5)
    known = close or list(figures)[:5]
    return f"in its record, which has {', '.join(known) or 'no figure'}"
