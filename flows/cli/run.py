"""`alphabar run`: an experiment file from raw data to report."""

from typing import Annotated

import typer

from flows.cli.application import Application
from flows.cli.options import ExperimentFile, Quiet, StoreOption


def register(app: Application) -> None:
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
    from flows.run.launch import run_here
    from flows.workspace import Workspace

    run_here(file, Workspace.here(store), verify=verify, quiet=quiet)
