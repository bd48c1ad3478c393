"""Euler steps that overshoot and put fresh noise back (Crowson 2022, k-diffusion)."""

import math

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times


def euler_ancestral(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
) -> Tensor:
    """An Euler step from σ̂_t down to σ̂_down, then noise up to σ̂_s; one evaluation a step.

    With σ̂ = σ/α: σ̂_up² = σ̂_s² (σ̂_t² − σ̂_s²)/σ̂_t² and σ̂_down = σ̂_s²/σ̂_t (k-diffusion,
    `get_ancestral_step` at η = 1). In x = α x̂ the step reads
    x_s = α_s x0 + α_s σ̂_down ε + α_s σ̂_up z, which holds from α_t = 0 too, where
    σ̂_down = 0. It is the same draw as `ddpm` with small variance and `ddim` with η = 1.
    """

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        alpha_s, sigma_s = float(times.alpha[i + 1]), float(times.sigma[i + 1])
        ratio = sigma_s / alpha_s * float(times.alpha[i] / times.sigma[i])  # σ̂_s/σ̂_t
        x_down = alpha_s * x0 + sigma_s * ratio * eps
        return x_down + sigma_s * math.sqrt(1 - ratio**2) * noise(i) if sigma_s > 0 else x_down

    return walk(denoise, x, times, step, callback)
