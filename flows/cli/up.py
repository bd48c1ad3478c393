"""`alphabar up` and `alphabar down`: the servers."""

from typing import Annotated

import typer

from flows.cli.application import Application
from flows.telling import tell

Port = Annotated[int | None, typer.Option(min=1, max=65_535, help="Default: a free one.")]


def register(app: Application) -> None:
    app.command(answers=False)(up)
    app.command()(down)


def up(
    prefect_port: Port = None,
    mlflow_port: Port = None,
) -> None:
    """Serve Prefect, MLflow and a worker for schedules, until Ctrl-C.

    Example: `alphabar up --mlflow-port 5000`
    """
    from flows.servers.up import up as serve
    from flows.workspace import Workspace

    serve(Workspace.here().root, prefect_port, mlflow_port)


def down() -> None:
    """Stop the Prefect server that `alphabar run` leaves in the background.

    Example: `alphabar down`
    """
    from flows.servers.prefect_server import stop_prefect_server
    from flows.workspace import Workspace

    stopped = stop_prefect_server(Workspace.here().root)
    said = "the Prefect server is stopped" if stopped else "no Prefect server runs here"
    tell(said, stopped=stopped)
