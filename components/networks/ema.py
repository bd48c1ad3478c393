"""The exponential moving average of a network's weights."""

import copy

import torch
from torch import nn


def copy_for_ema(network: nn.Module) -> nn.Module:
    """A frozen copy, to be moved by `update_ema` or `move`."""
    return copy.deepcopy(network).requires_grad_(False).eval()


def update_ema(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """average ← d · average + (1 − d) · network, with d = min(decay, (1 + step)/(10 + step)).

    The warm-up lets the average forget the first, random weights (Abadi 2016,
    `tf.train.ExponentialMovingAverage`).

    Args:
        step: optimiser steps taken, 1 after the first.
    """
    move(average, network, 1 - min(decay, (1 + step) / (10 + step)))


@torch.no_grad()
def move(average: nn.Module, network: nn.Module, share: float) -> None:
    """average ← (1 − share) · average + share · network, in place; buffers are copied."""
    pairs = zip(average.parameters(), network.parameters(), strict=True)
    averages, weights = map(list, zip(*pairs, strict=True))
    torch._foreach_lerp_(averages, weights, share)
    for mean, buffer in zip(average.buffers(), network.buffers(), strict=True):
        mean.copy_(buffer)
