"""Denoising diffusion implicit models (Song, Meng, Ermon 2020)."""

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times


def ddim(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
    eta: float = 0.0,
) -> Tensor:
    """x_s = α_s x0 + √(σ_s² − σ_η²) ε + σ_η z (eq. 12),
    σ_η = η · σ_s/σ_t · √(1 − α_t²/α_s²) (eq. 16). η = 0 is deterministic."""

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        alpha_t, alpha_s = times.alpha[i], times.alpha[i + 1]
        sigma_t, sigma_s = times.sigma[i], times.sigma[i + 1]
        sigma_eta = eta * sigma_s / sigma_t * (1 - (alpha_t / alpha_s) ** 2).sqrt()
        x_s = alpha_s.item() * x0 + (sigma_s**2 - sigma_eta**2).clamp(min=0).sqrt().item() * eps
        if sigma_eta > 0:
            x_s = x_s + sigma_eta.item() * noise(i)
        return x_s

    return walk(denoise, x, times, step, callback)
