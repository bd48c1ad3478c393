"""`alphabar img2img`: an image sampled anew from a noisy version of itself."""

from typing import Annotated

import typer

from components.errors import number_of
from flows.cli.application import Application
from flows.cli.editing import editing, tell_results
from flows.cli.options import Count, ImageFile, Model, NewFolder, Prompts, Quiet, within
from flows.cli.sampling_options import Eta, SamplingOptions, Seed, Solver


def register(app: Application) -> None:
    app.command()(img2img)


def img2img(
    model: Model,
    image: ImageFile,
    out: NewFolder,
    options: SamplingOptions,
    strength: Annotated[
        float,
        typer.Option(**within(0.0, 1.0), help="Share of the steps; 1 keeps nothing."),
    ] = 0.6,
    count: Count = 4,
    prompt: Prompts = None,
    solver: Solver = None,
    eta: Eta = None,
    seed: Seed = None,
    quiet: Quiet = False,
) -> None:
    """Give an image noise and sample it anew from there.

    Example: `alphabar img2img digits@champion three.png --prompt 8 --strength 0.6 --out eights`
    """
    from flows.tools import editing as tools
    from flows.tools.sampling import IMG2IMG

    request = options.request(model, prompt, solver=solver, eta=eta, seed=seed)
    with editing(IMG2IMG, request, out, image, quiet=quiet) as edit:
        said = tools.image_to_image(edit, image, strength, count)
    results = f"{number_of(count, 'image')} in {out / 'images'}, beside the original in"
    tell_results(said, results, out)
