"""`alphabar evaluate`: figures with intervals for any images."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import MOST_IMAGES, Quiet, StoreOption, folder, within
from flows.telling import tell

OPTIONS = {"metrics": "metric", "others": "extractor"}
"""What a key of the evaluation section is called as an option, where that differs."""


def register(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    images: Annotated[
        str,
        typer.Argument(
            help="A folder of images or samples, a .npy or .npz, or a model: its directory or "
            "NAME@ALIAS.",
            metavar="PATH_OR_MODEL",
        ),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(help="Real images: a folder, a .npy, prepared data, or an experiment file."),
    ] = None,
    experiment: Annotated[
        Path | None,
        typer.Option("--experiment", "-e", help="Whose data, scorer and metrics to use."),
    ] = None,
    training: Annotated[
        Path | None, typer.Option(help="What the model has learnt from, to look for copies.")
    ] = None,
    extractor: Annotated[
        list[str] | None,
        typer.Option(help="`alphabar list extractors`; repeat it, the first one ranks."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="`alphabar list metrics`; repeat it (default: all that apply)."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=32, max=1024, help="Side at which efficientnet_lite0 looks (default: 64)."
        ),
    ] = None,
    clip: Annotated[
        str | None, typer.Option(help="clip:MODEL:WEIGHTS for the captions of metadata.csv.")
    ] = None,
    neighbours: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, help="k of precision, recall, density, coverage (default: 5)."
        ),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(**within(0.5, 1.0), help="Level of every interval (default: 0.95)."),
    ] = None,
    count: Annotated[
        int, typer.Option(min=20, max=MOST_IMAGES, help="Images to draw from a model.")
    ] = 500,
    style: Annotated[
        str | None, typer.Option(help="With an experiment: another style's holdout.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=folder,
            metavar="PATH",
            help="A new folder for metrics.json and metrics.csv.",
        ),
    ] = None,
    store: StoreOption = None,
    quiet: Quiet = False,
) -> None:
    """Compare images with real ones; print every metric with its interval.

    Needs no training run: `alphabar evaluate generated/ --reference real/`. With `--experiment`
    samples are judged as that experiment's own are, with its scorer and beside its floor.

    Example: `alphabar evaluate digits@champion --reference experiments/digits.yaml --out figures`
    """
    import tempfile

    from components.errors import AlphabarError
    from components.files.new_folder import refuse_taken
    from components.spec.loading import load_experiment
    from components.spec.metrics import RANKING
    from flows.console import Display
    from flows.tools.judging import (
        array_judged,
        images_of,
        judge_against_experiment,
        judge_against_folder,
    )
    from flows.workspace import Workspace

    if (reference is None) == (experiment is None):
        raise AlphabarError(
            "what to compare with is not said, or said twice",
            "give `--reference PATH` or `--experiment FILE`, one of them",
        )
    if reference is not None and reference.suffix in (".yaml", ".yml"):
        experiment, reference = reference, None
    workspace = Workspace.here(store)
    if out is not None:
        refuse_taken(out, workspace.store_root)  # before the work, not after it
    options = {
        "extractor": extractor[0] if extractor else None,
        "others": extractor[1:] if extractor else None,
        "metrics": [*dict.fromkeys([RANKING, *metric])] if metric else None,
        "size": size,
        "clip": clip,
        "neighbours": neighbours,
        "confidence": confidence,
    }
    given = {key: value for key, value in options.items() if value is not None}
    if experiment and (given or training):
        option = OPTIONS.get(key := next(iter(given), "training"), key)
        raise AlphabarError(
            f"--{option} has no meaning with an experiment, whose own settings hold",
            "change its `evaluation`, or compare with `--reference FOLDER`",
        )
    if reference and style:
        raise AlphabarError("--style has no meaning without an experiment", "leave it away")
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder)
        with (
            Display(quiet=quiet) as display,
            images_of(images, count, workspace, display) as path,
        ):
            if experiment:
                judged = judge_against_experiment(
                    path, load_experiment(experiment), style, workspace, display, found
                )
            else:
                assert reference is not None
                values = {"clip": "none"} | given
                judged = judge_against_folder(
                    path, reference, training, values, workspace, display, found
                )
            array = array_judged(path) if path == Path(images) else None
        judged.show(f"against {reference or experiment}")
        if array:
            print(array)
        if out:
            judged.keep(out, workspace.store_root)
            tell(f"written to {out}")
