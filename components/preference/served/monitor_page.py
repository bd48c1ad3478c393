"""The owner's page, which shows how a served study goes on and asks for itself anew."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from components.errors import AlphabarError
from components.preference.about import About
from components.preference.design.key import Key
from components.preference.served.record import reading

if TYPE_CHECKING:
    from components.preference.served.monitored import Monitored

SECONDS = 10
"""Between two looks of an open page."""

FRESH = timedelta(seconds=3)
"""For so long figures are shown again before they are counted anew."""


class Monitor:
    """The page of one study.

    Args:
        folder, about, key: of the study.
    """

    def __init__(self, folder: Path, about: About, key: Key) -> None:
        self._folder, self._about, self._key = folder, about, key
        self._lock = asyncio.Lock()
        self._known: dict[bool, Monitored] = {}

    async def page(self, nonce: str, *, peek: bool, live: bool = False) -> str:
        """The page as HTML, or only what changes; counted in another thread, one at a time."""
        async with self._lock:
            known = self._known.get(peek)
            if known is None or datetime.now(UTC) - known.at > FRESH:
                known = await asyncio.to_thread(self._count, peek)
                self._known[peek] = known
        return monitor_page(known, self._about, nonce, peek=peek, live=live)

    def _count(self, peek: bool) -> "Monitored":
        # scipy.stats takes seconds to load: a server that starts again takes answers before
        from components.preference.served.monitored import monitored

        with reading(self._folder, self._about.study) as db:
            if db is None:
                raise AlphabarError(f"{self._folder} has lost its record", "put it back")
            return monitored(db, self._about, self._key, datetime.now(UTC), peek=peek)


def monitor_page(
    found: "Monitored", about: About, nonce: str, *, peek: bool, live: bool = False
) -> str:
    """The page as HTML.

    Args:
        nonce: of the content security policy that it is sent with.
        peek: whether a result before the planned answers was asked for.
        live: give no more than what changes.
    """
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"ago": lambda when: ago(when, found.at), "clock": clock}
    return environment.get_template("monitor_live.html" if live else "monitor.html").render(
        it=found,
        about=about,
        nonce=nonce,
        peek=peek and not found.complete,
        seconds=SECONDS,
        css=Markup((here / "monitor.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
        script=Markup((here / "monitor.js").read_text(encoding="utf-8")),  # noqa: S704 - our own file
    )


def ago(when: datetime, now: datetime) -> str:
    """How long ago something was, in words."""
    seconds = max((now - when).total_seconds(), 0.0)
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"


def clock(when: datetime) -> str:
    """A time as the owner's machine has it."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M %Z")
