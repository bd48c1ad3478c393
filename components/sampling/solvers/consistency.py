"""Multistep consistency sampling (Song, Dhariwal, Chen, Sutskever 2023)."""

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times


def consistency(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
) -> Tensor:
    """x0 = f(x_t) at once, then noise again, x_s = α_s x0 + σ_s z (alg. 1); one evaluation a step.

    Draws from the data where the denoiser's x0 is the consistency function f, the end of the
    probability-flow path through x_t, as after consistency distillation. An ordinary denoiser
    gives the mean of the data instead, and images that are too smooth.
    """

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        alpha_s, sigma_s = float(times.alpha[i + 1]), float(times.sigma[i + 1])
        return alpha_s * x0 + sigma_s * noise(i) if sigma_s > 0 else alpha_s * x0

    return walk(denoise, x, times, step, callback)
