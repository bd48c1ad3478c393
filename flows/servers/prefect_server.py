"""The Prefect server of one root: found or started in the background, kept for later runs.

<root>/.prefect/server.json    the process that serves it
<root>/.prefect/server.log     what it printed since it was started
<root>/.prefect/prefect.db     the history of runs, SQLite
<root>/.prefect/in-use         locked (shared) by every run that talks to the server
"""

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from components.errors import AlphabarError
from components.files.lock import locked_within
from flows.servers.prefect_api import check_answers, prefect_home, user_api_url
from flows.servers.processes import (
    LOOPBACK,
    Background,
    Pause,
    Say,
    await_ready,
    claim_port,
    find,
    find_settled,
    launch,
    stop,
)

START_SECONDS = 90.0
HEALTHY = "/api/health", b"true"
"""What a server that can be used replies where."""


def ensure_prefect_server(
    root: Path,
    say: Say = print,
    port: int | None = None,
    pause: Pause = time.sleep,
    meanwhile: Callable[[str], object] = lambda address: None,
) -> str:
    """The address of a Prefect API that answers.

    The user's own PREFECT_API_URL when it is set; else this root's server, which is started
    when it does not run (first start of a root about 9 s, later ones 3 s on an idle machine).

    Args:
        root: the folder whose `.prefect` holds the server's database.
        say: told what is waited for.
        port: a loopback port to listen on; any free one by default.
        meanwhile: called with the address before it answers, while our server starts.

    Raises:
        AlphabarError: the user's server does not answer, or ours does not start.
    """
    theirs = user_api_url()
    if theirs:
        check_answers(theirs)
        return theirs
    home = prefect_home(root)

    def tell() -> None:
        say("another alphabar is starting the Prefect server, waiting for it ...")

    with locked_within(home / "server.lock", START_SECONDS, tell):
        server = find_settled(home / "server.json")
        if server and port is not None and server.port != port:
            raise AlphabarError(
                f"the Prefect server of {root} runs already, on port {server.port}",
                "leave --prefect-port out to use it, or stop it first: alphabar down",
            )
        if server is None or not server.replies(*HEALTHY):
            began = time.monotonic()
            first = "" if (home / "prefect.db").exists() else " (the first time takes longer)"
            say(f"starting the Prefect server{first} ...")
            server = server or _start(home, port)
            meanwhile(api_url(server))
            _await_healthy(server, pause)
            say(f"the Prefect server is ready after {time.monotonic() - began:.0f} s")
    return api_url(server)


def stop_prefect_server(root: Path) -> bool:
    """Stop this root's server; whether there was one."""
    home = prefect_home(root)
    record = home / "server.json"
    if not record.exists():
        return False
    with locked_within(home / "server.lock", START_SECONDS, lambda: None):
        server = find(record)
        if server is None:
            return False
        stop(server, record)
    return True


def find_prefect_server(root: Path) -> Background | None:
    """The process that serves this root, if it runs."""
    return find(prefect_home(root) / "server.json")


@contextlib.contextmanager
def using_prefect_server(root: Path) -> Iterator[None]:
    """Tell `prefect_server_in_use` of us, so that `alphabar up` leaves the server running."""
    path = prefect_home(root) / "in-use"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def prefect_server_in_use(root: Path) -> bool:
    """Whether a run somewhere on this machine is inside `using_prefect_server`."""
    path = prefect_home(root) / "in-use"
    if not path.exists():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def api_url(server: Background) -> str:
    """The API of a server of ours."""
    return f"http://{LOOPBACK}:{server.port}/api"


def _start(home: Path, port: int | None) -> Background:
    port = claim_port(port, "the Prefect server", "--prefect-port")
    # What `prefect server start --background` runs. Without Prefect's command line in between
    # it is up in 3.0 s instead of 4.5. -P: nothing in the working folder may shadow a library.
    factory = "prefect.server.api.server:create_app"
    command = [sys.executable, "-P", "-m", "uvicorn", "--factory", factory]
    command += ["--host", LOOPBACK, "--port", str(port)]
    return launch(
        "the Prefect server",
        command,
        record=home / "server.json",
        log=home / "server.log",
        environment=_server_environment(home, port),
        port=port,
    )


def _server_environment(home: Path, port: int) -> dict[str, str]:
    """The user's settings for the server itself stay; those of their client do not reach it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PREFECT_") or name.startswith("PREFECT_SERVER_")
    }
    return kept | {
        "PREFECT_HOME": str(home),
        "PREFECT__SERVER_FINAL": "1",
        "PREFECT_SERVER_API_HOST": LOOPBACK,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),  # site-packages may be read-only
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def _await_healthy(server: Background, pause: Pause) -> None:
    await_ready(
        server,
        lambda: server.replies(*HEALTHY),
        seconds=START_SECONDS,
        remedy="run this again; if that does not help, move its .prefect/prefect.db away, which "
        "holds nothing but the history on Prefect's pages",
        pause=pause,
    )
