"""`alphabar study import` and `alphabar study analyze`: answers in, and what they say."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.application import Application
from flows.cli.options import within

Study = Annotated[
    str,
    typer.Argument(metavar="STUDY", help="A study's name in reports/studies/, or its folder."),
]

NOTHING = 2
"""Exit code where no file has an answer."""


def register(app: Application) -> None:
    app.command("import")(import_)
    app.command()(analyze)


def import_(
    study: Study,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            help="Files of answers: the page's, Label Studio's, MTurk's, or tables with --columns; "
            "none for what `study serve` has.",
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=COLUMN",
            help="What a column of another table is: item, answer, annotator and, where there "
            "are such, study, question, seconds, place, when. Repeat it.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT:NAME", help="Count no longer: annotator:NAME, pair:NAME or item:NAME."
        ),
    ] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why it is excluded.")] = "",
    exclude_careless: Annotated[
        bool,
        typer.Option(
            "--exclude-careless", help="Exclude whom the stated rule takes for random clickers."
        ),
    ] = False,
    take_back: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT:NAME", help="Count again what was excluded."),
    ] = None,
) -> None:
    """Take answers into a study; what cannot be taken is named, and the rest is kept.

    Files are kept as they came, and no answer is counted twice, however often it comes. What is
    excluded stays on record and can be taken back. Exit code 2 where no file has an answer.

    Example: `alphabar study import foxes answers-01.csv answers-02.csv`
    """
    from flows.tools.study_answers import Asked, import_answers_of, mapped, show_done
    from flows.workspace import Workspace

    asked = Asked(
        files or (), mapped(columns or ()), exclude or (), take_back or (), why, exclude_careless
    )
    done = import_answers_of(study, asked, Workspace.here())
    show_done(done)
    if done.nothing:
        raise typer.Exit(NOTHING)


def analyze(
    study: Study,
    peek: Annotated[
        bool,
        typer.Option(
            "--peek", help="Say who leads before the planned answers are there, always validly."
        ),
    ] = False,
    question: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose answers decide pairs: quality unless given."),
    ] = None,
    preference: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="pickscore:DIR or hps:FILE, local weights: how far it agrees with the answers.",
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="Of all intervals.", **within(0.5, 0.999))
    ] = 0.95,
    draws: Annotated[
        int, typer.Option(min=100, max=100_000, help="Draws of each bootstrap.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of bootstraps.")] = 0,
) -> None:
    """Write what the answers say: a page with plots, tables, a report, the decided pairs.

    The figures go to MLflow, too, where a registered version is one of the study's models.

    Example: `alphabar study analyze foxes`
    """
    from components.preference.analysis.preferred import Settings
    from flows.tools.study_analysis import analyze_study, show_analysis
    from flows.workspace import Workspace

    settings = Settings(confidence, draws, seed)
    done = analyze_study(
        study, settings, Workspace.here(), peek=peek, question=question, judges=preference or ()
    )
    show_analysis(done)
