"""The stages that follow once the best baseline is known: its fine-tune and their figures."""

from dataclasses import dataclass, replace
from typing import Any

from components.spec.metrics import DRIFT, LIKENESS
from components.spec.plan.auto import tuned_samplings, tuned_training
from components.spec.plan.baselines import Plan, PlannedCell
from components.spec.plan.encoded import encoded
from components.spec.plan.node import Node, roles
from components.spec.plan.preferences import preference_inputs, preferences_told
from components.spec.plan.sources import Sources
from components.spec.plan.subject import SubjectNodes, subject_inputs, subject_nodes
from components.spec.reading import Reading
from components.spec.sections.sampling import SamplingSpec
from components.spec.tunings import Tuning, tunings


@dataclass(frozen=True)
class TunedCell:
    """The fine-tuned model under one sampling section.

    Attributes:
        drift: its samples against the baseline's holdout, and one by one against the baseline's
            own; None for what is compared at equal cost.
    """

    sampling: SamplingSpec
    sample: Node
    evaluate: Node
    drift: Node | None = None


@dataclass(frozen=True)
class TunedModel:
    """The best baseline, trained further in one way.

    Attributes:
        finetune: its training, which it may share with others, of other steps.
        published: whose directory has the model as it is drawn from, or its adapter: the training,
            or the stage `checkpoint`.
        cells: one for each sampling section; the first one's figures are the model's.
        subject: what shows how well it has learnt a subject; None for a kind without one.
    """

    tuning: Tuning
    finetune: Node
    published: Node
    cells: tuple[TunedCell, ...]
    subject: SubjectNodes | None = None

    @property
    def sample(self) -> Node:
        return self.cells[0].sample

    @property
    def evaluate(self) -> Node:
        return self.cells[0].evaluate

    def ends(self) -> list[Node]:
        """The stages that all others of the model lead to."""
        drifts = [cell.drift for cell in self.cells if cell.drift]
        shown = self.subject.ends() if self.subject else []
        return [*(cell.evaluate for cell in self.cells), *drifts, *shown]


@dataclass(frozen=True)
class FinetunePlan:
    """The best baseline trained further, and all models against the holdout of the new data.

    Attributes:
        models: of the sweep over the fine-tune.
        evaluate_baseline: the baseline's samples against that holdout: where fine-tuning starts
            from.
        best: which of ``models`` is the winner, once that is known.
        allowed: whether that one keeps the file's limits, as far as is known.
    """

    models: tuple[TunedModel, ...]
    evaluate_baseline: Node
    reference: Node
    best: int = 0
    allowed: bool = True

    @property
    def chosen(self) -> TunedModel:
        return self.models[self.best]

    @property
    def cells(self) -> list[TunedCell]:
        """Every model under each of its sampling sections."""
        return [cell for model in self.models for cell in model.cells]

    def ends(self) -> list[Node]:
        """The stages that all others lead to."""
        return [
            self.reference,
            *(end for model in self.models for end in model.ends()),
            self.evaluate_baseline,
        ]


def plan_finetune(plan: Plan, best: PlannedCell) -> FinetunePlan:
    """The stages that follow once ``best`` is known; the experiment has a ``finetune``."""
    assert plan.experiment.finetune is not None
    sources = Sources(best.cell, plan.outside)
    data, several = sources.finetune_data(), tunings(plan.experiment)
    readings = {_reading(each, sources) for each in several}
    reading = readings.pop() if len(readings) == 1 else None  # of several no one is all models'
    judged = {"samples": best.sample, "data": data}
    before = sources.judged("evaluate-baseline", "evaluate", judged, reading=reading)
    return FinetunePlan(
        tuple(_model(each, best, sources) for each in several),
        best.evaluate if best.evaluate.key == before.key else before,
        sources.reference(data, reading),
    )


def _reading(tuning: Tuning, sources: Sources) -> Reading | None:
    """How captions are read that samples are drawn for: those of the data have a taught word where
    it is learnt from them, those of a file may have any."""
    reading = tuning.spec.entry.reading(tuning.spec.model_dump())
    if reading is None or sources.cell.experiment.evaluation.prompts_file is None:
        return None if tuning.spec.learns_subject else reading
    return replace(reading, template=None)  # which is said of the data's captions alone


def _training(tuning: Tuning, best: PlannedCell, sources: Sources) -> Node:
    """The stage `finetune`."""
    spec, model = tuning.spec, best.train
    read = {"kind": spec.kind} | spec.read
    if spec.kept_steps:
        read["checkpoints"] = spec.kept_steps
    inputs = {"model": model, "data": sources.finetune_data()}
    aside: dict[str, Any] = {}
    if spec.learns_subject:
        inputs |= subject_inputs(sources, tuning, model)
    elif spec.entry.learns_preferences:
        told, aside = preferences_told(sources, tuning)
        read = {n: v for n, v in read.items() if n != "preferences"} | told
        inputs |= preference_inputs(sources, tuning, model)
    else:
        # the codec comes with the model
        made = encoded(sources, inputs["data"]).items()
        live = {"text"} if spec.entry.trains_text(spec.model_dump()) else set()
        inputs |= {role: node for role, node in made if node.stage == "encode" and role not in live}
    inputs |= roles(base_data=sources.data() if spec.entry.needs_own_data else None)
    training = tuned_training(best.cell, spec, sources.outside.settle)
    if spec.learns_subject and training.evaluate_every:
        read["judged_by"] = LIKENESS  # evaluations before were by the distance to the holdout
    name = f"finetune{tuning.of_training}"
    node = sources.trained(name, "finetune", read, training, inputs, ("finetune",))
    return replace(node, unkeyed=node.unkeyed | aside)


def _model(tuning: Tuning, best: PlannedCell, sources: Sources) -> TunedModel:
    spec = tuning.spec
    data, own, reading = sources.finetune_data(), sources.data(), _reading(tuning, sources)
    finetune = _training(tuning, best, sources)
    published = _published(tuning, finetune, best.train)

    def cell(index: int, sampling: SamplingSpec) -> TunedCell:
        suffix = tuning.suffix + (f"-{index + 1}" if index else "")
        models = {"model": published, "data": own}
        models |= roles(base=best.train if spec.saves_adapter else None)
        if sampling.guided_by_model:
            models |= roles(guide=sources.guide())
        sample = sources.sampled(f"sample-finetuned{suffix}", sampling, models, "finetune")
        judged = {"samples": sample, "data": data}
        name = f"evaluate-finetuned{suffix}"
        evaluate = sources.judged(name, "evaluate", judged, reading=reading)
        if spec.entry.compared == "cost":
            return TunedCell(sampling, sample, evaluate)
        beside = {"samples": sample, "data": own, "base": best.sample}
        name = f"evaluate-drift{suffix}"
        # what it is held against is the baseline, as judged here where the data are its own
        same = reading if data is own else None
        drift = sources.judged(name, "evaluate", beside, DRIFT, reading=same)
        return TunedCell(sampling, sample, evaluate, drift)

    samplings = tuned_samplings(best.cell, spec, sources.outside.settle)
    cells = tuple(cell(i, sampling) for i, sampling in enumerate(samplings))
    subject = None
    if spec.learns_subject:
        subject = subject_nodes(sources, tuning, finetune.inputs["subject"], best.train, published)
    return TunedModel(tuning, finetune, published, cells, subject)


def _published(tuning: Tuning, finetune: Node, base: Node) -> Node:
    """What has the model: its training after the last step, or what keeps an earlier one.

    The model that it started from is an input in the role ``model``, as of every fine-tune: an
    adapter is read with that.
    """
    step = tuning.checkpoint
    if step is None or step == tuning.spec.steps:
        return finetune
    reads = ("finetune.checkpoints", "finetune.steps")
    inputs = {"model": base, "training": finetune}
    return Node(f"finetune{tuning.suffix}", "checkpoint", {"step": step}, inputs, reads=reads)
