"""Networks: what they are told, and which one denoises."""

from collections.abc import Mapping
from typing import Any

from components.spec.catalogue.entries import CodecEntry, ConditionerEntry, DenoiserEntry
from components.spec.choices import Choices

ENCODER_LIMIT = 256
"""Tokens that all-MiniLM-L6-v2 reads of a text (its max_seq_length)."""

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
    ),
}

CONDITIONERS = Choices("conditioners", ConditionerEntry, _CONDITIONERS)


def _halved(network: Mapping[str, Any], size: int) -> str | None:
    halvings = len(network["channels"]) - 1
    if size % 2**halvings == 0:
        return None
    entries = f"{halvings + 1} entries in `network.channels` ask for"
    return f"cannot be halved {halvings} times, as {entries}"


_DENOISERS = {
    "unet": DenoiserEntry(
        "convolutions at falling resolutions, attention at the smallest",
        "Ronneberger et al. 2015",
        ("channels", "layers_per_block", "dropout"),
        unfit=_halved,
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
