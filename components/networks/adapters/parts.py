"""The networks of a model that adapters change, as diffusers' pipelines call them, and a model with
a LoRA of other tools."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from components.data.readers.words import untaught
from components.errors import AlphabarError
from components.networks.adapters.lora_file import read_lora, tells_text
from components.networks.adapters.low_rank import Lora, applied, bake
from components.networks.adapters.spelling import TEXT, TRANSFORMER, UNET
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.encoders.frozen import FrozenEncoder
from components.networks.conditioners.encoders.joined import JoinedEncoder
from components.networks.conditioners.text import TextCondition
from components.networks.denoisers import denoiser_of


def parts_of(model: Checkpoint, denoiser: nn.Module | None = None) -> dict[str, nn.Module]:
    """The model's network.

    Args:
        denoiser: in the place of the model's own: one of the same kind.

    Raises:
        AlphabarError: its denoiser is none of diffusers' networks, whose layers adapters name.
    """
    exported = denoiser_of(model.config.network.model_dump()).exported
    if exported is None:
        raise AlphabarError(
            f"{model.origin} has a network of kind `{model.config.network.kind}`, whose layers no "
            "adapter names",
            "give a model of another kind",
        )
    network: nn.Module = exported(denoiser or model.network)
    return {UNET if "UNet" in type(network).__name__ else TRANSFORMER: network}


def text_parts(model: Checkpoint) -> dict[str, nn.Module]:
    """Its text encoders, which are loaded for that; of a model that reads no captions none."""
    told = model.conditioner
    if not isinstance(told, TextCondition):
        return {}
    return text_names([part.loaded() for part in told.encoder.parts])


def text_names(networks: Sequence[nn.Module]) -> dict[str, nn.Module]:
    """Text encoders by what diffusers' pipelines call them."""
    return {_encoder(number): network for number, network in enumerate(networks)}


def told_text(model: Checkpoint) -> TextCondition:
    """How a model reads captions that one encoder reads, or two CLIPs as SDXL has them.

    Raises:
        AlphabarError: it reads none, or with several as Stable Diffusion 3 and Flux do.
    """
    told = model.conditioner
    if isinstance(told, TextCondition) and isinstance(told.encoder, FrozenEncoder | JoinedEncoder):
        return told
    raise untaught(model.config.conditioning.encoder)


def clip_text(model: Checkpoint) -> TextCondition:
    """The same of a model whose encoders are CLIPs, whose layers LoRAs name.

    Raises:
        AlphabarError: they are others.
    """
    told = told_text(model)
    parts: Sequence[Any] = told.encoder.parts
    if all(part.convention.loader.startswith("CLIPText") for part in parts):
        return told
    raise AlphabarError(
        f"the model's `conditioning.encoder: {model.config.conditioning.encoder}` is none whose "
        "layers a LoRA changes: only one CLIP, or two as SDXL has them, is",
        "leave `finetune.text_encoder` out, or give a model that is told captions by `clip:DIR` or "
        "by Stable Diffusion's `pipeline:DIR`",
    )


def text_changed(model: Checkpoint) -> bool:
    """Whether an adapter has changed one of its text encoders."""
    told = model.conditioner
    return isinstance(told, TextCondition) and any(part.changed for part in told.encoder.parts)


def with_lora(model: Checkpoint, path: Path, strength: float) -> Checkpoint:
    """``model`` with the LoRA in the file or folder ``path``, which counts ``strength`` times.

    The network of ``model`` is changed in place; text encoders, which several models share, are
    not.

    Raises:
        AlphabarError: it is broken, of another kind or of another model, or leaves weights that no
            network computes with.
    """
    parts = parts_of(model)
    texts = text_parts(model) if tells_text(path) else {}
    lora = read_lora(path, parts | texts)
    bake(parts, _of(lora, parts), strength, str(path))
    changed = {part: own for part in texts if (own := _of(lora, {part: None}))}
    if not changed:
        return model
    for _ in applied(texts, _of(lora, texts), strength, str(path)):
        pass  # encoders are changed when they are loaded: what cannot be is refused now
    told = model.conditioner
    assert isinstance(told, TextCondition)
    changes = {
        number: partial(_bake_text, _encoder(number), changed[_encoder(number)], strength)
        for number in range(len(texts))
        if _encoder(number) in changed
    }
    return replace(model, conditioner=told.adapted(changes))


def _bake_text(part: str, lora: Lora, strength: float, network: nn.Module) -> None:
    bake({part: network}, lora, strength)


def _encoder(number: int) -> str:
    return TEXT if number == 0 else f"{TEXT}_{number + 1}"


def _of(lora: Lora, parts: Mapping[str, Any]) -> Lora:
    return {layer: change for layer, change in lora.items() if layer.partition(".")[0] in parts}
