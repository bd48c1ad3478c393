"""`alphabar evaluate`: figures with intervals for any images."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.application import Application
from flows.cli.options import MOST_IMAGES, Quiet, StoreOption, folder, within
from flows.cli.sampling_options import Eta, SamplingOptions, Seed, Solver
from flows.telling import tell


def register(app: Application) -> None:
    app.command()(evaluate)


@dataclass(frozen=True)
class EvaluationOptions:
    """Keys of the evaluation section."""

    extractor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="`alphabar list extractors`; repeat it, the first one ranks."
        ),
    ] = None
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="`alphabar list metrics`; repeat it (default: all that apply)."
        ),
    ] = None
    size: Annotated[
        int | None,
        typer.Option(
            min=32, max=1024, help="Side at which efficientnet_lite0 looks (default: 64)."
        ),
    ] = None
    clip: Annotated[
        str | None,
        typer.Option(
            metavar="CLIP",
            help="clip:MODEL:WEIGHTS, a model of open_clip and its file: CLIP scores of prompts or "
            "of the captions of metadata.csv (default: none).",
        ),
    ] = None
    preference: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="pickscore:DIR or hps:FILE, local weights of a model of people's choices: its "
            "scores of images and captions (default: none).",
        ),
    ] = None
    neighbours: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, help="k of precision, recall, density, coverage (default: 5)."
        ),
    ] = None
    confidence: Annotated[
        float | None,
        typer.Option(**within(0.5, 1.0), help="Level of every interval (default: 0.95)."),
    ] = None

    def given(self) -> dict[str, Any]:
        """Those that are given, by the keys' own names."""
        from components.spec.metrics import RANKING

        options = {
            "extractor": self.extractor[0] if self.extractor else None,
            "others": self.extractor[1:] if self.extractor else None,
            "metrics": [*dict.fromkeys([RANKING, *self.metric])] if self.metric else None,
            "size": self.size,
            "clip": self.clip,
            "preference": self.preference,
            "neighbours": self.neighbours,
            "confidence": self.confidence,
        }
        return {key: value for key, value in options.items() if value is not None}


Images = Annotated[
    str,
    typer.Argument(
        help="A folder of images or samples, a .npy or .npz, or a model: its directory, that of a "
        "diffusers pipeline or its hub id, or NAME@ALIAS.",
        metavar="PATH_OR_MODEL",
    ),
]
Reference = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH", help="Real images: a folder, a .npy, prepared data, or an experiment file."
    ),
]
OfExperiment = Annotated[
    Path | None,
    typer.Option("--experiment", "-e", help="Whose data, scorer and metrics to use."),
]
Training = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="What the model has learnt from, to look for copies."),
]
Count = Annotated[
    int | None,
    typer.Option(
        "--count",
        "-n",
        min=20,
        max=MOST_IMAGES,
        help="Images to draw from a model (default: one a prompt of `--prompts`, 20 at least; else "
        "the experiment file's `samples`, else 500).",
    ),
]
PromptFile = Annotated[
    Path | None,
    typer.Option(
        "--prompts",
        help="What a model is asked for, in turn: a .txt, or a .csv with `prompt` (default: of a "
        "model of captions the experiment's held-out ones).",
    ),
]
Style = Annotated[
    str | None, typer.Option(metavar="NAME", help="With an experiment: another style's holdout.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        parser=folder,
        metavar="FOLDER",
        help="A new folder for metrics.json and metrics.csv, and the images that were drawn.",
    ),
]


def evaluate(
    images: Images,
    options: EvaluationOptions,
    sampling: SamplingOptions,
    reference: Reference = None,
    experiment: OfExperiment = None,
    training: Training = None,
    count: Count = None,
    prompts: PromptFile = None,
    style: Style = None,
    out: Out = None,
    solver: Solver = None,
    eta: Eta = None,
    seed: Seed = None,
    store: StoreOption = None,
    quiet: Quiet = False,
) -> None:
    """Compare images with real ones; print every metric with its interval.

    Needs no training run: `alphabar evaluate generated/ --reference real/`. With `--experiment`
    samples are judged as that experiment's own are, with its scorer and beside its floor.

    A model is drawn from first, as `alphabar sample` does and with its options. One of captions is
    asked for what `--prompts` says, else for the held-out captions of the experiment.

    Example: `alphabar evaluate digits@champion --reference experiments/digits.yaml --out figures`
    """
    from components.files.new_folder import refuse_taken
    from flows.console import Display
    from flows.tools.judge_request import JudgeRequest, judging
    from flows.workspace import Workspace

    asked = JudgeRequest(
        images,
        reference,
        experiment,
        training,
        count,
        prompts,
        style,
        options.given(),
        sampling.request(images, None, solver=solver, eta=eta, seed=seed),
    )
    workspace = Workspace.here(store)
    if out is not None:
        refuse_taken(out, workspace.store_root)  # before the work, not after it
    with judging(asked, workspace, Display(quiet=quiet)) as (judged, array):
        against = reference or experiment
        judged.show(f"against {against}" if against else "by themselves")
        if array:
            tell(array)
        if out:
            judged.keep(out, workspace.store_root)
            tell(f"written to {out}", out=out)
