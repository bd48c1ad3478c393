"""An experiment started here: its results if it is finished, else a run under Prefect."""

import contextlib
import importlib
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import AlphabarError
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.spec.experiment import Experiment
    from components.spec.plan import Plan
    from flows.run.execution import Workers


def run_here(
    file: Path, workspace: Workspace, *, verify: bool = False, quiet: bool = False
) -> None:
    """`run_experiment` of a file.

    Raises:
        AlphabarError: the file is wrong, or as there.
    """
    from components.spec.loading import load_experiment

    place = replace(workspace, file=file.absolute())
    run_experiment(load_experiment(file), place, verify=verify, quiet=quiet)


def run_experiment(
    experiment: "Experiment", workspace: Workspace, *, verify: bool = False, quiet: bool = False
) -> None:
    """Run what is not published yet of an experiment, and show the results.

    Where nothing is left to do, no server is started.

    Args:
        verify: first compare every published file with its SHA-256.
        quiet: no progress.

    Raises:
        AlphabarError: the data is not as pinned, or stages failed; the others have run.
    """
    from flows.console import Display
    from flows.run.finished import finished_outcome
    from flows.run.results import show_outcome
    from flows.run.verification import checked_plan
    from flows.telling import tell, warn_of_plugins

    warn_of_plugins()
    say = Display(quiet=quiet).say
    plan = checked_plan(experiment, workspace, say, contents=verify)
    if outcome := finished_outcome(plan, workspace):
        show_outcome(outcome, workspace)
        return
    from flows.servers.prefect_api import page_url, user_api_url
    from flows.servers.prefect_server import ensure_prefect_server, using_prefect_server

    load = partial(_load_prefect, workspace)
    with using_prefect_server(workspace.root), _first_worker(plan, workspace) as workers:
        address = ensure_prefect_server(workspace.root, say=say, meanwhile=load)
        load(address)
        from flows.run.experiment import run_tracked
        from flows.servers.left_runs import settle_left_runs

        settle_left_runs(address, workspace.root)
        shown = run_tracked(plan, workspace, quiet=quiet, workers=workers)
    if shown and not quiet:
        ours = "" if user_api_url() else " (stop it with `alphabar down`)"
        tell(f"Prefect  {page_url(address)}{ours}", prefect=page_url(address))


def _load_prefect(workspace: Workspace, address: str) -> None:
    """Import what runs under Prefect, which reads its environment then, and make MLflow's store
    where that is a file of ours: seconds."""
    from flows.servers.prefect_api import client_environment

    os.environ.update(client_environment(address, workspace.root))
    importlib.import_module("flows.run.experiment")
    from components.tracking.connection import connect

    if workspace.tracking_uri is None:
        with contextlib.suppress(AlphabarError):  # it comes up again in the run, which tells it
            connect(None, workspace.root)


@contextlib.contextmanager
def _first_worker(plan: "Plan", workspace: Workspace) -> Iterator["Workers"]:
    """Workers of which the first loads what it will need while servers start."""
    from flows.run.execution import Workers

    runner = plan.experiment.runner
    workers = Workers(workspace, runner.workers)
    try:
        if runner.kind == "threads":
            workers.warm([n for n in plan.nodes() if not workspace.store.has(n)], most=1)
        yield workers
    finally:
        workers.close()
