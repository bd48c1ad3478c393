"""Which baseline is the best: decided from published figures alone."""

from components.errors import AlphabarError
from components.spec.metrics import ranking_metric
from components.spec.plan import Plan, PlannedCell
from components.store import Store


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
    from components.figures.record import read_judgement  # takes a second

    metric = primary_metric(plan)

    def distance(cell: PlannedCell) -> float:
        return read_judgement(store.path(cell.evaluate)).figures[metric].value

    return min(candidates, key=distance)


def primary_metric(plan: Plan) -> str:
    """The metric that decides: the Fréchet distance of the experiment's extractor."""
    return ranking_metric(plan.experiment.evaluation.extractor)
