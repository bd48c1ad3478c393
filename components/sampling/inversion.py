"""From an image back to the noise that it would be drawn from."""

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.solvers.steps import Callback, evaluate
from components.sampling.times import Times

REFINEMENTS = 3


def invert(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    refinements: int = REFINEMENTS,
    callback: Callback | None = None,
) -> Tensor:
    """DDIM with η = 0 backwards: the x at ``times.t[0]`` from which it ends at ``x``.

    Each step starts as Song, Meng, Ermon 2020 write it (section 4.3, eq. 14 run backwards),
    x_t/α_t = x_s/α_s + (σ_t/α_t − σ_s/α_s) ε, with ε taken at x_s, which is known, instead of
    x_t, which is not: an error of first order in the step. ``refinements`` fixed-point
    iterations then remove it (AIDI, Pan et al. 2023; ReNoise, Garibi et al. 2024):
    x_t ← x_t + (x_s − step(x_t))/slope. Where they have converged, DDIM on the same grid ends
    at ``x`` up to rounding.

    They do not converge where several x_t step to one x_s, or none does. A denoiser that holds
    x0 within the range of pixels is like that: turn clipping off. Any is a little like that at
    the least noisy time, since images fill few of the directions of pixel space.

    Args:
        x: (batch, channel, height, width), noise at ``times.t[-1]``: the clean image on a grid
            of `time_grid`.
        refinements: 0 is the plain inversion.
        callback: hears of the i-th step back.

    Evaluations: steps · (1 + refinements). Noise: none.
    """
    for done, i in enumerate(reversed(range(times.steps))):
        x = _step_back(denoise, x, times, i, refinements)
        if callback:
            callback(done)
    return x


def _step_back(denoise: Denoise, x_s: Tensor, times: Times, i: int, refinements: int) -> Tensor:
    """x at the grid's i-th time, given x at the next one."""
    alpha_t, sigma_t = float(times.alpha[i]), float(times.sigma[i])
    alpha_s, sigma_s = float(times.alpha[i + 1]), float(times.sigma[i + 1])
    _, eps = evaluate(denoise, x_s, times.t[i])
    x_t = (alpha_t / alpha_s) * x_s + (sigma_t - alpha_t / alpha_s * sigma_s) * eps
    # of x_t → x_s where the data is Gaussian with unit variance: near enough to converge
    slope = (alpha_t * alpha_s + sigma_t * sigma_s) / (alpha_t**2 + sigma_t**2)
    for _ in range(refinements):
        x0, eps = evaluate(denoise, x_t, times.t[i])
        x_t = x_t + (x_s - alpha_s * x0 - sigma_s * eps) / slope
    return x_t
