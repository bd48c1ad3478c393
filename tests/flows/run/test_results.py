"""What a run prints at its end."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.files.new_folder import seal_folder
from components.spec.codec_files import DECIDING, JUDGEMENT
from components.spec.loading import parse_experiment
from components.spec.plan import Plan, plan_baselines, plan_finetune
from components.spec.plan.node import Node
from flows.run.results import Outcome, codec_words, stages_words, training_remarks, training_time
from flows.workspace import Workspace
from tests.figures.made import record, write_record


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
    trained(tuned.chosen.finetune, best_step=5, evaluations_missed={"RuntimeError": 1})
    outcome = Outcome(plan, linear, tuned, tmp_path, {}, 3, 9)
    assert training_remarks(outcome, workspace) == [
        "train schedule=cosine: stopped early at step 20, best at 15; "
        "3 evaluations missed (OSError)",
        "finetune: 1 evaluation missed (RuntimeError)",
    ]
    assert training_time(outcome, workspace) == "evaluations took 25 % of the training time"
    assert stages_words(outcome) == "3 run, 6 were published already"
    assert stages_words(replace(outcome, stages_run=9)) == "9 run"


def test_each_learnt_codec_is_told_with_what_it_gives_back(
    shrunk: dict[str, Any], tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path, tmp_path / "artifacts")
    latents = {"codec": {"kind": "autoencoder", "downsample": 2, "width": 8}}
    plan = plan_baselines(parse_experiment(shrunk | latents, "test"), lambda _: "f2")
    node = plan.cells[0].train.inputs["autoencoder"]
    folder = workspace.store.path(node)
    (folder / JUDGEMENT).mkdir(parents=True)
    write_record(folder / JUDGEMENT, {"metrics": {DECIDING: record(24.7, 0.6)}})
    seal_folder(folder, {"key": node.key})
    outcome = Outcome(plan, plan.cells[0], None, tmp_path, {}, 3, 9)
    (line,) = codec_words(outcome, workspace)
    assert line == "gives held-out images back with 24.70 [24.10, 25.30] dB PSNR"
