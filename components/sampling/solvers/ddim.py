"""Denoising diffusion implicit models (Song, Meng, Ermon 2020)."""

import math

import torch
from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.posterior import posterior_variance
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times, times_at


def ddim(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
    eta: float = 0.0,
    end: str = "image",
) -> Tensor:
    """x_s = α_s x0 + √(σ_s² − σ_η²) ε + σ_η z (eq. 12); one evaluation a step.

    σ_η is η times the posterior's deviation σ_s/σ_t · σ_ts, which is eq. 16 where α² + σ² = 1
    and keeps x_s at its noise level on every other process too. η = 0 is deterministic, η = 1
    is `ddpm` with small variance.

    Args:
        end: ``first`` takes the least noisy time that networks know for the clean image, as
            diffusers' `set_alpha_to_one: false`.
    """
    if end == "first" and float(times.sigma[-1]) == 0:
        times = _to_first(times)

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        alpha_s, var_s = float(times.alpha[i + 1]), float(times.sigma[i + 1]) ** 2
        var_eta = eta**2 * posterior_variance(times, i) if eta > 0 else 0.0
        x_s = alpha_s * x0 + math.sqrt(max(var_s - var_eta, 0.0)) * eps
        return x_s + math.sqrt(var_eta) * noise(i) if var_eta > 0 else x_s

    return walk(denoise, x, times, step, callback)


def _to_first(times: Times) -> Times:
    """The grid with the schedule's least noisy time as its last."""
    last = times_at(times.schedule, torch.tensor([times.schedule.t_min]))
    t, alpha, sigma = (
        torch.cat([getattr(times, name)[:-1], getattr(last, name)])
        for name in ("t", "alpha", "sigma")
    )
    return Times(t, alpha, sigma, times.schedule)
