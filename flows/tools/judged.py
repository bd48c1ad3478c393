"""What judging by hand has found: shown, and kept in a folder of the user's choice."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import first_of
from components.files.new_folder import new_folder
from flows.telling import note, show

if TYPE_CHECKING:
    from components.figures.judgement import Figures, Judgement

SAMPLES = "samples"
"""Folder: the images that were drawn to be judged."""


@dataclass(frozen=True)
class Judged:
    """What was found, as the stage `evaluate` writes it.

    Attributes:
        name: what the images are called.
        folder: the files.
        floors: the figures of real images; empty where nobody has measured them.
        notes: sentences about how the images were read.
        drawn: the folder of the images, where they were drawn for this.
    """

    name: str
    folder: Path
    floors: "Figures" = field(default_factory=dict)
    notes: Sequence[str] = ()
    drawn: Path | None = None

    def show(self, title: str) -> None:
        """Print every figure with its interval, those of groups, and how the images were read."""
        from components.figures.record import read_judgement
        from components.reporting.tables.figure_table import figure_table
        from components.reporting.tables.group_table import group_table
        from components.reporting.tables.subject import Subject

        judgement = read_judgement(self.folder)
        table = figure_table(title, Subject(self.name, judgement), self.floors)
        show(table, images=self.name, judged=title, **self._content(judgement))
        if groups := {name: figures for name, figures in judgement.groups.items() if figures}:
            show(group_table(groups, self.name, None))
        for each in self.notes:
            note(each)

    def _content(self, judgement: "Judgement") -> dict[str, Any]:
        """Every figure, by metric; those of real images, of groups, and what was not measured."""
        from components.figures.record import records

        return {
            "figures": records(judgement.figures),
            "real_images": records(self.floors),
            "groups": {group: records(of) for group, of in judgement.groups.items()},
            "left_out": judgement.left_out,
        }

    def keep(self, out: Path, store: Path) -> None:
        """Put the files, the table as CSV, and the images where they were drawn, into the new
        folder ``out``, outside ``store``."""
        from components.figures.record import read_judgement
        from components.reporting.tables.csv_file import save_csv
        from components.reporting.tables.every_figure import figures_alone

        figures = read_judgement(self.folder).figures
        with new_folder(out, store) as part:
            for path in self.folder.iterdir():
                shutil.copy(path, part / path.name)
            save_csv(part / "metrics.csv", figures_alone({self.name: figures}))
            if self.drawn is not None:
                shutil.copytree(self.drawn, part / SAMPLES)


def group_notes(groups: Sequence[str], judgement: "Judgement") -> list[str]:
    """Which groups of prompts have no figures of their own, and why.

    Args:
        groups: each image's; empty where it has none.
    """
    from components.evaluation.judge import GROUP_IMAGES

    images = Counter(group for group in groups if group)
    bare = {group: n for group, n in sorted(images.items()) if not judgement.groups.get(group)}
    few = [f"{group} {n}" for group, n in bare.items() if n < GROUP_IMAGES]
    unread = [f"{group} {n}" for group, n in bare.items() if n >= GROUP_IMAGES]
    notes = []
    if few:
        notes.append(
            f"groups of fewer than {GROUP_IMAGES} images have no figures of their own: "
            f"{first_of(few)}; `--count` draws more"
        )
    if unread:
        notes.append(
            f"groups of prompts have CLIP scores of their own, and none is taken: "
            f"{first_of(unread)}"
        )
    return notes
