"""How figures stand to the best of them: by paired differences, or by their intervals.

Which figures may be compared and which pair is `components.figures.comparison`'s to say. The
p-values of those that pair are Holm's over all pairs that are compared at once. Where two do not
pair, they differ when their intervals share no point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.figures.comparison import difference, differing, unpaired
from components.figures.figure import (
    Figure,
    decimals_of,
    direction,
    plain,
    scale_of,
    sign,
    unit_of,
)
from components.figures.statistics.paired import AgainstBest, Difference, against_best

BEST, NOISE, WORSE = "best", "within noise of the best", "worse than the best"
UNLIKE = "other protocol: not comparable"
BETTER = "better than the chosen one"
CHOSEN = "chosen by another metric"


@dataclass(frozen=True)
class Standing:
    """How one figure stands to the best.

    Attributes:
        kind: `BEST`, `NOISE`, `WORSE`, `BETTER`, `UNLIKE`, or empty where nothing ranks it.
        metric: of which figure; empty where there is none.
        difference: the figure less that of the best; None where there is nothing to compare.
        p: the p-value of no difference, after Holm's correction; None where it was not paired.
        reason: why it was not.
        apart: what differs in its protocol from the best one's, such as ``other holdout``; empty
            where nothing does.
        against: of such a row, which one is the best of its own protocol; None where it is alone.
    """

    kind: str
    metric: str = ""
    difference: Difference | None = None
    p: float | None = None
    reason: str = ""
    apart: str = ""
    against: int | None = None

    @property
    def words(self) -> str:
        """The kind; of a row of another protocol with what differs in that."""
        if not self.apart:
            return self.kind
        told = "not comparable" if self.kind == UNLIKE else self.kind
        return f"{self.apart}: {told.replace('best', 'best there')}"

    @property
    def paired(self) -> bool:
        """Whether it was compared with the best seed by seed."""
        return self.difference is not None and self.difference.paired

    @property
    def how_far(self) -> str:
        """Whether it lies beyond the noise, or within it."""
        near = "within noise" if self.paired else "within the intervals"
        return near if self.kind == NOISE else self.how

    @property
    def how(self) -> str:
        """What a difference lies outside of, in words."""
        return "beyond noise" if self.paired else "outside the intervals"

    def text(self) -> str:
        """The difference as ``+value [low, high]``; of shares in percentage points."""
        return f"{self.short()} {self.interval()}"

    def short(self) -> str:
        """The difference alone: ``+value``."""
        return f"{plain(self.scaled()[0], self.decimals(), '+')}{self.points()}"

    def interval(self) -> str:
        """The difference's ``[low, high]``."""
        _, low, high = (plain(x, self.decimals(), "+") for x in self.scaled())
        return f"[{low}, {high}]"

    def compact(self) -> str:
        """The difference as ``+value ±half``."""
        value, low, high = self.scaled()
        decimals = self.decimals()
        return f"{plain(value, decimals, '+')} ±{max(high - value, value - low):.{decimals}f}"

    def size(self) -> str:
        """``value ±half`` without its sign; of shares in percentage points."""
        return f"{self.compact()[1:]}{self.points()}"

    def p_text(self) -> str:
        """The adjusted p-value: two digits, and never 0; empty where there is none."""
        if self.p is None:
            return ""
        return "<0.001" if self.p < 0.001 else f"{self.p:.2g}" if self.p < 0.1 else f"{self.p:.2f}"

    def scaled(self) -> tuple[float, float, float]:
        """The difference and the ends of its interval as they are shown."""
        assert self.difference is not None
        scale, of = scale_of(self.metric), self.difference
        return scale * of.value, scale * of.low, scale * of.high

    def decimals(self) -> int:
        """With how many decimals that is written."""
        value, low, high = self.scaled()
        return decimals_of((high - low) / 2, value)

    def points(self) -> str:
        """What stands behind the difference of shares."""
        return " points" if unit_of(self.metric) else ""


def standings(
    rows: Sequence[Mapping[str, Figure]], metric: str | None, best: int | None = None
) -> list[Standing]:
    """How each row stands to the best one by ``metric``.

    Rows that were measured by another protocol, and figures that are no numbers, are not ranked.
    A metric of no known direction ranks nothing, but has differences from a given best.

    Args:
        rows: metric → figure, for each row.
        metric: the one that ranks them.
        best: the row to compare with; None takes the one with the best value.
    """
    if metric is None:
        return [Standing("")] * len(rows)
    ranked = {i: row[metric] for i, row in enumerate(rows) if metric in row and row[metric].finite}
    if not ranked or (best not in ranked and direction(metric) == "neither"):
        return [Standing("")] * len(rows)
    top = best if best in ranked else min(ranked, key=lambda i: sign(metric) * ranked[i].value)
    reasons = {i: unpaired(f, ranked[top]) for i, f in ranked.items() if i != top}
    family = _family({i: f for i, f in ranked.items() if not reasons.get(i)}, top)
    return [
        _best(metric)
        if i == top
        else _standing(ranked[i], ranked[top], family.get(i), reasons[i])
        if i in ranked
        else Standing("")
        for i in range(len(rows))
    ]


def between(one: Figure, other: Figure) -> Standing:
    """How ``one`` stands to ``other``: `NOISE`, `WORSE`, `BETTER` or `UNLIKE`."""
    return standings([{one.metric: other}, {one.metric: one}], one.metric, best=0)[1]


def pairing_notes(standing: Sequence[Standing]) -> list[str]:
    """A sentence for each reason why rows were compared by their intervals."""
    reasons = [s.reason for s in standing if s.reason and s.kind not in (BEST, UNLIKE)]
    return [
        f"{reasons.count(reason)} compared with the best by whether intervals overlap: {reason}"
        for reason in dict.fromkeys(reasons)
    ]


def _family(figures: Mapping[int, Figure], top: int) -> dict[int, AgainstBest]:
    """Each figure that pairs with that of ``top`` beside it, with adjusted p-values.

    The family of Holm's correction is all pairs, since the same figures may have chosen which is
    best (`components.figures.statistics.paired.against_best`).
    """
    return against_best(
        {i: figure.measured for i, figure in figures.items()},
        direction(figures[top].metric) == "lower",
        figures[top].confidence,
        same_seeds=lambda a, b: not unpaired(figures[a], figures[b]),
        best=top,
    )


def _best(metric: str) -> Standing:
    return Standing("" if direction(metric) == "neither" else BEST, metric)


def _standing(figure: Figure, top: Figure, pair: AgainstBest | None, reason: str) -> Standing:
    if differing(figure, top):
        return Standing(UNLIKE, figure.metric, None, None, reason)
    found, p = (pair.difference, pair.adjusted) if pair else (difference(figure, top), None)
    apart = found.apart(top.confidence) if p is None else p <= 1 - top.confidence
    kind = "" if direction(figure.metric) == "neither" else NOISE
    if apart and kind:
        kind = WORSE if sign(figure.metric) * found.value > 0 else BETTER
    return Standing(kind, figure.metric, found, p, reason)
