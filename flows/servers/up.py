"""`alphabar up`: the servers and a worker in the foreground, until Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from components.errors import AlphabarError
from components.files.lock import locked_within
from flows.servers import mlflow_server, prefect_server, worker
from flows.servers.deployment import follow_files, settle_moved
from flows.servers.left_runs import settle_left_runs
from flows.servers.mlflow_record import record_path
from flows.servers.prefect_api import page_url, prefect_home, user_api_url
from flows.servers.prefect_client import ensure_work_pool, prefect_client
from flows.servers.processes import Background, Pause, Say, stop
from flows.signals import ENDING

LOOK_SECONDS = 1.0
OTHER_UP_SECONDS = 5.0


class _StopRequest(BaseException):
    """Ctrl-C, SIGTERM or SIGHUP came; not an error, so no `except Exception` catches it."""


def up(
    root: Path,
    prefect_port: int | None = None,
    mlflow_port: int | None = None,
    say: Say = print,
) -> None:
    """Serve until Ctrl-C, SIGTERM or SIGHUP, then stop what is served and return.

    A Prefect server that an earlier run left in the background is adopted, and stopped at the
    end like one that was started here, unless a run still uses it. Servers that the user names
    by PREFECT_API_URL and MLFLOW_TRACKING_URI are used and left alone.

    Raises:
        AlphabarError: a port is taken, a process does not start or dies, or another `up` serves
            this root; whatever was started is stopped.
    """
    asked = threading.Event()

    def pause(seconds: float) -> None:
        if asked.wait(seconds):
            raise _StopRequest

    def tell() -> None:
        say(f"another `alphabar up` serves {root}, waiting for it to end ...")

    lock = prefect_home(root) / "up.lock"
    with (
        _signals_set(asked),
        locked_within(lock, OTHER_UP_SECONDS, tell),
        contextlib.suppress(_StopRequest),
        contextlib.ExitStack() as stops,
    ):
        processes = _start(root, prefect_port, mlflow_port, stops, say, pause)
        say("Ctrl-C stops them")
        while True:
            pause(LOOK_SECONDS)
            for process in processes:
                _check_alive(process)


def _start(
    root: Path,
    prefect_port: int | None,
    mlflow_port: int | None,
    stops: contextlib.ExitStack,
    say: Say,
    pause: Pause,
) -> list[Background]:
    """Start all, and put into ``stops`` what ends each, last started first."""
    stops.callback(say, "stopped")
    tracking = mlflow_server.user_tracking_server()
    mlflow = None if tracking else mlflow_server.start_mlflow_server(root, mlflow_port)
    if mlflow:
        say("starting the MLflow server ...")
        stops.callback(stop, mlflow, record_path(root))

    adopted = prefect_server.find_prefect_server(root)
    if not adopted:  # so that one which is stopped while it starts goes too
        stops.callback(_stop_prefect_server, root, say)
    api = prefect_server.ensure_prefect_server(root, say, prefect_port, pause)
    if adopted:
        stops.callback(_stop_prefect_server, root, say)

    say("starting the Prefect worker ...")
    settle_left_runs(api, root)
    with prefect_client(api, root) as client:
        ensure_work_pool(client, root)
        settle_moved(client, root, say)
        follow_files(client, root)
    runner = worker.start_worker(root, api)
    stops.callback(worker.stop_worker, runner, root, api)
    if mlflow:
        mlflow_server.await_mlflow_server(mlflow, pause)
    worker.await_worker(runner, root, api, pause)
    stops.callback(say, "stopping ...")

    say(f"Prefect: {page_url(api)}")
    say(f"MLflow:  {mlflow_server.charts_url(mlflow, root) if mlflow else tracking}")
    ours = None if user_api_url() else prefect_server.find_prefect_server(root)
    return [process for process in (ours, mlflow, runner) if process]


def _stop_prefect_server(root: Path, say: Say) -> None:
    if user_api_url():
        return
    if prefect_server.prefect_server_in_use(root):
        say("the Prefect server stays: an `alphabar run` uses it")
    else:
        prefect_server.stop_prefect_server(root)


def _check_alive(process: Background) -> None:
    if not process.alive():
        raise AlphabarError(
            f"{process.name} (process {process.pid}) died; {process.log} ends with\n"
            f"{process.log_end()}",
            "mend what the log names, then run `alphabar up` again",
        )


@contextlib.contextmanager
def _signals_set(event: threading.Event) -> Iterator[None]:
    """Within, what ends a command sets ``event`` and interrupts nothing."""

    def handle(number: int, frame: FrameType | None) -> None:
        event.set()

    hung_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # under nohup it is
    names = ENDING if hung_up else (signal.SIGINT, signal.SIGTERM)
    before = {name: signal.signal(name, handle) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
