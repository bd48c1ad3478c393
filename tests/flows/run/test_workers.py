"""Worker processes: warmed up, and each alone when one is killed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError

from components.spec.plan import Compute, Node
from flows.run.execution import Workers
from flows.run.order import widest
from flows.workspace import Workspace


def node(name: str, *inputs: Node) -> Node:
    """A stage that cannot begin: it has no settings."""
    sources = {source.name: source for source in inputs}
    return Node(name, "prepare", {"name": name}, sources, compute=Compute(1))


Processes = Callable[[], list[psutil.Process]]


@pytest.fixture
def processes() -> Iterator[Processes]:
    """The workers that this test has started and that live, oldest first."""
    others = {each.pid for each in psutil.Process().children()}

    def mine() -> list[psutil.Process]:
        children = psutil.Process().children()
        found = [each for each in children if each.pid not in others and spawns(each)]
        return sorted(found, key=psutil.Process.create_time)

    yield mine
    until(lambda: not mine())


def spawns(process: psutil.Process) -> bool:
    """Whether it is a worker that lives."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except (psutil.ZombieProcess, psutil.NoSuchProcess):
        return False


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def loaded(process: psutil.Process, library: str) -> bool:
    return any(library in place.path for place in process.memory_maps())


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, tmp_path / "artifacts")


def test_a_worker_loads_what_stages_need_before_there_is_one(
    place: Workspace, processes: Processes
) -> None:
    data = node("data")
    plan = [data, node("one", data), node("two", data), node("three", data)]
    with Workers(place, 2) as workers:
        workers.warm(plan, most=1)
        assert len(processes()) == 1
        until(lambda: loaded(processes()[0], "libtorch"))
        workers.warm(plan)
        workers.warm(plan)
        assert len(processes()) == 2


def test_what_was_warmed_up_ends_with_a_run_that_does_not_begin(
    place: Workspace, processes: Processes
) -> None:
    workers = Workers(place, 1)
    workers.warm([node("data")])
    workers.close()
    until(lambda: not processes())


def test_no_more_workers_than_can_have_work_at_once() -> None:
    data = node("data")
    chain = [data, one := node("one", data), node("end", one)]
    assert widest(chain) == 1
    assert widest([*chain, node("two", data)]) == 2
    assert widest([]) == 0


def test_where_one_is_killed_the_stages_of_the_others_go_on(
    place: Workspace, processes: Processes
) -> None:
    plan = [node("first"), node("second")]
    with Workers(place, 2) as workers, ThreadPoolExecutor(2) as threads:
        workers.warm(plan)
        first, second = processes()
        os.kill(first.pid, signal.SIGSTOP)  # at work for as long as this test likes
        try:
            killed = threads.submit(workers.run, plan[0])
            until(lambda: workers._free.qsize() == 1)
            refused = threads.submit(workers.run, plan[1])
            assert isinstance(refused.exception(timeout=60), ValidationError)  # the stage says so
            assert not killed.done()
        finally:
            os.kill(first.pid, signal.SIGKILL)
        assert "the process that ran first was killed" in str(killed.exception(timeout=60))
        with pytest.raises(ValidationError):  # in a new process
            workers.run(plan[0])
        assert second in processes()
