"""A run in a terminal that is cancelled on Prefect's page."""

import os
import subprocess
import sys
from pathlib import Path

from flows.servers.prefect_api import client_environment
from flows.servers.prefect_server import ensure_prefect_server

RUN = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background has it ignored
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Cancelling, Running
from flows.run.cancelled import CancelWatch

@flow
def long(): pass

with get_client(sync_client=True) as client:
    run = client.create_flow_run(long, state=Running())
    try:
        with CancelWatch(0.1) as watch:
            watch.begin(str(run.id))
            time.sleep(1)
            print("goes on", watch.asked)
            client.set_flow_run_state(run.id, Cancelling(), force=True)
            time.sleep(30)
    except KeyboardInterrupt:
        print("ended", watch.asked, client.read_flow_run(run.id).state_name)
"""


def test_it_ends_as_by_ctrl_c_and_the_page_says_that_it_was_cancelled(served_root: Path) -> None:
    url = ensure_prefect_server(served_root, lambda line: None)
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**os.environ, **client_environment(url, served_root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ran.stdout, ran.stderr) == ("goes on False\nended True Cancelled\n", "")
