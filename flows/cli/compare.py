"""`alphabar compare`: any recorded runs in one table and on one page."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.application import Application
from flows.cli.options import StoreOption, folder
from flows.telling import tell


def register(app: Application) -> None:
    app.command()(compare)


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Run ids (or their beginnings), EXPERIMENT/NAME, or EXPERIMENT.", metavar="RUN..."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=folder,
            metavar="PATH",
            help="A folder, or the .html or .csv file (default: reports/compare).",
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Print the table of two or more recorded runs; write a page that shows them side by side.

    The page has samples at equal seeds, every figure, the differences from the best run with
    intervals, and the trade-off plots. A CSV with every figure lies beside it.

    Example: `alphabar compare digits/schedule=linear,guidance=2 digits/schedule=cosine,guidance=2`
    """
    from flows.tools.comparing import compare_runs
    from flows.workspace import Workspace

    written = compare_runs(runs, Workspace.here(store), out).written
    tell(f"page     {written.page}", page=written.page)
    tell(f"table    {written.csv}", table=written.csv)
