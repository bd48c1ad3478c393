"""Which of several sets of images is the best, and what is said of those that may not win.

A reference (a cell of `also`) is compared with the others and never wins, however good it is.
Every table, page and record takes the winner from here or from the plan, so that there is one;
where something beside it is better, that is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from components.errors import AlphabarError
from components.figures.beside_base import BesideBase, beside_base
from components.figures.best_finetune import Decision, Measured, decide
from components.figures.figure import Figure, readable, sign
from components.figures.record import read_judgement
from components.figures.standing import NOISE, UNLIKE, Standing, standings
from components.spec.plan import FinetunePlan, Plan, PlannedCell, TunedModel
from components.store import Store

REFERENCE = "reference"
MOST = 4
"""Sets beside the winner that are named one by one."""


class Entry(Protocol):
    """One set of images: a row of a table, or a cell of the sweep."""

    @property
    def name(self) -> str: ...

    @property
    def figures(self) -> Mapping[str, Figure]: ...

    @property
    def beside(self) -> str:
        """What it is, where it may not win, such as `REFERENCE`; empty where it may."""


def winner(entries: Sequence[Entry], metric: str | None) -> int | None:
    """Which one has the best value, of those that may win, or of all where none may.

    None where nothing ranks them.
    """
    if metric is None:
        return None
    for among in ([i for i, e in enumerate(entries) if not e.beside], range(len(entries))):
        first = _first([entries[i].figures for i in among], metric)
        if first is not None:
            return among[first]
    return None


def best_cell(plan: Plan, store: Store) -> PlannedCell:
    """The candidate whose figure that ranks is the best; references (``also``) never win.

    Raises:
        AlphabarError: no candidate was evaluated.
    """
    candidates = [cell for cell in plan.cells if cell.may_win]
    found = [read_judgement(store.path(cell.evaluate)).figures for cell in candidates]
    first = _first(found, plan.ranked_by)
    if first is None:
        raise AlphabarError(
            "no cell that may win was evaluated, so there is no winner",
            "mend what stopped the cells, then run again: what is published is kept",
        )
    return candidates[first]


def with_choice(plan: Plan, best: PlannedCell, tuned: FinetunePlan, store: Store) -> FinetunePlan:
    """``tuned``, which is evaluated, with which of its models, each under its first sampling, is
    chosen: see `components.figures.limits`."""
    choice = decision_among(plan, best, tuned, store).choice
    return replace(tuned, best=choice.best, allowed=choice.kept > 0)


def decision_among(plan: Plan, best: PlannedCell, tuned: FinetunePlan, store: Store) -> Decision:
    """Which of ``tuned``, which is evaluated, is chosen, and by what."""
    models = [_measured(model, store) for model in tuned.models]
    limits = tuned.models[0].tuning.spec.limits.model_dump()
    return decide(models, store.path(best.evaluate), plan.ranked_by, limits)


def beside_bases(
    plan: Plan, best: PlannedCell, tuned: FinetunePlan, store: Store
) -> list[BesideBase | None]:
    """How each model of ``tuned`` stands to its base; None where that is not known, and for what
    is compared with it at equal cost."""
    judge = decision_among(plan, best, tuned, store).gain.judge
    before = store.path(tuned.evaluate_baseline)
    return [
        None
        if model.tuning.spec.entry.compared == "cost"
        else beside_base(_measured(model, store), before, plan.ranked_by, judge)
        for model in tuned.models
    ]


def _measured(model: TunedModel, store: Store) -> Measured:
    """Where the figures of a model under its first sampling are."""
    drift = model.cells[0].drift
    return Measured(
        store.path(model.evaluate),
        store.path(drift) if drift else None,
        store.path(model.subject.similarity) if model.subject else None,
    )


def _first(sets: Sequence[Mapping[str, Figure]], metric: str) -> int | None:
    """Which has the best finite value; None where none has one."""
    able = [i for i, figures in enumerate(sets) if metric in figures and figures[metric].finite]
    return min(able, key=lambda i: sign(metric) * sets[i][metric].value, default=None)


def called(entry: Entry) -> str:
    """Its name, and what it is where it may not win."""
    return f"{entry.name} ({entry.beside})" if entry.beside else entry.name


def better_beside(entries: Sequence[Entry], metric: str | None, best: int | None) -> list[str]:
    """A sentence, without its full stop, for each set that is better than the winner.

    Args:
        entries: what is compared.
        metric: the one that ranks them.
        best: the winner among them.
    """
    if metric is None or best is None or metric not in entries[best].figures:
        return []
    standing = standings([entry.figures for entry in entries], metric, best)
    top = entries[best].figures[metric]
    gains = {
        i: sign(metric) * (top.value - entry.figures[metric].value)
        for i, entry in enumerate(entries)
        if entry.beside and metric in entry.figures and standing[i].kind != UNLIKE
    }
    ahead = sorted((i for i, gain in gains.items() if gain > 0), key=lambda i: -gains[i])
    told = [
        f"{called(entries[i])} has a better {readable(metric)} than the best, "
        f"{_apart(entries[i].figures[metric], top, standing[i])}"
        for i in ahead[:MOST]
    ]
    if len(ahead) > MOST:
        told.append(f"of those that may not win, {len(ahead) - MOST} more are better than the best")
    if any(entries[i].beside == REFERENCE for i in ahead):
        told[-1] += "; references never win: list a cell under `cells`, not `also`, to let it"
    return told


def _apart(figure: Figure, top: Figure, standing: Standing) -> str:
    if standing.paired:
        size, p = standing.size(), standing.p_text()
        return f"by {size}, {'within' if standing.kind == NOISE else 'beyond'} noise (p {p})"
    where = "within" if standing.kind == NOISE else "outside"
    return f"{figure.text()} against {top.text()}, {where} the intervals"
