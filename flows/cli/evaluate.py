"""`alphabar evaluate`: figures with intervals for samples made by hand."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Quiet, StoreOption


def register(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    samples: Annotated[Path, typer.Argument(help="A folder made by `alphabar sample`.")],
    experiment: Annotated[
        Path, typer.Option("--experiment", "-e", help="Whose data, scorer and metrics to use.")
    ],
    style: Annotated[str | None, typer.Option(help="Compare with another style's holdout.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write metrics.json.")] = None,
    store: StoreOption = None,
    quiet: Quiet = False,
) -> None:
    """Compare samples with an experiment's holdout; print every metric with its interval.

    Example: `alphabar evaluate seven --experiment experiments/digits.yaml`
    """
    from components.spec.loading import load_experiment
    from flows.console import Display
    from flows.judging import judge_samples
    from flows.workspace import Workspace

    with Display(quiet=quiet) as display:
        judged = judge_samples(
            samples, load_experiment(experiment), style, Workspace.here(store), display
        )
    judged.show()
    if out:
        from components.store import write_json

        out.mkdir(parents=True, exist_ok=True)
        write_json(out / "metrics.json", judged.content)
        print(f"written to {out / 'metrics.json'}")
