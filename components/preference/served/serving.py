"""A study that is served: made ready whole or refused, then served in a thread until it ends."""

import contextlib
import errno
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from components.errors import AlphabarError
from components.files.full_disk import naming_a_full_disk
from components.files.lock import HeldError, locked_folder
from components.files.manifest import MANIFEST, check_listed
from components.preference.about import KEY, read_about
from components.preference.design.key import read_key
from components.preference.served.application import Served, application
from components.preference.served.guard import LOOPBACK
from components.preference.served.links import MONITOR, Links, make_links, read_links, write_links
from components.preference.served.record import FILE, keep_links, open_record
from components.preference.served.slots import read_slots
from components.preference.served.writer import Writer

LOCK = ".served.lock"
MOST_AT_ONCE = 2000
"""Requests; who comes beyond is told to come again (503)."""

GRACE = 5
"""Seconds that requests have to end in, once the server is to stop."""


@dataclass(frozen=True)
class Serving:
    """A study whose server is ready to run.

    Attributes:
        name: the study's title.
        links: its links' secrets.
        address: how all links begin.
        new: whether its links were made just now.
        kept: answers that it has from before.
        alone: whether only this machine can reach it.
    """

    name: str
    links: Links
    address: str
    new: bool
    kept: int
    alone: bool
    _server: uvicorn.Server
    _socket: socket.socket

    def annotators(self) -> Mapping[int, str]:
        """Number of the annotator → the link to send."""
        tokens = self.links.tokens.items()
        return {n: f"{self.address}/a/{token}" for n, token in tokens if n != MONITOR}

    def monitor(self) -> str:
        """The owner's link."""
        return f"{self.address}/monitor/{self.links.tokens[MONITOR]}"

    def run(self, ended: threading.Event) -> None:
        """Serve until ``ended`` is set, then end what is going on; raises AlphabarError where the
        server dies by itself."""
        listening = [self._socket]
        thread = threading.Thread(target=self._server.run, args=(listening,), name="server")
        thread.start()
        while thread.is_alive() and not ended.wait(0.2):
            pass
        self._server.should_exit = True
        thread.join()
        if not ended.is_set():
            raise AlphabarError("the server has died", "see what it said above, and start it again")


@contextlib.contextmanager
def ready(folder: Path, host: str, port: int) -> Iterator[Serving]:
    """A study to be served; within, no other server can have it.

    Args:
        folder: of the study; it gets `links.json` and `served.sqlite`.
        host: the address to listen at.
        port: likewise.

    Raises:
        AlphabarError: the folder is no study or not as it was published, another server has it,
            its record or links are damaged or of another study, the disk is full, or the address
            cannot be listened at.
    """
    about = read_about(folder)
    if not (folder / MANIFEST).is_file():
        raise AlphabarError(f"{folder} has no {MANIFEST}", "export the study again")
    check_listed(folder)
    key = read_key(folder / KEY)
    if key.study != about.study:
        raise AlphabarError(f"{folder} has the key of another study", "export the study again")
    with naming_a_full_disk(folder), contextlib.ExitStack() as held:
        held.enter_context(_alone(folder))
        listening = held.enter_context(_listening(host, port))
        known = read_links(folder, about.study, about.people)
        links = known or make_links(about.study, about.people)
        slots = read_slots(folder, about, key, links.named)
        connection = held.enter_context(contextlib.closing(open_record(folder, about.study)))
        if known is None:
            write_links(folder, links)
        kept = keep_links(connection, links.hashes(), folder, new=known is None)
        served = Served(folder, about, key, links, slots)
        alone = host in LOOPBACK
        writer = held.enter_context(contextlib.closing(Writer(connection)))
        app = application(served, writer, LOOPBACK if alone else None)
        config = uvicorn.Config(
            app,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # it would have the links
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MOST_AT_ONCE,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=GRACE,
        )
        address = f"http://{_named(host)}:{listening.getsockname()[1]}"
        server = uvicorn.Server(config)
        yield Serving(about.name, links, address, known is None, kept, alone, server, listening)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the study; the kernel lets go of it when this process dies, however that happens."""
    try:
        with locked_folder(folder / LOCK, wait=False):
            yield
    except HeldError:
        raise AlphabarError(
            f"another server has {folder / FILE}",
            "use that one, or end it first (Ctrl-C where it runs)",
        ) from None


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        remedy = "give the address of one of this machine's networks, such as 127.0.0.1"
        raise AlphabarError(f"{host} is no address", remedy) from None
    # named as TCP: asyncio sends what it has at once only on such sockets (TCP_NODELAY)
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(place)
            found.listen(2048)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "another program listens there" if taken else f"{error.strerror}"
            raise AlphabarError(
                f"cannot listen at {host}, port {port}: {why}", "give another --port or --host"
            ) from None
        yield found


def _named(host: str) -> str:
    """What a link has for the address that a server listens at."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared with, never bound to unasked
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
