"""Adapters: small files of what was trained, which are read with the model that it changes.

own.py            adapter.safetensors, which knows its base
low_rank.py       LoRA and DoRA: what they do to a layer
lora_file.py      files of diffusers, peft and kohya's scripts
lora_settings.py  what those say beside their tensors
lora_written.py   the same, written
spelling.py       how those call tensors and layers
embedding.py      a new word of the text encoders
embedding_file.py files of such words, of ours, diffusers, kohya's scripts and A1111
parts.py          what they can change of a model
"""

from components.networks.adapter_header import Adapter
from components.networks.adapters.own import (
    BARE,
    Worn,
    load_adapted,
    load_worn,
    save_adapter,
)
from components.spec.model_folder import weights_sha256

__all__ = ["BARE", "Adapter", "Worn", "load_adapted", "load_worn", "save_adapter", "weights_sha256"]
