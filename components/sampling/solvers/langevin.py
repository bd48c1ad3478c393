"""Annealed Langevin dynamics (Song, Ermon 2019)."""

import math
from functools import partial

from torch import Tensor

from components.process.prediction import score
from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.steps import Callback, evaluate
from components.sampling.times import Times


def langevin(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
    corrector_steps: int = 1,
    corrector_snr: float = 0.16,
) -> Tensor:
    """``corrector_steps`` Langevin steps at each level of the grid, the noisiest first (alg. 1).

    From one level to the next the mean follows the process, x ← x + (α_s − α_t) x0 with the x0
    of the last evaluation; where α = 1, as in the paper, x stays. A grid that ends at the clean
    image ends with E[x0 | x] at its last noisy level (Jolicoeur-Martineau et al. 2020,
    section 3).

    It is slow: the image keeps noise of about (1 + r²)/(2 r² n) of the data's variance, r being
    ``corrector_snr`` and n the Langevin steps per factor e of σ/α. The paper takes 1,000 steps.

    Evaluations: steps · corrector_steps + 1 to a clean image,
    (steps + 1) · corrector_steps to a noisy end. Noise: keys from steps + 1 on.
    """
    relax = partial(langevin_steps, denoise, times, noise, count=corrector_steps, snr=corrector_snr)
    for i in range(times.steps):
        x, x0 = relax(i, x)
        if times.sigma[i + 1] == 0:
            x, _ = evaluate(denoise, x, times.t[i])
        else:
            x = x + float(times.alpha[i + 1] - times.alpha[i]) * x0
            if i + 1 == times.steps:
                x, _ = relax(i + 1, x)
        if callback:
            callback(i)
    return x


def langevin_steps(
    denoise: Denoise,
    times: Times,
    noise: Noise,
    level: int,
    x: Tensor,
    *,
    count: int,
    snr: float,
) -> tuple[Tensor, Tensor]:
    """``count`` times x ← x + δ ∇ log p(x) + √(2δ) z at one level of the grid.

    δ = 2 snr² σ²: the step of Song 2021, alg. 4–5, 2 (snr ‖z‖/‖∇ log p‖)², with the norms at
    their expectation in pure noise, ‖∇ log p‖ = ‖z‖/σ. Unlike theirs it is the same for every
    row, so rows do not touch, and x keeps a Gaussian law where the data has one: its variance
    c settles at c/(1 − δ/2c), at most 1/(1 − snr²) times too large. δ ∝ σ² is the rule of
    Song, Ermon 2019, alg. 1.

    Returns:
        (x, the x0 of the last evaluation); x0 belongs to x before the last step.
    """
    sigma = times.sigma[level]
    delta = 2 * snr**2 * float(sigma) ** 2
    x0 = x
    for j in range(count):
        x0, eps = evaluate(denoise, x, times.t[level])
        # keys that no solver step has: those are 0 … steps − 1
        z = noise(level + (times.steps + 1) * (1 + j))
        x = x + delta * score(eps, sigma.to(x)) + math.sqrt(2 * delta) * z
    return x, x0
