"""`benchmarks/gpu.sh`: what it says where it cannot run, and that it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.table import GOALS, rows

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.sh"


def gpu_script(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *map(str, words)],
        env=os.environ | {"PYTHON": sys.executable} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_machine_without_a_gpu_is_told_so() -> None:
    result = gpu_script()
    assert result.returncode == 2
    assert "torch finds no GPU here" in result.stdout
    assert "remedy: " in result.stdout


def test_what_is_to_be_installed_is_named(tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    result = gpu_script(PYTHON=str(bare))
    assert result.returncode == 2
    assert "remedy: make install" in result.stdout
    assert gpu_script("--fast").returncode == 2


@pytest.mark.simulation
def test_on_a_processor_it_runs_through_and_prints_every_goal(tmp_path: Path) -> None:
    result = gpu_script("--device", "cpu", "--quick", "--out", tmp_path / "gpu.json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "took longer" not in result.stdout
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert {goal.title for goal in GOALS if all(row.ratio for row in rows(goal, found))} == {
        goal.title for goal in GOALS if " compiled" not in goal.title.replace("not compiled", "")
    }, "all but what is compiled, which takes minutes"
