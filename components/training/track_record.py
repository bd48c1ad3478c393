"""How a run has done by its chosen figure: its best evaluation, and how long it has been worse.

What is decided here follows from the rows of evaluations.csv alone, so that a run that was killed
and resumed decides as an undisturbed one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """The chosen figure of one evaluation; all finite."""

    step: int
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class TrackRecord:
    """How a run has done so far.

    Attributes:
        best: the evaluation with the best value, the earliest of equals; None before the first.
        worse: how many evaluations in a row, up to the latest, were worse than the best by more
            than the interval: their interval lies wholly on the worse side of the best's, the two
            have no point in common. Evaluations that were missed neither count nor break the row.
    """

    best: Mark | None = None
    worse: int = 0

    def after(self, mark: Mark, lower: bool) -> "TrackRecord":
        """The record once ``mark`` is known; ``lower``: whether low values are good."""
        best = self.best
        if best is None or (mark.value < best.value if lower else mark.value > best.value):
            return TrackRecord(mark)
        behind = mark.low > best.high if lower else mark.high < best.low
        return TrackRecord(best, self.worse + 1 if behind else 0)


def track_record(marks: Iterable[Mark], lower: bool) -> TrackRecord:
    """The record after all of ``marks``, which are in order of their steps."""
    now = TrackRecord()
    for mark in marks:
        now = now.after(mark, lower)
    return now


def marks_of(metric: str, rows: Iterable[Mapping[str, str]]) -> list[Mark]:
    """One metric's marks from the rows of evaluations.csv."""
    return [
        Mark(int(r["step"]), metric, float(r["value"]), float(r["low"]), float(r["high"]))
        for r in rows
        if r["metric"] == metric
    ]
