"""`alphabar export`: a trained model for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from components.errors import AlphabarError
from flows.cli.application import Application
from flows.cli.options import Model, folder
from flows.cli.sampling_options import SamplingOptions, Solver
from flows.telling import tell

AS_SAMPLED = SamplingOptions()


def register(app: Application) -> None:
    app.command()(export)


def export(
    model: Model,
    to: Annotated[
        Path | None, typer.Argument(parser=folder, metavar="FOLDER", help="A new folder.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", parser=folder, metavar="FOLDER", help="FOLDER, as other commands have it."
        ),
    ] = None,
    single_file: Annotated[
        bool,
        typer.Option(
            "--single-file",
            help="Write FOLDER/NAME.safetensors, too: Stable Diffusion 1, 2 or XL in one file.",
        ),
    ] = False,
    lora: Annotated[
        bool,
        typer.Option(
            "--lora",
            help="Of a fine-tune of kind lora, write what it has trained alone: diffusers' file, "
            "and kohya's.",
        ),
    ] = False,
    options: SamplingOptions = AS_SAMPLED,
    solver: Solver = None,
) -> None:
    """Write a model as a pipeline that diffusers loads, with a README that draws with it.

    It draws as `alphabar sample` does with the same options: DDIM (eta 0) and dpmpp_2m, at any
    number of steps; what of the settings is not exported is named.

    Example: `alphabar export digits@champion exported/digits`
    """
    from components.files.new_folder import refuse_taken
    from flows.tools.exporting import EXPORT, export_lora, export_model
    from flows.tools.sampling import choose
    from flows.workspace import Workspace

    target = to or out
    if target is None or (to and out):
        raise AlphabarError("one new folder is needed", "name it: `alphabar export MODEL FOLDER`")
    workspace = Workspace.here()
    refuse_taken(target, workspace.store_root)  # before the work, not after it
    chosen = choose(EXPORT, options.request(str(model), None, solver=solver), workspace)
    if lora:
        for line in export_lora(chosen, target, workspace):
            tell(line, out=target)
        return
    written = export_model(chosen, target, workspace, single_file=single_file)
    for line in written.words(target):
        tell(line, out=target)
