"""Everything that the report shows, read from the stages' directories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.figures.judgement import Figures
from components.figures.record import read_judgement
from components.files.json_file import read_object
from components.files.manifest import intact, remedy
from components.reporting.cells import (
    Cell,
    History,
    is_trained,
    read_cells,
    read_histories,
    read_history,
)
from components.reporting.codecs import LearntCodec, read_codecs
from components.reporting.finetuned import Finetuned, read_finetuned
from components.reporting.provenance import (
    UNKNOWN,
    Provenance,
    configuration,
    read_provenance,
)
from components.reporting.words.data import data_words
from components.training.costs import Costs, read_costs


@dataclass(frozen=True)
class Results:
    """Everything that the page shows.

    Attributes:
        of_data: what was made of the best cell's data before it was trained on, in clauses.
        scorer_costs: what the training of the scorer took; None where there is none.
        guides: how the weaker networks of autoguidance were trained.
        provenance: when, where and at what cost all that was made.
        configuration: all that the best cell's stages were told, as YAML; empty where no
            manifest says.
    """

    spec: Mapping[str, Any]
    cells: Sequence[Cell]
    best: int
    floors: Figures
    histories: Sequence[History]
    finetuned: Finetuned | None
    scorer: Figures
    codecs: tuple[LearntCodec, ...] = ()
    of_data: Sequence[str] = ()
    scorer_costs: Costs | None = None
    guides: Sequence[History] = ()
    provenance: Provenance = UNKNOWN
    configuration: str = ""

    @property
    def trainings(self) -> list[History]:
        """How the codecs, the networks, their guides and the fine-tuned one were trained."""
        codecs = [codec.history for codec in self.codecs if codec.history]
        tuned = self.finetuned.histories if self.finetuned else ()
        return [*codecs, *self.histories, *self.guides, *tuned]

    @property
    def chosen(self) -> Cell:
        return self.cells[self.best]

    @property
    def metric(self) -> str | None:
        """The metric that ranks the cells; None where nothing does."""
        metric: str | None = self.spec["metric"]
        return metric


def read(spec: dict[str, Any], inputs: Mapping[str, Path]) -> Results:
    """Load what the page shows; raises AlphabarError for what is missing or broken."""
    cells = read_cells(spec, inputs)
    best = next(i for i, cell in enumerate(spec["cells"]) if cell["name"] == spec["best"])
    floors = read_judgement(inputs["reference"]).figures
    scorer = read_judgement(inputs["scorer"]).figures if "scorer" in inputs else {}
    finetuned = read_finetuned(spec, inputs) if spec["finetunes"] else None
    histories, codecs = read_histories(cells, inputs), read_codecs(spec, inputs)
    trained = inputs[f"train:{best}"]
    if finetuned and not is_trained(trained):
        trained = inputs[f"finetune:{spec['best_finetune']}"]
    told = data_words(read_object(intact(trained / "metrics.json"), remedy(trained)))
    costs = read_costs(inputs["scorer"]) if "scorer" in inputs else None
    return Results(
        spec,
        cells,
        best,
        floors,
        histories,
        finetuned,
        scorer,
        codecs,
        told,
        costs,
        _guides(spec, inputs),
        read_provenance(inputs.values()),
        configuration(inputs[f"{stage}:{best}"] for stage in ("train", "sample", "evaluate")),
    )


def _guides(spec: Mapping[str, Any], inputs: Mapping[str, Path]) -> list[History]:
    return [
        read_history(inputs[f"guide:{index}"], f"guide {name}".strip())
        for index, name in enumerate(spec.get("guides", ()))
    ]
