"""The Prefect flow that the scheduler starts, and what it runs: the experiment file as it is now,
as it was when it was pinned, or what somebody gave in the form of Prefect's page."""

import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import State, flow, get_run_logger
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from components.errors import AlphabarError, one_line
from components.spec.experiment import Experiment
from components.spec.loading import load_experiment
from components.spec.plan import Plan
from flows.run.experiment import ExperimentRun, refused
from flows.run.since_last import Schedule, changed_settings, settings_of
from flows.run.verification import checked_plan
from flows.servers.form import content_digest, follow_file
from flows.workspace import Workspace


@dataclass(frozen=True)
class Given:
    """What a scheduled run is to run.

    Attributes:
        words: where it is from.
        file: the file that has it; None where only the schedule has it, or somebody gave it.
        custom: whether somebody gave it in the form; else it is the schedule's own.
    """

    experiment: Experiment
    words: str
    file: Path | None = None
    custom: bool = False


def given(experiment: Experiment, file: str, root: Path, *, pin: bool, as_scheduled: str) -> Given:
    """What is to run, of the parameters of a scheduled run.

    Raises:
        AlphabarError: the file is missing or wrong.
    """
    if as_scheduled and content_digest(experiment) != as_scheduled:
        return Given(experiment, _custom_words(experiment, file, root), custom=True)
    if pin or not file:
        return Given(experiment, _pinned_words(experiment, file, root))
    return Given(load_experiment(root / file), f"{file}, as it is now", root / file)


def placed(workspace: Workspace, found: Given) -> Workspace:
    """Where the run works: its report names the file that it has read; of what was pinned or given
    in the form, the copy of it beside the page."""
    suffix = own_folder() if found.custom else ""
    return replace(workspace, file=found.file, report_suffix=suffix)


def own_folder() -> str:
    """What tells the report of this run from all others: its name and the start of its id."""
    name = re.sub("[^a-z0-9]+", "-", (flow_run.name or "run").lower()).strip("-")[:40]
    return f"-{name}-{str(flow_run.id)[:8]}"


def run_name() -> str:
    """The name that a starter gave; a run of the scheduler's has the experiment's and its time."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or not run.auto_scheduled or run.expected_start_time is None:
        return str(flow_run.name)
    due = run.expected_start_time.astimezone()
    return f"{run.parameters['experiment']['name']} {due:%Y-%m-%d %H:%M}"


@flow(name="alphabar", flow_run_name=run_name)
def scheduled_flow(
    experiment: Experiment,
    file: str = "",
    pin: bool = False,
    as_scheduled: str = "",
    root: str = ".",
    store: str | None = None,
    quiet: bool = True,
) -> State[Any] | None:
    """Run an experiment. Left as it is, the experiment of the schedule: its file, read now, or what
    was pinned. Whoever changes `experiment` runs that once, with a report folder of its own.

    Args:
        experiment: the file's content, of the time that the schedule's description says. Change it,
            and this run has yours, and a report folder of its own.
        file: the experiment file, as seen from ``root``.
        pin: whether the file's content of when it was scheduled is run, not its present one.
        as_scheduled: tells whether ``experiment`` was changed; leave it.
        root: the folder that holds data/ and dvc files; results go there too.
        store: where stage outputs are published; default: artifacts/ in ``root``.
        quiet: print nothing.
    """
    workspace = Workspace.here(Path(store) if store else None, Path(root))
    logging.getLogger("prefect.flow_runs").addFilter(said_once)
    try:
        found = given(experiment, file, workspace.root, pin=pin, as_scheduled=as_scheduled)
        workspace = placed(workspace, found)
        get_run_logger().info(f"this run has {found.words}")
        plan = checked_plan(found.experiment, workspace, get_run_logger().info)
    except AlphabarError as error:
        return refused(error)
    return _run(plan, workspace, found, quiet=quiet)


def said_once(record: logging.LogRecord) -> bool:
    """Whether a line is logged: what the engine says of an error that `refused` told is not."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return not isinstance(error, AlphabarError)


def _run(plan: Plan, workspace: Workspace, found: Given, *, quiet: bool) -> State[Any] | None:
    context = FlowRunContext.get()
    deployment = context and context.flow_run and context.flow_run.deployment_id
    schedule = None
    if deployment:
        _bring_form_up_to_date(str(deployment), workspace.root)
    if deployment and not found.custom:
        schedule = Schedule(str(deployment), workspace.root, str(flow_run.name))
    run = ExperimentRun(plan, workspace, quiet=quiet, schedule=schedule, source=found.words)
    return run.in_flow()


def _bring_form_up_to_date(deployment: str, root: Path) -> None:
    """Fill the schedule's form with the file's present content; a run is none the worse for what
    keeps that from being done."""
    try:
        with get_client(sync_client=True) as client:
            follow_file(client, client.read_deployment(UUID(deployment)), root)
    except Exception as error:  # noqa: BLE001 - whatever an API raises
        get_run_logger().warning(f"the schedule's form stays as it was: {error}")


def _custom_words(experiment: Experiment, file: str, root: Path) -> str:
    words = "parameters of its own, and a report folder of its own"
    try:
        usual = settings_of(load_experiment(root / file))
    except AlphabarError:
        return words
    changed = changed_settings(usual, settings_of(experiment))
    return one_line(f"{words}; other than in {file}: {changed or 'nothing'}")


def _pinned_words(experiment: Experiment, file: str, root: Path) -> str:
    words = f"{file or 'the experiment'} as it was when it was scheduled (pinned)"
    try:
        same = not file or load_experiment(root / file) == experiment
    except AlphabarError:
        return f"{words}; the file cannot be read now"
    return words if same else f"{words}; the file has changed since"
