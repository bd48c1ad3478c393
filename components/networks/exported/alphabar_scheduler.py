"""DDIM for processes that diffusers' own schedulers do not walk as alphabar does.

This file belongs to the exported model beside it and needs torch and diffusers alone.
"""

import math

import torch
from diffusers import ConfigMixin, SchedulerMixin
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerOutput
from torch import Tensor

RHO = 7.0


class AlphabarScheduler(SchedulerMixin, ConfigMixin):
    """x_t = α x0 + σ ε from time 1 to the clean image, by x_s = α_s x0 + σ_s ε.

    Args:
        schedule: ``table`` (ᾱ is ``alphas_cumprod``), ``rectified_flow`` (α = 1 − σ) or ``edm``
            (α = 1).
        num_train_timesteps: entries of the table.
        shift: of rectified_flow and edm: divides the SNR by its square.
        sigma_min, sigma_max: of edm.
        prediction_type: what the network gives: ``eps``, ``x0``, ``v``, ``flow`` or ``edm``.
        sigma_data: of prediction edm.
        clip_sample: hold x0 within [−1, 1], with the ε that goes with it.
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
        if config.schedule == "table":
            total = config.num_train_timesteps
            apart = (total - total / steps) - total
            index = (total + torch.arange(steps, dtype=torch.float64) * apart).round() - 1
            bars = torch.tensor(config.alphas_cumprod, dtype=torch.float64)[index.long()]
            alphas, sigmas, told = bars.sqrt(), (1 - bars).sqrt(), index
        else:
            t = torch.arange(steps, 0, -1, dtype=torch.float64) / steps
            if config.schedule == "edm":
                low, high = (
                    (config.shift * s) ** (1 / RHO) for s in (config.sigma_min, config.sigma_max)
                )
                sigmas = (low + t * (high - low)) ** RHO
                alphas, told = torch.ones_like(t), 250 * sigmas.log()
            else:
                sigmas = config.shift * t / (1 + (config.shift - 1) * t)
                alphas, told = 1 - sigmas, 1000 * sigmas
        self.alphas = torch.cat([alphas, torch.ones(1, dtype=torch.float64)])
        self.sigmas = torch.cat([sigmas, torch.zeros(1, dtype=torch.float64)])
        self.timesteps = told.to(device, torch.float32)
        self.num_inference_steps = steps

    def scale_model_input(self, sample: Tensor, timestep: Tensor) -> Tensor:
        """``sample`` as the network is to see it."""
        alpha, sigma = self._at(self._index(timestep))
        if self.config.prediction_type == "edm":
            return sample / math.hypot(sigma, alpha * self.config.sigma_data)
        return sample / math.sqrt(max(alpha**2 + sigma**2, 1.0))

    def step(
        self, model_output: Tensor, timestep: Tensor, sample: Tensor, return_dict: bool = True
    ) -> SchedulerOutput | tuple[Tensor]:
        """``sample`` at the next time."""
        i = self._index(timestep)
        alpha, sigma = self._at(i)
        x0, eps = self._pair(model_output, sample, alpha, sigma)
        if self.config.clip_sample:
            x0 = x0.clamp(-1, 1)
            eps = (sample - alpha * x0) / sigma
        alpha_s, sigma_s = self._at(i + 1)
        stepped = alpha_s * x0 + sigma_s * eps
        return SchedulerOutput(prev_sample=stepped) if return_dict else (stepped,)

    def _pair(self, output: Tensor, x: Tensor, alpha: float, sigma: float) -> tuple[Tensor, Tensor]:
        """(x0, ε) of a network's output."""
        kind = self.config.prediction_type
        if kind == "eps":
            return (x - sigma * output) / alpha, output
        if kind == "v":
            total = alpha**2 + sigma**2
            return (alpha * x - sigma * output) / total, (sigma * x + alpha * output) / total
        if kind == "flow":
            total = alpha + sigma
            return (x - sigma * output) / total, (x + alpha * output) / total
        x0 = output
        if kind == "edm":
            data = self.config.sigma_data
            spread = math.hypot(sigma, alpha * data)
            x0 = alpha * data**2 / spread**2 * x + sigma * data / spread * output
        return x0, (x - alpha * x0) / sigma

    def _index(self, timestep: Tensor) -> int:
        return int((self.timesteps.cpu() == float(timestep)).nonzero()[0])

    def _at(self, i: int) -> tuple[float, float]:
        return float(self.alphas[i]), float(self.sigmas[i])
