"""Which baseline is the best: decided from published figures alone."""

from typing import Any

from components.errors import AlphabarError
from components.files.json_file import read_object
from components.files.manifest import intact, remedy
from components.spec.metrics import ranking_metric
from components.spec.plan import Node, Plan, PlannedCell
from components.store import Store


def read_metrics(store: Store, node: Node) -> dict[str, Any]:
    """The metric records of a published `evaluate` or `reference` stage."""
    directory = store.path(node)
    content = read_object(intact(directory / "metrics.json"), remedy(directory))
    metrics: dict[str, Any] = content["metrics"]
    return metrics


def best_cell(plan: Plan, store: Store) -> PlannedCell:
    """The candidate with the smallest Fréchet distance; references (``also``) never win.

    Raises:
        AlphabarError: no candidate was evaluated.
    """
    candidates = [cell for cell in plan.cells if cell.may_win]
    if not candidates:
        raise AlphabarError(
            "no cell that may win was evaluated, so there is no winner",
            "mend what stopped the cells, then run again: what is published is kept",
        )
    metric = primary_metric(plan)
    return min(candidates, key=lambda cell: read_metrics(store, cell.evaluate)[metric]["value"])


def primary_metric(plan: Plan) -> str:
    """The metric that decides: the Fréchet distance of the experiment's extractor."""
    return ranking_metric(plan.experiment.evaluation.extractor)
