"""Ancestral sampling of denoising diffusion probabilistic models (Ho, Jain, Abbeel 2020)."""

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
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
    """Draw x_s from the posterior q(x_s | x_t, x0) (eq. 6–7), its variance fixed small.

    Written for any two times, so that it also runs on a part of the table: with
    α_ts = α_t/α_s and σ_ts² = σ_t² − α_ts² σ_s² (Kingma 2021, eq. 22–26),
    mean = α_ts σ_s²/σ_t² x_t + α_s σ_ts²/σ_t² x0, variance = σ_ts² σ_s²/σ_t².
    ``eta`` has no meaning here: the noise is the posterior's own.
    """

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        alpha_t, alpha_s = times.alpha[i], times.alpha[i + 1]
        var_t, var_s = times.sigma[i] ** 2, times.sigma[i + 1] ** 2
        alpha_ts = alpha_t / alpha_s
        var_ts = var_t - alpha_ts**2 * var_s
        mean = (alpha_ts * var_s / var_t).item() * x_t + (alpha_s * var_ts / var_t).item() * x0
        variance = (var_ts * var_s / var_t).item()
        return mean + variance**0.5 * noise(i) if variance > 0 else mean

    return walk(denoise, x, times, step, callback)
