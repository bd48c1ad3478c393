"""`alphabar export`: a trained model for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import folder
from flows.telling import tell


def register(app: typer.Typer) -> None:
    app.command()(export)


def export(
    model: Annotated[
        str, typer.Argument(help="A model's directory, or NAME@ALIAS in the registry.")
    ],
    out: Annotated[
        Path, typer.Option("--out", parser=folder, metavar="PATH", help="A new folder.")
    ],
) -> None:
    """Write a model as a pipeline that diffusers loads, with a README that draws with it.

    Example: `alphabar export digits@champion --out exported/digits`
    """
    from flows.tools.exporting import export_model
    from flows.tools.sampling import Manner, Request, choose
    from flows.workspace import Workspace

    workspace = Workspace.here()
    chosen = choose(Manner("export"), Request(model), workspace)
    left = export_model(chosen, out, workspace)
    same = "draws with other settings than alphabar" if left else "draws the same images"
    tell(
        f'{out}: DiffusionPipeline.from_pretrained("{out}", trust_remote_code=True) {same}; '
        "README.md shows how, and how unet/ and scheduler/ are used by hand"
    )
    for line in left:
        tell(f"not exported: {line}")
