"""How figures stand to the best of them: by paired differences, or by their intervals.

Cells that were drawn from the same seeds for the same prompts are compared by the difference of
what each image adds to the figure, which holds much less noise than two intervals do. The p-values
are Holm's over all pairs that are compared at once. Where two cells do not pair, or
were evaluated before pseudo-values were kept, they differ when their intervals share no point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.figures.draws import Draws
from components.figures.figure import Figure, decimals_of, direction, scale_of, sign, unit_of
from components.figures.statistics.intervals import Estimate, Floats
from components.figures.statistics.measured import Measured
from components.figures.statistics.paired import AgainstBest, against_best
from components.spec.metrics import INTERVAL

BEST, NOISE, WORSE = "best", "within noise of the best", "worse than the best"
UNLIKE = "other protocol: not comparable"
BETTER = "better than the chosen one"
CHOSEN = "chosen by another metric"


@dataclass(frozen=True)
class Gap:
    """A figure minus that of the best.

    Attributes:
        metric: of which figure.
        value, low, high: the difference and its own interval, in the metric's unit.
        p: the p-value of no difference, after Holm's correction.
        paired: whether the images were compared seed by seed.
    """

    metric: str
    value: float
    low: float
    high: float
    p: float
    paired: bool

    def text(self) -> str:
        """``+value [low, high]``; of shares in percentage points."""
        decimals, scale = self._decimals(), scale_of(self.metric)
        value, low, high = (f"{scale * x:+.{decimals}f}" for x in (self.value, self.low, self.high))
        points = " points" if unit_of(self.metric) else ""
        return f"{value}{points} [{low}, {high}]"

    def compact(self) -> str:
        """``+value ±half``."""
        decimals, scale = self._decimals(), scale_of(self.metric)
        half = scale * max(self.high - self.value, self.value - self.low)
        return f"{scale * self.value:+.{decimals}f} ±{half:.{decimals}f}"

    def size(self) -> str:
        """``value ±half`` without its sign; of shares in percentage points."""
        points = " points" if unit_of(self.metric) else ""
        return f"{self.compact()[1:]}{points}"

    def p_text(self) -> str:
        """The adjusted p-value: two digits, and never 0."""
        return "<0.001" if self.p < 0.001 else f"{self.p:.2g}" if self.p < 0.1 else f"{self.p:.2f}"

    def _decimals(self) -> int:
        half = scale_of(self.metric) * (self.high - self.low) / 2
        return decimals_of(half, scale_of(self.metric) * self.value)


@dataclass(frozen=True)
class Standing:
    """How one figure stands to the best.

    Attributes:
        kind: `BEST`, `NOISE`, `WORSE`, `BETTER`, `UNLIKE`, or empty where nothing ranks it.
        gap: the paired difference; None where it was not taken.
        reason: why it was not.
    """

    kind: str
    gap: Gap | None = None
    reason: str = ""

    @property
    def how(self) -> str:
        """What a difference lies outside of, in words."""
        return "beyond noise" if self.gap else "outside the intervals"


def standings(
    rows: Sequence[Mapping[str, Figure]], metric: str | None, best: int | None = None
) -> list[Standing]:
    """How each row stands to the best one by ``metric``.

    Rows that were measured by another protocol are not ranked. A metric of no known direction
    ranks nothing.

    Args:
        rows: metric → figure, for each row.
        metric: the one that ranks them.
        best: the row to compare with; None takes the one with the best value.
    """
    ranked = {i: figures[metric] for i, figures in enumerate(rows) if metric and metric in figures}
    if metric is None or not ranked or direction(metric) == "neither":
        return [Standing("")] * len(rows)
    top = best if best in ranked else min(ranked, key=lambda i: sign(metric) * ranked[i].value)
    reasons = {i: unpaired(f, ranked[top]) for i, f in ranked.items() if i != top}
    gaps = gaps_from({i: f for i, f in ranked.items() if not reasons.get(i)}, top)
    return [
        Standing(BEST)
        if i == top
        else _standing(ranked[i], ranked[top], gaps.get(i), reasons[i])
        if i in ranked
        else Standing("")
        for i in range(len(rows))
    ]


def between(one: Figure, other: Figure) -> Standing:
    """How ``one`` stands to ``other``: `NOISE`, `WORSE`, `BETTER` or `UNLIKE`."""
    return standings([{one.metric: other}, {one.metric: one}], one.metric, best=0)[1]


def gaps_from(figures: Mapping[int, Figure], top: int) -> dict[int, Gap]:
    """The difference of each figure from that of ``top``, with adjusted p-values.

    Two figures are compared seed by seed where they pair (`unpaired`). The family of Holm's
    correction is all pairs, since the same figures may have chosen which is best
    (`components.figures.statistics.paired.against_best`).

    Args:
        figures: of one metric and one protocol; the one of ``top`` is among them.
    """
    metric = figures[top].metric
    found = against_best(
        {i: _measured(figure) for i, figure in figures.items()},
        direction(metric) == "lower",
        figures[top].confidence,
        same_seeds=lambda a, b: not unpaired(figures[a], figures[b]),
        best=top,
    )
    return {i: _gap(metric, each) for i, each in found.items() if i != top}


def gaps_of(rows: Sequence[Mapping[str, Figure]], metric: str, top: int) -> dict[int, Gap]:
    """The difference of ``metric`` from that of ``top``, of each row that is comparable with it.

    Args:
        rows: metric → figure, for each row; that of ``top`` has the metric.
        metric: which is compared.
        top: the row to compare with.
    """
    own = rows[top][metric].protocol
    alike = {
        i: figures[metric]
        for i, figures in enumerate(rows)
        if metric in figures and figures[metric].protocol == own
    }
    return gaps_from(alike, top)


def unpaired(one: Figure, other: Figure) -> str:
    """Why two figures cannot be paired, in words; empty when they can."""
    if one.protocol != other.protocol:
        return "other protocol"
    if one.record.get(INTERVAL) != other.record.get(INTERVAL):
        return "other kind of interval"
    if one.draws is None or other.draws is None:
        return "pseudo-values are not recorded"
    if one.draws.seeds is None or other.draws.seeds is None:
        return "seeds are not known"
    if not np.array_equal(one.draws.seeds, other.draws.seeds):
        return "other seeds"
    if one.draws.prompts is None or other.draws.prompts is None:
        return "prompts are not known"
    if one.draws.prompts != other.draws.prompts:
        return "other prompts"
    return "" if _alike(one.draws, other.draws) else "other pseudo-values"


def pairing_notes(standing: Sequence[Standing]) -> list[str]:
    """A sentence for each reason why rows were compared by their intervals."""
    reasons = [s.reason for s in standing if s.reason and s.kind not in (BEST, UNLIKE)]
    return [
        f"{reasons.count(reason)} compared with the best by whether intervals overlap: {reason}"
        for reason in dict.fromkeys(reasons)
    ]


def _gap(metric: str, each: AgainstBest) -> Gap:
    d = each.difference
    return Gap(metric, d.value, d.low, d.high, each.adjusted, d.paired)


def _standing(figure: Figure, top: Figure, gap: Gap | None, reason: str) -> Standing:
    if figure.protocol != top.protocol:
        return Standing(UNLIKE, None, reason)
    apart = gap.p <= 1 - top.confidence if gap else not figure.overlaps(top)
    if not apart:
        return Standing(NOISE, gap, reason)
    worse = sign(figure.metric) * (figure.value - top.value) > 0
    return Standing(WORSE if worse else BETTER, gap, reason)


def _alike(one: Draws, other: Draws) -> bool:
    """Whether the pseudo-values of both are of the same groups, and are numbers."""
    return all(
        _fit(getattr(one, part), getattr(other, part))
        for part in ("generated", "reference", "crossed")
    )


def _fit(one: Floats | None, other: Floats | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.shape == other.shape and bool(np.isfinite(one).all() and np.isfinite(other).all())


def _measured(figure: Figure) -> Measured:
    method, draws = str(figure.record.get(INTERVAL, "")), figure.draws
    estimate = Estimate(figure.value, figure.low, figure.high, figure.confidence, method)
    if draws is None:
        return Measured(estimate)
    return Measured(estimate, draws.generated, draws.reference, draws.crossed)
