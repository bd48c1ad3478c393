"""The page of every annotator's slot, each in one file with its images."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from components.preference.about import About
from components.preference.export.tasks import Task
from components.preference.page.page import page
from components.runtime import Progress

VERSION = 2


def page_name(slot: int, people: int) -> str:
    """The file of an annotator's slot, from 1."""
    return f"annotator-{slot:0{max(2, len(str(people)))}d}.html"


def write_pages(out: Path, about: About, tasks: Sequence[Task], progress: Progress) -> None:
    """Write ``annotator-01.html``, … into ``out``, which has the images.

    Args:
        tasks: by slot and place.
    """
    for slot, own in groupby(tasks, key=lambda task: task.slot):
        progress(slot, about.people, "pages")
        content = content_of(about, list(own), lambda file: data_uri(out / file))
        text = page(content, name=about.name, licences=about.licences)
        (out / page_name(slot, about.people)).write_text(text, encoding="utf-8")


def content_of(about: About, tasks: Sequence[Task], source: Callable[[str], str]) -> dict[str, Any]:
    """What a page of one slot shows.

    Args:
        tasks: of that slot, in their order; at least one.
        source: file of an image → what the page loads it from.
    """
    return {
        "version": VERSION,
        "study": about.study,
        "name": about.name,
        "slot": tasks[0].slot,
        "kind": about.kind,
        "questions": [{"id": name, "text": words} for name, words in about.questions.items()],
        "least_seconds": about.least_seconds,
        "brief_seconds": about.brief_seconds,
        "items": [
            {
                "item": task.item,
                "prompt": task.prompt,
                "left": source(task.left),
                "right": source(task.right) if task.right else None,
            }
            for task in tasks
        ],
        "example": None,
        "server": None,
    }


def data_uri(file: Path) -> str:
    """An image file within a page."""
    return "data:image/png;base64," + b64encode(file.read_bytes()).decode("ascii")
