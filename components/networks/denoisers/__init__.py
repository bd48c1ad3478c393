"""Denoising networks by name. To add one: its file, its line here and in the catalogue."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from components.networks.conditioners import Conditioner
from components.networks.denoisers.unet import unet

Make = Callable[..., nn.Module]
"""``make(shape, conditioner, *, seed, **options) -> network`` with weights drawn from ``seed``.

shape: (channel, height, width) of what the process works on. The options are those keys of the
section that it names. ``network(x, timestep, **rows)`` gives the prediction, of x's shape.
"""

DENOISERS: dict[str, Make] = {"unet": unet}


def build_network(
    section: Mapping[str, Any],
    shape: tuple[int, int, int],
    conditioner: Conditioner,
    seed: int,
) -> nn.Module:
    """The network of a ``network`` section, untrained."""
    make = DENOISERS[section["kind"]]
    options = [name for name in inspect.signature(make).parameters if name in section]
    return make(shape, conditioner, seed=seed, **{name: section[name] for name in options})


__all__ = ["DENOISERS", "build_network"]
