"""The walk along the time grid that step-by-step solvers share."""

from collections.abc import Callable

import torch
from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.times import Times

Callback = Callable[[int], None]
Step = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""(i, x_t, x0, ε) → x_s, from the i-th time of the grid to the next."""


def walk(
    denoise: Denoise, x: Tensor, times: Times, step: Step, callback: Callback | None
) -> Tensor:
    """Apply ``step`` from the noisiest time to t = 0; one denoiser call a step."""
    for i in range(times.steps):
        t = torch.full((len(x),), float(times.t[i]), dtype=torch.float64)
        x0, eps = denoise(x, t)
        x = step(i, x, x0, eps)
        if callback:
            callback(i)
    return x
