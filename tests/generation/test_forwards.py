"""Compiled kernels and bfloat16 draw what float32 draws without them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from components.generation import batch_size
from components.generation.forwards import network_of, prepare
from components.generation.generate import generate
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler, load_sampler
from components.networks.checkpoint import Checkpoint, new_checkpoint, save_checkpoint
from components.networks.compiled import compilations, compile_cache
from components.spec.sections.sampling import SamplingSpec
from tests.model_config import DIGITS, model_config


def small() -> Checkpoint:
    model = new_checkpoint(model_config(classes=DIGITS, widths=(8,), steps=100), 0)
    model.network.eval()
    return model


def drawn(model: Checkpoint, **settings: object) -> np.ndarray:
    usual = {"steps": 4, "guidance": 2.0, "guidance_sigma_max": 2.0}
    spec = SamplingSpec.model_validate(usual | settings)
    return generate(Sampler(model, spec), Prompts.of([k % 10 for k in range(7)], [""] * 7)).images


def test_compiled_images_are_the_eager_ones_by_one_set_of_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of 3, of 3 and of 1, with and without a second prediction."""
    monkeypatch.setattr(batch_size, "BATCH", 3)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")
    monkeypatch.setenv("TRITON_CACHE_DIR", "")
    compile_cache(tmp_path / "compiled")
    config = model_config(classes=DIGITS, widths=(8,), steps=100)
    save_checkpoint(tmp_path, config, small().network)
    eager = drawn(small())
    model = load_sampler(tmp_path, SamplingSpec(compile="on")).model
    before = compilations()
    compiled = drawn(model, compile="on")
    assert compilations() == before + 1
    assert np.abs(eager.astype(int) - compiled.astype(int)).max() <= 1
    assert (eager == compiled).mean() > 0.99
    assert list((tmp_path / "compiled").iterdir())


def test_bfloat16_is_the_networks_alone() -> None:
    model, x = small(), torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    t, rows = torch.full((3,), 0.5), model.conditioner.encode([1, 2, 3], [""] * 3)
    with torch.inference_mode():
        exact = network_of(model, SamplingSpec(), 3)(x, t, rows)
        mixed = network_of(model, SamplingSpec(precision="bf16-mixed"), 3)(x, t, rows)
    assert mixed.dtype == torch.float32
    error = float((mixed - exact).norm() / exact.norm())
    assert 1e-4 < error < 3e-2, "of 8 bits, neither none nor all"
    assert torch.equal(mixed, mixed.bfloat16().float())
    images = drawn(model, precision="bf16-mixed").astype(int)
    assert 0 < np.abs(drawn(model).astype(int) - images).mean() < 3


def test_what_the_plan_has_not_settled_is_refused() -> None:
    for settings in ({"compile": "auto"}, {"precision": "auto"}):
        with pytest.raises(AssertionError, match="settles `auto`"):
            prepare(small(), SamplingSpec.model_validate(settings))
