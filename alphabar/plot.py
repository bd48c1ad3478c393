"""Plots of what experiments have found; a notebook shows them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from alphabar.experiments import Results, experiment
from alphabar.place import workspace_at
from components.errors import AlphabarError

if TYPE_CHECKING:
    from components.reporting.pictures.canvas import Drawing
    from components.reporting.pictures.illustrations import Plate


def tradeoff(found: Results | str | Path, *, root: str | Path | None = None) -> "Drawing":
    """The ranking metric against the CLIP score over guidance, a line a model, with intervals; and
    recall against R-precision: the plots of the report.

    >>> alphabar.plot.tradeoff("digits")
    Traceback (most recent call last):
    ...
    components.errors.AlphabarError: digits has no such plot: guidance does not vary among the ...

    Args:
        found: what `run` or `experiment` gave, or an experiment's file or name.
        root: the project's folder; the current one unless given.

    Raises:
        AlphabarError: no cell is evaluated, or guidance does not vary among the cells of a model.
    """
    return _plate(found, root, "tradeoff", "guidance does not vary among the cells of a model")


def ranking(found: Results | str | Path, *, root: str | Path | None = None) -> "Drawing":
    """The cells side by side by the ranking metric, with intervals and the figure of real images.

    >>> drawing = alphabar.plot.ranking("digits")
    >>> drawing.save("ranking.png").stat().st_size > 10_000
    True

    Args:
        found: as `tradeoff` takes it.

    Raises:
        AlphabarError: fewer than two cells are evaluated.
    """
    return _plate(found, root, "ranking", "fewer than two cells are evaluated")


def _plate(
    found: Results | str | Path, root: str | Path | None, kind: str, otherwise: str
) -> "Drawing":
    from components.reporting.pictures.canvas import drawing

    name = found.name if isinstance(found, Results) else str(found)
    for plate in _plates(found, root):
        if plate.file == kind:
            label = "; ".join(each.label for each in plate.plots)
            return drawing([each.plot for each in plate.plots], label)
    raise AlphabarError(f"{name} has no such plot: {otherwise}", "`results` has the figures")


def _plates(found: Results | str | Path, root: str | Path | None) -> "list[Plate]":
    from components.figures.winner import best_cell
    from components.reporting.pictures.illustrations import every_plate
    from components.reporting.results import read
    from components.spec.plan import plan_pages
    from flows.run.outside import plan_here

    workspace = workspace_at(root)
    results = found if isinstance(found, Results) else experiment(found, root=root)
    if results.best is None or results.spec is None:
        raise AlphabarError(f"no cell of {results.name} is evaluated", "run it first")
    plan = plan_here(results.spec, workspace)
    plan = replace(plan, cells=[cell for cell in plan.cells if cell.name in results.cells])
    page, *_ = plan_pages(plan, best_cell(plan, workspace.store), None)
    inputs = {role: workspace.store.path(node) for role, node in page.inputs.items()}
    return every_plate(read(page.settings, inputs))
