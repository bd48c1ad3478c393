"""A headless Chromium, and what axe-core finds on a page in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "ALPHABAR_BROWSER"
MISSING = (
    f"no Chromium is here: none of {', '.join(NAMES)} is on the path; install Debian's `chromium`, "
    f"or give the path of one in {VARIABLE}"
)
WIDTHS = {"wide": 1200, "narrow": 390}
"""CSS pixels: a laptop's window and a phone's."""


def find_browser() -> str | None:
    """The path of a Chromium; None where there is none."""
    return os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> "Iterator[Browser]":
    """A browser without a window. Raises FileNotFoundError where none is installed."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as driver:
        # as root, as in a container, Chromium has no sandbox; the pages are our own
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def opened(browser: "Browser", url: str, width: int, *, scripts: bool = True) -> "Iterator[Page]":
    """A page that is loaded; what goes wrong in its scripts is an AssertionError at the end."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=scripts
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    try:
        page.goto(url)
        yield page
        assert not faults, f"{url}: {'; '.join(faults)}"
    finally:
        context.close()


def violations(page: "Page") -> list[str]:
    """What axe-core finds, best practices among it: rule, how many elements, and the first."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']} ({len(each['nodes'])}): {each['nodes'][0]['html'][:200]}" for each in found
    ]
