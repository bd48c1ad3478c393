"""`alphabar export`: a trained model for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import AlphabarError
from flows.cli.options import folder
from flows.telling import tell


def register(app: typer.Typer) -> None:
    app.command()(export)


def export(
    model: Annotated[
        str, typer.Argument(help="A model's directory, or NAME@ALIAS in the registry.")
    ],
    to: Annotated[
        Path | None, typer.Argument(parser=folder, metavar="DIR", help="A new folder.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", parser=folder, metavar="PATH", help="DIR, as other commands have it."
        ),
    ] = None,
    single_file: Annotated[
        bool,
        typer.Option(
            "--single-file",
            help="Write DIR/NAME.safetensors, too: Stable Diffusion 1, 2 or XL in one file.",
        ),
    ] = False,
) -> None:
    """Write a model as a pipeline that diffusers loads, with a README that draws with it.

    Example: `alphabar export digits@champion exported/digits`
    """
    from flows.tools.exporting import export_model
    from flows.tools.sampling import Manner, Request, choose
    from flows.workspace import Workspace

    target = to or out
    if target is None or (to and out):
        raise AlphabarError("one new folder is needed", "name it: `alphabar export MODEL DIR`")
    workspace = Workspace.here()
    chosen = choose(Manner("export"), Request(model), workspace)
    written = export_model(chosen, target, workspace, single_file=single_file)
    for line in written.words(target):
        tell(line)
