"""What a training run leaves behind: weights, histories, pictures and what it says of itself.

model.safetensors            what `training.publish` names
best/model.safetensors       `publish: last`, where evaluations ran: the best one's weights
best/best.json               its step, metric, value, low, high
last/model.safetensors       `publish: best`: the last step's weights; best.json lies at the top

A run whose loss is not finite at last publishes its best weights at the top, and no others.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.files.json_file import write_json
from components.networks.checkpoint import FILE_NAME, save_checkpoint
from components.networks.ema_snapshots import FOLDER as SNAPSHOTS
from components.spec.sections.training import TrainingSpec
from components.training.best import FOLDER as BEST
from components.training.best import RECORD
from components.training.evaluation import EVALUATIONS_FILE, MISSED_FILE, Watch
from components.training.history import HISTORY, Journal
from components.training.module import DiffusionModule

HISTORY_FILE = "history.csv"
LAST = "last"


@dataclass(frozen=True)
class Trained:
    """A finished training run.

    Attributes:
        module: with its moving average after ``step``.
        step: the last step.
        watch: what evaluated it; None where nothing did.
        scratch: the folder that the run wrote into.
        diverged: whether the loss after ``step`` was not finite; there is a best checkpoint then.
    """

    module: DiffusionModule
    training: TrainingSpec
    step: int
    watch: Watch | None
    scratch: Path
    diverged: bool = False


def publish(run: Trained, out: Path, facts: Mapping[str, int]) -> None:
    """Write everything that is to stay into ``out``.

    Args:
        facts: what else metrics.json is to say.
    """
    for name in (HISTORY_FILE, EVALUATIONS_FILE):
        shutil.copyfile(run.scratch / name, out / name)
    if run.watch is not None and run.watch.missed.rows():
        shutil.copyfile(run.watch.missed.path, out / MISSED_FILE)
    for name in ("samples", SNAPSHOTS):
        if (run.scratch / name).is_dir():
            shutil.copytree(run.scratch / name, out / name)
    write_json(out / "metrics.json", {**_figures(run), **_publish_weights(run, out), **facts})


def _publish_weights(run: Trained, out: Path) -> dict[str, Any]:
    """Write the weights; returns which ones are at the top, where there is a choice."""
    best = run.watch.best.latest() if run.watch else None
    chosen = "best" if run.diverged else run.training.publish
    last_at, best_at = out, out / BEST
    if chosen == "best" and best is not None:
        last_at, best_at = out / LAST, out
    if not run.diverged:
        last_at.mkdir(exist_ok=True)
        save_checkpoint(last_at, run.module.model.config, run.module.ema)
    if best is None:
        return {"published": "last"} if chosen == "best" else {}
    best_at.mkdir(exist_ok=True)
    for name in (FILE_NAME, RECORD):
        shutil.copyfile(best / name, best_at / name)
    return {"published": chosen}


def _figures(run: Trained) -> dict[str, Any]:
    rows = Journal(run.scratch / HISTORY_FILE, HISTORY).rows()
    figures: dict[str, Any] = {"loss": float(rows[-1]["loss"])} if rows else {}
    figures |= {
        "parameters": sum(p.numel() for p in run.module.network.parameters()),
        "steps": run.step,
    }
    if run.watch is None:
        return figures
    if missed := run.watch.counts():
        figures["evaluations_missed"] = missed
    best = run.watch.standing().best
    if best is not None:
        figures |= {"best_step": best.step, "best_metric": best.metric, "best_value": best.value}
    if run.step < run.training.steps:
        figures |= {"stopped_early": True, "stopped_at": run.step}
    if run.diverged:
        figures["diverged_at"] = run.step
    return figures
