"""The best checkpoint on the disk: whole or not there, and known again after a kill."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from components.training.best import BestCheckpoint
from components.training.track_record import Mark


def network(value: float) -> nn.Module:
    module = nn.Linear(2, 1)
    for parameter in module.parameters():
        nn.init.constant_(parameter, value)
    return module


def put(best: BestCheckpoint, step: int) -> None:
    def save(folder: Path) -> None:
        save_file(network(step).state_dict(), folder / "model.safetensors")

    best.put(Mark(step, "fd_x", 100.0 - step, 1.0, 2.0), save)


def steps(best: BestCheckpoint) -> list[str]:
    return sorted(path.name for path in best.folder.iterdir())


def test_the_latest_best_replaces_the_one_before(tmp_path: Path) -> None:
    best = BestCheckpoint(tmp_path / "best")
    assert best.latest() is None
    put(best, 10)
    put(best, 30)
    latest = best.latest()
    assert latest is not None
    assert steps(best) == ["step_000030"]
    record = {"step": 30, "metric": "fd_x", "value": 70.0, "low": 1.0, "high": 2.0}
    assert json.loads((latest / "best.json").read_text()) == record
    assert load_file(latest / "model.safetensors")["bias"].tolist() == [30.0]


def test_a_resume_point_keeps_what_was_the_best_then(tmp_path: Path) -> None:
    best = BestCheckpoint(tmp_path / "best")
    put(best, 10)
    put(best, 20)
    best.resume_at(25)
    put(best, 30)
    put(best, 40)
    assert steps(best) == ["step_000020", "step_000040"]
    again = BestCheckpoint(tmp_path / "best")
    again.rewind(25)
    assert steps(again) == ["step_000020"]
    put(again, 30)
    again.resume_at(50)
    assert steps(again) == ["step_000030"]
    again.rewind(0)
    assert again.latest() is None


def test_a_kill_while_the_best_is_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = BestCheckpoint(tmp_path / "best")
    put(best, 10)

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("components.training.best.write_json", die)
        with pytest.raises(KeyboardInterrupt):
            put(best, 20)
    assert steps(best) == ["step_000010"]
    (tmp_path / "best" / ".step_000020.part").mkdir()
    latest = best.latest()
    assert latest == tmp_path / "best" / "step_000010"
    again = BestCheckpoint(tmp_path / "best")
    again.rewind(10)
    put(again, 20)
    assert steps(again) == ["step_000010", "step_000020"]
    assert torch.equal(
        load_file(tmp_path / "best" / "step_000010" / "model.safetensors")["bias"],
        torch.tensor([10.0]),
    )
