"""`alphabar stage`: one stage of a plan, for `dvc repro`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.application import Application
from flows.cli.options import Quiet


def register(app: Application) -> None:
    app.command(answers=False)(stage)


def stage(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The stage run's name, as `alphabar plan` shows it."),
    ],
    params: Annotated[Path, typer.Option(help="An experiment file without a sweep.")] = Path(
        "params.yaml"
    ),
    folder: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Holds one folder a stage run.")
    ] = Path("pipeline"),
    plugin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PACKAGE==VERSION",
            help="PACKAGE==VERSION of a plug-in that it uses; refused for another.",
        ),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(
            min=1, max=10_000, help="The stage's version; refused where it is of another."
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run one stage: read its inputs from FOLDER, write FOLDER/NAME. dvc.yaml calls this.

    Example: `alphabar stage train --params params.yaml`
    """
    from components.spec.loading import load_experiment
    from flows.console import Work
    from flows.run.single_stage import run_single_stage
    from flows.workspace import Workspace

    with Work(name, quiet=quiet) as progress:
        experiment, workspace = load_experiment(params), Workspace.here()
        run_single_stage(
            name, experiment, folder, workspace, progress, plugin or (), version, progress.say
        )
