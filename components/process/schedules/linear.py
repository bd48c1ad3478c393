"""The linear-β schedule."""

import torch

from components.process.schedules.discrete import Schedule


def linear(steps: int) -> Schedule:
    """β from 1e-4 to 0.02 in equal steps (Ho, Jain, Abbeel 2020, section 4).

    For another table length than 1,000, β is scaled by 1000/steps, so that the same total
    noise is added (Nichol, Dhariwal 2021, `get_named_beta_schedule`); it stays below 0.999.
    """
    scale = 1000 / steps
    betas = torch.linspace(1e-4 * scale, 0.02 * scale, steps, dtype=torch.float64).clamp(max=0.999)
    return Schedule("linear", torch.cumprod(1 - betas, 0))
