"""Batch normalisation folded into the convolution before it: one pass over memory fewer a layer.

With s = γ / √(σ² + ε) a convolution w * x + b and its normalisation are together (Jacob et al.,
2018, "Quantization and Training of Neural Networks", equation 14)

    γ (w * x + b - μ) / √(σ² + ε) + β = (s w) * x + s (b - μ) + β.
"""

from collections import Counter
from typing import Any

import torch
from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, nn

_NORMS = (nn.BatchNorm2d, BatchNormAct2d)
_SAME = 1e-3  # of the largest output: far above rounding, far below another network


@torch.no_grad()
def fold(network: nn.Module, probe: Tensor) -> int:
    """Fold every normalisation of ``network`` that reads nothing but one convolution's output.

    What reads what is seen by running the network, so that no layer's name or order is trusted.
    The arithmetic is in float64 and rounded once. Where the outcome would be another, because
    something else reads a convolution too, nothing is folded.

    Args:
        network: in evaluation mode, on the CPU; it is changed.
        probe: images that it can read.

    Returns:
        How many were folded.
    """
    names = {module: name for name, module in network.named_modules()}
    if not any(type(module) in _NORMS for module in names):
        return 0
    pairs, expected = _pairs(network, probe)
    if not pairs:
        return 0
    before = [(conv.weight, conv.bias) for conv, _ in pairs]
    for conv, norm in pairs:
        _fold(conv, norm)
        after = norm.act if isinstance(norm, BatchNormAct2d) else nn.Identity()
        _put(network, names[norm], after)
    if (network(probe) - expected).abs().max() <= _SAME * expected.abs().max():
        return len(pairs)
    for (conv, norm), (weight, bias) in zip(pairs, before, strict=True):
        conv.weight, conv.bias = weight, bias
        _put(network, names[norm], norm)
    return 0


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    shift = torch.zeros_like(scale)
    if norm.affine:
        scale, shift = scale * norm.weight.double(), norm.bias.double()
    bias = 0.0 if conv.bias is None else conv.bias.double()
    shift = shift + scale * (bias - norm.running_mean.double())
    weight = conv.weight.double() * scale[:, None, None, None]
    kind = conv.weight
    conv.weight = nn.Parameter(weight.to(kind), requires_grad=False)
    conv.bias = nn.Parameter(shift.to(kind), requires_grad=False)


def _put(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, own = name.rpartition(".")
    setattr(network.get_submodule(parent), own, module)


def _pairs(
    network: nn.Module, probe: Tensor
) -> tuple[list[tuple[nn.Conv2d, nn.BatchNorm2d]], Tensor]:
    """Convolutions and normalisations that run once each, the one on what the other gave; and what
    the network gives."""
    made: dict[int, tuple[Any, Tensor, int]] = {}
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []
    runs = Counter[nn.Module]()

    def after(conv: nn.Module, _given: object, output: Tensor) -> None:
        runs[conv] += 1
        made[id(output)] = conv, output, output._version

    def before(norm: nn.Module, given: tuple[Tensor, ...]) -> None:
        runs[norm] += 1
        conv, _, version = made.get(id(given[0]), (None, None, None))
        if conv is not None and version == given[0]._version:  # else something wrote into it
            assert isinstance(norm, nn.BatchNorm2d)
            pairs.append((conv, norm))

    modules = list(network.modules())
    hooks = [m.register_forward_hook(after) for m in modules if isinstance(m, nn.Conv2d)]
    hooks += [m.register_forward_pre_hook(before) for m in modules if type(m) in _NORMS]
    try:
        output: Tensor = network(probe)
    finally:
        for hook in hooks:
            hook.remove()
    return [pair for pair in pairs if runs[pair[0]] == 1 == runs[pair[1]]], output
