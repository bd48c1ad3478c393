"""What a fine-tune may cost the base: the file's own limits, and which models keep them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.figures.figure import Figure, readable, sign
from components.figures.judgement import Figures
from components.spec.metrics import DRIFT, metric_name


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
        which one is exceeded.

        Args:
            drifted: the tuned model's figures against the base's holdout, its drift among them.
            before: the base's own.
            metric: the distance that ranks.
        """
        parts = [0.0]
        drift = drifted.get(drift_of(metric))
        if self.drift is not None and drift is not None:
            parts.append(_beyond(drift.value, self.drift))
        if self.base_distance is not None and metric in drifted and metric in before:
            most = self.base_distance * before[metric].value
            parts.append(_beyond(drifted[metric].value, most))
        return max(parts)


def drift_of(metric: str) -> str:
    """The feature drift by the network that judges ``metric``."""
    return metric_name(DRIFT, metric.partition("_")[2])


@dataclass(frozen=True)
class Choice:
    """The fine-tune that is chosen, and why.

    Attributes:
        best: its number.
        kept: how many keep the limits.
    """

    best: int
    kept: int


def choose(
    adapted: Sequence[Figures],
    drifted: Sequence[Figures],
    before: Figures,
    metric: str,
    limits: Limits,
) -> Choice:
    """The fine-tune with the best ``metric`` of those that keep the limits; where none does, the
    one that exceeds them least.

    Args:
        adapted: each model's figures against the new data's holdout.
        drifted: against the base's.
        before: the base's own.
    """
    beyond = [limits.excess(figures, before, metric) for figures in drifted]
    able = [i for i, part in enumerate(beyond) if part == 0]
    known = [i for i in able if metric in adapted[i] and adapted[i][metric].finite]
    if known:
        return Choice(min(known, key=lambda i: _rank(adapted[i][metric])), len(able))
    return Choice(min(range(len(beyond)), key=lambda i: (beyond[i], i)), len(able))


def reason(choice: Choice, names: Sequence[str], metric: str, limits: Limits) -> str:
    """Why the choice is what it is, in a sentence; empty where there was none."""
    said, count = limits.words(), len(names)
    if count < 2 and not said:
        return ""
    name = names[choice.best] or "The fine-tune"
    if not said:
        return f"Of {count} fine-tunes, {name} has the best {readable(metric)} to the new holdout."
    if not choice.kept:
        which = f"none of {count} keeps" if count > 1 else "the fine-tune does not keep"
        least = f"; {name} exceeds it least" if count > 1 else ""
        return f"The file allows {said}: {which} that{least}."
    if choice.kept == 1 or count == 1:
        return (
            f"The file allows {said}: of {count}, {name} alone keeps that."
            if count > 1
            else (f"The file allows {said}, which the fine-tune keeps.")
        )
    return (
        f"The file allows {said}: {choice.kept} of {count} keep that, of which {name} has the best "
        f"{readable(metric)} to the new holdout."
    )


def _rank(figure: Figure) -> float:
    return sign(figure.metric) * figure.value


def _beyond(value: float, most: float) -> float:
    return max(0.0, value / most - 1.0) if most > 0 else float(value > 0)
