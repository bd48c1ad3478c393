"""A run that is stopped or killed goes on where it was, and leaves nobody behind.

One experiment, ended four times: by SIGTERM, by SIGHUP while its Prefect server is dead, by
SIGKILL; then it runs to its end. At last the user's own Prefect server dies in a run of it.
"""

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from flows.servers.prefect_server import api_url, ensure_prefect_server, find_prefect_server
from tests.conftest import SHRINK
from tests.flows.project import Project

pytestmark = pytest.mark.slow
STEPS = 400
EXPERIMENT: dict[str, Any] = {
    "name": "stopped",
    "data": {"source": "digits", "size": 8, "holdout": 0.3},
    "network": SHRINK["network"],
    "training": SHRINK["training"] | {"steps": STEPS, "evaluate_every": 0},
    "sampling": SHRINK["sampling"],
    "evaluation": {"samples": 40, "clip": "none"},
    "registry": {"model": "stopped"},
    "runner": {"threads": 1, "workers": 1},
}
RESUME = "train-*/scratch/resume.ckpt"


@dataclass(frozen=True)
class Signalled:
    """What a run said and left when a signal came to its whole process group."""

    number: signal.Signals
    code: int
    message: str
    left: list[psutil.Process]


@dataclass
class Story:
    """What was seen while the project's run was ended and run again, in this order.

    Attributes:
        signalled: the runs that were told to stop.
        left: workers of the killed run that went on.
        before: what was published when it was killed.
        history: the training's record up to the checkpoint that was left.
        resumed: the run after it.
        after: what was published then.
        states: of all flow runs then.
        running: files of Prefect's that say which runs go on.
        said: what the run wrote whose Prefect server died, line by line.
        deserted: its end.
        changed: what was published then.
    """

    project: Project
    signalled: list[Signalled] = field(default_factory=list)
    left: list[psutil.Process] = field(default_factory=list)
    before: dict[Path, float] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    resumed: Any = None
    after: dict[Path, float] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    deserted: Any = None
    changed: dict[Path, float] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        """Where stages work before they are published."""
        return self.project.root / "artifacts" / ".work"


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory, fetched: Path, migrated: Path
) -> Iterator[Story]:
    """The whole of it, once."""
    project = Project.create(tmp_path_factory.mktemp("stopped"), fetched, migrated)
    project.write(EXPERIMENT)
    told = Story(project)
    for number in (signal.SIGTERM, signal.SIGHUP):  # Ctrl-C is SIGHUP's path
        told.signalled.append(signalled(told, number))
    kill(told)
    told.resumed = project.alphabar("run", "experiment.yaml")
    told.after, told.states = project.published(), flow_run_states(project)
    told.running = os.listdir(project.root / ".prefect" / "runs")
    desert(told)
    yield told
    project.alphabar_here("down")


def signalled(story: Story, number: signal.Signals) -> Signalled:
    """Run until there is a new resume point, then tell all of it to stop."""
    process = started(story, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    workers = children(process.pid)
    if number == signal.SIGHUP:  # nobody is left to be told: no one waits for an answer
        kill_server(story.project)
    os.killpg(process.pid, number)  # as a closed terminal and batch systems do: to all of it
    _, message = process.communicate(timeout=60)
    left = psutil.wait_procs(workers, timeout=20)[1]
    return Signalled(number, process.returncode, message, left)


def kill(story: Story) -> None:
    """Run until there is a new resume point, then kill it, with no chance to say a word."""
    process = started(story, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    workers = children(process.pid)
    assert workers
    process.send_signal(signal.SIGKILL)
    process.wait()
    story.left = psutil.wait_procs(workers, timeout=20)[1]
    story.before = story.project.published()
    (resume,) = story.work.glob(RESUME)
    done = torch.load(resume, weights_only=True)["global_step"]
    assert 0 < done < STEPS
    story.history = resume.with_name("history.csv").read_text().splitlines()[: 1 + done // 10]


def desert(story: Story) -> None:
    """Run with another guidance on a server of the user's, which dies when it samples."""
    project = story.project
    project.write(EXPERIMENT | {"sampling": SHRINK["sampling"] | {"guidance": 1}})
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
        for line in process.stderr:
            story.said.append(line.rstrip())
            if line == "sample: started\n":
                kill_server(project)
        printed, _ = process.communicate(timeout=120)
    story.deserted = subprocess.CompletedProcess((), process.returncode, printed)
    story.changed = project.published()


def started(story: Story, **streams: Any) -> "subprocess.Popen[str]":
    """A run, in a process group of its own, that has just left a new checkpoint."""
    known = resume_points(story.work)
    process = subprocess.Popen(
        story.project.command("run", "experiment.yaml"),
        cwd=story.project.root,
        text=True,
        start_new_session=True,
        preexec_fn=heard,
        **streams,
    )
    limit = time.monotonic() + 240
    while resume_points(story.work) == known:
        assert process.poll() is None, "the run ended before it was stopped"
        assert time.monotonic() < limit, "no checkpoint appeared"
        time.sleep(0.02)
    return process


def resume_points(work: Path) -> dict[Path, int]:
    """Every training's resume point, and when it was written."""
    return {path: path.stat().st_mtime_ns for path in work.glob(RESUME)}


def heard() -> None:
    """Whoever starts the tests with `nohup` hands an ignored SIGHUP on, which a run heeds."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def children(pid: int) -> list[psutil.Process]:
    """The worker processes of a run; its Prefect server is meant to stay."""
    found = psutil.Process(pid).children(recursive=True)
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]


def kill_server(project: Project) -> None:
    """The project's Prefect server is gone at once."""
    server = find_prefect_server(project.root)
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)


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


def test_a_signal_to_the_whole_group_stops_a_run_at_once_with_one_message(story: Story) -> None:
    for run in story.signalled:
        assert run.code == 128 + run.number, run.message
        last = run.message.splitlines()[-1]
        assert last == "stopped; finished stages are kept, and the next run goes on"
        for word in ("Traceback", "Warning", "leaked", "out of memory"):
            assert word not in run.message
        assert not run.left


def test_no_worker_of_a_killed_run_trains_on_behind_the_users_back(story: Story) -> None:
    assert not story.left


def test_a_run_killed_in_training_resumes_from_its_checkpoint(story: Story) -> None:
    assert story.resumed.returncode == 0, story.resumed.stderr
    assert "prepare" in {path.parts[-3] for path in story.before}
    assert all(story.after[path] == when for path, when in story.before.items())
    (trained,) = [path.parent for path in story.after if path.parts[-3] == "train"]
    whole = (trained / "history.csv").read_text().splitlines()
    kept = story.history
    assert whole[: len(kept)] == kept, "the steps before the kill are not trained again"
    assert whole[-1].startswith(f"{STEPS},")


def test_no_flow_run_is_running_for_ever(story: Story) -> None:
    assert sorted(set(story.states)) == ["COMPLETED", "CRASHED"]
    assert story.running == []


def test_a_run_goes_on_to_its_end_when_the_users_prefect_server_is_killed(story: Story) -> None:
    said = story.said
    assert story.deserted.returncode == 0, said
    assert sum("the run goes on without it" in line for line in said) == 1
    assert not [line for line in said if "Traceback" in line or "rror" in line], said
    assert "report: started" in said, "a stage that came after was run"
    assert "Prefect  http" not in story.deserted.stdout
    assert (story.project.root / "reports" / "stopped" / "index.html").is_file()
    again = story.project.alphabar("run", "experiment.yaml")
    assert "stages   0 run" in again.stdout
    assert again.stderr == "", "the record is complete: no server was needed"


def test_a_changed_guidance_trains_nothing_again(story: Story) -> None:
    made = {path.parts[-3] for path in set(story.changed) - set(story.after)}
    assert made == {"sample", "evaluate", "report"}
    assert all(story.changed[path] == when for path, when in story.after.items())


def test_nothing_is_left_in_the_working_folder_of_the_store(story: Story) -> None:
    assert os.listdir(story.work) == []
