"""The same records through a real MLflow server with proxied artifacts."""

import contextlib
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

import pytest

from components.errors import AlphabarError
from components.tracking import Tracker, connect, find_cells, load_model_dir, register

PATIENCE = 60


@pytest.fixture
def server(tmp_path: Path, migrated: Path) -> Iterator[str]:
    shutil.copy(migrated, tmp_path / "server.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--workers", "1"]
    command += ["--artifacts-destination", str(tmp_path / "served")]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=tmp_path,
            start_new_session=True,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        )
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait(process, uri, tmp_path)
        yield uri
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


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
    server: str,
    tmp_path: Path,
    train_dir: Path,
    cell_dirs: Callable[..., tuple[Path, Path]],
    figure: Callable[..., dict[str, Any]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    (train_dir / "manifest.json").write_text("{}")
    dirs = cell_dirs("a")

    def record(tracker: Tracker) -> list[str]:
        sweep = tracker.sweep("digits", "a1" * 32, {"data": {"size": 8}}, {})
        model = tracker.child(sweep, "schedule=cosine", "b2" * 32, {}, {})
        tracker.log_training(model, train_dir)
        cell = tracker.child(model, "schedule=cosine,guidance=2", "c3" * 32, {}, {})
        tracker.log_cell(cell, *dirs)
        metric = {"metric": "fd_efficientnet_lite0", **figure(150.0)}
        version = register(tracker, "digits", train_dir, model, "b2" * 32, metric, {}).version
        for run_id in (cell, model, sweep):
            tracker.finish(run_id, "FINISHED")
        tracker.mark_complete(sweep)
        return [sweep, model, cell, version]

    first = record(connect(server, tmp_path))
    tracker = connect(server, tmp_path)
    assert record(tracker) == first
    assert capfd.readouterr() == ("", "")
    assert tracker.is_complete(first[0])
    assert (tmp_path / "served").is_dir()
    [(name, metrics)] = find_cells(tracker, ["digits"])
    assert name == "digits/schedule=cosine,guidance=2"
    assert metrics["fd_efficientnet_lite0"]["data_hash"] == "abc"
    (tmp_path / "into").mkdir()
    found = load_model_dir(tracker, "digits", "champion", tmp_path / "into")
    assert (found / "model.safetensors").stat().st_size == (
        train_dir / "model.safetensors"
    ).stat().st_size
