"""`alphabar interpolate`: the images between two seeds."""

from typing import Annotated

import typer

from flows.cli.application import Application
from flows.cli.editing import editing, tell_results
from flows.cli.options import Model, NewFolder, Prompts, Quiet
from flows.cli.sampling_options import Eta, SamplingOptions, Solver


def register(app: Application) -> None:
    app.command()(interpolate)


def interpolate(
    model: Model,
    out: NewFolder,
    seeds: Annotated[
        tuple[int, int],
        typer.Option(min=0, max=2**31, metavar="A B", help="Where it begins and ends."),
    ],
    options: SamplingOptions,
    frames: Annotated[int, typer.Option(min=2, max=1000, help="Images, both ends included.")] = 9,
    prompt: Prompts = None,
    solver: Solver = None,
    eta: Eta = None,
    quiet: Quiet = False,
) -> None:
    """Sample the images on the way from one seed's noise to another's.

    Example: `alphabar interpolate digits@champion --seeds 3 8 --prompt 7 --out between`
    """
    from flows.tools import editing as tools
    from flows.tools.sampling import INTERPOLATE

    request = options.request(model, prompt, solver=solver, eta=eta)
    with editing(INTERPOLATE, request, out, quiet=quiet) as edit:
        tools.interpolate(edit, seeds, frames)
    tell_results([], f"{frames} images in {out / 'images'}, side by side in", out)
