"""What is written down while training goes on, in files that survive a kill.

`history.csv`, `evaluations.csv` and `missed_evaluations.csv` grow by whole lines; a resumed run
cuts off what lies past the checkpoint that it resumes from, so that no step stands there twice.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

HISTORY = ("step", "loss", "lr", "grad_norm")
EVALUATIONS = ("step", "metric", "value", "low", "high")
MISSED = ("step", "kind", "message")
THINNED, NOT_FINITE = "thinned", "not finite"
"""Kinds of missed evaluations, besides the names of exceptions."""


@dataclass(frozen=True)
class Journal:
    """A CSV file whose first column is the step."""

    path: Path
    columns: tuple[str, ...]

    def rewind(self, step: int) -> None:
        """Keep only whole rows up to and including ``step``; make the file if it is missing."""
        rows = [row for row in self.rows() if int(row["step"]) <= step]
        part = self.path.with_suffix(".part")
        with part.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        part.replace(self.path)

    def append(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows and flush them."""
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns, lineterminator="\n").writerows(rows)

    def rows(self) -> list[dict[str, str]]:
        """The whole rows, as text; none where there is no file."""
        if not self.path.is_file():
            return []
        with self.path.open(newline="") as file:
            whole = [line for line in file if line.endswith("\n")]
        return [row for row in csv.DictReader(whole) if None not in row.values()]
