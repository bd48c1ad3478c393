"""A double of a study's server, for the page's own part of the protocol: it can be told to fail."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

POLICY = (
    "default-src 'none'; script-src 'nonce-n0nce'; style-src 'nonce-n0nce'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""As strict as a server can be with the page."""

Reply = tuple[int, Any]


class AnswersServer:
    """What was posted, and what it holds.

    Attributes:
        page: the HTML that it gives, made of its address and state.
        seen: every body that was posted, in order.
        tokens: each token against forgery and origin that came with a post.
        faults: replies that it gives next, instead of taking the post; None drops the connection
            after the post was taken, as a network does that loses an acknowledgement.
        state: as the page gets it.
    """

    def __init__(self, page: Callable[[Any], str]) -> None:
        self.page = page
        self.seen: list[Any] = []
        self.tokens: set[tuple[str, str]] = set()
        self.faults: list[Reply | None] = []
        self.state: dict[str, Any] = {"annotator": "", "revision": 0, "answers": []}
        self.acknowledged: dict[str, int] = {}
        self.address = ""

    def html(self) -> str:
        """The page, as it is given now."""
        return self.page({"answers": "/answers", "csrf": "t0ken", "state": self.state})

    def post(self, body: Any) -> Reply | None:
        """The reply to a step."""
        self.seen.append(body)
        fault: Reply | None = self.faults.pop(0) if self.faults else (0, None)
        if fault is not None and fault[0]:
            return fault
        reply = self.take(body)
        return None if fault is None else reply

    def take(self, body: Any) -> Reply:
        """As the protocol has it."""
        if body["id"] in self.acknowledged:
            return 200, {"acknowledged": body["id"], "revision": self.acknowledged[body["id"]]}
        if body["revision"] != self.state["revision"]:
            return 409, {"state": self.state}
        answers = self.state["answers"]
        if "undo" in body:
            assert answers.pop()["item"] == body["undo"]
        elif "item" in body:
            assert body["item"] not in {made["item"] for made in answers}
            names = ("item", "answers", "seconds", "place", "when")
            answers.append({name: body[name] for name in names})
        self.state["annotator"] = body.get("annotator", self.state["annotator"])
        self.state["revision"] += 1
        self.acknowledged[body["id"]] = self.state["revision"]
        return 200, {"acknowledged": body["id"], "revision": self.state["revision"]}

    def given(self) -> list[tuple[str, str]]:
        """Item's last digit and answer to `quality`, of what it holds."""
        return [(made["item"][-1], made["answers"]["quality"]) for made in self.state["answers"]]


@contextmanager
def answering(page: Callable[[Any], str]) -> Iterator[AnswersServer]:
    """A server at an address of this machine, until the end."""
    double = AnswersServer(page)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, double.html().encode(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            double.tokens.add((self.headers["X-CSRF-Token"], self.headers["Origin"]))
            reply = double.post(body)
            if reply is None:
                self.close_connection = True
                return
            self._send(reply[0], json.dumps(reply[1]).encode(), "application/json")

        def _send(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.address = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
