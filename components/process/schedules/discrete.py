"""A variance-preserving process given by a table of ᾱ (Ho, Jain, Abbeel 2020)."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Schedule:
    """x_t = α(t) x0 + σ(t) ε with α² + σ² = 1, known at t = 1/N, 2/N, …, 1.

    Attributes:
        name: the registry's name.
        alphas_cumprod: ᾱ_1 … ᾱ_N, shape (N,), float64, strictly decreasing, below 1.

    Everything is computed in float64; callers cast once, at the edge. t = 0 is the clean
    image, ᾱ = 1. Between the table's points ᾱ is interpolated linearly.
    """

    name: str
    alphas_cumprod: Tensor

    def __post_init__(self) -> None:
        table = self.alphas_cumprod
        if table.dtype != torch.float64 or table.ndim != 1:
            raise ValueError("alphas_cumprod must be a float64 vector")
        if not bool(((table >= 0) & (table < 1)).all() and (table.diff() < 0).all()):
            raise ValueError("alphas_cumprod must fall strictly within [0, 1)")

    @property
    def steps(self) -> int:
        """N, the table's length."""
        return len(self.alphas_cumprod)

    def alpha_bar(self, t: Tensor) -> Tensor:
        """ᾱ(t) = α²(t), the signal's share of the variance at t ∈ [0, 1]; float64."""
        position = t.detach().to("cpu", torch.float64) * self.steps
        table = torch.cat([torch.ones(1, dtype=torch.float64), self.alphas_cumprod])
        low = position.floor().long().clamp(0, self.steps - 1)
        return torch.lerp(table[low], table[low + 1], position - low)

    def alpha(self, t: Tensor) -> Tensor:
        """α(t), float64."""
        return self.alpha_bar(t).sqrt()

    def sigma(self, t: Tensor) -> Tensor:
        """σ(t), float64."""
        return (1 - self.alpha_bar(t)).sqrt()

    def logsnr(self, t: Tensor) -> Tensor:
        """λ(t) = log α²/σ², float64; +∞ at t = 0 (Kingma 2021, eq. 3)."""
        return torch.logit(self.alpha_bar(t))

    def time_of_logsnr(self, logsnr: Tensor) -> Tensor:
        """The inverse of `logsnr`: t ∈ [0, 1], float64."""
        wanted = torch.sigmoid(logsnr.to("cpu", torch.float64))
        table = torch.cat([torch.ones(1, dtype=torch.float64), self.alphas_cumprod])
        # searchsorted wants rising values
        high = torch.searchsorted(-table, -wanted).clamp(1, self.steps)
        share = (table[high - 1] - wanted) / (table[high - 1] - table[high])
        return (high - 1 + share.clamp(0, 1)) / self.steps

    def timestep(self, t: Tensor) -> Tensor:
        """What networks are told: the table's index, 0 … N − 1, float32."""
        return (t * self.steps - 1).to(torch.float32)
