"""`alphabar sample`: images from any trained model."""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import number_of
from flows.cli.options import MOST_IMAGES, Quiet, folder, within
from flows.telling import tell

Model = Annotated[str, typer.Argument(help="A model's directory, or NAME@ALIAS in the registry.")]

GUIDED = {"solver": "ddim", "guidance_kind": "cfg", "guidance": 2.0}
"""What holds for a model without settings of its own, where the section's defaults do not."""


def register(app: typer.Typer) -> None:
    app.command()(sample)


def sample(
    model: Model,
    out: Annotated[
        Path,
        typer.Option("--out", parser=folder, metavar="PATH", help="A new folder for the images."),
    ],
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, max=MOST_IMAGES, help="How many images.")
    ] = 50,
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", "-p", help="A class or a caption; repeat it, they take turns."),
    ] = None,
    solver: Annotated[
        str | None, typer.Option(help="`alphabar list solvers` shows them (default: ddim).")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Solver steps (default: 50).")
    ] = None,
    grid: Annotated[
        str | None, typer.Option(help="Time grid: `alphabar list grids` (default: trailing).")
    ] = None,
    eta: Annotated[
        float | None,
        typer.Option(**within(0.0, 1.0), help="DDIM's noise (default: 0)."),
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(
            **within(0.0, 50.0),
            help="Scale; 1 is off, but of cfgpp (default: 2; cfgpp: 0.5; solver consistency: 1).",
        ),
    ] = None,
    guidance_kind: Annotated[
        str | None, typer.Option(help="`alphabar list guidance` shows them (default: cfg).")
    ] = None,
    negative_prompt: Annotated[
        str | None, typer.Option(help="A class or a caption to be guided away from.")
    ] = None,
    guide: Annotated[
        str | None,
        typer.Option(
            help="A weaker model to be guided away from, named as MODEL is (default: the one "
            "that a registered model brings along, where its own settings ask for it)."
        ),
    ] = None,
    guidance_rescale: Annotated[
        float | None,
        typer.Option(**within(0.0, 1.0), help="Share of guidance's overexposure undone."),
    ] = None,
    guidance_sigma_min: Annotated[
        float | None,
        typer.Option(**within(0.0, 1.0e6), help="Guide only above this noise level σ/α."),
    ] = None,
    guidance_sigma_max: Annotated[
        float | None,
        typer.Option(**within(0.0, 1.0e6), help="Guide only up to this noise level σ/α."),
    ] = None,
    ema_length: Annotated[
        float | None,
        typer.Option(
            **within(0.01, 0.25),
            help="σ_rel of a post-hoc EMA (default: the trained EMA).",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31, help="Image k is drawn from seed + k.")
    ] = None,
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

    A registered model is drawn from as its figures were measured: its own sampling settings take
    the place of the defaults below, and options change them one by one.

    Example: `alphabar sample digits@champion --out seven -n 20 --prompt 7 --guidance 4`
    """
    from flows.console import Work
    from flows.tools.drawing import draw, sampling_of
    from flows.tools.models import find_model
    from flows.tools.registered import own_guide, own_sampling
    from flows.workspace import Workspace

    options = {
        "solver": solver,
        "steps": steps,
        "grid": grid,
        "eta": eta,
        "guidance": guidance,
        "guidance_kind": guidance_kind,
        "negative_prompt": negative_prompt,
        "guide": "weaker" if guide else None,
        "guidance_rescale": guidance_rescale,
        "guidance_sigma_min": guidance_sigma_min,
        "guidance_sigma_max": guidance_sigma_max,
        "ema_length": ema_length,
        "seed": seed,
    }
    workspace = Workspace.here()
    directory = find_model(model, workspace)
    own, origin = own_sampling(directory), "the options of `alphabar sample`"
    if own:
        origin += f", with {model}'s own settings for the rest"
    sampling = sampling_of(options, assignments or [], origin, own or GUIDED)
    weaker = find_model(guide, workspace) if guide else None
    if weaker is None and sampling.guide == "weaker":
        weaker = own_guide(directory)
    with Work("sample", quiet=quiet) as progress:
        draw(directory, out, count, list(prompt or []), sampling, progress, guide=weaker)
    tell(f"{number_of(count, 'image')} in {out / 'images'}, together in {out / 'grid.png'}")
