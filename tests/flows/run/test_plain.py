"""Stages without Prefect: in the order of their inputs, and a failure stops only what needs it."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from components.errors import AlphabarError
from components.spec.experiment import RunnerSpec
from components.spec.plan import Node
from flows.run.plain import run_plainly
from flows.run.session import Session
from flows.servers.link import TRIES, Link


class Stages:
    """Runs nothing, and keeps what was asked for; some stages fail."""

    runner = RunnerSpec(workers=2)

    def __init__(self, **faults: list[Exception]) -> None:
        self.faults, self.ran, self.lock = faults, list[str](), threading.Lock()

    def run(self, node: Node, tick: Any = None) -> None:
        with self.lock:
            self.ran.append(node.name)
            left = self.faults.get(node.name)
            if left:
                raise left.pop(0)

    def stop(self) -> None:
        raise AssertionError("nothing is to be stopped")


def chain() -> list[Node]:
    """a → b → c, and d beside them."""
    a = Node("a", "prepare", {"name": "a"}, {})
    b = Node("b", "scorer", {"name": "b"}, {"data": a})
    c = Node("c", "similarity", {"name": "c"}, {"scorer": b})
    return [a, b, c, Node("d", "prepare", {"name": "d"}, {})]


def run(stages: Stages) -> dict[str, Exception]:
    return run_plainly(chain(), cast(Session, stages), None)


def test_every_stage_runs_after_its_inputs() -> None:
    stages = Stages()
    assert run(stages) == {}
    assert sorted(stages.ran) == ["a", "b", "c", "d"]
    assert [name for name in stages.ran if name != "d"] == ["a", "b", "c"]


def test_what_needs_a_refused_stage_is_left_out_and_the_rest_goes_on() -> None:
    refused = AlphabarError("b is no good", "mend it")
    stages = Stages(b=[refused])
    assert run(stages) == {"b": refused}
    assert sorted(stages.ran) == ["a", "b", "d"]


def test_another_fault_gets_a_second_try() -> None:
    stages = Stages(b=[OSError("once")])
    assert run(stages) == {}
    assert stages.ran.count("b") == 2
    last = OSError("twice")
    assert run(Stages(b=[OSError("once"), last])) == {"b": last}


def test_a_users_server_that_is_gone_is_told_of_once_and_asked_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    said, waited = list[str](), list[float]()
    link = Link(tmp_path, said.append, waited.append)
    assert not link.up()
    assert not link.up()
    assert len(said) == 1
    assert "the run goes on without it" in said[0]
    assert len(waited) == TRIES - 1
