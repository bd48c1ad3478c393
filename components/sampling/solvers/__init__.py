"""Solvers by name, all with one signature:

    solver(denoise, x, times, *, noise, callback=None, **options) -> x0

x: (batch, channel, height, width), noise at ``times.t[0]``; ``callback(step)`` after each step.
``options`` are those that `components.spec.catalogue.SOLVERS` names for the solver.
"""

from typing import Any, Protocol

from torch import Tensor

from components.sampling.denoiser import Denoise
from components.sampling.noise import Noise
from components.sampling.solvers.ddim import ddim
from components.sampling.solvers.ddpm import ddpm
from components.sampling.solvers.steps import Callback
from components.sampling.times import Times


class Solver(Protocol):
    """What every solver looks like."""

    def __call__(
        self,
        denoise: Denoise,
        x: Tensor,
        times: Times,
        *,
        noise: Noise,
        callback: Callback | None = None,
        **options: Any,
    ) -> Tensor: ...


SOLVERS: dict[str, Solver] = {"ddim": ddim, "ddpm": ddpm}  # type: ignore[dict-item]
