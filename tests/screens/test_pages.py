"""The report, the comparison and the study in a browser: axe-core finds nothing, and they work."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from components.preference.study import study
from components.reporting.pages.comparison import comparison_page, results_of
from components.reporting.pages.page import page as report_page
from components.reporting.results import read
from components.runtime import Runtime
from screens import checks
from screens.browser import MISSING, WIDTHS, browser, find_browser, opened, violations
from tests.preference.conftest import write_samples
from tests.reporting.conftest import RICH_CASE, build

pytestmark = pytest.mark.skipif(find_browser() is None, reason=MISSING)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The address of each page."""
    root = tmp_path_factory.mktemp("pages")
    given = build(root / "store", RICH_CASE)
    results = read(given.spec, given.inputs)
    alone = results_of(results.cells, results.floors, histories=results.histories)
    (root / "report.html").write_text(report_page(results), encoding="utf-8")
    (root / "compare.html").write_text(comparison_page(alone, {}, "two", "c.csv"), encoding="utf-8")
    (root / "study").mkdir()
    models = {"baseline": write_samples(root / "a", 60), "finetuned": write_samples(root / "b", 90)}
    study({"pairs": 5, "seed": 0, "name": "digits"}, models, root / "study", Runtime())
    places = {
        "report": "report.html",
        "compare": "compare.html",
        "study": "study/annotator-01.html",
    }
    return {name: (root / place).as_uri() for name, place in places.items()}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.mark.parametrize(
    ("name", "width", "check"),
    [
        ("report", "narrow", checks.report),
        ("compare", "wide", checks.comparison),
        ("study", "narrow", checks.annotator),
    ],
)
def test_a_page_is_sound_and_axe_finds_nothing(
    chromium: Browser, pages: dict[str, str], name: str, width: str, check: Callable[[Page], None]
) -> None:
    with opened(chromium, pages[name], WIDTHS[width]) as page:
        checks.whatever_its_width(page)
        check(page)
        assert violations(page) == []


def test_the_report_can_be_read_without_scripts(chromium: Browser, pages: dict[str, str]) -> None:
    with opened(chromium, pages["report"], WIDTHS["wide"], scripts=False) as page:
        checks.without_scripts(page)


def test_what_is_wrong_is_found(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text('<html lang="en"><title>x</title><main><img src="data:,"><h1>x</h1></main>')
    with opened(chromium, file.as_uri(), WIDTHS["narrow"]) as page:
        assert [fault.partition(" ")[0] for fault in violations(page)] == ["image-alt"]
        page.set_content("<div style='width: 900px'>x</div>")
        with pytest.raises(AssertionError, match="pixels wide in a window of 390"):
            checks.whatever_its_width(page)
        cut = "<div style='width: 200px; overflow: auto'><div style='width: 900px'>x</div></div>"
        page.set_content(f"<div class='framed'><p hidden></p>{cut}</div>")
        with pytest.raises(AssertionError, match="without a word"):
            checks.whatever_its_width(page)


def test_what_goes_wrong_in_a_script_is_told(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text("<script>throw new Error('lost')</script>")
    with pytest.raises(AssertionError, match="lost"), opened(chromium, file.as_uri(), 390):
        pass
