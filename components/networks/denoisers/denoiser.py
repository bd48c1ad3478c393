"""What a kind of denoiser is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

Make = Callable[..., nn.Module]
"""``make(shape, conditioner, *, seed, **options) -> network`` with weights drawn from ``seed``.

shape: (channel, height, width) of what the process works on. The options are those keys of the
section that it names. ``network(x, timestep, **rows)`` gives the prediction, of x's shape.
"""


@dataclass(frozen=True)
class Denoiser:
    """A kind of network.

    Attributes:
        make: builds one.
        exported: a network → the model of diffusers that computes the same, with its own
            ``save_pretrained``; None where there is none.
        assigned: whether it may be built without weights, which are then put into place: it keeps
            nothing else in memory.
    """

    make: Make
    exported: Callable[[Any], Any] | None = None
    assigned: bool = False
