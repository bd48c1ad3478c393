"""One training run: from a model with some weights to published EMA weights."""

import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytorch_lightning as pl
import torch

from components.data.arrays import load_split
from components.networks.checkpoint import Checkpoint, save_checkpoint
from components.networks.device import resolve_device
from components.networks.ema_snapshots import FOLDER as SNAPSHOTS
from components.networks.ema_snapshots import forget_after, snapshot_steps
from components.runtime import Runtime
from components.spec.models import TrainingSpec
from components.store import write_json
from components.training.batches import Batches, TrainingData, TrainingSet
from components.training.callbacks import (
    Evaluate,
    KeepResumePoint,
    MoveAverage,
    ReportProgress,
    WriteHistory,
    WriteSnapshots,
)
from components.training.evaluation import Watch
from components.training.history import EVALUATIONS, HISTORY, Journal
from components.training.module import DiffusionModule, Objective

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
    evaluations.csv, samples/, metrics.json and, with ``training.ema_snapshots``, ema/.
    ``objective`` takes the place of the denoising loss.
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
    first = _steps_done(resume)
    history = Journal(scratch / "history.csv", HISTORY)
    for journal in (history, Journal(scratch / "evaluations.csv", EVALUATIONS)):
        journal.rewind(first)
    forget_after(scratch / SNAPSHOTS, first)
    callbacks: list[pl.Callback] = [
        MoveAverage(),
        ReportProgress(runtime.progress, training.steps),
        WriteHistory(history, training.steps),
    ]
    if training.evaluate_every:
        watch = Watch.over(model, training, inputs, scratch)
        callbacks.append(Evaluate(watch, training.evaluate_every, training.steps))
    if training.ema_snapshots:
        steps = snapshot_steps(training.steps, training.ema_snapshots)
        callbacks.append(WriteSnapshots(scratch / SNAPSHOTS, steps))
    callbacks.append(KeepResumePoint(resume, training.checkpoint_every))
    if first < training.steps:
        _trainer(training, runtime, callbacks).fit(
            module,
            datamodule=TrainingData(_batches(model, training, inputs["data"], first)),
            ckpt_path=resume if first else None,
            weights_only=True,
        )
    else:
        module.load_state_dict(torch.load(resume, weights_only=True)["state_dict"])
    _publish(module, model, training, scratch, out)


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


def _publish(
    module: DiffusionModule, model: Checkpoint, training: TrainingSpec, scratch: Path, out: Path
) -> None:
    save_checkpoint(out, model.config, module.ema)
    for name in ("history.csv", "evaluations.csv"):
        shutil.copyfile(scratch / name, out / name)
    for name in ("samples", SNAPSHOTS):
        if (scratch / name).is_dir():
            shutil.copytree(scratch / name, out / name)
    rows = (out / "history.csv").read_text().splitlines()
    loss = float(rows[-1].split(",")[HISTORY.index("loss")])
    parameters = sum(p.numel() for p in module.network.parameters())
    write_json(
        out / "metrics.json",
        {"loss": loss, "parameters": parameters, "steps": training.steps},
    )
