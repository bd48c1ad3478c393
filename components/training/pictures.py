"""What evaluations have drawn, in a folder of its own.

samples/step_000000.png      before the first step: what the weights draw that training starts from
samples/step_000500.png      after step 500
samples/prompts.csv          row, column (from 0), prompt: what the image there was asked to be
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.files.manifest import intact, there
from components.files.put import put
from components.files.tables import read_csv, write_table

PICTURES, PROMPTS = "samples", "prompts.csv"
COLUMNS = ("row", "column", "prompt")


@dataclass(frozen=True)
class Shown:
    """What a contact sheet shows.

    Attributes:
        grid: its rows and columns.
        prompts: (row, column), from 0 → what the image there was asked to be.
    """

    grid: tuple[int, int]
    prompts: dict[tuple[int, int], str]

    def firsts(self, most: int) -> dict[str, tuple[int, int]]:
        """Prompt → where its first image is; at most so many distinct prompts, row by row."""
        found: dict[str, tuple[int, int]] = {}
        for at in sorted(self.prompts):
            if len(found) < most:
                found.setdefault(self.prompts[at], at)
        return found


def picture_path(folder: Path, step: int) -> Path:
    """Where the picture of ``step`` lies in ``folder``."""
    return folder / f"step_{step:06d}.png"


def pictures(folder: Path) -> dict[int, Path]:
    """The pictures in ``folder`` by step, ascending; none where there is no such folder."""
    named = ((path.stem.removeprefix("step_"), path) for path in folder.glob("step_*.png"))
    return dict(sorted((int(step), path) for step, path in named if step.isdecimal()))


def rewind_pictures(folder: Path, step: int) -> None:
    """Remove the pictures of steps behind ``step``; make the folder if it is missing."""
    folder.mkdir(exist_ok=True)
    for drawn, path in pictures(folder).items():
        if drawn > step:
            path.unlink()


def write_prompts(folder: Path, asked: Sequence[str], columns: int) -> None:
    """Say what the images of a sheet with so many columns were asked to be, row by row; nothing
    where nothing was asked for."""
    if asked:
        rows = [(*divmod(index, columns), prompt) for index, prompt in enumerate(asked)]
        with put(folder / PROMPTS) as part:
            write_table(part, COLUMNS, rows)


def read_prompts(folder: Path) -> Shown | None:
    """What `write_prompts` has said of the pictures in ``folder``; None where it said nothing.

    Raises:
        AlphabarError: the file is not what was published.
        ValueError: it is broken.
    """
    if not there(folder / PROMPTS):
        return None
    try:
        rows = read_csv(intact(folder / PROMPTS))
        prompts = {(int(row["row"]), int(row["column"])): row["prompt"] for row in rows}
    except KeyError as error:
        raise ValueError(f"it has no column {error}") from error
    if not prompts:
        return None
    grid = 1 + max(row for row, _ in prompts), 1 + max(column for _, column in prompts)
    return Shown(grid, prompts)
