"""What a run prints at its end."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.files.new_folder import seal_folder
from components.spec.loading import parse_experiment
from components.spec.plan import Plan, plan_baselines, plan_finetune
from components.spec.plan.node import Node
from flows.run.results import Outcome, training_remarks, training_time
from flows.workspace import Workspace


@pytest.fixture
def plan(shrunk: dict[str, Any]) -> Plan:
    return plan_baselines(parse_experiment(shrunk, "test"), lambda _: "f2")


def test_every_model_whose_evaluations_were_missed_has_a_line(plan: Plan, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, tmp_path / "artifacts")

    def trained(node: Node, **figures: Any) -> None:
        folder = workspace.store.path(node)
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps(figures))
        seconds = {"training": 3.0, "evaluations": 1.0}
        seal_folder(folder, {"key": node.key, "seconds": seconds})

    tuned = plan_finetune(plan, plan.cells[0])
    linear, cosine = plan.cells[:2]
    trained(linear.train, steps=30, best_step=15)
    stopped = {"stopped_early": True, "stopped_at": 20, "best_step": 15}
    trained(cosine.train, evaluations_missed={"OSError": 3}, **stopped)
    trained(tuned.finetune, best_step=5, evaluations_missed={"RuntimeError": 1})
    outcome = Outcome(plan, linear, tuned, tmp_path, {}, 3)
    assert training_remarks(outcome, workspace) == [
        "train schedule=cosine: stopped early at step 20, best at 15; "
        "3 evaluations missed (OSError)",
        "finetune: 1 evaluation missed (RuntimeError)",
    ]
    assert training_time(outcome, workspace) == "evaluations took 25 % of the training time"
