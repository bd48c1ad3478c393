"""Who becomes champion: a version that holds every condition of a gate, measured alike."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from components.spec.gate import Gate, MetricGate, PreferenceGate
from components.spec.metrics import lower_is_better
from components.tracking.difference import Difference, difference
from components.tracking.evidence import Evidence, Figure


@dataclass(frozen=True)
class WinRate:
    """How often a version was preferred in a blind study, with its interval.

    Attributes:
        value: None when nobody preferred either model.
        low, high: about other people and other pairs; None where that cannot be said.
        choices: how many choices were counted.
        side: which of the study's two models the version is.
        without: why there is no interval; empty where there is one.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float
    choices: int
    side: Literal["baseline", "finetuned"] = "finetuned"
    without: str = ""

    def of_baseline(self) -> "WinRate":
        """The same choices seen from the other model; ``self`` is the fine-tuned model's."""
        value, low, high = (
            None if end is None else 1 - end for end in (self.value, self.high, self.low)
        )
        return replace(self, value=value, low=low, high=high, side="baseline")


@dataclass(frozen=True)
class Row:
    """One condition, and what became of it.

    Attributes:
        metric: the figure's full name, or ``preference``.
        condition: the gate file's key, such as ``at_most``.
        asked: what it was to be, as text; empty for a condition without a number.
        difference: candidate minus champion, where the two were compared.
        win_rate: the study's, for ``preference``.
    """

    metric: str
    condition: str
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
    rows: tuple[Row, ...]

    @property
    def reason(self) -> str:
        """Why, or why not, in one line."""
        return "; ".join(dict.fromkeys(r.reason for r in self.rows if r.passed == self.promote))


def decide(
    gate: Gate, candidate: Evidence, champion: Evidence | None, study: WinRate | None = None
) -> Decision:
    """Hold the candidate against every condition of ``gate``.

    Without a champion the comparisons pass, but not for a figure that is not finite.

    Args:
        study: the win rate of the candidate; None when there was no study.
    """
    rows = [
        row
        for name, asked in gate.metrics.items()
        for row in _metric_rows(name, asked, candidate, champion)
    ]
    if gate.preference is not None:
        rows.append(_preference_row(gate.preference, study))
    return Decision(all(row.passed for row in rows), tuple(rows))


def _metric_rows(
    name: str, asked: MetricGate, candidate: Evidence, champion: Evidence | None
) -> Iterator[Row]:
    mine = candidate.figures.get(name)
    for condition, limit in _conditions(asked):
        words = "" if limit is None else f"{limit:g}"
        if asked.certain and limit is not None:
            words += ", for certain"
        if mine is None:
            yield Row(name, condition, words, False, f"no {name} {_recorded(name, candidate)}")
        elif not mine.finite:
            yield Row(name, condition, words, False, f"its {mine} is not finite", mine)
        elif condition in ("at_most", "at_least"):
            assert limit is not None
            passed, reason = _absolute(mine, condition, limit, asked.certain)
            yield Row(name, condition, words, passed, reason, mine)
        elif champion is None:
            yield Row(name, condition, words, True, "there was no champion", mine)
        else:
            theirs = champion.figures.get(name)
            found = difference(name, candidate, champion)
            if isinstance(found, str):
                yield Row(name, condition, words, False, found, mine, theirs)
            else:
                passed, reason = _compared(name, condition, limit, found, asked.certain)
                reason = f"{reason}: {mine} against the champion's {theirs}"
                yield Row(name, condition, words, passed, reason, mine, theirs, found)


def _conditions(asked: MetricGate) -> Iterator[tuple[str, float | None]]:
    if asked.at_most is not None:
        yield "at_most", asked.at_most
    if asked.at_least is not None:
        yield "at_least", asked.at_least
    if asked.better_than_champion:
        yield "better_than_champion", None
    if asked.not_worse_than_champion_by is not None:
        yield "not_worse_than_champion_by", asked.not_worse_than_champion_by


def _absolute(mine: Figure, condition: str, limit: float, certain: bool) -> tuple[bool, str]:
    if condition == "at_most":
        passed = (mine.high if certain else mine.value) <= limit
        return passed, f"{mine} is {'at most' if passed else 'not at most'} {limit:g}"
    passed = (mine.low if certain else mine.value) >= limit
    return passed, f"{mine} is {'at least' if passed else 'not at least'} {limit:g}"


def _compared(
    name: str, condition: str, limit: float | None, found: Difference, certain: bool
) -> tuple[bool, str]:
    loss = found if lower_is_better(name) else found.negated()
    how = "by the paired difference" if found.paired else "by the intervals"
    if limit is not None:
        passed = (loss.high if certain else loss.value) <= limit
        return passed, f"{'not worse' if passed else 'worse'} by more than {limit:g}, {how}"
    if loss.high < 0:
        return True, f"better, {how}"
    if loss.low > 0:
        return False, f"worse, {how}"
    beyond = "its paired difference's interval" if found.paired else "the intervals"
    return False, f"not better beyond {beyond}"


def _preference_row(asked: PreferenceGate, study: WinRate | None) -> Row:
    condition, limit = "win_rate_above", asked.win_rate_above
    words = f"{limit:g}"
    if study is None:
        reason = "no study" + ("" if asked.required else ", and none is required")
        return Row("preference", condition, words, not asked.required, reason)
    if study.low is None or study.value is None:
        reason = f"the study's win rate has no interval: {study.without}"
        return Row("preference", condition, words, False, reason, win_rate=study)
    passed = study.low > limit
    interval = f"{study.value:.3g} [{study.low:.3g}, {study.high:.3g}]"
    side = "above" if passed else "not above"
    who = "as the study's " + ("baseline" if study.side == "baseline" else "fine-tuned model")
    reason = f"the win rate {interval} of {study.choices} choices, {who}, lies {side} {limit:g}"
    return Row("preference", condition, words, passed, reason, win_rate=study)


def _recorded(name: str, evidence: Evidence) -> str:
    close = difflib.get_close_matches(name, list(evidence.figures), n=3, cutoff=0.5)
    known = close or list(evidence.figures)[:5]
    return f"in its record, which has {', '.join(known) or 'no figure'}"
