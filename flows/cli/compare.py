"""`alphabar compare`: any recorded runs in one table."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Run ids (or their beginnings), EXPERIMENT/NAME, or EXPERIMENT.", metavar="RUN RUN"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="CSV file (default: reports/compare.csv).")
    ] = None,
) -> None:
    """Print and write the table of two or more recorded runs.

    Example: `alphabar compare digits/schedule=linear,guidance=2 digits/schedule=cosine,guidance=2`
    """
    from components.errors import AlphabarError
    from components.reporting.table import results_table, write_table_csv
    from components.tracking.connection import connect
    from components.tracking.search import find_cells
    from flows.results import print_table
    from flows.workspace import Workspace

    workspace = Workspace.here()
    cells = find_cells(connect(workspace.tracking_uri, workspace.root), runs)
    if len(cells) < 2:
        raise AlphabarError(
            f"{', '.join(runs)} names one evaluated run", "give two or more, or a sweep's parent"
        )
    table = results_table([(name, {"metrics": metrics}) for name, metrics in cells])
    print_table(table, "comparison")
    target = out or workspace.root / "reports" / "compare.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_table_csv(target, table)
    print(f"written to {target}")
