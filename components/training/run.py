"""A training run: its task, where it works, who watches it; and what it ends with."""

from dataclasses import dataclass, field
from pathlib import Path

from components.meter import Meter
from components.runtime import Runtime
from components.spec.sections.training import TrainingSpec
from components.training.losses import Losses
from components.training.module import TrainingModule
from components.training.stopwatch import Stopwatch
from components.training.task import Task
from components.training.watch import Watch


@dataclass(frozen=True)
class Run:
    """A training run that goes on.

    Attributes:
        scratch: the folder that it writes into.
        watch: what evaluates it; None where nothing does.
        stopwatch: takes its time, and its evaluations'.
        meter: measures its steps.
        losses: of its steps.
    """

    task: Task
    training: TrainingSpec
    runtime: Runtime
    scratch: Path
    watch: Watch | None
    stopwatch: Stopwatch
    meter: Meter
    losses: Losses = field(default_factory=Losses)

    def is_over(self, step: int) -> bool:
        """Whether nothing is to be trained after ``step``."""
        return step >= self.training.steps or bool(self.watch and self.watch.is_left_behind())

    def can_end_with_the_best(self) -> bool:
        """Whether the file lets evaluations decide, and one has made a best checkpoint."""
        asked = self.training.publish == "best" or self.training.patience > 0
        return asked and self.watch is not None and self.watch.best.latest() is not None


@dataclass(frozen=True)
class Trained:
    """A finished training run.

    Attributes:
        module: with its moving average after ``step``.
        step: the last step.
        diverged: whether the loss after ``step`` was not finite; there is a best checkpoint then.
    """

    run: Run
    module: TrainingModule
    step: int
    diverged: bool = False
