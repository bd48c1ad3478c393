"""A run that is cancelled on Prefect's page and has no worker of Prefect's beside it, which would
stop it: it ends as by Ctrl-C."""

import contextlib
import os
import signal
import threading
from types import TracebackType
from typing import Any
from uuid import UUID

import httpx
from prefect import State
from prefect.client.orchestration import get_client
from prefect.states import Cancelled

LOOK_SECONDS = 4.0


class CancelWatch:
    """Looks every few seconds whether a flow run is to be cancelled, and interrupts this process.

    A context manager.

    Attributes:
        asked: whether it was.
    """

    def __init__(self, seconds: float = LOOK_SECONDS) -> None:
        self._seconds = seconds
        self._over = threading.Event()
        self._which: UUID | None = None
        self.asked = False

    def begin(self, flow_run: str) -> None:
        """Look at ``flow_run`` from now on."""
        self._which = UUID(flow_run)
        threading.Thread(target=self._look, daemon=True).start()

    def __enter__(self) -> "CancelWatch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Look no more; a run that was cancelled has ended now, and its page is told."""
        self._over.set()
        if self.asked and self._which:
            ended: State[Any] = Cancelled(message="cancelled on this page; the next run goes on")
            with contextlib.suppress(httpx.HTTPError), get_client(sync_client=True) as client:
                client.set_flow_run_state(self._which, ended, force=True)

    def _look(self) -> None:
        while not self._over.wait(self._seconds):
            if self._cancelling():
                self.asked = True
                deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # in a shell's background
                os.kill(os.getpid(), signal.SIGTERM if deaf else signal.SIGINT)
                return

    def _cancelling(self) -> bool:
        """A server that does not answer is the run's business, not ours."""
        assert self._which is not None
        with contextlib.suppress(httpx.HTTPError), get_client(sync_client=True) as client:
            state = client.read_flow_run(self._which).state
            return bool(state and state.is_cancelling())
        return False
