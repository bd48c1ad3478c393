"""What Lightning calls while it trains: progress, history, checkpoints, evaluation.

What keeps, shows or judges something reads the losses first: none of it is of a run that diverged.
"""

import math
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from components.meter import Meter
from components.runtime import Progress
from components.spec.sections.training import TrainingSpec
from components.training.history import Journal
from components.training.kept import keep
from components.training.losses import Losses
from components.training.module import TrainingModule
from components.training.stopwatch import Stopwatch
from components.training.task import Save, Snapshot
from components.training.watch import Watch


class MoveAverage(pl.Callback):
    """Moves the EMAs. Stands before all that saves or samples it: Lightning calls callbacks in
    order, and the module's own hook after all of them."""

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        pl_module.move_average()


class EndStep(pl.Callback):
    """Stands where a step's work is done and what is done beside it begins."""

    def __init__(self, meter: Meter, training: TrainingSpec) -> None:
        self.meter, self.training = meter, training

    def state_dict(self) -> dict[str, Any]:
        """What a resume point needs to go on measuring."""
        return self.meter.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The reverse of `state_dict`."""
        self.meter.restore(state_dict)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = trainer.global_step
        read = self.training.logs(step) or self.training.evaluates(step)
        if read:
            pl_module.losses.read()
        self.meter.ends(waited=read)


class BeginStep(pl.Callback):
    """Stands last: the next step begins, with the making of its batch."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.meter.begins()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.meter.begins()


class ReportProgress(pl.Callback):
    """Hand (step, total, loss) on, the last that was read, and what there is to say of the
    evaluations."""

    def __init__(
        self, progress: Progress, total: int, notice: Callable[[], str] = lambda: ""
    ) -> None:
        self.progress, self.total, self.notice = progress, total, notice

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        last = pl_module.losses.last
        parts = ("" if math.isnan(last) else f"loss {last:.4f}", self.notice())
        self.progress(trainer.global_step, self.total, ", ".join(filter(None, parts)))


class WriteHistory(pl.Callback):
    """Rows of history.csv: the mean loss since the last row, learning rate, gradient norm.

    Stands after `Evaluate`: a run that this ends has a last row too.

    Args:
        losses: what the module puts its losses into.
    """

    def __init__(self, journal: Journal, losses: Losses, training: TrainingSpec) -> None:
        self.journal, self.losses, self.training = journal, losses, training
        self.grad_norm = 0.0

    def state_dict(self) -> dict[str, Any]:
        """What a resume point needs to go on within a row."""
        return self.losses.state()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The reverse of `state_dict`."""
        self.losses.restore(state_dict)

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Any
    ) -> None:
        """Before clipping, and only where a row may be written."""
        step = trainer.global_step + 1
        if self.training.logs(step) or self.training.may_end(step):
            gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
            self.grad_norm = float(torch.nn.utils.get_total_norm(gradients))

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.training.logs(trainer.global_step) or trainer.should_stop:
            self.losses.read()
            rate = trainer.optimizers[0].param_groups[0]["lr"]
            figures = {"loss": self.losses.take_mean(), "lr": rate, "grad_norm": self.grad_norm}
            rounded = {name: f"{value:.6g}" for name, value in figures.items()}
            self.journal.append([{"step": trainer.global_step, **rounded}])


class WriteSnapshots(pl.Callback):
    """After each of ``steps``, and at an early end, the power-function averages as files.

    Stands before `KeepResumePoint`: a resume point's step has its snapshot on the disk.
    """

    def __init__(self, folder: Path, steps: Collection[int], write: Snapshot) -> None:
        self.folder, self.steps, self.write = folder, steps, write

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = trainer.global_step
        if step in self.steps or trainer.should_stop:
            pl_module.losses.read()
            pairs = zip(pl_module.power_sigma_rels, pl_module.power_emas, strict=True)
            for sigma_rel, average in pairs:
                self.write(self.folder, average, sigma_rel, step)


class KeepCheckpoints(pl.Callback):
    """After each of ``steps``, the moving average as ``save`` writes it.

    Stands before `KeepResumePoint`: what was kept up to a resume point's step is on the disk.
    """

    def __init__(self, scratch: Path, steps: Collection[int], save: Save) -> None:
        self.scratch, self.steps, self.save = scratch, steps, save

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step in self.steps:
            pl_module.losses.read()
            keep(self.scratch, trainer.global_step, self.save, pl_module.ema)


class Evaluate(pl.Callback):
    """After the steps that ``training`` says, a grid of EMA samples and their figures; before the
    first step the grid alone.

    Ends training once the best evaluation is left behind. ``stopwatch`` takes the time.
    """

    def __init__(self, watch: Watch, stopwatch: Stopwatch, training: TrainingSpec) -> None:
        self.watch, self.stopwatch, self.training = watch, stopwatch, training

    def state_dict(self) -> dict[str, Any]:
        """What a resume point needs to go on counting time."""
        return self.stopwatch.seconds()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The reverse of `state_dict`."""
        self.stopwatch.restore(state_dict)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, TrainingModule)
        self.stopwatch.start()
        if trainer.global_step == 0:
            with self.stopwatch.evaluating():
                self.watch.begin(pl_module.ema)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, TrainingModule)
        step = trainer.global_step
        if not self.training.evaluates(step):
            return
        pl_module.losses.read()
        with self.stopwatch.evaluating():
            self.watch.look(pl_module.ema, step)
        trainer.should_stop = step < self.training.steps and self.watch.is_left_behind()
