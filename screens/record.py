"""Pictures of the pages of a project's record, MLflow's and Prefect's, and what they lack."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from screens.looks import HEIGHT, MILLISECONDS, WIDTH, Look
from screens.mlflow_pages import mlflow_looks
from screens.prefect_pages import prefect_looks
from screens.servers import Served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def look_at(chromium: "Browser", served: Served, out: Path) -> Iterator[tuple[str, str]]:
    """Each page's name and what is wrong with it, empty where nothing is; those that the project
    does not have are said as skipped. A picture of each lies in ``out``."""
    skipped = list(served.skipped)
    with _window(chromium) as page:
        if served.mlflow:
            yield from _each(page, mlflow_looks(served.mlflow, skipped), out)
        if served.prefect:
            yield from _each(page, prefect_looks(served.prefect, skipped), out)
    for line in skipped:
        name, _, why = line.partition(": ")
        yield name, f"skipped: {why}"


def is_fault(told: str) -> bool:
    """Whether what `look_at` says of a page is a fault."""
    return bool(told) and not told.startswith("skipped: ")


def _each(page: "Page", looks: Iterable[Look], out: Path) -> Iterator[tuple[str, str]]:
    from playwright.sync_api import Error

    for look in looks:
        fault = ""
        page.goto("about:blank")  # another place in the same page would not be loaded anew
        try:
            page.goto(look.url)
            look.check(page)
        except (AssertionError, Error) as error:
            fault = " ".join(str(error).split())
        page.screenshot(path=out / f"{look.name}.png")
        yield look.name, fault


@contextmanager
def _window(chromium: "Browser") -> "Iterator[Page]":
    context = chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    try:
        page = context.new_page()
        page.set_default_timeout(MILLISECONDS)
        yield page
    finally:
        context.close()
