"""MLflow's and Prefect's pages of a recorded sweep: they show it, and what they lack is told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from components.tracking.rows import NOTE
from flows.servers.mlflow_record import record_path
from flows.servers.prefect_api import prefect_home
from flows.servers.prefect_server import find_prefect_server
from flows.servers.processes import find
from screens.browser import MISSING, browser, find_browser
from screens.looks import drawn, shows, there
from screens.mlflow_pages import last_sweep, mlflow_looks
from screens.record import is_fault, look_at
from screens.servers import Served, served
from tests.screens.recorded import write_flow_run, write_project

pytestmark = pytest.mark.skipif(find_browser() is None, reason=MISSING)

PAGES = (
    *("mlflow-runs", "mlflow-charts", "mlflow-images", "mlflow-sweep", "mlflow-compare"),
    *("mlflow-model", "prefect-runs", "prefect-run", "prefect-artifact"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Served]]:
    """A recorded project and its servers, which end with the tests."""
    root = tmp_path_factory.mktemp("recorded")
    outcome = write_project(root)
    prefect_home(root).mkdir()
    (prefect_home(root) / "prefect.db").touch()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI"):
            patch.setenv(name, "")
            patch.delenv(name)
        with served(root) as found:
            write_flow_run(root, f"{found.prefect}/api", outcome)
            yield root, found
    assert find(record_path(root)) is None
    assert find_prefect_server(root) is None


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(300)
    yield page
    context.close()


@pytest.mark.slow
def test_every_page_shows_what_was_recorded(
    chromium: Browser, project: tuple[Path, Served], tmp_path: Path
) -> None:
    assert dict(look_at(chromium, project[1], tmp_path)) == dict.fromkeys(PAGES, "")
    for name in PAGES:
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.convert("L").getextrema()[0] < 200, f"{name} is empty"


def test_a_server_that_runs_is_left_running(project: tuple[Path, Served]) -> None:
    root, before = project
    with served(root) as found:
        assert found == before
    assert find(record_path(root)) is not None
    assert find_prefect_server(root) is not None


def test_what_the_record_lacks_is_told_of_its_page(
    chromium: Browser, project: tuple[Path, Served], tmp_path: Path
) -> None:
    served_at = replace(project[1], prefect="")
    sweep = last_sweep(served_at.mlflow)
    assert sweep is not None
    note = sweep.run.data.tags[NOTE]
    broken = note.replace("/artifacts/report/index.html", "/artifacts/report/gone.html")
    assert broken != note
    sweep.client.set_tag(sweep.run.info.run_id, NOTE, broken)
    try:
        looks = [each for each in mlflow_looks(served_at.mlflow, []) if each.name == "mlflow-sweep"]
        with pytest.raises(AssertionError, match=r"report/gone\.html, which is not there"):
            _look(chromium, looks[0].url, looks[0].check)
    finally:
        sweep.client.set_tag(sweep.run.info.run_id, NOTE, note)


def test_a_project_without_a_record_has_nothing_but_what_is_said(
    chromium: Browser, tmp_path: Path
) -> None:
    with served(tmp_path) as found:
        told = dict(look_at(chromium, found, tmp_path))
    assert told == {
        "MLflow's pages": "skipped: no run is recorded in mlruns/mlflow.db",
        "Prefect's pages": "skipped: no run is in .prefect/prefect.db",
    }
    assert not any(map(is_fault, told.values()))
    assert is_fault("the page does not show “digits”")


def test_a_text_or_a_picture_that_is_not_there_is_named(page: Page) -> None:
    page.set_content("<p>one\n two</p><p hidden>three</p><img src='data:,'>")
    shows(page, ["one two"])
    with pytest.raises(AssertionError, match=r"does not show “three”, “four”"):
        shows(page, ["one two", "three", "four"])
    with pytest.raises(AssertionError, match="1 of paragraphs, not 3"):
        there(page.locator("p:visible"), "paragraphs", 3)
    with pytest.raises(AssertionError, match="of pictures not all are loaded"):
        drawn(page.locator("img"), "pictures", seconds=0.3)


def _look(chromium: Browser, url: str, check: object) -> None:
    assert callable(check)
    context = chromium.new_context(viewport={"width": 1600, "height": 1200})
    try:
        page = context.new_page()
        page.goto(url)
        check(page)
    finally:
        context.close()
