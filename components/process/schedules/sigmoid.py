"""The sigmoid schedule."""

import torch

from components.process.schedules.discrete import from_betas
from components.process.schedules.linear import LARGEST_BETA
from components.process.schedules.schedule import Schedule


def sigmoid(
    steps: int, *, start: float = -3.0, end: float = 3.0, temperature: float = 1.0
) -> Schedule:
    """ᾱ(t) = (S(end) − S(t)) / (S(end) − S(start)), S(t) = sigmoid((t (end − start) + start)/τ),
    β below 0.999 (Jabri, Fleet, Chen 2022, alg. 1 and section 2.1)."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    curve = torch.sigmoid((t * (end - start) + start) / temperature)
    bars = (curve[-1] - curve) / (curve[-1] - curve[0])
    return from_betas("sigmoid", (1 - bars[1:] / bars[:-1]).clamp(max=LARGEST_BETA))
