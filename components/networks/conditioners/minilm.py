"""Captions as token states of all-MiniLM-L6-v2 (384-d), from a package: the offline default."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch

from components.data.readers.minilm import encoder_folder, minilm_reader
from components.networks.conditioners.conditioner import Exported, Given
from components.networks.conditioners.encoders import Form, TextEncoder
from components.networks.conditioners.encoders.convention import Convention
from components.networks.conditioners.encoders.frozen import FrozenEncoder
from components.networks.conditioners.exported_text import Part, exported_text
from components.networks.conditioners.text import TextCondition
from components.spec.catalogue.networks import MINILM_WIDTH

FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
"""Of the package's tokenizer."""


def minilm(given: Given, *, max_tokens: int | None) -> TextCondition:
    """A model that is told captions."""
    return TextCondition(encoder(given.device), max_tokens, tuple(given.captions), _exported)


@cache
def encoder(device: torch.device | str = "cpu") -> FrozenEncoder:
    """The package's encoder, one a process and device."""
    convention = Convention("AutoModel", batch=256)
    return FrozenEncoder(_read, minilm_reader, convention, Form(MINILM_WIDTH), device=device)


def _read() -> Any:
    from transformers import AutoModel

    network = AutoModel.from_pretrained(str(encoder_folder()), local_files_only=True)
    return network.eval().requires_grad_(False)


def _exported(read: TextEncoder, captions: Sequence[str]) -> Exported:
    part = Part(read.parts[0], encoder_folder(), FILES, "BertTokenizer")
    return exported_text("all-MiniLM-L6-v2", [part], read.form, captions)
