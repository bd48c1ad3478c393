"""`alphabar invert`, `interpolate`, `img2img` and `inpaint`: editing with any trained model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import number_of
from flows.cli.options import MOST_IMAGES, Quiet, folder, within
from flows.telling import tell

if TYPE_CHECKING:
    from flows.tools.editing import Edit

Model = Annotated[str, typer.Argument(help="A model's directory, or NAME@ALIAS in the registry.")]
ImageFile = Annotated[Path, typer.Argument(metavar="IMAGE", help="An image file.")]
Out = Annotated[
    Path, typer.Option("--out", parser=folder, metavar="PATH", help="A new folder for the results.")
]
Prompts = Annotated[
    list[str] | None,
    typer.Option(
        "--prompt", "-p", help="A class or a caption; repeat it, they take turns. Without: none."
    ),
]
Solver = Annotated[str | None, typer.Option(help="`alphabar list solvers` shows them.")]
Steps = Annotated[int | None, typer.Option(min=1, max=1000, help="Solver steps.")]
Guidance = Annotated[
    float | None,
    typer.Option(
        **within(0.0, 50.0),
        help="Scale; 1 is off (default: 2 with a prompt, else 1).",
    ),
]
Seed = Annotated[
    int | None, typer.Option(min=0, max=2**31, help="Result k is drawn from seed + k (default: 0).")
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Any other sampling key, such as grid=karras; repeat it."
    ),
]
Count = Annotated[
    int, typer.Option("--count", "-n", min=1, max=MOST_IMAGES, help="How many results.")
]


def register(app: typer.Typer) -> None:
    for command in (invert, interpolate, img2img, inpaint):
        app.command()(command)


def invert(
    model: Model,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Image files.")],
    out: Out,
    prompt: Prompts = None,
    steps: Annotated[int, typer.Option(min=1, max=1000, help="Solver steps.")] = 100,
    refinements: Annotated[
        int, typer.Option(min=0, max=1000, help="Fixed-point iterations a step; 0 is plain.")
    ] = 3,
    guidance: Annotated[float, typer.Option(**within(0.0, 50.0), help="Scale; 1 is off.")] = 1.0,
    assignments: Assignments = None,
    quiet: Quiet = False,
) -> None:
    """Find the noise that images are drawn from, by DDIM run backwards, and draw them again.

    Clipping is off, both ways: it could not be undone.

    Example: `alphabar invert digits@champion seven.png --prompt 7 --out inverted`
    """
    from flows.console import Work
    from flows.tools import editing

    options = {"steps": steps, "guidance": guidance}
    edit = _edit("invert", model, out, prompt, options, assignments)
    with Work("invert", quiet=quiet) as progress:
        said = editing.invert(edit, images, refinements, progress)
    _tell(said, f"noise in {out / 'noise.npy'}, original, noise and reconstruction in", out)


def interpolate(
    model: Model,
    out: Out,
    seeds: Annotated[
        tuple[int, int],
        typer.Option(min=0, max=2**31, metavar="A B", help="Where it begins and ends."),
    ],
    frames: Annotated[int, typer.Option(min=2, max=1000, help="Images, both ends included.")] = 9,
    prompt: Prompts = None,
    solver: Solver = None,
    steps: Steps = None,
    guidance: Guidance = None,
    assignments: Assignments = None,
    quiet: Quiet = False,
) -> None:
    """Draw the images on the way from one seed's noise to another's.

    Example: `alphabar interpolate digits@champion --seeds 3 8 --prompt 7 --out between`
    """
    from flows.console import Work
    from flows.tools import editing

    options = {"solver": solver, "steps": steps, "guidance": _scale(guidance, prompt, solver)}
    edit = _edit("interpolate", model, out, prompt, options, assignments)
    with Work("interpolate", quiet=quiet) as progress:
        editing.interpolate(edit, seeds, frames, progress)
    _tell([], f"{frames} images in {out / 'images'}, side by side in", out)


def img2img(
    model: Model,
    image: ImageFile,
    out: Out,
    strength: Annotated[
        float,
        typer.Option(**within(0.0, 1.0), help="Share of the steps; 1 keeps nothing."),
    ] = 0.6,
    count: Count = 4,
    prompt: Prompts = None,
    solver: Solver = None,
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = None,
    assignments: Assignments = None,
    quiet: Quiet = False,
) -> None:
    """Give an image noise and draw it anew from there.

    Example: `alphabar img2img digits@champion three.png --prompt 8 --strength 0.6 --out eights`
    """
    from flows.console import Work
    from flows.tools import editing

    scale = _scale(guidance, prompt, solver)
    options = {"solver": solver, "steps": steps, "guidance": scale, "seed": seed}
    edit = _edit("img2img", model, out, prompt, options, assignments)
    with Work("img2img", quiet=quiet) as progress:
        said = editing.image_to_image(edit, image, strength, count, progress)
    _tell(said, f"{number_of(count, 'image')} in {out / 'images'}, beside the original in", out)


def inpaint(
    model: Model,
    image: ImageFile,
    mask: Annotated[Path, typer.Option(help="An image file: white is drawn anew, black kept.")],
    out: Out,
    count: Count = 4,
    resamples: Annotated[
        int, typer.Option(min=1, max=1000, help="How often the run goes over its steps.")
    ] = 10,
    jump: Annotated[int, typer.Option(min=1, max=1000, help="Steps that it goes back up.")] = 10,
    prompt: Prompts = None,
    solver: Annotated[
        str, typer.Option(help="`alphabar list solvers` shows them; stochastic ones fit best.")
    ] = "ddpm",
    steps: Steps = None,
    guidance: Guidance = None,
    seed: Seed = None,
    assignments: Assignments = None,
    quiet: Quiet = False,
) -> None:
    """Draw a part of an image anew so that it goes with the rest (RePaint).

    Example: `alphabar inpaint digits@champion three.png --mask lower.png --out filled`
    """
    from flows.console import Work
    from flows.tools import editing

    scale = _scale(guidance, prompt, solver)
    options = {"solver": solver, "steps": steps, "guidance": scale, "seed": seed}
    edit = _edit("inpaint", model, out, prompt, options, assignments)
    with Work("inpaint", quiet=quiet) as progress:
        said = editing.inpaint(edit, image, mask, count, resamples, jump, progress)
    _tell(said, f"{number_of(count, 'image')} in {out / 'images'}, beside the original in", out)


def _edit(
    command: str,
    model: str,
    out: Path,
    prompts: list[str] | None,
    options: dict[str, Any],
    assignments: list[str] | None,
) -> "Edit":
    from flows.tools.drawing import sampling_of
    from flows.tools.editing import Edit
    from flows.tools.models import find_model
    from flows.workspace import Workspace

    sampling = sampling_of(options, assignments or [], f"the options of `alphabar {command}`")
    directory = find_model(model, Workspace.here())
    return Edit(directory, out, tuple(prompts or []), sampling)


def _scale(guidance: float | None, prompts: list[str] | None, solver: str | None) -> float:
    """The guidance scale that is asked for, else `alphabar sample`'s if there is a prompt."""
    if guidance is not None:
        return guidance
    return 2.0 if prompts and solver != "consistency" else 1.0  # it was distilled in


def _tell(said: list[str], result: str, out: Path) -> None:
    from flows.tools.editing import PICTURE

    for line in said:
        tell(line)
    tell(f"{result} {out / PICTURE}")
