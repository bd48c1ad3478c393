"""The command line. Each command's module is light; what it needs is imported when it runs."""

import io
import os
import sys
from importlib import metadata
from typing import Annotated

import typer

from components.errors import AlphabarError
from flows.cli import (
    compare,
    data,
    dvc,
    evaluate,
    export,
    img2img,
    inpaint,
    interpolate,
    invert,
    merge,
    plan,
    plot,
    promote,
    run,
    sample,
    schedule,
    stage,
    study,
    up,
    verify,
)
from flows.cli import list as listing
from flows.cli.application import Application
from flows.signals import INTERRUPTED, exit_code, hearing
from flows.telling import of_a_file

app = Application(
    "Which noise schedule, guidance scale, solver or fine-tune is better? Measure it.",
    name="alphabar",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    run,
    plan,
    listing,
    sample,
    invert,
    interpolate,
    img2img,
    inpaint,
    evaluate,
    compare,
    promote,
    export,
    merge,
    verify,
    up,
    stage,
)
OF_STAGES = ("run", "stage", "evaluate")
"""Commands that run stages, which are kept when a signal ends the command."""


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Which noise schedule, guidance scale, solver or fine-tune is better? Measure it."""
    if version:
        print(f"alphabar {metadata.version('alphabar')}")
        raise typer.Exit


for command in COMMANDS:
    command.register(app)
app.add_typer(data.app, name="data")
app.add_typer(dvc.app, name="dvc")
app.add_typer(study.app, name="study")
app.add_typer(plot.app, name="plot")
app.add_typer(schedule.app, name="schedule")


def main() -> None:
    """Run a command; a user's error becomes one message and exit code 2.

    Ctrl-C, SIGTERM and SIGHUP end it with one message, and with 130, 143 and 129.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when mlflow is imported
    os.environ.setdefault("DO_NOT_TRACK", "true")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a terminal of few characters shows the others' codes
            stream.reconfigure(errors="backslashreplace")
    with hearing():
        try:
            app()
        except AlphabarError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
        except OSError as error:
            if error.filename is None:
                raise
            print(f"error: {of_a_file(error)}", file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:
            _end()
        except SystemExit as end:
            if end.code == INTERRUPTED:  # typer's word for a KeyboardInterrupt
                _end()
            raise


def _end() -> None:
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    kept = "; finished stages are kept, and the next run goes on" if word in OF_STAGES else ""
    print(f"stopped{kept}", file=sys.stderr)
    sys.exit(exit_code())
