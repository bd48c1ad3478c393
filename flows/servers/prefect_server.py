"""The Prefect server of one root: found or started in the background, kept for later runs.

    <root>/.prefect/server.json    the process that serves it
    <root>/.prefect/server.log     what it printed since it was started
    <root>/.prefect/prefect.db     the history of runs, SQLite
    <root>/.prefect/in-use         locked (shared) by every run that talks to the server

This is the one place that reads the environment for Prefect.
"""

import base64
import contextlib
import fcntl
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from components.errors import AlphabarError
from components.files.lock import locked_within
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
OWN_SERVER = "ALPHABAR_PREFECT_API_URL"
"""Set beside PREFECT_API_URL by us, so that our own setting is not taken for the user's."""


def ensure_prefect_server(
    root: Path, say: Say = print, port: int | None = None, pause: Pause = time.sleep
) -> str:
    """The address of a Prefect API that answers.

    The user's own PREFECT_API_URL when it is set; else this root's server, which is started
    when it does not run (first start of a root about 9 s, later ones 3 s on an idle machine).

    Args:
        root: the folder whose `.prefect` holds the server's database.
        say: told what is waited for.
        port: a loopback port to listen on; any free one by default.

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
        if server is None or not _healthy(server.port):
            began = time.monotonic()
            first = "" if (home / "prefect.db").exists() else " (the first time takes longer)"
            say(f"starting the Prefect server{first} ...")
            server = server or _start(home, port)
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


def client_environment(api_url: str, root: Path) -> dict[str, str]:
    """What Prefect's client needs in its environment, to be set before Prefect is imported.

    Prefect's log lines go to the server, and so to its pages, but not to the terminal: what the
    user is to know, alphabar says itself. The user's own logging settings win.
    """
    values = {
        "PREFECT_API_URL": api_url,
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",  # never a server inside our process
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": os.environ.get("PREFECT_LOGGING_LEVEL", "INFO"),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": os.environ.get(
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL"
        ),
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        # what its threads cannot send, they would print whatever the console's level is
        "PREFECT_LOGGING_INTERNAL_LEVEL": os.environ.get(
            "PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL"
        ),
        # 14 s at most before a server that went away is noticed; Prefect's own 5 are a minute
        "PREFECT_CLIENT_MAX_RETRIES": os.environ.get("PREFECT_CLIENT_MAX_RETRIES", "3"),
    }
    if api_url != user_api_url():
        values |= {"PREFECT_HOME": str(prefect_home(root)), OWN_SERVER: api_url}
    if urlsplit(api_url).hostname in (LOOPBACK, "localhost", "::1"):
        values |= _past_the_proxy()
    return values


def user_api_url() -> str | None:
    """PREFECT_API_URL when the user has set it, not we."""
    url = os.environ.get("PREFECT_API_URL") or None
    return None if url == os.environ.get(OWN_SERVER) else url


def check_answers(url: str, seconds: float = 5.0) -> None:
    """Raise AlphabarError unless a Prefect API answers at ``url`` within ``seconds``."""
    remedy = (
        "start that server or mend PREFECT_API_URL (it ends in /api); "
        "unset it and alphabar starts a server of its own"
    )
    try:
        request = urllib.request.Request(url.rstrip("/") + "/health", headers=_credentials())  # noqa: S310
        with _opener(url).open(request, timeout=seconds) as response:
            body = response.read(64)
    except urllib.error.HTTPError as error:
        refused = error.code in (401, 403)
        hint = "; PREFECT_API_KEY or PREFECT_API_AUTH_STRING is wrong" if refused else ""
        raise AlphabarError(
            f"PREFECT_API_URL={url} answers {error.code} {error.reason}{hint}", remedy
        ) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise AlphabarError(f"PREFECT_API_URL={url} does not answer: {reason}", remedy) from None
    if body.strip() != b"true":
        raise AlphabarError(f"PREFECT_API_URL={url} answers, but is no Prefect API", remedy)


def prefect_home(root: Path) -> Path:
    """Where this root's Prefect files lie."""
    return root.resolve() / ".prefect"


def api_url(server: Background) -> str:
    """The API of a server of ours."""
    return f"http://{LOOPBACK}:{server.port}/api"


def page_url(api: str) -> str:
    """The page that people open, from the API's address."""
    return api.removesuffix("/").removesuffix("/api")


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
        lambda: _healthy(server.port),
        seconds=START_SECONDS,
        remedy="run this again; if that does not help, `alphabar down` and run it once more",
        pause=pause,
    )


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().read(64).strip() == b"true"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _opener(url: str) -> urllib.request.OpenerDirector:
    local = urlsplit(url).hostname in (LOOPBACK, "localhost", "::1")
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))


def _credentials() -> dict[str, str]:
    key, pair = os.environ.get("PREFECT_API_KEY"), os.environ.get("PREFECT_API_AUTH_STRING")
    if key:
        return {"Authorization": f"Bearer {key}"}
    if pair:
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return {}


def _past_the_proxy() -> dict[str, str]:
    """The client asks HTTP_PROXY even for this machine, unless told not to."""
    given = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    hosts = [host for host in given.split(",") if host]
    value = ",".join(dict.fromkeys([*hosts, LOOPBACK, "localhost"]))
    return {"NO_PROXY": value, "no_proxy": value}
