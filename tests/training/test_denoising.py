"""PSNR and SSIM of what a network makes of held-out images behind noise."""

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from components.data.arrays import load_split
from components.networks.checkpoint import load_checkpoint
from components.process.diffuse import coefficients
from components.training.denoising import IMAGES, LEVELS, DenoisingProbe
from tests.finetuning.test_finetune import baseline


class Oracle(nn.Module):
    """Knows the clean images, and is ``error`` levels off everywhere."""

    def __init__(self, probe: DenoisingProbe, error: float) -> None:
        super().__init__()
        self.probe, self.error, self.seen = probe, error, []

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        """The ε that leads from x to what it knows, at the level that this call is at."""
        level = list(LEVELS.values())[len(self.seen) % len(LEVELS)]
        self.seen.append(x.clone())
        schedule = self.probe.model.schedule
        t = schedule.time_of_noise_level(torch.full((len(x),), level, dtype=torch.float64))
        alpha, sigma = coefficients(schedule, t, x)
        pull = torch.where(self.probe.x0 > 0, -1.0, 1.0)  # stays within the range
        x0 = self.probe.x0 + pull * self.error / 127.5
        return self.probe.model.prediction.target(x0, (x - alpha * x0) / sigma, alpha, sigma)


@pytest.fixture
def probe(tmp_path: Path, digits: Path) -> DenoisingProbe:
    return DenoisingProbe.of_data(load_checkpoint(baseline(tmp_path / "model")), digits, 0.95)


def test_an_error_of_known_size_has_its_decibels_and_costs_structure(probe: DenoisingProbe) -> None:
    found = probe.measure(Oracle(probe, 4.0))
    assert set(found) == set(probe.names())
    for level in LEVELS:
        psnr = found[f"denoising_psnr_{level}"]
        assert psnr.value == pytest.approx(20 * math.log10(255 / 4), abs=0.05)
        assert 0.5 < found[f"denoising_ssim_{level}"].value < 1
    exact = probe.measure(Oracle(probe, 0.0))
    assert {round(f.value, 1) for name, f in exact.items() if "psnr" in name} == {58.9}
    assert all(f.value == pytest.approx(1) for name, f in exact.items() if "ssim" in name)


def test_images_and_noise_are_the_same_at_every_evaluation(
    probe: DenoisingProbe, digits: Path
) -> None:
    one, other = Oracle(probe, 0.0), Oracle(probe, 9.0)
    torch.manual_seed(1)
    probe.measure(one)
    torch.manual_seed(2)
    probe.measure(other)
    assert all(torch.equal(a, b) for a, b in zip(one.seen, other.seen, strict=True))
    assert not torch.equal(*one.seen), "the two levels have noise of their own"
    assert len(probe.images) == min(IMAGES, len(load_split(digits, "holdout").images))


def test_images_too_small_for_its_window_have_no_ssim(probe: DenoisingProbe) -> None:
    small = dataclasses.replace(probe, images=probe.images[..., :7, :7])
    assert small.names() == [f"denoising_psnr_{level}" for level in LEVELS]
