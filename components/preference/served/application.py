"""The web application: an annotator's page, its images, its answers, and the owner's monitor."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hmac import compare_digest
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from components.preference.about import About
from components.preference.design.key import Key
from components.preference.page.page import page
from components.preference.served import limits
from components.preference.served.guard import Guard, from_our_page, refusal, too_many
from components.preference.served.limits import Limiter
from components.preference.served.links import MONITOR, Links, token_sha256
from components.preference.served.monitor_page import Monitor
from components.preference.served.posted import Posted, read_posted
from components.preference.served.record import Behind, Taken, add, state_of
from components.preference.served.slots import IMAGES, Slot
from components.preference.served.writer import NotSavedError, Writer

MOST_BYTES = 16_384
"""Of a message."""

DRAINED = 4 * 2**20
"""So much of a longer one is read, so that its sender hears why it is refused."""

BODY_SECONDS = 20

NO_LINK = "this is no link of this study: open the link that was sent to you"
STALE = "this page cannot send answers any more: open your link again, your answers are kept"


@dataclass(frozen=True)
class Served:
    """A study that is served.

    Attributes:
        folder: of the study.
        about, key: what it is.
        links: of its annotators and its owner.
        slots: what each annotator is shown.
    """

    folder: Path
    about: About
    key: Key
    links: Links
    slots: Sequence[Slot]


def application(served: Served, writer: Writer, hosts: tuple[str, ...] | None) -> ASGIApp:
    """The application of a study.

    Args:
        writer: of its record.
        hosts: names that the server goes by; None for any.
    """
    site = Site(served, writer)
    routes = [
        Route("/a/{token}", site.page),
        Route("/a/{token}/answers", site.answers, methods=["POST"]),
        Route(f"{IMAGES}{{name}}", site.image),
        Route("/monitor/{token}", site.monitor),
        Route("/favicon.ico", _nothing),
    ]
    handlers = {
        HTTPException: _refused,
        NotSavedError: _not_saved,
        ClientDisconnect: _left,
        Exception: _failed,
    }
    inner = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    return Guard(inner, hosts, IMAGES)


@dataclass
class Site:
    """What answers the requests to a study.

    Attributes:
        served: the study.
        record: where its answers are kept.
    """

    served: Served
    record: Writer
    _posts: Limiter = field(default_factory=lambda: Limiter(limits.POSTS))
    _reads: Limiter = field(default_factory=lambda: Limiter(limits.READS))

    def __post_init__(self) -> None:
        links = self.served.links
        self._numbers: Mapping[str, int] = {sha: n for n, sha in links.hashes().items()}
        self._images = {n: i for s in self.served.slots for n, i in s.images.items()}
        self._monitor = Monitor(self.served.folder, self.served.about, self.served.key)

    async def page(self, request: Request) -> Response:
        """An annotator's page with what was answered so far."""
        slot = self._slot(request)
        if wait := self._reads.wait(slot.number):
            return too_many(wait)
        state = await self.record.do(lambda db: state_of(db, slot.number))
        nonce = secrets.token_urlsafe(18)
        token = request.path_params["token"]
        server = {
            "answers": f"/a/{token}/answers",
            "csrf": self.served.links.csrf(slot.number),
            "state": state,
        }
        about = self.served.about
        text = page(
            {**slot.content, "server": server},
            name=about.name,
            licences=about.licences,
            nonce=nonce,
        )
        return HTMLResponse(text, headers={"content-security-policy": policy(nonce)})

    async def image(self, request: Request) -> Response:
        """An image by its name, which is as hard to guess as a link."""
        image = self._images.get(request.path_params["name"])
        if image is None:
            return refusal(404, "there is no such image")
        # kept by the browser, so that a page can load what comes next
        kept = {"cache-control": "private, max-age=86400, immutable"}
        return Response(image.content, media_type=image.kind, headers=kept)

    async def answers(self, request: Request) -> Response:
        """Take a message: it is acknowledged when it is on the disk."""
        slot = self._slot(request)
        csrf = request.headers.get("x-csrf-token", "").encode()
        fits = compare_digest(csrf, self.served.links.csrf(slot.number).encode())
        if not fits or not from_our_page(request.headers):
            return refusal(403, STALE)
        if wait := self._posts.wait(slot.number):
            return too_many(wait)
        body = await _body(request)
        if body is None:
            return refusal(413, f"a message has {MOST_BYTES:,} bytes at most")
        try:
            posted = read_posted(body, slot.items, self.served.key)
            found = await self._add(slot.number, posted)
        except ValueError as error:
            return refusal(400, str(error))
        if isinstance(found, Behind):
            return JSONResponse({"state": found.state}, 409)
        return JSONResponse({"acknowledged": posted.id, "revision": found.revision})

    async def monitor(self, request: Request) -> Response:
        """How far the study is, for its owner."""
        if self._number(request) != MONITOR:
            raise HTTPException(404, NO_LINK)
        if wait := self._reads.wait(MONITOR):
            return too_many(wait)
        nonce = secrets.token_urlsafe(18)
        asked = request.query_params
        peek, live = asked.get("peek") == "yes", asked.get("part") == "live"
        text = await self._monitor.page(nonce, peek=peek, live=live)
        return HTMLResponse(text, headers={"content-security-policy": policy(nonce)})

    async def _add(self, slot: int, posted: Posted) -> Taken | Behind:
        received = datetime.now(UTC).isoformat(timespec="milliseconds")
        return await self.record.do(lambda db: add(db, slot, posted, received))

    def _slot(self, request: Request) -> Slot:
        number = self._number(request)
        if number is None or number == MONITOR:
            raise HTTPException(404, NO_LINK)
        return self.served.slots[number - 1]

    def _number(self, request: Request) -> int | None:
        """Whose link it is. It is looked up by its digest, so that the time that this takes says
        nothing of how a link begins; and then compared in constant time."""
        sha = token_sha256(request.path_params["token"])
        number = self._numbers.get(sha)
        known = self.served.links.tokens.get(MONITOR if number is None else number, "")
        fits = compare_digest(token_sha256(known), sha)
        return number if fits else None


def policy(nonce: str) -> str:
    """What a page may load and run: what bears the nonce, and images and answers of this server."""
    own = f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:"
    ends = "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"default-src 'none'; {own}; {ends}"


async def _body(request: Request) -> bytes | None:
    """The body of a request; None where it is too long."""
    body, length = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                length += len(chunk)
                if length <= MOST_BYTES:
                    body += chunk
                elif length > DRAINED:
                    break
    except TimeoutError:
        raise HTTPException(408, "the message did not come to its end") from None
    return bytes(body) if length <= MOST_BYTES else None


async def _nothing(request: Request) -> Response:
    return Response(status_code=204)


async def _refused(request: Request, error: HTTPException) -> Response:
    """In words: as text where a person reads it, as JSON where a page does."""
    words = error.detail if error.detail in (NO_LINK,) else f"{error.detail}".lower()
    if error.status_code == 404 and words == "not found":
        words = NO_LINK
    if "text/html" in request.headers.get("accept", ""):
        return PlainTextResponse(words, error.status_code, error.headers)
    answer = refusal(error.status_code, words)
    answer.headers.update(error.headers or {})
    return answer


async def _not_saved(request: Request, error: NotSavedError) -> Response:
    words = f"the answer was not saved ({error}): the page keeps it, and sends it again"
    return refusal(503, words, retry_after=5)


async def _failed(request: Request, error: Exception) -> Response:
    return refusal(500, "the server failed at this: tell whoever sent you the link", retry_after=5)


async def _left(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=400)
