"""The one rule for two figures: may they be compared, do they pair, and how far are they apart?

Figures are comparable when their protocols agree. They pair when, besides, their images were made
from the same seeds for the same prompts, and the pseudo-values belong to one method of interval:
then the difference of what each image adds holds much less noise than two intervals do. Report,
tables, gate and promotion all ask here.
"""

import numpy as np

from components.figures.figure import Figure
from components.figures.protocol import COMPARED
from components.figures.statistics import paired
from components.figures.statistics.intervals import Floats
from components.figures.statistics.paired import Difference, has_spread

OTHER_PROTOCOL = "other protocol"


def differing(one: Figure, other: Figure) -> list[str]:
    """The parts of the protocol that keep two figures from being compared; mostly none."""
    mine, theirs = one.compared, other.compared
    return [part for part in COMPARED if mine[part] != theirs[part]]


def unpaired(one: Figure, other: Figure) -> str:
    """Why two figures cannot be paired, in words; empty when they can."""
    if differing(one, other):
        return OTHER_PROTOCOL
    mine, theirs = one.measured, other.measured
    if mine.estimate.method != theirs.estimate.method:
        return "other kind of interval"
    if mine.generated is None or theirs.generated is None:
        return "pseudo-values are not recorded"
    if one.origins is None or other.origins is None:
        return "seeds are not known"
    if not np.array_equal(one.origins.seeds, other.origins.seeds):
        return "other seeds"
    if one.origins.prompts != other.origins.prompts:
        return "other prompts"
    parts = ("generated", "reference", "crossed")
    if not all(_fit(getattr(mine, part), getattr(theirs, part)) for part in parts):
        return "other pseudo-values"
    return "" if has_spread(mine) and has_spread(theirs) else "pseudo-values do not vary"


def difference(one: Figure, other: Figure) -> Difference:
    """``one`` less ``other``: of the pair, or else the widest that the two intervals allow, so that
    it lies off zero just where they share no point.

    Args:
        one, other: comparable figures, both finite.
    """
    if not unpaired(one, other):
        return paired.difference(one.measured, other.measured, one.confidence, same_seeds=True)
    ends = one.low - other.high, one.high - other.low
    return Difference(one.value - other.value, *ends, None, False)


def _fit(one: Floats | None, other: Floats | None) -> bool:
    """Whether pseudo-values are of the same images or groups, and are numbers."""
    if one is None or other is None:
        return one is other
    return one.shape == other.shape and bool(np.isfinite(one).all() and np.isfinite(other).all())
