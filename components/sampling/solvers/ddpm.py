"""Ancestral sampling of denoising diffusion probabilistic models (Ho, Jain, Abbeel 2020)."""

import math

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.posterior import forward_step, posterior_mean, posterior_variance
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times


def ddpm(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
    variance: str = "small",
) -> Tensor:
    """Draw x_s around the mean of the posterior q(x_s | x_t, x0) (eq. 6–7); one evaluation a step.

    Args:
        variance: ``small`` is the posterior's own, β̃ = σ_ts² σ_s²/σ_t², right for a single
            point as data; ``large`` is that of the forward step, β = σ_ts², right for white
            data of unit variance (section 3.2). ``large`` wants small steps: x_s is noisier
            than its level by σ_ts² (1 − σ_s²/σ_t²). Neither adds noise to the clean image.
    """

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        mean = posterior_mean(times, i, x_t, x0)
        spread = posterior_variance(times, i)
        if spread > 0 and variance == "large":
            _, spread = forward_step(times, i)
        return mean + math.sqrt(spread) * noise(i) if spread > 0 else mean

    return walk(denoise, x, times, step, callback)
