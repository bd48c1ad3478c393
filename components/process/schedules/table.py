"""A schedule that the user gives as numbers."""

from collections.abc import Sequence

import torch

from components.process.schedules.discrete import discrete
from components.process.schedules.schedule import Schedule


def table(steps: int, table: Sequence[float]) -> Schedule:
    """ᾱ at equally spaced times, from the first of ``steps`` to the last.

    ``table`` has all of them, or fewer: those between are then interpolated linearly in
    log-SNR, which needs them above 0.

    Args:
        table: 2 … ``steps`` numbers that fall strictly within [0, 1).

    Raises:
        ValueError: too few or too many, not falling, or a 0 where there is interpolation.
    """
    given = torch.tensor(table, dtype=torch.float64)
    if not 2 <= len(given) <= steps:
        raise ValueError(f"{len(given)} values for a table of {steps}")
    if len(given) == steps:
        return discrete("table", given)
    if not bool((given > 0).all()):
        raise ValueError("values that are interpolated must lie above 0")
    position = torch.linspace(0, len(given) - 1, steps, dtype=torch.float64)
    low = position.floor().long().clamp(max=len(given) - 2)
    logsnr = torch.logit(given)
    return discrete(
        "table", torch.sigmoid(torch.lerp(logsnr[low], logsnr[low + 1], position - low))
    )
