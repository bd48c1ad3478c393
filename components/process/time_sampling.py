"""Which times a training step visits."""

from typing import Protocol

import torch
from torch import Tensor

from components.process.schedules import Schedule


class TimeSampling(Protocol):
    """``count`` random times that ``schedule`` is trained at, (count,), float64.

    ``mean`` and ``std`` are those of the normal distribution, where there is one; None is the
    author's own.
    """

    def __call__(
        self,
        count: int,
        schedule: Schedule,
        generator: torch.Generator,
        mean: float | None = None,
        std: float | None = None,
    ) -> Tensor: ...


def uniform(
    count: int,
    schedule: Schedule,
    generator: torch.Generator,
    mean: float | None = None,
    std: float | None = None,
) -> Tensor:
    """t uniform (Ho 2020, alg. 1)."""
    return schedule.trained_time(torch.rand(count, generator=generator, dtype=torch.float64))


def low_discrepancy(
    count: int,
    schedule: Schedule,
    generator: torch.Generator,
    mean: float | None = None,
    std: float | None = None,
) -> Tensor:
    """Row i at share frac(u + i/count) of the way, one uniform u for all: each row uniform, all
    together evenly spread, so that the loss varies less (Kingma 2021, low-discrepancy sampler)."""
    first = torch.rand(1, generator=generator, dtype=torch.float64)
    return schedule.trained_time((first + torch.arange(count, dtype=torch.float64) / count).frac())


def logit_normal(
    count: int,
    schedule: Schedule,
    generator: torch.Generator,
    mean: float | None = None,
    std: float | None = None,
) -> Tensor:
    """logit of the share normal, mean 0 and deviation 1 unless given (Esser 2024, eq. 19)."""
    draws = torch.randn(count, generator=generator, dtype=torch.float64)
    return schedule.trained_time(torch.sigmoid(_or(mean, 0.0) + _or(std, 1.0) * draws))


def lognormal_sigma(
    count: int,
    schedule: Schedule,
    generator: torch.Generator,
    mean: float | None = None,
    std: float | None = None,
) -> Tensor:
    """ln σ/α normal, mean −1.2 and deviation 1.2 unless given (Karras 2022, table 1).

    Levels that the schedule is not trained at become the nearest one that it is.
    """
    draws = torch.randn(count, generator=generator, dtype=torch.float64)
    t = schedule.time_of_noise_level((_or(mean, -1.2) + _or(std, 1.2) * draws).exp())
    if schedule.alphas_cumprod is not None:
        t = (t * schedule.steps).round() / schedule.steps
    return t.clamp(min=schedule.t_min)


TIME_SAMPLINGS: dict[str, TimeSampling] = {
    "uniform": uniform,
    "low_discrepancy": low_discrepancy,
    "logit_normal": logit_normal,
    "lognormal_sigma": lognormal_sigma,
}


def _or(given: float | None, default: float) -> float:
    return default if given is None else given
