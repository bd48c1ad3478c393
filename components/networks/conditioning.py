"""What the network is told about an image: nothing, its class, or its caption's tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from components.errors import AlphabarError
from components.networks.captions import CaptionTable, Rows, absent, encode_captions
from components.spec.sections.network import ENCODER_LIMIT

Table = Callable[[Tensor], Rows]
"""Indices of a data set's images → their rows."""


class Conditioner(Protocol):
    """Turns labels and captions into rows: named tensors with one row a sample.

    ``encode`` is for prompts, ``table`` for the images that are trained on; ``null`` is the
    absent condition of guidance. Rows of captions are as long as the longest among them, and
    `components.networks.captions.aligned` brings two of them together.
    """

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows: ...

    def table(self, classes: Sequence[int], captions: Sequence[str]) -> Table: ...

    def null(self, count: int) -> Rows: ...


class NoCondition:
    """An unconditional model."""

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        return {}

    def table(self, classes: Sequence[int], captions: Sequence[str]) -> Table:
        return lambda index: {}

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

    def table(self, classes: Sequence[int], captions: Sequence[str]) -> Table:
        rows = self.encode(classes, captions)
        return lambda index: take(rows, index)

    def null(self, count: int) -> Rows:
        return {"class_labels": torch.full((count,), self.n_classes, dtype=torch.int64)}


@dataclass(frozen=True)
class MiniLMCondition:
    """Token states of a caption (all-MiniLM-L6-v2, 384-d); the empty caption means none.

    Attributes:
        max_tokens: at which captions that are trained on are cut; None for the encoder's own
            limit, which prompts always get.
    """

    max_tokens: int | None

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        return encode_captions(captions)

    def table(self, classes: Sequence[int], captions: Sequence[str]) -> Table:
        return CaptionTable(captions, self.max_tokens or ENCODER_LIMIT)

    def null(self, count: int) -> Rows:
        return absent(count)


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
