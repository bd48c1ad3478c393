"""Where MLflow has a sweep's record, asked without MLflow: importing that takes seconds."""

import base64
import contextlib
import json
import os
import sqlite3
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from components.spec.record_tags import COMPLETE, KEY

SECONDS = 4.0
"""How long an answer is waited for."""
SQLITE = "sqlite:///"
QUERY = """
SELECT e.experiment_id, r.run_uuid, c.value = k.value FROM experiments e
JOIN runs r ON r.experiment_id = e.experiment_id
JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = ? AND k.value = ?
LEFT JOIN tags c ON c.run_uuid = r.run_uuid AND c.key = ?
WHERE e.name = ? AND e.lifecycle_stage = 'active' AND r.lifecycle_stage = 'active'
ORDER BY c.value = k.value DESC, r.start_time DESC
"""


@dataclass(frozen=True)
class SweepRun:
    """The run of a sweep.

    Attributes:
        experiment, run: MLflow's ids.
        complete: whether everything below it is recorded.
    """

    experiment: str
    run: str
    complete: bool


def sweep_run(uri: str | None, root: Path, experiment: str, key: str) -> SweepRun | None:
    """The run of the sweep ``key`` in the MLflow experiment, a complete one if there is one.

    Args:
        uri: as `components.tracking.connection.connect` takes it.

    Returns:
        None where run or experiment is deleted, and also where it cannot be told: the store is
        another database, or does not answer.
    """
    if uri is None:
        return _in_sqlite(root / "mlruns" / "mlflow.db", experiment, key)
    if uri.startswith(SQLITE):
        return _in_sqlite(Path(uri.removeprefix(SQLITE)), experiment, key)
    if uri.startswith(("http://", "https://")):
        with contextlib.suppress(OSError, HTTPException, ValueError, KeyError, TypeError):
            return _on_server(uri.rstrip("/"), experiment, key)
    return None


def _in_sqlite(database: Path, experiment: str, key: str) -> SweepRun | None:
    address = f"{database.absolute().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=SECONDS)) as connection:
            found = connection.execute(QUERY, (KEY, key, COMPLETE, experiment)).fetchone()
    except sqlite3.Error:  # no such file, or MLflow has changed its tables
        return None
    return SweepRun(str(found[0]), str(found[1]), bool(found[2])) if found else None


def _on_server(address: str, experiment: str, key: str) -> SweepRun | None:
    named = urllib.parse.urlencode({"experiment_name": experiment})
    found = _ask(f"{address}/api/2.0/mlflow/experiments/get-by-name?{named}")["experiment"]
    wanted = {"experiment_ids": [found["experiment_id"]], "filter": f"tags.`{KEY}` = '{key}'"}
    runs = _ask(f"{address}/api/2.0/mlflow/runs/search", wanted).get("runs", [])
    if found["lifecycle_stage"] != "active" or not runs:
        return None
    each = [SweepRun(found["experiment_id"], r["info"]["run_id"], _whole(r, key)) for r in runs]
    return max(each, key=lambda run: run.complete)


def _whole(run: dict[str, Any], key: str) -> bool:
    tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
    return tags.get(COMPLETE) == key


def _ask(address: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
    body = json.dumps(content).encode() if content else None
    headers = {"Content-Type": "application/json", **_credentials()}
    request = urllib.request.Request(address, body, headers)  # noqa: S310 - http(s) only
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
        answer: dict[str, Any] = json.load(response)
    return answer


def _credentials() -> dict[str, str]:
    """As MLflow's own client sends them."""
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    password = os.environ.get("MLFLOW_TRACKING_PASSWORD")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if user and password:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {token}"} if token else {}
