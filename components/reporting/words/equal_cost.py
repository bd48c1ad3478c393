"""Samplers compared at equal cost: a step of one solver may be two network evaluations."""

from collections import Counter
from collections.abc import Collection, Sequence

from components.reporting.cells import Cell
from components.reporting.words.contrasts import Axis, Contrast, compared, groups, held_words
from components.reporting.words.naming import count, evaluations_words, phrase, sampler_name

NEAR = 0.1
"""Network evaluations count as equal when they differ by at most this share."""
SAMPLERS = tuple(
    f"sampling.{name}"
    for name in ("solver", "steps", "grid", "eta", "variance", "churn", "tolerance")
    + ("corrector_steps", "corrector_snr")
)
"""What changes how the reverse process is solved, but not which one it is."""


def at_equal_cost(
    cells: Sequence[Cell], metric: str, known: Collection[frozenset[str]] = ()
) -> Axis:
    """Samplers of one network whose network evaluations are about equal, whatever their steps.

    Args:
        cells: all cells, with the metric.
        metric: the one that ranks them.
        known: sets of cells that are compared elsewhere, and so left out.
    """
    contrasts: list[Contrast] = []
    for related in groups(cells, SAMPLERS.__contains__):
        held = held_words(related[0], cells, SAMPLERS.__contains__)
        for evaluations, near in _about_equal(related):
            steps = Counter(cell.sampling["steps"] for cell in near).most_common(1)[0][0]
            names = [_sampler(cell, related, evaluations, steps) for cell in near]
            at = f"at {evaluations_words(evaluations)}, {count(steps, 'step')} unless noted"
            contrasts += compared(
                near, names, metric, f"With {held}, {at}" if held else at.capitalize()
            )
    about = (
        "Solvers differ in what a step costs. These are cells whose network evaluations an image "
        f"are equal or differ by at most {100 * NEAR:g} %."
    )
    unknown = tuple(c for c in contrasts if c.cells not in known)
    return Axis("equal network evaluations", unknown, about)


def _about_equal(cells: Sequence[Cell]) -> list[tuple[float, list[Cell]]]:
    """Cells by cost: the number of evaluations that most of them share, and those near to it."""
    left = [(cell.evaluations, cell) for cell in cells]
    found = []
    while left:
        costs = [cost for cost, _ in left]
        shared = max(costs, key=lambda c: (sum(_near(c, d) for d in costs), costs.count(c)))
        found.append((shared, [cell for cost, cell in left if _near(shared, cost)]))
        left = [(cost, cell) for cost, cell in left if not _near(shared, cost)]
    return sorted(found, key=lambda pair: pair[0])


def _near(shared: float, cost: float) -> bool:
    return abs(cost - shared) <= NEAR * shared


def _sampler(cell: Cell, related: Sequence[Cell], evaluations: float, steps: int) -> str:
    """Solver and, in parentheses, what else tells it from others of this cost."""
    samplings = [other.sampling for other in related]
    notes = [sampler_name(cell.sampling, samplings, without=("solver", "steps"))]
    if cell.sampling["steps"] != steps:
        notes.append(phrase("sampling.steps", cell.sampling["steps"]))
    if cell.evaluations != evaluations:
        notes.append(evaluations_words(cell.evaluations))
    note = ", ".join(filter(None, notes))
    return f"{cell.sampling['solver']} ({note})" if note else str(cell.sampling["solver"])
