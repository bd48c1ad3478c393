"""Heun's second-order steps along the probability-flow ODE (Karras 2022, alg. 1 and 2)."""

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.churn import Level, churned_walk
from components.sampling.solvers.steps import Callback, evaluate
from components.sampling.times import Times

LARGEST_GROWTH = 100.0


def heun(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
    churn: float = 0.0,
) -> Tensor:
    """An Euler step to s, then again with the mean of the slopes at t and s; second order.

    The last step to a clean image is Euler's alone. Evaluations: 2 · steps − 1 to a clean
    image, 2 · steps to a noisy end. ``churn`` as `churned_walk` says.

    The slope is dx/dt along the process where α and σ lie on a straight line: a rectified flow
    and EDM. A variance-preserving table is first scaled to EDM's line, x/α over σ/α, as in the
    paper. There, by (α_s/α_t) a step magnifies what ε changes, without end as α_t → 0: where
    that is more than 100 the step is taken in x itself.
    """
    is_table = times.schedule.alphas_cumprod is not None

    def step(here: Level, there: Level, x0: Tensor, eps: Tensor) -> Tensor:
        x_s = there.alpha * x0 + there.sigma * eps
        if there.sigma == 0:
            return x_s
        x0_s, eps_s = evaluate(denoise, x_s, there.t)
        if is_table and there.alpha <= LARGEST_GROWTH * here.alpha:
            growth = there.alpha / here.alpha
            return x_s + (there.sigma - growth * here.sigma) / 2 * (eps_s - eps)
        d_alpha, d_sigma = there.alpha - here.alpha, there.sigma - here.sigma
        return x_s + d_alpha / 2 * (x0_s - x0) + d_sigma / 2 * (eps_s - eps)

    return churned_walk(denoise, x, times, step, churn=churn, noise=noise, callback=callback)
