"""Optimisers by name. To add one: its line here and in the catalogue."""

from collections.abc import Iterable
from typing import Any, Protocol

from torch import nn
from torch.optim import AdamW, Optimizer


class MakeOptimizer(Protocol):
    """Makes an optimiser of ``weights``; ``fused`` says whether its step may be one kernel."""

    def __call__(
        self,
        weights: Iterable[nn.Parameter],
        lr: float,
        weight_decay: float,
        fused: bool = False,
    ) -> Optimizer: ...


def _adamw(
    weights: Iterable[nn.Parameter], lr: float, weight_decay: float, fused: bool = False
) -> Optimizer:
    return AdamW(weights, lr=lr, weight_decay=weight_decay, fused=fused or None)


def _adamw8bit(
    weights: Iterable[nn.Parameter], lr: float, weight_decay: float, fused: bool = False
) -> Optimizer:
    import bitsandbytes

    made: Any = bitsandbytes.optim.AdamW8bit(weights, lr=lr, weight_decay=weight_decay)
    optimizer: Optimizer = made
    return optimizer


OPTIMIZERS: dict[str, MakeOptimizer] = {"adamw": _adamw, "adamw8bit": _adamw8bit}
