"""What holds for every request and every answer, whatever is asked for."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.preference.served import limits
from components.preference.served.limits import Limiter, network

LOOPBACK = ("127.0.0.1", "localhost", "::1")

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",  # a link is a secret
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
"""Of every answer that does not say otherwise."""


class Guard:
    """An application behind a check of the host's name and a limit for each address.

    Args:
        application: what is behind it.
        hosts: names that the server goes by; None for any. A page of somebody else's whose name
            leads here (DNS rebinding) is not among them.
        images: how the paths of images begin, which have a limit of their own.
    """

    def __init__(self, application: ASGIApp, hosts: tuple[str, ...] | None, images: str) -> None:
        self._application, self._hosts, self._images = application, hosts, images
        self._limiter, self._of_images = Limiter(limits.ADDRESS), Limiter(limits.IMAGES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refused(scope)
        await (refused or self._application)(scope, receive, told)

    def _refused(self, scope: Scope) -> Response | None:
        host = Headers(scope=scope).get("host", "")
        if self._hosts is not None and host_name(host) not in self._hosts:
            return refusal(400, "this server does not go by that name")
        limiter = self._of_images if scope["path"].startswith(self._images) else self._limiter
        client = scope.get("client")
        wait = limiter.wait(network(client[0] if client else ""))
        return too_many(wait) if wait else None


def host_name(host: str) -> str:
    """The name in a Host header, without its port; empty where there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def from_our_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of this server sent the request; others say nothing."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site not in (None, "same-origin"):
        return False
    if origin is None or origin == "null":  # browsers that are told to name no referrer
        return origin is None or site == "same-origin"
    try:
        return urlsplit(origin).netloc == headers.get("host", "")
    except ValueError:
        return False


def refusal(status: int, words: str, **more: object) -> Response:
    """An answer that says in words why there is none."""
    return JSONResponse({"error": words, **more}, status)


def too_many(seconds: float) -> Response:
    """What is said to who asks too often."""
    wait = max(1, int(seconds + 0.999))
    words = "too many requests: nothing of this one was taken, send it again later"
    answer = refusal(429, words, retry_after=wait)
    answer.headers["retry-after"] = f"{wait}"
    return answer
