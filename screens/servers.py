"""A project's own MLflow and Prefect servers, for as long as their pages are looked at."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.servers import mlflow_server, prefect_server
from flows.servers.mlflow_record import record_path
from flows.servers.prefect_api import page_url, prefect_home, user_api_url
from flows.servers.processes import Background, find, stop


@dataclass(frozen=True)
class Served:
    """Where the pages of a project's records are.

    Attributes:
        mlflow, prefect: the address of each server; empty where the project has none.
        skipped: what is not there, and why.
    """

    mlflow: str
    prefect: str
    skipped: tuple[str, ...]


@contextlib.contextmanager
def served(project: Path) -> Iterator[Served]:
    """Both servers on free ports, as `alphabar up` starts them; one that runs is used as it is.

    What is started here is stopped at the end, and nothing else.

    Raises:
        AlphabarError: one does not start.
    """
    root, skipped = project.resolve(), list[str]()
    with contextlib.ExitStack() as stops:
        server, prefect = None, ""
        if (root / "mlruns" / "mlflow.db").is_file():
            server = _mlflow(root, stops)
        else:
            skipped.append("MLflow's pages: no run is recorded in mlruns/mlflow.db")
        if user_api_url():
            skipped.append("Prefect's pages: PREFECT_API_URL names a server of yours")
        elif (prefect_home(root) / "prefect.db").is_file():
            prefect = _prefect(root, stops)
        else:
            skipped.append("Prefect's pages: no run is in .prefect/prefect.db")
        if server:  # which has started while Prefect's did
            mlflow_server.await_mlflow_server(server)
        mlflow = mlflow_server.page_url(server) if server else ""
        yield Served(mlflow, prefect, tuple(skipped))


def _mlflow(root: Path, stops: contextlib.ExitStack) -> Background:
    ran = find(record_path(root))
    server = mlflow_server.start_mlflow_server(root)
    if ran is None or ran.pid != server.pid:
        stops.callback(stop, server, record_path(root))
    return server


def _prefect(root: Path, stops: contextlib.ExitStack) -> str:
    if prefect_server.find_prefect_server(root) is None:
        stops.callback(prefect_server.stop_prefect_server, root)
    return page_url(prefect_server.ensure_prefect_server(root, lambda line: None))
