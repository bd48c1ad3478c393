"""The forward process itself: from a clean image to x_t."""

from torch import Tensor

from components.process.schedules import Schedule
from components.process.transfer import to_device


def diffuse(x0: Tensor, eps: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """x_t = α x0 + σ ε, a draw of q(x_t | x0) = N(α x0, σ² I) (Ho 2020, eq. 4).

    Args:
        x0, eps: (batch, channel, height, width).
        alpha, sigma: what `coefficients` gives at each row's t.
    """
    return alpha * x0 + sigma * eps


def coefficients(schedule: Schedule, t: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """(α, σ) at ``t`` (batch,), cast to ``like``'s type and device, shaped to broadcast to it."""
    return spread(schedule.alpha(t), like), spread(schedule.sigma(t), like)


def spread(values: Tensor, like: Tensor) -> Tensor:
    """A number for each row, (batch,), of ``like``'s type and device, shaped to broadcast to it."""
    return to_device(values, like.device, like.dtype).view(-1, *(1,) * (like.ndim - 1))
