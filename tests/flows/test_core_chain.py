"""The diffusion core through the whole chain: bound, EMA length, autoguidance, distillation."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from components.networks.checkpoint import load_checkpoint
from components.tracking import connect
from tests.conftest import SHRINK
from tests.flows.project import Project

EXPERIMENT: dict[str, Any] = {
    "name": "core",
    "data": {"source": "digits", "size": 8, "holdout": 0.3},
    "network": SHRINK["network"],
    "process": {"schedule": "rectified_flow", "prediction": "flow"},
    "training": SHRINK["training"] | {"evaluate_every": 0, "ema_snapshots": 5},
    "guide": {"training.steps": 5, "network.channels": [16, 16]},
    "sampling": {"solver": "dpmpp_2m", "steps": 6, "guidance": 2, "ema_length": 0.1},
    "evaluation": {"samples": 40, "clip": "none", "likelihood": "elbo"},
    "sweep": {"sampling.guide": ["unconditional", "weaker"]},
    "finetune": {
        "kind": "consistency",
        "steps": 6,
        "batch_size": 32,
        "teacher_steps": 8,
        "sampling": [{"steps": 2}, {"steps": 1}],
    },
    "registry": {"model": "core"},
    "runner": {"threads": 1, "workers": 1},
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, fetched: Path, migrated: Path) -> Any:
    """A project in which the experiment has run, and what it printed."""
    project = Project.create(tmp_path_factory.mktemp("core"), fetched, migrated)
    result = project.alphabar("run", project.write(EXPERIMENT))
    assert result.returncode == 0, result.stderr
    yield project, result.stdout
    project.alphabar_here("down")


def stages(project: Project, stage: str) -> list[tuple[Path, dict[str, Any]]]:
    """Every published run of a stage, and its manifest."""
    found = (project.root / "artifacts" / stage).glob("*/manifest.json")
    return [(path.parent, json.loads(path.read_text())) for path in sorted(found)]


def test_the_guide_is_a_network_of_its_own_and_is_counted(ran: Any) -> None:
    project, _ = ran
    assert sorted(m["spec"]["training"]["steps"] for _, m in stages(project, "train")) == [5, 30]
    for folder, manifest in stages(project, "sample"):
        sampling = manifest["spec"]["sampling"]
        per_step = 1 if sampling["guidance"] == 1 else 2  # the distilled model needs none
        spent = json.loads((folder / "metrics.json").read_text())["network_evaluations"]
        assert spent == per_step * sampling["steps"]


def test_what_the_guide_and_the_cells_network_took_is_in_the_report_and_in_mlflow(ran: Any) -> None:
    project, _ = ran
    page = (project.root / "reports" / "core" / "index.html").read_text()
    taken = page[page.rindex("What training took") :]  # the fine-tunes' own is before it
    assert '<th scope="row">guide</th>' in taken[: taken.index("</table>")]
    client = connect(None, project.root).client
    (experiment,) = client.search_experiments(filter_string="name = 'core'")
    found = client.search_runs([experiment.experiment_id])
    steps = {run.info.run_name: run.data.metrics.get("steps") for run in found}
    assert (steps["train guide base"], steps["train base"]) == (5, 30)
    for run in found:
        if str(run.info.run_name).startswith("train "):
            assert run.info.status == "FINISHED"
            assert run.data.metrics["seconds_a_step"] > 0
            assert run.data.metrics["peak_memory_bytes"] > run.data.metrics["published_bytes"]


def test_the_bound_is_a_metric_of_every_cell_with_its_interval(ran: Any) -> None:
    project, _ = ran
    rows = pd.read_csv(project.root / "reports" / "core" / "results.csv")
    bound = rows[rows.metric == "elbo_bpd"]
    assert len(bound) == 2
    assert bound.value.nunique() == 1, "both cells are of one network"
    assert bool(((bound.low < bound.value) & (bound.value < bound.high)).all())


def test_the_distilled_model_is_sampled_in_each_way_and_reported(ran: Any) -> None:
    project, printed = ran
    assert "distilled, 2 steps" in printed
    assert "distilled, 1 step " in printed
    page = (project.root / "reports" / "core" / "index.html").read_text()
    assert "istilled" in page
    sampled = [m["spec"]["sampling"] for _, m in stages(project, "sample")]
    assert sorted(s["steps"] for s in sampled if s["solver"] == "ddim") == [1, 2]


def test_the_registered_weights_are_those_that_were_measured(ran: Any) -> None:
    project, _ = ran
    out = project.root / "exported"
    # the export reads the registered model: its weights are of the EMA length, not the plain EMA
    result = project.alphabar_here("export", "core@champion", "--out", out)
    assert result.returncode == 0, result.stderr
    trained = next(
        folder for folder, m in stages(project, "train") if m["spec"]["training"]["steps"] == 30
    )
    registered = load_checkpoint(out).network.state_dict()
    rebuilt = load_checkpoint(trained, ema_length=0.1).network.state_dict()
    plain = load_checkpoint(trained).network.state_dict()
    assert all(torch.equal(registered[name], rebuilt[name]) for name in rebuilt)
    assert any(not torch.equal(registered[name], plain[name]) for name in plain)
