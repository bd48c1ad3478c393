"""The variational bound against closed forms, where the data is Gaussian and the denoiser exact."""

import math

import pytest
import torch
from torch import Tensor

from components.evaluation.likelihood import (
    bound,
    diffusion_nats,
    logsnr_range,
    prior_nats,
    reconstruction_nats,
)
from components.process.diffuse import coefficients
from components.process.schedules import Schedule, build_schedule
from components.sampling.denoiser import Denoise

MEAN, STD, LEVELS = 0.1, 0.35, 256
PROCESSES = {
    "linear": {"schedule": "linear", "steps": 1000},
    "cosine": {"schedule": "cosine", "steps": 1000},
    "zero-terminal-SNR": {"schedule": "linear", "steps": 1000, "zero_terminal_snr": True},
    # these end at σ = 0.01, as the tables about do: with less noise than the levels lie apart,
    # a denoiser of Gaussian data is not exact for levels any more
    "rectified flow": {"schedule": "rectified_flow", "steps": 100},
    "edm": {"schedule": "edm", "steps": 1000, "sigma_min": 0.01},
}


def gain(alpha: Tensor, sigma: Tensor) -> Tensor:
    return alpha * STD**2 / (alpha**2 * STD**2 + sigma**2)


def exact(schedule: Schedule) -> Denoise:
    """E[x | z] for data N(MEAN, STD²)."""

    def denoise(z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        alpha, sigma = coefficients(schedule, t, z)
        x0 = MEAN + gain(alpha, sigma) * (z - alpha * MEAN)
        return x0, (z - alpha * x0) / sigma

    return denoise


def data(count: int) -> Tensor:
    """Levels of uint8 images that are as good as Gaussian: 0.1 ± 0.35 seldom reaches ±1."""
    generator = torch.Generator().manual_seed(0)
    x = MEAN + STD * torch.randn(count, 1, 8, 8, generator=generator, dtype=torch.float64)
    return (((x + 1) * 127.5).round().clamp(0, 255) / 127.5) - 1


@pytest.mark.parametrize("name", PROCESSES)
def test_the_diffusion_term_is_the_integral_over_log_snr(name: str) -> None:
    schedule = build_schedule(PROCESSES[name])
    x = data(64)
    low, high = logsnr_range(schedule)
    logsnr = torch.linspace(low, high, 4001, dtype=torch.float64)
    t = schedule.time_of_logsnr(logsnr)
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    # E over z of (ε − ε̂)² = SNR E(x − x̂)² = SNR ((x − m)² (1 − gα)² + g²σ²)
    g = gain(alpha, sigma)
    distance = (x.flatten()[:, None] - MEAN) ** 2
    error = (distance * (1 - g * alpha) ** 2 + (g * sigma) ** 2) * (alpha / sigma) ** 2
    expected = 0.5 * torch.trapezoid(error.sum(0), logsnr).item() / len(x)
    found = torch.stack(
        [
            diffusion_nats(exact(schedule), schedule, x, 16, torch.Generator().manual_seed(seed))
            for seed in range(8)
        ]
    )
    spread = found.mean(1).std().item() / math.sqrt(8)
    assert found.mean().item() == pytest.approx(expected, abs=4 * spread)
    assert spread < 0.005 * expected


@pytest.mark.parametrize("name", PROCESSES)
def test_the_bound_of_an_exact_model_is_the_entropy_of_its_data(name: str) -> None:
    schedule = build_schedule(PROCESSES[name])
    x = data(2000)
    parts = bound(exact(schedule), schedule, x, 16, torch.Generator().manual_seed(1), LEVELS)
    found = parts.bits_per_dimension(64)
    width = 2 / 255
    density = ((x - MEAN) ** 2 / (2 * STD**2) + math.log(STD * math.sqrt(2 * math.pi))).flatten(1)
    truth = (density.mean(1) - math.log(width)) / math.log(2)
    error = (found - truth).std().item() / math.sqrt(len(x))
    gap = (found - truth).mean().item()
    # the bound is tight for an exact model; p(x | z_0) leaves the data's shape out, hence 0.2 %
    assert -4 * error < gap < 0.002 * truth.mean().item() + 4 * error


def test_a_worse_model_has_a_worse_bound() -> None:
    schedule = build_schedule(PROCESSES["cosine"])
    x = data(200)
    right = exact(schedule)

    def wrong(z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        x0, eps = right(z, t)
        return x0, eps + 0.1

    def total(denoise: Denoise) -> float:
        parts = bound(denoise, schedule, x, 8, torch.Generator().manual_seed(0), LEVELS)
        return parts.bits_per_dimension(64).mean().item()

    assert total(wrong) > total(right) + 0.05


def test_the_prior_term_is_the_kl_divergence_of_two_gaussians() -> None:
    x = data(3)
    own = torch.distributions.Normal(0.3 * x, 0.9)
    prior = torch.distributions.Normal(torch.tensor(0.0).double(), math.hypot(0.3, 0.9))
    expected = torch.distributions.kl_divergence(own, prior).flatten(1).sum(1)
    torch.testing.assert_close(prior_nats(x, 0.3, 0.9), expected)


def test_almost_no_noise_leaves_nothing_to_reconstruct() -> None:
    generator = torch.Generator().manual_seed(0)
    assert reconstruction_nats(data(2), 1.0, 1e-4, generator, LEVELS).abs().max().item() < 1e-9
    # noise that hides everything leaves every level as likely: ln 256 a pixel
    hidden = reconstruction_nats(data(2), 1e-4, 1.0, generator, LEVELS) / 64
    torch.testing.assert_close(hidden, torch.full_like(hidden, math.log(256)), rtol=1e-3, atol=0)
