"""DDIM and DPM-Solver++(2M) for processes that diffusers' own schedulers walk otherwise.

This file belongs to the exported model beside it and needs torch and diffusers alone.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from diffusers import ConfigMixin, SchedulerMixin
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerOutput
from torch import Tensor

RHO = 7.0


class AlphabarScheduler(SchedulerMixin, ConfigMixin):
    """x_t = α x0 + σ ε from time 1 to the clean image, by x_s = α_s x0 + σ_s ε, and in second
    order w (x0 − x0')/2r more, with w = α_s − α σ_s/σ, x0' of the step before and r = h'/h, the
    length of that step over this one's in log α/σ (Lu et al. 2022, algorithm 2).

    Args:
        schedule: ``table`` (ᾱ is ``alphas_cumprod``), ``rectified_flow`` (α = 1 − σ) or ``edm``
            (α = 1).
        num_train_timesteps: entries of the table.
        shift: of rectified_flow and edm: divides the SNR by its square.
        sigma_min, sigma_max: of edm.
        prediction_type: what the network gives: ``eps``, ``x0``, ``v``, ``flow`` or ``edm``.
        sigma_data: of prediction edm.
        clip_sample: hold x0 within [−1, 1], with the ε that goes with it.
        solver_order: 1 is DDIM with η = 0, 2 is DPM-Solver++(2M).
    """

    order = 1

    @register_to_config
    def __init__(
        self,
        schedule: str = "rectified_flow",
        num_train_timesteps: int = 1000,
        alphas_cumprod: list[float] | None = None,
        shift: float = 1.0,
        sigma_min: float = 0.002,
        sigma_max: float = 80.0,
        prediction_type: str = "flow",
        sigma_data: float = 0.5,
        clip_sample: bool = True,
        solver_order: int = 1,
    ) -> None:
        self.set_timesteps(1)

    @property
    def init_noise_sigma(self) -> float:
        """What standard normal noise is multiplied by to start from."""
        return math.hypot(float(self.alphas[0]), float(self.sigmas[0]))

    def set_timesteps(
        self, num_inference_steps: int, device: torch.device | str | None = None
    ) -> None:
        """Choose the times; there may be any number of steps up to ``num_train_timesteps``."""
        config, steps = self.config, num_inference_steps
        if not 1 <= steps <= config.num_train_timesteps:
            raise ValueError(f"steps must lie within 1 and {config.num_train_timesteps}")
        alphas, sigmas, told = WALKS[config.schedule](config, steps)
        self.alphas = torch.cat([alphas, torch.ones(1, dtype=torch.float64)])
        self.sigmas = torch.cat([sigmas, torch.zeros(1, dtype=torch.float64)])
        self.timesteps = told.to(device, torch.float32)
        self.num_inference_steps = steps
        self._before: Tensor | None = None

    def scale_model_input(self, sample: Tensor, timestep: Tensor) -> Tensor:
        """``sample`` as the network is to see it."""
        alpha, sigma = self._at(self._index(timestep))
        if self.config.prediction_type in PRECONDITIONED:
            return sample / math.hypot(sigma, alpha * self.config.sigma_data)
        return sample / math.sqrt(max(alpha**2 + sigma**2, 1.0))

    def step(
        self, model_output: Tensor, timestep: Tensor, sample: Tensor, return_dict: bool = True
    ) -> SchedulerOutput | tuple[Tensor]:
        """``sample`` at the next time."""
        i = self._index(timestep)
        alpha, sigma = self._at(i)
        read = PAIRS[self.config.prediction_type]
        x0, eps = read(model_output, sample, alpha, sigma, self.config.sigma_data)
        if self.config.clip_sample:
            x0 = x0.clamp(-1, 1)
            eps = (sample - alpha * x0) / sigma
        alpha_s, sigma_s = self._at(i + 1)
        stepped = alpha_s * x0 + sigma_s * eps
        if self.config.solver_order == 2:
            if i and self._before is not None and sigma_s > 0:
                weight = alpha_s - sigma_s / sigma * alpha
                stepped = stepped + weight * self._length_ratio(i) / 2 * (x0 - self._before)
            self._before = x0
        return SchedulerOutput(prev_sample=stepped) if return_dict else (stepped,)

    def _length_ratio(self, i: int) -> float:
        """1/r; 0 where the step before began at α = 0."""
        near = slice(i - 1, i + 2)
        lengths = (self.alphas[near].log() - self.sigmas[near].log()).diff()
        return float(lengths[1] / lengths[0])

    def _index(self, timestep: Tensor) -> int:
        return int((self.timesteps.cpu() == float(timestep)).nonzero()[0])

    def _at(self, i: int) -> tuple[float, float]:
        return float(self.alphas[i]), float(self.sigmas[i])


def _table(config: Any, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    total = config.num_train_timesteps
    apart = (total - total / steps) - total
    index = (total + torch.arange(steps, dtype=torch.float64) * apart).round() - 1
    bars = torch.tensor(config.alphas_cumprod, dtype=torch.float64)[index.long()]
    return bars.sqrt(), (1 - bars).sqrt(), index


def _rectified_flow(config: Any, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    t = torch.arange(steps, 0, -1, dtype=torch.float64) / steps
    sigmas = config.shift * t / (1 + (config.shift - 1) * t)
    return 1 - sigmas, sigmas, 1000 * sigmas


def _edm(config: Any, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    t = torch.arange(steps, 0, -1, dtype=torch.float64) / steps
    low, high = ((config.shift * s) ** (1 / RHO) for s in (config.sigma_min, config.sigma_max))
    sigmas = (low + t * (high - low)) ** RHO
    return torch.ones_like(t), sigmas, 250 * sigmas.log()


WALKS: dict[str, Callable[[Any, int], tuple[Tensor, Tensor, Tensor]]] = {
    "table": _table,
    "rectified_flow": _rectified_flow,
    "edm": _edm,
}
"""Schedule → (configuration, steps) → α, σ and what the network is told, each (steps,)."""

Pair = tuple[Tensor, Tensor]


def _of_eps(output: Tensor, x: Tensor, alpha: float, sigma: float, _: float) -> Pair:
    return (x - sigma * output) / alpha, output


def _of_x0(output: Tensor, x: Tensor, alpha: float, sigma: float, _: float) -> Pair:
    return output, (x - alpha * output) / sigma


def _of_v(output: Tensor, x: Tensor, alpha: float, sigma: float, _: float) -> Pair:
    total = alpha**2 + sigma**2
    return (alpha * x - sigma * output) / total, (sigma * x + alpha * output) / total


def _of_flow(output: Tensor, x: Tensor, alpha: float, sigma: float, _: float) -> Pair:
    total = alpha + sigma
    return (x - sigma * output) / total, (x + alpha * output) / total


def _of_residual(output: Tensor, x: Tensor, alpha: float, sigma: float, data: float) -> Pair:
    spread = math.hypot(sigma, alpha * data)
    x0 = alpha * data**2 / spread**2 * x + sigma * data / spread * output
    return x0, (x - alpha * x0) / sigma


PRECONDITIONED = {"edm": _of_residual}
PAIRS: dict[str, Callable[[Tensor, Tensor, float, float, float], Pair]] = {
    "eps": _of_eps,
    "x0": _of_x0,
    "v": _of_v,
    "flow": _of_flow,
    **PRECONDITIONED,
}
"""Prediction → (output, x, α, σ, sigma_data) → (x0, ε); those that are preconditioned see x
divided by its spread."""
