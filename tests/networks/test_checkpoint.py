"""Checkpoints rebuild themselves, and broken ones are named."""

from pathlib import Path
from typing import Any

import pytest
import torch

from components.errors import AlphabarError
from components.networks.checkpoint import load_checkpoint, new_checkpoint, save_checkpoint
from components.process.schedules import SCHEDULES
from components.process.schedules.rectified_flow import rectified_flow
from components.spec.catalogue import SCHEDULES as ENTRIES
from components.spec.catalogue.entries import ScheduleEntry
from components.spec.model_config import ModelConfig
from tests.model_config import model_config


def config(encoder: str = "class", channels: int = 1, size: int = 8) -> ModelConfig:
    return model_config(encoder, grey=channels == 1, size=size, widths=(8, 16), steps=100)


@pytest.mark.parametrize("encoder", ["none", "class", "minilm"])
@pytest.mark.parametrize(("channels", "size"), [(1, 8), (3, 16)])
def test_a_loaded_checkpoint_predicts_what_the_saved_one_did(
    tmp_path: Path, encoder: str, channels: int, size: int
) -> None:
    model = new_checkpoint(config(encoder, channels, size), seed=3)
    model.network.eval()
    save_checkpoint(tmp_path, model.config, model.network)
    loaded = load_checkpoint(tmp_path)
    x = torch.randn(2, *model.image_shape, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([0.2, 1.0], dtype=torch.float64)
    rows = model.conditioner.encode([0, 2], ["a red heart", "a cat"])
    with torch.inference_mode():
        expected, actual = model.predict(x, t, rows), loaded.predict(x, t, rows)
    assert expected.shape == x.shape
    torch.testing.assert_close(actual, expected, rtol=0, atol=0)
    assert loaded.config == model.config


@pytest.mark.parametrize("encoder", ["class", "minilm"])
def test_the_condition_reaches_the_prediction(encoder: str) -> None:
    model = new_checkpoint(config(encoder), seed=0)
    model.network.eval()
    x = torch.zeros(2, *model.image_shape)
    rows = model.conditioner.encode([0, 1], ["a red heart", "a cat"])
    with torch.inference_mode():
        out = model.predict(x, torch.ones(2, dtype=torch.float64), rows)
    assert (out[0] - out[1]).abs().max() > 1e-6


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    content = set()
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        model = new_checkpoint(config(), seed=5)
        save_checkpoint(folder, model.config, model.network)
        content.add((folder / "model.safetensors").read_bytes())
    assert len(content) == 1


def test_building_a_network_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = new_checkpoint(config(), seed=5).network.state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    second = new_checkpoint(config(), seed=6).network.state_dict()
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(AlphabarError, match=r"model\.safetensors does not exist"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("keep", [0, 7, 4000])
def test_a_checkpoint_cut_short_is_named(tmp_path: Path, keep: int) -> None:
    model = new_checkpoint(config(), seed=0)
    save_checkpoint(tmp_path, model.config, model.network)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(AlphabarError, match="not a whole alphabar checkpoint"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("value", [3.7e37, -1e19, float("inf"), float("nan")])
def test_a_weight_that_no_training_leaves_is_named_though_there_is_no_manifest(
    tmp_path: Path, value: float
) -> None:
    model = new_checkpoint(config(), seed=0)
    name, weights = next(iter(model.network.state_dict().items()))
    weights.view(-1)[3] = value
    save_checkpoint(tmp_path, model.config, model.network)
    with pytest.raises(AlphabarError, match=f"{name} has weights that are not finite, or beyond"):
        load_checkpoint(tmp_path)


def test_somebody_elses_safetensors_are_named(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"w": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(AlphabarError, match="not a whole alphabar checkpoint"):
        load_checkpoint(tmp_path)


def test_classes_are_asked_for_when_there_are_none() -> None:
    broken = model_config("class", classes=())
    with pytest.raises(AlphabarError, match="needs labels, and the data has none"):
        new_checkpoint(broken, seed=0)


def test_a_class_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(AlphabarError, match="outside 0 … 2"):
        new_checkpoint(config(), seed=0).conditioner.encode([3], [""])


@pytest.mark.parametrize("change", [{"zero_terminal_snr": True}, {"snr_shift": 2.0}])
def test_a_continuous_schedule_that_does_not_say_what_it_cannot_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.setitem(SCHEDULES, "straight", lambda steps: rectified_flow(steps))
    monkeypatch.setitem(ENTRIES.own, "straight", ScheduleEntry("a user's", "a user"))
    assert new_checkpoint(model_config(schedule="straight"), seed=0).schedule.steps == 1000
    config = model_config(schedule="straight", **change)
    with pytest.raises(AlphabarError, match="schedule `straight` cannot be made: it is continuous"):
        new_checkpoint(config, seed=0)


def test_a_continuous_schedule_that_shifts_itself_is_not_rescaled_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(SCHEDULES, "straight", rectified_flow)
    monkeypatch.setitem(ENTRIES.own, "straight", ScheduleEntry("a user's", "a user"))
    new_checkpoint(model_config(schedule="straight", snr_shift=2.0), seed=0)
    with pytest.raises(AlphabarError, match="schedule `straight` cannot be made"):
        new_checkpoint(model_config(schedule="straight", zero_terminal_snr=True), seed=0)
