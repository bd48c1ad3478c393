"""`alphabar inpaint`: a part of an image sampled anew."""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import number_of
from flows.cli.application import Application
from flows.cli.editing import editing, tell_results
from flows.cli.options import Count, ImageFile, Model, NewFolder, Prompts, Quiet
from flows.cli.sampling_options import Eta, SamplingOptions, Seed


def register(app: Application) -> None:
    app.command()(inpaint)


def inpaint(
    model: Model,
    image: ImageFile,
    mask: Annotated[Path, typer.Option(help="An image file: white is filled anew, black kept.")],
    out: NewFolder,
    options: SamplingOptions,
    count: Count = 4,
    resamples: Annotated[
        int, typer.Option(min=1, max=1000, help="How often the run goes over its steps.")
    ] = 10,
    jump: Annotated[int, typer.Option(min=1, max=1000, help="Steps that it goes back up.")] = 10,
    prompt: Prompts = None,
    solver: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="`alphabar list solvers`; stochastic ones fit best (default: the model's own, "
            "else ddpm).",
        ),
    ] = None,
    eta: Eta = None,
    seed: Seed = None,
    quiet: Quiet = False,
) -> None:
    """Sample a part of an image anew so that it goes with the rest (RePaint).

    Example: `alphabar inpaint digits@champion three.png --mask lower.png --out filled`
    """
    from flows.tools import editing as tools
    from flows.tools.sampling import INPAINT

    request = options.request(model, prompt, solver=solver, eta=eta, seed=seed)
    with editing(INPAINT, request, out, image, mask, quiet=quiet) as edit:
        said = tools.inpaint(edit, image, mask, count, resamples=resamples, jump=jump)
    results = f"{number_of(count, 'image')} in {out / 'images'}, beside the original in"
    tell_results(said, results, out)
