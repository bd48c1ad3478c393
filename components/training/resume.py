"""Where a training run that was killed goes on: its state, and journals cut off behind it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from components.files.put import put
from components.networks.ema_snapshots import FOLDER as SNAPSHOTS
from components.networks.ema_snapshots import forget_after
from components.runtime import RESUME_SECONDS
from components.training.history import (
    EVALUATIONS,
    EVALUATIONS_FILE,
    HISTORY,
    HISTORY_FILE,
    Journal,
)
from components.training.kept import forget_after as forget_kept
from components.training.watch import Watch

RESUME_FILE = "resume.ckpt"


def steps_done(scratch: Path) -> int:
    """The step after which the run whose work lies in ``scratch`` goes on; 0 for a new one."""
    if not (scratch / RESUME_FILE).is_file():
        return 0
    return int(read_state(scratch, "cpu")["global_step"])


def read_state(scratch: Path, device: str | None = None) -> dict[str, Any]:
    """The whole state at the resume point, as Lightning keeps it."""
    path = scratch / RESUME_FILE
    state: dict[str, Any] = torch.load(path, weights_only=True, map_location=device)
    return state


def rewind(scratch: Path, watch: Watch | None, step: int) -> None:
    """Forget what was written past ``step``, from which training goes on."""
    for name, columns in ((HISTORY_FILE, HISTORY), (EVALUATIONS_FILE, EVALUATIONS)):
        Journal(scratch / name, columns).rewind(step)
    forget_after(scratch / SNAPSHOTS, step)
    forget_kept(scratch, step)
    if watch is not None:
        watch.rewind(step)


class KeepResumePoint(pl.Callback):
    """The whole training state, every ``every`` steps and at least every minute or so, replaced
    atomically; whether and when changes nothing in what is trained.

    Args:
        clock: seconds that only go forward.
        kept: hears of the step once the state is on the disk.
    """

    def __init__(
        self,
        scratch: Path,
        every: int,
        clock: Callable[[], float],
        kept: Callable[[int], None] = lambda step: None,
    ) -> None:
        self.path, self.every, self.clock, self.kept = scratch / RESUME_FILE, every, clock, kept
        self.latest = clock()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: Any,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        due = self.clock() - self.latest >= RESUME_SECONDS
        if due or trainer.global_step % self.every == 0:
            pl_module.losses.read()
            with put(self.path) as part:
                trainer.save_checkpoint(part, weights_only=False)  # the whole state
            self.kept(trainer.global_step)
            self.latest = self.clock()  # from now on: what takes long to write is written seldom
