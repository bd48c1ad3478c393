"""What guidance is asked for, and what a kind of it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from components.sampling.reading import Pair, Reading


@dataclass(frozen=True)
class Guidance:
    """How a strong prediction is pushed away from a weak one.

    Attributes:
        kind: a key of `GUIDANCE`.
        scale: how far; what needs but one of the two predictions costs one network evaluation
            (`Kind.alone`), everything else two.
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

Side = Literal["strong", "weak"]


@dataclass(frozen=True)
class Kind:
    """A way to put two predictions together.

    Attributes:
        combine: what it makes of both.
        alone: the prediction that `combine` gives back as it is under this guidance, whatever
            the other one is, so that nobody need ask for the other; None where it takes both.
    """

    combine: Combine
    alone: Callable[[Guidance], Side | None]
