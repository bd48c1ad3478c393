"""Euler steps along the probability-flow ODE (Karras 2022, alg. 1 and 2 of first order)."""

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.churn import Level, churned_walk
from components.sampling.solvers.steps import Callback
from components.sampling.times import Times


def euler(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
    churn: float = 0.0,
) -> Tensor:
    """x_s = α_s x0 + σ_s ε; first order, one evaluation a step.

    This is the Euler step in σ/α, where the ODE reads d(x/α)/d(σ/α) = ε (k-diffusion,
    `sample_euler`), the Euler step in t of a rectified flow, and DDIM with η = 0: all three
    hold x0 and ε over the step. ``churn`` as `churned_walk` says.
    """

    def step(here: Level, there: Level, x0: Tensor, eps: Tensor) -> Tensor:
        return there.alpha * x0 + there.sigma * eps

    return churned_walk(denoise, x, times, step, churn=churn, noise=noise, callback=callback)
