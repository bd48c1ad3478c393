"""What a fine-tune may cost the base: the file's own limits, and which models keep them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.errors import first_of
from components.figures.figure import Figure, readable, sign
from components.figures.judgement import Figures
from components.figures.likeness import Likeness
from components.spec.metrics import DRIFT, family_of


@dataclass(frozen=True)
class Limits:
    """The section `finetune.limits`; None for no limit.

    Attributes:
        drift: the most that the feature drift may be.
        base_distance: the most that the distance to the base's own holdout may be, in times what
            it was before.
    """

    drift: float | None = None
    base_distance: float | None = None

    @classmethod
    def of(cls, section: Mapping[str, float | None]) -> "Limits":
        return cls(section["drift_at_most"], section["base_fd_at_most"])

    def words(self) -> str:
        """All that are set, as in ``drift at most 0.2``; empty for none."""
        found = []
        if self.drift is not None:
            found.append(f"a feature drift of at most {self.drift:g}")
        if self.base_distance is not None:
            found.append(f"at most {self.base_distance:g} times the distance to the base's holdout")
        return " and ".join(found)

    def excess(self, drifted: Figures, before: Figures, metric: str) -> float:
        """How far a model is beyond the limits: 0 where it keeps them, else the largest part by
        which one is exceeded; infinite where what one limits was not measured, or is no number.

        Args:
            drifted: the tuned model's figures against the base's holdout, its drift among them.
            before: the base's own.
            metric: the distance that ranks.
        """
        parts = [0.0]
        if self.drift is not None:
            parts.append(_beyond(drift_in(drifted, metric), self.drift))
        if self.base_distance is not None:
            base = before.get(metric)
            most = self.base_distance * base.value if base else math.nan
            parts.append(_beyond(drifted.get(metric), most))
        return max(parts)


def drift_in(figures: Figures, metric: str) -> Figure | None:
    """The feature drift by the network that judges ``metric``, where both were measured."""
    judge = _extractor([figures], metric)
    return next(
        (
            figure
            for name, figure in figures.items()
            if family_of(name) == DRIFT and figure.protocol.extractor == judge
        ),
        None,
    )


def _extractor(sets: Sequence[Figures], metric: str) -> str | None:
    """Who judges ``metric``, by its record: names such as `fid` do not say it."""
    return next((each[metric].protocol.extractor for each in sets if metric in each), None)


@dataclass(frozen=True)
class Choice:
    """The fine-tune that is chosen, and why.

    Attributes:
        best: its number.
        kept: how many keep the limits.
        unknown: the numbers of those of which that is not known; they count as not keeping them.
    """

    best: int
    kept: int
    unknown: tuple[int, ...] = ()


@dataclass(frozen=True)
class Gain:
    """What fine-tunes are ranked by: the less the better.

    Attributes:
        words: what it is called, behind ``the best``.
        values: of each; None where it was not measured.
        judge: the extractor whose likeness it is; empty for a distance.
    """

    words: str
    values: Sequence[float | None]
    judge: str = ""


def gain_of(
    adapted: Sequence[Figures], likenesses: Sequence[Mapping[str, Likeness]], metric: str
) -> Gain:
    """The likeness to the subject where every model has learnt one, else the distance ``metric``.

    Args:
        adapted: each model's figures against the new data's holdout.
        likenesses: each model's, by extractor; empty for one without a subject.
    """
    judge = _extractor(adapted, metric) or ""
    known = [found[judge].tuned.value for found in likenesses if judge in found]
    if known and len(known) == len(adapted):
        ranks = [-value if math.isfinite(value) else None for value in known]
        return Gain("likeness to the subject", ranks, judge)
    values = [_rank(figures.get(metric)) for figures in adapted]
    return Gain(f"{readable(metric)} to the new holdout", values)


def choose(
    gain: Gain, drifted: Sequence[Figures], before: Figures, metric: str, limits: Limits
) -> Choice:
    """The fine-tune with the best gain of those that keep the limits; where none does, the one
    that exceeds them least, and where that is known of none, the one with the best gain.

    Args:
        drifted: each model's figures against the base's holdout, its drift among them.
        before: the base's own.
        metric: the distance that ranks.
    """
    beyond = [limits.excess(figures, before, metric) for figures in drifted]
    unknown = tuple(i for i, part in enumerate(beyond) if math.isinf(part))

    def order(i: int) -> tuple[float, float, int]:
        gained = gain.values[i]
        return beyond[i], math.inf if gained is None else gained, i

    able = [i for i, part in enumerate(beyond) if part == 0]
    measured = [i for i in able if gain.values[i] is not None]
    best = min(measured or range(len(beyond)), key=order)
    return Choice(best, len(able), unknown)


def reason(choice: Choice, names: Sequence[str], gain: Gain, limits: Limits) -> str:
    """Why the choice is what it is, in a sentence or two; empty where there was none."""
    said, count = limits.words(), len(names)
    if count < 2 and not said:
        return ""
    name = names[choice.best] or "The fine-tune"
    if not said:
        return f"Of {count} fine-tunes, {name} has the best {gain.words}."
    allowed = f"The file allows {said}"
    if count == 1 and not choice.unknown:
        return f"{allowed}, which the fine-tune {'keeps' if choice.kept else 'does not keep'}."
    if count == 1:
        return f"{allowed}: the fine-tune does not count as keeping that. {_UNMEASURED} of it."
    unknown = ""
    if choice.unknown:
        unknown = f" {_UNMEASURED} of {first_of([names[i] for i in choice.unknown])}."
    if len(choice.unknown) == count:
        chosen = f"{name} has the best {gain.words}"
        return f"{allowed}: none of {count} counts as keeping that; {chosen}. {_UNMEASURED} of any."
    if not choice.kept:
        return f"{allowed}: none of {count} keeps that; {name} exceeds it least.{unknown}"
    if choice.kept == 1:
        return f"{allowed}: of {count}, {name} alone keeps that.{unknown}"
    best = f"of which {name} has the best {gain.words}"
    return f"{allowed}: {choice.kept} of {count} keep that, {best}.{unknown}"


_UNMEASURED = "What is limited was not measured, or is no finite number,"


def _rank(figure: Figure | None) -> float | None:
    return sign(figure.metric) * figure.value if figure and figure.finite else None


def _beyond(figure: Figure | None, most: float) -> float:
    if figure is None or not math.isfinite(figure.value) or not math.isfinite(most):
        return math.inf
    return max(0.0, figure.value / most - 1.0) if most > 0 else float(figure.value > 0)
