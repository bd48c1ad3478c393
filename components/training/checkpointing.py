"""Gradient checkpointing: activations are computed again in the backward pass, not kept."""

from typing import Any

from torch import nn

from components.errors import AlphabarError


def compute_again(network: nn.Module) -> None:
    """Let every part of ``network`` that can, which diffusers' models are, keep no activations.

    Raises:
        AlphabarError: there is none.
    """
    every: list[Any] = list(network.modules())
    able = [part for part in every if hasattr(part, "enable_gradient_checkpointing")]
    if not able:
        raise AlphabarError(
            "`training.gradient_checkpointing` needs a network whose parts have diffusers' "
            f"`enable_gradient_checkpointing`, and {type(network).__name__} has none",
            "leave it out, or use `training.accumulate`",
        )
    for part in able:
        part.enable_gradient_checkpointing()
