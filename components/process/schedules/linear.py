"""Schedules whose β, or √β, rises in equal steps."""

import torch

from components.process.schedules.discrete import from_betas
from components.process.schedules.schedule import Schedule

LARGEST_BETA = 0.999  # β = 1 would end the process early


def linear(steps: int) -> Schedule:
    """β from 1e-4 to 0.02 in equal steps (Ho, Jain, Abbeel 2020, section 4).

    For another table length than 1,000, β is scaled by 1000/steps, so that the same total
    noise is added (Nichol, Dhariwal 2021, `get_named_beta_schedule`); it stays below 0.999.
    """
    scale = 1000 / steps
    betas = torch.linspace(1e-4 * scale, 0.02 * scale, steps, dtype=torch.float64)
    return from_betas("linear", betas.clamp(max=LARGEST_BETA))


def scaled_linear(steps: int) -> Schedule:
    """√β from √0.00085 to √0.012 in equal steps (Stable Diffusion; Rombach 2022's code).

    Another table length scales β as in `linear`.
    """
    roots = torch.linspace(0.00085**0.5, 0.012**0.5, steps, dtype=torch.float64)
    return from_betas("scaled_linear", (roots**2 * (1000 / steps)).clamp(max=LARGEST_BETA))
