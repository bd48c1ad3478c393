"""From an address to a `Tracker`, quickly and with a clear message when nobody is there."""

import socket
import threading
import urllib.parse
from pathlib import Path

import requests
from mlflow import MlflowClient
from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_REQUEST_TIMEOUT,
)
from mlflow.exceptions import MlflowException

from components.errors import AlphabarError
from components.tracking.quiet import silence
from components.tracking.runs import Tracker
from components.tracking.sqlite_store import (
    PREFIX,
    artifact_root,
    lock_path,
    open_sqlite,
    sqlite_path,
    sqlite_uri,
)

PATIENCE = 4.0
"""Seconds to wait for an answer before an address counts as unreachable."""

REQUEST_SECONDS, REQUEST_RETRIES = 20, 2
"""A server that hangs holds a record up for a minute at most."""

DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
REMEDY = "start the server with `alphabar up`, or unset MLFLOW_TRACKING_URI to record under mlruns/"


def connect(uri: str | None, root: Path) -> Tracker:
    """A tracker for the MLflow store at ``uri``.

    Args:
        uri: ``http(s)://`` (a server), ``sqlite:///`` or another database that MLflow knows;
            None for ``<root>/mlruns/mlflow.db`` with artifacts in ``<root>/mlruns/artifacts``.
            The artifacts of any SQLite store lie beside it; a server decides for itself.
        root: the project's folder.

    Raises:
        AlphabarError: within about 5 s, when the address is unknown, nobody answers there, or
            the SQLite file is broken or cannot be written.
    """
    silence()
    _wait_shortly()
    if uri is None:
        uri = sqlite_uri(root / "mlruns" / "mlflow.db")
    scheme = urllib.parse.urlsplit(uri).scheme.partition("+")[0]
    if scheme == "sqlite":
        return _connect_sqlite(sqlite_path(uri))
    if scheme not in ("http", "https", *DATABASE_PORTS):
        raise AlphabarError(
            f"{public(uri)} is not an address that runs can be recorded at",
            f"write http://host:port or {PREFIX}path/to/file.db, or unset MLFLOW_TRACKING_URI",
        )
    if (fault := _fault(uri)) is not None:
        raise AlphabarError(f"MLflow is not reachable at {public(uri)}: {fault}", REMEDY)
    return Tracker(_client(uri), uri, public(uri), None, None)


def answers(tracker: Tracker) -> bool:
    """Whether the store can be reached now; known within about 5 s."""
    return tracker.lock is not None or _fault(tracker.uri) is None


def public(uri: str) -> str:
    """``uri`` without its password, for messages."""
    try:
        parts = urllib.parse.urlsplit(uri)
    except ValueError:
        return uri
    if parts.password is None:
        return uri
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))


def _connect_sqlite(database: Path) -> Tracker:
    open_sqlite(database)
    uri = sqlite_uri(database)
    return Tracker(_client(uri), uri, uri, artifact_root(database), lock_path(database))


def _client(uri: str) -> MlflowClient:
    try:
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    except MlflowException as error:  # such as a database of another MLflow version
        text = str(error).splitlines()[0]
        raise AlphabarError(
            f"the MLflow store {public(uri)} cannot be used: {text}",
            f"back it up and run `mlflow db upgrade {public(uri)}`, or move it away",
        ) from error
    except (ImportError, ValueError) as error:  # such as a database driver that is not installed
        raise AlphabarError(
            f"the MLflow store {public(uri)} cannot be used: {error}", REMEDY
        ) from error


def _wait_shortly() -> None:
    """MLflow's client waits 120 s for an answer and asks eight times, unless the user says so."""
    for setting, value in (
        (MLFLOW_HTTP_REQUEST_TIMEOUT, REQUEST_SECONDS),
        (MLFLOW_HTTP_REQUEST_MAX_RETRIES, REQUEST_RETRIES),
    ):
        if not setting.is_set():
            setting.set(value)


def _fault(uri: str) -> str | None:
    """What is wrong with a server's address; name resolution knows no time limit."""
    scheme = urllib.parse.urlsplit(uri).scheme.partition("+")[0]
    answer: list[str | None] = []

    def probe() -> None:
        port = DATABASE_PORTS.get(scheme)
        answer.append(_probe_http(uri) if port is None else _probe_port(uri, port))

    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(PATIENCE + 0.5)
    return answer[0] if answer else f"no answer within {PATIENCE:g} s"


def _probe_http(uri: str) -> str | None:
    try:
        answer = requests.get(f"{uri.rstrip('/')}/health", timeout=PATIENCE)
    except requests.Timeout:
        return f"no answer within {PATIENCE:g} s"
    except (requests.RequestException, ValueError) as error:
        return _reason(error)
    # a proxy in front may ask for the credentials that the client sends and this probe does not
    if answer.status_code in (200, 401, 403):
        return None
    return f"GET /health answers {answer.status_code}, which no MLflow server does"


def _probe_port(uri: str, default: int) -> str | None:
    try:
        parts = urllib.parse.urlsplit(uri)
        address = (parts.hostname or "localhost", parts.port or default)
        socket.create_connection(address, timeout=PATIENCE).close()
    except (OSError, ValueError) as error:
        return _reason(error)
    return None


def _reason(error: BaseException) -> str:
    """The innermost cause, in plain words: requests nests them four deep."""
    text = str(error)
    for known in ("Connection refused", "Name or service not known", "No route to host"):
        if known in text:
            return known.lower()
    if "resolve" in text or "name resolution" in text:
        return "the host's name cannot be resolved"
    return text[:200]
