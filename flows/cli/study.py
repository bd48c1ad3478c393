"""`alphabar study`: the blind comparison of two models."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Blind preference studies.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Blind preference studies."""


@app.command()
def export(
    baseline: Annotated[Path, typer.Argument(help="Samples of one model (`alphabar sample`).")],
    finetuned: Annotated[Path, typer.Argument(help="Samples of the other, on the same seeds.")],
    out: Annotated[Path, typer.Option("--out", help="A new folder for the study.")],
    pairs: Annotated[int, typer.Option(min=1, help="Side-by-side choices.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Seed of sides and order.")] = 0,
    name: Annotated[str, typer.Option(help="The page's title.")] = "study",
) -> None:
    """Write a self-contained page for side-by-side choices, pairs.csv, and the key apart.

    Example: `alphabar study export samples/a samples/b --out reports/a-or-b --pairs 60`
    """
    from flows.exporting import export_study

    export_study(baseline, finetuned, out, {"pairs": pairs, "seed": seed, "name": name})
    print(f"the page to send to annotators: {out / 'index.html'}")
    print(f"keep to yourself: {out / 'key.csv'}")
