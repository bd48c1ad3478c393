"""Low-rank changes of a network's layers (LoRA: Hu et al. 2021), as they are stored.

An adapter is a mapping from a layer's name, its part first (``unet.down_blocks.0…attn1.to_q``), to
its `LowRank`. Parts are called as diffusers' pipelines call them.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.checkpoint import LARGEST_WEIGHT


@dataclass(frozen=True)
class LowRank:
    """W ↦ W + s·B·A, s = α/r (Hu et al. 2021, eq. 3).

    With a magnitude m each output is scaled to it besides (DoRA: Liu et al. 2024, eq. 5):
    W ↦ m·V/‖V‖, V = W + s·B·A, the norm over all inputs of an output.

    Attributes:
        down: A, (r, in), of a convolution (r, in, height, width).
        up: B, (out, r), of a convolution (out, r, 1, 1).
        alpha: α.
        stabilised: s = α/√r instead (rsLoRA: Kalajdzievski 2023).
        magnitude: m, (out,); None for LoRA.
    """

    down: Tensor
    up: Tensor
    alpha: float
    stabilised: bool = False
    magnitude: Tensor | None = None

    @property
    def rank(self) -> int:
        return self.down.shape[0]

    @property
    def scale(self) -> float:
        """s."""
        return self.alpha / (math.sqrt(self.rank) if self.stabilised else self.rank)

    def product(self) -> Tensor:
        """s·B·A, of the weight's shape, float32."""
        up, down = self.up.float().flatten(1), self.down.float()
        product: Tensor = (self.scale * (up @ down.flatten(1))).view(len(up), *down.shape[1:])
        return product

    def changed(self, weight: Tensor, strength: float = 1.0) -> Tensor:
        """``weight`` with the change, which counts ``strength`` times; float32.

        As peft has it: the strength multiplies s, and a magnitude stays what it is.
        """
        changed = weight.float() + strength * self.product().to(weight.device)
        if self.magnitude is None:
            return changed
        norm = changed.flatten(1).norm(dim=1)
        norm = norm.where(norm.isfinite(), torch.nan)  # an infinite one would leave weights of 0
        share = self.magnitude.float().flatten().to(weight.device) / norm
        scaled: Tensor = changed * share.view(-1, *(1,) * (changed.ndim - 1))
        return scaled


Lora = Mapping[str, LowRank]
"""An adapter's changes, by layer."""


def layers_of(parts: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """The layers of a model that can be changed: linear ones and convolutions, by name.

    Args:
        parts: networks by what diffusers' pipelines call them.
    """
    return {
        f"{part}.{name}": module
        for part, network in parts.items()
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    }


@torch.no_grad()
def bake(
    parts: Mapping[str, nn.Module], lora: Lora, strength: float, whose: str = "the adapter"
) -> None:
    """Change the layers of ``parts`` in place.

    Nothing is changed before all of it is known to fit; a network of which a layer's weights came
    out as none that it computes with is not to be used.

    Args:
        whose: where the changes come from, for messages.

    Raises:
        AlphabarError: a layer is not there, is of another shape, or gets such weights.
    """
    for weight, changed in applied(parts, lora, strength, whose):
        weight.copy_(changed)


@torch.no_grad()
def applied(
    parts: Mapping[str, nn.Module], lora: Lora, strength: float, whose: str
) -> Iterator[tuple[Tensor, Tensor]]:
    """Each layer's weight, and what `bake` puts in its place; raises as that does."""
    layers = layers_of(parts)
    for name, change in lora.items():
        refuse_unfit(name, change, layers, whose)
    for name, change in lora.items():
        weight = layers[name].weight
        assert isinstance(weight, Tensor)
        changed = change.changed(weight, strength).to(weight.dtype)
        if not bool((changed.abs() < LARGEST_WEIGHT).all()):
            raise AlphabarError(
                f"{whose} gives {name} weights that are not finite, or beyond {LARGEST_WEIGHT:.0e}",
                "give another: it is damaged, of another base, or its training has diverged; where "
                "only its weight is too large, give a smaller one, as in `--adapter FILE:0.5`",
            )
        yield weight, changed


def refuse_unfit(name: str, change: LowRank, layers: Mapping[str, nn.Module], whose: str) -> None:
    """Raise AlphabarError unless ``layers`` has one of that name and shape."""
    weight = layers[name].weight if name in layers else None
    if not isinstance(weight, Tensor):
        raise AlphabarError(
            f"{whose} changes {name}, which the model does not have",
            "give the model that it was trained on",
        )
    found, expected = (len(change.up), *change.down.shape[1:]), tuple(weight.shape)
    if found != expected:
        raise AlphabarError(
            f"{whose} is an adapter of another model: it changes {name} as a layer of shape "
            f"{found}, and this one's is {expected}",
            "give the model that it was trained on",
        )
