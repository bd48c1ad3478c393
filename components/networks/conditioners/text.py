"""Token states of a caption, whichever encoder reads it; the empty caption means none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from components.data.captions import Entries
from components.data.readers import Reader
from components.errors import AlphabarError
from components.networks.conditioners.conditioner import Conditioner, Exported, Prompt, Table
from components.networks.conditioners.encoders import Encoded, TextEncoder
from components.networks.conditioners.rows import Rows
from components.networks.conditioners.stored_states import StoredStates, load_states
from components.networks.conditioners.text_rows import text_rows

Export = Callable[[TextEncoder, Sequence[str]], Exported]
"""(the encoder, captions for examples) → what a folder for diffusers needs."""

Change = Callable[[Any], None]
"""Changes an encoder's network in place, whenever it is loaded."""


@dataclass(frozen=True)
class TextCondition:
    """Captions.

    Attributes:
        max_tokens: at which captions that are trained on are cut; None for the encoder's own
            limit, which prompts always get.
        captions: of the data's classes, where it has some: examples.
        export: how it is exported; None where it cannot be.
        stored: what the encoder has made of the captions that are trained on, and of none; None
            for asking it at every batch.
        template: what is said in the place of a caption of the data, with ``{caption}`` for that
            one; None for the caption itself.
    """

    encoder: TextEncoder
    max_tokens: int | None = None
    captions: Sequence[str] = ()
    export: Export | None = None
    stored: StoredStates | None = None
    n_classes: int = 0
    template: str | None = None

    @property
    def limit(self) -> int:
        """Tokens at which captions that are trained on are cut."""
        return self.max_tokens or self.encoder.limit

    @property
    def width(self) -> int | None:
        return self.encoder.form.width

    @property
    def readers(self) -> Sequence[Reader]:
        return self.encoder.readers

    @property
    def pooled(self) -> int | None:
        return self.encoder.form.pooled

    def with_states(self, folder: Path) -> "TextCondition":
        """The same, reading what the stage `encode` has left in ``folder``; raises AlphabarError
        where that is another encoder's."""
        return replace(self, stored=load_states(folder, self.encoder.form))

    def adapted(
        self, changes: Mapping[int, Change], readers: Mapping[int, Reader] = {}
    ) -> "TextCondition":
        """The same with some of the encoder's networks changed, by their number, and their
        readers."""
        parts = [
            part.adapted(changes[number], readers.get(number)) if number in changes else part
            for number, part in enumerate(self.encoder.parts)
        ]
        return replace(self, encoder=self.encoder.of_parts(parts))

    def of_networks(self, networks: Sequence[Any]) -> "TextCondition":
        """The same of networks in the place of the encoder's, as they are whenever they are
        asked."""
        pairs = zip(self.encoder.parts, networks, strict=True)
        parts = [part.of_network(network) for part, network in pairs]
        return replace(self, encoder=self.encoder.of_parts(parts), stored=None)

    def live(self, networks: Sequence[Any], captions: Sequence[str | None]) -> Rows:
        """Rows of captions that are trained on, with gradients, as ``networks`` have them in the
        place of the encoder's own; None is the absent condition."""
        pairs = zip(self.encoder.parts, networks, strict=True)
        encoder = self.encoder.of_parts([part.live(network) for part, network in pairs])
        live = replace(self, encoder=encoder, stored=None)
        rows = live._encode([caption or "" for caption in captions], self.limit)
        absent = torch.tensor([caption is None for caption in captions])
        return self._without(rows, absent)

    def _without(self, rows: Rows, absent: Tensor) -> Rows:
        """``rows``, of which those of ``absent`` (batch,) are of the empty caption, as the absent
        condition has them."""
        return rows

    def encode(self, classes: Sequence[int], captions: Sequence[str]) -> Rows:
        return self._encode(captions, self.encoder.limit)

    def table(self, classes: Sequence[int], captions: Entries) -> Table:
        stored = self.stored
        if stored is None:
            return lambda entries: self._encode([captions[k] for k in entries.tolist()], self.limit)
        stored.refuse_beyond(captions.last)

        def read(entries: Tensor) -> Rows:
            distinct, back = np.unique(captions.some_ids(entries.numpy()), return_inverse=True)
            return self._rows(stored.take(distinct), torch.from_numpy(back))

        return read

    def null(self, count: int) -> Rows:
        return {name: row.expand(count, *row.shape[1:]) for name, row in self._absent.items()}

    @cached_property
    def _absent(self) -> Rows:
        if self.stored is not None:
            return self._rows([self.stored.absent()], torch.tensor([0]))
        with torch.inference_mode(False):  # asked for first while sampling, then in training
            return self.encode([-1], [""])

    def _encode(self, captions: Sequence[str], limit: int) -> Rows:
        """Rows of ``captions``, each distinct one encoded once."""
        distinct = sorted(set(captions))
        place = {caption: number for number, caption in enumerate(distinct)}
        back = torch.tensor([place[caption] for caption in captions], dtype=torch.int64)
        return self._rows(self.encoder.encode(distinct, limit), back)

    def _rows(self, encoded: Sequence[Encoded], back: Tensor) -> Rows:
        """A row for each of ``back``, places among ``encoded``."""
        rows = text_rows(encoded, self.encoder.form)
        return {name: tensor[back] for name, tensor in rows.items()}

    def prompt(self, text: str) -> Prompt:
        return Prompt(-1, "", text)

    def unprompted(self) -> Sequence[str]:
        raise AlphabarError("the model draws from captions", "give at least one prompt")

    def release(self) -> None:
        self.encoder.release()

    def exported(self) -> Exported:
        if self.export is None:
            raise AlphabarError(
                "the model's text encoder is not exported", "export a model of another conditioner"
            )
        return self.export(self.encoder, self.captions or ["a picture"])


def worded(conditioner: Conditioner, captions: Sequence[str]) -> tuple[str, ...]:
    """What a model is told of images whose captions the data have."""
    template = conditioner.template if isinstance(conditioner, TextCondition) else None
    if template is None:
        return tuple(captions)
    return tuple(template.replace("{caption}", caption) for caption in captions)
