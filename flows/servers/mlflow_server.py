"""The MLflow server over a root's own records: <root>/mlruns/mlflow.db and /artifacts."""

import contextlib
import os
import sqlite3
import sys
import time
from pathlib import Path

from flows.servers.mlflow_record import record_path
from flows.servers.processes import (
    LOOPBACK,
    Background,
    Pause,
    await_ready,
    claim_port,
    find_settled,
    launch,
)

START_SECONDS = 90.0
VIEW = "workflowType=machine_learning&compareRunsMode=CHART"
LATEST = """
SELECT r.experiment_id FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id
WHERE r.lifecycle_stage = 'active' AND e.lifecycle_stage = 'active'
ORDER BY r.start_time DESC LIMIT 1
"""


def user_tracking_server() -> str | None:
    """MLFLOW_TRACKING_URI when the user has set it to a server."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    return uri if uri.startswith(("http://", "https://")) else None


def start_mlflow_server(root: Path, port: int | None = None) -> Background:
    """Start (or adopt) the server and return at once; `await_mlflow_server` waits for it.

    Raises:
        AlphabarError: the port is taken, or the records cannot be used.
    """
    from components.tracking.quiet import silence
    from components.tracking.sqlite_store import open_sqlite

    silence()
    found = find_settled(record_path(root))
    if found and port in (None, found.port):
        return found
    folder = root.resolve() / "mlruns"
    (folder / "artifacts").mkdir(parents=True, exist_ok=True)  # a run looks whether it is there
    open_sqlite(folder / "mlflow.db")  # after a copy or a move it points into this folder
    port = claim_port(port, "the MLflow server", "--mlflow-port")
    command = [sys.executable, "-P", "-m", "mlflow", "server"]
    command += ["--host", LOOPBACK, "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    # Files are read where the runs put them; nothing is uploaded through the server.
    command += ["--default-artifact-root", (folder / "artifacts").as_uri(), "--no-serve-artifacts"]
    return launch(
        "the MLflow server",
        command,
        record=record_path(root),
        log=folder / "server.log",
        environment=_environment(),
        port=port,
    )


def await_mlflow_server(server: Background, pause: Pause = time.sleep) -> None:
    """Wait until the server answers; raises AlphabarError with the log's end."""
    await_ready(
        server,
        lambda: server.replies("/health", b"OK"),
        seconds=START_SECONDS,
        remedy="mend what the log names, then run this again",
        pause=pause,
    )


def page_url(server: Background) -> str:
    """The server's address."""
    return f"http://{LOOPBACK}:{server.port}"


def charts_url(server: Background, root: Path) -> str:
    """The address to open: of the charts of the experiment that ran last, where there is one.

    Without these words MLflow 3.17 opens an experiment among the traces of language models.
    """
    address = page_url(server)
    latest = _latest_experiment(root.resolve() / "mlruns" / "mlflow.db")
    return f"{address}/#/experiments/{latest}/runs?{VIEW}" if latest else address


def _latest_experiment(database: Path) -> str | None:
    try:
        opened = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=1.0)
        with contextlib.closing(opened) as connection:
            found = connection.execute(LATEST).fetchone()
    except sqlite3.Error:  # the address alone does
        return None
    return str(found[0]) if found else None


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return kept | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # for language-model judges: not ours
    }
