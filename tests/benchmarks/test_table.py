"""The table of goals, from the figures that benchmarks keep."""

import json
from pathlib import Path

import pytest

from benchmarks.table import GOALS, Goal, rows
from benchmarks.table import main as print_table

FOUND = {
    "a training step of a UNet": {
        "bare": [2.0, 2.0, 2.0],
        "bare, compiled": [0.9, 1.0, 5.0],
        "ours": [2.5, 2.5, 2.5],
        "ours, compiled": [1.0, 1.0, 1.0],
        "diffusers' loop": [3.0, 2.5, 2.5],
    },
    "extraction of 2,000 images": {"bare network": [1.0], "ours": [2.0]},
}


def test_a_ratio_is_of_medians_and_of_the_contenders_that_the_goal_names() -> None:
    (row,) = rows(Goal("training", "ours compiled", "diffusers", 2.0), FOUND)
    assert (row.ours, row.theirs) == ("ours, compiled", "diffusers' loop")
    assert (row.ratio, row.met) == (2.5, "yes")
    (row,) = rows(Goal("training", "ours not compiled", "diffusers", 1.1), FOUND)
    assert (row.ours, row.ratio, row.met) == ("ours", 1.0, "no")
    (row,) = rows(Goal("training", "ours compiled", "bare compiled", 0.9), FOUND)
    assert (row.theirs, row.ratio, row.met) == ("bare, compiled", 1.0, "yes")


def test_what_was_not_measured_is_said_so_and_never_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = rows(Goal("sampling", "ours", "pipeline", 2.0), FOUND)
    assert (row.ratio, row.met) == (None, "not measured")
    (tmp_path / "some.json").write_text(json.dumps(FOUND))
    for name in ("some.json", "none.json"):
        monkeypatch.setattr("sys.argv", ["table", str(tmp_path / name)])
        print_table()
    printed = capsys.readouterr().out
    of_sampling = sum(goal.title == "sampling" for goal in GOALS)
    assert printed.count("not measured") == of_sampling + len(GOALS)
