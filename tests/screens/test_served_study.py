"""A served study in a browser: its server is killed under it, another device and tab go on."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from components.preference.answers.imported import import_answers
from components.preference.design.key import read_key
from components.preference.design.size import Size
from components.preference.served.export import served_files
from screens import checks
from screens.browser import MISSING, WIDTHS, browser, find_browser, violations
from tests.preference.served.conftest import Annotator, Server, free_port, start, write_study
from tests.screens.study_page import begin

pytestmark = pytest.mark.skipif(find_browser() is None, reason=MISSING)

PICTURES = "ALPHABAR_PICTURES"
"""Names a folder that pictures of the monitor are written into."""

Open = Callable[[str], Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    write_study(tmp_path / "study", Size(("old", "new"), 6, 3, 2))  # 16 items a person
    found = start(tmp_path / "study", free_port())
    yield found
    with suppress(ProcessLookupError):
        found.kill()


@contextmanager
def device(chromium: Browser, *, width: int = 1200) -> Iterator[Open]:
    """A browser of its own; only requests that fail may be faults, while no server runs or another
    tab is further."""
    context = chromium.new_context(viewport={"width": width, "height": 900})
    context.set_default_timeout(15_000)
    faults: list[str] = []

    def opened(address: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
        page.goto(address)
        return page

    try:
        yield opened
        assert [each for each in faults if not each.startswith("Failed to load resource:")] == []
    finally:
        context.close()


def says(page: Page, part: str, words: str, *, within: float = 15) -> None:
    """Wait until a part of the page says something, without a script, which the policy forbids."""
    page.locator(part, has_text=words).wait_for(timeout=1000 * within)


def saved(page: Page) -> None:
    """Wait until the page says that all is on the server's disk."""
    says(page, "#saved", "All saved.")


def ready(page: Page, place: int) -> None:
    """Wait until the pair at a place, from 1, can be answered."""
    says(page, "#place", f" {place} of")
    page.locator("[data-answer][aria-disabled=false]").first.wait_for()


def pair(page: Page, place: int) -> None:
    """Answer both questions about a pair by keys."""
    ready(page, place)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")


def state(link: str) -> Any:
    """What the server has of an annotator."""
    one = Annotator(link)
    one.client.close()
    return one.content["server"]["state"]


def test_a_study_outlives_its_server_and_goes_on_elsewhere(
    chromium: Browser, server: Server
) -> None:
    link = server.links[0]
    with device(chromium) as opened, device(chromium) as elsewhere:
        page = opened(link)
        begin(page, "ada ע <b>")
        for place in (1, 2, 3):
            pair(page, place)
        saved(page)
        assert page.evaluate("[...document.images].every((i) => !i.src || i.naturalWidth > 0)")
        server.kill()
        for place in (4, 5):
            pair(page, place)
        says(page, "#saved", "The server is not reached")
        assert "kept in this browser" in page.inner_text("#saved")
        again = start(server.folder, server.port)
        server.process = again.process
        saved(page)
        assert len(state(link)["answers"]) == 5

        other = elsewhere(link)  # another device goes on where this one was
        pair(other, 6)
        saved(other)
        ready(page, 6)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")  # about a pair that was answered there
        says(page, "#notice", "on another device")
        ready(page, 7)
        saved(page)

        tab = opened(link)  # and another tab of the first one
        for place in (7, 8):
            pair(tab, place)
        saved(tab)
        tab.keyboard.press("Backspace")
        saved(tab)
        ready(tab, 8)
        for place in range(8, 17):
            pair(tab, place)
        says(tab, "#ending", "are saved")
        found = state(link)
        assert len(found["answers"]) == 16
        assert found["annotator"] == "ada ע <b>"
    files = []
    for name, content in served_files(server.folder):
        files.append(server.folder.parent / name)
        files[-1].write_bytes(content)
    taken = import_answers(server.folder, files, read_key(server.folder / "key.json"))
    assert taken.refused == ()
    assert [row.order for row in taken.kept if row.question == "prompt"] == list(range(1, 17))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_owner_sees_how_it_goes_on(chromium: Browser, server: Server, width: str) -> None:
    for link, name, most in zip(server.links, ("ada", "<i>ben", "chi"), (16, 16, 2), strict=True):
        one = Annotator(link, name)
        for place in range(1, most + 1):
            side = {"prompt": ("left", "right", "tie")[place % 3], "quality": "left"}
            assert one.post(one.message(place, revision=place - 1, answers=side)).is_success
    monitor = server.told["monitor"]
    with device(chromium, width=WIDTHS[width]) as opened:
        page = opened(monitor)
        checks.whatever_its_width(page)
        assert violations(page) == []
        assert "<i>ben" in page.inner_text("tbody")
        assert "It is not shown before" in page.inner_text("#live")
        picture(page, f"monitor-{width}.png")
        page.click("text=Look at the result so far")
        assert "A look before the planned number of answers" in page.inner_text("#live")
        checks.whatever_its_width(page)
        assert violations(page) == []
        picture(page, f"monitor-peek-{width}.png")

        page.evaluate("document.getElementById('live').dataset.old = 'yes'")
        server.kill()
        look(page)
        says(page, "#lost", "not reached")
        server.process = start(server.folder, server.port).process
        look(page)
        page.locator("#live:not([data-old])").wait_for()
        assert page.inner_text("#lost") == ""


def look(page: Page) -> None:
    """What the page does when its tab is shown again, and otherwise every ten seconds."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get(PICTURES):
        page.screenshot(path=Path(folder) / name, full_page=True)
