"""`alphabar schedule`: an experiment at fixed times."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.application import Application
from flows.telling import tell


def register(app: Application) -> None:
    app.command()(schedule)


def schedule(
    file: Annotated[Path | None, typer.Argument(help="An experiment file.", metavar="FILE")] = None,
    cron: Annotated[
        str | None, typer.Option(metavar="CRON", help="When: five fields, as in cron.")
    ] = None,
    remove: Annotated[
        str | None,
        typer.Option("--remove", metavar="NAME", help="Remove an experiment's schedule."),
    ] = None,
) -> None:
    """Run an experiment at fixed times, while `alphabar up` runs; without FILE: list schedules.

    Example: `alphabar schedule experiments/digits.yaml --cron "0 2 * * *"`
    """
    from components.errors import AlphabarError
    from components.spec.loading import load_experiment
    from flows.servers import deployment
    from flows.tools.promotion import registry_gate
    from flows.workspace import Workspace

    workspace = Workspace.here()
    root = workspace.root
    if remove is not None:
        deployment.unschedule(remove, root)
        tell(f"{remove} is not scheduled any more", removed=remove)
        return
    if file is None:
        found = deployment.schedules(root)
        for line in [line for entry in found for line in entry.lines()] or ["no schedules"]:
            tell(line, schedules=[entry.content() for entry in found])
        return
    if cron is None:
        raise AlphabarError("--cron is missing", 'give it, such as --cron "0 2 * * *"')
    experiment = load_experiment(file)
    registry_gate(experiment.registry, workspace)
    made = deployment.schedule(experiment, cron, root)
    for line in made.lines():
        tell(line, schedules=[made.content()])
