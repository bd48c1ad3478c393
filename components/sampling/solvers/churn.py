"""The walk with churn: the noise level is raised before each step (Karras 2022, alg. 2)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.steps import Callback, evaluate
from components.sampling.times import Times

LARGEST_GAMMA = math.sqrt(2) - 1


@dataclass(frozen=True)
class Level:
    """One time of a process, () float64, and α, σ there."""

    t: Tensor
    alpha: float
    sigma: float


LevelStep = Callable[[Level, Level, Tensor, Tensor], Tensor]
"""(level of x_t, level of x_s, x0, ε) → x_s."""


def churned_walk(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    step: LevelStep,
    *,
    churn: float,
    noise: Noise,
    callback: Callback | None,
) -> Tensor:
    """Before the i-th step raise the level by γ = min(churn/steps, √2 − 1), with noise(i).

    ``churn`` is the paper's S_churn; its S_tmin … S_tmax is all of the schedule and S_noise is
    1. 0 draws no noise.
    """
    gamma = min(churn / times.steps, LARGEST_GAMMA)
    for i in range(times.steps):
        x, here = raised(x, times, i, gamma, noise)
        x0, eps = evaluate(denoise, x, here.t)
        x = step(here, level(times, i + 1), x0, eps)
        if callback:
            callback(i)
    return x


def level(times: Times, i: int) -> Level:
    """The grid's i-th level."""
    return Level(times.t[i], float(times.alpha[i]), float(times.sigma[i]))


def raised(x: Tensor, times: Times, i: int, gamma: float, noise: Noise) -> tuple[Tensor, Level]:
    """x_t moved from the grid's i-th level σ/α to (1 + γ) σ/α, and the level it is then at.

    The paper's x is x_t/α and gains √(σ̂² − σ²) z; put back into x_t this is
    (α̂/α) x_t + √(σ̂² − (α̂ σ/α)²) z. The new time is where the schedule has that level, at most
    t = 1, so that networks see no noisier image than they were trained on.
    """
    here = level(times, i)
    if gamma == 0 or here.alpha == 0:
        return x, here
    wanted = torch.tensor((1 + gamma) * here.sigma / here.alpha, dtype=torch.float64)
    t = times.schedule.time_of_noise_level(wanted)
    if t <= here.t:
        return x, here
    above = Level(t, float(times.schedule.alpha(t)), float(times.schedule.sigma(t)))
    kept = above.alpha / here.alpha
    added = math.sqrt(max(above.sigma**2 - (kept * here.sigma) ** 2, 0.0))
    return kept * x + added * noise(i).to(x), above
