"""One training run: from a model with some weights to published EMA weights."""

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytorch_lightning as pl
import torch

from components.data.arrays import load_split
from components.networks.checkpoint import Checkpoint
from components.networks.device import resolve_device
from components.networks.ema_snapshots import FOLDER as SNAPSHOTS
from components.networks.ema_snapshots import forget_after, snapshot_steps
from components.runtime import Runtime
from components.spec.models import TrainingSpec
from components.training.batches import Batches, TrainingData, TrainingSet
from components.training.budget import Budget
from components.training.callbacks import (
    Evaluate,
    KeepResumePoint,
    MoveAverage,
    ReportProgress,
    WriteHistory,
    WriteSnapshots,
)
from components.training.evaluation import EVALUATIONS_FILE, Watch
from components.training.history import EVALUATIONS, HISTORY, Journal
from components.training.module import DiffusionModule, Objective
from components.training.publish import HISTORY_FILE, Trained, publish

RESUME_FILE = "resume.ckpt"


def fit(
    model: Checkpoint,
    training: TrainingSpec,
    inputs: Mapping[str, Path],
    out: Path,
    runtime: Runtime,
    objective: Objective | None = None,
) -> None:
    """Train ``model`` on ``inputs["data"]`` and write its moving average into ``out``.

    Where ``runtime.scratch`` holds a resume point, training goes on from there, and ends with
    the weights that an undisturbed run gives. Writes model.safetensors, history.csv,
    evaluations.csv, metrics.json; with ``training.evaluate_every`` samples/ and what
    `components.training.publish` says of the best evaluation; with ``training.ema_snapshots``
    ema/. ``objective`` takes the place of the denoising loss.

    Raises:
        AlphabarError: the loss is not finite, or `training.select_by` is not measured.
    """
    if runtime.scratch is None:
        with tempfile.TemporaryDirectory() as folder:
            _fit(model, training, inputs, out, runtime, Path(folder), objective)
    else:
        _fit(model, training, inputs, out, runtime, runtime.scratch, objective)


def _fit(
    model: Checkpoint,
    training: TrainingSpec,
    inputs: Mapping[str, Path],
    out: Path,
    runtime: Runtime,
    scratch: Path,
    objective: Objective | None,
) -> None:
    model.network.to(resolve_device(runtime.accelerator))
    module = DiffusionModule(model, training, objective)
    resume = scratch / RESUME_FILE
    step = _steps_done(resume)
    for name, columns in ((HISTORY_FILE, HISTORY), (EVALUATIONS_FILE, EVALUATIONS)):
        Journal(scratch / name, columns).rewind(step)
    forget_after(scratch / SNAPSHOTS, step)
    watch = _watch(model, training, inputs, scratch, runtime, step)
    if step < training.steps and not (watch and watch.is_left_behind()):
        trainer = _trainer(training, runtime, _callbacks(training, runtime, scratch, watch))
        trainer.fit(
            module,
            datamodule=TrainingData(_batches(model, training, inputs["data"], step)),
            ckpt_path=resume if step else None,
            weights_only=True,
        )
        step = trainer.global_step
    else:
        module.load_state_dict(torch.load(resume, weights_only=True)["state_dict"])
    publish(Trained(module, training, step, watch, scratch), out)


def _watch(
    model: Checkpoint,
    training: TrainingSpec,
    inputs: Mapping[str, Path],
    scratch: Path,
    runtime: Runtime,
    step: int,
) -> Watch | None:
    """What evaluates a run that goes on after ``step``, if anything does."""
    if not training.evaluate_every:
        return None
    watch = Watch.over(model, training, inputs, scratch, runtime)
    watch.rewind(step)
    if training.select_by is not None:
        watch.rehearse()
    return watch


def _callbacks(
    training: TrainingSpec, runtime: Runtime, scratch: Path, watch: Watch | None
) -> list[pl.Callback]:
    """In the order in which Lightning calls them; each says what must stand before it."""
    history = Journal(scratch / HISTORY_FILE, HISTORY)
    every = training.evaluate_every
    callbacks: list[pl.Callback] = [MoveAverage()]
    resume = KeepResumePoint(scratch / RESUME_FILE, training.checkpoint_every)
    if watch is None:
        callbacks.append(ReportProgress(runtime.progress, training.steps))
    else:
        callbacks += [
            Evaluate(watch, Budget(training.max_share), every, training.steps),
            ReportProgress(runtime.progress, training.steps, watch.notice),
        ]
        resume.kept = watch.best.resume_at
    callbacks.append(WriteHistory(history, training.steps, every if training.patience else 0))
    if training.ema_snapshots:
        steps = snapshot_steps(training.steps, training.ema_snapshots)
        callbacks.append(WriteSnapshots(scratch / SNAPSHOTS, steps))
    return [*callbacks, resume]


def _trainer(training: TrainingSpec, runtime: Runtime, callbacks: list[pl.Callback]) -> pl.Trainer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pl.Trainer(
            max_steps=training.steps,
            accelerator=runtime.accelerator,
            devices=1,
            precision=training.precision,
            gradient_clip_val=training.gradient_clip or None,
            callbacks=callbacks,
            deterministic="warn",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )


def _batches(model: Checkpoint, training: TrainingSpec, data: Path, first: int) -> Batches:
    split = load_split(data, "train")
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2).contiguous()
    return Batches(
        TrainingSet(images, tuple(split.classes.tolist()), split.captions),
        model.conditioner,
        batch_size=training.batch_size,
        first=first,
        last=training.steps,
        seed=training.seed,
    )


def _steps_done(resume: Path) -> int:
    if not resume.is_file():
        return 0
    return int(torch.load(resume, weights_only=True, map_location="cpu")["global_step"])
