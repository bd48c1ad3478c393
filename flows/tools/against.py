"""What images are judged against by hand: a folder, or an experiment as whose own they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import AlphabarError
from components.runtime import Runtime
from components.spec.experiment import Experiment
from components.spec.loading import validate
from components.spec.plan import Compute, Node, PlannedCell, in_order
from components.spec.sections.evaluation import EvaluationSpec
from components.spec.sweep import ONE_CELL
from flows.console import Display
from flows.run.execution import produce
from flows.run.outside import plan_here
from flows.run.stages import prepare_process, run_stage
from flows.tools.judged import Judged, group_notes
from flows.tools.told import told
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.evaluation.features.feature_bank import FeatureBank
    from components.evaluation.source_judging import Against
    from components.generation.asked import Asked


def evaluation_of(values: Mapping[str, Any]) -> EvaluationSpec:
    """The evaluation section with these keys and no CLIP unless it is given; raises
    AlphabarError."""
    given = {"clip": "none"} | dict(values)
    whole = {
        "name": "evaluate",
        "data": {"source": "digits"},
        "conditioning": {"encoder": "class"},  # as if they were asked for something
        "evaluation": given,
    }
    return validate(whole, "the options of `alphabar evaluate`").evaluation


@dataclass(frozen=True)
class AgainstFolder:
    """The images at a place, or none for the figures that need none; no training run is needed.

    Attributes:
        training: what the model has learnt from, to look for copies.
    """

    spec: EvaluationSpec
    reference: Path | None
    training: Path | None
    workspace: Workspace
    display: Display

    @classmethod
    def of(
        cls,
        reference: Path | None,
        training: Path | None,
        values: Mapping[str, Any],
        workspace: Workspace,
        display: Display,
    ) -> "AgainstFolder":
        """With these keys of the evaluation section.

        Raises:
            AlphabarError: a place holds no images, or a setting is wrong.
        """
        found = cls(evaluation_of(values), reference, training, workspace, display)
        _ = found.against
        return found

    @cached_property
    def against(self) -> "Against":
        """The images, opened."""
        prepare_process(threads=None)
        from components.evaluation.source_judging import Against

        return Against.read(self.spec, _bank(self.workspace), self.reference, self.training)

    def refuse_unready(self) -> None:
        """Raise AlphabarError where something is missing that can be told before images are drawn:
        weights, or what a metric needs that is asked for."""
        self.against.judge.refuse_unready()

    def own_prompts(self) -> "tuple[Asked, str]":
        """There are none."""
        return (), ""

    def judged(self, images: Path, out: Path) -> Judged:
        """The figures of the images at ``images``, written into the existing folder ``out``.

        Raises:
            AlphabarError: there are no images, or they cannot be measured so.
        """
        from components.evaluation.asked_for import coverage_words
        from components.figures.record import write_judgement

        ours = self.against.generated(images)
        with told(self.display, "evaluate") as progress:
            self.against.bank.progress = progress
            judgement = self.against.judged(ours)
        write_judgement(out, judgement)
        theirs = self.against.reference
        notes = [
            *self.against.notes(ours),
            *(coverage_words(ours.images, theirs.images) if theirs else []),
            *group_notes(ours.images.prompt_groups, judgement),
        ]
        return Judged(images.name, out, notes=notes)


@dataclass(frozen=True)
class AgainstExperiment:
    """Real images of an experiment, with its scorer and beside its floor, which are published on
    the way."""

    cell: PlannedCell
    workspace: Workspace
    display: Display

    @classmethod
    def of(
        cls, experiment: Experiment, style: str | None, workspace: Workspace, display: Display
    ) -> "AgainstExperiment":
        """Of the file's own cell, or of another style of its data.

        Raises:
            AlphabarError: as the experiment's plan.
        """
        values = experiment.as_written() | ONE_CELL
        if style is not None:
            values |= {"finetune": None, "study": None, "data": values["data"] | {"style": style}}
        plan = plan_here(validate(values, "the experiment"), workspace)
        return cls(plan.cells[0], workspace, display)

    def refuse_unready(self) -> None:
        """Raise AlphabarError where weights are missing that judge, or the data have no such
        images; they are prepared."""
        self._produce(self.cell.evaluate.inputs["data"])
        prepare_process(threads=None)
        from components.evaluation.judge import Judge
        from components.evaluation.protocol import EvaluationProtocol
        from components.evaluation.references import References

        protocol = EvaluationProtocol.of(self.cell.cell.experiment.evaluation.model_dump())
        Judge(protocol, References(None), _bank(self.workspace)).refuse_missing_weights()

    def own_prompts(self) -> "tuple[Asked, str]":
        """What its own samples are asked for, and what that is called."""
        from components.generation.asked import SplitCaptions

        experiment = self.cell.cell.experiment
        if file := experiment.evaluation.prompts_file:
            return self.workspace.root / file, f"the prompts of {file}"
        folder = self.workspace.store.checked(self.cell.evaluate.inputs["data"])
        if experiment.evaluation.prompts is None:
            return SplitCaptions(folder, "holdout"), f"the held-out captions of {experiment.name}"
        return SplitCaptions(folder, "train"), f"the training captions of {experiment.name}"

    def judged(self, images: Path, out: Path) -> Judged:
        """As `AgainstFolder.judged`; ``images`` is a folder of samples."""
        for name in ("images.npy", "samples.csv"):
            if not (images / name).is_file():
                raise AlphabarError(
                    f"{images} has no {name}",
                    "give a folder that `alphabar sample` made, or compare folders with "
                    "`--reference`",
                )
        evaluate, store = self.cell.evaluate, self.workspace.store
        needed = {
            role: node
            for role, node in evaluate.inputs.items()
            if role not in ("samples", "likelihood")
        }
        self._produce(*needed.values(), self.cell.reference)
        compute = evaluate.compute or Compute()
        prepare_process(compute.threads)
        inputs = {role: store.checked(node) for role, node in needed.items()}
        with told(self.display, "evaluate") as progress:
            cache, weights = self.workspace.cache, self.workspace.weights
            runtime = Runtime(progress, compute.accelerator, cache=cache, weights=weights)
            run_stage("evaluate", evaluate.settings, inputs | {"samples": images}, out, runtime)
        from components.evaluation.asked_for import coverage_words
        from components.evaluation.images.image_set import ImageSet
        from components.evaluation.images.image_sources import read_source
        from components.figures.record import read_judgement
        from components.files.samples import read_samples

        floors = read_judgement(store.path(self.cell.reference)).figures
        groups = [row.group for row in read_samples(images).rows]
        real = ImageSet.load(inputs["data"], "holdout")
        notes = coverage_words(read_source(images).images, real)
        return Judged(images.name, out, floors, [*notes, *group_notes(groups, read_judgement(out))])

    def _produce(self, *nodes: Node) -> None:
        """Publish what is not published of ``nodes``, with all that they read."""
        for node in in_order(nodes):
            if not self.workspace.store.has(node):
                with told(self.display, node.name) as progress:
                    produce(node, self.workspace, progress)


def _bank(workspace: Workspace) -> "FeatureBank":
    from components.evaluation.features.feature_bank import FeatureBank
    from components.networks.device import resolve_device

    return FeatureBank(resolve_device("auto"), workspace.cache, weights=workspace.weights)
