"""An experiment from its plan to its report: what runs after what, and what is recorded."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from components.data.plan_notes import plan_notes
from components.errors import AlphabarError
from components.figures.winner import best_cell
from components.spec.experiment import Experiment
from components.spec.plan import FinetunePlan, Node, Plan, in_order, plan_finetune, plan_pages
from flows.console import Display
from flows.run.execution import Workers
from flows.run.finished import finished_finetunes, publish_pages
from flows.run.occasion import occasion
from flows.run.phase import run_phase
from flows.run.pretrained_words import given_notes
from flows.run.recorded import sweep_run
from flows.run.recording import Recorder
from flows.run.results import Outcome, every_node
from flows.run.session import Session
from flows.run.studies import analyse_simulated
from flows.run.tuning_notes import preference_notes, tuning_notes
from flows.servers.link import Link
from flows.servers.processes import Say
from flows.workspace import Workspace


def run_experiment(
    plan: Plan, workspace: Workspace, display: Display, link: Link, workers: Workers
) -> Outcome:
    """Run what is not published yet, record it, and write the report.

    Args:
        workers: that this run ends with.

    Raises:
        AlphabarError: MLflow cannot be reached, or no cell of the sweep could be evaluated.
    """
    experiment = plan.experiment
    of_data = plan_notes(plan.cells, workspace.store, workspace.root, workspace.weights)
    of_tuning = [*tuning_notes(experiment), *preference_notes(experiment, workspace.root)]
    for note in (*given_notes(experiment, workspace), *of_tuning, *of_data):
        display.say(note)
    with Recorder.connected(plan, workspace, display) as recorder:
        with _session(workspace, display, experiment, link, workers) as session:
            before = _published(workspace)
            tick = recorder.training_goes_on
            failures = run_phase(plan.nodes(), session, tick=tick)
            whole = [cell for cell in plan.cells if workspace.store.has(cell.evaluate)]
            finished = replace(plan, cells=whole)
            if not whole and failures:
                raise next(iter(failures.values()))
            recorder.baselines(finished)
            best = best_cell(finished, workspace.store)
            tuned = plan_finetune(finished, best) if experiment.finetune else None
            if tuned:
                nodes = in_order(tuned.ends())
                failures |= run_phase(nodes, session, tick=tick)
                tuned = finished_finetunes(tuned, finished, best, workspace.store)
            pages = plan_pages(finished, best, tuned)
            failures |= run_phase(in_order(pages), session)
            failures = still_missing(failures, plan.nodes() + pages, workspace, display.say)
            stages_run = _published(workspace) - before
            stages = len(every_node(finished, tuned, pages))
        report, studies = _publish(pages, tuned, failures, workspace, plan)
        outcome = Outcome(
            finished, best, tuned, report, failures, stages_run, stages, studies=studies
        )
        recorder.finish(outcome)
        # after the models are registered, whose versions get what a study says
        analyse_simulated(studies, workspace)
        return replace(outcome, registered=recorder.registered, recorded=not recorder.lost)


def still_missing(
    failures: dict[str, Exception], nodes: list[Node], workspace: Workspace, say: Say
) -> dict[str, Exception]:
    """Those of ``failures`` whose output is not there; a later phase may have made it again.

    Args:
        failures: stage run name → what stopped it.
        nodes: the ends of what was run.
    """
    made = {node.name for node in in_order(nodes) if workspace.store.has(node)}
    for name in failures.keys() & made:
        error = failures[name]
        why = error.what if isinstance(error, AlphabarError) else str(error)
        say(f"note: {name} was made again, after this: {why}")
    return {name: error for name, error in failures.items() if name not in made}


@contextlib.contextmanager
def _session(
    workspace: Workspace, display: Display, experiment: Experiment, link: Link, workers: Workers
) -> Iterator[Session]:
    workers.listener = display.event
    with workers:
        yield Session(workspace, display, experiment.runner, workers, link)


def _publish(
    pages: list[Node],
    tuned: FinetunePlan | None,
    failures: dict[str, Exception],
    workspace: Workspace,
    plan: Plan,
) -> tuple[Path, tuple[Path, ...]]:
    there = [node for node in pages if workspace.store.has(node)]
    if pages[0] not in there:
        raise next(iter(failures.values()))
    name = plan.experiment.name
    record = sweep_run(workspace.tracking_uri, workspace.root, name, plan.sweep_key)
    told = occasion(plan, workspace, record, tuned)
    return publish_pages(there, tuned, workspace, name, told)


def _published(workspace: Workspace) -> int:
    return sum(path.is_file() for path in workspace.store_root.glob("*/*/manifest.json"))
