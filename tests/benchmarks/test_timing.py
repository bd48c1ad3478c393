"""Rounds in turn, and the file that keeps them."""

import json
from pathlib import Path

from benchmarks.timing import in_turn, report


def test_each_contender_runs_once_a_round_and_another_is_first() -> None:
    ran: list[str] = []
    seconds = in_turn({name: lambda name=name: ran.append(name) for name in "abc"}, 3)
    assert "".join(ran) == "abcbcacab"
    assert {name: len(each) for name, each in seconds.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_report_keeps_what_other_benchmarks_have_left(tmp_path: Path) -> None:
    out = tmp_path / "new" / "benchmarks.json"
    medians = report("one", {"a": [3.0, 1.0, 2.0], "b": [4.0]}, "a", out)
    assert medians == {"a": 2.0, "b": 4.0}
    report("two", {"c": [1.0]}, "c", out)
    report("one", {"a": [5.0]}, "a", out)
    assert json.loads(out.read_text()) == {"one": {"a": [5.0]}, "two": {"c": [1.0]}}
