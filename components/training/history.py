"""What is written down while training goes on, in files that survive a kill.

`history.csv`, `evaluations.csv` and `missed_evaluations.csv` grow by whole lines; a resumed run
cuts off what lies past the checkpoint that it resumes from, so that no step stands there twice.
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.files.put import put
from components.files.tables import csv_lines, csv_rows, write_table

HISTORY_FILE, EVALUATIONS_FILE = "history.csv", "evaluations.csv"
MISSED_FILE = "missed_evaluations.csv"

HISTORY = ("step", "loss", "lr", "grad_norm")
EVALUATIONS = ("step", "metric", "value", "low", "high")
MISSED = ("step", "kind", "message")
NOT_FINITE = "not finite"
"""A kind of missed evaluations, besides the names of exceptions."""


@dataclass(frozen=True)
class Journal:
    """A CSV file whose first column is the step."""

    path: Path
    columns: tuple[str, ...]

    def rewind(self, step: int) -> None:
        """Keep only whole rows up to and including ``step``; make the file if it is missing."""
        rows = [row for row in self.rows() if int(row["step"]) <= step]
        with put(self.path) as part:
            write_table(part, self.columns, (self._cells(row) for row in rows))

    def append(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows and flush them."""
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.writelines(csv_lines(self._cells(row) for row in rows))

    def rows(self) -> list[dict[str, str]]:
        """The whole rows, as text; none where there is no file."""
        if not self.path.is_file():
            return []
        with self.path.open(encoding="utf-8", newline="") as file:
            whole = [line for line in file if line.endswith("\n")]
        found: list[dict[str, str]] = []
        with contextlib.suppress(ValueError):  # a kill may have cut the last row
            found.extend(csv_rows(whole))
        return found

    def _cells(self, row: Mapping[str, object]) -> list[object]:
        return [row[column] for column in self.columns]
