"""Adaptive projected guidance."""

from torch import Tensor

from components.sampling.guidance.guidance import Guidance, Side
from components.sampling.reading import Pair, Reading


def apg(strong: Tensor, weak: Tensor, reading: Reading, guidance: Guidance) -> Pair:
    """x0 = strong + (scale − 1) · the part of (strong − weak) orthogonal to strong
    (Sadat, Hilliges, Weber 2024, algorithm 1 with η = 0), on predictions of x0.

    The part along the strong prediction only adds contrast: it is what oversaturates. Of the
    algorithm's two other devices, momentum is left out because it carries state from call to
    call, and a denoiser has none: solvers may ask at any time, in any order. The bound on the
    norm of the difference is left out because its radius depends on the images' size.
    """
    x0 = reading.x0(strong)
    across = orthogonal(x0 - reading.x0(weak), x0)
    return reading.pair_of_x0(x0 + (guidance.scale - 1) * across)


def alone(guidance: Guidance) -> Side | None:
    """Strong at scale 1. At 0 the part of it along itself stays, so that both are needed."""
    return "strong" if guidance.scale == 1 else None


def orthogonal(difference: Tensor, direction: Tensor) -> Tensor:
    """``difference`` without its part along ``direction``, sample by sample.

    All of it where the direction is zero.
    """
    dims = tuple(range(1, difference.ndim))
    square = (direction * direction).sum(dims, keepdim=True)
    along = (difference * direction).sum(dims, keepdim=True)
    return difference - (along / square).nan_to_num(0, 0, 0) * direction
