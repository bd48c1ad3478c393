"""A codec of unbounded latents goes through every room, or is refused by name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from components.data.arrays import load_split
from components.errors import AlphabarError
from components.evaluation.likelihood import holdout_bits
from components.finetuning.consistency import Distillation
from components.generation.batches import from_images, to_images
from components.generation.denoising import build_denoiser, encode_conditions
from components.generation.generate import generate
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks import codecs
from components.networks.checkpoint import Checkpoint, load_checkpoint, new_checkpoint
from components.networks.checkpoint_header import read_config
from components.networks.codecs import Shape
from components.networks.export.folder import save_diffusers
from components.runtime import Runtime
from components.sampling.times import time_grid
from components.spec.catalogue import CODECS
from components.spec.catalogue.entries import CodecEntry
from components.spec.loading import parse_experiment
from components.spec.sections.codec import CodecConfig
from components.spec.sections.sampling import SamplingSpec
from components.spec.sections.training import TrainingSpec
from components.training.train import train
from tests.model_config import DIGITS, model_config

SPREAD = 4.0


@dataclass(frozen=True)
class Unshuffled:
    """Latents of half the side and four times the channels, within ±`SPREAD`."""

    config: CodecConfig
    image_shape: Shape
    folder: Path | None = None
    bounded: bool = False

    @property
    def shape(self) -> Shape:
        channels, height, width = self.image_shape
        return 4 * channels, height // 2, width // 2

    def encode(self, images: Tensor) -> Tensor:
        return pixel_unshuffle(images.float(), 2) * (2 * SPREAD / 255) - SPREAD

    def decode(self, x0: Tensor) -> Tensor:
        levels = (x0.float() + SPREAD) * (255 / (2 * SPREAD))
        return pixel_shuffle(levels, 2).round().clamp(0, 255).to(torch.uint8)

    def save(self, folder: Path) -> None:
        pass

    def release(self) -> None:
        pass

    def exported(self) -> None:
        return None


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = CodecEntry("halves the side", "this test", downsample=lambda section: 2)
    monkeypatch.setitem(CODECS, "unshuffled", entry)
    monkeypatch.setitem(codecs.CODECS, "unshuffled", Unshuffled)


def untrained() -> Checkpoint:
    return new_checkpoint(model_config(classes=DIGITS, widths=(8, 8), codec="unshuffled"), 0)


def test_a_model_of_latents_trains_and_draws_images(tmp_path: Path, digits: Path) -> None:
    config = untrained().config
    spec: dict[str, Any] = config.model_dump(mode="json", exclude={"version", "images"})
    section = TrainingSpec(steps=3, batch_size=8, evaluate_every=0, warmup_steps=0)
    spec["training"] = section.model_dump(mode="json")
    train(spec, {"data": digits}, tmp_path, Runtime(accelerator="cpu"))
    assert read_config(tmp_path).codec.kind == "unshuffled"
    model = load_checkpoint(tmp_path)
    assert (model.image_shape, model.codec.shape) == ((1, 8, 8), (4, 4, 4))
    prompts = Prompts((0, 1), ("0", "1"), ("", ""))
    sampled = generate(Sampler(model, SamplingSpec(steps=3, guidance=2.0)), prompts)
    assert sampled.images.shape == (2, 8, 8, 1)
    assert sampled.images.dtype == np.uint8
    shown = load_split(digits, "holdout").images[:4]
    assert np.array_equal(to_images(from_images(shown, model), model), shown)
    with pytest.raises(AlphabarError, match="latents of codec `unshuffled`.* no decoder"):
        save_diffusers(tmp_path, tmp_path, SamplingSpec().model_dump())


def test_latents_are_never_clipped_though_the_settings_say_so() -> None:
    model = untrained()
    sampler = Sampler(model, SamplingSpec(clip=True))
    conditions = encode_conditions(sampler, Prompts((0,), ("0",), ("",)))
    x = 50 * torch.ones(1, *model.codec.shape)
    with torch.inference_mode():
        x0, _ = build_denoiser(sampler, conditions)(x, torch.tensor([0.5], dtype=torch.float64))
    assert x0.abs().max() > SPREAD


def test_distillation_leaves_latents_where_they_are() -> None:
    model = untrained()
    objective = Distillation(model, time_grid(model.schedule, 4), 2, 1.0, 0)
    far = 3.0 * torch.ones(4, *model.codec.shape)
    i = torch.arange(4)
    rows = model.conditioner.encode([0] * 4, [""] * 4)
    with torch.no_grad():
        target = objective.target(far, i, lambda x, t: (x, x), rows)
        assert target.abs().max() > 1
    network = model.network
    loss = objective(network, network, 0, model.codec.encode(torch.full((4, 1, 8, 8), 255)), rows)
    loss.backward()
    assert bool(loss.isfinite())


def test_bits_of_latents_are_refused_by_name_before_and_after_training() -> None:
    with pytest.raises(AlphabarError, match="works on the latents of codec `unshuffled`"):
        holdout_bits(untrained(), np.zeros((1, 8, 8, 1), np.uint8), [0], [""])
    values = {
        "name": "latents",
        "data": {"source": "digits", "size": 8},
        "codec": {"kind": "unshuffled"},
        "evaluation": {"likelihood": "elbo"},
    }
    with pytest.raises(AlphabarError, match="codec `unshuffled` works on latents"):
        parse_experiment(values, "file.yaml")


@pytest.mark.parametrize(("size", "channels"), [(10, [8, 8]), (9, [8])])
def test_a_network_that_cannot_halve_the_latents_is_refused(size: int, channels: list[int]) -> None:
    values = {
        "name": "latents",
        "data": {"source": "digits", "size": size},
        "codec": {"kind": "unshuffled"},
        "network": {"channels": channels},
    }
    said = f"`data.size: {size}`, which codec `unshuffled` makes 2 times smaller, cannot be"
    with pytest.raises(AlphabarError, match=said):
        parse_experiment(values, "file.yaml")


def test_a_guide_of_another_codec_is_refused() -> None:
    guide = new_checkpoint(model_config(classes=DIGITS, widths=(8, 8)), 0)
    with pytest.raises(AlphabarError, match="the guide model's codec is not the model's"):
        Sampler(untrained(), SamplingSpec(guide="weaker"), guide)
