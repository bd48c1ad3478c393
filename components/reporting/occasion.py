"""The run that puts a report where people read it: its file, and where its records are.

The stage `report` gives the same page whoever runs it, so it knows none of this. It leaves places
for it, which `with_occasion` fills when the page is put in place.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath

from components.reporting.pages.template import rendered

EXPERIMENT = "experiment.yaml"
"""The file beside a report that says what was run."""


@dataclass(frozen=True)
class Recorded:
    """Where MLflow has a run.

    Attributes:
        name: of the experiment.
        path: of the run on MLflow's pages, as ``#/experiments/1/runs/ID``.
        address: of the server, as ``http://host:port``; empty where none is known to run.
    """

    name: str
    path: str
    address: str = ""


@dataclass(frozen=True)
class Occasion:
    """One run of an experiment.

    Attributes:
        text: the experiment as YAML, which is written beside the page.
        file: the experiment file's path from the project's folder; empty where it has none there.
        place: the report's folder, likewise.
        recorded: where MLflow has it; None where that is not known.
        settled: what each `auto` of it came to.
    """

    text: str
    file: str = ""
    place: str = ""
    recorded: Recorded | None = None
    settled: Sequence[str] = ()

    def files(self) -> Mapping[str, str]:
        """Name → text of what lies beside the page."""
        return {EXPERIMENT: self.text}


def with_occasion(page: str, occasion: Occasion) -> str:
    """The report's page with its places filled."""
    for name in ("records", "file"):
        words = rendered("occasion.html", occasion=occasion, part=name, beside=EXPERIMENT)
        places = rf"(<!-- {name}: -->).*?(<!-- :{name} -->)"
        page = re.sub(places, lambda m, w=words: f"{m[1]}{w}{m[2]}", page, count=1, flags=re.DOTALL)  # type: ignore[misc]
    if occasion.place:  # the study lies under the same name as its report
        name = escape(PurePosixPath(occasion.place).name)
        page = re.sub(r'(href="\.\./studies/)[^"/]*', lambda m: f"{m[1]}{name}", page, count=1)
    return page
