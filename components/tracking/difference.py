"""How far one version's figure is from another's, with an interval."""

from dataclasses import dataclass

import numpy as np

from components.figures.statistics import paired
from components.figures.statistics.intervals import Estimate
from components.figures.statistics.measured import Measured
from components.spec.metrics import INTERVAL, PROTOCOL
from components.tracking.evidence import Evidence


@dataclass(frozen=True)
class Difference:
    """Candidate minus champion.

    Attributes:
        low, high: the interval; without pairing the widest that the two intervals allow, so
            that it lies off zero just where they do not overlap.
        paired: whether it was taken image by image.
        p_value: of the paired test; None without pairing.
    """

    value: float
    low: float
    high: float
    paired: bool
    p_value: float | None = None

    def negated(self) -> "Difference":
        """Champion minus candidate."""
        return Difference(-self.value, -self.high, -self.low, self.paired, self.p_value)


def difference(name: str, candidate: Evidence, champion: Evidence) -> Difference | str:
    """The difference of the two in figure ``name``, or why they cannot be compared.

    It is paired where both have the pseudo-values of the figure, from the same seeds, against
    the same reference and by the same method of interval.
    """
    mine, theirs = candidate.figures[name], champion.figures.get(name)
    if theirs is None:
        known = ", ".join(list(champion.figures)[:5]) or "no figure"
        return f"not comparable: measured by {name}, the champion by {known}"
    differing = [
        f"{part} {mine.protocol.get(part)} against {theirs.protocol.get(part)}"
        for part in PROTOCOL
        if mine.protocol.get(part) != theirs.protocol.get(part)
    ]
    if differing:
        return f"not comparable, the protocols differ: {', '.join(differing)}"
    if not theirs.finite:
        return f"not comparable: the champion's {theirs} is not finite"
    return _paired(name, candidate, champion) or Difference(
        mine.value - theirs.value, mine.low - theirs.high, mine.high - theirs.low, False
    )


def _paired(name: str, candidate: Evidence, champion: Evidence) -> Difference | None:
    """The paired difference; None where the two have not been measured image by image alike.

    Their protocols are the same, so the reference is; should prompts or the reference's images
    differ all the same, pairs that have nothing in common still give an honest variance.
    """
    seeds, others = candidate.seeds, champion.seeds
    if seeds is None or others is None or not np.array_equal(seeds, others):
        return None
    methods = {each.figures[name].protocol.get(INTERVAL) for each in (candidate, champion)}
    mine, theirs = _measured(name, candidate), _measured(name, champion)
    if mine is None or theirs is None or len(methods) > 1:
        return None
    found = paired.difference(mine, theirs, mine.estimate.confidence, same_seeds=True)
    if not found.paired:
        return None
    return Difference(found.value, found.low, found.high, True, found.p_value)


def _measured(name: str, evidence: Evidence) -> Measured | None:
    generated, reference = evidence.pseudo_values.get(name, (None, None))
    if generated is None:
        return None
    figure = evidence.figures[name]
    confidence = float(figure.protocol.get("confidence", "0.95"))
    estimate = Estimate(
        figure.value, figure.low, figure.high, confidence, figure.protocol.get(INTERVAL, "")
    )
    return Measured(estimate, generated, reference, evidence.crossed.get(name))
