"""The table of goals, from the figures that benchmarks keep."""

import json
from pathlib import Path

import pytest

from benchmarks.table import GOALS, Goal, rows
from benchmarks.table import main as print_table

EAGER, COMPILED = (
    f"50 training steps of the UNet, 256 images, cuda, bf16-mixed{how}"
    for how in ("", ", compiled")
)
FOUND = {
    EAGER: {"diffusers' loop": [3.0], "bare network": [2.0], "ours": [2.0, 2.5, 9.0]},
    COMPILED: {"diffusers' loop": [3.0, 2.5, 2.5], "bare network": [0.8], "ours": [1.0]},
    "class-conditional, guidance 2": {
        "alphabar": [2.0],
        "alphabar, dpmpp_2m": [1.0],
        "a loop over DDIMScheduler": [3.0],
        "a loop over DPMSolverMultistepScheduler": [1.0],
    },
}


def test_a_ratio_is_of_medians_and_of_the_contenders_that_the_goal_names() -> None:
    found = {}
    for goal in GOALS:
        (row,) = rows(goal, FOUND)
        if row.ratio is not None:
            found[row.title, row.ours, row.theirs] = row.ratio, row.met
    assert found == {
        (COMPILED, "ours", "diffusers' loop"): (2.5, "yes"),
        (COMPILED, "ours", "bare network"): (0.8, "no"),
        (EAGER, "ours", "diffusers' loop"): (1.2, "yes"),
        ("class-conditional, guidance 2", "alphabar", "a loop over DDIMScheduler"): (1.5, "no"),
    }


def test_what_was_not_measured_is_said_so_and_never_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = rows(Goal("sampling", "ours", "pipeline", 2.0), FOUND)
    assert (row.ratio, row.met) == (None, "not measured")
    (tmp_path / "some.json").write_text(json.dumps(FOUND))
    for name, missing in {"some.json": len(GOALS) - 4, "none.json": len(GOALS)}.items():
        monkeypatch.setattr("sys.argv", ["table", str(tmp_path / name)])
        print_table()
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert sum("measured" in line for line in lines) == missing
