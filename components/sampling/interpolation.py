"""Between two noises."""

import torch
from torch import Tensor

from components.sampling.noise import Noise

NEARLY_PARALLEL = 1e-6
"""sin Ω below which arc and chord are divided alike, to rounding."""


def slerp(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """From ``a`` to ``b`` along the arc between them, sample by sample (Shoemake 1985).

    The direction turns evenly, by ``share`` of the angle Ω between the two, and the norm goes
    evenly from ‖a‖ to ‖b‖: half-way, the mean of two noises would be too short by 1/√2, and no
    network was trained on such. Where the two are parallel, or one is zero, this is the linear mix.

    Args:
        a, b: (batch, …), of one shape.
        share: (batch,), 0 gives ``a`` and 1 gives ``b``, bit for bit.

    Raises:
        ValueError: two samples are opposite, so that no arc between them is the shortest.
    """
    first, second = (x.detach().to("cpu", torch.float64).flatten(1) for x in (a, b))
    share = share.to("cpu", torch.float64)
    norm_a, norm_b = first.norm(dim=1), second.norm(dim=1)
    cosine = ((first * second).sum(1) / (norm_a * norm_b)).clamp(-1, 1)
    angle = cosine.acos()
    straight = ~(angle.sin() >= NEARLY_PARALLEL)  # or NaN: one is zero
    if bool((straight & (cosine < 0)).any()):
        raise ValueError("opposite samples have no shortest arc between them")
    norm, angle = torch.lerp(norm_a, norm_b, share), torch.where(straight, 1.0, angle)

    def weight(part: Tensor, own_norm: Tensor) -> Tensor:
        turned = torch.where(straight, part, (part * angle).sin() / angle.sin())
        return torch.where(cosine.isnan(), part, turned * (norm / own_norm))

    return _weighted(a, weight(1 - share, norm_a)) + _weighted(b, weight(share, norm_b))


def noise_between(a: Noise, b: Noise, share: Tensor) -> Noise:
    """The noise of a walk from ``a`` to ``b``, at every key, the start and each solver step.

    Row k lies at ``share[k]``; where that is 0 or 1, a run is the run of ``a`` or of ``b``
    itself, with stochastic solvers too.

    Args:
        a, b: give as many rows as ``share`` has.
        share: (batch,), within [0, 1].
    """
    return lambda step: slerp(a(step), b(step), share)


def _weighted(x: Tensor, weight: Tensor) -> Tensor:
    return weight.to(x).view(-1, *(1,) * (x.ndim - 1)) * x
