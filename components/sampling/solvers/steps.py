"""The walk along the time grid that step-by-step solvers share."""

from collections.abc import Callable

import torch
from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.times import Times

Callback = Callable[[int], None]
Step = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""(i, x_t, x0, ε) → x_s, from the i-th time of the grid to the next."""


def evaluate(denoise: Denoise, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """(x0, ε) of every row of ``x`` at the one time ``t`` ()."""
    return denoise(x, t.to("cpu", torch.float64).expand(len(x)))


def walk(
    denoise: Denoise, x: Tensor, times: Times, step: Step, callback: Callback | None
) -> Tensor:
    """Apply ``step`` from the grid's first time to its last; one denoiser call a step."""
    for i in range(times.steps):
        x0, eps = evaluate(denoise, x, times.t[i])
        x = step(i, x, x0, eps)
        if callback:
            callback(i)
    return x
