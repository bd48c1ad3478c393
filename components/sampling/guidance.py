"""Classifier-free guidance: a wrapper of the network, unknown to solvers."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Condition = Mapping[str, Tensor]
"""Named tensors with one row a sample."""

Network = Callable[[Tensor, Tensor, Condition], Tensor]
"""(x (batch, channel, height, width), t (batch,), condition) → prediction, x's shape."""

Predict = Callable[[Tensor, Tensor], Tensor]
"""A network whose condition is settled."""


def guided(network: Network, cond: Condition, uncond: Condition, scale: float) -> Predict:
    """uncond + scale · (cond − uncond) (Ho, Salimans 2022, eq. 6, with scale = 1 + w).

    Scale 1 means off and costs one evaluation a row, scale 0 is unconditional and does too;
    any other costs two, which go through the network in one batch.
    """
    if scale == 1 or not cond:
        return lambda x, t: network(x, t, cond)
    if scale == 0:
        return lambda x, t: network(x, t, uncond)
    both = {name: torch.cat([cond[name], uncond[name]]) for name in cond}

    def predict(x: Tensor, t: Tensor) -> Tensor:
        with_cond, without = network(torch.cat([x, x]), torch.cat([t, t]), both).chunk(2)
        return without + scale * (with_cond - without)

    return predict


def evaluations_per_step(scale: float, conditional: bool) -> int:
    """Network evaluations that one image costs at each solver step."""
    return 2 if conditional and scale not in (0, 1) else 1
