"""What must hold on each page: an AssertionError says what does not."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

UNTOLD = """() => [...document.querySelectorAll('.framed')].filter(({children: [cue, box]}) =>
    box.offsetParent && box.scrollWidth > box.clientWidth + 1 && (cue.hidden || !cue.textContent)
).map((frame) => frame.textContent.slice(0, 80))"""
NOWHERE = """() => [...document.querySelectorAll('a[href^="#"]')].map((a) => a.hash.slice(1))
    .filter((id) => !document.getElementById(id))"""


def whatever_its_width(page: "Page") -> None:
    """Nothing is wider than the page, and a table that is hidden in part says so."""
    wide, view = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= view, f"the page is {wide} pixels wide in a window of {view}"
    assert page.evaluate(UNTOLD) == [], "columns are hidden without a word"
    assert page.evaluate(NOWHERE) == [], "a link leads nowhere"


def report(page: "Page") -> None:
    """The report: decides at its top, says how it came to be, and can be worked with."""
    said = page.inner_text("header")
    assert "lowest" in said or "highest" in said or "has a" in said or "chosen" in said, said[:300]
    assert "reproduce" in page.inner_text(".facts")
    assert page.locator("nav li").count() >= 4
    _sorts(page)
    _filters(page)
    _enlarges(page)
    _compares_two(page)


def comparison(page: "Page") -> None:
    """The comparison: the settings that differ, the losses, and two runs side by side."""
    assert "best" in page.inner_text("header")
    for name in ("settings", "training", "results"):
        assert page.locator(f"h2#{name}").count() == 1, name
    _sorts(page)
    _compares_two(page)


def annotator(page: "Page") -> None:
    """A study's page of one slot: takes a name, shows an item, takes an answer to each question."""
    page.fill("#annotator", "ada")
    page.click("#who button")
    assert page.locator("#choice").is_visible()
    before = page.inner_text("#place")
    if page.locator("#cover").is_visible():
        page.click("#cover")
    page.wait_for_selector("[data-answer][aria-disabled=false]")
    for _ in range(page.locator("[data-question]").count()):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "text => document.getElementById('place').innerText !== text", arg=before
    )


def without_scripts(page: "Page") -> None:
    """Everything can be read: every section, two cells side by side, seeds and prompts."""
    assert page.locator("#pair-table tbody td").first.inner_text().strip()
    assert page.locator(".asked li").count() > 0
    page.goto(page.url.partition("#")[0] + "#tile-0")
    box = page.locator("#tile-0").bounding_box()
    assert box is not None
    assert box["width"] >= page.viewport_size["width"] - 20, "a tile's link enlarges it"


def _sorts(page: "Page") -> None:
    table = page.locator("#results ~ .framed table").first
    rows = table.locator("tbody tr:not(.group):not(.floor)")
    if rows.count() < 2 or table.locator("tbody").count() > 1:
        return
    head = table.locator("thead th").nth(1)
    for way in ("ascending", "descending"):
        head.locator("button").focus()
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == way
        texts = rows.locator("td:nth-child(2) span").all_inner_texts()
        values = [float(text.replace("%", "").replace(",", "")) for text in texts]
        assert values == sorted(values, reverse=way == "descending"), values


def _filters(page: "Page") -> None:
    field, rows = page.locator("#filter"), page.locator("#results ~ .framed tr[data-cell]")
    if not field.count():
        return
    name = rows.first.get_attribute("data-cell") or ""
    field.fill(name.replace(",", " "))
    assert rows.first.is_visible()
    assert "shown" in page.inner_text(".filter output")
    field.fill("no-such-cell")
    assert not page.locator("#results ~ .framed tr[data-cell] >> visible=true").count()
    field.fill("")
    assert rows.first.is_visible()


def _enlarges(page: "Page") -> None:
    link = page.locator(".tile a.zoom").first
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog#zoom")
    first = dialog.locator("p[aria-live]").inner_text()
    assert "seed" in first
    page.keyboard.press("ArrowRight")
    assert dialog.locator("p[aria-live]").inner_text() != first
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.className") == "zoom", "the focus goes back"


def _compares_two(page: "Page") -> None:
    if not page.locator("#pair-1").count():
        return
    difference = page.locator("#pair-table tbody td:nth-child(4)").first
    assert "[" in difference.inner_text()
    page.select_option("#pair-1", page.input_value("#pair-0"))
    assert difference.inner_text() == ""
    assert "choose another" in page.inner_text("#pair-told")
