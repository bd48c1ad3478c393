"""`alphabar plot`: pictures of what can be chosen."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.application import Application
from flows.telling import tell

app = Application("Pictures of what can be chosen.")


@app.callback()
def main() -> None:
    """Pictures of what can be chosen."""


@app.command()
def schedules(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="PNG file (default: reports/schedules.png).",
        ),
    ] = None,
) -> None:
    """Draw every schedule's log-SNR over time and every loss weight over log-SNR.

    Example: `alphabar plot schedules --out schedules.png`
    """
    from components.errors import AlphabarError
    from components.files.full_disk import naming_a_full_disk
    from flows.workspace import Workspace

    target = out or Workspace.here().root / "reports" / "schedules.png"
    if target.suffix.lower() != ".png" or target.is_dir():
        raise AlphabarError(f"{target} is no PNG file", "give a name that ends in .png with --out")
    from components.reporting.pictures.schedule_plot import plot_schedules

    try:
        with naming_a_full_disk(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            plot_schedules(target)
    except OSError as error:
        what = f"{target} cannot be written: {error.strerror}"
        raise AlphabarError(what, "give another file with --out") from error
    tell(f"written to {target}", picture=target)
