"""The straight path between image and noise."""

import torch
from torch import Tensor

from components.process.schedules.schedule import Schedule


def rectified_flow(steps: int, *, shift: float = 1.0) -> Schedule:
    """α = 1 − u, σ = u with u = s t / (1 + (s − 1) t) (Liu, Gong, Liu 2022, eq. 1; the shift s:
    Esser 2024 (SD3), eq. 23, which divides the SNR by s²).

    Networks are told 1000 σ, as SD3's are.
    """

    def warp(t: Tensor) -> Tensor:
        return shift * t / (1 + (shift - 1) * t)

    def at(t: Tensor) -> tuple[Tensor, Tensor]:
        u = warp(t)
        return 1 - u, u

    def rates(t: Tensor) -> tuple[Tensor, Tensor]:
        rate = shift / (1 + (shift - 1) * t) ** 2
        return -rate, rate

    def time_of_logsnr(logsnr: Tensor) -> Tensor:
        u = torch.sigmoid(-logsnr.to("cpu", torch.float64) / 2)
        return u / (shift - (shift - 1) * u)

    return Schedule(
        "rectified_flow",
        steps,
        at,
        rates,
        time_of_logsnr,
        timestep_of=lambda t: 1000 * warp(t),
        t_min=1 / steps,
    )
