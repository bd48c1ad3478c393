"""Real SQLite stores, copied from one that is migrated once, and small stage directories."""

import csv
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from components.spec.licences import licence_of_data
from components.spec.sections.data import DataSpec
from components.tracking import Registered, Submitted, Tracker, connect, register
from tests.figures.made import record, write_record
from tests.model_config import write_fake_weights

PROMPTS = ("zero", "one", "two")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("migrated")
    connect(None, root)
    return root / "mlruns" / "mlflow.db"


@pytest.fixture
def root(tmp_path: Path, migrated: Path) -> Path:
    """A project folder with an awkward name and an empty, migrated store."""
    folder = tmp_path / "a project #1 %20é"
    (folder / "mlruns").mkdir(parents=True)
    shutil.copy(migrated, folder / "mlruns" / "mlflow.db")
    return folder


@pytest.fixture
def tracker(root: Path) -> Tracker:
    return connect(None, root)


@pytest.fixture
def figure() -> Callable[..., dict[str, Any]]:
    """Makes a record as evaluate writes it."""
    return _figure


def _figure(value: float, half: float = 5.0, **changes: Any) -> dict[str, Any]:
    judge = {"extractor": "efficientnet_lite0", "resize": "bilinear-antialias 64px"}
    return record(value, half, **{"n_generated": 500, **judge, **changes})


@pytest.fixture
def train_dir(tmp_path: Path) -> Path:
    """A train directory that is still being written: no manifest.json."""
    folder = tmp_path / "train"
    (folder / "samples").mkdir(parents=True)
    _write_history(folder, 10)
    (folder / "evaluations.csv").write_text(
        "step,metric,value,low,high\n5,fd_efficientnet_lite0,300,290,310\n"
    )
    Image.new("L", (16, 16), 90).save(folder / "samples" / "step_000005.png")
    write_fake_weights(folder)
    (folder / "metrics.json").write_text(json.dumps({"loss": 0.1, "parameters": 3, "steps": 10}))
    return folder


@pytest.fixture
def write_history() -> Callable[[Path, int], None]:
    """Writes so many rows of history into a train directory."""
    return _write_history


def _write_history(folder: Path, rows: int) -> None:
    lines = [f"{step},{1 / step},{0.001},{0.5}\n" for step in range(1, rows + 1)]
    (folder / "history.csv").write_text("step,loss,lr,grad_norm\n" + "".join(lines))


@pytest.fixture
def cell_dirs(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Makes a sample and an evaluate directory: 6 digits of 8×8 and the figures given."""

    def make(name: str, **figures: dict[str, Any]) -> tuple[Path, Path]:
        sample, evaluate = tmp_path / f"sample-{name}", tmp_path / f"evaluate-{name}"
        sample.mkdir()
        evaluate.mkdir()
        images = np.arange(6 * 64, dtype=np.uint8).reshape(6, 8, 8, 1)
        np.save(sample / "images.npy", images)
        with (sample / "samples.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["index", "seed", "class", "label", "caption"])
            for i in range(6):
                prompt = PROMPTS[i % 3]
                writer.writerow([i, i, i % 3, prompt, f"the digit {prompt}"])
        Image.new("L", (24, 16)).save(sample / "grid.png")
        (sample / "metrics.json").write_text('{"samples": 6, "network_evaluations": 50}')
        write_record(evaluate, {"metrics": figures or {"fd_efficientnet_lite0": _figure(150.0)}})
        return sample, evaluate

    return make


@pytest.fixture
def evaluation(tmp_path: Path) -> Callable[..., Path]:
    """Makes an evaluation's directory: records by metric, and pseudo-values where given."""
    made = itertools.count()

    def make(
        metrics: dict[str, dict[str, Any]],
        pseudo_values: dict[str, np.ndarray] | None = None,
        groups: dict[str, Any] | None = None,
    ) -> Path:
        folder = tmp_path / f"evaluation-{next(made)}"
        folder.mkdir()
        content = {"metrics": metrics} | ({"groups": groups} if groups else {})
        write_record(folder, content, pseudo_values)
        return folder

    return make


@pytest.fixture
def enter(
    tracker: Tracker, train_dir: Path, evaluation: Callable[..., Path]
) -> Callable[..., Registered]:
    """Registers `digits` under a key with an FD of so much, or with the evaluation given."""

    def register_it(
        key: str, value: float = 150.0, measured: Path | None = None, **changes: Any
    ) -> Registered:
        run_id = tracker.sweep("digits", key, {}, {})
        fd = "fd_efficientnet_lite0"
        model = Submitted(
            train_dir,
            measured or evaluation({fd: _figure(value, **changes)}),
            fd,
            {"solver": "ddim", "steps": 50, "guidance": 2.0},
            {"git.commit": "c0ffee"},
            licences=licence_of_data(DataSpec(source="digits")),
        )
        return register(tracker, "digits", run_id, key, model)

    return register_it
