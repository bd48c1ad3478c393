"""`alphabar run`: an experiment file from raw data to report."""

import os
from typing import Annotated

import typer

from flows.cli.options import ExperimentFile, Quiet, StoreOption


def register(app: typer.Typer) -> None:
    app.command()(run)


def run(
    file: ExperimentFile,
    store: StoreOption = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="First compare every published file with its SHA-256."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run an experiment; what is published already is not run again.

    Where nothing is left to do, the results are shown and no server is started.

    Example: `alphabar run experiments/digits.yaml`
    """
    from components.spec.loading import load_experiment
    from flows.console import Display
    from flows.run.finished import finished_outcome
    from flows.run.results import show_outcome
    from flows.run.verification import checked_plan
    from flows.telling import warn_of_plugins
    from flows.workspace import Workspace

    experiment = load_experiment(file)
    warn_of_plugins()
    workspace = Workspace.here(store)
    plan = checked_plan(experiment, workspace, contents=verify)
    if outcome := finished_outcome(plan, workspace):
        show_outcome(outcome, workspace)
        return
    from flows.servers.prefect_server import (
        client_environment,
        ensure_prefect_server,
        page_url,
        user_api_url,
        using_prefect_server,
    )

    with using_prefect_server(workspace.root):
        address = ensure_prefect_server(workspace.root, say=Display(quiet=quiet).say)
        os.environ.update(client_environment(address, workspace.root))
        from flows.run.experiment import run_tracked
        from flows.servers.left_runs import settle_left_runs

        settle_left_runs(address, workspace.root)
        shown = run_tracked(plan, workspace, quiet=quiet)
    if shown and not quiet:
        ours = "" if user_api_url() else " (stop it with `alphabar down`)"
        print(f"Prefect  {page_url(address)}{ours}")
