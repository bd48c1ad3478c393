"""`alphabar dvc`: the pipeline of `dvc repro`."""

from typing import Annotated

import typer

from flows.cli.application import Application
from flows.telling import tell

app = Application("The pipeline of `dvc repro`.")


@app.callback()
def main() -> None:
    """The pipeline of `dvc repro`."""


@app.command()
def write(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 2 unless it is up to date.")
    ] = False,
) -> None:
    """Write dvc.yaml from params.yaml: its stages, and what each of them reads.

    To be done again when params.yaml has other sections or stages; other values need nothing.

    Example: `alphabar dvc write --check`
    """
    from flows.run.dvc_file import check_dvc_file, write_dvc_file
    from flows.workspace import Workspace

    workspace = Workspace.here()
    if check:
        check_dvc_file(workspace)
        tell("dvc.yaml is up to date", written=False)
    else:
        written = write_dvc_file(workspace)
        tell("dvc.yaml is written" if written else "dvc.yaml was up to date", written=written)
