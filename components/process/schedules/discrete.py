"""Variance-preserving processes given by a table of ᾱ (Ho, Jain, Abbeel 2020)."""

import torch
from torch import Tensor

from components.process.schedules.schedule import Schedule


def discrete(name: str, alphas_cumprod: Tensor) -> Schedule:
    """The process α = √ᾱ, σ = √(1 − ᾱ), known at t = 1/N, 2/N, …, 1; ᾱ(0) = 1.

    Between the table's points ᾱ is interpolated linearly. Networks are told the index,
    0 … N − 1.

    Args:
        alphas_cumprod: ᾱ_1 … ᾱ_N, float64, falling strictly within [0, 1).

    Raises:
        ValueError: the table is something else.
    """
    if alphas_cumprod.dtype != torch.float64 or alphas_cumprod.ndim != 1:
        raise ValueError("alphas_cumprod must be a float64 vector")
    falls = bool((alphas_cumprod.diff() < 0).all())
    if not (falls and bool(((alphas_cumprod >= 0) & (alphas_cumprod < 1)).all())):
        raise ValueError("alphas_cumprod must fall strictly within [0, 1)")
    steps = len(alphas_cumprod)
    table = torch.cat([torch.ones(1, dtype=torch.float64), alphas_cumprod])

    def between(t: Tensor) -> tuple[Tensor, Tensor]:
        position = t * steps
        low = position.floor().long().clamp(0, steps - 1)
        return low, position - low

    def at(t: Tensor) -> tuple[Tensor, Tensor]:
        low, share = between(t)
        alpha_bar = torch.lerp(table[low], table[low + 1], share)
        return alpha_bar.sqrt(), (1 - alpha_bar).sqrt()

    def rates(t: Tensor) -> tuple[Tensor, Tensor]:
        low, _ = between(t)
        alpha_bar_rate = (table[low + 1] - table[low]) * steps
        alpha, sigma = at(t)
        return alpha_bar_rate / (2 * alpha), -alpha_bar_rate / (2 * sigma)

    def time_of_logsnr(logsnr: Tensor) -> Tensor:
        wanted = torch.sigmoid(logsnr.to("cpu", torch.float64))
        # searchsorted wants rising values
        high = torch.searchsorted(-table, -wanted).clamp(1, steps)
        share = (table[high - 1] - wanted) / (table[high - 1] - table[high])
        return (high - 1 + share.clamp(0, 1)) / steps

    return Schedule(
        name,
        steps,
        at,
        rates,
        time_of_logsnr,
        timestep_of=lambda t: t * steps - 1,
        t_min=1 / steps,
        alphas_cumprod=alphas_cumprod,
    )


def from_betas(name: str, betas: Tensor) -> Schedule:
    """The process whose steps add variances β_1 … β_N: ᾱ_i = ∏ (1 − β_j) (Ho 2020, eq. 4)."""
    return discrete(name, torch.cumprod(1 - betas, 0))
