"""What a schedule is: α(t) and σ(t), and all that follows from them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Pair = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Schedule:
    """x_t = α(t) x0 + σ(t) ε for t ∈ [0, 1], from the image to noise.

    Every function takes t of any shape and computes in float64 on the CPU; callers cast once,
    at the edge.

    Attributes:
        name: the registry's name.
        steps: N: entries of a discrete table; for a continuous process the number of steps
            that grids and embeddings count time in.
        at: t → (α, σ).
        rates: t → (dα/dt, dσ/dt); infinite where a discrete table begins and may be where it
            ends.
        time_of_logsnr: the inverse of `logsnr`; what lies outside the schedule's range gives
            its nearest end.
        timestep_of: t → what networks are told.
        t_min: the least noisy time that networks are trained at.
        alphas_cumprod: ᾱ_1 … ᾱ_N, float64, of a discrete table; None for a continuous process.
        steps_offset: entries by which grid `leading` is moved towards noise.
    """

    name: str
    steps: int
    at: Pair
    rates: Pair
    time_of_logsnr: Callable[[Tensor], Tensor]
    timestep_of: Callable[[Tensor], Tensor]
    t_min: float
    alphas_cumprod: Tensor | None = None
    steps_offset: int = 0

    def alpha(self, t: Tensor) -> Tensor:
        """α(t), float64."""
        return self.at(_exact(t))[0]

    def sigma(self, t: Tensor) -> Tensor:
        """σ(t), float64."""
        return self.at(_exact(t))[1]

    def logsnr(self, t: Tensor) -> Tensor:
        """λ(t) = log α²/σ², float64; ±∞ where σ or α is 0 (Kingma 2021, eq. 3)."""
        alpha, sigma = self.at(_exact(t))
        return 2 * (alpha.log() - sigma.log())

    def logsnr_rate(self, t: Tensor) -> Tensor:
        """dλ/dt = 2 (α'/α − σ'/σ), float64; negative."""
        alpha, sigma = self.at(_exact(t))
        alpha_rate, sigma_rate = self.rates(_exact(t))
        return 2 * (alpha_rate / alpha - sigma_rate / sigma)

    def noise_level(self, t: Tensor) -> Tensor:
        """σ/α, the noise level of Karras 2022, float64; infinite where α is 0."""
        alpha, sigma = self.at(_exact(t))
        return sigma / alpha

    def time_of_noise_level(self, level: Tensor) -> Tensor:
        """The inverse of `noise_level`."""
        return self.time_of_logsnr(-2 * _exact(level).log())

    def timestep(self, t: Tensor) -> Tensor:
        """What networks are told, float32."""
        return self.timestep_of(_exact(t)).to(torch.float32)

    def trained_time(self, share: Tensor) -> Tensor:
        """``share`` ∈ [0, 1) of the way from the image to noise as a time to train at.

        A discrete table is trained at its own N times, a continuous process from t_min on.
        """
        share = _exact(share)
        if self.alphas_cumprod is not None:
            return ((share * self.steps).floor() + 1).clamp(1, self.steps) / self.steps
        return self.t_min + (1 - self.t_min) * share


def _exact(t: Tensor) -> Tensor:
    return t.detach().to("cpu", torch.float64)
