"""The times that a solver visits, with the process's coefficients there."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from components.process.schedules import Schedule

LARGEST_NOISE_LEVEL = 80.0  # EDM's σ_max: grids in σ/α cannot start from α = 0


@dataclass(frozen=True)
class Times:
    """Falling times from the noisiest to the image, and α, σ there.

    Attributes:
        t, alpha, sigma: (steps + 1,), float64. A grid of `time_grid` ends at the clean image,
            α = 1 and σ = 0; solvers also run on grids that end earlier.
        schedule: where they come from, for solvers that visit times between.
    """

    t: Tensor
    alpha: Tensor
    sigma: Tensor
    schedule: Schedule

    @property
    def steps(self) -> int:
        """How many steps a solver takes."""
        return len(self.t) - 1

    @property
    def logsnr(self) -> Tensor:
        """λ = log α²/σ² at each time; ±∞ where σ or α is 0."""
        return 2 * (self.alpha.log() - self.sigma.log())

    @property
    def start_scale(self) -> float:
        """Spread of x at the first time when the data has unit variance: √(α² + σ²).

        1 for variance-preserving processes; noise of this spread is what a run starts from.
        """
        return math.hypot(float(self.alpha[0]), float(self.sigma[0]))

    def from_step(self, first: int) -> "Times":
        """The grid without its first ``first`` steps: where image-to-image begins."""
        return Times(self.t[first:], self.alpha[first:], self.sigma[first:], self.schedule)


def times_at(schedule: Schedule, t: Tensor) -> Times:
    """The falling times ``t`` (steps + 1,) as they are, without a clean image at the end."""
    t = t.to(torch.float64)
    return Times(t, schedule.alpha(t), schedule.sigma(t), schedule)


def _trailing(schedule: Schedule, steps: int) -> Tensor:
    """1, 1 − 1/S, …: starts from pure noise (Lin 2023, section 3.3).

    A table's entries are counted N, N − N/S, …, as numpy's ``arange`` adds them up, so that they
    round as the paper's and diffusers' do.
    """
    if schedule.alphas_cumprod is None:
        return torch.arange(steps, 0, -1, dtype=torch.float64) / steps
    apart = (schedule.steps - schedule.steps / steps) - schedule.steps
    position = schedule.steps + torch.arange(steps, dtype=torch.float64) * apart
    return position.round() / schedule.steps


def _leading(schedule: Schedule, steps: int) -> Tensor:
    """Index 0, ⌊N/S⌋, … upwards: diffusers' default; ends at the table's first entry.

    All are moved by the schedule's ``steps_offset``, as far as the table goes.
    """
    apart = schedule.steps // steps
    offset = min(schedule.steps_offset, schedule.steps - 1 - (steps - 1) * apart)
    index = torch.arange(steps - 1, -1, -1, dtype=torch.float64) * apart + 1 + offset
    return index / schedule.steps


def _linspace(schedule: Schedule, steps: int) -> Tensor:
    """From the noisiest time to the least noisy one in equal steps; the noisiest for one step.

    A table's indices 0 … N − 1 are divided as numpy's ``linspace`` divides them, so that they
    round as diffusers' do.
    """
    if schedule.alphas_cumprod is None or steps == 1:
        return torch.linspace(1, 1 / schedule.steps, steps, dtype=torch.float64)
    apart = (schedule.steps - 1) / (steps - 1)
    index = torch.arange(steps - 1, -1, -1, dtype=torch.float64) * apart
    return (index.round() + 1) / schedule.steps


def _flow_match(schedule: Schedule, steps: int) -> Tensor:
    """From 1 in equal steps to σ/(α + σ) at the least noisy time, which a flow's shift has moved
    already: the times of diffusers' `FlowMatchEulerDiscreteScheduler`, which shifts them again."""
    least = torch.tensor([schedule.t_min], dtype=torch.float64)
    alpha, sigma = schedule.at(least)
    last = max(float(sigma / (alpha + sigma)), schedule.t_min)
    return torch.linspace(1, last, steps, dtype=torch.float64)


def _karras(schedule: Schedule, steps: int, rho: float = 7.0) -> Tensor:
    """Equal steps in (σ/α)^{1/ρ} (Karras 2022, eq. 5), from σ/α ≤ 80."""
    high, low = (level ** (1 / rho) for level in _noise_levels(schedule))
    levels = torch.linspace(high, low, steps, dtype=torch.float64) ** rho
    return schedule.time_of_noise_level(levels)


def _uniform_logsnr(schedule: Schedule, steps: int) -> Tensor:
    """Equal steps in λ (Lu 2022, DPM-Solver, section 3.3), from σ/α ≤ 80."""
    high, low = (math.log(level) for level in _noise_levels(schedule))
    return schedule.time_of_noise_level(torch.linspace(high, low, steps, dtype=torch.float64).exp())


GRIDS: dict[str, Callable[[Schedule, int], Tensor]] = {
    "trailing": _trailing,
    "leading": _leading,
    "linspace": _linspace,
    "flow_match": _flow_match,
    "karras": _karras,
    "uniform_logsnr": _uniform_logsnr,
}


def time_grid(schedule: Schedule, steps: int, grid: str = "trailing") -> Times:
    """The ``steps`` + 1 times of a run on ``schedule``; the last is the clean image.

    Raises:
        ValueError: more steps than the schedule has.
    """
    if steps > schedule.steps:
        raise ValueError(f"{steps} steps on a schedule of {schedule.steps}")
    t = GRIDS[grid](schedule, steps)
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    return Times(
        torch.cat([t, zero]),
        torch.cat([schedule.alpha(t), one]),
        torch.cat([schedule.sigma(t), zero]),
        schedule,
    )


def _noise_levels(schedule: Schedule) -> tuple[float, float]:
    """(largest, smallest) σ/α of a grid."""
    ends = schedule.noise_level(torch.tensor([1.0, schedule.t_min], dtype=torch.float64))
    return min(float(ends[0]), LARGEST_NOISE_LEVEL), float(ends[1])
