"""Everything that the report shows, read from the stages' directories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.preference.samples import Samples, read_samples
from components.reporting.cells import Cell, History, read_cells, read_histories, read_history
from components.reporting.figures import Figure, read_figures
from components.reporting.table import FLOOR

AGAINST_NEW_STYLE = {
    "baseline": "baseline, before fine-tuning",
    "finetuned": "fine-tuned",
    "reference": FLOOR,
}


@dataclass(frozen=True)
class Finetuned:
    """The fine-tune's results, all against the new style's holdout."""

    style: str
    figures: Mapping[str, Mapping[str, Figure]]
    samples: Samples
    history: History


@dataclass(frozen=True)
class Results:
    """Everything that the page shows."""

    spec: Mapping[str, Any]
    cells: Sequence[Cell]
    best: int
    floors: Mapping[str, Figure]
    histories: Sequence[History]
    finetuned: Finetuned | None
    scorer: Mapping[str, Figure]

    @property
    def chosen(self) -> Cell:
        return self.cells[self.best]


def read(spec: dict[str, Any], inputs: Mapping[str, Path]) -> Results:
    """Load what the page shows; raises AlphabarError for what is missing or broken."""
    cells = read_cells(spec, inputs)
    best = next(i for i, cell in enumerate(spec["cells"]) if cell["name"] == spec["best"])
    finetuned = None
    if "finetune" in inputs:
        finetuned = Finetuned(
            spec["finetune"]["style"],
            {
                "baseline": read_figures(inputs["evaluate:baseline"]),
                "finetuned": read_figures(inputs["evaluate:finetuned"]),
                "reference": read_figures(inputs["reference:finetuned"]),
            },
            read_samples(inputs["sample:finetuned"]),
            read_history(inputs["finetune"], "fine-tuned"),
        )
    floors = read_figures(inputs["reference"])
    scorer = read_figures(inputs["scorer"]) if "scorer" in inputs else {}
    return Results(spec, cells, best, floors, read_histories(cells, inputs), finetuned, scorer)
