"""How a network's output at x_t is read as (x0, ε)."""

from dataclasses import dataclass

from torch import Tensor

from components.process.diffuse import coefficients
from components.process.one_time import is_one_time
from components.process.prediction import Prediction
from components.process.schedules import Schedule

Pair = tuple[Tensor, Tensor]
"""(x0, ε), each (batch, channel, height, width)."""


@dataclass(frozen=True)
class Reading:
    """A noisy batch, and what turns a network's output there into (x0, ε).

    Attributes:
        x: x_t, (batch, channel, height, width).
        alpha, sigma: of each row, shaped to broadcast to x; of rows that stand at one time two
            numbers on the CPU, which no other device is made to wait for.
        clip: hold x0 `within_bounds`, and let ε follow from it, so that the pair still makes up
            x_t (Ho 2020's code; Ho, Salimans 2022 rely on it for strong guidance).
    """

    x: Tensor
    alpha: Tensor
    sigma: Tensor
    prediction: Prediction
    clip: bool

    @classmethod
    def at(
        cls, x: Tensor, t: Tensor, schedule: Schedule, prediction: Prediction, clip: bool
    ) -> "Reading":
        """Of ``x`` at the times ``t`` (batch,)."""
        if is_one_time(t):
            alpha, sigma = (at(t[:1])[0].to(x.dtype) for at in (schedule.alpha, schedule.sigma))
        else:
            alpha, sigma = coefficients(schedule, t, x)
        return cls(x, alpha, sigma, prediction, clip)

    def rows(self, index: Tensor) -> "Reading":
        """Of the chosen rows."""
        alpha, sigma = (each[index] if each.ndim else each for each in (self.alpha, self.sigma))
        return Reading(self.x[index], alpha, sigma, self.prediction, self.clip)

    @property
    def network_input(self) -> Tensor:
        """x_t as the network is to see it."""
        scale = self.prediction.scale(self.alpha, self.sigma)
        return self.x if scale.ndim == 0 and float(scale) == 1 else scale * self.x

    def x0(self, output: Tensor) -> Tensor:
        """The clean image that ``output`` predicts, not clipped."""
        return self.prediction.split(output, self.x, self.alpha, self.sigma)[0]

    def pair(self, output: Tensor) -> Pair:
        """(x0, ε) of a network's output."""
        x0, eps = self.prediction.split(output, self.x, self.alpha, self.sigma)
        return self.pair_of_x0(x0) if self.clip else (x0, eps)

    def pair_of_x0(self, x0: Tensor) -> Pair:
        """(x0, ε) with ε = (x_t − α x0)/σ, so that the two make up x_t."""
        if self.clip:
            x0 = within_bounds(x0)
        return x0, (self.x - self.alpha * x0) / self.sigma


def within_bounds(x0: Tensor) -> Tensor:
    """``x0`` held within [−1, 1], the range of pixels; latents have no bounds to be held in."""
    return x0.clamp(-1, 1)
