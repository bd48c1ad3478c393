"""A package with one plug-in of each topic, from fetched data to a sampled picture."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.flows.project import Project
from tests.plugin_package import write_package

EXPERIMENT: dict[str, Any] = {
    "name": "plugged",
    "data": {"source": "squares", "holdout": 0.4},
    "conditioning": {"encoder": "first_letter", "options": {"letters": 20}},
    "process": {"schedule": "power", "steps": 50, "options": {"exponent": 3.0}},
    "network": {"kind": "one_layer", "options": {"kernel": 5}},
    "training": {"steps": 3, "batch_size": 8, "evaluate_every": 0},
    "sampling": {"solver": "damped_euler", "steps": 3},
    "evaluation": {
        "samples": 20,
        "size": 32,
        "clip": "none",
        "metrics": ["fd", "brightness_gap"],
        "options": {"brightness_gap": {"scale": 2.0}},
    },
    "sweep": {"sampling.options.damping": [0.5, 1.0]},
    "registry": {"model": "plugged"},
    "runner": {"threads": 1, "workers": 1},
}
BROKEN = "[alphabar.solvers]\nlost = damped.nowhere:lost\n"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """PYTHONPATH with the package, and another one that is broken."""
    root = tmp_path_factory.mktemp("packages")
    package = write_package(root / "good")
    broken = write_package(root / "bad", name="bad", points=BROKEN)
    return os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(package), str(broken)])


def test_plugins_run_from_data_to_picture_in_worker_processes(project: Project, path: str) -> None:
    file = project.write(EXPERIMENT)

    def told(*words: object) -> str:
        done = project.alphabar(*words, PYTHONPATH=path)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    assert "squares is as squares.dvc pins it" in told("data", "fetch")
    assert (project.root / "datasets/.gitignore").read_text() == "/squares\n"
    planned = told("plan", file)
    assert "train-base" in planned
    assert planned.count("the plug-in `lost` of bad 1.2") == 1
    assert "best" in told("run", file)
    store = project.root / "artifacts"
    for manifest in store.glob("[!.]*/*/manifest.json"):
        said = json.loads(manifest.read_text())
        used = said["stage"] in ("prepare", "train", "sample", "evaluate", "reference")
        assert ("plugins" in said) == used, said["stage"]
    rows = list(csv.DictReader((project.root / "reports/plugged/results.csv").open()))
    gaps = [row for row in rows if row["metric"] == "brightness_gap_efficientnet_lite0"]
    assert [row["name"] for row in gaps] == ["damping=0.5", "damping=1", "real images (floor)"]
    assert len({row["value"] for row in gaps}) == 3
    assert all(float(row["low"]) < float(row["value"]) < float(row["high"]) for row in gaps)
    (model,) = store.glob("train/*")
    out = project.root / "sampled"
    told("sample", model, "--out", out, "-n", 2, "--solver", "damped_euler", "--steps", 3,
         "--set", "options.damping=0.5", "--prompt", "a square", "--guidance", 1)  # fmt: skip
    sampled = json.loads((out / "metrics.json").read_text())
    assert sampled == {"samples": 2, "network_evaluations": 6}
    unknown = project.alphabar("plan", file)
    assert unknown.returncode == 2
    assert "`data.source: squares` does not exist" in unknown.stderr
    assert "install the package that brings it" in unknown.stderr


def test_a_broken_plugin_that_is_used_ends_with_its_package_named(
    project: Project, path: str, tmp_path: Path
) -> None:
    values = {"name": "x", "data": {"source": "digits"}, "sampling": {"solver": "lost"}}
    done = project.alphabar("plan", project.write(values), PYTHONPATH=path)
    assert done.returncode == 2
    assert "the plug-in `lost` of bad 1.2 (entry point alphabar.solvers: damped.nowhere:lost)" in (
        done.stderr
    )
    assert "Traceback" not in done.stderr
