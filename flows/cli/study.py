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


@app.command()
def results(
    responses: Annotated[list[Path], typer.Argument(help="Annotators' responses.csv files.")],
    key: Annotated[Path, typer.Option("--key", help="The study's key.csv.")],
) -> None:
    """Unblind annotators' answers: the fine-tuned model's win rate with its interval.

    Example: `alphabar study results anna.csv ben.csv --key reports/digits/study/key.csv`
    """
    from components.preference.analysis import analyse

    found = analyse(responses, key)
    answers = f"{found.wins} for the fine-tuned model, {found.losses} for the baseline"
    print(f"{found.annotators} annotators: {answers}, {found.ties} without preference")
    if found.rate is not None and found.low is not None and found.high is not None:
        interval = f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"
        print(f"win rate {100 * found.rate:.1f} % {interval}, p = {found.p_value:.3g}")
