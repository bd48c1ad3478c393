"""Denoising networks by name. To add one: its file, its line here and in the catalogue."""

import inspect
from collections.abc import Mapping
from typing import Any

from torch import nn

from components.networks.conditioners import Conditioner
from components.networks.denoisers.denoiser import Denoiser
from components.networks.denoisers.pretrained import PRETRAINED
from components.networks.denoisers.transformer import TRANSFORMER
from components.networks.denoisers.unet import UNET
from components.spec.catalogue import DENOISERS as CATALOGUE_DENOISERS

DENOISERS: dict[str, Denoiser] = {
    "unet": UNET,
    "transformer": TRANSFORMER,
    "diffusers": PRETRAINED,
}


def denoiser_of(section: Mapping[str, Any]) -> Denoiser:
    """The kind of a ``network`` section; a plug-in's has its own options bound, and no export."""
    make = CATALOGUE_DENOISERS.function(section["kind"], section)
    return Denoiser(make) if make else DENOISERS[section["kind"]]


def build_network(
    section: Mapping[str, Any],
    shape: tuple[int, int, int],
    conditioner: Conditioner,
    seed: int,
) -> nn.Module:
    """The network of a ``network`` section, untrained."""
    make = denoiser_of(section).make
    bound = getattr(make, "keywords", ())
    named = [name for name in inspect.signature(make).parameters if name not in bound]
    options = [name for name in named if name in section]
    return make(shape, conditioner, seed=seed, **{name: section[name] for name in options})


__all__ = ["DENOISERS", "Denoiser", "build_network", "denoiser_of"]
