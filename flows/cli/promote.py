"""`alphabar promote` and `alphabar rollback`: who is champion in the model registry."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.application import Application
from flows.telling import tell

Model = Annotated[str, typer.Argument(metavar="NAME", help="The model's name in the registry.")]

REJECTED = 1  # so that a build fails on it; 2 is bad input, as everywhere


def register(app: Application) -> None:
    app.command()(promote)
    app.command()(rollback)


def promote(
    model: Model,
    gate: Annotated[
        Path,
        typer.Option("--gate", "-g", help="What it must show, such as gates.yaml."),
    ],
    version: Annotated[
        str, typer.Option("--version", metavar="VERSION", help="A version's number, or an alias.")
    ] = "candidate",
    study: Annotated[
        str | None,
        typer.Option(
            metavar="STUDY",
            help="A study with its answers, by its name in reports/studies/ or its folder; the "
            "version is one of its models.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the decision and write nothing.")
    ] = False,
) -> None:
    """Make a registered version champion if it holds every condition of a gate file.

    The decision and its figures are kept with the version, as tags and under gate/ in its run.
    Exit code 0: it passes; 1: it does not; 2: bad input.

    Example: `alphabar promote digits --gate gates.yaml --dry-run`
    """
    from components.spec.gate import load_gate
    from flows.tools.promotion import promote_version, show
    from flows.workspace import Workspace

    asked = load_gate(gate)
    found = promote_version(model, asked, version, study, Workspace.here(), dry_run=dry_run)
    show(found, dry_run=dry_run)
    if not found.case.decision.promote:
        raise typer.Exit(REJECTED)


def rollback(model: Model) -> None:
    """Make the champion before the present one champion again; repeat it to go further back.

    Example: `alphabar rollback digits`
    """
    from flows.tools.promotion import roll_back
    from flows.workspace import Workspace

    done = roll_back(model, Workspace.here())
    said = f"{model} version {done.now} is champion again, version {done.before} no longer"
    tell(said, model=model, **asdict(done))
