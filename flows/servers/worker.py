"""The Prefect worker: it starts the runs that the scheduler makes, as processes of this machine."""

import contextlib
import os
import platform
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from components.errors import AlphabarError
from flows.servers.prefect_api import client_environment, prefect_home
from flows.servers.prefect_client import (
    forget_worker,
    online_workers,
    prefect_client,
    settle_interrupted,
    work_pool,
)
from flows.servers.processes import (
    Background,
    Pause,
    await_ready,
    find,
    launch,
    stop,
    stop_children,
)

START_SECONDS = 90.0
POLL_SECONDS = 5
RUN_GRACE_SECONDS = 3.0  # stages may be killed at any instant; this is for a tidy report
FLOW_RUN_ID = "PREFECT__FLOW_RUN_ID"
"""Set by Prefect in the process of each run."""


def record_path(root: Path) -> Path:
    """Where the running worker is noted."""
    return prefect_home(root) / "worker.json"


def worker_name() -> str:
    """What the worker of this machine is called on Prefect's pages."""
    return f"alphabar-{re.sub('[^0-9A-Za-z.-]', '-', platform.node())}"


def start_worker(root: Path, api_url: str) -> Background:
    """Start a worker and return at once; one that a killed `alphabar up` left goes first.

    It runs one experiment at a time: two would halve each other's speed and may not fit.
    """
    record = record_path(root)
    left = find(record)
    if left:
        stop(left, record)
    command = [sys.executable, "-P", "-m", "prefect", "worker", "start"]
    command += ["--pool", work_pool(root), "--type", "process", "--limit", "1"]
    command += ["--name", worker_name(), "--install-policy", "never"]
    environment = {**os.environ, **client_environment(api_url, root)} | {
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",  # its terminal is its log file
        "PREFECT_WORKER_QUERY_SECONDS": str(POLL_SECONDS),
        "PREFECT_CLI_COLORS": "false",
        "PREFECT_LOGGING_COLORS": "false",
    }
    log = prefect_home(root) / "worker.log"
    return launch("the Prefect worker", command, record=record, log=log, environment=environment)


def await_worker(worker: Background, root: Path, api_url: str, pause: Pause = time.sleep) -> None:
    """Wait until the worker polls for runs; raises AlphabarError with the log's end."""
    since = datetime.fromtimestamp(worker.started, UTC)
    with prefect_client(api_url, root) as client:
        await_ready(
            worker,
            lambda: bool(online_workers(client, work_pool(root), since)),
            seconds=START_SECONDS,
            remedy="mend what the log names, then run this again",
            pause=pause,
        )


def stop_worker(worker: Background, root: Path, api_url: str) -> None:
    """Stop the worker with the run it is in the middle of, and tell the server.

    The run is asked first, because a worker that is asked just kills it. What it does not
    report in time is reported for it: else it would be `Running` on the pages for ever.
    """
    interrupted = stop_children(worker, RUN_GRACE_SECONDS, FLOW_RUN_ID)
    stop(worker, record_path(root))
    with contextlib.suppress(AlphabarError), prefect_client(api_url, root) as client:
        forget_worker(client, work_pool(root), worker_name())
        for flow_run in interrupted:
            settle_interrupted(client, flow_run, "`alphabar up` was stopped meanwhile")
