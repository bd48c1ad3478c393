"""The times that a solver visits, with the process's coefficients there."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from components.process.schedules import Schedule


@dataclass(frozen=True)
class Times:
    """Falling times from the noisiest to t = 0, and α, σ there.

    Attributes:
        t, alpha, sigma: (steps + 1,), float64; the last entry is the clean image:
            t = 0, α = 1, σ = 0.
    """

    t: Tensor
    alpha: Tensor
    sigma: Tensor

    @property
    def steps(self) -> int:
        """How many steps a solver takes."""
        return len(self.t) - 1


def _trailing(steps: int, table: int) -> Tensor:
    """1, 1 − 1/S, …: the only grid that starts from pure noise (Lin 2023, section 3.3)."""
    return (torch.arange(steps, 0, -1, dtype=torch.float64) * (table / steps)).round()


def _leading(steps: int, table: int) -> Tensor:
    """Index 0, ⌊N/S⌋, … upwards: diffusers' default; ends at the table's first entry."""
    return torch.arange(steps - 1, -1, -1, dtype=torch.float64) * (table // steps) + 1


def _linspace(steps: int, table: int) -> Tensor:
    """From the last table entry to the first in equal steps (Ho 2020 uses all of them)."""
    return torch.linspace(table, 1, steps, dtype=torch.float64).round()


GRIDS: dict[str, Callable[[int, int], Tensor]] = {
    "trailing": _trailing,
    "leading": _leading,
    "linspace": _linspace,
}


def time_grid(schedule: Schedule, steps: int, grid: str = "trailing") -> Times:
    """The ``steps`` + 1 times of a run on ``schedule``; ``steps`` is at most its table's length.

    Raises:
        ValueError: more steps than the table has entries.
    """
    if steps > schedule.steps:
        raise ValueError(f"{steps} steps on a schedule of {schedule.steps}")
    t = torch.cat([GRIDS[grid](steps, schedule.steps) / schedule.steps, torch.zeros(1).double()])
    return Times(t, schedule.alpha(t), schedule.sigma(t))
