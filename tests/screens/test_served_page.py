"""The page's own part of the server protocol, against a double that fails as networks do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from components.preference.page.page import page as annotators_page
from screens.browser import MISSING, browser, find_browser, violations
from tests.preference.page.contents import pairwise
from tests.screens.answers_server import AnswersServer, answering
from tests.screens.study_page import answer, begin, downloaded, imported, ready, said, visited

pytestmark = pytest.mark.skipif(find_browser() is None, reason=MISSING)

CONTENT = pairwise(3, ("quality",))
SOON = """window.setTimeout = ((set) => (call, delay) =>
    set(call, delay < 9000 ? delay / 20 : delay))(window.setTimeout.bind(window))"""
"""Delays between tries that a test does not wait for; how long a reply is waited for stays."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture
def server() -> Iterator[AnswersServer]:
    def html(state: Any) -> str:
        return annotators_page(CONTENT | {"server": state}, name="digits", nonce="n0nce")

    with answering(html) as found:
        yield found


def saved(page: Page, text: str = "All saved") -> None:
    page.wait_for_function(
        "t => document.getElementById('saved').textContent.includes(t)", arg=text
    )


def test_answers_are_posted_one_by_one_and_all_is_saved(
    chromium: Browser, server: AnswersServer, tmp_path: Path
) -> None:
    with visited(chromium) as (_, opened):
        page = opened(server.address)
        begin(page)
        answer(page, 1, "ArrowLeft")
        answer(page, 2, "ArrowUp")
        ready(page, 3)
        page.keyboard.press("Backspace")
        answer(page, 2, "ArrowDown")
        answer(page, 3, "ArrowRight")
        saved(page)
        assert "All your answers are saved" in page.inner_text("#ending")
        assert violations(page) == []
        file = downloaded(page, tmp_path, lambda: page.click("#download"))
    assert server.given() == [("1", "left"), ("2", "tie"), ("3", "right")]
    assert server.tokens == {("t0ken", server.address.rstrip("/"))}
    assert [body["revision"] for body in server.seen] == list(range(6))
    assert len({body["id"] for body in server.seen}) == 6
    assert set(server.seen[0]) == {"id", "revision", "annotator", "when"}
    assert set(server.seen[3]) == {"id", "revision", "undo", "when"}
    fields = {"item", "answers", "seconds", "place"}
    assert set(server.seen[1]) == {"id", "revision", "annotator", "when"} | fields
    answers = [word for *_, word in said(imported(tmp_path, file, CONTENT))]
    assert answers == ["left", "tie", "right"]


def test_a_server_that_fails_is_asked_again_with_the_same_id(
    chromium: Browser, server: AnswersServer
) -> None:
    with visited(chromium, faults=True) as (context, opened):
        context.add_init_script(SOON)
        page = opened(server.address)
        begin(page)
        saved(page)
        limit = (429, {"error": "too many at once", "retry_after": 0.01})
        server.faults = [(500, {}), None, limit]
        for place in (1, 2, 3):
            answer(page, place, "ArrowLeft")
        saved(page)
    ids = [body["id"] for body in server.seen]
    assert len(set(ids[1:5])) == 1, "500, a lost acknowledgement, 429, the acknowledgement again"
    assert len(set(ids)) == 4
    assert len(ids) == 7
    assert server.given() == [("1", "left"), ("2", "left"), ("3", "left")]


def test_what_is_not_saved_is_told_and_outlives_the_tab(
    chromium: Browser, server: AnswersServer
) -> None:
    with visited(chromium, faults=True) as (context, opened):
        page = opened(server.address)
        begin(page)
        saved(page)
        server.faults = [(503, {"error": "the disk is full"})] * 2
        for place in (1, 2, 3):
            answer(page, place, "ArrowRight")
        saved(page, "3 not yet saved")
        saved(page, "The server says: the disk is full")
        assert page.is_visible("#end")
        assert "Nearly done" in page.inner_text("#thanks")
        assert violations(page) == []
        page.close()
        server.faults = []
        page = opened(server.address)
        saved(page)
        assert page.is_visible("#end")
        left = page.evaluate("Object.keys(localStorage).filter((key) => key.includes('unsent'))")
        assert left == []
    assert server.given() == [("1", "right"), ("2", "right"), ("3", "right")]


def test_another_device_that_is_further_is_taken_over(
    chromium: Browser, server: AnswersServer
) -> None:
    with visited(chromium, faults=True) as (context, opened):
        page = opened(server.address)
        begin(page)
        saved(page)
        answer(page, 1, "ArrowLeft")
        saved(page)
        ready(page, 2)
        with visited(chromium) as (_, elsewhere):
            other = elsewhere(server.address)
            answer(other, 2, "ArrowUp")
            saved(other)
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => document.getElementById('notice').textContent")
        assert "another device" in page.inner_text("#notice")
        answer(page, 3, "ArrowDown")
        saved(page)
    assert server.given() == [("1", "left"), ("2", "both bad"), ("3", "tie")]


def test_of_two_names_the_first_counts(chromium: Browser, server: AnswersServer) -> None:
    with visited(chromium, faults=True) as (_, opened):
        page = opened(server.address)
        with visited(chromium) as (_, elsewhere):
            other = elsewhere(server.address)
            begin(other, "first")
            saved(other)
        begin(page, "second")
        answer(page, 1, "ArrowLeft")
        saved(page)
    assert server.seen[-1]["annotator"] == "first"
    assert server.state["annotator"] == "first"
    assert server.given() == [("1", "left")]


def test_a_step_that_was_only_late_disturbs_nobody(
    chromium: Browser, server: AnswersServer
) -> None:
    with visited(chromium, faults=True) as (_, opened):
        page = opened(server.address)
        begin(page)
        saved(page)
        server.state["revision"] += 1  # as by a closed tab's last post that says nothing new
        answer(page, 1, "ArrowLeft")
        saved(page)
        assert page.text_content("#notice") == ""
    assert server.given() == [("1", "left")]


def test_two_tabs_lose_nothing_while_the_server_is_away(
    chromium: Browser, server: AnswersServer
) -> None:
    with visited(chromium, faults=True) as (context, opened):
        one = opened(server.address)
        begin(one)
        saved(one)
        server.faults = [(503, {})] * 3
        answer(one, 1, "ArrowLeft")
        saved(one, "1 not yet saved")
        other = opened(server.address)
        answer(other, 2, "ArrowRight")
        saved(other, "2 not yet saved")
        one.close()
        other.close()
        server.faults = []
        page = opened(server.address)
        answer(page, 3, "ArrowDown")
        saved(page)
    assert server.given() == [("1", "left"), ("2", "right"), ("3", "tie")]
