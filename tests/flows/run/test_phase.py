"""Stages as Prefect tasks: named after them, called with plain values, and sent to a cluster."""

import json
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from components.spec.loading import parse_experiment
from components.spec.plan import Node, Plan, plan_baselines
from flows.run.experiment import ExperimentRun, tracked_flow
from flows.run.phase import parameters_of, stage_task
from flows.workspace import Workspace


@pytest.fixture(scope="module")
def plan(shrunk_once: dict[str, Any]) -> Plan:
    return plan_baselines(parse_experiment(shrunk_once, "test"), lambda _: "f2")


def of_stage(plan: Plan, stage: str) -> Node:
    return next(node for node in plan.nodes() if node.stage == stage)


def test_a_stages_task_is_called_with_plain_values_that_say_what_it_makes(plan: Plan) -> None:
    node = of_stage(plan, "evaluate")
    parameters = parameters_of(node)
    assert json.loads(json.dumps(parameters)) == parameters
    assert parameters["inputs"]["samples"] == node.inputs["samples"].key
    assert json.loads(parameters["spec"])["samples"] == 60
    task = stage_task(node.stage, lambda: None)
    assert task.name == "evaluate"


LOAD = "import pickle, sys; pickle.load(sys.stdin.buffer)"


def test_a_cluster_is_sent_a_task_and_nothing_of_the_run_but_its_stage(
    plan: Plan, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path, tmp_path / "artifacts")
    run = ExperimentRun(plan, workspace)
    flow = tracked_flow(lambda: run.in_flow(), "digits {now}")
    task = stage_task("evaluate", partial(print, of_stage(plan, "prepare"), workspace))
    sent = cloudpickle.dumps((flow, task))
    assert len(sent) < 100_000
    subprocess.run([sys.executable, "-c", LOAD], input=sent, check=True)
    assert pickle.loads(pickle.dumps(run)) is None
