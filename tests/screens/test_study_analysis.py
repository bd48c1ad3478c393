"""The page of a study's analysis in a browser: nothing runs that was put in, axe finds nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from components.preference.analysis.analysed import analyse
from components.preference.analysis.automatic import Automatic
from components.preference.analysis.preferred import Settings
from components.preference.answers.imported import import_answers
from components.preference.design.size import Kind
from components.reporting.study.page import study_page
from screens import checks
from screens.browser import MISSING, WIDTHS, browser, find_browser, opened, violations
from tests.preference.studies import answered, build, leaning

pytestmark = pytest.mark.skipif(find_browser() is None, reason=MISSING)

HOSTILE = ["<script>document.title = 'run'</script>", "ثعلب أحمر", '"><img src=x onerror=alert(1)>']
PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


def made(folder: Path, kind: Kind, *, peek: bool = True) -> str:
    """The address of the page of a study whose names and prompts mean no good."""
    models = ("old", HOSTILE[2], "نموذج")
    study = build(
        folder / "study", models, pairs=30, people=6, raters=3, kind=kind, prompts=HOSTILE * 10
    )
    says = leaning(HOSTILE[2], 3) if kind == "pairwise" else (lambda item, *_: "real")
    files = answered(study, folder / "files", says, range(6 if peek else 2))
    imported = import_answers(study.folder, files, study.key)
    scores = {pair: {name: float(len(name)) for name in models} for pair in study.key.pairs}
    automatic = Automatic({"score": scores}, {"FD": {"old": 1.0, HOSTILE[2]: 2.0}})
    figures = analyse(study, imported, Settings(draws=100), peek=peek, automatic=automatic)
    images = {file: PIXEL for about in study.key.pairs.values() for file in about.files.values()}
    page = folder / "index.html"
    page.write_text(study_page(figures, images, ["answers.csv"]), encoding="utf-8")
    return page.as_uri()


@pytest.mark.parametrize(
    ("kind", "width", "peek"),
    [
        ("pairwise", "wide", True),
        ("pairwise", "narrow", True),
        ("realism", "narrow", True),
        ("pairwise", "narrow", False),
    ],
)
def test_the_page_is_sound_at_any_width_and_axe_finds_nothing(
    chromium: Browser, tmp_path: Path, kind: Kind, width: str, peek: bool
) -> None:
    with opened(chromium, made(tmp_path, kind, peek=peek), WIDTHS[width]) as page:
        checks.whatever_its_width(page)
        assert "preference study" in page.title()
        assert page.locator("nav li").count() >= 3
        assert violations(page) == []
        if peek and kind == "pairwise":
            assert page.locator("#contested ~ .cards bdi").filter(has_text="<script>").count()
            head = page.locator("#agreement ~ .framed thead button").first
            head.focus()
            page.keyboard.press("Enter")
            assert page.locator("#agreement ~ .framed th[aria-sort=ascending]").count()
