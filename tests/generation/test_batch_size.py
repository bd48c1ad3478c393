"""Batches that fit, and what becomes of those that do not."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from components.errors import AlphabarError
from components.generation import batch_size
from components.generation.batch_size import preferred, taken_by_a_row
from components.generation.batches import Sampled
from components.generation.editing.inversion import invert_images
from components.generation.free_memory import free_memory
from components.generation.generate import generate
from components.generation.prompts import Prompts
from components.generation.sample import write_samples
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.runtime import silent
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import DIGITS, model_config

COUNT = 11


class Cramped(nn.Module):
    """A network on a device that has no room for more than so many rows."""

    def __init__(self, network: nn.Module, most: int) -> None:
        super().__init__()
        self.network, self.most = network, most

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Any:
        if len(x) > self.most:
            raise torch.OutOfMemoryError(f"{len(x)} rows")
        return self.network(x, timestep, **rows)


@pytest.fixture(scope="module")
def model() -> Checkpoint:
    made = new_checkpoint(model_config(classes=DIGITS, widths=(8, 16), steps=100), 0)
    made.network.eval()
    return made


def cramped(model: Checkpoint, most: int) -> Checkpoint:
    return dataclasses.replace(model, network=Cramped(model.network, most))


def prompts() -> Prompts:
    return Prompts.of([k % 10 for k in range(COUNT)], [""] * COUNT)


def drawn(model: Checkpoint, **settings: Any) -> Sampled:
    spec = SamplingSpec(steps=3, solver="ddpm", guidance=2.0, **settings)
    return generate(Sampler(model, spec), prompts())


def test_a_batch_that_does_not_fit_is_halved_and_drawn_again(
    model: Checkpoint, tmp_path: Path
) -> None:
    whole, parts = drawn(model), drawn(cramped(model, most=6))
    assert (whole.batch, parts.batch) == (None, 2)  # of 11, 5 and 2 images
    assert parts.network_evaluations == whole.network_evaluations == 6
    assert np.abs(whole.images.astype(int) - parts.images.astype(int)).max() <= 1
    assert (whole.images == parts.images).mean() > 0.99
    for each, told in ((model, {}), (cramped(model, 6), {"batch": 2})):
        write_samples(
            Sampler(each, SamplingSpec(steps=3, guidance=2.0)), prompts(), tmp_path, silent
        )
        figures = json.loads((tmp_path / "metrics.json").read_text())
        assert figures == {"samples": COUNT, "network_evaluations": 6, **told}


def test_nothing_of_a_halved_batch_is_there_twice(model: Checkpoint) -> None:
    images, spec = drawn(model).images, SamplingSpec(steps=3)
    found = invert_images(Sampler(model, spec), prompts(), images)
    again = invert_images(Sampler(cramped(model, 4), spec), prompts(), images)
    assert again.noise.shape == found.noise.shape
    assert again.again.batch == 2
    np.testing.assert_allclose(again.noise, found.noise, atol=1e-4)


def test_where_no_image_fits_that_is_said(model: Checkpoint) -> None:
    with pytest.raises(AlphabarError, match="memory does not suffice for one image"):
        drawn(cramped(model, 0))


def test_another_fault_is_not_taken_for_it(model: Checkpoint) -> None:
    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, *given: Any, **rows: Any) -> Tensor:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="^broken$"):
        drawn(dataclasses.replace(model, network=Broken()))


def test_little_free_memory_makes_batches_small(
    model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = taken_by_a_row(model, model.conditioner.encode([0], [""]))
    assert row > 8 * 8 * 8 * 4, "at least one map of eight channels"
    for free, expected in ((2 * row * 5 / 0.8, 4), (row, 1), (2 * row * 12 / 0.8, None)):
        monkeypatch.setattr(batch_size, "free_memory", lambda free=free: int(free))
        assert drawn(model).batch == expected


def test_a_batch_follows_from_the_images_size(model: Checkpoint) -> None:
    assert preferred(model) == 256
    large = new_checkpoint(model_config(classes=DIGITS, widths=(8, 16), size=32), 0)
    assert preferred(large) == 32


def test_free_memory_is_what_the_container_leaves(tmp_path: Path) -> None:
    whole = free_memory(tmp_path)
    assert whole > 1 << 20
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory(tmp_path) > 1 << 20
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 850000\ninactive_file 50000\n")
    assert free_memory(tmp_path) == 150_000
    v1 = tmp_path / "v1"
    (v1 / "memory").mkdir(parents=True)
    for name, text in {
        "limit_in_bytes": "500000", "usage_in_bytes": "400000", "stat": "total_inactive_file 7",
    }.items():  # fmt: skip
        (v1 / "memory" / f"memory.{name}").write_text(text)
    assert free_memory(v1) == 100_007
