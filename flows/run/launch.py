"""An experiment started here: its results if it is finished, else a run under Prefect."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.spec.experiment import Experiment


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
    from flows.servers.prefect_api import client_environment, page_url, user_api_url
    from flows.servers.prefect_server import ensure_prefect_server, using_prefect_server

    with using_prefect_server(workspace.root):
        address = ensure_prefect_server(workspace.root, say=say)
        os.environ.update(client_environment(address, workspace.root))
        from flows.run.experiment import run_tracked
        from flows.servers.left_runs import settle_left_runs

        settle_left_runs(address, workspace.root)
        shown = run_tracked(plan, workspace, quiet=quiet)
    if shown and not quiet:
        ours = "" if user_api_url() else " (stop it with `alphabar down`)"
        tell(f"Prefect  {page_url(address)}{ours}", prefect=page_url(address))
