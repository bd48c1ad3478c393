"""What a conditioner is, and what it is made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from components.data.captions import Entries
from components.data.readers import Reader
from components.errors import AlphabarError
from components.networks.conditioners.rows import Rows

Table = Callable[[Tensor], Rows]
"""Entries of a data set, each an image with one of its captions → their rows."""


@dataclass(frozen=True)
class Given:
    """What a conditioner is made from besides its section.

    Attributes:
        classes: the names of the data's classes; empty where it has none.
        captions: each class's caption; empty where they are not known.
        weights: the folder in which encoders' weights are looked for first.
        device: that an encoder computes on.
        states: the folder of the stage `encode` with the text states of the data that is trained
            on; None where nothing is trained, or no text is read.
        size: side of the square images, pixels.
    """

    classes: Sequence[str] = ()
    captions: Sequence[str] = ()
    weights: Path | None = None
    device: torch.device | str = "cpu"
    states: Path | None = None
    size: int = 0


@dataclass(frozen=True)
class Prompt:
    """What one image is asked for.

    Attributes:
        index: its class; −1 where it has none.
        label: the class's name.
    """

    index: int
    label: str
    caption: str


def _nothing(folder: Path) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Exported:
    """What a folder for diffusers says and has of a condition.

    Attributes:
        words: what the model draws from, a paragraph of the README.
        code: Python that gives `told`, and `null` where there is something to guide by; empty
            where the README has no such example.
        prompts: of the README's examples; empty where there is nothing to ask for.
        negative: a prompt → Python that makes `null` of it, behind ``code``; None where there is
            nothing to guide by.
        imports: of ``code``.
        index: entries of model_index.json.
        save: writes what reads prompts into the folder; returns its entries of model_index.json.
        pipeline: diffusers' class whose networks are told captions so; None where it has none.
        homes: folders that the encoders were read from, which may say their terms.
        settings: that pipeline's entries of model_index.json, where they are not the usual ones.
    """

    words: str
    code: Sequence[str]
    prompts: Sequence[str] = ()
    negative: Callable[[str], str] | None = None
    imports: Sequence[str] = ()
    index: Mapping[str, Any] = field(default_factory=dict)
    save: Callable[[Path], dict[str, Any]] = _nothing
    pipeline: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    homes: Sequence[Path] = ()


class Conditioner(Protocol):
    """Turns labels and captions into rows: named tensors with one row a sample.

    ``encode`` is for prompts, ``table`` for the entries that are trained on: nothing of them is in
    memory but what a batch asks for; ``null`` is the absent condition of guidance. Rows of
    captions are as long as the longest among them, and
    `components.networks.conditioners.rows.aligned` brings two of them together.

    Attributes:
        n_classes: that the network has embeddings for, and one more for none; 0 for no classes.
        width: of the token states that its cross-attention reads; None where it has no such.
        pooled: width of the vector of the whole caption that it reads beside them, as SDXL does;
            None where it has no such.
        readers: what counts the tokens that it reads of captions, one for each encoder; empty
            where it reads none.
    """

    @property
    def n_classes(self) -> int: ...

    @property
    def width(self) -> int | None: ...

    @property
    def pooled(self) -> int | None: ...

    @property
    def readers(self) -> Sequence[Reader]: ...

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows: ...

    def table(self, classes: Sequence[int], captions: Entries) -> Table: ...

    def null(self, count: int) -> Rows: ...

    def prompt(self, text: str) -> Prompt:
        """What a user's word asks for; AlphabarError where the model does not know it."""
        ...

    def unprompted(self) -> Sequence[str]:
        """The words that are taken in turn where the user gives none; AlphabarError where one
        must be given."""
        ...

    def release(self) -> None:
        """Let go of what it has loaded; it is loaded again when it is asked again."""
        ...

    def exported(self) -> Exported:
        """What a folder for diffusers needs; AlphabarError where it cannot be exported."""
        ...


def negative_prompt(conditioner: Conditioner, text: str) -> Prompt:
    """What guidance leads away from; raises AlphabarError where the model cannot be told it."""
    try:
        return conditioner.prompt(text)
    except AlphabarError as error:
        raise AlphabarError(f"`negative_prompt: {text}`: {error.what}", error.remedy) from error
