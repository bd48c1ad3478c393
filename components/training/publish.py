"""What a training run leaves behind: weights, histories, pictures and what it says of itself.

model.safetensors            what `training.publish` names
best/model.safetensors       `publish: last`, where evaluations ran: the best one's weights
best/best.json               its step, metric, value, low, high
last/model.safetensors       `publish: best`: the last step's weights; best.json lies at the top
samples/                     pictures of evaluations, as `components.training.pictures` has them
checkpoints/step_000100/     what the model was after that step, where the task keeps some

A run whose loss is not finite at last publishes its best weights at the top, and no others.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.files.json_file import write_json
from components.networks.ema_snapshots import FOLDER as SNAPSHOTS
from components.spec.model_folder import CHECKPOINTS
from components.training.best import FOLDER as BEST
from components.training.history import (
    EVALUATIONS_FILE,
    HISTORY,
    HISTORY_FILE,
    MISSED_FILE,
    Journal,
)
from components.training.pictures import PICTURES
from components.training.run import Trained

LAST = "last"


def publish(trained: Trained, out: Path, facts: Mapping[str, int]) -> None:
    """Write everything that is to stay into ``out``.

    Args:
        facts: what else metrics.json is to say.
    """
    scratch, watch = trained.run.scratch, trained.run.watch
    for name in (HISTORY_FILE, EVALUATIONS_FILE):
        shutil.copyfile(scratch / name, out / name)
    if watch is not None and watch.missed.rows():
        shutil.copyfile(watch.missed.path, out / MISSED_FILE)
    for name in (PICTURES, SNAPSHOTS, CHECKPOINTS):
        if (scratch / name).is_dir():
            shutil.copytree(scratch / name, out / name)
    figures = {**_figures(trained), **_publish_weights(trained, out), **facts}
    write_json(out / "metrics.json", figures)


def _publish_weights(trained: Trained, out: Path) -> dict[str, Any]:
    """Write the weights; returns which ones are at the top, where there is a choice."""
    run = trained.run
    best = run.watch.best.latest() if run.watch else None
    chosen = "best" if trained.diverged else run.training.publish
    last_at, best_at = out, out / BEST
    if chosen == "best" and best is not None:
        last_at, best_at = out / LAST, out
    if not trained.diverged:
        last_at.mkdir(exist_ok=True)
        run.task.save(last_at, trained.module.ema)
    if best is None:
        return {"published": "last"} if chosen == "best" else {}
    shutil.copytree(best, best_at, dirs_exist_ok=True)
    return {"published": chosen}


def _figures(trained: Trained) -> dict[str, Any]:
    run, network = trained.run, trained.module.network
    rows = Journal(run.scratch / HISTORY_FILE, HISTORY).rows()
    figures: dict[str, Any] = {"loss": float(rows[-1]["loss"])} if rows else {}
    figures |= {"parameters": sum(p.numel() for p in network.parameters()), "steps": trained.step}
    if frozen := sum(p.numel() for p in network.parameters() if not p.requires_grad):
        figures["trained_parameters"] = figures["parameters"] - frozen
    if run.watch is None:
        return figures
    if missed := run.watch.counts():
        figures["evaluations_missed"] = missed
    best = run.watch.track_record().best
    if best is not None:
        figures |= {"best_step": best.step, "best_metric": best.metric, "best_value": best.value}
    if trained.step < run.training.steps:
        figures |= {"stopped_early": True, "stopped_at": trained.step}
    if trained.diverged:
        figures["diverged_at"] = trained.step
    return figures
