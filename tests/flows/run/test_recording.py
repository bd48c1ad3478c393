"""A record neither fails a run nor holds it up; what it lacks is added later."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from components.files.json_file import write_json
from components.files.new_folder import seal_folder
from components.spec.loading import parse_experiment
from components.spec.plan import Plan, plan_baselines
from components.store import Store
from components.tracking.connection import connect
from flows.console import Display
from flows.run.recorded import sweep_run
from flows.run.recording import Recorder
from flows.run.results import Outcome
from flows.servers.mlflow_server import (
    await_mlflow_server,
    page_url,
    record_path,
    start_mlflow_server,
)
from flows.servers.processes import Background, stop
from flows.workspace import Workspace
from tests.figures.made import record
from tests.model_config import write_fake_weights


def is_recorded(*asked: str | Path | None) -> bool:
    """Whether `sweep_run`, asked so, finds a complete record."""
    found = sweep_run(*asked)
    return found is not None and found.complete


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Background]:
    """An MLflow server of its own."""
    started = start_mlflow_server(tmp_path)
    try:
        await_mlflow_server(started)
        yield started
    finally:
        stop(started, record_path(tmp_path))


class Quiet(Display):
    """Keeps what the user would be told."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def published(store: Store) -> Plan:
    """The plan of one cell, with files where its stages would put them."""
    values = {
        "name": "digits",
        "data": {"source": "digits"},
        "evaluation": {"clip": "none"},  # no scorer
    }
    plan = plan_baselines(parse_experiment(values, "the experiment"), lambda data: "abc")
    cell = plan.cells[0]
    for node in (cell.train, cell.sample, cell.evaluate):
        store.path(node).mkdir(parents=True)
    trained, sampled = store.path(cell.train), store.path(cell.sample)
    (trained / "history.csv").write_text("step,loss,lr,grad_norm\n10,0.5,0.1,1.0\n")
    write_fake_weights(trained)
    np.save(sampled / "images.npy", np.zeros((1, 8, 8, 1), np.uint8))
    (sampled / "samples.csv").write_text("index,seed,class,label,caption\n0,0,3,three,a 3\n")
    write_json(sampled / "metrics.json", {"network_evaluations": 50})
    picture(sampled / "grid.png")
    metrics = {"metrics": {"fd_efficientnet_lite0": record(150.0, 5.0)}}
    write_json(store.path(cell.evaluate) / "metrics.json", metrics)
    for node in (cell.train, cell.sample, cell.evaluate):
        seal_folder(store.path(node), {"key": node.key, "git_commit": None})
    return plan


def picture(path: Path) -> None:
    from PIL import Image

    Image.new("L", (24, 16)).save(path)


def kill(server: Background) -> None:
    os.killpg(server.pid, signal.SIGKILL)
    while True:  # until the kernel has closed its port
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)):
                return


@pytest.mark.slow
def test_a_server_that_dies_is_told_of_once_and_the_next_run_adds_what_is_missing(
    server: Background, tmp_path: Path
) -> None:
    address = page_url(server)
    workspace = Workspace(tmp_path, tmp_path / "artifacts", address)
    plan, display = published(workspace.store), Quiet()
    best, report = plan.cells[0], tmp_path / "report"
    report.mkdir()
    (report / "index.html").write_text("<html>")
    with Recorder.connected(plan, workspace, display) as recorder:
        kill(server)
        scratch = workspace.store.path(best.train)  # as if it were still being trained
        for _ in range(3):
            recorder.training_goes_on(best.train, scratch)
        recorder.baselines(plan)
        recorder.finish(Outcome(plan, best, None, report, {}, 0, 0))
    assert recorder.lost
    assert not is_recorded(None, tmp_path, "digits", plan.sweep_key)
    assert len(display.lines) == 1
    assert f"MLflow at {address} does not answer any more; the run goes on" in display.lines[0]

    again = start_mlflow_server(tmp_path, server.port)
    try:
        await_mlflow_server(again)
        with Recorder.connected(plan, workspace, display) as recorder:
            recorder.baselines(plan)
            recorder.finish(Outcome(plan, best, None, report, {}, 0, 0))
        assert not recorder.lost
        assert len(display.lines) == 1
        tracker = connect(address, tmp_path)
        sweep = tracker.sweep("digits", plan.sweep_key, {}, {})
        assert tracker.is_complete(sweep)
        asked = "digits", plan.sweep_key
        assert is_recorded(address, tmp_path, *asked)
        assert is_recorded(None, tmp_path, *asked), "the file behind that server"
        assert not is_recorded(address, tmp_path, "digits", "another")
        assert not is_recorded("http://127.0.0.1:1", tmp_path, *asked)
        experiment = tracker.client.get_run(sweep).info.experiment_id
        runs = tracker.client.search_runs([experiment])
        assert sorted(run.info.run_name.partition(" ")[0] for run in runs)[-1] == "train"
        assert {run.info.status for run in runs} == {"FINISHED"}
    finally:
        stop(again, record_path(tmp_path))


@pytest.mark.parametrize(("registry", "said"), [({"model": "digits"}, 1), ({}, 0)])
def test_a_folder_in_which_mlflow_will_not_load_what_is_registered_is_told_of_at_the_start(
    tmp_path: Path, registry: dict[str, str], said: int
) -> None:
    root = tmp_path / "übung #1 %20"
    values = {"name": "digits", "data": {"source": "digits"}, "registry": registry}
    plan = plan_baselines(parse_experiment(values, "the experiment"), lambda data: "abc")
    display = Quiet()
    with Recorder.connected(plan, Workspace(root, root / "artifacts"), display):
        assert len(display.lines) == said, "before anything is computed"
    assert all(str(root) in line and "dst_path" in line for line in display.lines)


def test_artifacts_that_cannot_be_written_stop_no_run(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, tmp_path / "artifacts")
    plan, display = published(workspace.store), Quiet()
    best, report = plan.cells[0], tmp_path / "report"
    report.mkdir()
    (report / "index.html").write_text("<html>")
    with Recorder.connected(plan, workspace, display) as recorder:
        (tmp_path / "mlruns" / "artifacts").write_text("a file in the place of a folder")
        recorder.baselines(plan)
        recorder.finish(Outcome(plan, best, None, report, {}, 0, 0))
    assert recorder.lost
    (said,) = display.lines
    assert "cannot be written" in said
    assert "make that folder writable" in said
    assert not is_recorded(None, tmp_path, "digits", plan.sweep_key)


def test_a_server_that_comes_back_before_the_end_gets_the_whole_record(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, tmp_path / "artifacts")
    plan, display = published(workspace.store), Quiet()
    best, report = plan.cells[0], tmp_path / "report"
    report.mkdir()
    with Recorder.connected(plan, workspace, display) as recorder:
        recorder.lost = True
        recorder.baselines(plan)
        recorder.finish(Outcome(plan, best, None, report, {}, 0, 0))
    tracker = connect(None, tmp_path)
    sweep = tracker.sweep("digits", plan.sweep_key, {}, {})
    assert tracker.is_complete(sweep)
    assert len(tracker.client.search_runs([tracker.client.get_run(sweep).info.experiment_id])) == 3
