"""Arguments that several commands share."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from components.errors import AlphabarError


def within(low: float, high: float) -> dict[str, Any]:
    """What an option for a number from ``low`` to ``high`` is declared with; NaN is none."""

    def number(text: str | float) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise typer.BadParameter(f"{text} must be a number from {low:g} to {high:g}")
        return value

    return {"parser": number, "metavar": "NUMBER", "min": low, "max": high}


def folder(text: str | Path) -> Path:
    """The parser of an option for a new folder: a path of no letters is the current folder."""
    if not str(text).strip():
        raise AlphabarError("a folder is needed: `--out` is empty", "name a new one: `--out NAME`")
    return Path(text)


MOST_IMAGES = 1_000_000
"""That one command draws, as `evaluation.samples` has it."""

Model = Annotated[
    str,
    typer.Argument(
        help="A model's directory, that of a diffusers pipeline or the hub id of one that was "
        "downloaded, or NAME@ALIAS in the registry."
    ),
]
ImageFile = Annotated[Path, typer.Argument(metavar="IMAGE", help="An image file.")]
NewFolder = Annotated[
    Path,
    typer.Option("--out", parser=folder, metavar="FOLDER", help="A new folder for the results."),
]
Prompts = Annotated[
    list[str] | None,
    typer.Option("--prompt", "-p", help="A class or a caption; repeat it, they take turns."),
]
Count = Annotated[
    int, typer.Option("--count", "-n", min=1, max=MOST_IMAGES, help="How many images.")
]
ExperimentFile = Annotated[Path, typer.Argument(help="An experiment file.", metavar="FILE")]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="FOLDER", help="Where stage outputs are published (default: artifacts/)."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only results.")]
