"""The fine-tunes of a run, read from the stages' directories."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from components.figures.best_finetune import Measured, decide
from components.figures.closest import read_pairs
from components.figures.judgement import Figures, Judgement
from components.figures.limits import Limits
from components.figures.record import read_judgement
from components.files.samples import read_samples
from components.reporting.cells import Cell, History, evaluations_of, read_history, stage_path
from components.reporting.learnt_subject import LearntSubject, read_learnt
from components.reporting.tables.subject import Subject
from components.reporting.words.kinds import shared_words
from components.reporting.words.naming import line_name, phrase, sampler_name
from components.spec.catalogue import FINETUNES
from components.spec.catalogue.finetune_words import FinetuneWords
from components.spec.catalogue.finetuning import FinetuneEntry


@dataclass(frozen=True)
class Place:
    """Where a cell stands among those of its training.

    Attributes:
        line: what those have in common, in words.
        step: after which it is; None where the training has one model.
        path: of what its training left, as in ``artifacts/finetune/KEY``.
        goal: what it is trained for, in a word.
    """

    line: str
    step: int | None = None
    path: str = ""
    goal: str = ""


@dataclass(frozen=True)
class Finetuned:
    """The fine-tunes' results, all against the holdout of their data.

    Attributes:
        entry: what is known of the best one's kind.
        words: what that is called; what of it is not the same for all, as for all.
        style: of the data; None where they have none.
        cells: the fine-tuned models, a cell a sampling setting of each.
        best: which of ``cells`` has the fine-tune's figures.
        before: the best baseline, judged against that holdout.
        floors: real training images against it.
        histories: how each was trained; several cells may be of one training.
        section: the best one's settings.
        drifts: what each of ``cells`` reaches on the base's own holdout, and its drift from the
            base's images; empty where they are compared at equal cost.
        why: why the best one is chosen, a sentence; empty where there was no choice.
        learnt: what shows how well each model has learnt a subject, by the model's name; empty
            for kinds without one.
        places: of each of ``cells``.
        of_drift: what must be known to read their drifts, sentences.
        kept: whether each of ``cells`` keeps the file's limits; empty where it sets none.
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
    drifts: tuple[Judgement, ...] = ()
    why: str = ""
    learnt: Mapping[str, LearntSubject] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    of_drift: tuple[str, ...] = ()
    kept: tuple[bool, ...] = ()

    @property
    def base(self) -> str:
        """What the file calls the model that they start from; empty for the best baseline."""
        return self.section.get("base") or ""

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

    @property
    def on_base_data(self) -> bool:
        """Whether one holdout judges what it has gained and what the base could do."""
        return self.section["style"] is None and self.section.get("images") is None

    def base_beside(self, best: Cell) -> Judgement:
        """The base's figures on what it could do; the ``best`` baseline's, as captions are read
        there where one holdout judges both."""
        return self.before if self.on_base_data else best.judgement

    def subjects(self, best: Cell) -> list[Subject]:
        """What is compared, the ``best`` baseline first."""
        name = f"baseline, before {self.words.act}"
        return [Subject(name, self.before, best.evaluations), *(c.subject for c in self.cells)]


def read_finetuned(spec: Mapping[str, Any], inputs: Mapping[str, Path]) -> Finetuned:
    """The fine-tunes that ``spec`` names, one at least."""
    models, data = spec["finetunes"], spec["data"]
    best = models[spec["best_finetune"]]
    entry = FINETUNES[best["finetune"]["kind"]]
    of_all = [FINETUNES[m["finetune"]["kind"]].words.of(m["finetune"], data) for m in models]
    words = shared_words([(m["name"], each) for m, each in zip(models, of_all, strict=True)])
    cells, firsts, places = list[Cell](), list[int](), list[Place]()
    for index, (model, own) in enumerate(zip(models, of_all, strict=True)):
        firsts.append(len(cells))
        called = model["name"] or own.model
        for sampling in model["samplings"]:
            given = (
                inputs[f"sample:finetuned:{len(cells)}"],
                inputs[f"evaluate:finetuned:{len(cells)}"],
            )
            cell = _tuned_cell(sampling, model["samplings"], given, entry, called)
            cells.append(cell)
            path = stage_path(inputs[f"finetune:{index}"])
            places.append(replace(_place(model, cell, own.model), path=path, goal=own.goal))
    drifts = [
        read_judgement(inputs[role]) for k in range(len(cells)) if (role := f"drift:{k}") in inputs
    ]
    return Finetuned(
        entry,
        words,
        best["finetune"]["style"] or data["style"],
        tuple(cells),
        firsts[spec["best_finetune"]],
        read_judgement(inputs["evaluate:baseline"]),
        read_judgement(inputs["reference:finetuned"]).figures,
        _histories(models, inputs, [each.done for each in of_all]),
        best["finetune"],
        tuple(drifts),
        _why(spec, inputs, firsts, [cells[place].model for place in firsts]),
        {
            cells[place].model: read_learnt(index, inputs)
            for index, place in enumerate(firsts)
            if f"similarity:{index}" in inputs
        },
        tuple(places),
        _of_drift(model["finetune"] for model in models),
        _kept(spec, inputs, drifts),
    )


def _of_drift(sections: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What must be known to read the drifts of fine-tunes, each sentence once."""
    said = (FINETUNES[each["kind"]].of_drift(each) for each in sections)
    return tuple(dict.fromkeys(filter(None, said)))


def _kept(
    spec: Mapping[str, Any], inputs: Mapping[str, Path], drifts: Sequence[Judgement]
) -> tuple[bool, ...]:
    """Whether each of ``drifts`` keeps the file's limits; empty where it sets none."""
    limits, metric = Limits.of(spec["finetunes"][0]["finetune"]["limits"]), spec["metric"]
    if not limits.words() or metric is None or not drifts:
        return ()
    before = read_judgement(inputs[f"evaluate:{_best_cell(spec)}"]).figures
    return tuple(limits.excess(each.figures, before, metric) == 0 for each in drifts)


def _best_cell(spec: Mapping[str, Any]) -> int:
    return next(i for i, cell in enumerate(spec["cells"]) if cell["name"] == spec["best"])


def _place(model: Mapping[str, Any], cell: Cell, plain: str) -> Place:
    """Checkpoints of one training are on a line; of another model its samplings are.

    Args:
        plain: what the model of a training is called that has no name.
    """
    step = model.get("checkpoint")
    if step is None:
        return Place(cell.model)
    return Place(line_name(model["training"] or plain, cell.sampler, several=True), step)


def _histories(
    models: Sequence[Mapping[str, Any]], inputs: Mapping[str, Path], done: Sequence[str]
) -> tuple[History, ...]:
    """How each training went, once, though several of ``models`` are of it.

    Args:
        done: what each of ``models`` then is.
    """
    names: dict[Path, tuple[str, str]] = {}
    for index, (model, then) in enumerate(zip(models, done, strict=True)):
        called = model.get("training", model["name"])
        names.setdefault(inputs[f"finetune:{index}"], (then, called))
    several = len(names) > 1
    return tuple(
        read_history(directory, f"{then}, {name}" if several else then)
        for directory, (then, name) in names.items()
    )


def _why(
    spec: Mapping[str, Any],
    inputs: Mapping[str, Path],
    firsts: Sequence[int],
    names: Sequence[str],
) -> str:
    """Why the best fine-tune is chosen.

    Args:
        firsts: of each model's samplings, where it stands among all cells.
        names: of the models.
    """
    metric = spec["metric"]
    if metric is None:
        return ""
    models = [
        Measured(
            inputs[f"evaluate:finetuned:{place}"],
            inputs.get(f"drift:{place}"),
            inputs.get(f"similarity:{index}"),
        )
        for index, place in enumerate(firsts)
    ]
    limits, before = spec["finetunes"][0]["finetune"]["limits"], f"evaluate:{_best_cell(spec)}"
    return decide(models, inputs[before], metric, limits).reason(
        [name.replace(",", ", ") for name in names]
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
