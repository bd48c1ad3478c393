"""`alphabar export`: a trained model for other programs."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(export)


def export(
    model: Annotated[
        str, typer.Argument(help="A model's directory, or NAME@ALIAS in the registry.")
    ],
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
) -> None:
    """Write a model with its network and schedule in diffusers' format.

    Example: `alphabar export digits@champion --out exported/digits`
    """
    from flows.exporting import export_model
    from flows.models import find_model
    from flows.workspace import Workspace

    export_model(find_model(model, Workspace.here()), out)
    print(f"{out}: unet/ and scheduler/ load with diffusers, model.safetensors with alphabar")
