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
    from flows.finished import finished_outcome
    from flows.outside import keeping, plan_here
    from flows.promotion import registry_gate
    from flows.results import show_outcome
    from flows.verification import check_plan
    from flows.workspace import Workspace

    experiment = load_experiment(file)
    workspace = Workspace.here(store)
    # refuse a bad gate and bad data before all else
    registry_gate(experiment.registry, workspace)
    plan = plan_here(experiment, workspace)
    check_plan(plan, workspace.store, contents=verify)
    if outcome := finished_outcome(plan, workspace):
        show_outcome(outcome, workspace)
        return
    from flows.servers.prefect_server import (
        client_environment,
        ensure_prefect_server,
        page_url,
        using_prefect_server,
    )

    with using_prefect_server(workspace.root):
        address = ensure_prefect_server(workspace.root, say=Display(quiet=quiet).say)
        os.environ.update(client_environment(address, workspace.root))
        from flows.experiment import experiment_flow

        with keeping(plan, workspace):
            experiment_flow(experiment, str(workspace.root), str(workspace.store_root), quiet)
    if not quiet:
        print(f"Prefect  {page_url(address)} (stop it with `alphabar down`)")
