"""Dormand–Prince 5(4), each image with steps of its own (Dormand, Prince 1980)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from components.process.diffuse import coefficients
from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.steps import Callback
from components.sampling.times import Times

# Dormand, Prince 1980, table 2: nodes, stages, and the weights of order 5 less those of order 4
NODES = (1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
STAGES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)

SAFETY, LEAST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 5.0  # Hairer, Nørsett, Wanner 1993, II.4, eq. 4.13
LEAST_TOLERANCE = 100.0  # in rounding errors of x's type
LEAST_STEP, LARGEST_STEP = 1e-4, 1 / 6  # shares of the way

Slope = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(y, angle left (batch,)) → (dy/dφ, x0)."""


@dataclass(frozen=True)
class State:
    """Where every image stands.

    Attributes:
        left: the angle that it has still to go, (batch,) float64.
        y: x/√(α² + σ²), (batch, channel, height, width).
        slope: dy/dφ there.
        x0: the denoiser's x0 there.
    """

    left: Tensor
    y: Tensor
    slope: Tensor
    x0: Tensor

    def replaced(self, rows: Tensor, by: "State") -> "State":
        """With the rows (batch,) bool taken from ``by``."""
        column = _column(rows, self.y.device)
        return State(
            torch.where(rows, by.left, self.left),
            torch.where(column, by.y, self.y),
            torch.where(column, by.slope, self.slope),
            torch.where(column, by.x0, self.x0),
        )


def rk45(
    denoise: Denoise,
    x: Tensor,
    times: Times,
    *,
    noise: Noise,
    callback: Callback | None = None,
    tolerance: float = 1e-3,
) -> Tensor:
    """The ODE with the error of every step below ``tolerance`` · (1 + |y|); fifth order.

    It runs in the angle φ = atan σ/α: of y = x/√(α² + σ²) = cos φ x0 + sin φ ε the slope
    dy/dφ = −sin φ x0 + cos φ ε has no pole at either end. To a clean image it stops at the least
    noisy time that networks are trained at and gives the denoiser's x0 there (Song 2021,
    appendix D.4). Of the grid it takes the ends, and the number of steps for the first step.

    Each row has its own steps, so that an image does not depend on its batch; rows that have
    arrived wait for the others. Evaluations: 1, and 6 a round until the slowest row is there.
    ``callback`` hears of the i-th step once every row has gone (i + 1)/steps of the way.

    The tolerance is 100 times the rounding error of x's type at least (1.2e-5 for float32). No
    step is longer than a sixth of the way: it could pass over what none of its stages sees. A
    step below 1e-4 of the way is taken whatever its error, and so is one from what is no
    longer a number: no network can hold up the run.
    """
    begin, end = _ends(times)
    span = begin - end
    slope = slope_along(denoise, times, begin, end)
    tolerance = max(tolerance, LEAST_TOLERANCE * torch.finfo(x.dtype).eps)
    left = torch.full((len(x),), span, dtype=torch.float64)
    y = x / times.start_scale
    state, step, told = State(left, y, *slope(y, left)), left / times.steps, 0
    while bool((state.left > 0).any()):
        step = step.clamp(LEAST_STEP * span, LARGEST_STEP * span)
        step = torch.where(state.left < 1.01 * step, state.left, step)  # leave no crumb behind
        tried, error = attempt(slope, state, step)
        share = error_share(error, state.y, tried.y, tolerance)
        taken = ~(share > 1) | (step <= LEAST_STEP * span)
        state = state.replaced(taken & (state.left > 0), tried)
        step = step * step_factor(share)
        gone = 1 - float(state.left.max()) / span
        told = _tell(callback, told, int(gone * times.steps))
    _tell(callback, told, times.steps)
    if float(times.sigma[-1]) == 0:
        return state.x0
    return state.y * math.hypot(float(times.alpha[-1]), float(times.sigma[-1]))


def slope_along(denoise: Denoise, times: Times, begin: float, end: float) -> Slope:
    """dy/dφ = −sin φ x0 + cos φ ε with φ = ``end`` + what is left, each row at its own φ."""

    def slope(y: Tensor, left: Tensor) -> tuple[Tensor, Tensor]:
        angle = (end + left).clamp(max=begin)
        t = times.schedule.time_of_logsnr(-2 * angle.tan().log())
        alpha, sigma = coefficients(times.schedule, t, y)
        radius = torch.hypot(alpha, sigma)
        x0, eps = denoise(radius * y, t)
        return (alpha * eps - sigma * x0) / radius, x0

    return slope


def attempt(slope: Slope, state: State, step: Tensor) -> tuple[State, Tensor]:
    """One step of the angles ``step`` (batch,): the state after it, and the error of its y.

    The last stage is the slope there, which the next step begins with.
    """
    back = -_column(step.to(state.y.dtype), state.y.device)
    slopes, y, x0, left = [state.slope], state.y, state.x0, state.left
    for node, weights in zip(NODES, STAGES, strict=True):
        y, left = state.y + back * _weighted(weights, slopes), state.left - node * step
        slope_there, x0 = slope(y, left)
        slopes.append(slope_there)
    return State(left, y, slopes[-1], x0), back * _weighted(ERROR, slopes)


def error_share(error: Tensor, y: Tensor, y_next: Tensor, tolerance: float) -> Tensor:
    """The error over what is allowed, the root of its mean square over each image; (batch,).

    Summed in float64 and rounded to float32, so that the order of summation, which may depend
    on the batch, does not show.
    """
    allowed = tolerance * (1 + torch.maximum(y.abs(), y_next.abs()))
    share = (error / allowed).to("cpu", torch.float64).flatten(1)
    return share.square().mean(1).sqrt().float().double()


def step_factor(share: Tensor) -> Tensor:
    """What to multiply the step by, so that its error is 0.9⁵ of what is allowed."""
    factor = (SAFETY * share.pow(-1 / 5)).clamp(LEAST_FACTOR, LARGEST_FACTOR)
    return factor.nan_to_num(LARGEST_FACTOR)


def _ends(times: Times) -> tuple[float, float]:
    """The first and the last φ."""
    begin = _angle(times.alpha[0], times.sigma[0])
    if times.sigma[-1] > 0:
        return begin, _angle(times.alpha[-1], times.sigma[-1])
    least = torch.tensor(times.schedule.t_min, dtype=torch.float64)
    return begin, _angle(times.schedule.alpha(least), times.schedule.sigma(least))


def _angle(alpha: Tensor, sigma: Tensor) -> float:
    return math.atan2(float(sigma), float(alpha))


def _tell(callback: Callback | None, told: int, done: int) -> int:
    """Tell of the steps from ``told`` to ``done`` and return ``done``."""
    for i in range(told, done):
        if callback:
            callback(i)
    return done


def _weighted(weights: Sequence[float], slopes: Sequence[Tensor]) -> Tensor:
    total = weights[0] * slopes[0]
    for weight, slope in zip(weights[1:], slopes[1:], strict=True):
        if weight:
            total = total + weight * slope
    return total


def _column(values: Tensor, device: torch.device) -> Tensor:
    return values.to(device).view(-1, 1, 1, 1)
