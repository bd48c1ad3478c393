"""The noise of training, beyond a standard normal ε."""

import torch
from torch import Tensor


def with_offset(eps: Tensor, spread: float, generator: torch.Generator) -> Tensor:
    """ε plus a normal draw of deviation ``spread`` for each sample and channel as a whole.

    The network so learns to change an image's mean brightness, which plain ε hardly moves
    (Guttenberg 2023). The sum is both what is added to the image and what is to be predicted.

    Args:
        eps: (batch, channel, height, width), on the generator's device.
        spread: 0 returns ``eps`` and draws nothing.
    """
    if not spread:
        return eps
    shape = (*eps.shape[:2], *(1,) * (eps.ndim - 2))
    return eps + spread * torch.randn(
        shape, generator=generator, device=eps.device, dtype=eps.dtype
    )


def perturbed(eps: Tensor, spread: float, generator: torch.Generator) -> Tensor:
    """ε + γ ξ with ξ standard normal, γ = ``spread``: the noise that x_t is made with.

    What is to be predicted stays ε: the network learns to take inputs as inexact as those of
    sampling (Ning 2023, DDPM-IP).

    Args:
        eps: (batch, channel, height, width), on the generator's device.
        spread: 0 returns ``eps`` and draws nothing.
    """
    if not spread:
        return eps
    return eps + spread * torch.randn(
        eps.shape, generator=generator, device=eps.device, dtype=eps.dtype
    )
