"""The variance-exploding process of EDM."""

import torch
from torch import Tensor

from components.process.schedules.schedule import Schedule

RHO = 7.0


def edm(
    steps: int, *, sigma_min: float = 0.002, sigma_max: float = 80.0, shift: float = 1.0
) -> Schedule:
    """α = 1, σ(t) = (σ_min^{1/ρ} + t (σ_max^{1/ρ} − σ_min^{1/ρ}))^ρ, ρ = 7 (Karras 2022, eq. 5).

    Time runs so that equal steps in t are EDM's own grid; t = 0 is σ_min, not yet the image.
    ``shift`` multiplies σ, which divides the SNR by shift². Networks are told 1000 c_noise =
    250 ln σ (table 1; the factor because their embedding is made for 0 … 1000).
    """
    low: float = (shift * sigma_min) ** (1 / RHO)
    high: float = (shift * sigma_max) ** (1 / RHO)

    def at(t: Tensor) -> tuple[Tensor, Tensor]:
        return torch.ones_like(t), (low + t * (high - low)) ** RHO

    def rates(t: Tensor) -> tuple[Tensor, Tensor]:
        return torch.zeros_like(t), RHO * (high - low) * (low + t * (high - low)) ** (RHO - 1)

    def time_of_logsnr(logsnr: Tensor) -> Tensor:
        root = (-logsnr.to("cpu", torch.float64) / (2 * RHO)).exp()
        return ((root - low) / (high - low)).clamp(0, 1)

    return Schedule(
        "edm",
        steps,
        at,
        rates,
        time_of_logsnr,
        timestep_of=lambda t: 250 * at(t)[1].log(),
        t_min=0.0,
    )
