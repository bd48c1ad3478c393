"""`alphabar plan`: what a run would do, without doing it."""

from typing import Annotated

import typer

from flows.cli.application import Application
from flows.cli.options import ExperimentFile, StoreOption

Every = Annotated[bool, typer.Option("--all", help="One line a stage, however many there are.")]


def register(app: Application) -> None:
    app.command()(plan)


def plan(file: ExperimentFile, store: StoreOption = None, every: Every = False) -> None:
    """Print the cells, what is published already, network evaluations and estimated time.

    Example: `alphabar plan experiments/digits.yaml`
    """
    from components.spec.loading import load_experiment
    from flows.run.planning import describe_plan, print_plan
    from flows.telling import warn_of_plugins
    from flows.tools.promotion import registry_gate
    from flows.workspace import Workspace

    experiment, workspace = load_experiment(file), Workspace.here(store)
    warn_of_plugins()
    registry_gate(experiment.registry, workspace)
    print_plan(describe_plan(experiment, workspace), every=every)
