"""`alphabar sample --ema-length`: the average is chosen when images are sampled."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from components.errors import AlphabarError
from components.networks.checkpoint import new_checkpoint, save_checkpoint
from components.networks.ema_snapshots import FOLDER, write_snapshot
from flows.cli import app
from tests.model_config import model_config


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with snapshots of random weights, in a folder to work in."""
    monkeypatch.chdir(tmp_path)
    config = model_config(classes=("a", "b"))
    folder = tmp_path / "model"
    folder.mkdir()
    save_checkpoint(folder, config, new_checkpoint(config, 0).network)
    for sigma_rel, seed in ((0.05, 1), (0.10, 2)):
        write_snapshot(folder / FOLDER, config, new_checkpoint(config, seed).network, sigma_rel, 5)
    return folder


def sampled(model: Path, out: str, *words: str) -> np.ndarray:
    command = ["sample", str(model), "--out", out, "-n", "2", "--steps", "2", "--quiet", *words]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    return np.load(Path(out) / "images.npy")


def test_each_length_draws_its_own_images(model: Path) -> None:
    published = sampled(model, "published")
    short, long = (sampled(model, s, "--ema-length", s) for s in ("0.05", "0.1"))
    assert not np.array_equal(short, long)
    assert not np.array_equal(published, short)


def test_a_length_out_of_reach_is_refused_and_nothing_is_written(model: Path) -> None:
    with pytest.raises(AlphabarError, match=r"choose a length from 0\.04 to 0\.12"):
        sampled(model, "out", "--ema-length", "0.2")
    words = ["sample", str(model), "--out", "out", "--ema-length", "0.3"]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 2
    assert "from 0.01 to 0.25" in result.output
    assert not Path("out").exists()
