"""The comparisons along every setting of a sweep."""

from collections import Counter
from collections.abc import Sequence

from components.figures.figure import OF_NETWORKS, readable
from components.reporting.cells import Cell
from components.reporting.words.contrasts import Axis, Contrast, compared, groups, held_words
from components.reporting.words.equal_cost import at_equal_cost
from components.reporting.words.naming import (
    evaluations_words,
    phrase,
    value_words,
    varying,
)
from components.spec.sweep import is_of_network


def along_axes(cells: Sequence[Cell], metric: str) -> list[Axis]:
    """The comparisons along every setting of the sweep, between networks, and at equal cost.

    Args:
        cells: all cells; those without the metric are left out.
        metric: the one that ranks them.
    """
    cells = [cell for cell in cells if metric in cell.figures]
    paths = varying([cell.settings for cell in cells])
    axes = [_networks(cells, metric)] if sum(is_of_network(p) for p in paths) > 1 else []
    axes += [_along(path, cells, metric) for path in paths]
    axes.append(at_equal_cost(cells, metric, {c.cells for axis in axes for c in axis.contrasts}))
    axes += [_without_samples(cells, name) for name in OF_NETWORKS]
    return [axis for axis in axes if axis.contrasts]


def _along(path: str, cells: Sequence[Cell], metric: str) -> Axis:
    contrasts: list[Contrast] = []
    for group in groups(cells, path.__eq__):
        held = held_words(group[0], cells, path.__eq__)
        at = held == phrase("sampling.steps", group[0].sampling["steps"])
        held = f"{'At' if at else 'With'} {held}" if held else "All else equal"
        names = [value_words(path, cell.settings[path]) for cell in group]
        notes = {} if path == "sampling.steps" else _costs(group, names)
        contrasts += compared(group, names, metric, held, notes)
    return Axis(path, tuple(contrasts))


def _networks(cells: Sequence[Cell], metric: str) -> Axis:
    """Whole networks under one sampler."""
    contrasts: list[Contrast] = []
    for group in groups(cells, is_of_network):
        held = held_words(group[0], cells, is_of_network)
        names = [_in_a_list(cell.model) for cell in group]
        held = f"With {held}" if held else "With the same sampler"
        contrasts += compared(group, names, metric, held)
    about = "Whole networks, which may differ in several settings at once."
    return Axis("networks", tuple(contrasts), about)


def _without_samples(cells: Sequence[Cell], metric: str) -> Axis:
    """Networks by a figure that no sampler changes."""
    first = {cell.model: cell for cell in reversed(cells) if metric in cell.figures}
    chosen = list(reversed(first.values()))
    names = [_in_a_list(cell.model) for cell in chosen]
    about = "A figure of the network on the holdout, without any sampling."
    contrasts = tuple(compared(chosen, names, metric, "On the holdout"))
    return Axis(f"networks by their {readable(metric)}", contrasts, about)


def _costs(cells: Sequence[Cell], names: Sequence[str]) -> dict[str, str]:
    """The network evaluations of those that do not cost what most of the others do."""
    costs = [cell.evaluations for cell in cells]
    usual = Counter(costs).most_common(1)[0][0]
    return {
        name: evaluations_words(cost)
        for name, cost in zip(names, costs, strict=True)
        if cost is not None and cost != usual
    }


def _in_a_list(name: str) -> str:
    """A name of several parts, so that its commas are not those of the list."""
    first, _, rest = name.partition(", ")
    return f"{first} ({rest})" if rest else first
