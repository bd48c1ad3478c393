"""The cosine schedule."""

import math

import torch

from components.process.schedules.discrete import from_betas
from components.process.schedules.linear import LARGEST_BETA
from components.process.schedules.schedule import Schedule


def cosine(steps: int, *, offset: float = 0.008) -> Schedule:
    """ᾱ(t) = f(t)/f(0), f(t) = cos²((t + s)/(1 + s) · π/2), β below 0.999
    (Nichol, Dhariwal 2021, eq. 17)."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    f = torch.cos((t + offset) / (1 + offset) * math.pi / 2) ** 2
    return from_betas("cosine", (1 - f[1:] / f[:-1]).clamp(max=LARGEST_BETA))
