"""SDE-DPM-Solver++(2M) (Lu et al. 2022, "DPM-Solver++: Fast solver for guided sampling")."""

import math

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.dpmpp_2m import length_ratio
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times


def dpmpp_2m_sde(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
) -> Tensor:
    """The diffusion SDE with x0 taken as linear in log σ̂, σ̂ = σ/α; one evaluation a step.

    x_s = (σ_s/σ_t) e^{−h} x_t + α_s (1 − e^{−2h}) D + σ_s √(1 − e^{−2h}) z with
    e^{−h} = σ̂_s/σ̂_t and D = x0 + (h/2h') (x0 − x0'), where x0' is the step before and h' its
    length (section 5, SDE-DPM-Solver++(2M), midpoint). The first step, a step after one from
    α = 0 (h' = ∞) and the step to the clean image (h = ∞) are of first order, D = x0.
    """
    before: Tensor | None = None

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        nonlocal before
        alpha_s, sigma_s = float(times.alpha[i + 1]), float(times.sigma[i + 1])
        level_ratio = sigma_s / alpha_s * float(times.alpha[i] / times.sigma[i])  # e^{−h}
        data = x0
        if before is not None and sigma_s > 0:
            data = x0 + length_ratio(times, i) / 2 * (x0 - before)
        before = x0
        kept, renewed = sigma_s / float(times.sigma[i]) * level_ratio, 1 - level_ratio**2
        mean = kept * x_t + alpha_s * renewed * data
        return mean + sigma_s * math.sqrt(renewed) * noise(i) if sigma_s > 0 else mean

    return walk(denoise, x, times, step, callback)
