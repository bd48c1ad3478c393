"""What every slot is shown, item by item: the one list that pages and task files are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.files.tables import write_table
from components.preference.design.design import Design
from components.preference.export.drawn import Drawn
from components.preference.export.image_files import Files

COLUMNS = ("study", "slot", "place", "item", "prompt", "left", "right")
"""Of tasks.csv; ``right`` is empty where one image is shown."""


@dataclass(frozen=True)
class Task:
    """An item as its annotator gets it: nothing of it says who made the images.

    Attributes:
        slot, place: from 1.
        item: its name.
        prompt: in words; empty where there are none, and of single images, where it would say
            which ones were asked for.
        left, right: files, paths from the study's folder; ``right`` empty where there is one image.
    """

    slot: int
    place: int
    item: str
    prompt: str
    left: str
    right: str


def tasks_of(design: Design, drawn: Drawn, files: Files) -> tuple[Task, ...]:
    """All tasks, by slot and place."""
    single = design.size.kind == "realism"
    return tuple(
        Task(
            row.slot + 1,
            row.place + 1,
            row.item,
            "" if single else drawn.asked[row.pair].prompt,
            files[row.pair][row.left],
            files[row.pair][row.right] if row.right else "",
        )
        for row in design.rows
    )


def write_tasks(out: Path, study: str, tasks: Sequence[Task]) -> None:
    """Write ``tasks.csv`` into ``out``."""
    rows = ((study, t.slot, t.place, t.item, t.prompt, t.left, t.right) for t in tasks)
    write_table(out / "tasks.csv", COLUMNS, rows)
