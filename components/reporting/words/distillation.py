"""What a model of few steps is worth, in words: against the baseline's samplers, at equal cost."""

from collections.abc import Sequence

from components.figures.figure import Figure, readable, sign
from components.figures.standing import BETTER, NOISE, UNLIKE, between, standings
from components.reporting.cells import Cell
from components.reporting.results import Results
from components.reporting.words.contrasts import groups
from components.reporting.words.equal_cost import SAMPLERS
from components.reporting.words.naming import count, evaluations_words

YARDSTICK = "ddim"
"""The solver that such a model is measured against."""


def finding(cell: Cell, results: Results) -> str:
    """A paragraph about the fine-tuned model under one sampling setting; empty without a distance.

    It compares with the baseline's DDIM at the next number of evaluations, says what the baseline
    must spend to get as far, and how the best baseline stands to it.
    """
    tuned, metric = results.finetuned, results.metric
    if tuned is None or metric is None or metric not in cell.figures:
        return ""
    figure, rivals = cell.figures[metric], rivals_of(results)
    done = tuned.words.done
    several = len({each.model for each in tuned.cells}) > 1
    model = f"{done} model, {cell.model.replace(',', ', ')}," if several else f"{done} model"
    parts = [f"The {model} at {_cost(cell)}: {readable(metric)} {figure.text()}."]
    if other := yardstick(cell, rivals):
        parts.append(
            _against(figure, done, f"The baseline's {_named(other)}", other.figures[metric])
        )
    parts.append(_reached(cell, rivals, metric))
    if metric in tuned.baseline:
        best = f"The best baseline, {_named(results.chosen)},"
        parts.append(_against(figure, done, best, tuned.baseline[metric]))
    return " ".join(parts)


def rivals_of(results: Results) -> list[Cell]:
    """The best baseline's network under every sampler."""
    family = next(g for g in groups(results.cells, SAMPLERS.__contains__) if results.chosen in g)
    return [c for c in family if results.metric in c.figures]


def yardstick(cell: Cell, rivals: Sequence[Cell]) -> Cell | None:
    """The cheapest DDIM cell that costs at least as much as ``cell``, or else the dearest one."""
    ddim = sorted(
        (c for c in rivals if c.sampling["solver"] == YARDSTICK), key=lambda c: c.evaluations
    )
    dearer = [c for c in ddim if c.evaluations >= cell.evaluations]
    return dearer[0] if dearer else ddim[-1] if ddim else None


def verdict(one: Figure, other: Figure) -> str:
    """How ``one`` stands to ``other``: lower or higher, and whether outside the intervals."""
    standing = between(one, other)
    if standing.kind == UNLIKE:
        return "not comparable (another protocol)"
    if one.value == other.value:
        return "the same"
    side = "lower" if one.value < other.value else "higher"
    near = "within noise" if standing.paired else "within the intervals"
    return f"{side}, {near if standing.kind == NOISE else standing.how}"


def _against(figure: Figure, done: str, name: str, other: Figure) -> str:
    return f"{name} has {other.text()}: the {done} model is {verdict(figure, other)}."


def _reached(cell: Cell, rivals: Sequence[Cell], metric: str) -> str:
    """What the baseline must spend to get as far as ``cell``."""
    rows = [{metric: c.figures[metric]} for c in (cell, *rivals)]
    standing = standings(rows, metric, best=0)[1:]
    level = [c for c, s in zip(rivals, standing, strict=True) if s.kind in (NOISE, BETTER)]
    if not level:
        return "No cell of the baseline gets as far, or near enough not to be told apart."
    first = min(level, key=lambda c: (c.evaluations, sign(metric) * c.figures[metric].value))
    return (
        "The cheapest cell of the baseline that cannot be told to be worse is "
        f"{_named(first)}, {first.figures[metric].text()}."
    )


def _named(cell: Cell) -> str:
    return f"{cell.sampling['solver']} at {_cost(cell)}"


def _cost(cell: Cell) -> str:
    steps = count(cell.sampling["steps"], "step")
    return f"{steps} ({evaluations_words(cell.evaluations)})"
