"""A run that is killed goes on where it was, and leaves nobody behind."""

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from flows.servers.prefect_server import api_url, ensure_prefect_server, find_prefect_server
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
    states = flow_run_states(project)
    assert sorted(set(states)) == ["COMPLETED", "CRASHED"], "none is Running for ever"
    assert list((project.root / ".prefect" / "runs").iterdir()) == []


def flow_run_states(project: Project) -> list[str]:
    """The states of all flow runs that the project's Prefect server knows."""
    server = find_prefect_server(project.root)
    assert server is not None
    address = api_url(server)
    query = urllib.request.Request(
        address + "/flow_runs/filter", data=b"{}", headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(query, timeout=20) as answer:
        return [run["state_type"] for run in json.loads(answer.read())]


def test_a_run_goes_on_to_its_end_when_the_users_prefect_server_is_killed(
    project: Project, shrunk: dict[str, Any]
) -> None:
    shrunk |= {"sweep": {}, "also": [], "finetune": None, "study": None}
    shrunk["evaluation"] = {"samples": 40, "clip": "none"}
    shrunk["training"] |= {"evaluate_every": 0}
    del shrunk["scorer"]
    project.write(shrunk)
    theirs = ensure_prefect_server(project.root, say=lambda line: None)
    with subprocess.Popen(
        project.command("run", "experiment.yaml"),
        cwd=project.root,
        env=os.environ | {"PREFECT_API_URL": theirs},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line.rstrip())
            if line == "train: started\n":
                server = find_prefect_server(project.root)
                assert server is not None
                os.kill(server.pid, signal.SIGKILL)
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert sum("the run goes on without it" in line for line in said) == 1
    assert not [line for line in said if "Traceback" in line or "rror" in line], said
    assert "report: started" in said, "a stage that came after was run"
    assert "Prefect  http" not in printed
    assert (project.root / "reports" / "digits" / "index.html").is_file()
    again = project.alphabar("run", "experiment.yaml")
    assert "stages   0 run" in again.stdout
    assert again.stderr == "", "the record is complete: no server was needed"


def heard() -> None:
    """Whoever starts the tests with `nohup` hands an ignored SIGHUP on, which a run heeds."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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
            preexec_fn=heard,
        )
        wait_for_resume_point(work, process)
        workers = children(process.pid)
        if number == signal.SIGHUP:  # nobody is left to be told: no one waits for an answer
            server = find_prefect_server(project.root)
            assert server is not None
            os.kill(server.pid, signal.SIGKILL)
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
