"""Which Prefect API is used, the user's or our own, and what its client is told.

This and `prefect_server` are the places that read the environment for Prefect.
"""

import base64
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from components.errors import AlphabarError
from flows.servers.processes import LOOPBACK

OWN_SERVER = "ALPHABAR_PREFECT_API_URL"
"""Set beside PREFECT_API_URL by us, so that our own setting is not taken for the user's."""


def prefect_home(root: Path) -> Path:
    """Where this root's Prefect files lie."""
    return root.resolve() / ".prefect"


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


def page_url(api: str) -> str:
    """The page that people open, from the API's address."""
    return api.removesuffix("/").removesuffix("/api")


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
