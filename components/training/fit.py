"""One training run: from a model with some weights to published EMA weights."""

import contextlib
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytorch_lightning as pl
import torch

from components.data.arrays import load_info, load_split
from components.data.tokens import cut_of_lengths
from components.networks.checkpoint import Checkpoint
from components.networks.device import resolve_device
from components.networks.ema_snapshots import FOLDER as SNAPSHOTS
from components.networks.ema_snapshots import forget_after, snapshot_steps
from components.runtime import Runtime
from components.spec.catalogue import CONDITIONERS
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batches, TrainingData, TrainingSet
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
from components.training.module import DiffusionModule, DivergedError, Objective
from components.training.publish import HISTORY_FILE, Trained, publish
from components.training.stopwatch import Stopwatch

RESUME_FILE = "resume.ckpt"


def fit(
    model: Checkpoint,
    training: TrainingSpec,
    inputs: Mapping[str, Path],
    out: Path,
    runtime: Runtime,
    objective: Objective | None = None,
    extractor: str | None = None,
) -> None:
    """Train ``model`` on ``inputs["data"]`` and write its moving average into ``out``.

    Where ``runtime.scratch`` holds a resume point, training goes on from there, and ends with
    the weights that an undisturbed run gives. Writes model.safetensors, history.csv,
    evaluations.csv, metrics.json; with ``training.evaluate_every`` samples/ and what
    `components.training.publish` says of the best evaluation; with ``training.ema_snapshots``
    ema/. ``objective`` takes the place of the denoising loss; ``extractor`` judges the
    evaluations, as `Watch.over` says.

    A loss that is not finite ends training, and the best evaluation's weights are published,
    where `training.publish` or `training.patience` ask for the best and there is one.

    Raises:
        AlphabarError: the loss is not finite otherwise, or `training.select_by` is not measured.
    """
    with contextlib.ExitStack() as stack:
        scratch = runtime.scratch
        if scratch is None:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model.network.to(resolve_device(runtime.accelerator))
        watch = None
        if training.evaluate_every:
            watch = Watch.over(model, training, inputs, scratch, runtime, extractor)
        stopwatch = Stopwatch(runtime.clock)
        try:
            run = _fit(
                model, training, inputs["data"], runtime, scratch, watch, stopwatch, objective
            )
        except DivergedError as error:
            best = watch.best.latest() if watch else None
            if best is None or runtime.scratch is None:  # or it goes with its folder
                raise
            raise _naming(best, error) from error
        publish(run, out, _of_captions(model, inputs["data"]))
        runtime.seconds.update(stopwatch.seconds())


def _fit(
    model: Checkpoint,
    training: TrainingSpec,
    data: Path,
    runtime: Runtime,
    scratch: Path,
    watch: Watch | None,
    stopwatch: Stopwatch,
    objective: Objective | None,
) -> Trained:
    module = DiffusionModule(model, training, objective)
    resume = scratch / RESUME_FILE
    step = _steps_done(resume)
    for name, columns in ((HISTORY_FILE, HISTORY), (EVALUATIONS_FILE, EVALUATIONS)):
        Journal(scratch / name, columns).rewind(step)
    forget_after(scratch / SNAPSHOTS, step)
    if watch is not None:
        watch.rewind(step)
    if step >= training.steps or (watch and watch.is_left_behind()):
        state = torch.load(resume, weights_only=True)
        module.load_state_dict(state["state_dict"])
        if watch:
            stopwatch.restore(state["callbacks"][Evaluate.__qualname__])
        return Trained(module, training, step, watch, scratch)
    trainer = _trainer(training, runtime, _callbacks(training, runtime, scratch, watch, stopwatch))
    try:
        trainer.fit(
            module,
            datamodule=TrainingData(_batches(model, training, data, step)),
            ckpt_path=resume if step else None,
            weights_only=True,
        )
    except DivergedError:
        if not _can_end_with_the_best(training, watch):
            raise
        # the last step's weights may be what diverged
        forget_after(scratch / SNAPSHOTS, trainer.global_step - 1)
        return Trained(module, training, trainer.global_step, watch, scratch, diverged=True)
    return Trained(module, training, trainer.global_step, watch, scratch)


def _can_end_with_the_best(training: TrainingSpec, watch: Watch | None) -> bool:
    """Whether the file lets evaluations decide, and one has made a best checkpoint."""
    asked = training.publish == "best" or training.patience > 0
    return asked and watch is not None and watch.best.latest() is not None


def _naming(best: Path, error: DivergedError) -> DivergedError:
    return DivergedError(
        error.what,
        f"{error.remedy}; the best evaluation's weights are in {best}, and `training.publish: best`"
        " publishes them where training ends so",
    )


def _callbacks(
    training: TrainingSpec,
    runtime: Runtime,
    scratch: Path,
    watch: Watch | None,
    stopwatch: Stopwatch,
) -> list[pl.Callback]:
    """In the order in which Lightning calls them; each says what must stand before it."""
    history = Journal(scratch / HISTORY_FILE, HISTORY)
    every = training.evaluate_every
    callbacks: list[pl.Callback] = [MoveAverage()]
    path = scratch / RESUME_FILE
    resume = KeepResumePoint(path, training.checkpoint_every, runtime.clock)
    if watch is None:
        callbacks.append(ReportProgress(runtime.progress, training.steps))
    else:
        callbacks += [
            Evaluate(watch, stopwatch, every, training.steps),
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
        TrainingSet(images, model.codec.encode, tuple(split.classes.tolist()), split.captions),
        model.conditioner,
        batch_size=training.batch_size,
        first=first,
        last=training.steps,
        seed=training.seed,
    )


def _of_captions(model: Checkpoint, data: Path) -> dict[str, int]:
    """At which length captions were read, where the model reads any, and how many were cut."""
    conditioning = model.config["conditioning"]
    most = CONDITIONERS[conditioning["encoder"]].token_limit
    if most is None:
        return {}
    lengths = load_info(data).caption_tokens
    limit = conditioning["max_tokens"] or min(max(lengths, default=0), most)
    return {"caption_tokens": limit, "captions_cut": cut_of_lengths(lengths, limit).cut}


def _steps_done(resume: Path) -> int:
    if not resume.is_file():
        return 0
    return int(torch.load(resume, weights_only=True, map_location="cpu")["global_step"])
