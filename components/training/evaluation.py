"""A look at the model while it trains: EMA samples on fixed seeds, judged on the holdout.

Whatever goes wrong while they are drawn and judged, training goes on: the evaluation is missed,
which is said once a kind and written down each time.
"""

import dataclasses
import math
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from components.data.grids import contact_sheet, save_png
from components.errors import AlphabarError
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_set import ImageSet
from components.evaluation.judge import Judge
from components.figures.figure import Figure
from components.generation.generate import generate
from components.generation.prompts import Prompts, holdout_prompts
from components.generation.sampler import Sampler, check_steps
from components.networks.checkpoint import Checkpoint
from components.runtime import Runtime
from components.spec.metrics import families_in_training, lower_is_better, ranking_metric
from components.spec.sections.evaluation import EvaluationSpec
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.best import FOLDER, BestCheckpoint
from components.training.denoising import DenoisingProbe
from components.training.history import (
    EVALUATIONS,
    EVALUATIONS_FILE,
    MISSED,
    MISSED_FILE,
    NOT_FINITE,
    Journal,
)
from components.training.task import Save, Task
from components.training.track_record import Mark, TrackRecord, marks_of, track_record

GRID_COLUMNS, GRID_IMAGES = 10, 30
LONGEST_MESSAGE = 300


class Interval(Protocol):
    """A figure with its interval, whoever has taken it."""

    @property
    def value(self) -> float: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...


@dataclasses.dataclass(frozen=True)
class Watch:
    """Samples the moving average, writes a picture and rows of evaluations.csv, keeps the best.

    Attributes:
        save: how weights are kept.
        select_by: the figure that decides which evaluation is the best.
        patience: evaluations in a row that may be worse than the best by more than the interval
            before training ends; 0 for any number.
        journal, missed: what was measured, and what was not.
        known: kinds of fault that have been told of.
    """

    model: Checkpoint
    save: Save
    sampling: SamplingSpec
    prompts: Prompts
    judge: Judge
    probe: DenoisingProbe
    select_by: str
    patience: int
    journal: Journal
    missed: Journal
    best: BestCheckpoint
    pictures: Path
    known: set[str] = dataclasses.field(default_factory=set)

    @classmethod
    def over(
        cls,
        task: Task,
        training: TrainingSpec,
        inputs: Mapping[str, Path],
        folder: Path,
        runtime: Runtime,
        extractor: str | None = None,
    ) -> "Watch":
        """The watch of a training run; ``inputs`` has data and maybe scorer.

        Args:
            extractor: who judges, as in `evaluation.extractor`; None for the default.

        Raises:
            AlphabarError: samples would take more steps than the process has, or nobody knows
                which way `select_by` is better.
        """
        spec = EvaluationSpec(
            size=training.evaluate_size,
            groups="none",
            extractor=extractor or EvaluationSpec.model_fields["extractor"].default,
        )
        sampling = SamplingSpec(steps=training.evaluate_steps, guidance=training.evaluate_guidance)
        model = task.model
        check_steps(model, sampling)
        select_by = training.select_by or ranking_metric(spec.extractor)
        lower_is_better(select_by)
        families = families_in_training(select_by)
        bank = FeatureBank(model.device, runtime.cache, weights=runtime.weights)
        values = spec.model_dump(mode="json")
        judge = Judge.of_data(inputs["data"], inputs.get("scorer"), values, bank).only(families)
        probe = DenoisingProbe.of_data(model, inputs["data"], spec.confidence)
        if select_by not in (names := [*judge.names(), *probe.names()]):
            raise _unknown(select_by, names)
        return cls(
            model,
            task.save,
            sampling,
            holdout_prompts(inputs["data"], training.evaluate_samples),
            judge,
            probe,
            select_by,
            training.patience,
            Journal(folder / EVALUATIONS_FILE, EVALUATIONS),
            Journal(folder / MISSED_FILE, MISSED),
            BestCheckpoint(folder / FOLDER),
            folder / "samples",
        )

    def rewind(self, step: int) -> None:
        """Forget what lies past ``step``, from which training goes on."""
        for journal in (self.journal, self.missed):
            journal.rewind(step)
        self.best.rewind(step)
        self.pictures.mkdir(exist_ok=True)
        for picture in self.pictures.glob("step_*.png"):
            if int(picture.stem.removeprefix("step_")) > step:
                picture.unlink()

    def look(self, average: nn.Module, step: int) -> None:
        """Draw, judge, write; the training state and the global generator stay untouched.

        Raises:
            AlphabarError: the first evaluation has no figure ``select_by``.
        """
        if not all(bool(weights.isfinite().all()) for weights in average.parameters()):
            self.miss(step, NOT_FINITE, "weights of the moving average are not finite")
            return
        try:
            images = self._draw(average, step)
            records: dict[str, Interval] = {**self._judge(images), **self.probe.measure(average)}
        except Exception as error:
            self.miss(step, _kind(error), _message(error))
            return
        if self.select_by not in records and not self.has_marks():
            raise _unknown(self.select_by, records)
        finite = {name: r for name, r in sorted(records.items()) if _is_finite(r)}
        for name in sorted(records.keys() - finite.keys()):
            self.miss(step, NOT_FINITE, f"{name} is {records[name].value}")
        self.journal.append(
            {"step": step, "metric": name, "value": r.value, "low": r.low, "high": r.high}
            for name, r in finite.items()
        )
        best = self.track_record().best
        if best is not None and best.step == step:
            self.best.put(best, lambda folder: self.save(folder, self.model, average))

    def track_record(self) -> TrackRecord:
        """How the run has done by ``select_by``, from what is written down."""
        return track_record(self._marks(), lower_is_better(self.select_by))

    def is_left_behind(self) -> bool:
        """Whether the best has been out of reach for long enough to end training."""
        return 0 < self.patience <= self.track_record().worse

    def miss(self, step: int, kind: str, message: str) -> None:
        """Write down that something was not measured; say so when the kind is new."""
        self.missed.append([{"step": step, "kind": kind, "message": message}])
        self._tell(kind, f"at step {step}: {message}")

    def notice(self) -> str:
        """What a progress line says of evaluations that were missed; mostly nothing."""
        return f"evaluations missed: {', '.join(sorted(self.known))}" if self.known else ""

    def counts(self) -> dict[str, int]:
        """Kind of fault → evaluations that it cost, wholly or in part; only kinds that came."""
        steps: dict[str, set[str]] = {}
        for row in self.missed.rows():
            steps.setdefault(row["kind"], set()).add(row["step"])
        return {kind: len(found) for kind, found in sorted(steps.items())}

    def has_marks(self) -> bool:
        """Whether ``select_by`` has been measured in this run."""
        return bool(self._marks())

    def _marks(self) -> list[Mark]:
        return marks_of(self.select_by, self.journal.rows())

    def _draw(self, average: nn.Module, step: int) -> NDArray[np.uint8]:
        images = self._generate(average)
        sheet = contact_sheet(images[:GRID_IMAGES], GRID_COLUMNS)
        save_png(self.pictures / f"step_{step:06d}.png", sheet)
        return images

    def _generate(self, average: nn.Module) -> NDArray[np.uint8]:
        model = dataclasses.replace(self.model, network=average)
        return generate(Sampler(model, self.sampling), self.prompts).images

    def _judge(self, images: NDArray[np.uint8]) -> Mapping[str, Figure]:
        classes = np.array(self.prompts.classes)
        drawn = ImageSet(images, classes, self.prompts.captions, "generated")
        return self.judge.measure(drawn, self.sampling.seed).figures

    def _tell(self, kind: str, message: str) -> None:
        if kind not in self.known:
            self.known.add(kind)
            warnings.warn(f"an evaluation was missed ({kind}) {message}", stacklevel=2)


def _unknown(select_by: str, measured: Iterable[str]) -> AlphabarError:
    return AlphabarError(
        f"`training.select_by: {select_by}` is not measured while training",
        f"choose from {', '.join(sorted(measured))}",
    )


def _is_finite(record: Interval) -> bool:
    return all(math.isfinite(x) for x in (record.value, record.low, record.high))


def _kind(error: Exception) -> str:
    return type(error).__name__


def _message(error: Exception) -> str:
    return " ".join(str(error).split())[:LONGEST_MESSAGE]
