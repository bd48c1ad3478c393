"""`alphabar study export`: a blind study of models or images, ready for its annotators."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.application import Application
from flows.cli.options import Quiet, folder, within
from flows.cli.sampling_options import Eta, SamplingOptions, Solver
from flows.telling import note, tell

if TYPE_CHECKING:
    from components.preference.export.settings import Settings

Compared = "A model, as `alphabar sample` takes it; a folder of its samples; or a folder of images"


def register(app: Application) -> None:
    app.command()(export)


@dataclass(frozen=True)
class StudyOptions:
    """What is asked of whom."""

    pairs: Annotated[
        int, typer.Option(min=1, max=10_000, help="What is judged: side-by-side choices.")
    ] = 40
    raters: Annotated[int, typer.Option(min=1, max=100, help="People who judge each pair.")] = 3
    people: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=10_000,
            help="Annotators, each with a page (default: as few as have 40 pairs each at most).",
        ),
    ] = None
    questions: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="prompt: which shows the words better; quality: which looks better.",
        ),
    ] = "prompt,quality"
    kind: Annotated[
        str,
        typer.Option(
            metavar="pairwise|realism", help="Two images side by side; or one, real or generated?"
        ),
    ] = "pairwise"
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            max=2**63 - 1,
            help="Of sides, orders and who judges what; of the images: --set seed=N.",
        ),
    ] = 0
    repeats: Annotated[
        int, typer.Option(min=6, max=1000, help="Pairs that each person is shown again.")
    ] = 6
    checks: Annotated[
        int, typer.Option(min=6, max=1000, help="Of each person with a plain answer.")
    ] = 6
    least_seconds: Annotated[
        float,
        typer.Option(**within(0.0, 60.0), help="Of a look before an answer is taken."),
    ] = 0.5
    title: Annotated[
        str | None, typer.Option(help="What annotators read on top (default: the study's name).")
    ] = None
    images_url: Annotated[
        str,
        typer.Option(metavar="URL", help="Where images/ will lie for Label Studio and MTurk."),
    ] = "images/"

    def settings(self, name: str) -> "Settings":
        """What the study ``name`` is asked to be; raises AlphabarError."""
        from components.errors import AlphabarError, quoted
        from components.preference.export.settings import Settings

        if self.kind not in ("pairwise", "realism"):
            raise AlphabarError(
                f"`--kind {quoted(self.kind)}` is no kind of study", "give pairwise or realism"
            )
        return Settings(
            self.title or name,
            self.pairs,
            self.raters,
            self.people,
            self.seed,
            "realism" if self.kind == "realism" else "pairwise",
            tuple(each.strip() for each in self.questions.split(",") if each.strip()),
            self.repeats,
            self.checks,
            self.least_seconds,
            images_url=self.images_url,
        )


Named = Annotated[str, typer.Argument(metavar="NAME", help="The study's, which names its folder.")]
Baseline = Annotated[str, typer.Option(metavar="MODEL", help=f"{Compared}.")]
Candidates = Annotated[
    list[str], typer.Option(metavar="MODEL", help="What is held against it; repeat it.")
]
PromptFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|holdout",
        help="What models are asked for: a .txt, or a .csv with `prompt`; holdout: the held-out "
        "captions or classes of the baseline's data (the default).",
    ),
]
Real = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER|holdout",
        help="Real images, for attention checks and --kind realism; holdout: those of the "
        "baseline's data.",
    ),
]
Side = Annotated[
    int | None,
    typer.Option(min=8, max=4096, help="Bring all images to squares of this side, pixels."),
]
OwnSettings = Annotated[
    bool, typer.Option("--own-settings", help="Draw each model with its own, not the baseline's.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", parser=folder, metavar="FOLDER", help="(default: reports/studies/NAME)."),
]


def export(
    name: Named,
    options: StudyOptions,
    sampling: SamplingOptions,
    baseline: Baseline,
    candidate: Candidates,
    prompts: PromptFile = None,
    real: Real = None,
    size: Side = None,
    own_settings: OwnSettings = False,
    solver: Solver = None,
    eta: Eta = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Write a blind study: a page for each annotator, task files, and the key apart from them.

    Models are drawn first, on the same prompts, seeds and sampling settings. Folders of images go
    together by their files' names.

    Example: `alphabar study export digits --baseline digits@1 --candidate digits@2 --pairs 60`
    """
    from flows.console import Work
    from flows.tools.study_export import StudyRequest, export_study
    from flows.workspace import Workspace

    request = StudyRequest(
        name,
        (baseline, *candidate),
        options.settings(name),
        prompts,
        real,
        size,
        own_settings,
        sampling.request(baseline, None, solver=solver, eta=eta),
        out,
    )
    with Work("study export", quiet=quiet) as progress:
        found = export_study(request, Workspace.here(), progress)
    for line in found.told:
        tell(line, told=found.told)
    tell(found.words(), **found.content())
    tell(f"pages for annotators: {found.pages()}", pages=found.folder)
    tell(f"keep to yourself: {found.key}", key=found.key)
    for line in found.about.notes:
        note(line)
    if request.settings.images_url.startswith("images/"):
        note(
            "label_studio.json and mturk.csv look for images/ beside themselves: for a tool "
            "elsewhere give --images-url"
        )
