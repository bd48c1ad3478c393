"""The benchmark of sampling runs, and keeps what it measures."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import sampling
from benchmarks.sampling_quality import GOAL, compared


def test_ours_and_the_peers_ways_are_timed_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    asked = ["sampling", "--quick", "--rounds", "1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", asked)
    sampling.main()
    kept = json.loads(out.read_text())
    *speed, found, other = kept.values()
    assert other["ours"] != found["ours"]
    assert [set(sides) >= {"alphabar", "bare forwards"} for sides in speed] == [True] * 3
    assert "StableDiffusionPipeline" in speed[2]
    assert all(seconds > 0 for sides in speed for each in sides.values() for seconds in each)
    assert found["evaluations"][0] <= GOAL
    assert found["low"] <= found["difference"] <= found["high"]
    assert "times as fast as DDIMPipeline" in capsys.readouterr().out


def test_a_way_beside_itself_is_no_different(
    tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks import sampling_quality as quality
    from components.networks.checkpoint import new_checkpoint, save_checkpoint
    from tests.model_config import DIGITS, model_config

    config = model_config(classes=DIGITS, widths=(8, 16), steps=100)
    save_checkpoint(tmp_path, config, new_checkpoint(config, 0).network)
    monkeypatch.setattr(quality, "DDIM", {"solver": "ddim", "steps": 2, "guidance": 2.0})
    monkeypatch.setattr(quality, "FEWER", (quality.DDIM,))
    (found,) = compared(tmp_path, digits, quality.Distance.to(digits, "cpu", 30), 0, 12)
    assert found.theirs == found.ours > 0
    assert found.difference == 0
    assert found.evaluations == 1
