"""`alphabar invert`: the noise that images are sampled from."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.application import Application
from flows.cli.editing import editing, tell_results
from flows.cli.options import Model, NewFolder, Prompts, Quiet
from flows.cli.sampling_options import SamplingOptions


def register(app: Application) -> None:
    app.command()(invert)


def invert(
    model: Model,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Image files.")],
    out: NewFolder,
    options: SamplingOptions,
    prompt: Prompts = None,
    refinements: Annotated[
        int, typer.Option(min=0, max=1000, help="Fixed-point iterations a step; 0 is plain.")
    ] = 3,
    quiet: Quiet = False,
) -> None:
    """Find the noise that images are sampled from, by DDIM run backwards, and sample them again.

    Clipping is off, both ways: it could not be undone. A model without settings of its own is
    inverted in 100 steps without guidance.

    Example: `alphabar invert digits@champion seven.png --prompt 7 --out inverted`
    """
    from flows.tools import editing as tools
    from flows.tools.sampling import INVERT

    with editing(INVERT, options.request(model, prompt), out, *images, quiet=quiet) as edit:
        said = tools.invert(edit, images, refinements)
    tell_results(said, f"noise in {out / 'noise.npy'}, original, noise and reconstruction in", out)
