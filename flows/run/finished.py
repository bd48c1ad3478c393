"""What a finished run left behind, read without Prefect, MLflow or a server."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from components.figures.winner import best_cell, with_choice
from components.reporting.occasion import Occasion
from components.reporting.publishing import publish_report
from components.spec.plan import (
    FinetunePlan,
    Node,
    Plan,
    PlannedCell,
    plan_finetune,
    plan_pages,
)
from components.store import Store
from flows.run.occasion import occasion
from flows.run.recorded import sweep_run
from flows.run.results import Outcome, every_node
from flows.run.studies import analyse_simulated, publish_studies
from flows.workspace import Workspace


def finished_outcome(plan: Plan, workspace: Workspace) -> Outcome | None:
    """The outcome of ``plan`` where a run would have nothing to do; None where it would.

    Every stage is published and the record is complete; the report is put in its place again
    should that be gone.
    """
    store, experiment = workspace.store, plan.experiment
    if not all(store.has(node) for node in plan.nodes()):
        return None
    best, tuned, pages = what_follows(plan, store)
    whole = every_node(plan, tuned, pages)
    if not all(store.has(node) for node in whole):
        return None
    record = sweep_run(workspace.tracking_uri, workspace.root, experiment.name, plan.sweep_key)
    if record is None or not record.complete:
        return None
    told = occasion(plan, workspace, record, tuned)
    place, studies = publish_pages(pages, tuned, workspace, experiment.name, told)
    analyse_simulated(studies, workspace)
    stages = len(whole)
    return Outcome(plan, best, tuned, place, {}, stages_run=0, stages=stages, studies=studies)


def publish_pages(
    pages: Sequence[Node],
    tuned: FinetunePlan | None,
    workspace: Workspace,
    name: str,
    told: Occasion,
) -> tuple[Path, tuple[Path, ...]]:
    """Put an experiment's report, and the studies that there may be, where people look for them;
    returns their places.

    Args:
        pages: those that are published, the report first.

    Raises:
        AlphabarError: a published file is damaged, or the disk is full.
    """
    report = next(page for page in pages if page.stage == "report")
    studies = publish_studies(pages, tuned, workspace, name)
    place = workspace.reports(name)
    return publish_report(workspace.store.path(report), place, told), studies


def finished_finetunes(
    tuned: FinetunePlan, plan: Plan, best: PlannedCell, store: Store
) -> FinetunePlan | None:
    """Those fine-tuned models that are evaluated, and the best of them; None where nothing can be
    compared."""
    if not (store.has(tuned.reference) and store.has(tuned.evaluate_baseline)):
        return None
    whole = [model for model in tuned.models if all(map(store.has, model.ends()))]
    if not whole:
        return None
    return with_choice(plan, best, replace(tuned, models=tuple(whole)), store)


def what_follows(plan: Plan, store: Store) -> tuple[PlannedCell, FinetunePlan | None, list[Node]]:
    """The best of the cells, which are all evaluated, its fine-tuned model and the pages."""
    best = best_cell(plan, store)
    tuned = plan_finetune(plan, best) if plan.experiment.finetune else None
    if tuned and all(store.has(end) for end in tuned.ends()):
        tuned = with_choice(plan, best, tuned, store)
    return best, tuned, plan_pages(plan, best, tuned)
