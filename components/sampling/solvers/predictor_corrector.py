"""Predictor–corrector sampling (Song et al. 2021, section 4.2 and appendix G)."""

import math
from functools import partial

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.langevin import langevin_steps
from components.sampling.solvers.posterior import posterior_mean, posterior_variance
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times


def predictor_corrector(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
    corrector_steps: int = 1,
    corrector_snr: float = 0.16,
) -> Tensor:
    """A step down, then ``corrector_steps`` Langevin steps at the level reached (alg. 1).

    The predictor is the ancestral one (appendix F), a draw of q(x_s | x_t, x0): the paper's
    reverse diffusion, x_s = (2 − α_ts) x_t + σ_ts² ∇ log p + σ_ts z, is the same to first order
    in the step but leaves the level where steps are large, as they are from α = 0. The
    corrector's step size is that of `langevin_steps`. The clean image is not corrected.

    Evaluations: steps + (steps − 1) · corrector_steps to a clean image,
    steps · (1 + corrector_steps) to a noisy end. Noise: keys 0 … steps − 1 are the predictor's.
    """

    correct = partial(
        langevin_steps, denoise, times, noise, count=corrector_steps, snr=corrector_snr
    )

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        mean, variance = posterior_mean(times, i, x_t, x0), posterior_variance(times, i)
        if variance == 0:
            return mean
        x_s = mean + math.sqrt(variance) * noise(i)
        return correct(i + 1, x_s)[0]

    return walk(denoise, x, times, step, callback)
