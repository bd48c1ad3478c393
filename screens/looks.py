"""A page of a server: where it is, and what must stand on it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MILLISECONDS = 30_000
"""How long a text is waited for: the pages are put together in the browser."""

WIDTH, HEIGHT = 1600, 1200
LACKING = """texts => {
    const plain = (text) => text.replace(/\\s+/g, ' ')
    const body = plain(document.body.innerText)
    return texts.filter((text) => !body.includes(plain(text)))
}"""
DRAWN = "images => images.length && images.every((i) => i.complete && i.naturalWidth > 0)"


@dataclass(frozen=True)
class Look:
    """One page.

    Attributes:
        name: of its picture.
        check: an AssertionError says what is missing.
    """

    name: str
    url: str
    check: "Callable[[Page], None]"


def shows(page: "Page", texts: Iterable[str]) -> None:
    """All ``texts`` can be read, now or soon; an AssertionError names those that cannot."""
    from playwright.sync_api import TimeoutError as TooLong

    wanted = list(texts)
    try:
        page.wait_for_function(f"texts => ({LACKING})(texts).length === 0", arg=wanted)
    except TooLong:
        lacking = ", ".join(f"“{text}”" for text in page.evaluate(LACKING, wanted))
        raise AssertionError(f"the page does not show {lacking}") from None


def there(locator: "Locator", what: str, least: int = 1) -> None:
    """At least so many of ``locator`` are there and visible, now or soon."""
    from playwright.sync_api import TimeoutError as TooLong

    try:
        locator.nth(least - 1).wait_for()
    except TooLong:
        count = locator.count()
        raise AssertionError(f"the page has {count} of {what}, not {least}") from None


def drawn(
    pictures: "Locator", what: str, least: int = 1, seconds: float = MILLISECONDS / 1000
) -> None:
    """At least so many pictures are there, and all of them are loaded."""
    there(pictures, what, least)
    page = pictures.page
    for _ in range(max(1, round(seconds * 4))):
        if pictures.evaluate_all(DRAWN):
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"of {what} not all are loaded")
