"""The Prefect flow that runs an experiment from raw data to report."""

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from prefect import flow
from prefect.exceptions import Abort
from prefect.runtime import flow_run

from components.errors import AlphabarError
from components.spec.experiment import Experiment
from components.spec.plan import (
    Node,
    in_order,
    plan_finetune,
)
from flows.console import Display
from flows.run.captions import caption_notes
from flows.run.execution import Workers
from flows.run.finished import planned_pages
from flows.run.outside import keeping, plan_here
from flows.run.phase import SERVER_GONE, run_phase
from flows.run.publishing import publish_report
from flows.run.recording import Recorder
from flows.run.results import Outcome, show_outcome
from flows.run.selection import best_cell
from flows.run.session import Session
from flows.run.verification import checked_plan
from flows.servers.left_runs import hold, let_go
from flows.servers.link import Link, drop_unsent
from flows.servers.processes import Say
from flows.signals import was_told
from flows.workspace import Workspace


@flow(name="alphabar", flow_run_name="{experiment.name}")
def experiment_flow(
    experiment: Experiment, root: str, store: str | None = None, quiet: bool = False
) -> None:
    """Run one experiment in the folder ``root``: what the scheduler starts.

    Args:
        experiment: the experiment file's content.
        root: the folder that holds data/ and dvc files; results go there too.
        store: where stage outputs are published; default: artifacts/ in ``root``.
        quiet: print nothing.
    """
    workspace = Workspace.here(store=Path(store) if store else None, root=Path(root))
    _start(experiment, workspace, quiet=quiet)  # by name: Prefect pickles this function


def _start(experiment: Experiment, workspace: Workspace, *, quiet: bool) -> None:
    if _ended.get(None) is not None:  # `alphabar run`, which has looked already
        _run(experiment, workspace, quiet=quiet)
        return
    with keeping(checked_plan(experiment, workspace), workspace):
        _run(experiment, workspace, quiet=quiet)


def _run(experiment: Experiment, workspace: Workspace, *, quiet: bool) -> None:
    hold(str(flow_run.id), workspace.root)
    with Display(quiet=quiet) as display:
        link = Link(workspace.root, display.say)
        outcome = run_experiment(experiment, workspace, display, link)
        _ended.get([]).append(outcome)
        answered = link.up()
    show_outcome(outcome, workspace)
    if not answered:
        raise Abort("nobody is there to be told how this ended")
    if outcome.failures:
        raise failed(outcome)


_ended: ContextVar[list[Outcome]] = ContextVar("ended")  # out of Prefect's sight


def run_tracked(experiment: Experiment, workspace: Workspace, *, quiet: bool = False) -> bool:
    """Run `experiment_flow`; to its end without Prefect where its server goes away.

    Returns:
        whether Prefect's pages show the whole run.

    Raises:
        AlphabarError: as `run_experiment` does, or stages failed; the others have run.
    """
    logging.raiseExceptions = False  # Prefect prints what it cannot send, as the handlers do
    ended: list[Outcome] = []
    token = _ended.set(ended)
    try:
        experiment_flow(experiment, str(workspace.root), str(workspace.store_root), quiet)
    except (Abort, *SERVER_GONE) as error:
        if was_told(error):
            raise KeyboardInterrupt from None
        drop_unsent()
        if not ended:
            ended.append(_without_prefect(experiment, workspace, quiet=quiet))
        if ended[0].failures:
            raise failed(ended[0]) from None
        return False
    except AlphabarError:
        let_go(workspace.root)
        raise
    else:
        let_go(workspace.root)
        return True
    finally:
        _ended.reset(token)


def _without_prefect(experiment: Experiment, workspace: Workspace, *, quiet: bool) -> Outcome:
    with Display(quiet=quiet) as display:
        link = Link(workspace.root, display.say)
        link.lose()
        outcome = run_experiment(experiment, workspace, display, link)
    show_outcome(outcome, workspace)
    return outcome


def run_experiment(
    experiment: Experiment, workspace: Workspace, display: Display, link: Link
) -> Outcome:
    """Run what is not published yet, record it, and write the report.

    Raises:
        AlphabarError: the data is not as pinned, MLflow cannot be reached, or no cell of the
            sweep could be evaluated.
    """
    plan = plan_here(experiment, workspace)
    for note in caption_notes(plan.cells, workspace):
        display.say(note)
    with Recorder.connected(plan, workspace, display) as recorder:
        with _session(workspace, display, experiment, link) as session:
            before = _published(workspace)
            tick = recorder.training_goes_on
            failures = run_phase("baselines", plan.nodes(), session, tick=tick)
            whole = [cell for cell in plan.cells if workspace.store.has(cell.evaluate)]
            finished = replace(plan, cells=whole)
            if not whole and failures:
                raise next(iter(failures.values()))
            recorder.baselines(finished)
            best = best_cell(finished, workspace.store)
            tuned = plan_finetune(finished, best) if experiment.finetune else None
            if tuned:
                nodes = in_order(tuned.ends())
                failures |= run_phase("finetune", nodes, session, tick=tick)
                if not all(workspace.store.has(end) for end in tuned.ends()):
                    tuned = None
            pages = planned_pages(finished, best, tuned)
            failures |= run_phase("report", in_order(pages), session)
            failures = still_missing(failures, plan.nodes() + pages, workspace, display.say)
            stages_run = _published(workspace) - before
        report = _publish(pages, failures, workspace, experiment.name)
        recorder.finish(finished, best, tuned, report, failed=bool(failures))
        registered, recorded = recorder.registered, not recorder.lost
        return Outcome(finished, best, tuned, report, failures, stages_run, registered, recorded)


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


def failed(outcome: Outcome) -> AlphabarError:
    """One message for everything that stopped while the rest went on."""
    parts = [
        error.what if isinstance(error, AlphabarError) else f"{type(error).__name__}: {error}"
        for error in outcome.failures.values()
    ]
    what = "; ".join(f"{name}: {part}" for name, part in zip(outcome.failures, parts, strict=True))
    remedies = dict.fromkeys(
        error.remedy for error in outcome.failures.values() if isinstance(error, AlphabarError)
    )
    return AlphabarError(what, "; ".join(remedies) or "run again; what is published is kept")


@contextlib.contextmanager
def _session(
    workspace: Workspace, display: Display, experiment: Experiment, link: Link
) -> Iterator[Session]:
    runner = experiment.runner
    with Workers(workspace, runner.workers, display.event) as workers:
        yield Session(workspace, display, runner, workers, link)


def _publish(
    pages: list[Node], failures: dict[str, Exception], workspace: Workspace, name: str
) -> Path:
    paths = [workspace.store.path(node) for node in pages if workspace.store.has(node)]
    if not paths or paths[0] != workspace.store.path(pages[0]):
        raise next(iter(failures.values()))
    return publish_report(paths[0], paths[1] if len(paths) > 1 else None, workspace.reports(name))


def _published(workspace: Workspace) -> int:
    return sum(1 for _ in workspace.store_root.glob("*/*/manifest.json"))
