"""What MLflow shows as a description, in Markdown: of an experiment, a sweep and a cell."""

from collections.abc import Iterable, Mapping, Sequence

from components.figures.figure import Figure
from components.figures.judgement import Figures
from components.spec.metrics import lower_is_better
from components.spec.plan import Plan
from components.tracking.fields import shown

MOST_ROWS = 40
"""Cells in a sweep's description."""

HOW_TO_LOOK = (
    "Rows are not nested. *Group by* the tag `sweep` to keep sweeps apart; search "
    '`tags.row = "cell"` for the cells alone, then *Compare*: parallel coordinates, scatter, box '
    "and contour plots are of the settings that differ. The image grid has one key a prompt. "
    "Intervals and protocols stand in each cell's `figures.json`."
)


def sweep_name(plan: Plan) -> str:
    """What a sweep's run is called: its axes, its size and the start of its key."""
    leaves = [path.rpartition(".")[2] for path in plan.swept]
    few = 1 <= len(leaves) <= 3
    axes = ", ".join(leaves) if few else f"{len(leaves)} settings"
    count = len(plan.cells)
    cells = f"{count} cells" if count > 1 else "one cell"
    return f"{f'sweep of {axes}: ' if leaves else ''}{cells} ({plan.sweep_key[:8]})"


def sweep_note(
    plan: Plan, best: str, figures: Mapping[str, Figures], said: Iterable[str], links: Sequence[str]
) -> str:
    """A finished sweep.

    Args:
        best: its winner's name.
        figures: of each cell, by name.
        said: what became of the models in the registry.
    """
    metric = plan.ranked_by
    ranked = sorted(
        (each for each in figures.items() if metric in each[1]),
        key=lambda each: _rank(each[1][metric]),
    )
    beside = {cell.name for cell in plan.cells if not cell.may_win}
    table = [f"| cell | {metric} |", "|---|---|"]
    for name, found in ranked[:MOST_ROWS]:
        what = f"**{name}**" if name == best else name
        table.append(
            f"| {what}{' (reference)' if name in beside else ''} | {shown(found[metric])} |"
        )
    if more := len(ranked) - MOST_ROWS:
        table += [f"| and {more} more |  |"] if more > 0 else []
    lines = [f"**Best: {best}**, {headline(figures[best], metric)}", " · ".join(links)]
    return "\n\n".join([*lines, "\n".join(table), *said])


def experiment_note(plan: Plan, best: str, figures: Figures, links: Sequence[str]) -> str:
    """An experiment, by its latest finished sweep."""
    axes = [
        f"`{path}`: {', '.join(str(value) for value in values)}"
        for path, values in plan.experiment.sweep.items()
    ]
    also = [
        ", ".join(f"`{path}`: {value}" for path, value in each.items())
        for each in plan.experiment.also
    ]
    lines = [
        f"Latest sweep: **{best}** is the best of {len(plan.cells)}, "
        f"{headline(figures, plan.ranked_by)}. {' · '.join(links)}",
        f"Swept: {'; '.join(axes)}." if axes else "",
        f"Also: {'; '.join(also)}." if also else "",
        HOW_TO_LOOK,
    ]
    return "\n\n".join(filter(None, lines))


def cell_note(figures: Figures, metric: str, beside: str, links: Sequence[str]) -> str:
    """A cell: every figure with its interval.

    Args:
        beside: what one is that may not win; else empty.
    """
    head = headline(figures, metric) if metric in figures else ""
    aside = f"It cannot win: {beside}." if beside else ""
    table = ["| figure | value [interval] |", "|---|---|"]
    table += [f"| {name} | {shown(figure)} |" for name, figure in figures.items()]
    return "\n\n".join(
        filter(None, [f"**{head}**" if head else "", aside, " · ".join(links), "\n".join(table)])
    )


def headline(figures: Figures, metric: str) -> str:
    """The figure that ranks, with which way is better."""
    way = "lower" if lower_is_better(metric) else "higher"
    return f"{metric} {shown(figures[metric])} ({way} is better)"


def _rank(figure: Figure) -> float:
    value = figure.value if lower_is_better(figure.metric) else -figure.value
    return value if figure.finite else float("inf")
