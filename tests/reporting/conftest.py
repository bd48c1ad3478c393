"""Small directories in the stages' real formats, made from drawn figures, and the plan's spec."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from components.reporting.report import report
from components.runtime import Runtime
from components.spec.loading import parse_experiment
from components.spec.plan import plan_baselines, plan_finetune, plan_report

EXPERIMENT: dict[str, Any] = {
    "name": "digits",
    "data": {"source": "digits", "holdout": 0.3},
    "evaluation": {"samples": 40, "classifier": "svc"},
    "finetune": {"style": "bold"},
    "study": {"pairs": 10},
    "sweep": {"process.schedule": ["linear", "cosine"], "sampling.guidance": [1.0, 2.0, 4.0]},
    "also": [
        {
            "process.schedule": "cosine",
            "sampling.solver": "ddpm",
            "sampling.steps": 250,
            "sampling.guidance": 2.0,
        }
    ],
}
DISTANCES = (210.0, 190.0, 300.0, 169.0, 153.0, 256.0, 158.0)
FLOOR = 88.0


def record(value: float, half: float, **extra: object) -> dict[str, Any]:
    return {
        "value": value,
        "low": value - half,
        "high": value + half,
        "confidence": 0.95,
        "interval": "bootstrap, 200 draws",
        "n_generated": 40,
        "n_reference": 540,
        "extractor": "efficientnet_lite0",
        "resize": "bilinear-antialias 64px",
        "reference": "holdout",
        "data_hash": "3f2a.dir",
        "seed": 0,
    } | extra


def figures(fd: float, clip: float, share: float | None) -> dict[str, Any]:
    records = {
        "fd_efficientnet_lite0": record(fd, 6.0),
        "kd_efficientnet_lite0": record(fd / 4000 - 0.02, 0.0021),
        "clip_score_domain": record(clip, 0.012),
    }
    if share is not None:
        records["recognised_svc"] = record(share, 0.01, classifier_accuracy=0.985)
    return {"metrics": records}


def write_figures(directory: Path, content: dict[str, Any]) -> Path:
    directory.mkdir(parents=True)
    (directory / "metrics.json").write_text(json.dumps(content))
    return directory


def write_samples(
    directory: Path, noise: int, channels: int = 1, caption: str = "the digit"
) -> Path:
    """Forty blurred strokes, of ten classes, in the format of the stage `sample`."""
    directory.mkdir(parents=True)
    rng = np.random.default_rng(noise)
    images = np.zeros((40, 8, 8, channels), dtype=np.uint8)
    for index in range(40):
        images[index, 1:7, 1 + index % 6] = 220
        images[index, index % 8, 1:7] = 160
    images += rng.integers(0, 30, images.shape, dtype=np.uint8)
    np.save(directory / "images.npy", images)
    with (directory / "samples.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "seed", "class", "label", "caption"])
        for index in range(40):
            label = index % 10
            writer.writerow([index, index, label, str(label), f"{caption} {label}"])
    (directory / "metrics.json").write_text(
        json.dumps({"samples": 40, "network_evaluations": 50 + 50 * (noise % 2)})
    )
    return directory


def write_training(directory: Path, speed: float, watched: bool = True) -> Path:
    directory.mkdir(parents=True)
    rng = np.random.default_rng(int(speed * 100))
    lines = ["step,loss,lr,grad_norm"]
    for step in range(1, 601):
        loss = 0.05 + speed / (step + 3) + 0.005 * rng.random()
        lines.append(f"{step},{loss:.6f},0.001,0.5")
    (directory / "history.csv").write_text("\n".join(lines) + "\n")
    rows = ["step,metric,value,low,high"]
    for step in (200, 400, 600) if watched else ():
        fd, clip = 9000 * speed / step, 0.2 + step / 3000
        rows.append(f"{step},fd_efficientnet_lite0,{fd},{0.9 * fd},{1.1 * fd}")
        rows.append(f"{step},clip_score_domain,{clip},{clip - 0.02},{clip + 0.02}")
    (directory / "evaluations.csv").write_text("\n".join(rows) + "\n")
    (directory / "metrics.json").write_text('{"loss": 0.05, "parameters": 1000, "steps": 600}')
    return directory


def build(root: Path, caption: str = "the digit") -> SimpleNamespace:
    """The report's node as the plan makes it, over directories that lie under ``root``."""
    plan = plan_baselines(parse_experiment(EXPERIMENT, "the test"), lambda _: "3f2a.dir")
    best = plan.cells[4]
    node = plan_report(plan, best, plan_finetune(plan, best))
    made: dict[str, Path] = {}
    inputs = {}
    for number, (role, source) in enumerate(sorted(node.inputs.items())):
        kind, _, which = role.partition(":")
        directory = root / kind / source.key
        if source.key not in made:
            if kind in ("train", "finetune"):
                write_training(directory, 1.0 + number / 10, watched=kind == "train")
            elif kind == "sample":
                write_samples(directory, number, caption=caption)
            elif kind == "scorer":
                record = {
                    "value": 0.93,
                    "low": 0.91,
                    "high": 0.95,
                    "n_reference": 10,
                    "chance": 0.1,
                }
                write_figures(directory, {"metrics": {"retrieval_top1_regular": record}})
            elif kind == "reference":
                write_figures(directory, figures(FLOOR, 0.41, None))
            else:
                fd = (
                    DISTANCES[int(which)]
                    if which.isdigit()
                    else 400.0 - 200 * (which == "finetuned")
                )
                write_figures(directory, figures(fd, 0.3 + 20 / fd, 0.97))
            made[source.key] = directory
        inputs[role] = made[source.key]
    return SimpleNamespace(spec=node.spec, inputs=inputs)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished report, for tests that only read it."""
    root = tmp_path_factory.mktemp("written")
    out = root / "out"
    out.mkdir()
    given = build(root / "store")
    report(given.spec, given.inputs, out, Runtime())
    return out


@pytest.fixture
def report_input(tmp_path: Path) -> SimpleNamespace:
    return build(tmp_path / "store")
