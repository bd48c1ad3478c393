"""An experiment that says `auto`, through the whole chain: measured once, and found again."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.tracking import connect
from tests.conftest import SHRINK
from tests.flows.project import Project

AUTO = {"precision": "auto", "compile": "auto"}
EXPERIMENT: dict[str, Any] = {
    "name": "autos",
    "data": {"source": "digits", "size": 8, "holdout": 0.3},
    "network": SHRINK["network"],
    "training": {"steps": 6, "batch_size": 32, "evaluate_every": 0, **AUTO},
    "sampling": {"steps": 2, **AUTO},
    "evaluation": {"samples": 40, "clip": "none"},
    "finetune": {"style": "bold", "steps": 4, "batch_size": 16},
    "runner": {"threads": 1, "workers": 1},
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, fetched: Path, migrated: Path) -> Any:
    """A project in which the experiment has run, and what it said."""
    project = Project.create(tmp_path_factory.mktemp("autos"), fetched, migrated)
    result = project.alphabar("run", project.write(EXPERIMENT))
    assert result.returncode == 0, result.stderr
    yield project, result.stderr
    project.alphabar_here("down")


def manifest(project: Project, stage: str) -> dict[str, Any]:
    (path,) = (project.root / "artifacts" / stage).glob("*/manifest.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_what_auto_came_to_is_said_and_in_the_manifests(ran: Any) -> None:
    project, said = ran
    assert said.count(": measuring 32-true beside bf16-mixed on this machine, once") == 3
    for stage in ("train", "finetune"):
        training = manifest(project, stage)["spec"]["training"]
        assert training["precision"] in ("32-true", "bf16-mixed")
        assert f"training: {training['precision']} (" in said
        assert "compile" not in training
    assert "not compiled: all 6 steps take about" in said
    assert "not compiled: all 4 steps take about" in said


def test_a_second_run_does_nothing_and_the_plan_says_all_is_there(ran: Any) -> None:
    project, _ = ran
    before = project.published()
    again = project.alphabar_here("run", "experiment.yaml")
    assert again.returncode == 0, again.stderr
    assert "stages   0 run, " in again.stdout
    assert "measuring" not in again.stderr
    assert project.published() == before
    plan = project.alphabar_here("plan", "experiment.yaml")
    assert "to run: 0 of " in plan.stdout
    assert "training: " in plan.stdout
    assert "not measured" not in plan.stdout
    verified = project.alphabar_here("verify")
    assert verified.returncode == 0, verified.stdout
    made = json.loads(project.alphabar_here("plan", "experiment.yaml", "--json").stdout)["choices"]
    assert [each["section"] for each in made] == ["training", "sampling", "training"]
    assert all(each["measured"] for each in made)


def test_the_records_say_what_each_auto_is(ran: Any, tmp_path: Path) -> None:
    project, _ = ran
    precision = manifest(project, "train")["spec"]["training"]["precision"]
    words = f"training.precision: {precision} (auto)"
    report = project.root / "reports" / "autos"
    assert words in (report / "index.html").read_text()
    assert "fine-tuning, training.compile: off (auto)" in (report / "index.html").read_text()
    beside = (report / "experiment.yaml").read_text()
    assert f"# {words}\n" in beside
    assert "precision: auto" in beside
    client = connect(None, project.root).client
    (experiment,) = client.search_experiments(filter_string="name = 'autos'")
    runs = client.search_runs([experiment.experiment_id])
    texts = []
    for run in runs:
        for file in client.list_artifacts(run.info.run_id):
            if file.path.endswith(".yaml"):
                place = client.download_artifacts(run.info.run_id, file.path, str(tmp_path))
                texts.append(Path(place).read_text())
    assert any(f"# {words}\n" in text and "precision: auto" in text for text in texts)
    assert any(f"precision: {precision}" in text for text in texts)


def test_the_copy_beside_the_report_is_the_same_experiment(ran: Any) -> None:
    project, _ = ran
    again = project.alphabar_here("plan", "reports/autos/experiment.yaml")
    assert "to run: 0 of " in again.stdout


def test_a_stage_of_dvc_is_the_same_stage(ran: Any) -> None:
    project, _ = ran
    (project.root / "params.yaml").write_text((project.root / "experiment.yaml").read_text())
    for name in ("prepare", "train"):
        result = project.alphabar("stage", name)
        assert result.returncode == 0, result.stderr
        assert "measuring" not in result.stderr
    made = json.loads((project.root / "pipeline" / "train" / "manifest.json").read_text())
    assert made["key"] == manifest(project, "train")["key"]


def test_a_model_is_not_sampled_by_hand_with_auto(ran: Any) -> None:
    project, _ = ran
    (model,) = (project.root / "artifacts" / "train").iterdir()
    words = ("sample", model, "--out", "drawn", "--set", "precision=auto")
    refused = project.alphabar_here(*words)
    assert refused.returncode == 2
    assert "`precision: auto` is measured for the images of an experiment alone" in refused.stderr
