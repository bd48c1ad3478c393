"""What MLflow has of fine-tunes on a subject: what they have learnt, lost and cost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow.entities import Run
from PIL import Image

from components.figures.likeness import JUDGED
from components.files.new_folder import seal_folder
from components.spec.loading import parse_experiment
from components.spec.plan import Node, plan_baselines, plan_finetune
from components.store import Store
from components.tracking import Tracker
from components.tracking.sweep_record import SweepRecord
from tests.figures.made import write_record
from tests.model_config import write_fake_weights
from tests.tracking.test_nominees import VALUES

JUDGE = "efficientnet_lite0"
Make = Callable[..., dict[str, Any]]


class Stages:
    """Directories that stages would have left in a store."""

    def __init__(self, root: Path, figure: Make) -> None:
        self.store, self.figure = Store(root), figure

    def put(self, node: Node, write: Callable[[Path], None]) -> None:
        folder = self.store.path(node)
        if not folder.exists():
            folder.mkdir(parents=True)
            write(folder)
            taken = {"seconds": {"training": 3.0, "evaluations": 0.0}}
            seal_folder(folder, {"key": node.key, "git_commit": None, **taken})

    def judge(self, node: Node, **figures: float) -> None:
        found = {f"{name}_{JUDGE}": self.figure(value, 0.5) for name, value in figures.items()}
        self.put(node, lambda folder: write_record(folder, {"metrics": found}))

    def compare(self, node: Node) -> None:
        """In the format of the stage `similarity`."""
        values = {"tuned": 0.75, "baseline": 0.5, "difference": 0.25, "ceiling": 0.875}
        found = {n: {"value": v, "low": v - 0.125, "high": v + 0.125} for n, v in values.items()}

        def write(folder: Path) -> None:
            (folder / "metrics.json").write_text(json.dumps({"similarity": {JUDGE: found}}))
            (folder / JUDGED).mkdir()
            alike = {f"likeness_{JUDGE}": self.figure(0.75, 0.125)}
            write_record(folder / JUDGED, {"metrics": alike})

        self.put(node, write)


def drawn(folder: Path) -> None:
    np.save(folder / "images.npy", np.zeros((1, 8, 8, 1), np.uint8))
    (folder / "samples.csv").write_text("index,seed,class,label,caption\n0,0,3,three,a 3\n")
    (folder / "metrics.json").write_text('{"network_evaluations": 50}')
    Image.new("L", (24, 16)).save(folder / "grid.png")


def trained(folder: Path) -> None:
    (folder / "history.csv").write_text("step,loss,lr,grad_norm\n10,0.5,0.1,1.0\n")
    figures = {"loss": 0.5, "parameters": 100, "trained_parameters": 4, "steps": 10}
    (folder / "metrics.json").write_text(json.dumps(figures))
    write_fake_weights(folder)


@pytest.fixture
def runs(tracker: Tracker, tmp_path: Path, figure: Make) -> dict[str, Run]:
    """Every run of a recorded fine-tune, by its name."""
    experiment = parse_experiment(VALUES, "the test")
    plan = plan_baselines(experiment, lambda _: "abc")
    best, stages = plan.cells[0], Stages(tmp_path / "store", figure)
    tuned = plan_finetune(plan, best)
    (model,), subject = tuned.models, tuned.chosen.subject
    (cell,) = model.cells
    assert subject is not None
    assert cell.drift is not None
    for node in (best.sample, cell.sample):
        stages.put(node, drawn)
    stages.put(model.finetune, trained)
    stages.judge(cell.evaluate, fd=150.0, recall=0.5)
    stages.judge(tuned.evaluate_baseline, fd=400.0)
    stages.judge(cell.drift, fd=200.0, drift=0.25)
    stages.judge(subject.subject.of_tuned, authenticity=0.75)
    stages.judge(subject.kin.of_tuned, drift=0.125, recall=0.625, vendi=3.0)
    stages.compare(subject.similarity)
    record = SweepRecord(tracker, plan, stages.store)
    for _ in range(2):
        record.finetuned(best, tuned)
    found = tracker.client.search_runs([tracker.client.get_run(record.run).info.experiment_id])
    return {str(run.info.run_name): run for run in found}


def test_a_model_s_run_has_what_it_has_learnt_of_its_subject_and_lost_of_the_class(
    tracker: Tracker, runs: dict[str, Run]
) -> None:
    run = runs["DreamBooth of sks digit"]
    expected = {
        f"fd_{JUDGE}": 150.0,
        f"recall_{JUDGE}": 0.5,
        f"drift_{JUDGE}": 0.25,
        f"subject_authenticity_{JUDGE}": 0.75,
        f"class_drift_{JUDGE}": 0.125,
        f"class_recall_{JUDGE}": 0.625,
        f"class_vendi_{JUDGE}": 3.0,
    }
    likeness = {"": 0.75, "_baseline": 0.5, "_difference": 0.25, "_ceiling": 0.875}
    expected |= {f"likeness_{JUDGE}{part}": value for part, value in likeness.items()}
    assert run.data.metrics == expected | {"network_evaluations": 50.0}
    stored = {file.path for file in tracker.client.list_artifacts(run.info.run_id)}
    prefixes = ("", "drift_", "subject_", "class_", "likeness_")
    assert {"likeness.json", *(f"{prefix}figures.json" for prefix in prefixes)} <= stored
    for metric in (f"class_vendi_{JUDGE}", f"likeness_{JUDGE}", f"likeness_{JUDGE}_ceiling"):
        assert len(tracker.client.get_metric_history(run.info.run_id, metric)) == 1


def test_a_training_s_run_has_what_it_cost(runs: dict[str, Run]) -> None:
    metrics = runs["finetune sks digit"].data.metrics
    assert metrics["trained_parameters"] == 4
    assert metrics["parameters"] == 100
    assert metrics["training_seconds"] == 3
    assert 0 < metrics["weights_bytes"] < metrics["published_bytes"]
