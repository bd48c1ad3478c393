"""A run that is killed goes on where it was, and leaves nobody behind."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from tests.flows.project import Project

pytestmark = pytest.mark.slow


def children(pid: int) -> list[psutil.Process]:
    """The worker processes of a run; its Prefect server is meant to stay."""
    found = psutil.Process(pid).children(recursive=True)
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]


RESUME = "train-*/scratch/resume.ckpt"


def wait_for_resume_point(work: Path, process: subprocess.Popen[Any]) -> None:
    """Wait until the run in ``process`` has a checkpoint to resume from."""
    limit = time.monotonic() + 240
    while not list(work.glob(RESUME)):
        assert process.poll() is None, "the run ended before it was killed"
        assert time.monotonic() < limit, "no checkpoint appeared"
        time.sleep(0.02)


def test_a_run_killed_in_training_resumes_from_its_checkpoint(
    project: Project, shrunk: dict[str, Any]
) -> None:
    shrunk |= {"sweep": {}, "also": [], "finetune": None, "study": None}
    shrunk["training"] |= {"steps": 200, "evaluate_every": 0}
    project.write(shrunk)
    process = subprocess.Popen(
        project.command("run", "experiment.yaml"),
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    work = project.root / "artifacts" / ".work"
    wait_for_resume_point(work, process)
    workers = children(process.pid)
    assert workers
    process.send_signal(signal.SIGKILL)
    process.wait()
    gone, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive, "a worker trains on behind the user's back"
    before = project.published()
    assert "prepare" in {path.parts[-3] for path in before}
    (resume,) = work.glob(RESUME)
    done = torch.load(resume, weights_only=True)["global_step"]
    assert 0 < done < 200

    history = resume.with_name("history.csv")
    kept = history.read_text().splitlines()[: 1 + done // 10]
    result = project.alphabar("run", "experiment.yaml")
    assert result.returncode == 0, result.stderr
    after = project.published()
    assert all(after[path] == when for path, when in before.items())
    (trained,) = [path.parent for path in after if path.parts[-3] == "train"]
    whole = (trained / "history.csv").read_text().splitlines()
    assert whole[: len(kept)] == kept, "the steps before the kill are not trained again"
    assert whole[-1].startswith("200,")
    assert os.listdir(work) == []


def test_a_signal_to_the_whole_group_stops_a_run_at_once_with_one_message(
    project: Project, shrunk: dict[str, Any]
) -> None:
    shrunk |= {"sweep": {}, "also": [], "finetune": None, "study": None}
    shrunk["training"] |= {"steps": 5000, "evaluate_every": 0}
    project.write(shrunk)
    work = project.root / "artifacts" / ".work"
    for number in (signal.SIGTERM, signal.SIGHUP):  # Ctrl-C is SIGHUP's path
        process = subprocess.Popen(
            project.command("run", "experiment.yaml"),
            cwd=project.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        wait_for_resume_point(work, process)
        workers = children(process.pid)
        os.killpg(process.pid, number)  # as a closed terminal and batch systems do: to all of it
        _, message = process.communicate(timeout=60)
        assert process.returncode == 128 + number, message
        last = message.splitlines()[-1]
        assert last == "stopped; finished stages are kept, and the next run goes on"
        for word in ("Traceback", "Warning", "leaked", "out of memory"):
            assert word not in message
        assert not psutil.wait_procs(workers, timeout=20)[1]
        for point in work.glob(RESUME):
            point.unlink()
