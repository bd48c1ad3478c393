"""`alphabar study serve`: a study's pages as a web application, until Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from components.preference.served.serving import Serving, ready
from components.reporting.tables.table import Table
from flows.signals import ENDING
from flows.telling import answering, note, show, tell
from flows.tools.study_place import study_folder
from flows.workspace import Workspace


def serve_study(name: str, host: str, port: int, *, as_json: bool) -> None:
    """Serve until Ctrl-C, SIGTERM or SIGHUP.

    Args:
        name: of the study under reports/studies/, or its folder.
        host, port: where to listen.
        as_json: print the links as one JSON document instead of a table, and nothing else.

    Raises:
        AlphabarError: there is no such study, or as `ready`.
    """
    ended = threading.Event()
    with contextlib.ExitStack() as held:
        with answering() if as_json else contextlib.nullcontext():
            serving = held.enter_context(ready(study_folder(name, Workspace.here()), host, port))
            held.enter_context(_signals_set(ended))
            _tell(serving)
        serving.run(ended)
    if not as_json:
        tell("stopped; all answers that were acknowledged are kept")


def _tell(serving: Serving) -> None:
    links = serving.annotators()
    rows = [(f"{number:02d}", link) for number, link in links.items()]
    content = [{"annotator": number, "link": link} for number, link in links.items()]
    show(Table.of_texts(serving.name, ["annotator", "link"], rows), annotators=content)
    monitor = serving.monitor()
    tell(f"for yourself, how it goes on: {monitor}", monitor=monitor, answers=serving.kept)
    note("a link is a secret: whoever has it answers as that annotator; send each to one person")
    if serving.kept and serving.new:
        note("there was no links.json any more: earlier links lead nowhere, answers are kept")
    if not serving.alone:
        note(
            "others can reach this server, and it speaks plain HTTP: on the way anybody can read "
            "the links; put a proxy with TLS before it, unless you trust the whole network"
        )
    tell("Ctrl-C stops it; the same command goes on with the same links")


@contextlib.contextmanager
def _signals_set(event: threading.Event) -> Iterator[None]:
    """Within, what ends a command sets ``event`` and interrupts nothing."""

    def handle(number: int, frame: FrameType | None) -> None:
        event.set()

    ours = [name for name in ENDING if signal.getsignal(name) is not signal.SIG_IGN]
    before = {name: signal.signal(name, handle) for name in ours}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
