"""Lightning's trainer for a run, and what it calls on the way."""

import warnings
from typing import Any

import pytorch_lightning as pl
import torch

from components.networks.ema_snapshots import FOLDER as SNAPSHOTS
from components.networks.ema_snapshots import snapshot_steps
from components.training.callbacks import (
    BeginStep,
    EndStep,
    Evaluate,
    KeepCheckpoints,
    MoveAverage,
    ReportProgress,
    WriteHistory,
    WriteSnapshots,
)
from components.training.history import HISTORY, HISTORY_FILE, Journal
from components.training.resume import KeepResumePoint
from components.training.run import Run


def trainer_of(run: Run) -> pl.Trainer:
    """A trainer that writes nothing but what its callbacks do."""
    training = run.training
    assert training.precision != "auto", "the plan says which"
    # what is not written yet is read by nothing here, and need not be filled
    fills: Any = torch.utils.deterministic
    fills.fill_uninitialized_memory = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pl.Trainer(
            max_steps=training.steps,
            accelerator=run.runtime.accelerator,
            devices=1,
            precision=training.precision,
            gradient_clip_val=training.gradient_clip or None,
            callbacks=_callbacks(run),
            deterministic="warn",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )


def _callbacks(run: Run) -> list[pl.Callback]:
    """In the order in which Lightning calls them; each says what must stand before it."""
    training, runtime, watch = run.training, run.runtime, run.watch
    history = Journal(run.scratch / HISTORY_FILE, HISTORY)
    callbacks: list[pl.Callback] = [MoveAverage(), EndStep(run.meter, training)]
    resume = KeepResumePoint(run.scratch, training.checkpoint_every, runtime.clock)
    if watch is None:
        callbacks.append(ReportProgress(runtime.progress, training.steps))
    else:
        callbacks += [
            Evaluate(watch, run.stopwatch, training),
            ReportProgress(runtime.progress, training.steps, watch.notice),
        ]
        resume.kept = watch.best.resume_at
    callbacks.append(WriteHistory(history, run.losses, training))
    if training.ema_snapshots and run.task.snapshot:
        steps = snapshot_steps(training.steps, training.ema_snapshots)
        callbacks.append(WriteSnapshots(run.scratch / SNAPSHOTS, steps, run.task.snapshot))
    if run.task.checkpoints:
        callbacks.append(KeepCheckpoints(run.scratch, run.task.checkpoints, run.task.save))
    return [*callbacks, resume, BeginStep(run.meter)]
