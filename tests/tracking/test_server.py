"""The same records through a real MLflow server with proxied artifacts."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.errors import AlphabarError
from components.spec.gate import Gate, MetricGate
from components.tracking import (
    Submitted,
    Tracker,
    connect,
    load_model_dir,
    promote,
    register,
    rollback,
)
from components.tracking.search import recorded_cells

PATIENCE = 60


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[tuple[str, Path]]:
    """A server's address, and the folder that it keeps its files in."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(migrated, folder / "server.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/server.db", "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "served")]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        )
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait(process, uri, folder)
        yield uri, folder
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def _wait(process: subprocess.Popen[bytes], uri: str, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            connect(uri, folder)
        except AlphabarError:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
                break
        else:
            return
    pytest.fail((folder / "server.log").read_text()[-2000:])


def test_a_sweep_is_recorded_registered_and_read_back_through_a_server(
    served: tuple[str, Path],
    tmp_path: Path,
    train_dir: Path,
    cell_dirs: Callable[..., tuple[Path, Path]],
    figure: Callable[..., dict[str, Any]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    server, folder = served
    (train_dir / "manifest.json").write_text("{}")
    dirs = cell_dirs("a")

    def record(tracker: Tracker) -> list[str]:
        sweep = tracker.sweep("digits", "a1" * 32, {"data": {"size": 8}}, {})
        model = tracker.child(sweep, "schedule=cosine", "b2" * 32, {}, {})
        tracker.log_training(model, train_dir)
        cell = tracker.child(model, "schedule=cosine,guidance=2", "c3" * 32, {}, {})
        tracker.log_cell(cell, *dirs)
        submitted = Submitted(train_dir, dirs[1], "fd_efficientnet_lite0")
        version = register(tracker, "digits", model, "b2" * 32, submitted).version
        for run_id in (cell, model, sweep):
            tracker.finish(run_id, "FINISHED")
        tracker.mark_complete(sweep)
        return [sweep, model, cell, version]

    first = record(connect(server, tmp_path))
    tracker = connect(server, tmp_path)
    assert record(tracker) == first
    assert capfd.readouterr() == ("", "")
    assert tracker.is_complete(first[0])
    assert (folder / "served").is_dir()
    [found_cell] = recorded_cells(tracker, ["digits"])
    assert found_cell.name == "digits/schedule=cosine,guidance=2"
    assert found_cell.judgement.figures["fd_efficientnet_lite0"].protocol.data_hash == "abc"
    (tmp_path / "into").mkdir()
    found = load_model_dir(tracker, "digits", "champion", tmp_path / "into")
    assert (found / "model.safetensors").stat().st_size == (
        train_dir / "model.safetensors"
    ).stat().st_size


def test_a_version_is_promoted_and_rolled_back_through_a_server(
    served: tuple[str, Path],
    tmp_path: Path,
    train_dir: Path,
    evaluation: Callable[..., Path],
    figure: Callable[..., dict[str, Any]],
) -> None:
    tracker = connect(served[0], tmp_path)
    fd, recall = "fd_efficientnet_lite0", "recall_efficientnet_lite0"
    noise = np.random.default_rng(0).normal(150, 60, 500)
    for key, value in (("a1", 150.0), ("b2", 149.0)):
        arrays = {"seeds": np.arange(500), f"{fd}|generated": noise - 150 + value}
        measured = evaluation({fd: figure(value), recall: figure(0.5, 0.1)}, arrays)
        run = tracker.sweep("drawings", key, {}, {})
        register(tracker, "drawings", run, key, Submitted(train_dir, measured, fd))
    gate = Gate(
        metrics={
            fd: MetricGate(better_than_champion=True),
            recall: MetricGate(not_worse_than_champion_by=0.01),
        }
    )
    tracker.client.set_registered_model_alias("drawings", "champion", "1")
    done = promote(tracker, "drawings", gate)
    assert done.case.decision.promote
    assert done.case.decision.conditions[0].difference.paired  # type: ignore[union-attr]
    version = tracker.client.get_model_version("drawings", "2")
    kept = tracker.client.download_artifacts(version.run_id, version.tags["gate.decision"])
    assert json.loads(Path(kept).read_text())["accepted"]
    assert rollback(tracker, "drawings").now == "1"
