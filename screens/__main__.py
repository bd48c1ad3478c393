"""`python -m screens`: the pages of a project, pictures of them, and whether they are sound.

Those of its reports are ours; those of its record are MLflow's and Prefect's, whose own faults are
not looked for: what we have put there must be shown.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from flows.signals import hearing
from screens import checks
from screens.browser import WIDTHS, browser, opened, violations
from screens.record import is_fault, look_at
from screens.servers import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


Described = tuple[str, Path, "Callable[[Page], None]"]


def pages(project: Path) -> Iterator[Described]:
    """Name, file and what must hold, of every page under ``reports/``; of a study the first."""
    for page in sorted((project / "reports").glob("*/index.html")):
        name = page.parent.name
        yield name, page, checks.comparison if name == "compare" else checks.report
    for page in sorted((project / "reports" / "studies").glob("*/annotator-01.html")):
        yield f"{page.parent.name}-annotator", page, checks.annotator


def look_at_reports(
    chromium: "Browser", found: list[Described], out: Path
) -> Iterator[tuple[str, str]]:
    """Each page's name and what is wrong with it, empty where nothing is."""
    for name, file, check in found:
        faults = []
        for kind, width in WIDTHS.items():
            picture = out / f"{name}-{kind}.png"
            try:
                with opened(chromium, file.resolve().as_uri(), width) as page:
                    page.screenshot(path=picture, full_page=True)
                    faults += violations(page)
                    checks.whatever_its_width(page)
                    check(page)
                    faults += violations(page)
            except AssertionError as error:
                faults.append(str(error))
        yield name, "; ".join(dict.fromkeys(faults))


def main() -> int:
    """Take the pictures; 1 where something does not hold on a page, or there is none."""
    parser = argparse.ArgumentParser(prog="screens", description=__doc__)
    parser.add_argument("project", type=Path, nargs="?", default=Path(), help="its folder")
    parser.add_argument("--out", type=Path, default=Path("reports/screens"), help="for pictures")
    given = parser.parse_args()
    found = list(pages(given.project))
    if not found:
        print(f"no report lies in {given.project / 'reports'}: `make demo` makes one")
        return 1
    given.out.mkdir(parents=True, exist_ok=True)
    faulty = False
    with browser() as chromium:
        for name, fault in look_at_reports(chromium, found, given.out):
            faulty |= bool(fault)
            print(f"{name:20} {fault or 'sound'}", flush=True)
        with served(given.project) as record:
            for name, fault in look_at(chromium, record, given.out):
                faulty |= is_fault(fault)
                print(f"{name:20} {fault or 'sound'}", flush=True)
    print(f"pictures {given.out}")
    return int(faulty)


if __name__ == "__main__":
    with hearing():  # so that servers are stopped, whatever ends this
        sys.exit(main())
