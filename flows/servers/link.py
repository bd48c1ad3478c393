"""A run's way to Prefect's API, which may go away meanwhile: results need none of it."""

import os
import time
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from flows.servers.prefect_api import check_answers, user_api_url
from flows.servers.prefect_server import ensure_prefect_server, find_prefect_server
from flows.servers.processes import Pause, Say

TRIES, PAUSE_SECONDS = 3, 2.0


class Link:
    """Asked before Prefect is; says once when its server is gone for good, and then stays so.

    A server of ours that died is started again on its port, where Prefect's client looks for it.

    Args:
        root: whose server it is, unless the user named one.
        pause: waits between two tries to reach the user's server.
    """

    def __init__(self, root: Path, say: Say, pause: Pause = time.sleep) -> None:
        self._root, self._say, self._pause = root, say, pause
        self._address = os.environ.get("PREFECT_API_URL", "")
        self.gone = False

    def up(self) -> bool:
        """Whether the API answers, now or after a while."""
        if not self.gone and not self._reached():
            self.lose()
        return not self.gone

    def lose(self) -> None:
        """Go on without Prefect from here on."""
        if not self.gone:
            self.gone = True
            self._say(
                "warning: the Prefect server went away; the run goes on without it, and its page "
                "will not show the rest"
            )

    def _reached(self) -> bool:
        theirs = user_api_url() is not None
        for number in range(TRIES):
            if self.answers():
                return True
            if not theirs:
                return self._start_again()
            if number + 1 < TRIES:
                self._pause(PAUSE_SECONDS)
        return False

    def answers(self) -> bool:
        """Whether the API answers now; nothing is done about it."""
        try:
            check_answers(self._address)
        except AlphabarError:
            return False
        return True

    def _start_again(self) -> bool:
        """Our server on its port, waited for if it is only slow."""
        if find_prefect_server(self._root) is None:
            self._say("the Prefect server died; it is started again")
        port = int(self._address.removesuffix("/api").rpartition(":")[2])
        try:
            ensure_prefect_server(self._root, lambda line: None, port)
        except AlphabarError:
            return False
        return True


def drop_unsent() -> None:
    """Let go of the events and log lines that Prefect's threads have for a server that is gone.

    At exit they would try to send each of them, for seconds each.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    services: tuple[Any, ...] = (EventsWorker, APILogWorker)
    for service in services:
        for sender in tuple(service._instances.values()):
            if sender._task:  # also what it is in the middle of sending
                sender._loop.call_soon_threadsafe(sender._task.cancel)
