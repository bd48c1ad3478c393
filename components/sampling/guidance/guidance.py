"""What guidance is asked for, and what a kind of it is."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from components.sampling.reading import Pair, Reading


@dataclass(frozen=True)
class Guidance:
    """How a strong prediction is pushed away from a weak one.

    Attributes:
        kind: a key of `GUIDANCE`.
        scale: 1 is the strong prediction alone and 0 the weak one alone, whatever the kind;
            either costs one network evaluation, any other scale two.
        rescale: φ of kind ``cfg``, within [0, 1].
        sigma_min, sigma_max: guide only where sigma_min < σ/α ≤ sigma_max (Kynkäänniemi 2024,
            eq. 5); elsewhere the strong prediction alone is used. None is no limit.
    """

    kind: str = "cfg"
    scale: float = 1.0
    rescale: float = 0.0
    sigma_min: float = 0.0
    sigma_max: float | None = None

    def covers(self, noise_level: Tensor) -> Tensor:
        """Where σ/α (batch,) lies within the interval, bool."""
        above = noise_level > self.sigma_min
        return above if self.sigma_max is None else above & (noise_level <= self.sigma_max)


Combine = Callable[[Tensor, Tensor, Reading, Guidance], Pair]
"""(strong output, weak output, how outputs are read, guidance) → (x0, ε)."""
