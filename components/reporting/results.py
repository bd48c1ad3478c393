"""Everything that the report shows, read from the stages' directories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.figures.closest import read_pairs
from components.figures.judgement import Figures, Judgement
from components.figures.record import read_judgement
from components.files.json_file import read_object
from components.files.manifest import intact, remedy
from components.files.samples import read_samples
from components.reporting.cells import (
    Cell,
    History,
    evaluations_of,
    read_cells,
    read_histories,
    read_history,
)
from components.reporting.codecs import LearntCodec, read_codecs
from components.reporting.tables.subject import Subject
from components.reporting.words.data import data_words
from components.reporting.words.naming import line_name, phrase, sampler_name
from components.spec.catalogue import FINETUNES
from components.spec.catalogue.finetuning import FinetuneEntry, FinetuneWords, finetune_words
from components.training.costs import Costs, read_costs


@dataclass(frozen=True)
class Finetuned:
    """The fine-tunes' results, all against the holdout of their data.

    Attributes:
        entry: what is known of the best one's kind.
        words: what that is called.
        style: of the data; None where they have none.
        cells: the fine-tuned models, a cell a sampling setting of each.
        best: which of ``cells`` has the fine-tune's figures.
        before: the best baseline, judged against that holdout.
        floors: real training images against it.
        histories: how each was trained.
        section: the best one's settings.
    """

    entry: FinetuneEntry
    words: FinetuneWords
    style: str | None
    cells: tuple[Cell, ...]
    best: int
    before: Judgement
    floors: Figures
    histories: tuple[History, ...]
    section: Mapping[str, Any]

    @property
    def chosen(self) -> Cell:
        return self.cells[self.best]

    @property
    def figures(self) -> Figures:
        return self.chosen.figures

    @property
    def at_equal_cost(self) -> bool:
        """Whether it is compared at equal cost, not under equal sampling."""
        return self.entry.compared == "cost"

    @property
    def baseline(self) -> Figures:
        """The best baseline's figures."""
        return self.before.figures

    def subjects(self, best: Cell) -> list[Subject]:
        """What is compared, the ``best`` baseline first."""
        name = f"baseline, before {self.words.act}"
        return [Subject(name, self.before, best.evaluations), *(c.subject for c in self.cells)]


@dataclass(frozen=True)
class Results:
    """Everything that the page shows.

    Attributes:
        of_data: what was made of the best cell's data before it was trained on, in clauses.
        scorer_costs: what the training of the scorer took; None where there is none.
        guides: how the weaker networks of autoguidance were trained.
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
    finetuned = _finetuned(spec, inputs) if spec["finetunes"] else None
    histories, codecs = read_histories(cells, inputs), read_codecs(spec, inputs)
    trained = inputs[f"train:{best}"]
    told = data_words(read_object(intact(trained / "metrics.json"), remedy(trained)))
    costs = read_costs(inputs["scorer"]) if "scorer" in inputs else None
    guides = _guides(spec, inputs)
    return Results(
        spec, cells, best, floors, histories, finetuned, scorer, codecs, told, costs, guides
    )


def _guides(spec: Mapping[str, Any], inputs: Mapping[str, Path]) -> list[History]:
    return [
        read_history(inputs[f"guide:{index}"], f"guide {name}".strip())
        for index, name in enumerate(spec.get("guides", ()))
    ]


def _finetuned(spec: dict[str, Any], inputs: Mapping[str, Path]) -> Finetuned:
    models, style = spec["finetunes"], spec["data"]["style"]
    best = models[spec["best_finetune"]]
    entry, words = FINETUNES[best["finetune"]["kind"]], finetune_words(best["finetune"], style)
    cells, places, several = list[Cell](), list[int](), len(models) > 1
    for model in models:
        places.append(len(cells))
        called = model["name"] or finetune_words(model["finetune"], style).model
        for sampling in model["samplings"]:
            given = (
                inputs[f"sample:finetuned:{len(cells)}"],
                inputs[f"evaluate:finetuned:{len(cells)}"],
            )
            cells.append(_tuned_cell(sampling, model["samplings"], given, entry, called))
    return Finetuned(
        entry,
        words,
        best["finetune"]["style"] or style,
        tuple(cells),
        places[spec["best_finetune"]],
        read_judgement(inputs["evaluate:baseline"]),
        read_judgement(inputs["reference:finetuned"]).figures,
        tuple(
            read_history(
                inputs[f"finetune:{index}"],
                f"{words.done}, {model['name']}" if several else words.done,
            )
            for index, model in enumerate(models)
        ),
        best["finetune"],
    )


def _tuned_cell(
    sampling: Mapping[str, Any],
    samplings: Sequence[Mapping[str, Any]],
    given: tuple[Path, Path],
    entry: FinetuneEntry,
    model: str,
) -> Cell:
    """A fine-tuned ``model`` under one of its ``samplings``, from its samples and their figures."""
    sampled, evaluated = given
    others = sampler_name(sampling, samplings, without=("steps",))
    if entry.compared == "cost":
        sampler = line_name(phrase("sampling.steps", sampling["steps"]), others, several=True)
    else:
        sampler = sampler_name(sampling, samplings) if len(samplings) > 1 else ""
    line = line_name(model, sampler, several=True)
    return Cell(
        name=line,
        model=model,
        sampler=sampler,
        line=line,
        curve=line_name(model, others, several=True),
        sampling=sampling,
        settings={},
        judgement=read_judgement(evaluated),
        evaluations=evaluations_of(sampled),
        samples=read_samples(sampled),
        pairs=read_pairs(evaluated),
    )
