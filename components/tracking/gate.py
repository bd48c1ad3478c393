"""Who becomes champion: only a model that is better beyond both intervals, measured alike."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.errors import AlphabarError

LOWER_IS_BETTER = ("fd_", "kd_", "fid", "kid")
HIGHER_IS_BETTER = ("clip_score", "recognised")
PROTOCOL = (
    "n_generated",
    "n_reference",
    "extractor",
    "resize",
    "reference",
    "data_hash",
    "confidence",
    "interval",
)
"""The fields that must agree before two figures may be compared."""


@dataclass(frozen=True)
class Figure:
    """A measured figure, its interval, and how it was measured (values as text)."""

    metric: str
    value: float
    low: float
    high: float
    protocol: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.metric} {self.value:.6g} [{self.low:.6g}, {self.high:.6g}]"


@dataclass(frozen=True)
class Decision:
    """Whether the candidate becomes champion, and why."""

    promote: bool
    reason: str


def figure(record: Mapping[str, Any]) -> Figure:
    """The figure in ``record``: a record of ``metrics.json`` and its name as ``metric``.

    Raises:
        AlphabarError: a field is missing, or nobody knows whether the metric should be high or
            low.
    """
    try:
        protocol = {name: str(record[name]) for name in PROTOCOL if record.get(name) is not None}
        value, low, high = (float(record[name]) for name in ("value", "low", "high"))
        result = Figure(str(record["metric"]), value, low, high, protocol)
    except (KeyError, TypeError, ValueError) as error:
        raise AlphabarError(
            f"the figure to register a model by is incomplete: {error}",
            "give metric, value, low and high, as evaluate's metrics.json has them",
        ) from error
    lower_is_better(result.metric)
    return result


def lower_is_better(metric: str) -> bool:
    """The metric's direction. Raises AlphabarError when it is not known."""
    if metric.startswith(LOWER_IS_BETTER):
        return True
    if metric.startswith(HIGHER_IS_BETTER):
        return False
    raise AlphabarError(
        f"nobody knows whether a high or a low `{metric}` is good",
        "choose the champion by one of "
        + ", ".join(f"{start}..." for start in LOWER_IS_BETTER + HIGHER_IS_BETTER),
    )


def decide(candidate: Figure, champion: Figure | None) -> Decision:
    """Compare the candidate with the present champion.

    A candidate without a finite figure never becomes champion, not even the first.
    """
    if not all(map(math.isfinite, (candidate.value, candidate.low, candidate.high))):
        return Decision(False, f"its {candidate} is not finite")
    if champion is None:
        return Decision(True, "there was no champion")
    if candidate.metric != champion.metric:
        return Decision(
            False,
            f"not comparable: measured by {candidate.metric}, the champion by {champion.metric}",
        )
    differing = [
        f"{name} {candidate.protocol.get(name)} against {champion.protocol.get(name)}"
        for name in PROTOCOL
        if candidate.protocol.get(name) != champion.protocol.get(name)
    ]
    if differing:
        return Decision(False, f"not comparable, the protocols differ: {', '.join(differing)}")
    if lower_is_better(candidate.metric):
        better, worse = candidate.high < champion.low, candidate.low > champion.high
    else:
        better, worse = candidate.low > champion.high, candidate.high < champion.low
    if better:
        return Decision(True, f"better: {candidate} against the champion's {champion}")
    how = "worse" if worse else "not better beyond the intervals"
    return Decision(False, f"{how}: {candidate} against the champion's {champion}")
