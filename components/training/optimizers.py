"""Optimisers by name. To add one: its line here and in the catalogue."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import nn
from torch.optim import AdamW, Optimizer

MakeOptimizer = Callable[[Iterable[nn.Parameter], float, float], Optimizer]
"""(weights, learning rate, weight decay) → the optimiser."""


def _adamw(weights: Iterable[nn.Parameter], lr: float, weight_decay: float) -> Optimizer:
    return AdamW(weights, lr=lr, weight_decay=weight_decay)


def _adamw8bit(weights: Iterable[nn.Parameter], lr: float, weight_decay: float) -> Optimizer:
    import bitsandbytes

    made: Any = bitsandbytes.optim.AdamW8bit(weights, lr=lr, weight_decay=weight_decay)
    optimizer: Optimizer = made
    return optimizer


OPTIMIZERS: dict[str, MakeOptimizer] = {"adamw": _adamw, "adamw8bit": _adamw8bit}
