"""An annotator's page in a browser, from its start to the import of its file."""

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from screens import checks
from screens.browser import MISSING, browser, find_browser, violations
from tests.preference.page.contents import ODD, digits, image, pairwise, realism
from tests.screens.study_page import (
    answer,
    begin,
    downloaded,
    imported,
    ready,
    said,
    visited,
    written,
)

pytestmark = pytest.mark.skipif(find_browser() is None, reason=MISSING)

PICTURES = "ALPHABAR_PICTURES"
"""Names a folder that pictures of the page are written into, for the README."""

REFUSES = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused'); }})"
JUMPS = """{ let jump = -40; const Clock = Date; Date = class extends Clock {
    constructor() { super(Clock.now() + 3600e3 * (jump += 10)); } } }"""
"""The clock is ten hours later each time that it is looked at."""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SMALLEST = 44  # CSS pixels of what is touched

NAMES = (
    "=HYPERLINK(1)",
    '\'=1, "quoted"; and,commas',
    "'",
    "\uff1dfull width",
    "\u2212minus",
    "عَلِيّ abc",
    "👩\u200d🚀👨\u200d👩\u200d👧",
    "e\u0301\u0327 \u1100\u1161\u11a8",
    "\ttab\x07\x85bell\ud800",
    "\ufeff#1 line",
    "@a" + "b" * 1_000_000,
    "𝕏" * 200,
)
"""What an annotator may call themselves."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


def test_a_whole_study_by_keyboard_alone(chromium: Browser, tmp_path: Path) -> None:
    content = pairwise(4)
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, content))
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "annotator":
                break
        page.keyboard.insert_text("ada")
        page.keyboard.press("Enter")
        answer(page, 1, "ArrowLeft", "ArrowRight")
        answer(page, 2, "ArrowDown", "ArrowUp")
        answer(page, 3, "ArrowUp", "ArrowDown")
        ready(page, 4)  # without arrow keys: Tab and Enter
        while page.evaluate("document.activeElement.dataset.answer") != "right":
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        file = downloaded(page, tmp_path)
    assert file.name == "answers-c0ffee12-07.csv"
    assert said(imported(tmp_path, file, content)) == [
        ("1", "prompt", "left"),
        ("1", "quality", "right"),
        ("2", "prompt", "tie"),
        ("2", "quality", "both bad"),
        ("3", "prompt", "both bad"),
        ("3", "quality", "tie"),
        ("4", "prompt", "right"),
        ("4", "quality", "left"),
    ]


def test_a_whole_study_by_touch_on_a_phone(chromium: Browser, tmp_path: Path) -> None:
    content = pairwise(2)
    with visited(chromium, **PHONE) as (_, opened):
        page = opened(written(tmp_path, content))
        _fits_a_phone(page)
        page.tap("#annotator")
        page.keyboard.insert_text("ada")
        page.tap("#who button")
        for place in (1, 2):
            ready(page, place)
            _fits_a_phone(page)
            page.tap("[data-question=prompt] [data-answer=left]")
            page.tap("[data-question=quality] [data-answer='both bad']")
        _fits_a_phone(page)
        file = downloaded(page, tmp_path, lambda: page.tap("#download"))
    answers = [(name, word) for _, name, word in said(imported(tmp_path, file, content))]
    assert answers == [("prompt", "left"), ("quality", "both bad")] * 2


def test_it_goes_on_after_the_tab_was_closed(chromium: Browser, tmp_path: Path) -> None:
    content = pairwise(3, ("quality",))
    address = written(tmp_path, content)
    other = written(tmp_path, pairwise(3, ("quality",), slot=8), "annotator-08.html")
    with visited(chromium) as (_, opened):
        page = opened(address)
        begin(page)
        answer(page, 1, "ArrowLeft")
        ready(page, 2)
        page.close()
        assert opened(other).is_visible("#start"), "another slot begins anew"
        page = opened(address)
        answer(page, 2, "ArrowRight")
        page.reload()
        answer(page, 3, "ArrowDown")
        file = downloaded(page, tmp_path)
    answers = [word for _, _, word in said(imported(tmp_path, file, content))]
    assert answers == ["left", "right", "tie"]


def test_a_browser_that_keeps_nothing_says_so_and_outlives_a_reload(
    chromium: Browser, tmp_path: Path
) -> None:
    with visited(chromium) as (context, opened):
        context.add_init_script(REFUSES)
        page = opened(written(tmp_path, pairwise(2, ("quality",))))
        begin(page)
        answer(page, 1, "ArrowLeft")
        ready(page, 2)
        assert "keeps nothing" in page.inner_text("#warning")
        page.once("dialog", lambda dialog: dialog.accept())
        page.reload()
        ready(page, 2)


def test_of_two_tabs_each_shows_what_the_other_took(chromium: Browser, tmp_path: Path) -> None:
    content = pairwise(3, ("quality",))
    address = written(tmp_path, content)
    with visited(chromium) as (_, opened):
        one = opened(address)
        begin(one)
        ready(one, 1)
        other = opened(address)
        answer(other, 1, "ArrowRight")
        ready(one, 2)
        assert "another tab" in one.inner_text("#notice")
        # before the browser has told this tab: its answer to what was answered is not taken
        other.evaluate(
            """() => {
                const [name] = Object.keys(localStorage).filter((key) => key.endsWith("-7"));
                const state = JSON.parse(localStorage.getItem(name));
                const { answers, revision } = state;
                const item = "0".repeat(19) + "2";
                const made = { ...answers[0], item, answers: { quality: "left" } };
                const later = { ...state, answers: [...answers, made], revision: revision + 1 };
                localStorage.setItem(name, JSON.stringify(later));
            }"""
        )
        other.keyboard.press("ArrowRight")
        assert "another tab" in other.inner_text("#notice")
        answer(other, 3, "ArrowDown")
        file = downloaded(other, tmp_path)
    answers = [word for _, _, word in said(imported(tmp_path, file, content))]
    assert answers == ["right", "left", "tie"]


def test_what_a_browser_kept_of_something_else_is_passed_over(
    chromium: Browser, tmp_path: Path
) -> None:
    made = '{"item": "nothing", "answers": {}, "seconds": 1, "place": 1, "when": ""}'
    state = '{"annotator": "a", "revision": 9, "answers": [%s]}'
    kept = ["{", "null", "[]", "[" * 100_000, state % made, state % "NaN", '{"annotator": 3}']
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, pairwise(1)))
        for text in kept:
            page.evaluate("t => localStorage.setItem('alphabar-study-c0ffee12-7', t)", text)
            page.reload()
            assert page.is_visible("#start")
        assert not page.is_visible("#warning")


def test_answers_are_taken_back(chromium: Browser, tmp_path: Path) -> None:
    content = pairwise(2)
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, content))
        begin(page)
        ready(page, 1)
        assert page.is_disabled("#undo")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Backspace")
        assert page.locator("[aria-pressed=true]").locator("visible=true").count() == 0
        assert page.is_disabled("#undo")
        answer(page, 1, "ArrowDown", "ArrowDown")
        ready(page, 2)
        page.click("#undo")
        answer(page, 1, "ArrowRight", "ArrowUp")
        answer(page, 2, "ArrowLeft", "ArrowLeft")
        page.click("#undo-last")
        answer(page, 2, "ArrowUp", "ArrowRight")
        file = downloaded(page, tmp_path)
    answers = [word for _, _, word in said(imported(tmp_path, file, content))]
    assert answers == ["right", "both bad", "both bad", "right"]


def test_no_answer_is_taken_before_the_least_time(chromium: Browser, tmp_path: Path) -> None:
    content = pairwise(1, ("quality",), least_seconds=0.6)
    with visited(chromium) as (context, opened):
        context.add_init_script(JUMPS)
        page = opened(written(tmp_path, content))
        begin(page)
        page.wait_for_function(
            "() => document.getElementById('wait').textContent.includes('0.6 s')"
        )
        assert page.get_attribute("[data-answer]", "aria-disabled") == "true"
        page.keyboard.press("ArrowLeft")
        assert "Not taken" in page.inner_text("#wait")
        page.locator("[data-answer=left]").dispatch_event("click")
        answer(page, 1, "ArrowRight")
        found = imported(tmp_path, downloaded(page, tmp_path), content)
    assert [word for *_, word in said(found)] == ["right"]
    assert 0.6 <= found.kept[0].seconds < 60


def test_images_are_enlarged_and_compared_by_keys(chromium: Browser, tmp_path: Path) -> None:
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, pairwise(1)))
        begin(page)
        ready(page, 1)
        boxes = [page.locator(f"#{side}-image").bounding_box() for side in ("left", "right")]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert boxes[0]["width"] == boxes[1]["width"] == boxes[0]["height"] == boxes[1]["height"]
        shown = "getComputedStyle(document.getElementById('left-image')).imageRendering"
        assert page.evaluate(shown) == "pixelated"
        page.keyboard.press("Space")
        zoomed = page.locator("#zoom-image")
        assert zoomed.get_attribute("alt") == "left image"
        page.wait_for_function("() => document.getElementById('zoom-image').offsetWidth % 32 === 0")
        before = zoomed.evaluate("image => image.offsetWidth")
        page.keyboard.press("ArrowRight")
        assert zoomed.get_attribute("alt") == "right image"
        page.keyboard.press("ArrowUp")
        assert zoomed.evaluate("image => image.offsetWidth") == 2 * before
        assert violations(page) == []
        page.keyboard.press("Escape")
        assert not zoomed.is_visible()
        assert page.locator("[aria-pressed=true]").locator("visible=true").count() == 0
        page.click("[data-zoom=right]")
        assert zoomed.get_attribute("alt") == "right image"


def test_an_image_is_seen_briefly_and_once(chromium: Browser, tmp_path: Path) -> None:
    content = realism(2, brief_seconds=0.2)
    seen = "getComputedStyle(document.getElementById('left-image')).visibility === 'visible'"
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, content))
        begin(page)
        page.wait_for_function("() => document.activeElement.id === 'cover'")
        assert not page.evaluate(seen)
        page.keyboard.press("ArrowLeft")
        assert "Not taken" in page.inner_text("#wait")
        # The page itself notes when the image comes and goes: a busy machine may ask too late.
        page.evaluate(
            f"""() => {{
                window.looks = [[false, 0]];
                const note = () => {{
                    if ({seen} !== window.looks.at(-1)[0])
                        window.looks.push([{seen}, performance.now()]);
                }};
                new MutationObserver(note).observe(
                    document.body, {{attributes: true, attributeFilter: ["class"], subtree: true}}
                );
            }}"""
        )
        page.keyboard.press("Space")
        page.wait_for_function("() => window.looks.length >= 3")
        assert not page.evaluate(seen)
        looks = page.evaluate("window.looks")[1:]
        assert [visible for visible, _ in looks] == [True, False]
        assert looks[1][1] - looks[0][1] >= 190
        page.reload()
        ready(page, 1)
        assert "from memory" in page.inner_text("#cover")
        assert not page.evaluate(seen)
        assert violations(page) == []
        page.keyboard.press("ArrowLeft")
        page.click("#cover")
        answer(page, 2, "ArrowRight")
        file = downloaded(page, tmp_path)
    assert [word for *_, word in said(imported(tmp_path, file, content))] == ["left", "right"]


def test_an_image_stays_where_no_time_is_given(chromium: Browser, tmp_path: Path) -> None:
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, realism(1)))
        begin(page)
        ready(page, 1)
        assert page.is_visible("#left-image")
        assert page.locator("#cover").count() == 0
        page.keyboard.press("Space")
        assert page.get_attribute("#zoom-image", "alt") == "the image"
        assert violations(page) == []


def test_prompts_are_shown_as_they_are(chromium: Browser, tmp_path: Path) -> None:
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, pairwise(5, ("quality",))))
        begin(page)
        for place, prompt in enumerate(ODD, start=1):
            ready(page, place)
            assert page.text_content("#prompt") == prompt
            page.keyboard.press("ArrowLeft")
            if place == 3:
                assert page.evaluate(
                    "getComputedStyle(document.getElementById('prompt')).direction"
                )
        assert page.is_visible("#end")


def test_whatever_the_name_its_file_is_taken(chromium: Browser, tmp_path: Path) -> None:
    content = pairwise(1)
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, content))
        page.on("dialog", lambda dialog: dialog.accept())
        for turn, name in enumerate(NAMES):
            page.evaluate("name => { document.getElementById('annotator').value = name }", name)
            page.click("#who button")
            answer(page, 1, "ArrowLeft", "ArrowRight")
            folder = tmp_path / str(turn)
            folder.mkdir()
            found = imported(folder, downloaded(page, folder), content)
            page.click("#clear")
            assert len(said(found)) == 2, name[:80]
            sound = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+", " ", name)
            expected = unicodedata.normalize("NFC", sound).strip().strip("\ufeff")[:64].strip()
            assert {row.annotator for row in found.kept} == {expected}


def test_a_name_that_no_import_takes_is_refused_in_words(chromium: Browser, tmp_path: Path) -> None:
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, pairwise(1)))
        unseen = ("\u200b-1", "x \u202eabc", "#1 \u2028 line")
        for name in ("", " \u3000 ", "\u200b", "a/b", "a\\b", "../../x", *unseen):
            page.fill("#annotator", "x")
            page.fill("#annotator", name)
            page.click("#who button")
            assert page.inner_text("#name-fault"), name
            assert page.is_visible("#start"), name
            assert page.evaluate("document.activeElement.id") == "annotator"
        assert violations(page) == []
        page.fill("#annotator", "ok")
        page.keyboard.press("Enter")
        ready(page, 1)


def test_a_cleared_page_begins_anew(chromium: Browser, tmp_path: Path) -> None:
    content = pairwise(1, ("quality",))
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, content))
        begin(page)
        answer(page, 1, "ArrowLeft")
        page.click("#by-hand summary")
        assert page.input_value("#text").startswith("study,item,question,answer,annotator,")
        page.once("dialog", lambda dialog: dialog.accept())
        page.click("#clear")
        assert page.is_visible("#start")
        assert page.input_value("#annotator") == ""
        page.reload()
        assert page.is_visible("#start")


def test_an_image_that_does_not_load_is_told_and_asked_for_again(
    chromium: Browser, tmp_path: Path
) -> None:
    content = pairwise(1)
    content["items"][0]["right"] = "data:image/png;base64,AAAA"
    with visited(chromium) as (_, opened):
        page = opened(written(tmp_path, content))
        begin(page)
        page.wait_for_selector("#failed:visible")
        page.keyboard.press("ArrowLeft")
        assert page.locator("[aria-pressed=true]").locator("visible=true").count() == 0
        page.click("#retry")
        page.wait_for_selector("#failed:visible")


@pytest.mark.parametrize("content", [pairwise(2), realism(2, brief_seconds=0.1)])
def test_what_must_hold_on_any_study_s_page_holds(
    chromium: Browser, tmp_path: Path, content: Any
) -> None:
    with visited(chromium, viewport={"width": 320, "height": 600}) as (_, opened):
        page = opened(written(tmp_path, content))
        checks.whatever_its_width(page)
        checks.annotator(page)
        checks.whatever_its_width(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_part(chromium: Browser, tmp_path: Path, scheme: str) -> None:
    example = {"prompt": ODD[0], "left": image(9), "right": image(90), "why": "because"}
    example["answers"] = {"prompt": "left"}
    content: Any = pairwise(1, example=example, least_seconds=0.3)
    with visited(chromium, color_scheme=scheme) as (_, opened):
        page = opened(written(tmp_path, content))
        assert violations(page) == []
        begin(page)
        assert violations(page) == []
        answer(page, 1, "ArrowLeft")
        assert violations(page) == []
        page.keyboard.press("ArrowLeft")
        assert page.is_visible("#end")
        page.click("#by-hand summary")
        assert violations(page) == []


@pytest.mark.skipif(PICTURES not in os.environ, reason=f"{PICTURES} names no folder for pictures")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [{"viewport": {"width": 1200, "height": 860}}, PHONE])
def test_pictures_of_the_page(
    chromium: Browser, tmp_path: Path, window: dict[str, Any], scheme: str
) -> None:
    out = Path(os.environ[PICTURES])
    out.mkdir(parents=True, exist_ok=True)
    with visited(chromium, color_scheme=scheme, **window) as (_, opened):
        page = opened(written(tmp_path, digits()))
        width = page.viewport_size["width"] if page.viewport_size else 0

        def picture(name: str) -> None:
            page.screenshot(path=out / f"study-{name}-{width}-{scheme}.png")

        picture("start")
        begin(page)
        answer(page, 1, "ArrowLeft")
        picture("pair")
        page.keyboard.press("Space")
        page.wait_for_function("() => document.getElementById('zoom-image').offsetWidth > 99")
        picture("zoom")
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
        for place in (2, 3):
            answer(page, place, "ArrowRight", "ArrowUp")
        picture("end")


def _fits_a_phone(page: Page) -> None:
    wide, view = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= view == 390
    for target in page.locator("button:visible, input:visible, summary:visible").all():
        box = target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= SMALLEST, target.inner_text()
