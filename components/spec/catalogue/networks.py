"""Networks: what they are told, and which one denoises."""

from collections.abc import Mapping
from typing import Any

from components.spec.catalogue.entries import (
    CodecEntry,
    ConditionerEntry,
    DenoiserEntry,
    Licence,
)
from components.spec.choices import Choices

ENCODER_LIMIT = 256
"""Tokens that all-MiniLM-L6-v2 reads of a text (its max_seq_length)."""

MINILM_WIDTH = 384
"""Of its token states."""

_CONDITIONERS = {
    "none": ConditionerEntry("nothing: an unconditional model", "Ho, Jain, Abbeel 2020"),
    "class": ConditionerEntry(
        "the image's class, an embedding", "Dhariwal, Nichol 2021", ("dropout",), labels=True
    ),
    "minilm": ConditionerEntry(
        "the caption's token states, all-MiniLM-L6-v2, from a package: the offline default",
        "Reimers, Gurevych 2019",
        ("dropout", "max_tokens"),
        captions=True,
        token_limit=ENCODER_LIMIT,
        width=MINILM_WIDTH,
        licence=Licence(
            "Apache 2.0",
            "apache-2.0",
            "https://www.apache.org/licenses/LICENSE-2.0",
            "all-MiniLM-L6-v2 by sentence-transformers.",
        ),
        stored=True,
    ),
    "clip:DIR_OR_ID": ConditionerEntry(
        "the caption's token states, of a CLIP text encoder in a folder or the hub's cache",
        "Radford et al. 2021",
        ("dropout", "max_tokens"),
        captions=True,
        stored=True,
        trained=True,
        joins=True,
    ),
    "t5:DIR_OR_ID": ConditionerEntry(
        "the same, of a T5 encoder",
        "Raffel et al. 2020",
        ("dropout", "max_tokens"),
        captions=True,
        stored=True,
    ),
    "clip:A + clip:B": ConditionerEntry(
        "two CLIPs' states side by side and the second's pooled vector, as SDXL; [clip:A, clip:B]",
        "Podell et al. 2023",
        ("dropout", "max_tokens"),
        captions=True,
        stored=True,
        trained=True,
    ),
    "pipeline:DIR_OR_ID": ConditionerEntry(
        "the text encoders of a diffusers directory, read and joined as its pipeline does it",
        "Rombach et al. 2022; Podell et al. 2023; Esser et al. 2024",
        ("dropout", "max_tokens"),
        captions=True,
        stored=True,
        trained=True,
        whole=True,
    ),
}

AND, IN_FOLDER = " + ", ":DIR_OR_ID"
"""What stands between the names of encoders that are joined, and what a folder's name is for."""


_WHOLE = tuple(f"{name.partition(':')[0]}:" for name, e in _CONDITIONERS.items() if e.whole)
"""How the names begin that no other can be joined to."""


def each_of(encoder: str) -> list[str]:
    """The encoders of a ``conditioning.encoder``, one or those that are joined."""
    return [encoder] if encoder.startswith(_WHOLE) else encoder.split(AND)


def given_of(encoder: str) -> str:
    """The folder or id in an encoder's name."""
    return encoder.partition(":")[2].strip()


def _listed(encoder: str) -> str:
    """``clip:some/folder`` as it is listed; a name of none as it is."""
    kinds = []
    for name in each_of(encoder):
        kind, _, given = name.partition(":")
        listed = f"{kind}{IN_FOLDER}"
        kinds.append(listed if given.strip() and listed in _CONDITIONERS else name)
    if len(kinds) == 1:
        return kinds[0]
    joined = all(kind in _CONDITIONERS and _CONDITIONERS[kind].joins for kind in kinds)
    return JOINED if joined and len(kinds) == 2 else encoder


JOINED = next(name for name in _CONDITIONERS if AND in name)

CONDITIONERS = Choices("conditioners", ConditionerEntry, _CONDITIONERS, _listed)


def _halved(network: Mapping[str, Any], size: int) -> str | None:
    halvings = len(network["channels"]) - 1
    if size % 2**halvings == 0:
        return None
    entries = f"{halvings + 1} entries in `network.channels` ask for"
    return f"cannot be halved {halvings} times, as {entries}"


def _attention(network: Mapping[str, Any], captions: bool) -> str | None:
    channels, layers = network["channels"], network.get("attention")
    if layers is not None and len(layers) != len(channels):
        return (
            f"`network.attention` has {len(layers)} entries, and `network.channels` {len(channels)}"
        )
    most = max(layers or [0])
    if most > 1 and not captions:
        return (
            f"`network.attention` asks for {most} layers after a residual layer: more than one is "
            "for conditions that are captions"
        )
    head = network.get("head_channels")
    attends = [c for c, n in zip(channels, layers or [], strict=False) if n] + channels[-1:]
    odd = [count for count in attends if head is not None and count % head]
    return f"`network.head_channels: {head}` does not divide {odd[0]} channels" if odd else None


def _in_patches(network: Mapping[str, Any], size: int) -> str | None:
    patch = network["patch"]
    return f"cannot be cut into patches of `network.patch: {patch}`" if size % patch else None


def _in_heads(network: Mapping[str, Any], captions: bool) -> str | None:
    width, heads = network["width"], network["heads"]
    return (
        f"`network.heads: {heads}` does not divide `network.width: {width}`"
        if width % heads
        else None
    )


_DENOISERS = {
    "unet": DenoiserEntry(
        "convolutions at falling resolutions, attention at the smallest or where asked",
        "Ronneberger et al. 2015",
        ("channels", "layers_per_block", "attention", "head_channels", "dropout"),
        unfit=_halved,
        unsound=_attention,
        attended=lambda section: max(section["channels"]),
    ),
    "transformer": DenoiserEntry(
        "a DiT: patches as tokens, adaLN-Zero blocks, cross-attention to captions",
        "Peebles, Xie 2023; Chen et al. 2024",
        ("patch", "depth", "width", "heads", "dropout"),
        unfit=_in_patches,
        unsound=_in_heads,
        attended=lambda section: int(section["width"]),
    ),
    "diffusers": DenoiserEntry(
        "a class of diffusers' own, as a pipeline's directory has it, with its weights",
        "von Platen et al. 2022",
        ("pretrained",),
        foreign=True,
    ),
}

DENOISERS = Choices("denoisers", DenoiserEntry, _DENOISERS)

CODECS: dict[str, CodecEntry] = {
    "pixels": CodecEntry(
        "the image itself, its levels from −1 to 1", "Ho, Jain, Abbeel 2020", levels=256
    ),
    "autoencoder": CodecEntry(
        "latents of an autoencoder with KL regularisation, trained first or taken from a folder",
        "Rombach et al. 2022",
        (
            "pretrained",
            "downsample",
            "latent_channels",
            "width",
            "layers_per_block",
            "kl",
            "perceptual",
            "steps",
            "batch_size",
            "lr",
            "ema",
            "precision",
            "seed",
            "evaluate_every",
            "checkpoint_every",
        ),
        downsample=lambda section: None if section.get("pretrained") else section["downsample"],
        learnt=True,
    ),
}
