"""Measurements that a store keeps."""

import json
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import pytest

from components.speed.kept import Kept

QUESTION: dict[str, Any] = {"precisions": ["32-true"], "load": {"shape": [1, 8, 8]}}


def kept(folder: Path, said: list[str] | None = None) -> Kept:
    return Kept(folder, (said if said is not None else []).append)


def never() -> dict[str, Any]:
    raise AssertionError("it is measured again")


def test_what_is_measured_once_is_found_again(tmp_path: Path) -> None:
    assert kept(tmp_path).find(QUESTION) is None
    assert kept(tmp_path).get(QUESTION, lambda: {"32-true": 0.5}) == {"32-true": 0.5}
    assert kept(tmp_path).get(QUESTION, never) == {"32-true": 0.5}
    assert kept(tmp_path).find({**QUESTION, "precisions": ["bf16-mixed"]}) is None


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        json.dumps({"question": QUESTION, "measured": {}}),
        json.dumps({"question": QUESTION, "measured": {"32-true": -1.0}}),
        json.dumps({"question": QUESTION, "measured": {"32-true": True}}),
        json.dumps({"question": {}, "measured": {"32-true": 1.0}}),
        '{"question": {}, "measured": {"32-true": NaN}}',
    ],
)
def test_a_damaged_file_is_said_and_measured_anew(tmp_path: Path, content: str) -> None:
    said: list[str] = []
    path = kept(tmp_path).path(QUESTION)
    path.write_text(content)
    assert kept(tmp_path, said).get(QUESTION, lambda: {"32-true": 2.0}) == {"32-true": 2.0}
    assert said == [f"note: {path} is damaged: it is measured anew by the next run"]
    assert kept(tmp_path).get(QUESTION, never) == {"32-true": 2.0}


def test_an_interrupted_measurement_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    def interrupted() -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept(tmp_path).get(QUESTION, interrupted)
    assert kept(tmp_path).find(QUESTION) is None
    assert kept(tmp_path).get(QUESTION, lambda: {"32-true": 1.0}) == {"32-true": 1.0}


def measure(folder: Path, results: Any) -> None:
    """Keeps its own process's number, slowly, and says what came of it."""

    def slowly() -> dict[str, Any]:
        time.sleep(0.3)  # so that the other comes meanwhile
        return {"32-true": float(os.getpid())}

    results.put(kept(folder).get(QUESTION, slowly)["32-true"])


def test_of_two_processes_at_once_one_measures_and_the_other_takes_that(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=measure, args=(tmp_path, results)) for _ in range(2)]
    for process in processes:
        process.start()
    found = {results.get(timeout=120) for _ in processes}
    for process in processes:
        process.join()
    assert len(found) == 1
    assert found <= {float(str(process.pid)) for process in processes}
