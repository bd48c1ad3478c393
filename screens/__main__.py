"""`python -m screens`: the pages of a project, pictures of them, and whether they are sound."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from screens import checks
from screens.browser import WIDTHS, browser, opened, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page


def pages(project: Path) -> "Iterator[tuple[str, Path, Callable[[Page], None]]]":
    """Name, file and what must hold, of every page under ``reports/``."""
    for page in sorted((project / "reports").glob("*/index.html")):
        name = page.parent.name
        yield name, page, checks.comparison if name == "compare" else checks.report
        if (study := page.parent / "study" / "index.html").is_file():
            yield f"{name}-study", study, checks.study


def main() -> int:
    """Take the pictures; the number of pages on which something does not hold."""
    parser = argparse.ArgumentParser(prog="screens", description=__doc__)
    parser.add_argument("project", type=Path, nargs="?", default=Path(), help="its folder")
    parser.add_argument("--out", type=Path, default=Path("reports/screens"), help="for pictures")
    given = parser.parse_args()
    found = list(pages(given.project))
    if not found:
        print(f"no report lies in {given.project / 'reports'}: `make demo` makes one")
        return 1
    given.out.mkdir(parents=True, exist_ok=True)
    faulty = 0
    with browser() as chromium:
        for name, file, check in found:
            faults = []
            for kind, width in WIDTHS.items():
                picture = given.out / f"{name}-{kind}.png"
                try:
                    with opened(chromium, file.resolve().as_uri(), width) as page:
                        page.screenshot(path=picture, full_page=True)
                        faults += violations(page)
                        if check is not checks.study:
                            checks.whatever_its_width(page)
                        check(page)
                        faults += violations(page)
                except AssertionError as error:
                    faults.append(str(error))
            faulty += bool(faults)
            print(f"{name:20} {'; '.join(dict.fromkeys(faults)) or 'sound'}")
    print(f"pictures {given.out}")
    return faulty


if __name__ == "__main__":
    sys.exit(main())
