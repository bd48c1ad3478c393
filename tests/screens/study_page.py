"""An annotator's page in a browser: gone through by keys, and its file read as an import does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from components.preference.answers.imported import Imported, import_answers
from components.preference.page.page import page as annotators_page
from components.preference.statistics.choices import Outcome
from tests.preference.page.contents import key_for

NETWORK = "Failed to load resource"
"""How the console tells of a reply that is a fault."""

Open = Callable[..., Page]


@contextmanager
def visited(
    browser: Browser, faults: bool = False, **options: Any
) -> Iterator[tuple[BrowserContext, Open]]:
    """A browser's context and how to open a page in it; a fault of a script fails at the end.

    Args:
        faults: whether the console may tell of replies that are faults, as it does by itself.
    """
    context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}} | options)
    context.set_default_timeout(3000)
    found: list[str] = []

    def opened(address: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: found.append(str(error)))
        page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
        page.goto(address)
        return page

    try:
        yield context, opened
        assert [each for each in found if not (faults and each.startswith(NETWORK))] == []
    finally:
        context.close()


def written(folder: Path, content: Any, name: str = "annotator-07.html") -> str:
    """The address of a content's page."""
    file = folder / name
    file.write_text(annotators_page(content, name="digits"), encoding="utf-8")
    return file.as_uri()


def begin(page: Page, annotator: str = "ada") -> None:
    """Give a name and start, by keys."""
    page.focus("#annotator")
    page.keyboard.insert_text(annotator)
    page.keyboard.press("Enter")


def ready(page: Page, place: int) -> None:
    """Wait until the item at a place, from 1, can be answered."""
    page.wait_for_function(
        """place => document.getElementById('place').textContent.includes(` ${place} of`)
        && document.querySelector('[data-answer]').getAttribute('aria-disabled') === 'false'""",
        arg=place,
    )


def answer(page: Page, place: int, *keys: str) -> None:
    """Answer the item at a place by keys."""
    ready(page, place)
    for key in keys:
        page.keyboard.press(key)


def downloaded(page: Page, folder: Path, press: Callable[[], None] | None = None) -> Path:
    """The file that the page's end gives."""
    with page.expect_download() as found:
        (press or (lambda: page.keyboard.press("Enter")))()
    path = folder / found.value.suggested_filename
    found.value.save_as(path)
    return path


def imported(folder: Path, file: Path, content: Any) -> Imported:
    """What an import takes of a page's file."""
    study = folder / "study"
    study.mkdir(exist_ok=True)
    return import_answers(study, [file], key_for(content), now=datetime.now(UTC))


def said(found: Imported) -> list[tuple[str, str, str]]:
    """Item's last digit, question and answer of each row that was taken; none may be refused."""
    assert found.refused == ()
    return [(row.item[-1], row.question, words(row.answer)) for row in found.kept]


def words(outcome: Outcome) -> str:
    """As the page writes it."""
    return outcome.name.lower().replace("_", " ")
