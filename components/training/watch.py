"""Watching a network while it trains: looks at its moving average, what they show, the best kept.

Whatever goes wrong in a look, training goes on: the evaluation is missed, which is said once a
kind and written down each time.
"""

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from components.data.grids import save_png
from components.errors import AlphabarError
from components.figures.interval import Interval
from components.runtime import Runtime
from components.spec.metrics import lower_is_better
from components.spec.sections.training import TrainingSpec
from components.training.best import FOLDER, BestCheckpoint
from components.training.history import (
    EVALUATIONS,
    EVALUATIONS_FILE,
    MISSED,
    MISSED_FILE,
    NOT_FINITE,
    Journal,
)
from components.training.look import Look, Seen
from components.training.pictures import PICTURES, picture_path, rewind_pictures, write_prompts
from components.training.task import Inputs, Save, Task
from components.training.track_record import Mark, TrackRecord, marks_of, track_record

LONGEST_MESSAGE = 300
Sight = TypeVar("Sight")


@dataclasses.dataclass(frozen=True)
class Watch:
    """Looks at the moving average, writes a picture and rows of evaluations.csv, keeps the best.

    Attributes:
        see: looks at it.
        save: how weights are kept.
        select_by: the figure that decides which evaluation is the best.
        patience: evaluations in a row that may be worse than the best by more than the interval
            before training ends; 0 for any number.
        journal, missed: what was measured, and what was not.
        known: kinds of fault that have been told of.
    """

    see: Look
    save: Save
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
        inputs: Inputs,
        folder: Path,
        runtime: Runtime,
        device: torch.device,
        extractor: str | None = None,
    ) -> "Watch":
        """The watch of a training run.

        Args:
            extractor: who judges, as in `evaluation.extractor`; None for the default.

        Raises:
            AlphabarError: nobody can look at the task's network so, or knows which way
                `select_by` is better, or takes it.
        """
        if training.select_by is not None:
            lower_is_better(training.select_by)
        see = task.look(training, inputs, runtime, device, extractor)
        select_by = training.select_by or see.ranking
        if select_by not in (names := see.names()):
            raise _unknown(select_by, names)
        return cls(
            see,
            task.save,
            select_by,
            training.patience,
            Journal(folder / EVALUATIONS_FILE, EVALUATIONS),
            Journal(folder / MISSED_FILE, MISSED),
            BestCheckpoint(folder / FOLDER),
            folder / PICTURES,
        )

    def rewind(self, step: int) -> None:
        """Forget what lies past ``step``, from which training goes on, and say what pictures show.

        From step 0 nothing is left: what `begin` has drawn or missed there, it draws anew.
        """
        kept = step or -1
        for journal in (self.journal, self.missed):
            journal.rewind(kept)
        self.best.rewind(step)
        rewind_pictures(self.pictures, kept)
        write_prompts(self.pictures, self.see.asked, self.see.columns)

    def begin(self, average: nn.Module) -> None:
        """The picture of step 0, before the first step; nothing is judged, and nothing is kept.

        The training state and the global generator stay untouched.
        """
        self._unless_missed(average, 0, self._draw)

    def look(self, average: nn.Module, step: int) -> None:
        """See, write, keep; the training state and the global generator stay untouched.

        Raises:
            AlphabarError: the first evaluation has no figure ``select_by``.
        """
        seen = self._unless_missed(average, step, self._see)
        if seen is None:
            return
        records = seen.figures
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
            self.best.put(best, lambda folder: self.save(folder, average))

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

    def _unless_missed(
        self, average: nn.Module, step: int, look: Callable[[nn.Module, int], Sight]
    ) -> Sight | None:
        """What ``look`` sees of the average; None where that was missed, which is written down."""
        if not all(bool(weights.isfinite().all()) for weights in average.parameters()):
            self.miss(step, NOT_FINITE, "weights of the moving average are not finite")
            return None
        try:
            return look(average, step)
        except Exception as error:
            self.miss(step, _kind(error), _message(error))
            return None

    def _see(self, average: nn.Module, step: int) -> Seen:
        seen = self.see(average)
        save_png(picture_path(self.pictures, step), seen.picture)
        return seen

    def _draw(self, average: nn.Module, step: int) -> None:
        save_png(picture_path(self.pictures, step), self.see.picture(average))

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
