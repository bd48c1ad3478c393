"""Token states of a caption, whichever encoder reads it; the empty caption means none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from components.data.tokens import refuse_too_long
from components.errors import AlphabarError
from components.networks.conditioners.caption_table import CaptionTable
from components.networks.conditioners.conditioner import Exported, Prompt, Table
from components.networks.conditioners.encoders import TextEncoder
from components.networks.conditioners.rows import Rows

Export = Callable[[Sequence[str]], Exported]
"""Captions for examples → what a folder for diffusers needs."""


@dataclass(frozen=True)
class TextCondition:
    """Captions.

    Attributes:
        max_tokens: at which captions that are trained on are cut; None for the encoder's own
            limit, which prompts always get.
        captions: of the data's classes, where it has some: examples.
        export: how it is exported; None where it cannot be.
    """

    encoder: TextEncoder
    max_tokens: int | None = None
    captions: Sequence[str] = ()
    export: Export | None = None
    n_classes: int = 0

    @property
    def width(self) -> int | None:
        return self.encoder.form.width

    @property
    def pooled(self) -> int | None:
        return self.encoder.form.pooled

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        table = CaptionTable(self.encoder, captions, self.encoder.limit)
        return table(torch.arange(len(captions)))

    def table(self, classes: Sequence[int], captions: Sequence[str]) -> Table:
        return CaptionTable(self.encoder, captions, self.max_tokens or self.encoder.limit)

    def null(self, count: int) -> Rows:
        return {name: row.expand(count, *row.shape[1:]) for name, row in self._absent.items()}

    @cached_property
    def _absent(self) -> Rows:
        with torch.inference_mode(False):  # asked for first while sampling, then in training
            return self.encode([-1], [""])

    def prompt(self, text: str) -> Prompt:
        refuse_too_long(text)
        return Prompt(-1, "", text)

    def unprompted(self) -> Sequence[str]:
        raise AlphabarError("the model draws from captions", "give at least one --prompt")

    def release(self) -> None:
        self.encoder.release()

    def exported(self) -> Exported:
        if self.export is None:
            raise AlphabarError(
                "the model's text encoder is not exported", "export a model of another conditioner"
            )
        return self.export(self.captions or ["a picture"])
