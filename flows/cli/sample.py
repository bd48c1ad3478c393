"""`alphabar sample`: images from any trained model."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Quiet

Model = Annotated[str, typer.Argument(help="A model's directory, or NAME@ALIAS in the registry.")]


def register(app: typer.Typer) -> None:
    app.command()(sample)


def sample(
    model: Model,
    out: Annotated[Path, typer.Option("--out", help="A new folder for the images.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many images.")] = 50,
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", "-p", help="A class or a caption; repeat it, they take turns."),
    ] = None,
    solver: Annotated[str, typer.Option(help="ddim or ddpm.")] = "ddim",
    steps: Annotated[int, typer.Option(help="Solver steps.")] = 50,
    guidance: Annotated[float, typer.Option(help="Guidance scale; 1 is off.")] = 2.0,
    eta: Annotated[float, typer.Option(help="DDIM's noise, 0 to 1.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Image k is drawn from seed + k.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Draw images from a trained model.

    Example: `alphabar sample digits@champion --out seven -n 20 --prompt 7 --guidance 4`
    """
    from flows.console import Work
    from flows.drawing import draw
    from flows.models import find_model
    from flows.workspace import Workspace

    settings = {
        "solver": solver,
        "steps": steps,
        "guidance": guidance,
        "eta": eta,
        "seed": seed,
    }
    directory = find_model(model, Workspace.here())
    with Work("sample", quiet=quiet) as progress:
        draw(directory, out, count, list(prompt or []), settings, progress)
    print(f"{count} images in {out / 'images'}, together in {out / 'grid.png'}")
