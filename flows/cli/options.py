"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

MOST_IMAGES = 1_000_000
"""That one command draws, as `evaluation.samples` has it."""

ExperimentFile = Annotated[Path, typer.Argument(help="An experiment file.", metavar="FILE")]
StoreOption = Annotated[
    Path | None,
    typer.Option("--store", help="Where stage outputs are published (default: artifacts/)."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only results.")]
