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
    solver: Annotated[
        str | None, typer.Option(help="`alphabar list solvers` shows them (default: ddim).")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Solver steps (default: 50).")] = None,
    grid: Annotated[
        str | None, typer.Option(help="Time grid: `alphabar list grids` (default: trailing).")
    ] = None,
    eta: Annotated[float | None, typer.Option(help="DDIM's noise, 0 to 1 (default: 0).")] = None,
    guidance: Annotated[
        float | None,
        typer.Option(help="Scale; 1 is off (default: 2; cfgpp: 0.5; solver consistency: 1)."),
    ] = None,
    guidance_kind: Annotated[
        str | None, typer.Option(help="`alphabar list guidance` shows them (default: cfg).")
    ] = None,
    negative_prompt: Annotated[
        str | None, typer.Option(help="A class or a caption to be guided away from.")
    ] = None,
    guide: Annotated[
        str | None,
        typer.Option(help="A weaker model to be guided away from, named as MODEL is."),
    ] = None,
    guidance_rescale: Annotated[
        float | None, typer.Option(help="Share of guidance's overexposure undone, 0 to 1.")
    ] = None,
    guidance_sigma_min: Annotated[
        float | None, typer.Option(help="Guide only above this noise level σ/α.")
    ] = None,
    guidance_sigma_max: Annotated[
        float | None, typer.Option(help="Guide only up to this noise level σ/α.")
    ] = None,
    ema_length: Annotated[
        float | None,
        typer.Option(help="σ_rel of a post-hoc EMA, 0.01 to 0.25 (default: the trained EMA)."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Image k is drawn from seed + k.")] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any other sampling key, such as churn=40; repeat it.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Draw images from a trained model.

    Example: `alphabar sample digits@champion --out seven -n 20 --prompt 7 --guidance 4`
    """
    from flows.console import Work
    from flows.drawing import draw, sampling_of
    from flows.models import find_model
    from flows.workspace import Workspace

    options = {
        "solver": solver,
        "steps": steps,
        "grid": grid,
        "eta": eta,
        "guidance": _scale(guidance, guidance_kind, solver),
        "guidance_kind": guidance_kind,
        "negative_prompt": negative_prompt,
        "guide": "weaker" if guide else None,
        "guidance_rescale": guidance_rescale,
        "guidance_sigma_min": guidance_sigma_min,
        "guidance_sigma_max": guidance_sigma_max,
        "ema_length": ema_length,
        "seed": seed,
    }
    sampling = sampling_of(options, assignments or [], "the options of `alphabar sample`")
    workspace = Workspace.here()
    directory = find_model(model, workspace)
    weaker = find_model(guide, workspace) if guide else None
    with Work("sample", quiet=quiet) as progress:
        draw(directory, out, count, list(prompt or []), sampling, progress, guide=weaker)
    print(f"{count} images in {out / 'images'}, together in {out / 'grid.png'}")


def _scale(guidance: float | None, kind: str | None, solver: str | None) -> float:
    """The guidance scale that is asked for, else one that suits kind and solver."""
    if guidance is not None:
        return guidance
    if solver == "consistency":
        return 1.0  # guidance was distilled in
    return 0.5 if kind == "cfgpp" else 2.0
