"""UniPC-2, a predictor and a corrector that share evaluations (Zhao et al. 2023)."""

import math

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.dpmpp_2m import data_weight, length_ratio
from components.sampling.solvers.steps import Callback, walk
from components.sampling.times import Times


def unipc(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
) -> Tensor:
    """UniP-2 to x_s, whose own evaluation UniC-2 then corrects x_s with (alg. 1 and 2 with
    B(h) = e^h − 1 and data prediction); one evaluation a step. UniP-2 is of second order, the
    two together of third (corollary 3.2).

    Both add to the first-order step, from x_t as it was corrected: UniP-2 adds w (x0 − x0')/2r
    as DPM-Solver++(2M) does, UniC-2 w (ρ₁ (x0 − x0')/r + ρ₂ (x0_s − x0)); w, r, x0' as there.

    The first step is of first order and its corrector adds w (x0_s − x0)/2. From α = 0 its h
    is ∞ and w = α_s; in the one after it r = ∞, which leaves w ρ₂ (x0_s − x0). The step to the
    clean image gives x0 and has no corrector. All are limits of the formulas, and what
    diffusers does at finite h.
    """
    first_order, data = x, x
    before: Tensor | None = None

    def step(i: int, x_t: Tensor, x0: Tensor, eps: Tensor) -> Tensor:
        nonlocal first_order, data, before
        x_s = float(times.alpha[i + 1]) * x0 + float(times.sigma[i + 1]) * eps
        if i > 0:
            corrected = first_order + correction(times, i - 1, before, data, x0)
            x_s = x_s + float(times.sigma[i + 1] / times.sigma[i]) * (corrected - x_t)
            before = data
        first_order, data = x_s, x0
        if before is not None and times.sigma[i + 1] > 0:
            x_s = x_s + data_weight(times, i) * length_ratio(times, i) / 2 * (x0 - before)
        return x_s

    return walk(denoise, x, times, step, callback)


def correction(times: Times, i: int, before: Tensor | None, x0: Tensor, x0_s: Tensor) -> Tensor:
    """What UniC adds to the i-th step once x0 at its end, ``x0_s``, is known.

    ``before`` is the x0 of the step before; None for the first step.
    """
    weight = data_weight(times, i)
    if before is None:
        return weight / 2 * (x0_s - x0)
    inverse_r = length_ratio(times, i)
    h = float(times.logsnr[i + 1] - times.logsnr[i]) / 2  # the paper's λ is log α/σ
    rho_1, rho_2 = corrector_weights(h, inverse_r)
    return weight * (rho_1 * inverse_r * (x0 - before) + rho_2 * (x0_s - x0))


def corrector_weights(h: float, inverse_r: float) -> tuple[float, float]:
    """(ρ₁, ρ₂): ρ₁ + ρ₂ = b₁ and ρ₂ − r ρ₁ = b₂ (theorem 3.1 with the nodes −r and 1).

    b₁ and b₂ weigh x0 ∝ λ and x0 ∝ λ² as the exact integral over the step does: with
    B = 1 − e^{−h}, b₁ = (1 − B/h)/B and b₂ = (1 − 2 (1 − B/h)/h)/B.
    """
    b = -math.expm1(-h)
    rest = 1 - b / h
    b_1, b_2 = rest / b, (1 - 2 * rest / h) / b
    rho_1 = (b_1 - b_2) * inverse_r / (1 + inverse_r)
    return rho_1, b_1 - rho_1
