"""DPM-Solver++(2M) (Lu et al. 2022, "DPM-Solver++: Fast solver for guided sampling", alg. 2)."""

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times


def dpmpp_2m(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
) -> Tensor:
    """The ODE with x0 linear in λ through this step's and the last one's; second order.

    x_s = α_s x0 + σ_s ε + w (x0 − x0')/2r with w = `data_weight`, x0' of the step before and
    r = h'/h, the length of that step over this one's in λ; one evaluation a step. It is
    alg. 2's (σ_s/σ_t) x_t − α_s (e^{−h} − 1) D, D = x0 + (x0 − x0')/2r, with x_t written out.

    The first step is of first order, and so are, as the limit, the step after one from α = 0
    (h' = ∞) and, as in diffusers and k-diffusion, the step to the clean image (h = ∞).
    """
    before: Tensor | None = None

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        nonlocal before
        x_s = float(times.alpha[i + 1]) * x0 + float(times.sigma[i + 1]) * eps
        if before is not None and times.sigma[i + 1] > 0:
            x_s = x_s + data_weight(times, i) * length_ratio(times, i) / 2 * (x0 - before)
        before = x0
        return x_s

    return walk(denoise, x, times, step, callback)


def data_weight(times: Times, i: int) -> float:
    """w = α_s (1 − e^{−h}) = α_s − α_t σ_s/σ_t: what x0 adds to x_s in the i-th step.

    α_s for a step from α_t = 0 or to σ_s = 0, where h = ∞.
    """
    kept = times.sigma[i + 1] / times.sigma[i]
    return float(times.alpha[i + 1] - kept * times.alpha[i])


def length_ratio(times: Times, i: int) -> float:
    """h/h', the i-th step's length in λ over the one's before; 0 where that began at α = 0."""
    logsnr = times.logsnr
    return float((logsnr[i + 1] - logsnr[i]) / (logsnr[i] - logsnr[i - 1]))
